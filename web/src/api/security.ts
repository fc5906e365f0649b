import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import { asFlag, asNumber, asRecord, asText, asTexts, asTime, type Wire } from "./read";
import { readAll } from "./whole";

/** A browser that is signed in. */
export interface Session {
  id: string;
  /** What it is, as far as it says. */
  device: string;
  address: string | null;
  since: number | null;
  lastSeen: number | null;
  /** This one. */
  current: boolean;
}

// The order matters: most browsers call themselves others as well.
const BROWSERS: [RegExp, string][] = [
  [/\bEdg(?:e|A|iOS)?\//, "Edge"],
  [/\bOPR\//, "Opera"],
  [/\b(?:Firefox|FxiOS)\//, "Firefox"],
  [/\b(?:Chrome|CriOS)\//, "Chrome"],
  [/\bSafari\//, "Safari"],
];
const SYSTEMS: [RegExp, string][] = [
  [/\b(?:iPhone|iPad)\b/, "iOS"],
  [/\bAndroid\b/, "Android"],
  [/\bWindows\b/, "Windows"],
  [/\bMac OS X\b/, "macOS"],
  [/\bLinux\b/, "Linux"],
];

/** "Firefox on Linux", by what a browser calls itself. */
export function deviceOf(agent: string | null): string {
  if (agent === null) return "A browser that does not say what it is";
  const of = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [of(BROWSERS), of(SYSTEMS)];
  if (browser === undefined) return agent.split(/[\s/]/)[0] || agent;
  return system === undefined ? browser : `${browser} on ${system}`;
}

export const readSession = (row: Wire<"SessionView">): Session => ({
  id: asText(row.id) ?? "",
  device: deviceOf(asText(row.userAgent)),
  address: asText(row.ipAddress),
  since: asTime(row.createdAt),
  lastSeen: asTime(row.lastSeenAt),
  current: asFlag(row.current) ?? false,
});

/** Where one is signed in. */
export const sessionsQuery = queryOptions({
  queryKey: ["security", "sessions"],
  queryFn: ({ signal }) => readAll((query) => get("/auth/sessions", query, signal), readSession),
});

/** Where the own second factor stands. */
export interface SecondFactor {
  enabled: boolean;
  /** The tenant wants everybody to have one. */
  required: boolean;
  codesLeft: number;
}

export function readSecondFactor(body: unknown): SecondFactor {
  const row: Wire<"SecondFactorStatus"> = asRecord(body);
  return {
    enabled: asFlag(row.enabled) ?? false,
    required: asFlag(row.required) ?? false,
    codesLeft: asNumber(row.recoveryCodesLeft) ?? 0,
  };
}

export const secondFactorQuery = queryOptions({
  queryKey: ["security", "second-factor"],
  queryFn: async ({ signal }) => readSecondFactor(await get("/auth/second-factor", undefined, signal)),
});

/** What goes into an authenticator app. */
export interface FactorSetup {
  secret: string;
  uri: string;
}

export function readSetup(body: unknown): FactorSetup {
  const row: Wire<"SecondFactorSetup"> = asRecord(body);
  return { secret: asText(row.secret) ?? "", uri: asText(row.uri) ?? "" };
}

/** Recovery codes, one a line. */
export function readCodes(body: unknown): string {
  const row: Wire<"RecoveryCodes"> = asRecord(body);
  return asTexts(row.recoveryCodes).join("\n");
}

/** Whether the tenant wants everybody to have a second factor. */
export const signInPolicyQuery = queryOptions({
  queryKey: ["security", "policy"],
  queryFn: async ({ signal }) => {
    const row: Wire<"SignInPolicy"> = asRecord(await get("/api/v1/sign-in-policy", undefined, signal));
    return { required: asFlag(row.secondFactorRequired) ?? false };
  },
});
