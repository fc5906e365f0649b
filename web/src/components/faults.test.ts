import { describe, expect, it } from "vitest";
import { placeFaults } from "./faults";

const fault = (field: string, message = "is wrong") => ({ field, message });
const placed = (faults: ReturnType<typeof fault>[], ...names: string[]) => {
  const { at, rest } = placeFaults(faults, names);
  return { at: Object.fromEntries(at), rest: rest.map(({ field }) => field) };
};

describe("placeFaults", () => {
  it("tells two fields of the same last name apart", () => {
    const faults = [fault("outbound.username", "is required with password"), fault("username", "is required")];
    expect(placed(faults, "username", "outbound.username").at).toEqual({
      username: "is required",
      "outbound.username": "is required with password",
    });
  });

  it("names the place within a field", () => {
    expect(placed([fault("hours.mon[0].from")], "hours").at).toEqual({ hours: "mon[0].from is wrong" });
    expect(placed([fault("domains[1]")], "domains").at).toEqual({ domains: "[1] is wrong" });
  });

  it("finds a field behind a path the form does not know", () => {
    expect(placed([fault("body.name")], "name").at).toEqual({ name: "is wrong" });
    expect(placed([fault("/terms/revenue")], "revenue").at).toEqual({ revenue: "is wrong" });
  });

  it("keeps what belongs to no field, and the second fault of one", () => {
    expect(placed([fault("metadata")], "name")).toEqual({ at: {}, rest: ["metadata"] });
    expect(placed([fault("name"), fault("name", "is taken")], "name").rest).toEqual(["name"]);
  });
});
