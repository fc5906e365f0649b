import { useQuery } from "@tanstack/react-query";
import { ReceiptText } from "lucide-react";
import { useMemo, useState } from "react";
import { balanceQuery } from "@/api/queries";
import { type CallRates, type RateCard, rateCardsQuery, standingOf } from "@/api/rateCards";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { choices } from "@/components/ResourceStatus";
import { Badge, type Tone } from "@/components/ui/badge";
import type { Columns } from "@/components/ui/data-table";
import { formatRate } from "@/format/money";
import { formatEnd } from "@/format/time";
import { RateCardDialog, RateCardView } from "./RateCardDialog";

const STANDINGS: Record<ReturnType<typeof standingOf>, { label: string; tone: Tone }> = {
  valid: { label: "Valid", tone: "live" },
  later: { label: "Begins later", tone: "info" },
  over: { label: "Over", tone: "neutral" },
  inactive: { label: "Inactive", tone: "neutral" },
};

function Standing({ card }: { card: RateCard }) {
  const { label, tone } = STANDINGS[standingOf(card, Date.now())];
  return <Badge tone={tone}>{label}</Badge>;
}

const period = ({ from, to }: RateCard) =>
  [
    from === null ? null : `from ${formatEnd(from, Date.now())}`,
    to === null ? null : `until ${formatEnd(to, Date.now())}`,
  ]
    .filter(Boolean)
    .join(" ");

function minutePrice({ perMinute, connectionFee }: CallRates, currency: string): string {
  if (perMinute === null && connectionFee === null) return "Free";
  return [
    perMinute === null ? null : `${formatRate(perMinute, currency)} a minute`,
    connectionFee === null ? null : `${formatRate(connectionFee, currency)} to connect`,
  ]
    .filter(Boolean)
    .join(", ");
}

/** What the platform charges for calls. */
export function RateCardsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const cards = useQuery(rateCardsQuery(list.page, { search: list.q || undefined, status: list.status }));
  const currency = useQuery(balanceQuery).data?.currency ?? "USD";
  const [edited, setEdited] = useState<RateCard | null>(null);
  const canWrite = may(user, "platform:admin");
  const add = canWrite ? (
    <DialogButton label="New rate card">{(close) => <RateCardDialog card={null} onClose={close} />}</DialogButton>
  ) : null;
  const columns = useMemo<Columns<RateCard>>(
    () => [
      { id: "name", header: "Rate card", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
      { id: "period", header: "Valid", cell: ({ row }) => <span className="text-soft">{period(row.original)}</span> },
      { id: "in", header: "Calls in", cell: ({ row }) => minutePrice(row.original.rates.inbound, currency) },
      { id: "out", header: "Calls out", cell: ({ row }) => minutePrice(row.original.rates.outbound, currency) },
      { id: "standing", header: "Status", cell: ({ row }) => <Standing card={row.original} /> },
    ],
    [currency],
  );
  return (
    <>
      <PageHeader
        title="Rate cards"
        hint="What the platform charges for calls. Of those valid when a call ends, the one that began last applies"
        actions={add}
      />
      <FilteredList
        query={cards}
        list={list}
        label="Rate cards"
        icon={ReceiptText}
        search="Search rate cards"
        statuses={choices("ACTIVE", "INACTIVE")}
        empty={{
          title: "No rate cards yet",
          matched: "No rate card matches",
          hint: "Without one the platform charges nothing for calls.",
          action: add,
        }}
        columns={columns}
        summary={(card) => ({
          title: card.name,
          text: `${minutePrice(card.rates.inbound, currency)} · ${period(card)}`,
          state: <Standing card={card} />,
        })}
        dialog={(card, close) => (
          <RateCardView
            card={card}
            currency={currency}
            onEdit={
              canWrite
                ? () => {
                    close();
                    setEdited(card);
                  }
                : null
            }
            onClose={close}
          />
        )}
      />
      {edited ? <RateCardDialog card={edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}
