/**
 * What signing in left in this tab. The token lives in sessionStorage (gone with the tab); a new tab finds the HttpOnly
 * session cookie instead and asks for a CSRF token of its own.
 */
export interface Credentials {
  token: string | null;
  csrfToken: string | null;
}

const KEY = "hopwhistle.session";
let held: Credentials | undefined;

export function credentials(): Credentials {
  if (held) return held;
  held = { token: null, csrfToken: null };
  try {
    const stored: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
    if (typeof stored === "object" && stored !== null) {
      const { token, csrfToken } = stored as Partial<Credentials>;
      held = { token: token ?? null, csrfToken: csrfToken ?? null };
    }
  } catch {
    // Blocked or damaged storage means: not signed in in this tab.
  }
  return held;
}

export function keepCredentials(next: Credentials): void {
  held = next;
  try {
    sessionStorage.setItem(KEY, JSON.stringify(next));
  } catch {
    // Memory alone then carries the session until the next reload.
  }
}

export function dropCredentials(): void {
  held = { token: null, csrfToken: null };
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Nothing was stored.
  }
}
