import { post } from "@/api/client";
import { asList, asRecord, asText, type Wire } from "@/api/read";

/** A tenant that signs in at a provider of its own. */
export interface SsoOption {
  tenant: string;
  name: string;
}

export const readSsoOptions = (body: unknown): SsoOption[] => {
  const row: Wire<"SsoOptions"> = asRecord(body);
  return asList(row.options).flatMap((option: Wire<"SsoOption">) => {
    const tenant = asText(option.tenant);
    return tenant === null ? [] : [{ tenant, name: asText(option.name) ?? tenant }];
  });
};

/** What this tab remembers while it is at the provider. */
interface Begun {
  browser: string;
  returnTo: string;
}

const KEY = "hopwhistle.sso";

/** Within our pages only: an address of elsewhere leads to the dashboard. */
export const safeReturn = (path: unknown): string =>
  typeof path === "string" && /^\/(?![/\\])/.test(path) ? path : "/";

/** Goes to the provider's page; comes back to `/sso`. */
export async function beginSso(tenant: string, options: { email?: string; fresh?: boolean } = {}): Promise<void> {
  const asked = {
    tenant,
    ...(options.email ? { email: options.email } : {}),
    fresh: options.fresh ?? false,
  } satisfies Wire<"StartSsoRequest">;
  const begun: Wire<"StartSsoResponse"> = asRecord(await post("/auth/sso/start", asked));
  const { pathname, search } = window.location;
  const returnTo = pathname === "/sso" ? "/" : pathname + search;
  sessionStorage.setItem(KEY, JSON.stringify({ browser: asText(begun.browser) ?? "", returnTo } satisfies Begun));
  window.location.assign(asText(begun.authorizationUrl) ?? "/");
}

/** What was remembered; none when the sign-in was begun in another tab. */
export function begunSso(): Begun | null {
  try {
    const row = asRecord(JSON.parse(sessionStorage.getItem(KEY) ?? "null"));
    const browser = asText(row.browser);
    return browser === null ? null : { browser, returnTo: safeReturn(row.returnTo) };
  } catch {
    return null;
  }
}

export const endSso = () => sessionStorage.removeItem(KEY);

/** What the provider sent the browser back with. */
export interface SsoAnswer {
  state: string;
  code: string | null;
  iss: string | null;
  error: string | null;
}

export function readSsoAnswer(search: string): SsoAnswer {
  const query = new URLSearchParams(search);
  return { state: query.get("state") ?? "", code: query.get("code"), iss: query.get("iss"), error: query.get("error") };
}
