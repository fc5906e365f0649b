import { describe, expect, it } from "vitest";
import { readFileReport } from "./files";

describe("what an import did", () => {
  it("is read with its faults", () => {
    const report = readFileReport({
      rows: 3,
      imported: 1,
      unchanged: 1,
      failed: 1,
      errors: [{ line: 4, field: "phoneNumber", message: "is not a telephone number" }],
      stopped: false,
      dryRun: true,
    });
    expect(report).toEqual({
      rows: 3,
      imported: 1,
      unchanged: 1,
      failed: 1,
      faults: [{ line: 4, field: "phoneNumber", message: "is not a telephone number" }],
      stopped: false,
      dryRun: true,
    });
  });

  it("is nothing where nothing is delivered", () => {
    expect(readFileReport(null)).toMatchObject({ rows: 0, imported: 0, failed: 0, faults: [] });
  });
});
