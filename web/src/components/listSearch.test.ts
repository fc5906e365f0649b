import { describe, expect, it } from "vitest";
import { readListSearch } from "./listSearch";

describe("what an address says of a list", () => {
  it("takes words and pages from the second on", () => {
    expect(readListSearch({ q: "solar", status: "ACTIVE", page: 3 })).toEqual({
      q: "solar",
      status: "ACTIVE",
      page: 3,
    });
    expect(readListSearch({ page: "2" }).page).toBe(2);
  });

  it("takes a number that was searched for as the word it is", () => {
    expect(readListSearch({ q: 2125550101 }).q).toBe("2125550101");
  });

  it("leaves out what means nothing", () => {
    const nothing = { q: undefined, status: undefined, page: undefined };
    for (const page of [1, 0, -3, 1.5, "x", null, {}]) {
      expect(readListSearch({ q: "", status: ["ACTIVE"], page })).toEqual(nothing);
    }
  });

  it("bounds what is searched for", () => {
    expect(readListSearch({ q: "x".repeat(500) }).q).toHaveLength(100);
  });
});
