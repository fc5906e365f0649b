import { type LinkState, LiveLink } from "@hopwhistle/sdk";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useMemo, useReducer, useRef, useState } from "react";
import type { Call } from "@/api/calls";
import { post } from "@/api/client";
import { socketUrl } from "@/api/config";
import { liveCallsQuery } from "@/api/queries";
import { asRecord, asText } from "@/api/read";
import {
  applyEvent,
  applySnapshot,
  EMPTY_LIVE,
  type EventEnvelope,
  type LiveState,
  prune,
  readEnvelope,
} from "./reducer";

interface LiveContext {
  state: LiveState;
  link: LinkState;
  retryAt: number | null;
  /** Events of other processes of the platform do not arrive for now. */
  degraded: boolean;
  retryNow: () => void;
  /** False until the calls under way were loaded once. */
  loaded: boolean;
  error: unknown;
}

const Context = createContext<LiveContext | null>(null);

type Action =
  | { kind: "event"; envelope: EventEnvelope }
  | { kind: "snapshot"; calls: Call[]; askedAt: number; complete: boolean }
  | { kind: "tick" };

function reduce(state: LiveState, action: Action): LiveState {
  switch (action.kind) {
    case "event":
      return applyEvent(state, action.envelope);
    case "snapshot":
      return applySnapshot(state, action.calls, action.askedAt, Date.now(), action.complete);
    case "tick":
      return prune(state, Date.now());
  }
}

/** Refetching for every event of a busy minute would load the API for nothing: at most so often. */
const REFRESH_EVERY_MS = 700;
const CHANNELS = ["call.*", "billing.*", "recording.*", "agent.*"];

export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [state, dispatch] = useReducer(reduce, EMPTY_LIVE);
  const [link, setLink] = useState<{ state: LinkState; retryAt: number | null }>({ state: "idle", retryAt: null });
  const [degraded, setDegraded] = useState(false);
  const held = useRef<LiveLink | null>(null);
  const snapshot = useQuery(liveCallsQuery);

  useEffect(() => {
    if (snapshot.data) dispatch({ kind: "snapshot", ...snapshot.data });
  }, [snapshot.data]);

  useEffect(() => {
    let pending: ReturnType<typeof setTimeout> | undefined;
    const touched = new Set<string>();
    const refresh = () => {
      pending = undefined;
      void client.invalidateQueries({ queryKey: ["calls", "list"] });
      void client.invalidateQueries({ queryKey: ["calls", "live"] });
      void client.invalidateQueries({ queryKey: ["summary"] });
      void client.invalidateQueries({ queryKey: ["balance"] });
      void client.invalidateQueries({ queryKey: ["buyers"] });
      for (const id of touched) void client.invalidateQueries({ queryKey: ["calls", "one", id] });
      touched.clear();
    };
    const opened = new LiveLink({
      channels: CHANNELS,
      address: async () => {
        const ticket = asText(asRecord(await post("/auth/ws-ticket")).ticket);
        if (ticket === null) throw new Error("The API gave no ticket for live updates.");
        return `${socketUrl("/ws/events")}?ticket=${encodeURIComponent(ticket)}`;
      },
      onState: (next, retryAt) => setLink({ state: next, retryAt }),
      onDegraded: setDegraded,
      onResumed: () => void client.invalidateQueries(),
      onEvent: (payload) => {
        const envelope = readEnvelope(payload, Date.now());
        if (!envelope) return;
        if (envelope.event === "agent.status.changed") {
          void client.invalidateQueries({ queryKey: ["agents"] });
          return;
        }
        dispatch({ kind: "event", envelope });
        const id = asText(envelope.data.callId) ?? asText(envelope.data.call);
        if (id) touched.add(id);
        pending ??= setTimeout(refresh, REFRESH_EVERY_MS);
      },
    });
    held.current = opened;
    return () => {
      clearTimeout(pending);
      opened.close();
    };
  }, [client]);

  useEffect(() => {
    const timer = setInterval(() => dispatch({ kind: "tick" }), 2000);
    return () => clearInterval(timer);
  }, []);

  const value = useMemo<LiveContext>(
    () => ({
      state,
      link: link.state,
      retryAt: link.retryAt,
      degraded: degraded && link.state === "open",
      retryNow: () => held.current?.retryNow(),
      loaded: snapshot.data !== undefined,
      error: snapshot.error,
    }),
    [state, link, degraded, snapshot.data, snapshot.error],
  );
  return <Context value={value}>{children}</Context>;
}

export function useLive(): LiveContext {
  const value = useContext(Context);
  if (!value) throw new Error("useLive needs a LiveProvider above it");
  return value;
}
