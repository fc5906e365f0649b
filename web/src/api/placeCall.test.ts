import { describe, expect, it } from "vitest";
import { otherParty } from "./calls";
import { ApiError } from "./client";
import { callBody, callsNobody, keyOf, refusalOf, type Try } from "./placeCall";

describe("a call to be placed", () => {
  it("names the number as the API compares it, and nothing that was left empty", () => {
    expect(callBody({ toNumber: "(212) 555-0147", campaignId: "c1", fromNumberId: "", consentToken: " " })).toEqual({
      toNumber: "+12125550147",
      campaignId: "c1",
      fromNumberId: null,
    });
  });

  it("tells the consent it relies on", () => {
    expect(callBody({ toNumber: "+12125550147", consentToken: " tf-1 " })).toMatchObject({
      metadata: { consentToken: "tf-1" },
    });
  });
});

describe("the key of a try", () => {
  const last: Try = { key: "k1", body: "a", refused: false };
  const fresh = () => "k2";

  it("stays while nobody knows whether somebody is called", () => {
    expect(keyOf(last, "a", fresh)).toBe("k1");
  });

  it("is new for the first try, for another request, and behind a refusal", () => {
    expect(keyOf(null, "a", fresh)).toBe("k2");
    expect(keyOf(last, "b", fresh)).toBe("k2");
    expect(keyOf({ ...last, refused: true }, "a", fresh)).toBe("k2");
  });

  it("tells a refusal from silence", () => {
    const of = (status: number) => callsNobody(new ApiError(status, "X", "x"));
    expect([of(403), of(422), of(503)]).toEqual([true, true, true]);
    expect([of(0), of(500), of(502), callsNobody(new Error("x"))]).toEqual([false, false, false, false]);
  });
});

describe("a refusal", () => {
  const of = (status: number, code: string) => refusalOf(new ApiError(status, code, "x"));

  it("leads to what can be done about it", () => {
    expect(of(403, "COMPLIANCE_BLOCKED")).toBe("compliance");
    expect(of(403, "QUOTA_EXCEEDED")).toBe("limit");
    expect(of(403, "BUDGET_EXCEEDED")).toBe("budget");
    expect(of(422, "NO_TRUNK")).toBe("trunk");
    expect(of(0, "NETWORK_ERROR")).toBe("unknown");
    expect(of(422, "VALIDATION_ERROR")).toBeNull();
  });
});

describe("whoever can be called back", () => {
  it("is the caller, or who was called, where the number is known", () => {
    const [from, to] = ["+12125550100", "+18885550142"];
    expect(otherParty({ direction: "INBOUND", from, to })).toBe(from);
    expect(otherParty({ direction: "OUTBOUND", from, to })).toBe(to);
    expect(otherParty({ direction: "INBOUND", from: "anonymous", to })).toBeNull();
    expect(otherParty({ direction: "INBOUND", from: null, to })).toBeNull();
  });
});
