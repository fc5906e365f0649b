import { describe, expect, it } from "vitest";
import { deviceOf, readCodes, readSecondFactor, readSession } from "./security";

describe("a session", () => {
  it("is told by its browser and system", () => {
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const edge =
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36 Edg/140.0";
    const phone =
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile Safari/604.1";
    const android =
      "Mozilla/5.0 (Linux; Android 15; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Mobile Safari/537.36";
    expect([firefox, edge, phone, android].map(deviceOf)).toEqual([
      "Firefox on Linux",
      "Edge on Windows",
      "Safari on iOS",
      "Chrome on Android",
    ]);
    expect(deviceOf("hopwhistle/0.9")).toBe("hopwhistle");
    expect(deviceOf(null)).toContain("does not say");
  });

  it("is read with what may be missing", () => {
    expect(readSession({ id: "s1", createdAt: "2026-11-23T16:00:00Z", current: true })).toMatchObject({
      id: "s1",
      address: null,
      lastSeen: null,
      current: true,
    });
  });
});

describe("a second factor", () => {
  it("is off where nothing is said of it", () => {
    expect(readSecondFactor(null)).toEqual({ enabled: false, required: false, codesLeft: 0 });
    expect(readSecondFactor({ enabled: true, required: true, recoveryCodesLeft: 8 })).toEqual({
      enabled: true,
      required: true,
      codesLeft: 8,
    });
  });

  it("has its codes one a line", () => {
    expect(readCodes({ recoveryCodes: ["aaaa-bbbb", "cccc-dddd"] })).toBe("aaaa-bbbb\ncccc-dddd");
  });
});
