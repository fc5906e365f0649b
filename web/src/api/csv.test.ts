import { describe, expect, it } from "vitest";
import { toCsv } from "./csv";

describe("toCsv", () => {
  it("quotes what needs it and leaves out what is not known", () => {
    expect(
      toCsv(
        ["Campaign", "Calls"],
        [
          ['Solar, "US"', 3],
          ["Roofing", null],
        ],
      ),
    ).toBe('Campaign,Calls\r\n"Solar, ""US""",3\r\nRoofing,\r\n');
  });

  it("lets no name become a formula, and leaves numbers alone", () => {
    expect(toCsv(["a"], [["=HYPERLINK(1)"], ["-5.25"], ["-x"], ["@you"]])).toBe(
      "a\r\n'=HYPERLINK(1)\r\n-5.25\r\n'-x\r\n'@you\r\n",
    );
  });
});
