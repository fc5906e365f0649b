import { LiveLink } from "./live.js";
import { ApiError, readError } from "./problem.js";
import type { AnswerOf, Arguments, Common, ItemOf, ListPath, Method, Operation, Options, PathsWith } from "./types.js";

/** Who asks: a program by its key, a person by a session's token, a page by the session's cookie with its CSRF token. */
export type Credentials = { apiKey: string } | { token: string } | { csrfToken: string };

export interface ClientOptions {
  /** `https://calls.example`, without a path. */
  baseUrl: string;
  credentials?: Credentials | (() => Credentials | undefined);
  /** Milliseconds a request may take. 20,000 unless said otherwise. */
  timeoutMs?: number;
  /** How often a request is sent again that the platform had no room for (429, 503) or whose answer was lost. 3 unless said otherwise. */
  retriesMax?: number;
  /** In place of the platform's own. */
  fetch?: typeof fetch;
  /** In place of the platform's own, where it has none (Node.js before 22). */
  webSocket?: (address: string) => WebSocket;
}

export interface LiveOptions {
  /** `call.*`, `billing.*`, `call.ended` ... */
  channels: string[];
  signal?: AbortSignal;
  /** Events were missed for good: ask again for what is shown. */
  onMissed?: () => void;
}

/** As it comes over `/ws/events`; docs/events.md has what `data` holds. */
export interface LiveEvent {
  event: string;
  id: string;
  tenantId: string;
  timestamp: string;
  data: Record<string, unknown>;
}

const TIMEOUT_MS = 20_000;
const RETRIES_MAX = 3;
const RETRY_FIRST_MS = 500;
/** Longest wait a server's Retry-After is followed in; beyond it the refusal is the caller's to deal with. */
const RETRY_AFTER_MAX_MS = 60_000;
/** Statuses that mean: not now. */
const NOT_NOW = [429, 503];
const PAGE_LIMIT = 100;

interface Untyped extends Common {
  path?: Record<string, unknown>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** The API, typed by its document. */
export class Hopwhistle {
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#options = { ...options, baseUrl: options.baseUrl.replace(/\/+$/, "") };
  }

  get<P extends PathsWith<"get">>(path: P, ...[options]: Arguments<Operation<P, "get">>) {
    return this.#typed<Operation<P, "get">>("get", path, options);
  }

  post<P extends PathsWith<"post">>(path: P, ...[options]: Arguments<Operation<P, "post">>) {
    return this.#typed<Operation<P, "post">>("post", path, options);
  }

  put<P extends PathsWith<"put">>(path: P, ...[options]: Arguments<Operation<P, "put">>) {
    return this.#typed<Operation<P, "put">>("put", path, options);
  }

  patch<P extends PathsWith<"patch">>(path: P, ...[options]: Arguments<Operation<P, "patch">>) {
    return this.#typed<Operation<P, "patch">>("patch", path, options);
  }

  delete<P extends PathsWith<"delete">>(path: P, ...[options]: Arguments<Operation<P, "delete">>) {
    return this.#typed<Operation<P, "delete">>("delete", path, options);
  }

