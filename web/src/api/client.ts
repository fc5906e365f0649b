import { ApiError, type FieldFault, readError } from "@hopwhistle/sdk";
import { apiUrl } from "./config";
import { credentials } from "./session";

export { ApiError, type FieldFault, readError };

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
export type Query = Record<string, string | number | boolean | null | undefined>;

interface RequestOptions {
  query?: Query;
  body?: unknown;
  /** Sent as it is, in place of `body`. */
  file?: Blob;
  headers?: Record<string, string>;
  /** For a request that may have to be sent again by hand; others get one of their own. */
  idempotencyKey?: string;
  signal?: AbortSignal;
}

const TIMEOUT_MS = 20_000;
let onSignedOut: () => void = () => undefined;

/** Called when the API no longer knows the session. */
export function whenSignedOut(callback: () => void): void {
  onSignedOut = callback;
}

let onStepUp: () => Promise<boolean> = () => Promise.resolve(false);

/** Called when a change wants a fresh proof of who one is; true when it was given. Answers how to stop listening. */
export function whenStepUp(callback: () => Promise<boolean>): () => void {
  onStepUp = callback;
  return () => {
    onStepUp = () => Promise.resolve(false);
  };
}

export function authHeaders(): Record<string, string> {
  const { token, csrfToken } = credentials();
  const headers: Record<string, string> = {};
  if (token) headers.authorization = `Bearer ${token}`;
  if (csrfToken) headers["x-csrf-token"] = csrfToken;
  return headers;
}

export async function request(method: Method, path: string, options: RequestOptions = {}): Promise<unknown> {
  const headers: Record<string, string> = { accept: "application/json", ...options.headers, ...authHeaders() };
  const init: RequestInit = { method, headers, credentials: "include", signal: withTimeout(options.signal) };
  if (options.body !== undefined) {
    headers["content-type"] = "application/json";
    init.body = JSON.stringify(options.body);
  }
  if (options.file !== undefined) {
    headers["content-type"] = "text/csv";
    init.body = options.file;
    // As long as it takes: a file of millions of numbers is read while it arrives.
    init.signal = options.signal ?? null;
  }
  // A retried create must not create twice. A file is kept row by row and can be sent again; remembered, it would have to be short.
  if (method === "POST" && options.file === undefined && path.startsWith("/api/"))
    headers["idempotency-key"] = options.idempotencyKey ?? newKey();

  let response: Response;
  try {
    response = await fetch(apiUrl(path) + encodeQuery(options.query), init);
  } catch (cause) {
    if (options.signal?.aborted) throw cause;
    throw new ApiError(0, "NETWORK_ERROR", "The API does not answer. Is it running, and reachable from here?");
  }
  if (!response.ok) {
    const error = await toError(response, path);
    if (error.code === "STEP_UP_REQUIRED" && (await onStepUp())) return request(method, path, options);
    throw error;
  }
  if (response.status === 204) return undefined;
  const text = await response.text();
  return text === "" ? undefined : JSON.parse(text);
}

export const get = (path: string, query?: Query, signal?: AbortSignal) => request("GET", path, { query, signal });
export const upload = (path: string, file: Blob) => request("POST", path, { file });
export const post = (path: string, body?: unknown) => request("POST", path, { body });
export const patch = (path: string, body: unknown) => request("PATCH", path, { body });
export const put = (path: string, body?: unknown) => request("PUT", path, { body });
/** What is asked for, or null where the API says there is none. */
export async function orNull(asked: Promise<unknown>): Promise<unknown> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

export const remove = (path: string) => request("DELETE", path);

function withTimeout(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  return signal ? AbortSignal.any([signal, limit]) : limit;
}

// crypto.randomUUID exists on https and loopback only; a demo is often opened over a plain LAN address.
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function encodeQuery(query: Query | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

async function toError(response: Response, path: string): Promise<ApiError> {
  const body: unknown = await response.json().catch(() => null);
  // Asking who one is, and signing in, answer 401 to strangers: that is no session that ended.
  if (response.status === 401 && path !== "/auth/login" && path !== "/auth/me" && !path.startsWith("/auth/sso/"))
    onSignedOut();
  return readError(response.status, body);
}
