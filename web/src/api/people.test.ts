import { describe, expect, it } from "vitest";
import { changesOf, readAuditEntry, readGrantable, readPerson } from "./people";

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