  /** Every item of a list, page by page as they are asked for. What is added meanwhile may be in it or not; nothing comes twice. */
  async *list<P extends ListPath>(path: P, ...[options]: Arguments<Operation<P, "get">>): AsyncGenerator<ItemOf<P>> {
    const given = (options ?? {}) as Untyped;
    let cursor: string | undefined;
    do {
      const query = { limit: PAGE_LIMIT, ...given.query, ...(cursor === undefined ? {} : { cursor, page: undefined }) };
      const page = (await this.send("get", path, { ...given, query })) as {
        data: ItemOf<P>[];
        meta: { nextCursor?: string | null };
      };
      yield* page.data;
      cursor = page.meta.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  /** Live events, reconnecting by itself and going on where it was; ends with the signal. */
  async *events(options: LiveOptions): AsyncGenerator<LiveEvent> {
    const waiting: LiveEvent[] = [];
    let wake: () => void = () => undefined;
    const link = new LiveLink({
      channels: options.channels,
      address: () => this.liveAddress(),
      onEvent: (payload) => {
        waiting.push(payload as LiveEvent);
        wake();
      },
      onState: () => undefined,
      onResumed: () => options.onMissed?.(),
      onDegraded: () => undefined,
      open: this.#options.webSocket,
    });
    const end = () => wake();
    options.signal?.addEventListener("abort", end);
    try {
      while (!options.signal?.aborted) {
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      options.signal?.removeEventListener("abort", end);
      link.close();
    }
  }

  /** A fresh address for one WebSocket: the ticket in it is good once. */
  async liveAddress(): Promise<string> {
    const { ticket } = await this.post("/auth/ws-ticket");
    const url = new URL(`${this.#options.baseUrl}/ws/events`);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("ticket", ticket);
    return url.toString();
  }

  #typed<O>(method: Method, path: string, options: Options<O> | undefined): Promise<AnswerOf<O>> {
    return this.send(method, path, (options ?? {}) as Untyped) as Promise<AnswerOf<O>>;
  }

  /** A request the document does not know the path of; typed ones go through it. */
  async send(method: Method, path: string, options: Untyped = {}): Promise<unknown> {
    const key = options.idempotencyKey ?? (method === "get" ? undefined : newKey());
    for (let attempt = 0; ; attempt++) {
      const isLast = attempt >= (this.#options.retriesMax ?? RETRIES_MAX);
      try {
        return await this.#once(method, path, options, key);
      } catch (error) {
        if (isLast || options.signal?.aborted || !(error instanceof Refusal)) throw unwrapped(error);
        await pause(error.waitMs ?? backoffMs(attempt), options.signal);
      }
    }
  }

  async #once(method: Method, path: string, options: Untyped, key: string | undefined): Promise<unknown> {
    const headers: Record<string, string> = { accept: "application/json", ...this.#authentication(), ...options.headers };
    if (key !== undefined) headers["idempotency-key"] = key;
    if (options.ifMatch !== undefined) headers["if-match"] = options.ifMatch;
    const init: RequestInit = { method: method.toUpperCase(), headers, credentials: "include" };
    if (options.body !== undefined) {
      headers["content-type"] = "application/json";
      init.body = JSON.stringify(options.body);
    }
    const limit = AbortSignal.timeout(this.#options.timeoutMs ?? TIMEOUT_MS);
    init.signal = options.signal ? AbortSignal.any([options.signal, limit]) : limit;
    const ask = this.#options.fetch ?? fetch;
    let response: Response;
    let text: string;
    try {
      response = await ask(this.#options.baseUrl + filled(path, options.path) + encoded(options.query), init);
      text = await response.text();
    } catch (cause) {
      if (options.signal?.aborted) throw cause;
      // Done or not is unknown: the same key makes it safe to ask again.
      throw new Refusal(new ApiError(0, "NETWORK_ERROR", "The API does not answer. Is it running, and reachable from here?"));
    }
    const body = parsed(text);
    if (response.ok) return body;
    const error = readError(response.status, body);
    if (!NOT_NOW.includes(response.status)) throw error;
    const waitMs = retryAfterMs(response.headers.get("retry-after"));
    if (waitMs !== undefined && waitMs > RETRY_AFTER_MAX_MS) throw error;
    throw new Refusal(error, waitMs);
  }

  #authentication(): Record<string, string> {
    const given = this.#options.credentials;
    const credentials = typeof given === "function" ? given() : given;
    if (credentials === undefined) return {};
    if ("apiKey" in credentials) return { "x-api-key": credentials.apiKey };
    if ("token" in credentials) return { authorization: `Bearer ${credentials.token}` };
    return { "x-csrf-token": credentials.csrfToken };
  }
}

/** An error after which the same request may be sent again. */
class Refusal {
  constructor(
    readonly error: ApiError,
    readonly waitMs?: number,
  ) {}
}

const unwrapped = (error: unknown): unknown => (error instanceof Refusal ? error.error : error);

const backoffMs = (attempt: number): number => RETRY_FIRST_MS * 2 ** attempt * (0.5 + Math.random() / 2);

/** Seconds, or a date (RFC 9110, section 10.2.3). */
export function retryAfterMs(header: string | null, now = Date.now()): number | undefined {
  if (header === null) return undefined;
  const seconds = Number(header);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(header) - now;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      signal?.removeEventListener("abort", stop);
      resolve();
    }
    function stop() {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener("abort", stop, { once: true });
  });
}

function filled(path: string, given: Record<string, unknown> | undefined): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = given?.[name];
    if (value === undefined) throw new TypeError(`${path} needs ${name}`);
    return encodeURIComponent(String(value));
  });
}

function encoded(query: Record<string, unknown> | undefined): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

// crypto.randomUUID exists on https and loopback only; a demo is often opened over a plain LAN address.
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
