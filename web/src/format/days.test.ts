import { describe, expect, it } from "vitest";
import { addDays, dayAgo, dayOf, dayStart, startOfDay } from "./days";

const iso = (day: string, zone: string) => {
  const at = startOfDay(day, zone);
  return at === null ? null : new Date(at).toISOString();
};

describe("a day of a zone", () => {
  it("is the one of its clocks", () => {
    const at = Date.parse("2026-11-23T02:30:00Z");
    expect(dayOf(at, "UTC")).toBe("2026-11-23");
    expect(dayOf(at, "America/New_York")).toBe("2026-11-22");
    expect(dayOf(at, "Pacific/Kiritimati")).toBe("2026-11-23");
  });

  it("begins at its midnight, in winter and summer", () => {
    expect(iso("2026-01-15", "America/New_York")).toBe("2026-01-15T05:00:00.000Z");
    expect(iso("2026-07-15", "America/New_York")).toBe("2026-07-15T04:00:00.000Z");
    expect(iso("2026-07-15", "Asia/Kolkata")).toBe("2026-07-14T18:30:00.000Z");
    expect(iso("2026-07-15", "Pacific/Kiritimati")).toBe("2026-07-14T10:00:00.000Z");
    expect(iso("2026-07-15", "Pacific/Pago_Pago")).toBe("2026-07-15T11:00:00.000Z");
  });

  it("is 23 or 25 hours long where clocks are changed", () => {
    expect(iso("2026-03-08", "America/New_York")).toBe("2026-03-08T05:00:00.000Z");
    expect(iso("2026-03-09", "America/New_York")).toBe("2026-03-09T04:00:00.000Z");
    expect(iso("2026-11-01", "America/New_York")).toBe("2026-11-01T04:00:00.000Z");
    expect(iso("2026-11-02", "America/New_York")).toBe("2026-11-02T05:00:00.000Z");
  });

  it("begins at one where midnight is left out", () => {
    // Beirut's clocks went from 00:00 to 01:00.
    expect(iso("2024-03-31", "Asia/Beirut")).toBe("2024-03-30T22:00:00.000Z");
    expect(dayOf(Date.parse("2024-03-30T21:59:00Z"), "Asia/Beirut")).toBe("2024-03-30");
  });

  it("is none where it cannot be read", () => {
    expect(startOfDay("yesterday", "UTC")).toBeNull();
    expect(startOfDay("2026-13-40", "UTC")).toBeNull();
  });
});

describe("days of a filter", () => {
  it("follow each other over months and years", () => {
    expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
    expect(addDays("2026-03-01", -1)).toBe("2026-02-28");
  });

  it("are instants for the API", () => {
    expect(dayStart("2026-11-23", 1, "America/New_York")).toBe("2026-11-24T05:00:00.000Z");
    expect(dayStart(undefined)).toBeUndefined();
    expect(dayStart("soon")).toBeUndefined();
    expect(dayStart(dayAgo(0))).toBe(new Date(new Date().setHours(0, 0, 0, 0)).toISOString());
  });
});
