import { describe, expect, it } from "vitest";
import { formatMoney, formatRate, parseMoney, toDecimal } from "./money";
import { formatPhone, normaliseSearch } from "./phone";
import {
  formatDuration,
  formatDurationWords,
  formatOffset,
  formatPercent,
  fromLocalField,
  parseTime,
  toLocalField,
} from "./time";
import { toSentence, toWords } from "./words";

describe("money", () => {
  it.each([
    ["12.5000", 12_500_000n],
    ["-0.1", -100_000n],
    ["0.1234565", 123_457n],
    ["9223372036854.775807", 9_223_372_036_854_775_807n],
    [250_000, 250_000n],
    [0, 0n],
  ])("reads %s", (wire, micros) => expect(parseMoney(wire)).toBe(micros));

  it.each([undefined, null, "", "abc", "1,000.00", 0.5, Number.NaN, {}, "1e5"])("refuses %s", (wire) =>
    expect(parseMoney(wire)).toBeNull(),
  );

  it.each([
    [123_457n, 4, "0.1235"],
    [123_457n, 2, "0.12"],
    [125_000n, 2, "0.13"],
    [124_000n, 2, "0.12"],
    [-125_000n, 2, "-0.13"],
    [-4_000n, 2, "0.00"],
    [999_995_000n, 2, "1000.00"],
  ])("rounds %s at %s places", (micros, places, text) => expect(toDecimal(micros, places)).toBe(text));

  it("groups, signs and names currencies", () => {
    expect(formatMoney(1_234_567_890_000n)).toBe("$1,234,567.89");
    expect(formatMoney(-40_000_000n)).toBe("−$40.00");
    expect(formatMoney(5_000_000n, "CHF")).toBe("5.00 CHF");
    expect(formatRate(12_500n)).toBe("$0.0125");
    expect(formatRate(50_000n)).toBe("$0.05");
  });
});

describe("time", () => {
  it.each([
    [0, "0:00"],
    [-3, "0:00"],
    [61.9, "1:01"],
    [3723, "1:02:03"],
  ])("writes %s seconds", (seconds, text) => expect(formatDuration(seconds)).toBe(text));
  it("writes words", () => {
    expect(formatDurationWords(59.6)).toBe("1 min");
    expect(formatDurationWords(271)).toBe("4 min 31 s");
    expect(formatDurationWords(7260)).toBe("2 h 1 min");
  });
  it("writes offsets", () => {
    expect(formatOffset(0)).toBe("+0.000 s");
    expect(formatOffset(125_120)).toBe("+2:05.120");
    expect(formatOffset(-20)).toBe("−0.020 s");
  });
  it("reads RFC 3339 and microseconds alike", () => {
    expect(parseTime("2026-11-23T16:00:00Z")).toBe(1_795_449_600_000);
    expect(parseTime(1_795_449_600_000_000)).toBe(1_795_449_600_000);
    expect(parseTime("yesterday")).toBeNull();
    expect(parseTime(null)).toBeNull();
  });
  it("writes shares", () => {
    expect(formatPercent(0)).toBe("0 %");
    expect(formatPercent(0.0512)).toBe("5.1 %");
    expect(formatPercent(0.876)).toBe("88 %");
  });
});

describe("phone numbers", () => {
  it.each([
    ["+15551234567", "+1 555 123 4567"],
    ["+442079460958", "+44 207 946 0958"],
    ["sip:+15551234567@10.0.0.1:5060;transport=tcp", "+1 555 123 4567"],
    ["sip:solar@127.0.0.1:5070", "solar@127.0.0.1"],
    ["anonymous", "anonymous"],
    ["911", "911"],
  ])("writes %s", (wire, text) => expect(formatPhone(wire)).toBe(text));
  it("cleans a searched number but not a name", () => {
    expect(normaliseSearch(" +1 (555) 123-4567 ")).toBe("+15551234567");
    expect(normaliseSearch("(555) 123-4567")).toBe("+15551234567");
    expect(normaliseSearch("1 555 123 4567")).toBe("+15551234567");
    expect(normaliseSearch("1001")).toBe("1001");
    expect(normaliseSearch("Solar Pros")).toBe("Solar Pros");
  });
});

it("turns identifiers into words", () => {
  expect(toWords("call.buyerRang")).toBe("call buyer rang");
  expect(toSentence("NO_ANSWER")).toBe("No answer");
});

describe("fields of date and time", () => {
  it("hold the reader's own clock and give the moment back, to the minute", () => {
    const at = Date.UTC(2026, 2, 7, 5, 9, 41);
    expect(toLocalField(at)).toMatch(/^2026-03-0[67]T\d\d:\d\d$/);
    expect(fromLocalField(toLocalField(at))).toBe("2026-03-07T05:09:00.000Z");
  });

  it("are empty for no moment", () => {
    expect(toLocalField(null)).toBe("");
    expect(fromLocalField("")).toBeNull();
    expect(fromLocalField("soon")).toBeNull();
  });
});
