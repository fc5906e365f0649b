import { Clock } from "lucide-react";
import { useState } from "react";
import type { CallDetail } from "@/api/calls";
import { useBuyerName } from "@/components/names";
import { Empty } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { formatFull, formatOffset } from "@/format/time";
import { type Mood, tell } from "./timeline";

const DOT: Record<Mood, string> = {
  plain: "bg-line-strong",
  good: "bg-live",
  warn: "bg-warn",
  bad: "bg-bad",
};

export function Timeline({ call }: { call: CallDetail }) {
  const nameOf = useBuyerName();
  const [all, setAll] = useState(false);
  const lines = tell(call.timeline, nameOf);
  const quiet = [...lines.values()].filter((line) => line.quiet).length;
  const shown = call.timeline.filter((event) => all || !lines.get(event.sequence)?.quiet);
  const start = call.timeline[0]?.at ?? call.startedAt;
  return (
    <Card>
      <CardHeader
        title="What happened"
        actions={
          quiet > 0 ? (
            <Button variant="ghost" size="sm" aria-pressed={all} onClick={() => setAll(!all)}>
              {all ? "Main events only" : `Show all ${call.timeline.length}`}
            </Button>
          ) : null
        }
      />
      {call.timeline.length === 0 ? (
        <Empty icon={Clock} title="No events yet" />
      ) : (
        <ol className="px-4 pb-4 sm:px-5">
          {shown.map((event) => {
            const line = lines.get(event.sequence);
            if (!line) return null;
            return (
              <li
                key={event.sequence}
                className="group relative grid animate-arrive grid-cols-[auto_minmax(0,1fr)_auto] gap-x-3 pb-3.5 last:pb-0"
              >
                <span className="relative flex w-2.5 justify-center">
                  <span
                    className={cn(
                      "mt-[5px] size-2.5 shrink-0 rounded-full",
                      DOT[line.mood],
                      line.quiet && "size-1.5 opacity-70",
                    )}
                    aria-hidden="true"
                  />
                  <span className="absolute top-[18px] -bottom-3 w-px bg-line group-last:hidden" aria-hidden="true" />
                </span>
                <span className={cn("min-w-0 break-words", line.quiet && "text-[13px] text-soft")}>
                  {line.text}
                  {line.detail ? <span className="block text-[13px] text-soft">{line.detail}</span> : null}
                </span>
                <time
                  className="tabular pt-px text-xs text-soft"
                  {...(event.at === null
                    ? {}
                    : { dateTime: new Date(event.at).toISOString(), title: formatFull(event.at) })}
                >
                  {event.at === null || start === null ? "" : formatOffset(event.at - start)}
                </time>
              </li>
            );
          })}
        </ol>
      )}
    </Card>
  );
}
