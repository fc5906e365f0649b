import { describe, expect, it } from "vitest";
import { parseValue, readFlag } from "./flags";

describe("a feature flag", () => {
  it("keeps its value as it is, null and false too", () => {
    expect(readFlag({ id: "1", key: "beta", value: false }).value).toBe(false);
    expect(readFlag({ id: "1", key: "beta", value: null }).value).toBeNull();
    expect(readFlag({ id: "1", key: "beta", value: { share: 0.5 } }).value).toEqual({ share: 0.5 });
  });

  it.each([
    ["true", true],
    ["12", 12],
    ['"twelve"', "twelve"],
    ["twelve", "twelve"],
    ['{"share":0.5}', { share: 0.5 }],
    ["{share", "{share"],
  ])("is typed as %s", (text, value) => {
    expect(parseValue(text)).toEqual(value);
  });
});
