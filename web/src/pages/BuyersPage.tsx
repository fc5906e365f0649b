import { useQuery } from "@tanstack/react-query";
import { Building2, Clock3, ListFilter, Pencil, PhoneForwarded, Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import { buyersPage } from "@/api/queries";
import { type Buyer, CAP_NAMES, type CapName, type Endpoint, type Filters, type Usage } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { refName } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { ListFiles } from "@/components/ListFiles";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { PickFilter } from "@/components/PickFilter";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { UsageBar } from "@/components/UsageBar";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { formatMoney } from "@/format/money";
import { formatPhone } from "@/format/phone";
import { formatDurationWords } from "@/format/time";
import { usePolling } from "@/live/LiveStatus";
import { BuyerDialog, CAP_LABELS } from "./BuyerDialog";
import { EndpointDialog } from "./EndpointDialog";

export function BuyersPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const filter = { search: list.q || undefined, status: list.status, publisherId: list.publisherId };
  const buyers = useQuery({ ...buyersPage(list.page, filter), refetchInterval: usePolling() });
  const [edited, setEdited] = useState<Buyer | null>(null);
  const [endpoint, setEndpoint] = useState<{ buyer: Buyer; endpoint: Endpoint | null } | null>(null);
  const canWrite = may(user, "buyers:write");
  const add = canWrite ? (
    <DialogButton label="New buyer">{(close) => <BuyerDialog buyer={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader
        title="Buyers"
        hint="Those who take the calls, and how many they want"
        actions={
          <>
            <ListFiles
              path="/api/v1/buyers"
              what="buyer"
              columns="publisherId, name, code, status, timeZone, caps, weight, priority"
              filter={filter}
              mayImport={may(user, "buyers:write")}
              stale={["buyers"]}
            />
            {add}
          </>
        }
      />
      <FilteredList
        query={buyers}
        list={list}
        label="Buyers"
        icon={Building2}
        search="Search buyers"
        statuses={choices("ACTIVE", "INACTIVE")}
        filters={
          <PickFilter list={list} name="publisherId" kind="publisher" label="Publisher" none="Every publisher" />
        }
        empty={{
          title: "No buyers yet",
          matched: "No buyer matches",
          hint: "A call can be sold once there is one.",
          action: add,
        }}
        tile={(buyer) => (
          <li key={buyer.id}>
            <BuyerCard
              buyer={buyer}
              onEdit={canWrite ? () => setEdited(buyer) : null}
              onEndpoint={canWrite ? (endpoint) => setEndpoint({ buyer, endpoint }) : null}
            />
          </li>
        )}
      />
      {edited ? <BuyerDialog buyer={edited} onClose={() => setEdited(null)} /> : null}
      {endpoint ? <EndpointDialog {...endpoint} onClose={() => setEndpoint(null)} /> : null}
    </>
  );
}

interface BuyerCardProps {
  buyer: Buyer;
  /** Null: the signed-in user may not. */
  onEdit: (() => void) | null;
  onEndpoint: ((endpoint: Endpoint | null) => void) | null;
}

function BuyerCard({ buyer, onEdit, onEndpoint }: BuyerCardProps) {
  const caps = CAP_NAMES.map((name): [CapName, Usage] => [name, buyer.caps[name]]).filter(
    ([name, usage]) => usage.limit !== null || name === "concurrency" || name === "daily",
  );
  return (
    <Card className="flex h-full flex-col">
      <div className="flex items-start justify-between gap-3 px-4 pt-4 sm:px-5">
        <div className="min-w-0">
          <h2 className="truncate text-[15px] font-semibold tracking-tight">{buyer.name}</h2>
          <p className="truncate text-[13px] text-soft">
            {[buyer.code, refName(buyer.publisher)].filter(Boolean).join(" · ")}
          </p>
        </div>
        <span className="flex items-center gap-1.5">
          <ResourceStatus status={buyer.status} />
          {onEdit ? (
            <Button variant="ghost" size="icon-sm" aria-label={`Edit ${buyer.name}`} onClick={onEdit}>
              <Pencil />
            </Button>
          ) : null}
        </span>
      </div>
      {buyer.price !== null ? (
        <p className="px-4 pt-3 sm:px-5">
          <span className="text-lg font-semibold tracking-tight">
            {formatMoney(buyer.price.amount, buyer.price.currency)}
          </span>{" "}
          <span className="text-[13px] text-soft">
            a call
            {buyer.price.afterSeconds === null || buyer.price.afterSeconds === 0
              ? ", on connection"
              : ` after ${formatDurationWords(buyer.price.afterSeconds)}`}
          </span>
        </p>
      ) : null}
      <dl className="grid gap-3 px-4 py-4 sm:px-5">
        {caps.map(([name, usage]) => (
          <UsageBar key={name} label={CAP_LABELS[name]} usage={usage} />
        ))}
      </dl>
      <div className="mt-auto grid gap-1.5 border-t border-line px-4 py-3 text-[13px] sm:px-5">
        <Row icon={<Clock3 />}>
          {buyer.hours
            ? `${buyer.hours.windows.join("; ") || "Never open"}${buyer.hours.timezone ? ` (${buyer.hours.timezone})` : ""}`
            : "Open at all hours"}
        </Row>
        {takenOnly(buyer.filters) ? <Row icon={<ListFilter />}>{takenOnly(buyer.filters)}</Row> : null}
        {buyer.endpoints?.map((endpoint) => (
          <EndpointRow key={endpoint.id} endpoint={endpoint} onEdit={onEndpoint ? () => onEndpoint(endpoint) : null} />
        ))}
        {buyer.endpoints?.length === 0 ? <Row icon={<PhoneForwarded />}>No endpoint: it cannot be called</Row> : null}
        {onEndpoint ? (
          <Button variant="ghost" size="sm" className="-mx-2 justify-self-start" onClick={() => onEndpoint(null)}>
            <Plus /> Add endpoint
          </Button>
        ) : null}
      </div>
    </Card>
  );
}

/** "Only 212, 646; state is NY or NJ": what a call must be like, or null when every call is taken. */
function takenOnly(filters: Filters): string | null {
  const parts = [
    filters.areaCodes.length > 0 ? `only area codes ${filters.areaCodes.join(", ")}` : null,
    filters.areaCodesRefused.length > 0 ? `not from ${filters.areaCodesRefused.join(", ")}` : null,
    filters.attestationMin ? `attested ${filters.attestationMin} or better` : null,
    ...filters.tags.map(
      (rule) =>
        `${rule.tag} ${rule.refuse ? "is not" : "is"} ${rule.anyOf.length > 0 ? rule.anyOf.join(" or ") : "set"}`,
    ),
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : `Takes ${parts.join("; ")}`;
}

function EndpointRow({ endpoint, onEdit }: { endpoint: Endpoint; onEdit: (() => void) | null }) {
  const off = endpoint.status !== null && endpoint.status !== "ACTIVE";
  return (
    <div className="flex items-center justify-between gap-2">
      <Row icon={<PhoneForwarded />}>
        {formatPhone(endpoint.destination)}
        {off ? ` (${endpoint.status?.toLowerCase()})` : ""}
      </Row>
      {onEdit ? (
        <Button
          variant="ghost"
          size="icon-sm"
          className="size-6 [&_svg]:size-3.5"
          aria-label={`Edit endpoint ${endpoint.destination}`}
          onClick={onEdit}
        >
          <Pencil />
        </Button>
      ) : null}
    </div>
  );
}

function Row({ icon, children }: { icon: ReactNode; children: ReactNode }) {
  return (
    <p className="flex min-w-0 items-start gap-2 text-soft [&_svg]:mt-0.5 [&_svg]:size-3.5 [&_svg]:shrink-0">
      <span aria-hidden="true">{icon}</span>
      <span className="min-w-0 break-words">{children}</span>
    </p>
  );
}
