import { toSentence } from "@/format/words";
import { Missing } from "./States";
import { Badge, type Tone } from "./ui/badge";

const TONES: Record<string, Tone> = {
  ACTIVE: "live",
  DRAFT: "info",
  PAUSED: "warn",
  PORTING: "info",
  SUSPENDED: "warn",
  FAILED: "bad",
  PENDING: "info",
  PENDING_APPROVAL: "warn",
  VERIFIED: "live",
  INVALID: "bad",
  REVOKED: "bad",
  EXPIRED: "warn",
  INACTIVE: "neutral",
  ARCHIVED: "neutral",
};

export function ResourceStatus({ status }: { status: string | null }) {
  if (status === null) return <Missing />;
  const key = status.toUpperCase();
  return <Badge tone={TONES[key] ?? "neutral"}>{toSentence(key)}</Badge>;
}

export const choices = (...values: string[]) => values.map((value) => ({ value, label: toSentence(value) }));
