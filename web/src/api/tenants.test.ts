import { describe, expect, it } from "vitest";
import { readLevels, readQuota, readTenant } from "./tenants";

describe("a tenant", () => {
  it("is read with what may be missing", () => {
    expect(readTenant({ id: "t1", name: "Acme", slug: "acme", status: "ACTIVE", timeZone: "Asia/Tokyo" })).toEqual({
      id: "t1",
      name: "Acme",
      slug: "acme",
      domain: "",
      status: "ACTIVE",
      timeZone: "Asia/Tokyo",
      createdAt: null,
    });
  });

  it("has levels by the kind of limit", () => {
    const levels = readLevels({ dailyMinutes: { current: 12, limit: 600, remaining: 588 } });
    expect(levels.minutes_per_day).toEqual({ used: 12, limit: 600 });
    expect(levels.phone_numbers).toEqual({ used: 0, limit: null });
  });

  it("has no limits where none were set", () => {
    expect(readQuota(null).limits).toEqual({ concurrent_calls: null, minutes_per_day: null, phone_numbers: null });
    expect(readQuota({ maxPhoneNumbers: 50, enabled: false })).toMatchObject({
      limits: { phone_numbers: 50 },
      enabled: false,
    });
  });
});
