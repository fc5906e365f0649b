import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Circle, CircleCheck } from "lucide-react";
import { buyersQuery, campaignsQuery, flowsQuery, publishersQuery, trunksQuery } from "@/api/queries";
import type { Place } from "@/components/navigation";

interface Step {
  to: Place["to"];
  label: string;
  hint: string;
  /** null: not known yet, or not to be seen by whoever is signed in. */
  done: boolean | null;
}

/** What must be there before a call can be sold, in its order, and what of it is. */
function useSteps(): Step[] {
  const trunks = useQuery(trunksQuery).data?.items;
  const publishers = useQuery(publishersQuery).data?.items;
  const buyers = useQuery(buyersQuery).data?.items;
  const flows = useQuery(flowsQuery).data?.items;
  const campaigns = useQuery(campaignsQuery).data?.items;
  const any = <T,>(items: T[] | undefined, test: (item: T) => boolean) => items?.some(test) ?? null;
  return [
    {
      to: "/trunks",
      label: "A trunk",
      hint: "where your carrier's calls come from",
      done: any(trunks, ({ status }) => status === "ACTIVE"),
    },
    { to: "/publishers", label: "A publisher", hint: "who brings the calls", done: any(publishers, () => true) },
    {
      to: "/buyers",
      label: "A buyer with an endpoint",
      hint: "who takes them, and what one is worth",
      done: any(buyers, ({ endpoints }) => (endpoints?.length ?? 0) > 0),
    },
    {
      to: "/flows",
      label: "A published flow",
      hint: "what callers hear",
      done: any(flows, ({ publishedVersion }) => publishedVersion !== null),
    },
    {
      to: "/campaigns",
      label: "A campaign with that flow",
      hint: "publisher and flow together",
      done: any(campaigns, ({ flow }) => flow !== null),
    },
    {
      to: "/numbers",
      label: "A number of the campaign",
      hint: "bought, added, or out of a file",
      done: any(campaigns, ({ numbers }) => (numbers ?? 0) > 0),
    },
  ];
}

/** Leads a new tenant to its first call. */
export function FirstSteps() {
  const steps = useSteps();
  const left = steps.some(({ done }) => done !== true);
  return (
    <div className="border-t border-line px-4 py-4 sm:px-5">
      <p className="font-medium">{left ? "What the first call needs" : "Everything is there for the first call"}</p>
      <p className="text-[13px] text-soft">
        {left ? "In this order; each step leads to its page." : "Dial the number of a campaign: the call will be here."}
      </p>
      <ol aria-label="First steps" className="mt-3 grid gap-1">
        {steps.map(({ to, label, hint, done }) => (
          <li key={to} className="flex items-start gap-2.5 py-1">
            {done ? (
              <CircleCheck className="mt-0.5 size-4 shrink-0 text-live-text" aria-hidden="true" />
            ) : (
              <Circle className="mt-0.5 size-4 shrink-0 text-soft" aria-hidden="true" />
            )}
            <span>
              {done ? <span className="sr-only">Done: </span> : null}
              <Link to={to} className="text-link underline">
                {label}
              </Link>
              <span className="text-[13px] text-soft">: {hint}</span>
            </span>
          </li>
        ))}
      </ol>
    </div>
  );
}
