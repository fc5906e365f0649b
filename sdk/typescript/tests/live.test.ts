import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { backoffMs, LiveLink } from "../src/live";

it("backs off exponentially, with jitter, up to a bound", () => {
  expect(backoffMs(0, 0)).toBe(250);
  expect(backoffMs(0, 1)).toBe(500);
  expect(backoffMs(3, 1)).toBe(4000);
  expect(backoffMs(500, 1)).toBe(20_000);
  expect(backoffMs(500, 0)).toBe(10_000);
});

/** What the browser gives: only what the link uses. */
class Wire {
  static readonly OPEN = 1;
  static readonly all: Wire[] = [];
  readonly sent: unknown[] = [];
  readonly readyState = Wire.OPEN;
  onopen?: () => void;
  onclose?: () => void;
  onmessage?: (message: { data: string }) => void;
  constructor() {
    Wire.all.push(this);
  }
  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }
  close(): void {
    this.onclose?.();
  }
  hear(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  Wire.all.length = 0;
  vi.stubGlobal("WebSocket", Wire);
  vi.stubGlobal("window", { addEventListener: () => {}, removeEventListener: () => {} });
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settle = () => vi.advanceTimersByTimeAsync(25_000);

it("goes on behind the last event heard, and asks again only for what it missed", async () => {
  const onResumed = vi.fn();
  const onDegraded = vi.fn();
  const address = async () => "ws://here";
  const link = new LiveLink({
    address,
    channels: ["call.*"],
    onEvent: () => {},
    onState: () => {},
    onResumed,
    onDegraded,
  });
  await vi.advanceTimersByTimeAsync(0);
  const [first] = Wire.all;
  first?.onopen?.();
  expect(first?.sent).toEqual([{ type: "subscribe", channels: ["call.*"] }]);
  first?.hear({ type: "connected", position: "7-0", degraded: true });
  expect(onDegraded).toHaveBeenLastCalledWith(true);
  first?.hear({ type: "subscribed", channels: ["call.*"] });
  first?.hear({ type: "event", position: "7-3", payload: {} });
  first?.hear({ type: "status", degraded: false });
  expect(onDegraded).toHaveBeenLastCalledWith(false);
  first?.close();
  await settle();
  const second = Wire.all[1];
  second?.onopen?.();
  second?.hear({ type: "connected", position: "7-9" });
  expect(second?.sent).toEqual([{ type: "subscribe", channels: ["call.*"], after: "7-3" }]);
  second?.hear({ type: "subscribed", channels: ["call.*"], resumed: true });
  expect(onResumed).not.toHaveBeenCalled();
  second?.hear({ type: "lagged", missed: 3 });
  second?.close();
  await settle();
  const third = Wire.all[2];
  third?.onopen?.();
  expect(third?.sent).toEqual([{ type: "subscribe", channels: ["call.*"] }]);
  third?.hear({ type: "subscribed", channels: ["call.*"] });
  expect(onResumed).toHaveBeenCalledTimes(1);
  link.close();
});
