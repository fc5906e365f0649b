import type { AgentStatus } from "@/api/queues";
import { Missing } from "./States";
import { Badge, type Tone } from "./ui/badge";

const STATUS: Record<AgentStatus, { label: string; tone: Tone }> = {
  available: { label: "Available", tone: "live" },
  away: { label: "Away", tone: "warn" },
  dnd: { label: "Do not disturb", tone: "bad" },
  offline: { label: "Offline", tone: "neutral" },
};

export const agentStatusLabel = (status: AgentStatus): string => STATUS[status].label;

export function AgentState({ status }: { status: AgentStatus | null }) {
  if (status === null) return <Missing />;
  return <Badge tone={STATUS[status].tone}>{STATUS[status].label}</Badge>;
}
