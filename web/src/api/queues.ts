import { asList, asNumber, asRecord, asText, asTexts, asTime, type Wire } from "./read";

/** A phone that answers a queue besides the agents. */
export interface QueuePhone {
  name: string;
  destination: string;
  wrapUpSeconds: number;
}

/** A line callers wait on. */
export interface Queue {
  id: string;
  name: string;
  maxSize: number;
  music: string;
  /** Null: as long as the caller likes. */
  timeoutSeconds: number | null;
  phones: QueuePhone[];
  agentIds: string[];
  skills: string[];
}

export const readQueue = (row: Wire<"Queue">): Queue => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  maxSize: asNumber(row.maxSize) ?? 0,
  music: asText(row.music) ?? "",
  timeoutSeconds: asNumber(row.timeoutSeconds),
  phones: asList(row.phones).map((phone: Wire<"QueuePhone">) => ({
    name: asText(phone.name) ?? "",
    destination: asText(phone.destination) ?? "",
    wrapUpSeconds: asNumber(phone.wrapUpSeconds) ?? 0,
  })),
  agentIds: asTexts(row.agentIds),
  skills: asTexts(row.skills),
});

export const AGENT_STATUSES = ["available", "away", "dnd", "offline"] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/** How an agent is shown: what it set, unless a call or a missing connection says otherwise. */
export const SHOWN_STATUSES = ["available", "on-call", "away", "dnd", "offline"] as const;
export type ShownStatus = (typeof SHOWN_STATUSES)[number];

/** Somebody who answers the calls of queues. */
export interface Agent {
  id: string;
  userId: string | null;
  name: string;
  destination: string;
  skills: string[];
  /** What it set. */
  status: AgentStatus | null;
  shown: ShownStatus | null;
  shownSince: number | null;
  /** The call it is on. */
  callId: string | null;
  /** Screens its user has open. */
  connections: number;
  needsConnection: boolean;
  wrapUpSeconds: number;
}

export const readAgent = (row: Wire<"Agent">): Agent => {
  const presence: Wire<"AgentPresence"> = asRecord(row.presence);
  return {
    id: asText(row.id) ?? "",
    userId: asText(row.userId),
    name: asText(row.name) ?? "",
    destination: asText(row.destination) ?? "",
    skills: asTexts(row.skills),
    status: AGENT_STATUSES.find((status) => status === row.status) ?? null,
    shown: SHOWN_STATUSES.find((status) => status === presence.status) ?? null,
    shownSince: asTime(presence.since),
    callId: asText(presence.currentCallId),
    connections: asNumber(presence.connections) ?? 0,
    needsConnection: row.needsConnection === true,
    wrapUpSeconds: asNumber(row.wrapUpSeconds) ?? 0,
  };
};

/** What a dot cannot say: that it is connected, or must be and is not. */
export function connectionOf({ connections, needsConnection, userId }: Agent): string {
  if (connections > 0) return "Online";
  if (needsConnection) return "Not connected";
  return userId === null ? "Phone only" : "";
}

/** The agents that answer a queue: those it names, or every one, of them those with all its skills. */
export function answeringAgents(queue: Pick<Queue, "agentIds" | "skills">, agents: Agent[]): Agent[] {
  const named = queue.agentIds.length === 0 ? agents : agents.filter(({ id }) => queue.agentIds.includes(id));
  return named.filter(({ skills }) => queue.skills.every((skill) => skills.includes(skill)));
}
