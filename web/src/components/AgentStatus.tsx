import type { AgentStatus, ShownStatus } from "@/api/queues";
import { Missing } from "./States";
import { Badge, type Tone } from "./ui/badge";

const STATUS: Record<ShownStatus, { label: string; tone: Tone }> = {
  available: { label: "Available", tone: "live" },
  "on-call": { label: "On a call", tone: "info" },
  away: { label: "Away", tone: "warn" },
  dnd: { label: "Do not disturb", tone: "bad" },
  offline: { label: "Offline", tone: "neutral" },
};

export const agentStatusLabel = (status: AgentStatus | ShownStatus): string => STATUS[status].label;

export function AgentState({ status }: { status: ShownStatus | null }) {
  if (status === null) return <Missing />;
  return (
    <Badge tone={STATUS[status].tone}>
      <span aria-hidden className="size-2 rounded-full bg-current" />
      {STATUS[status].label}
    </Badge>
  );
}
