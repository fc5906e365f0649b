import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Micros, parseMoney, toDecimal } from "@/format/money";
import { get, type Query } from "./client";
import { CALLS_PER_PAGE } from "./queries";
import { asMoney, asRecord, asText, asTime, isRecord, readPage, type Wire } from "./read";

/** What a call costs; null is free. */
export interface CallRates {
  /** For each begun minute, once answered. */
  perMinute: Micros | null;
  /** Once, when answered. */
  connectionFee: Micros | null;
}

export interface Rates {
  inbound: CallRates;
  outbound: CallRates;
  recording: { by: "call" | "minute"; amount: Micros } | null;
  conversion: { amount: Micros; event: string } | null;
}

/** Prices of the platform, valid for a period. */
export interface RateCard {
  id: string;
  tenantId: string | null;
  name: string;
  status: string | null;
  from: number | null;
  /** Null: until a newer card begins. */
  to: number | null;
  rates: Rates;
}

/** The event a conversion is due on: the only one calls are rated by. */
export const CONFIRMED = "conversion.confirmed";

export function readRates(value: unknown): Rates {
  const rates = asRecord(value);
  const calls = (name: "inbound" | "outbound"): CallRates => {
    const row = asRecord(rates[name]);
    return { perMinute: asMoney(row.perMinute), connectionFee: asMoney(row.connectionFee) };
  };
  const recording = asRecord(rates.recording);
  const [perCall, perMinute] = [asMoney(recording.perCall), asMoney(recording.perMinute)];
  const conversion = isRecord(rates.cpa) ? asMoney(rates.cpa.amount) : null;
  return {
    inbound: calls("inbound"),
    outbound: calls("outbound"),
    recording:
      perCall !== null
        ? { by: "call", amount: perCall }
        : perMinute !== null
          ? { by: "minute", amount: perMinute }
          : null,
    conversion:
      conversion === null ? null : { amount: conversion, event: asText(asRecord(rates.cpa).triggerEvent) ?? CONFIRMED },
  };
}

export const readRateCard = (row: Wire<"RateCard">): RateCard => ({
  id: asText(row.id) ?? "",
  tenantId: asText(row.tenantId),
  name: asText(row.name) ?? "",
  status: asText(row.status),
  from: asTime(row.effectiveFrom),
  to: asTime(row.effectiveTo),
  rates: readRates(row.rates),
});

/** How a card stands to a moment. */
export function standingOf({ status, from, to }: RateCard, now: number): "inactive" | "later" | "over" | "valid" {
  if (status !== "ACTIVE") return "inactive";
  if (from !== null && from > now) return "later";
  return to !== null && to < now ? "over" : "valid";
}

export const rateCardsQuery = (page: number, filter: Query) =>
  queryOptions({
    queryKey: ["rate-cards", page, filter],
    queryFn: async ({ signal }) => {
      const query: Query = { ...filter, page, limit: CALLS_PER_PAGE };
      return readPage(await get("/api/v1/billing/rate-cards", query, signal), readRateCard);
    },
    placeholderData: keepPreviousData,
  });

type Values = Record<string, string>;

/** The prices of a form, as the API wants them. What was left empty is free. */
export function ratesOf(values: Values) {
  const given = (entries: [string, string | undefined][]) =>
    Object.fromEntries(entries.flatMap(([name, text]) => (text?.trim() ? [[name, text.trim()]] : [])));
  const calls = (side: "inbound" | "outbound") =>
    given([
      ["perMinute", values[`rates.${side}.perMinute`]],
      ["connectionFee", values[`rates.${side}.connectionFee`]],
    ]);
  const recording = given([
    ["perCall", values.recordingBy === "call" ? values["rates.recording.perCall"] : ""],
    ["perMinute", values.recordingBy === "minute" ? values["rates.recording.perMinute"] : ""],
  ]);
  const cpa = given([["amount", values["rates.cpa.amount"]]]);
  if (cpa.amount) cpa.triggerEvent = values.triggerEvent || CONFIRMED;
  const parts = { inbound: calls("inbound"), outbound: calls("outbound"), recording, cpa };
  return Object.fromEntries(Object.entries(parts).filter(([, part]) => Object.keys(part).length > 0));
}

/** An amount in a field, with no zeros that say nothing. */
const field = (amount: Micros | null | undefined): string =>
  amount == null ? "" : toDecimal(amount, 6).replace(/\.?0+$/, "");

/** The prices of a card in its form. */
export function ratesValues(rates: Rates | null): Values {
  const { recording, conversion } = rates ?? {};
  return {
    "rates.inbound.perMinute": field(rates?.inbound.perMinute),
    "rates.inbound.connectionFee": field(rates?.inbound.connectionFee),
    "rates.outbound.perMinute": field(rates?.outbound.perMinute),
    "rates.outbound.connectionFee": field(rates?.outbound.connectionFee),
    recordingBy: recording?.by ?? "",
    "rates.recording.perCall": recording?.by === "call" ? field(recording.amount) : "",
    "rates.recording.perMinute": recording?.by === "minute" ? field(recording.amount) : "",
    "rates.cpa.amount": field(conversion?.amount),
    triggerEvent: conversion?.event ?? "",
  };
}

/** A call to show by what the prices come to. */
export interface ExampleCall {
  inbound: boolean;
  /** From the answer to the end; 0: not answered. */
  seconds: number;
  recorded: boolean;
  converted: boolean;
}

export interface Line {
  label: string;
  quantity: number;
  /** What the quantity is of. */
  unit: "minute" | null;
  price: Micros;
  amount: Micros;
}

/** Stored amounts have four decimals. */
const STORED_STEP = 100n;

const stored = (amount: Micros): Micros => ((amount + STORED_STEP / 2n) / STORED_STEP) * STORED_STEP;

/** What a call would cost, as the platform rates it: begun minutes, each line rounded half up to four decimals, no line of zero. */
export function rateCall(rates: Rates, call: ExampleCall): Line[] {
  const answered = call.seconds > 0;
  const minutes = Math.ceil(Math.floor(call.seconds) / 60);
  const lines: Line[] = [];
  const add = (label: string, quantity: number, unit: Line["unit"], price: Micros | null | undefined) => {
    const amount = stored(BigInt(quantity) * (price ?? 0n));
    if (price != null && amount > 0n) lines.push({ label, quantity, unit, price, amount });
  };
  const { perMinute, connectionFee } = call.inbound ? rates.inbound : rates.outbound;
  if (answered) {
    add(call.inbound ? "Minutes in" : "Minutes out", minutes, "minute", perMinute);
    add("Connection fee", 1, null, connectionFee);
  }
  if (answered && call.recorded && rates.recording) {
    const byCall = rates.recording.by === "call";
    add("Recording", byCall ? 1 : minutes, byCall ? null : "minute", rates.recording.amount);
  }
  if (answered && call.converted && rates.conversion?.event === CONFIRMED)
    add("Conversion", 1, null, rates.conversion.amount);
  return lines;
}

/** The prices as they stand in the form, for the example; what cannot be read is free there. */
export const ratesInForm = (values: Values): Rates => readRates(ratesOf(values));

/** Whether a price typed can be read. */
export const isPrice = (text: string): boolean => text.trim() === "" || parseMoney(text) !== null;
