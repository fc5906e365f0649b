import { describe, expect, it } from "vitest";
import { readTag } from "./labels";

describe("readTag", () => {
  it("leaves out what is no colour: it goes into a style", () => {
    expect(readTag({ name: "Hot", color: "#FF8800" }).color).toBe("#FF8800");
    expect(readTag({ name: "Hot", color: "red; background: url(x)" }).color).toBeNull();
  });
});
