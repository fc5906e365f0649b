import { normaliseSearch } from "@/format/phone";
import { ApiError, request } from "./client";
import { asRecord, asText, type Wire } from "./read";

/** What the form of a call to be placed holds. */
export type CallForm = Partial<Record<"toNumber" | "campaignId" | "fromNumberId" | "consentToken", string>>;

export function callBody(form: CallForm) {
  const token = form.consentToken?.trim();
  return {
    toNumber: normaliseSearch(form.toNumber ?? ""),
    campaignId: form.campaignId || null,
    fromNumberId: form.fromNumberId || null,
    ...(token ? { metadata: { consentToken: token } } : {}),
  } satisfies Wire<"InitiateCallRequest">;
}

/** A try to place a call: under which key, with what body, and whether it may have called somebody. */
export interface Try {
  key: string;
  body: string;
  /** The answer said that nobody is called. */
  refused: boolean;
}

/**
 * The key of the next try. One whose answer is not known is repeated under its own key, and calls nobody twice; another
 * request, or one behind a plain "nobody is called", is a new one.
 */
export const keyOf = (last: Try | null, body: string, fresh: () => string): string =>
  last !== null && last.body === body && !last.refused ? last.key : fresh();

const UNAVAILABLE = 503;

/** Whether the API said that nobody is called. Of an answer that never came, or a fault within, that is not known. */
export const callsNobody = (error: unknown): boolean =>
  error instanceof ApiError && ((error.status >= 400 && error.status < 500) || error.status === UNAVAILABLE);

/** Places calls, one after another: one and the same only once. */
export function callPlacer(fresh: () => string) {
  let last: Try | null = null;
  /** Answers the call's id. `override` is the operator's token that lets limits and budget pass. */
  return async (form: CallForm, override?: string): Promise<string> => {
    const body = callBody(form);
    const text = JSON.stringify(body);
    const tried: Try = { key: keyOf(last, text, fresh), body: text, refused: false };
    last = tried;
    const headers: Record<string, string> = override ? { "x-quota-override": override } : {};
    try {
      const call: Wire<"Call"> = asRecord(
        await request("POST", "/api/v1/calls", { body, headers, idempotencyKey: tried.key }),
      );
      return asText(call.id) ?? "";
    } catch (error) {
      tried.refused = callsNobody(error);
      throw error;
    }
  };
}

/** What a refusal is about: whoever reads it is led to what can be done. */
export type Refusal = "compliance" | "limit" | "budget" | "trunk" | "unknown" | null;

export function refusalOf(error: ApiError): Refusal {
  switch (error.code) {
    case "COMPLIANCE_BLOCKED":
      return "compliance";
    case "QUOTA_EXCEEDED":
      return "limit";
    case "BUDGET_EXCEEDED":
      return "budget";
    case "NO_TRUNK":
      return "trunk";
    default:
      return callsNobody(error) ? null : "unknown";
  }
}
