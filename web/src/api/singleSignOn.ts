import { queryOptions } from "@tanstack/react-query";
import { get } from "./client";
import { asFlag, asList, asRecord, asText, asTexts, asTime, isRecord, type Wire } from "./read";

/** The tenant's identity provider, as the form holds it. */
export interface SsoSettings {
  isSet: boolean;
  /** Where the provider sends people back to. */
  redirectUri: string;
  issuer: string;
  clientId: string;
  hasClientSecret: boolean;
  /** Separated by commas. */
  domains: string;
  /** A role, or none: who is not known is refused. */
  newUsers: string;
  passwordsAllowed: boolean;
  secondFactor: boolean;
  enabled: boolean;
  updatedAt: number | null;
}

export function readSsoSettings(body: unknown): SsoSettings {
  const row: Wire<"SingleSignOn"> = asRecord(body);
  const provider: Wire<"SingleSignOnProvider"> = asRecord(row.provider);
  return {
    isSet: isRecord(row.provider),
    redirectUri: asText(row.redirectUri) ?? "",
    issuer: asText(provider.issuer) ?? "",
    clientId: asText(provider.clientId) ?? "",
    hasClientSecret: asFlag(provider.hasClientSecret) ?? false,
    domains: asTexts(provider.domains).join(", "),
    newUsers: asText(provider.newUsers) ?? "",
    passwordsAllowed: asFlag(provider.passwordsAllowed) ?? true,
    secondFactor: asFlag(provider.secondFactor) ?? false,
    enabled: asFlag(provider.enabled) ?? true,
    updatedAt: asTime(provider.updatedAt),
  };
}

export const singleSignOnQuery = queryOptions({
  queryKey: ["single-sign-on"],
  queryFn: async ({ signal }) => readSsoSettings(await get("/api/v1/single-sign-on", undefined, signal)),
});

/** What a look at the provider found. */
export interface SsoTest {
  ok: boolean;
  checks: { what: string; ok: boolean; message: string | null }[];
}

export function readSsoTest(body: unknown): SsoTest {
  const row: Wire<"SingleSignOnTest"> = asRecord(body);
  return {
    ok: asFlag(row.ok) ?? false,
    checks: asList(row.checks).map((check: Wire<"SingleSignOnCheck">) => ({
      what: asText(check.what) ?? "",
      ok: asFlag(check.ok) ?? false,
      message: asText(check.message),
    })),
  };
}
