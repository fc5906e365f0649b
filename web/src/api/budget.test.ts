import { describe, expect, it } from "vitest";
import { limitText, percentOf, readBudget, readToken, standing, webhookOf } from "./budget";
import { ApiError, orNull } from "./client";

const wire = {
  currency: "EUR",
  dailyBudget: "50.0000",
  monthlyBudget: null,
  currentDaySpend: "41.2500",
  currentMonthSpend: "512.0000",
  alertThreshold: 80,
  alertEmails: ["billing@acme.example"],
  hasAlertSlackWebhook: true,
  hardStopEnabled: true,
  overrideTokenExpiresAt: "2026-11-23T16:00:00.000000Z",
  enabled: true,
  alerts: [
    {
      id: "a1",
      type: "DAILY_THRESHOLD",
      current: "40.0000",
      limit: "50.0000",
      percentage: 80,
      threshold: 80,
      sentVia: ["email"],
      pending: 1,
      lastError: "no answer within 10 s",
      sentAt: "2026-11-23T15:00:00.000000Z",
    },
  ],
};

describe("a budget", () => {
  it("is read with its limits and alerts", () => {
    const budget = readBudget(wire);
    expect(budget.daily).toEqual({ spent: 41_250_000n, limit: 50_000_000n });
    expect(budget.monthly).toEqual({ spent: 512_000_000n, limit: null });
    expect(budget).toMatchObject({ currency: "EUR", threshold: 80, hasSlack: true, stops: true, enabled: true });
    expect(budget.alerts).toMatchObject([
      { title: "The day is near its limit", via: ["e-mail"], pending: 1, error: "no answer within 10 s" },
    ]);
  });

  it("has no limit and no alert where nothing is said of them", () => {
    expect(readBudget({})).toMatchObject({
      daily: { spent: 0n, limit: null },
      emails: [],
      alerts: [],
      tokenUntil: null,
    });
  });

  it("says no percentage without a limit, and never 100 too early", () => {
    expect(percentOf({ spent: 5n, limit: null })).toBeNull();
    expect(percentOf({ spent: 49_999_999n, limit: 50_000_000n })).toBe(99);
    expect(percentOf({ spent: 75_000_000n, limit: 50_000_000n })).toBe(150);
  });

  it("is near its limit from the threshold on, and over it from the limit on", () => {
    const at = (spent: bigint) => standing({ spent, limit: 100n }, 80);
    expect([at(79n), at(80n), at(99n), at(100n)]).toEqual(["free", "near", "near", "over"]);
    expect(standing({ spent: 10n, limit: null }, 80)).toBe("free");
  });
});

describe("the form of a budget", () => {
  it("keeps every digit of a limit", () => {
    expect([limitText(null), limitText(50_000_000n), limitText(1_234n)]).toEqual(["", "50.00", "0.001234"]);
  });

  it("keeps, replaces or ends the webhook", () => {
    expect(webhookOf("keep", "")).toBeUndefined();
    expect(webhookOf("none", "https://hooks.example/x")).toBeNull();
    expect(webhookOf("set", " https://hooks.example/x ")).toBe("https://hooks.example/x");
    expect(webhookOf(undefined, "")).toBeUndefined();
  });

  it("finds the token", () => {
    expect(readToken({ token: "qot_1" })).toBe("qot_1");
    expect(readToken(null)).toBeNull();
  });
});

describe("what may be absent", () => {
  it("is null at 404, and a fault otherwise", async () => {
    expect(await orNull(Promise.reject(new ApiError(404, "NOT_FOUND", "Budget")))).toBeNull();
    await expect(orNull(Promise.reject(new ApiError(503, "UNAVAILABLE", "Later")))).rejects.toThrow("Later");
    expect(await orNull(Promise.resolve({ a: 1 }))).toEqual({ a: 1 });
  });
});
