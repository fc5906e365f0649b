import { describe, expect, it } from "vitest";
import { isByTime, knowsPartners, namesOf, readReport, share } from "./reports";

const metrics = {
  totalCalls: 10,
  answeredCalls: 8,
  convertedCalls: 4,
  totalBillableMinutes: 25,
  aht: 90,
  totalRevenue: "160.0000",
  totalPayout: "80.0000",
  totalCost: "0.9000",
};

describe("readReport", () => {
  it("reads moments, and knows what such a report does not tell", () => {
    const point = {
      timestamp: "2026-11-23T05:00:00.000000Z",
      totalCalls: 3,
      answeredCalls: 2,
      billableMinutes: 5,
      revenue: "42",
    };
    const { rows, total, timeZone } = readReport({ timeZone: "America/New_York", metrics, breakdown: [point] });
    expect(timeZone).toBe("America/New_York");
    expect(total).toMatchObject({ calls: 10, converted: 4, revenue: 160_000_000n });
    expect(rows[0]).toMatchObject({ at: Date.parse("2026-11-23T05:00:00Z"), calls: 3, converted: null, payout: null });
  });

  it("reads parts with their campaign", () => {
    const part = { dimension: "campaign", value: "Solar", id: "c1", metrics };
    const [row] = readReport({ timeZone: "UTC", metrics, breakdown: [part] }).rows;
    expect(row).toMatchObject({ id: "c1", campaignId: "c1", value: "Solar", at: null, payout: 80_000_000n });
  });
});

describe("namesOf", () => {
  const row = (value: string, at: number | null = null) => ({
    ...(readReport({ breakdown: [{ value, metrics }] }).rows[0] as never as ReturnType<typeof readReport>["rows"][0]),
    at,
  });

  it("tells moments by the tenant's clock", () => {
    const at = Date.parse("2026-11-23T04:00:00Z");
    expect(namesOf(row("", at), "day", "America/New_York").long).toContain("22");
    expect(namesOf(row("", at), "day", "UTC").long).toContain("23");
  });

  it("does not move a day that is told without a clock", () => {
    expect(namesOf(row("2026-11-23"), "week", "America/New_York").long).toMatch(/^Week of .*23/);
    expect(namesOf(row("2026-11"), "month", "Pacific/Auckland").long).toMatch(/November 2026|2026/);
  });

  it("tells a status in words and a campaign as it is called", () => {
    expect(namesOf(row("NO_ANSWER"), "status", "UTC").long).toBe("No answer");
    expect(namesOf(row("Solar_US"), "campaign", "UTC").long).toBe("Solar_US");
  });
});

describe("groups", () => {
  it("know partners by hour and day only", () => {
    expect(["hour", "day", "week", "status"].map((group) => knowsPartners(group as "day"))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(isByTime("campaign")).toBe(false);
  });

  it("have no share of nothing", () => {
    expect(share(0, 0)).toBeNull();
    expect(share(1, 4)).toBe(0.25);
    expect(share(null, 4)).toBeNull();
  });
});
