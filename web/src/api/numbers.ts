import type { Micros } from "@/format/money";
import { ApiError } from "./client";
import { asMoney, asRecord, asText, asTime, type Wire } from "./read";

/** A number that can be bought. */
export interface AvailableNumber {
  number: string;
  region: string | null;
  capabilities: string[];
  monthlyPrice: Micros | null;
}

/** What a number can do, by name. */
export const capabilitiesOf = (value: unknown): string[] =>
  Object.entries(asRecord(value)).flatMap(([name, on]) => (on === true ? [name] : []));

export const readAvailable = (row: Wire<"AvailableNumber">): AvailableNumber => ({
  number: asText(row.number) ?? "",
  region: asText(row.region),
  capabilities: capabilitiesOf(row.capabilities),
  monthlyPrice: asMoney(row.monthlyPrice),
});

/** What is searched for. Empty: anything. */
export interface NumberSearch {
  country: string;
  areaCode: string;
  region: string;
  provider: string;
}

export const PROVIDERS = ["local", "signalwire", "telnyx", "bandwidth"];

const PROVIDER_NAMES: Record<string, string> = {
  local: "Local",
  signalwire: "SignalWire",
  telnyx: "Telnyx",
  bandwidth: "Bandwidth",
};
export const providerName = (provider: string): string => PROVIDER_NAMES[provider] ?? provider;

/** A purchase, or a release. */
export interface NumberOrder {
  id: string;
  kind: string | null;
  state: string | null;
  provider: string;
  number: string;
  error: string | null;
  updatedAt: number | null;
}

export const readOrder = (row: Wire<"NumberOrder">): NumberOrder => ({
  id: asText(row.id) ?? "",
  kind: asText(row.kind),
  state: asText(row.state),
  provider: asText(row.provider) ?? "",
  number: asText(row.number) ?? "",
  error: asText(row.error),
  updatedAt: asTime(row.updatedAt),
});

/** What to do about a purchase that did not come about; null where the message says it. */
export function purchaseRemedy(error: unknown): string | null {
  if (!(error instanceof ApiError)) return null;
  // No answer came, or none from the provider: it may have been bought all the same.
  if (error.status === 0 || error.code === "PURCHASE_PENDING")
    return "Do not buy it again: look at the orders below the numbers. It appears there, and here once it is yours.";
  if (error.code === "PURCHASE_FAILED")
    return "Nothing was bought. Search again: somebody else may have been quicker. Or try another area or provider.";
  if (error.code === "QUOTA_EXCEEDED")
    return "Give a number back that is not needed, or ask the operator of the platform for more.";
  return error.status >= 500 ? "Nothing was bought. Try again in a while, or with another provider." : null;
}

/** What to do about an order; null where it is done. */
export function orderRemedy({ kind, state }: NumberOrder): string | null {
  if (state === "pending") return "The provider is asked again by itself; nothing is to be done.";
  if (state !== "failed") return null;
  return kind === "release"
    ? "The provider still holds it: give it back once more."
    : "Nothing was bought: search again, or try another provider.";
}
