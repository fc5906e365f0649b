import { describe, expect, it } from "vitest";
import { ApiError } from "./client";
import { orderRemedy, purchaseRemedy, readAvailable, readOrder } from "./numbers";

describe("purchaseRemedy", () => {
  it("warns of buying twice where nobody knows what became of it", () => {
    for (const error of [new ApiError(0, "NETWORK_ERROR", ""), new ApiError(503, "PURCHASE_PENDING", "")])
      expect(purchaseRemedy(error)).toMatch(/^Do not buy it again/);
  });

  it("says that nothing was bought where that is sure", () => {
    for (const error of [new ApiError(422, "PURCHASE_FAILED", ""), new ApiError(503, "SERVICE_UNAVAILABLE", "")])
      expect(purchaseRemedy(error)).toMatch(/^Nothing was bought/);
  });

  it("leaves alone what the message says", () => {
    expect(purchaseRemedy(new ApiError(403, "QUOTA_EXCEEDED", ""))).toMatch(/Give a number back/);
    expect(purchaseRemedy(new ApiError(422, "VALIDATION_ERROR", ""))).toBeNull();
    expect(purchaseRemedy(new Error("other"))).toBeNull();
  });
});

describe("orderRemedy", () => {
  it("differs by what was ordered and how it stands", () => {
    const order = (kind: string, state: string) => orderRemedy(readOrder({ kind, state }));
    expect(order("purchase", "done")).toBeNull();
    expect(order("release", "pending")).toMatch(/nothing is to be done/);
    expect(order("purchase", "failed")).toMatch(/search again/);
    expect(order("release", "failed")).toMatch(/give it back/);
  });
});

describe("readAvailable", () => {
  it("names what a number can do", () => {
    const row = { number: "+12125550100", capabilities: { voice: true, sms: false }, monthlyPrice: "1.1500" };
    expect(readAvailable(row)).toEqual({
      number: "+12125550100",
      region: null,
      capabilities: ["voice"],
      monthlyPrice: 1_150_000n,
    });
  });
});
