import { asFlag, asRecord, asText, asTexts, asTime, type Json, type Wire } from "./read";

/** Somebody who signs in. */
export interface Person {
  id: string;
  email: string;
  firstName: string;
  lastName: string;
  /** Both, or the address. */
  name: string;
  status: string | null;
  roles: string[];
  /** Roles of the tenant's own. */
  roleIds: string[];
  /** Sees only what belongs to this publisher. */
  publisherId: string | null;
  /** Sees only what belongs to this buyer. */
  buyerId: string | null;
  /** Invited and not seen yet. */
  isInvited: boolean;
  lastLoginAt: number | null;
}

export function readPerson(row: Wire<"User">): Person {
  const email = asText(row.email) ?? "";
  const [firstName, lastName] = [asText(row.firstName) ?? "", asText(row.lastName) ?? ""];
  const lastLoginAt = asTime(row.lastLoginAt);
  return {
    id: asText(row.id) ?? "",
    email,
    firstName,
    lastName,
    name: [firstName, lastName].filter(Boolean).join(" ") || email,
    status: asText(row.status),
    roles: asTexts(row.roles),
    roleIds: asTexts(row.roleIds),
    publisherId: asText(row.publisherId),
    buyerId: asText(row.buyerId),
    isInvited: asTime(row.invitedAt) !== null && lastLoginAt === null,
    lastLoginAt,
  };
}

/** How a role of the tenant's own stands in a select, beside the names of those everybody has. */
export const OWN = "own:";

/** The chosen role as the API wants it. */
export const rolesFor = (chosen: string) =>
  chosen.startsWith(OWN) ? { roles: [], roleIds: [chosen.slice(OWN.length)] } : { roles: [chosen], roleIds: [] };

export type Side = "publisher" | "buyer";

/** The partner whose side somebody with this role sees: the role needs one, or they have one and the role allows it. */
export function sideOf(role: string, held: Pick<Person, "publisherId" | "buyerId"> | null): Side | null {
  const name = role.toLowerCase();
  if (name === "publisher" || name === "buyer") return name;
  if (name === "owner" || name === "admin") return null;
  return held?.publisherId ? "publisher" : held?.buyerId ? "buyer" : null;
}

/** Both sides as the API wants them: of the one that is not shown nothing stays. */
export const sidesFor = (side: Side | null, values: { publisherId?: string; buyerId?: string }) => ({
  publisherId: side === "publisher" ? values.publisherId || null : null,
  buyerId: side === "buyer" ? values.buyerId || null : null,
});

/** What became of a link for somebody: mailed, or to be handed over by hand. */
export interface HandedLink {
  mailed: boolean;
  link: string | null;
}

export function readHandedLink(value: unknown): HandedLink {
  const row: Wire<"HandedLink"> = asRecord(value);
  return { mailed: asFlag(row.mailed) ?? false, link: asText(row.link) };
}

/** Roles everybody has, which the signed-in user may give to others. */
export function readGrantable(body: unknown): string[] {
  const list: Wire<"PermissionList"> = asRecord(body);
  const roles = Array.isArray(list.roles) ? list.roles.map(asRecord) : [];
  return roles.flatMap((row: Wire<"BuiltInRole">) => (row.grantable === true ? [asText(row.role) ?? ""] : []));
}

/** Something that was done, or seen. */
export interface AuditEntry {
  id: string;
  at: number | null;
  userId: string | null;
  apiKeyId: string | null;
  action: string;
  entity: string;
  entityId: string | null;
  changes: Json;
  address: string | null;
  succeeded: boolean;
  sequence: string | null;
}

export const readAuditEntry = (row: Wire<"AuditLogEntry">): AuditEntry => ({
  id: asText(row.id) ?? "",
  at: asTime(row.at),
  userId: asText(row.userId),
  apiKeyId: asText(row.apiKeyId),
  action: asText(row.action) ?? "",
  entity: asText(row.entity) ?? "",
  entityId: asText(row.entityId),
  changes: asRecord(row.changes),
  address: asText(row.ipAddress),
  succeeded: asFlag(row.success) ?? true,
  sequence: typeof row.sequence === "number" ? String(row.sequence) : null,
});

export interface Change {
  field: string;
  before: string;
  after: string;
}

const shown = (value: unknown): string =>
  value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** What an entry changed, field by field. */
export const changesOf = (entry: AuditEntry): Change[] =>
  Object.entries(entry.changes).map(([field, value]) => {
    const change = asRecord(value);
    const isPair = "before" in change || "after" in change;
    return { field, before: isPair ? shown(change.before) : "", after: shown(isPair ? change.after : value) };
  });
