import { describe, expect, it } from "vitest";
import type { User } from "@/api/resources";
import { may } from "./permissions";

const holding = (...permissions: string[]): User => ({
  id: "1",
  email: "ada@example.com",
  name: "Ada",
  roles: [],
  tenant: null,
  permissions,
  pending: null,
  tenantSlug: null,
  byProvider: false,
});

describe("may", () => {
  it.each([
    ["admin:*", "numbers:delete", true],
    ["numbers:*", "numbers:read", true],
    ["*:read", "calls:read", true],
    ["*:read", "calls:write", false],
    ["numbers:read", "numbers", false],
    ["*", "numbers:read", false],
    ["admin:*", "platform:admin", false],
    ["platform:admin", "platform:admin", true],
  ])("%s and %s: %s", (held, wanted, expected) => {
    expect(may(holding(held), wanted)).toBe(expected);
  });

  it("leaves the decision to the API where nothing is delivered", () => {
    expect(may({ ...holding(), permissions: null }, "calls:read")).toBe(true);
  });
});
