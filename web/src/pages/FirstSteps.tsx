import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Circle, CircleCheck } from "lucide-react";
import { STEP_QUERIES } from "@/api/firstSteps";
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
  const done = {
    trunk: useQuery(STEP_QUERIES.trunk).data ?? null,
    publisher: useQuery(STEP_QUERIES.publisher).data ?? null,
    buyer: useQuery(STEP_QUERIES.buyer).data ?? null,
    flow: useQuery(STEP_QUERIES.flow).data ?? null,
    campaign: useQuery(STEP_QUERIES.campaign).data ?? null,
    number: useQuery(STEP_QUERIES.number).data ?? null,
  };
  return [
    {
      to: "/trunks",
      label: "A trunk",
      hint: "where your carrier's calls come from",
      done: done.trunk,
    },
    { to: "/publishers", label: "A publisher", hint: "who brings the calls", done: done.publisher },
    {
      to: "/buyers",
      label: "A buyer with an endpoint",
      hint: "who takes them, and what one is worth",
      done: done.buyer,
    },
    {
      to: "/flows",
      label: "A published flow",
      hint: "what callers hear",
      done: done.flow,
    },
    {
      to: "/campaigns",
      label: "A campaign with that flow",
      hint: "publisher and flow together",
      done: done.campaign,
    },
    {
      to: "/numbers",
      label: "A number of the campaign",
      hint: "bought, added, or out of a file",
      done: done.number,
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
