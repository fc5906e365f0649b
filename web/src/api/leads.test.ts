import { describe, expect, it } from "vitest";
import { pastedNumbers, readDncList, readImportReport, readLead } from "./leads";

describe("readLead", () => {
  it("is called by name, by the whole name, or by number", () => {
    expect(readLead({ phoneNumber: "+15551230001", firstName: "Ana", lastName: "Ray" }).name).toBe("Ana Ray");
    expect(readLead({ phoneNumber: "+15551230001", fullName: "Ray, Ana" }).name).toBe("Ray, Ana");
    expect(readLead({ phoneNumber: "+15551230001" }).name).toBe("+15551230001");
  });
});

describe("pastedNumbers", () => {
  it("takes lines, commas and blanks", () => {
    expect(pastedNumbers("+1 212 555 0100\n\n(213) 555-0101, 2145550102;\n")).toEqual([
      "+1 212 555 0100",
      "(213) 555-0101",
      "2145550102",
    ]);
  });
});

describe("readDncList and readImportReport", () => {
  it("take what is missing for none", () => {
    expect(readDncList({ name: "Ours", campaignIds: ["c1"], entryCount: 3 })).toMatchObject({
      campaigns: ["c1"],
      entries: 3,
    });
    const faults = [{ line: 4, message: "is not a telephone number" }];
    expect(readImportReport({ added: 2, faults })).toEqual({ added: 2, unchanged: 0, refused: 0, faults });
  });
});
