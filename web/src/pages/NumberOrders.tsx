import { useQuery } from "@tanstack/react-query";
import { ShoppingCart } from "lucide-react";
import { type NumberOrder, orderRemedy, providerName } from "@/api/numbers";
import { numberOrdersQuery } from "@/api/queries";
import { Phone } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { Missing } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Card, CardHeader } from "@/components/ui/card";
import { formatDayTime } from "@/format/time";

const STATES: Record<string, { label: string; tone: Tone }> = {
  pending: { label: "Under way", tone: "warn" },
  done: { label: "Done", tone: "live" },
  failed: { label: "Failed", tone: "bad" },
};

/** What was bought and given back lately, and how it stands. */
export function NumberOrders() {
  const orders = useQuery(numberOrdersQuery);
  if (orders.data?.items.length === 0) return null;
  return (
    <Card className="mt-5">
      <CardHeader title="Orders" hint="The last purchases and releases" />
      <div className="border-t border-line">
        <ListBody query={orders} what="Orders" icon={ShoppingCart} emptyTitle="No orders yet">
          {(items) => (
            <ul aria-label="Orders" className="max-h-96 divide-y divide-line overflow-y-auto">
              {items.map((order) => (
                <OrderRow key={order.id} order={order} />
              ))}
            </ul>
          )}
        </ListBody>
      </div>
    </Card>
  );
}

function OrderRow({ order }: { order: NumberOrder }) {
  const state = STATES[order.state ?? ""];
  const remedy = orderRemedy(order);
  return (
    <li className="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1 px-4 py-3 sm:px-5">
      <span className="min-w-0">
        <Phone value={order.number} className="font-medium" />
        <span className="block text-[13px] text-soft">
          {order.kind === "release" ? "Release to" : "Purchase from"} {providerName(order.provider)}
          {order.updatedAt === null ? "" : `, ${formatDayTime(order.updatedAt)}`}
        </span>
      </span>
      {state ? <Badge tone={state.tone}>{state.label}</Badge> : <Missing />}
      {order.error && order.state !== "done" ? (
        <p className="col-span-2 text-[13px] text-bad-text">{order.error}</p>
      ) : null}
      {remedy ? <p className="col-span-2 text-[13px] text-soft">{remedy}</p> : null}
    </li>
  );
}
