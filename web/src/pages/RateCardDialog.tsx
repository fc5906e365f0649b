import { useQuery } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { post, request } from "@/api/client";
import { balanceQuery } from "@/api/queries";
import { type RateCard, type Rates, ratesInForm, ratesOf, ratesValues } from "@/api/rateCards";
import type { Wire } from "@/api/read";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { formatRate, type Micros } from "@/format/money";
import { formatFull, fromLocalField, toLocalField } from "@/format/time";
import { RateExample } from "./RateExample";

const price = (name: string, label: string, hint: string): FormField => ({
  name,
  label,
  hint,
  half: true,
  placeholder: "Free",
});

const RECORDINGS = [
  { value: "", label: "Free" },
  { value: "call", label: "By the call" },
  { value: "minute", label: "By the minute" },
];

const PRICE_FIELDS: FormField[] = [
  price("rates.inbound.perMinute", "A minute in", "Each begun minute, from the answer"),
  price("rates.inbound.connectionFee", "Connection fee in", "Once, when answered"),
  price("rates.outbound.perMinute", "A minute out", "Each begun minute, from the answer"),
  price("rates.outbound.connectionFee", "Connection fee out", "Once, when answered"),
  { name: "recordingBy", label: "Recording", kind: "select", options: RECORDINGS, half: true },
  {
    ...price("rates.recording.perCall", "A recorded call", "Once for a call with a recording"),
    when: ({ recordingBy }) => recordingBy === "call",
  },
  {
    ...price("rates.recording.perMinute", "A recorded minute", "Each begun minute recorded"),
    when: ({ recordingBy }) => recordingBy === "minute",
  },
  price("rates.cpa.amount", "A conversion", "Once the buyer has to pay for the call"),
];

const PERIOD: FormField[] = [
  { name: "effectiveFrom", label: "Valid from", kind: "datetime-local", required: true },
  {
    name: "effectiveTo",
    label: "Valid until",
    kind: "datetime-local",
    hint: "Empty: until a newer card begins",
  },
];

const OWNER: FormField = {
  name: "billingAccountId",
  label: "Billing account",
  kind: "pick",
  pick: "account",
  required: true,
  hint: "Whose prices they are. Cards are listed where they belong",
};

/** A new card, or changes of one. For operators of the platform. */
export function RateCardDialog({ card, onClose }: { card: RateCard | null; onClose: () => void }) {
  const balance = useQuery(balanceQuery);
  if (balance.isPending) return null;
  const currency = balance.data?.currency ?? "USD";
  const status: FormField = {
    name: "status",
    label: "Status",
    kind: "select",
    options: choices("ACTIVE", "INACTIVE"),
    hint: "Calls rated before keep their price",
  };
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={card ? card.name : "New rate card"}
      description={`Prices of the platform in ${currency}, up to six decimals. Of the cards valid when a call ends, the one that began last applies.`}
      className="sm:w-[56rem]"
      fields={[
        { name: "name", label: "Name", required: true, placeholder: String(new Date().getFullYear()) },
        ...(card ? [] : [OWNER]),
        ...PERIOD,
        ...PRICE_FIELDS,
        ...(card ? [status] : []),
      ]}
      initial={{
        name: card?.name ?? "",
        billingAccountId: balance.data?.accountId ?? "",
        effectiveFrom: toLocalField(card ? card.from : Date.now()),
        effectiveTo: toLocalField(card?.to ?? null),
        status: card?.status ?? "ACTIVE",
        ...ratesValues(card?.rates ?? null),
      }}
      aside={(values) => <RateExample rates={ratesInForm(values)} currency={currency} />}
      save={(values) => {
        const shared = {
          name: values.name ?? "",
          effectiveTo: fromLocalField(values.effectiveTo),
          rates: ratesOf(values),
        };
        if (card) {
          // A field holds minutes: what was not touched keeps its seconds.
          const begins = values.effectiveFrom !== toLocalField(card.from);
          const body = {
            ...shared,
            status: values.status,
            ...(begins ? { effectiveFrom: fromLocalField(values.effectiveFrom) } : {}),
          } satisfies Wire<"UpdateRateCardRequest">;
          return request("PATCH", `/admin/api/v1/rate-cards/${card.id}`, { body });
        }
        const body = {
          ...shared,
          billingAccountId: values.billingAccountId,
          effectiveFrom: fromLocalField(values.effectiveFrom),
        } satisfies Wire<"CreateRateCardRequest">;
        return post("/admin/api/v1/rate-cards", body);
      }}
      done={card ? "Rate card saved" : "Rate card added"}
      stale={["rate-cards"]}
    />
  );
}

function priceList({ inbound, outbound, recording, conversion }: Rates): [string, Micros | null, string][] {
  return [
    ["Calls in", inbound.perMinute, "a begun minute"],
    ["Calls in", inbound.connectionFee, "when answered"],
    ["Calls out", outbound.perMinute, "a begun minute"],
    ["Calls out", outbound.connectionFee, "when answered"],
    ["Recording", recording?.amount ?? null, recording?.by === "minute" ? "a begun minute" : "a call"],
    ["Conversion", conversion?.amount ?? null, "each"],
  ];
}

interface RateCardViewProps {
  card: RateCard;
  currency: string;
  /** Null: the signed-in user may not. */
  onEdit: (() => void) | null;
  onClose: () => void;
}

/** A card's prices, and what a call costs by them. */
export function RateCardView({ card, currency, onEdit, onClose }: RateCardViewProps) {
  const valid = [
    card.from === null ? null : `From ${formatFull(card.from)}`,
    card.to === null ? "until a newer card begins" : `until ${formatFull(card.to)}`,
  ];
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={card.name}
      description={valid.filter(Boolean).join(" ")}
      className="sm:w-[48rem]"
    >
      <div className="grid gap-5 md:grid-cols-[1fr_19rem]">
        <table className="h-fit w-full text-[13px]">
          <caption className="sr-only">Prices</caption>
          <tbody className="divide-y divide-line">
            {priceList(card.rates).map(([what, amount, unit], index) => (
              <tr key={index}>
                <th scope="row" className="py-2 pr-3 text-left font-medium">
                  {what}
                </th>
                <td className="py-2 pr-3 text-soft">{unit}</td>
                <td className="tabular py-2 text-right">
                  {amount === null ? <span className="text-soft">Free</span> : formatRate(amount, currency)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
        <RateExample rates={card.rates} currency={currency} />
      </div>
      {onEdit ? (
        <div className="mt-5 flex justify-end">
          <Button onClick={onEdit}>
            <Pencil /> Edit
          </Button>
        </div>
      ) : null}
    </Dialog>
  );
}
