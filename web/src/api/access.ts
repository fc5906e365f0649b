import { covers } from "@/auth/permissions";
import { asFlag, asList, asNumber, asRecord, asText, asTexts, asTime, type Wire } from "./read";

/** What a program signs in with. */
export interface ApiKey {
  id: string;
  name: string;
  prefix: string | null;
  status: string | null;
  scopes: string[];
  publisherId: string | null;
  buyerId: string | null;
  /** The key that took its place. */
  rotatedTo: string | null;
  /** Requests a minute; null: the platform's limit. */
  rateLimit: number | null;
  lastUsedAt: number | null;
  expiresAt: number | null;
}

export const readApiKey = (row: Wire<"ApiKey">): ApiKey => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  prefix: asText(row.prefix),
  status: asText(row.status),
  scopes: asTexts(row.scopes),
  publisherId: asText(row.publisherId),
  buyerId: asText(row.buyerId),
  rotatedTo: asText(row.rotatedTo),
  rateLimit: asNumber(row.rateLimit),
  lastUsedAt: asTime(row.lastUsedAt),
  expiresAt: asTime(row.expiresAt),
});

/** Whether it still lets somebody in: a key past its time is stored as active until somebody looks. */
export function keyStatus(key: ApiKey, now: number): string | null {
  return key.status === "ACTIVE" && key.expiresAt !== null && key.expiresAt <= now ? "EXPIRED" : key.status;
}

/** The secret of a key that was just made. */
export function readSecret(body: unknown): string | null {
  const made: Wire<"NewApiKey"> = asRecord(body);
  return asText(made.key);
}

/** A role of the tenant's own. */
export interface Role {
  id: string;
  name: string;
  description: string;
  permissions: string[];
}

export const readRole = (row: Wire<"CustomRole">): Role => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  description: asText(row.description) ?? "",
  permissions: asTexts(row.permissions),
});

/** Something that can be granted: `calls:read`. */
export interface Permission {
  permission: string;
  area: string;
  verb: string;
  /** The one who looks may give it to others. */
  grantable: boolean;
}

/** A role every tenant has. */
export interface BuiltInRole {
  role: string;
  permissions: string[];
  grantable: boolean;
}

export interface Catalogue {
  permissions: Permission[];
  roles: BuiltInRole[];
}

export function readCatalogue(body: unknown): Catalogue {
  const list: Wire<"PermissionList"> = asRecord(body);
  return {
    permissions: asList(list.permissions).map((row: Wire<"PermissionView">) => {
      const permission = asText(row.permission) ?? "";
      const [area = "", verb = ""] = permission.split(":");
      return { permission, area, verb, grantable: asFlag(row.grantable) ?? false };
    }),
    roles: asList(list.roles).map((row: Wire<"BuiltInRole">) => ({
      role: asText(row.role) ?? "",
      permissions: asTexts(row.permissions),
      grantable: asFlag(row.grantable) ?? false,
    })),
  };
}

export interface Area {
  area: string;
  permissions: Permission[];
}

/** Permissions by what they are about, in the order the API names them. */
export function areasOf(permissions: Permission[]): Area[] {
  const areas = new Map<string, Permission[]>();
  for (const each of permissions) areas.set(each.area, [...(areas.get(each.area) ?? []), each]);
  return [...areas].map(([area, own]) => ({ area, permissions: own }));
}

export const isGranted = (held: string[], permission: string): boolean => held.some((each) => covers(each, permission));

/** `held` with one permission more. */
export const withPermission = (held: string[], permission: string): string[] =>
  isGranted(held, permission) ? held : [...held, permission];

/** `held` without a permission: what stood for it and for others stands for the others, one by one. */
export function withoutPermission(held: string[], permission: string, all: Permission[]): string[] {
  const rest = held.flatMap((each) => {
    if (!covers(each, permission)) return [each];
    return all.flatMap(({ permission: other }) => (other !== permission && covers(each, other) ? [other] : []));
  });
  return [...new Set(rest)];
}

/** Each permission `held` stands for, by name. */
export const spelledOut = (held: string[], all: Permission[]): string[] =>
  all.flatMap(({ permission }) => (isGranted(held, permission) ? [permission] : []));
