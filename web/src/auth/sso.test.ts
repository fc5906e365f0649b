import { describe, expect, it } from "vitest";
import { readSsoAnswer, readSsoOptions, safeReturn } from "./sso";

describe("single sign-on", () => {
  it("comes back to our own pages only", () => {
    expect(safeReturn("/users?q=ana")).toBe("/users?q=ana");
    for (const elsewhere of ["//evil.example", "/\\evil.example", "https://evil.example", "", null])
      expect(safeReturn(elsewhere)).toBe("/");
  });
  it("reads what the provider says", () => {
    expect(readSsoAnswer("?code=c&state=s&iss=https%3A%2F%2Fid.example")).toEqual({
      state: "s",
      code: "c",
      iss: "https://id.example",
      error: null,
    });
    expect(readSsoAnswer("?error=access_denied&state=s").error).toBe("access_denied");
    expect(readSsoAnswer("").state).toBe("");
  });
  it("offers tenants by name", () => {
    const options = [{ tenant: "acme", name: "Acme" }, { tenant: "b" }, { name: "no slug" }];
    expect(readSsoOptions({ options })).toEqual([
      { tenant: "acme", name: "Acme" },
      { tenant: "b", name: "b" },
    ]);
    expect(readSsoOptions(null)).toEqual([]);
  });
});
