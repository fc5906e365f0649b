import { Check, Minus, Split, X } from "lucide-react";
import type { ReactNode } from "react";
import { type CallDetail, isLive } from "@/api/calls";
import { useBuyerName } from "@/components/names";
import { Empty } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { formatClock } from "@/format/time";
import { toWords } from "@/format/words";
import { type Search, searchesOf, type Tried } from "./routing";
import { rejectionText } from "./timeline";

export function RoutingDecisions({ call }: { call: CallDetail }) {
  const searches = searchesOf(call);
  const sold = searches.some((search) => search.sold);
  return (
    <Card>
      <CardHeader
        title={sold || isLive(call) ? "Why this buyer, and why not the others" : "Why no buyer took the call"}
        hint={searches.length > 0 ? "As decided during the call and stored with it" : undefined}
      />
      {searches.length === 0 ? (
        <Empty icon={Split} title="No buyer was looked for">
          The call ended before, or its flow leads to no buyer.
        </Empty>
      ) : (
        searches.map((search, index) => <Decision key={index} search={search} ended={!isLive(call)} />)
      )}
    </Card>
  );
}

interface FigureColumn {
  label: string;
  shown: (search: Search) => boolean;
  value: (candidate: Tried) => ReactNode;
}

/** What the strategy went by; other figures would only distract. */
const FIGURES: FigureColumn[] = [
  {
    label: "Score",
    shown: ({ strategy }) => strategy === "performance" || strategy === "hybrid",
    value: ({ score }) => (score === null ? "none yet" : score.toFixed(3)),
  },
  {
    label: "Weight",
    shown: ({ strategy }) => strategy === "weighted",
    value: ({ weight }) => weight,
  },
  {
    label: "Priority",
    shown: ({ strategy }) => strategy === "priority",
    value: ({ priority }) => priority,
  },
  {
    label: "Calls then",
    shown: ({ strategy, candidates }) =>
      strategy === "least-calls" || candidates.some(({ activeCalls }) => (activeCalls ?? 0) > 0),
    value: ({ activeCalls }) => activeCalls,
  },
];

interface DecisionProps {
  search: Search;
  ended: boolean;
}

function Decision({ search, ended }: DecisionProps) {
  const nameOf = useBuyerName();
  const { candidates, rejected } = search;
  const figures = candidates.length === 0 ? [] : FIGURES.filter(({ shown }) => shown(search));
  const width = 2 + figures.length;
  return (
    <div className="border-t border-line">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1 px-4 pt-3 text-[13px] text-soft sm:px-5">
        {search.strategy ? <Badge tone="info">{toWords(search.strategy)}</Badge> : null}
        {search.node ? <span>at “{search.node}” of the flow</span> : null}
        {search.from !== null ? <span>· {formatClock(search.from)}</span> : null}
      </p>
      <div className="overflow-x-auto">
        <table className="w-full text-left">
          <thead>
            <tr className="text-xs text-soft">
              <th scope="col" className="py-2 pr-3 pl-4 font-medium sm:pl-5">
                Buyer
              </th>
              {figures.map(({ label }) => (
                <Num key={label}>{label}</Num>
              ))}
              <th scope="col" className="px-3 py-2 font-medium">
                Why
              </th>
            </tr>
          </thead>
          <tbody className="divide-y divide-line border-t border-line">
            {candidates.map((candidate, index) => {
              const chosen = candidate.outcome?.mood === "good";
              return (
                <tr key={index} className={cn(chosen && "bg-live-soft/60")}>
                  <td className="py-2.5 pr-3 pl-4 sm:pl-5">
                    <span className="flex items-center gap-3">
                      <Rank value={candidate.rank ?? index + 1} chosen={chosen} />
                      <span className="font-medium">{nameOf(candidate.buyer) ?? "Unnamed buyer"}</span>
                    </span>
                  </td>
                  {figures.map(({ label, value }) => (
                    <Num key={label} cell>
                      {value(candidate)}
                    </Num>
                  ))}
                  <td className="px-3 py-2.5">
                    <Why candidate={candidate} sold={search.sold} ended={ended} />
                  </td>
                </tr>
              );
            })}
            {rejected.length > 0 ? (
              <tr>
                <th
                  scope="rowgroup"
                  colSpan={width}
                  className="bg-sunken/60 px-4 py-1.5 text-xs font-medium text-soft sm:px-5"
                >
                  Ruled out, not dialled
                </th>
              </tr>
            ) : null}
            {rejected.map((item, index) => (
              <tr key={index}>
                <td className="py-2.5 pr-3 pl-4 sm:pl-5">
                  <span className="flex items-center gap-3">
                    <span className="grid size-6 shrink-0 place-items-center rounded-full bg-sunken text-soft">
                      <X className="size-3.5" aria-hidden="true" />
                    </span>
                    <span className="text-soft">{nameOf(item.buyer) ?? "Unnamed buyer"}</span>
                  </span>
                </td>
                <td colSpan={width - 1} className="px-3 py-2.5">
                  {rejectionText(item.code)}
                  {item.detail ? <span className="text-[13px] text-soft"> · {item.detail}</span> : null}
                </td>
              </tr>
            ))}
            {candidates.length === 0 && rejected.length === 0 ? (
              <tr>
                <td colSpan={width} className="px-4 py-4 text-soft sm:px-5">
                  There was no buyer to choose from.
                </td>
              </tr>
            ) : null}
          </tbody>
        </table>
      </div>
    </div>
  );
}

function Why({ candidate: { outcome }, sold, ended }: { candidate: Tried; sold: boolean; ended: boolean }) {
  if (outcome) {
    return (
      <>
        <span
          className={cn(
            "font-medium",
            outcome.mood === "good" && "text-live-text",
            outcome.mood === "warn" && "text-warn-text",
          )}
        >
          {outcome.text}
        </span>
        {outcome.detail ? <span className="text-[13px] text-soft"> · {outcome.detail}</span> : null}
      </>
    );
  }
  if (sold) return <span className="text-soft">Not needed: an earlier one took the call</span>;
  return <span className="text-soft">{ended ? "Not dialled: the call ended first" : "Next, if need be"}</span>;
}

function Rank({ value, chosen }: { value: number; chosen: boolean }) {
  return (
    <span
      className={cn(
        "tabular grid size-6 shrink-0 place-items-center rounded-full text-xs font-semibold",
        chosen ? "bg-live text-[#06281c]" : "bg-sunken text-soft",
      )}
    >
      {chosen ? <Check className="size-3.5" aria-label={`Rank ${value}, chosen`} /> : value > 0 ? value : <Minus />}
    </span>
  );
}

function Num({ children, cell }: { children: ReactNode; cell?: boolean }) {
  return cell ? (
    <td className="tabular hidden px-3 py-2.5 text-right sm:table-cell">{children}</td>
  ) : (
    <th scope="col" className="hidden px-3 py-2 text-right font-medium sm:table-cell">
      {children}
    </th>
  );
}
