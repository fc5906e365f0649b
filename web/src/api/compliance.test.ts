import { describe, expect, it } from "vitest";
import { hoursInWords, isApprovableBy, readOverride, readPolicy, wholeNumber } from "./compliance";

describe("readPolicy", () => {
  it("takes what is missing for the stricter", () => {
    const { rules, version } = readPolicy({ outbound: { dnc: true, consent: false }, whenDataOld: "allow" });
    expect(version).toBe(0);
    expect(rules.outbound).toEqual({ dnc: true, consent: false, callingHours: true });
    expect([rules.whenDataOld, rules.whenListStale, rules.allowOverride]).toEqual(["allow", "block", false]);
    expect(rules.callingHours.mon).toBeNull();
  });
});

describe("hoursInWords", () => {
  it("puts days with the same hours together", () => {
    const [day, short] = [
      { from: "08:00", to: "21:00" },
      { from: "10:00", to: "24:00" },
    ];
    const callingHours = { mon: day, tue: day, wed: short, thu: day, fri: day };
    const week = readPolicy({ callingHours }).rules.callingHours;
    expect(hoursInWords(week)).toEqual([
      "Mon to Tue 08:00 to 21:00",
      "Wed 10:00 to 24:00",
      "Thu to Fri 08:00 to 21:00",
      "Sat to Sun closed",
    ]);
  });
});

describe("isApprovableBy", () => {
  it("is nobody who asked, and only while it waits", () => {
    const waits = readOverride({ status: "PENDING_APPROVAL", requestedBy: "user:u1" });
    expect(isApprovableBy(waits, "u1")).toBe(false);
    expect(isApprovableBy(waits, "u2")).toBe(true);
    expect(isApprovableBy({ ...waits, requestedBy: "key:u1" }, "u1")).toBe(true);
    expect(isApprovableBy({ ...waits, status: "ACTIVE" }, "u2")).toBe(false);
  });
});

describe("wholeNumber", () => {
  it.each([
    ["+1 (212) 555-0100", "+12125550100"],
    ["212 555 0100", "2125550100"],
    ["212 555", undefined],
    ["", undefined],
  ])("%s: %s", (text, number) => expect(wholeNumber(text)).toBe(number));
});
