import { describe, expect, it } from "vitest";
import { changesOf, readAuditEntry, readGrantable, readPerson, sideOf, sidesFor } from "./people";

describe("readPerson", () => {
  it("names somebody by the address where there is no name", () => {
    const invited = readPerson({ email: "ann@example.com", invitedAt: "2026-11-27T10:00:00Z", roles: ["analyst"] });
    expect(invited).toMatchObject({ name: "ann@example.com", isInvited: true, roles: ["analyst"] });
    const seen = {
      firstName: "Ann",
      lastName: "Lee",
      lastLoginAt: "2026-11-27T11:00:00Z",
      invitedAt: "2026-11-27T10:00:00Z",
    };
    expect(readPerson(seen)).toMatchObject({ name: "Ann Lee", isInvited: false });
  });
});

describe("sideOf", () => {
  const north = { publisherId: "p1", buyerId: null };
  it("asks for the partner a role needs", () => {
    expect(sideOf("PUBLISHER", null)).toBe("publisher");
    expect(sideOf("buyer", north)).toBe("buyer");
    expect(sideOf("analyst", null)).toBeNull();
  });
  it("keeps the side of a role that allows one, and of no other", () => {
    expect(sideOf("own:1", north)).toBe("publisher");
    expect(sideOf("analyst", { publisherId: null, buyerId: "b1" })).toBe("buyer");
    expect(sideOf("ADMIN", north)).toBeNull();
  });
  it("leaves nothing of the side that is not shown", () => {
    expect(sidesFor("buyer", { publisherId: "p1", buyerId: "b1" })).toEqual({ publisherId: null, buyerId: "b1" });
    expect(sidesFor("buyer", { publisherId: "p1", buyerId: "" })).toEqual({ publisherId: null, buyerId: null });
    expect(sidesFor(null, { publisherId: "p1" })).toEqual({ publisherId: null, buyerId: null });
  });
});

describe("readGrantable", () => {
  it("leaves out what may not be given", () => {
    const roles = [
      { role: "owner", permissions: [], grantable: false },
      { role: "analyst", permissions: [], grantable: true },
    ];
    expect(readGrantable({ permissions: [], roles })).toEqual(["analyst"]);
    expect(readGrantable(null)).toEqual([]);
  });
});

describe("changesOf", () => {
  it("tells before from after, whatever the values are", () => {
    const entry = readAuditEntry({
      action: "user.update",
      changes: { status: { before: "active", after: "inactive" }, roles: { after: ["admin"] }, note: "plain" },
    });
    expect(changesOf(entry)).toEqual([
      { field: "status", before: "active", after: "inactive" },
      { field: "roles", before: "", after: '["admin"]' },
      { field: "note", before: "", after: "plain" },
    ]);
  });
});
