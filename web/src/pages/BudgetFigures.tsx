import { Mail, MessageSquare } from "lucide-react";
import { type ReactNode, useId } from "react";
import { type Budget, type BudgetAlert, webhookOf } from "@/api/budget";
import type { Wire } from "@/api/read";
import type { FormField } from "@/components/ResourceDialog";
import { SpendBar } from "@/components/SpendBar";
import { parts } from "@/components/TagRulesEditor";
import { formatRate } from "@/format/money";
import { formatDayTime } from "@/format/time";
import { plural } from "@/format/words";

/** What is spent of a budget, what follows from it, who is told, and what they were told last. */
export function BudgetFigures({ budget }: { budget: Budget }) {
  const { currency, daily, monthly, threshold, emails, hasSlack } = budget;
  const nobody = emails.length === 0 && !hasSlack;
  return (
    <div className="grid gap-5">
      {budget.enabled ? null : (
        <p className="rounded-lg bg-warn-soft px-3 py-2 text-[13px] text-warn-text">
          The budget is switched off: nothing is refused, and nobody is told.
        </p>
      )}
      <dl className="grid gap-4">
        <SpendBar label="Today" spend={daily} currency={currency} threshold={threshold} />
        <SpendBar label="This month" spend={monthly} currency={currency} threshold={threshold} />
      </dl>
      <p className="text-[13px] text-soft">
        {budget.stops
          ? "Once a limit is used up, calls that are placed are refused; calls that come in never are."
          : "Calls go on over a limit; it only says when people are told."}{" "}
        Days and months are those of the tenant’s time zone. What is charged in another currency than {currency} does
        not count.
      </p>
      <Part title="Who is told">
        <p className="text-[13px] text-soft">
          {nobody ? "Nobody yet" : `From ${threshold} % of a limit on, and once more when it is used up:`}
        </p>
        {nobody ? null : (
          <ul aria-label="Who is told" className="mt-1.5 grid gap-1 text-[13px]">
            {emails.map((email) => (
              <li key={email} className="flex items-center gap-2">
                <Mail className="size-4 shrink-0 text-soft" aria-hidden="true" />
                <span className="min-w-0 break-words">{email}</span>
              </li>
            ))}
            {hasSlack ? (
              <li className="flex items-center gap-2">
                <MessageSquare className="size-4 shrink-0 text-soft" aria-hidden="true" /> A Slack webhook
              </li>
            ) : null}
          </ul>
        )}
      </Part>
      <Part title="Last alerts">
        {budget.alerts.length === 0 ? (
          <p className="text-[13px] text-soft">None yet</p>
        ) : (
          <ul
            aria-label="Last alerts"
            className="mt-1.5 divide-y divide-line rounded-lg border border-line text-[13px]"
          >
            {budget.alerts.map((alert) => (
              <AlertRow key={alert.id} alert={alert} currency={currency} />
            ))}
          </ul>
        )}
      </Part>
    </div>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  const id = useId();
  return (
    <section aria-labelledby={id}>
      <h3 id={id} className="text-[13px] font-medium">
        {title}
      </h3>
      {children}
    </section>
  );
}

function AlertRow({ alert, currency }: { alert: BudgetAlert; currency: string }) {
  const { via, pending } = alert;
  const ways = [
    via.length > 0 ? `Told by ${via.join(" and ")}` : null,
    pending > 0 ? `${plural(pending, "way")} still to go` : null,
  ].filter(Boolean);
  return (
    <li className="px-3 py-2">
      <span className="flex flex-wrap justify-between gap-x-3">
        <span className="font-medium">{alert.title}</span>
        <span className="text-soft">{alert.at === null ? "" : formatDayTime(alert.at)}</span>
      </span>
      <span className="tabular block text-soft">
        {formatRate(alert.spent, currency)} of {formatRate(alert.limit, currency)}
        {alert.percent === null ? "" : ` · ${alert.percent} %`}
      </span>
      <span className="block text-soft">{ways.length > 0 ? ways.join("; ") : "There was nobody to tell"}</span>
      {alert.error && pending > 0 ? <span className="block break-words text-bad-text">{alert.error}</span> : null}
    </li>
  );
}

/** Fields of who is told; the same for the tenant and for the operator. */
export const alertFields = (budget: Budget | null): FormField[] => [
  {
    name: "alertThreshold",
    label: "Told from, percent of a limit",
    kind: "number",
    required: true,
  },
  {
    name: "alertEmails",
    label: "E-mail addresses",
    placeholder: "billing@acme.example, cfo@acme.example",
    hint: "With commas between, at most 20",
  },
  ...(budget?.hasSlack
    ? [
        {
          name: "slack",
          label: "Slack webhook",
          kind: "select" as const,
          options: [
            { value: "keep", label: "Keep the one that is set" },
            { value: "set", label: "Another one" },
            { value: "none", label: "None" },
          ],
        },
      ]
    : []),
  {
    name: "alertSlackWebhook",
    label: budget?.hasSlack ? "Address of the other webhook" : "Slack webhook",
    placeholder: "https://hooks.slack.com/services/…",
    hint: "Kept sealed, and never shown again",
    when: ({ slack }) => slack === undefined || slack === "set",
  },
];

export const alertValues = (budget: Budget | null): Record<string, string> => ({
  alertThreshold: String(budget?.threshold ?? 80),
  alertEmails: budget?.emails.join(", ") ?? "",
  ...(budget?.hasSlack ? { slack: "keep" } : {}),
  alertSlackWebhook: "",
});

export const alertBody = (values: Record<string, string>) =>
  ({
    alertThreshold: Number(values.alertThreshold),
    alertEmails: parts(values.alertEmails),
    alertSlackWebhook: webhookOf(values.slack, values.alertSlackWebhook),
  }) satisfies Wire<"UpdateBudgetAlertsRequest">;
