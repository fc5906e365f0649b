import { describe, expect, it } from "vitest";
import { rateCall, ratesInForm, ratesOf, ratesValues, readRateCard, readRates, standingOf } from "./rateCards";

const wire = {
  inbound: { perMinute: "0.05", connectionFee: "0.1" },
  outbound: { perMinute: "0.1" },
  recording: { perCall: "0.25", perMinute: "0.02" },
  cpa: { amount: "25" },
};
const call = { inbound: true, seconds: 125, recorded: true, converted: true };
const told = (lines: ReturnType<typeof rateCall>) =>
  lines.map(({ label, quantity, amount }) => [label, quantity, Number(amount) / 1e6]);

describe("rateCall", () => {
  it("bills begun minutes, and the rest once", () => {
    expect(told(rateCall(readRates({ ...wire, inbound: { perMinute: "0.05", connectionFee: "0.10" } }), call))).toEqual(
      [
        ["Minutes in", 3, 0.15],
        ["Connection fee", 1, 0.1],
        ["Recording", 1, 0.25],
        ["Conversion", 1, 25],
      ],
    );
  });

  it("begins a minute with its first second and not before", () => {
    const rates = readRates({ inbound: { perMinute: "1" } });
    const minutes = (seconds: number) => rateCall(rates, { ...call, seconds })[0]?.quantity ?? 0;
    expect([0, 0.9, 1, 60, 60.9, 61].map(minutes)).toEqual([0, 0, 1, 1, 1, 2]);
  });

  it("bills nothing for what was not answered, and no line of nothing", () => {
    expect(rateCall(readRates(wire), { ...call, seconds: 0 })).toEqual([]);
    expect(rateCall(readRates({ inbound: { perMinute: "0" } }), call)).toEqual([]);
  });

  it("rounds each line half up to four decimals", () => {
    const amounts = (price: string) =>
      rateCall(readRates({ inbound: { perMinute: price } }), { ...call, seconds: 60 }).map(({ amount }) => amount);
    expect(amounts("0.00005")).toEqual([100n]);
    expect(amounts("0.000049")).toEqual([]);
  });

  it("bills recorded minutes where the card does, and no conversion on another event", () => {
    const rates = readRates({ recording: { perMinute: "0.02" }, cpa: { amount: "9", triggerEvent: "sale.made" } });
    expect(told(rateCall(rates, call))).toEqual([["Recording", 3, 0.06]]);
  });
});

describe("the form of a card", () => {
  it("gives back what it was given, as texts", () => {
    expect(ratesOf(ratesValues(readRates(wire)))).toEqual({
      inbound: { perMinute: "0.05", connectionFee: "0.1" },
      outbound: { perMinute: "0.1" },
      recording: { perCall: "0.25" },
      cpa: { amount: "25", triggerEvent: "conversion.confirmed" },
    });
    expect(ratesOf(ratesValues(null))).toEqual({});
  });

  it("keeps six decimals, and whole hundreds", () => {
    const values = ratesValues(readRates({ inbound: { perMinute: "0.000125", connectionFee: "100" } }));
    expect(values["rates.inbound.perMinute"]).toBe("0.000125");
    expect(values["rates.inbound.connectionFee"]).toBe("100");
  });

  it("shows the prices while they are typed, and takes what is no price for none", () => {
    expect(ratesInForm({ "rates.inbound.perMinute": "0,05" }).inbound.perMinute).toBeNull();
    expect(ratesInForm({ "rates.inbound.perMinute": "0.05" }).inbound.perMinute).toBe(50_000n);
  });
});

describe("standingOf", () => {
  const card = (status: string, effectiveFrom: string, effectiveTo: string | null) =>
    readRateCard({ id: "c", status, effectiveFrom, effectiveTo, rates: {} });
  const now = Date.parse("2026-06-01T00:00:00Z");

  it("says whether calls are rated by it", () => {
    expect(standingOf(card("ACTIVE", "2026-01-01T00:00:00Z", null), now)).toBe("valid");
    expect(standingOf(card("ACTIVE", "2026-07-01T00:00:00Z", null), now)).toBe("later");
    expect(standingOf(card("ACTIVE", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), now)).toBe("over");
    expect(standingOf(card("INACTIVE", "2026-01-01T00:00:00Z", null), now)).toBe("inactive");
  });
});
