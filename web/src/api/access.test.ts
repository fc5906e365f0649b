import { describe, expect, it } from "vitest";
import {
  areasOf,
  keyStatus,
  readApiKey,
  readCatalogue,
  readSecret,
  spelledOut,
  withoutPermission,
  withPermission,
} from "./access";

const { permissions: ALL } = readCatalogue({
  permissions: [
    { permission: "calls:read", grantable: true },
    { permission: "calls:write", grantable: true },
    { permission: "api_keys:read", grantable: false },
    { permission: "flows:publish", grantable: true },
  ],
  roles: [],
});

describe("areasOf", () => {
  it("puts together what is about the same", () => {
    const areas = areasOf(ALL).map(({ area, permissions }) => [area, permissions.map(({ verb }) => verb)]);
    expect(areas).toEqual([
      ["calls", ["read", "write"]],
      ["api_keys", ["read"]],
      ["flows", ["publish"]],
    ]);
  });
});

describe("withPermission and withoutPermission", () => {
  it("add nothing that is granted already", () => {
    expect(withPermission(["calls:*"], "calls:read")).toEqual(["calls:*"]);
    expect(withPermission(["calls:read"], "calls:write")).toEqual(["calls:read", "calls:write"]);
  });

  it("take one away from what stands for many", () => {
    expect(withoutPermission(["calls:*", "flows:publish"], "calls:read", ALL)).toEqual([
      "calls:write",
      "flows:publish",
    ]);
    expect(withoutPermission(["calls:*", "*:write"], "calls:write", ALL)).toEqual(["calls:read"]);
    expect(withoutPermission(["admin:*"], "calls:read", ALL)).toEqual([
      "calls:write",
      "api_keys:read",
      "flows:publish",
    ]);
  });
});

describe("spelledOut", () => {
  it("names each", () => {
    expect(spelledOut(["*:read"], ALL)).toEqual(["calls:read", "api_keys:read"]);
  });
});

describe("keyStatus", () => {
  it("takes a key past its time for expired", () => {
    const key = readApiKey({ status: "ACTIVE", expiresAt: "2026-11-27T10:00:00Z" });
    expect(keyStatus(key, Date.parse("2026-11-27T09:59:00Z"))).toBe("ACTIVE");
    expect(keyStatus(key, Date.parse("2026-11-27T10:00:00Z"))).toBe("EXPIRED");
    expect(keyStatus({ ...key, status: "REVOKED" }, Date.parse("2026-11-28T10:00:00Z"))).toBe("REVOKED");
  });
});

describe("readSecret", () => {
  it("is nothing where the API sends none", () => {
    expect(readSecret({ id: "1", key: "hw_1" })).toBe("hw_1");
    expect(readSecret({ id: "1" })).toBeNull();
  });
});
