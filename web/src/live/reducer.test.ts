import { describe, expect, it } from "vitest";
import { readCall } from "@/api/calls";
import {
  applyEvent,
  applySnapshot,
  EMPTY_LIVE,
  ENDED_VISIBLE_MS,
  type EventEnvelope,
  phaseOf,
  prune,
  readEnvelope,
} from "./reducer";

const START = 1_795_449_600_000;
let nextId = 0;
const event = (name: string, sequence: number, data: object = {}): EventEnvelope => ({
  event: name,
  id: `e${nextId++}`,
  at: START + sequence * 1000,
  data: { callId: "c1", sequence, ...data },
});
const play = (...events: EventEnvelope[]) => events.reduce(applyEvent, EMPTY_LIVE);
const started = () => event("call.started", 0, { from: "+15550001111", to: "+15559990000" });
const call = (state: ReturnType<typeof play>) => {
  const found = state.calls.get("c1");
  if (!found) throw new Error("the call is not in the state");
  return found;
};

describe("the life of a call", () => {
  it("goes through every phase and keeps its parties", () => {
    const state = play(
      started(),
      event("call.answered", 1),
      event("call.leg.ringing", 2, { buyerId: "b1" }),
      event("call.bridged", 5, { buyerId: "b1" }),
    );
    expect(call(state)).toMatchObject({
      phase: "connected",
      from: "+15550001111",
      buyer: { id: "b1", name: null },
      connectedAt: START + 5000,
    });
  });

  it("loses a buyer that failed and rings the next", () => {
    const failed = play(
      started(),
      event("call.leg.started", 2, { buyerId: "b1" }),
      event("call.leg.failed", 4, { failure: "busy" }),
    );
    expect(call(failed)).toMatchObject({ phase: "answered", buyer: null });
    const waiting = applyEvent(failed, event("call.prompt.played", 5, { buyerId: "b1" }));
    expect(call(waiting).buyer).toBeNull();
    const next = applyEvent(failed, event("call.leg.started", 5, { buyerId: "b2" }));
    expect(call(next)).toMatchObject({ phase: "ringing", buyer: { id: "b2" } });
  });

  it("goes back to ringing with the next buyer, but never back from its end", () => {
    const ringing = play(
      started(),
      event("call.leg.ringing", 2, { buyerId: "a" }),
      event("call.leg.ringing", 4, { buyerId: "b" }),
    );
    expect(call(ringing).buyer?.id).toBe("b");
    const ended = [event("call.ended", 6, { cause: "normal" }), event("call.leg.ringing", 7)].reduce(
      applyEvent,
      ringing,
    );
    expect(call(ended)).toMatchObject({ phase: "ended", endedAt: START + 6000, endReason: "normal" });
  });

  it("takes events in any order", () => {
    const events = [started(), event("call.answered", 1), event("call.leg.ringing", 2), event("call.bridged", 5)];
    const forward = call(events.reduce(applyEvent, EMPTY_LIVE));
    const backward = call([...events].reverse().reduce(applyEvent, EMPTY_LIVE));
    expect(backward).toMatchObject({ phase: forward.phase, from: forward.from, connectedAt: forward.connectedAt });
  });

  it("counts a repeated event once", () => {
    const ringing = event("call.leg.ringing", 2, { buyerId: "a" });
    const state = play(started(), ringing, event("call.bridged", 3));
    expect(applyEvent(state, ringing)).toBe(state);
  });

  it("ignores events of nobody and of unknown calls without a phase", () => {
    expect(applyEvent(EMPTY_LIVE, { event: "billing.charged", id: null, at: START, data: {} }).calls.size).toBe(0);
    expect(applyEvent(EMPTY_LIVE, event("call.play", 3)).calls.size).toBe(0);
  });
});

describe("a snapshot", () => {
  const wire = (fields: object) => readCall({ id: "c1", status: "ANSWERED", fromNumber: "+15550001111", ...fields });

  it("does not turn a connected call back to answered", () => {
    const state = play(started(), event("call.bridged", 5, { buyerId: "a" }));
    expect(call(applySnapshot(state, [wire({})], START, START + 6000)).phase).toBe("connected");
  });
  it("ends calls that vanished, except those that began since it was asked for", () => {
    const state = play(started());
    expect(call(applySnapshot(state, [], START + 60_000, START + 60_100)).phase).toBe("ended");
    expect(call(applySnapshot(state, [], START + 500, START + 900)).phase).toBe("arriving");
    expect(call(applySnapshot(state, [], START + 60_000, START + 60_100, false)).phase).toBe("arriving");
  });
  it("fills in names the events did not carry", () => {
    const state = play(started(), event("call.leg.ringing", 2, { buyerId: "b1" }));
    const next = applySnapshot(
      state,
      [wire({ status: "RINGING", buyerId: "b1", buyerName: "Solar Pros" })],
      START,
      START + 3000,
    );
    expect(call(next).buyer).toEqual({ id: "b1", name: "Solar Pros" });
  });
});

it("forgets ended calls after a while", () => {
  const state = play(started(), event("call.ended", 4));
  expect(prune(state, START + 4000 + ENDED_VISIBLE_MS).calls.size).toBe(1);
  expect(prune(state, START + 4001 + ENDED_VISIBLE_MS).calls.size).toBe(0);
});

it("reads envelopes and refuses others", () => {
  expect(
    readEnvelope({ event: "call.ended", id: "x", timestamp: "2026-11-23T16:00:00Z", data: { callId: "c" } }, 0),
  ).toEqual({
    event: "call.ended",
    id: "x",
    at: START,
    data: { callId: "c" },
  });
  expect(readEnvelope("call.ended", 0)).toBeNull();
  expect(readEnvelope({ data: {} }, 0)).toBeNull();
});

it("knows which events tell a phase", () => {
  expect(phaseOf("call.leg.started")).toBe("ringing");
  expect(phaseOf("call.leg.ended")).toBe("answered");
  expect(phaseOf("call.ended")).toBe("ended");
  expect(phaseOf("call.recording.started")).toBeUndefined();
});
