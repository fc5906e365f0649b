/** How the live connection stands. "idle" before sign-in. */
export type LinkState = "idle" | "connecting" | "open" | "waiting";

const FIRST_DELAY_MS = 500;
const MAX_DELAY_MS = 20_000;
const PING_EVERY_MS = 20_000;
const SILENCE_MAX_MS = 45_000;

/** Exponential, capped, with full jitter in its upper half, so that a restarted server is not met by all tabs at once. */
export function backoffMs(attempt: number, random: number): number {
  const ceiling = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempt, 16));
  return Math.round(ceiling / 2 + (ceiling / 2) * random);
}

export interface LinkOptions {
  /** A fresh address for each attempt: the ticket in it is good once. */
  address: () => Promise<string>;
  channels: string[];
  onEvent: (payload: unknown) => void;
  onState: (state: LinkState, retryAt: number | null) => void;
  /** After a connection was lost and is back without what happened in between: it must be asked for. */
  onResumed: () => void;
  /** Whether events of other processes of the platform do not arrive for now. */
  onDegraded: (degraded: boolean) => void;
  /** In place of the platform's own WebSocket, where it has none (Node.js before 22). */
  open?: ((address: string) => WebSocket) | undefined;
}

const OPEN = 1;

/** One WebSocket that keeps itself alive until `close`. */
export class LiveLink {
  readonly #options: LinkOptions;
  #socket: WebSocket | null = null;
  #attempt = 0;
  #opened = false;
  #closed = false;
  #heardAt = 0;
  /** The place of the last event heard, to go on behind it after a break. */
  #position: string | null = null;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #ping: ReturnType<typeof setInterval> | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    globalThis.addEventListener?.("online", this.retryNow);
    void this.#connect();
  }

  close(): void {
    this.#closed = true;
    globalThis.removeEventListener?.("online", this.retryNow);
    clearTimeout(this.#retry);
    clearInterval(this.#ping);
    this.#socket?.close(1000);
    this.#options.onState("idle", null);
  }

  readonly retryNow = (): void => {
    if (this.#closed || this.#socket) return;
    clearTimeout(this.#retry);
    void this.#connect();
  };

  async #connect(): Promise<void> {
    this.#options.onState("connecting", null);
    try {
      const address = await this.#options.address();
      if (this.#closed) return;
      this.#open(this.#options.open?.(address) ?? new WebSocket(address));
    } catch {
      this.#later();
    }
  }

  #open(socket: WebSocket): void {
    this.#socket = socket;
    socket.onmessage = (message) => this.#receive(message.data);
    socket.onclose = () => {
      if (this.#socket !== socket) return;
      this.#socket = null;
      clearInterval(this.#ping);
      this.#later();
    };
    socket.onopen = () => {
      this.#heardAt = Date.now();
      const after = this.#position ?? undefined;
      socket.send(JSON.stringify({ type: "subscribe", channels: this.#options.channels, after }));
      this.#ping = setInterval(() => this.#beat(socket), PING_EVERY_MS);
    };
  }

  #receive(raw: unknown): void {
    this.#heardAt = Date.now();
    let message: unknown;
    try {
      message = JSON.parse(String(raw));
    } catch {
      return;
    }
    if (typeof message !== "object" || message === null || !("type" in message)) return;
    if ("degraded" in message) this.#options.onDegraded(message.degraded === true);
    // The greeting's place counts only where no event was heard before the break.
    const isPlaced = message.type === "event" || (message.type === "connected" && this.#position === null);
    if (isPlaced && "position" in message && typeof message.position === "string") this.#position = message.position;
    if (message.type === "lagged") this.#position = null;
    if (message.type === "subscribed") this.#ready("resumed" in message && message.resumed === true);
    if (message.type === "event" && "payload" in message) this.#options.onEvent(message.payload);
  }

  /** Live only once subscribed: between connect and subscribe events would be missed. */
  #ready(resumed: boolean): void {
    this.#attempt = 0;
    this.#options.onState("open", null);
    if (this.#opened && !resumed) this.#options.onResumed();
    this.#opened = true;
  }

  #beat(socket: WebSocket): void {
    if (Date.now() - this.#heardAt > SILENCE_MAX_MS) socket.close(4000);
    else if (socket.readyState === OPEN) socket.send(JSON.stringify({ type: "ping" }));
  }

  #later(): void {
    if (this.#closed) return;
    const delay = backoffMs(this.#attempt++, Math.random());
    this.#options.onState("waiting", Date.now() + delay);
    this.#retry = setTimeout(() => void this.#connect(), delay);
  }
}
