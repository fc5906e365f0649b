import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Megaphone } from "lucide-react";
import { patch, post } from "@/api/client";
import { campaignsPage } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { Campaign } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { refName } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { PickFilter } from "@/components/PickFilter";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import type { Columns } from "@/components/ui/data-table";
import { toDecimal } from "@/format/money";
import { plural, toSentence } from "@/format/words";

const columns: Columns<Campaign> = [
  { id: "name", header: "Campaign", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
  { id: "publisher", header: "Publisher", cell: ({ row }) => refName(row.original.publisher) ?? <Missing /> },
  { id: "flow", header: "Flow", cell: ({ row }) => <FlowLink campaign={row.original} /> },
  {
    id: "routing",
    header: "Routing",
    cell: ({ row: { original } }) => {
      const way = original.strategy ?? original.routingMode;
      return way ? toSentence(way) : <Missing />;
    },
  },
  {
    id: "numbers",
    header: () => <span className="block text-right">Numbers</span>,
    cell: ({ row }) => <Right>{row.original.numbers}</Right>,
  },
  {
    id: "calls",
    header: () => <span className="block text-right">Calls</span>,
    cell: ({ row }) => <Right>{row.original.calls}</Right>,
  },
];

/** Who brings the calls, what becomes of them, and how many there were. */
const told = ({ publisher, flow, calls }: Campaign) =>
  [refName(publisher), refName(flow), calls === null ? null : plural(calls, "call")].filter(Boolean).join(" · ");

export function CampaignsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const campaigns = useQuery(
    campaignsPage(list.page, {
      search: list.q || undefined,
      status: list.status,
      publisherId: list.publisherId,
      flowId: list.flowId,
    }),
  );
  const canWrite = may(user, "campaigns:write");
  const add = canWrite ? (
    <DialogButton label="New campaign">{(close) => <CampaignDialog campaign={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Campaigns" hint="What the calls are for: publisher, flow and numbers together" actions={add} />
      <FilteredList
        query={campaigns}
        list={list}
        label="Campaigns"
        icon={Megaphone}
        search="Search campaigns"
        statuses={choices("ACTIVE", "PAUSED", "ARCHIVED")}
        filters={
          <>
            <PickFilter list={list} name="publisherId" kind="publisher" label="Publisher" none="Every publisher" />
            <PickFilter list={list} name="flowId" kind="flow" label="Flow" none="Every flow" />
          </>
        }
        empty={{
          title: "No campaigns yet",
          matched: "No campaign matches",
          hint: "A campaign ties numbers to a publisher and to a flow.",
          action: add,
        }}
        columns={columns}
        summary={(campaign) => ({
          title: campaign.name,
          text: told(campaign),
          state: <ResourceStatus status={campaign.status} />,
        })}
        dialog={canWrite ? (campaign, close) => <CampaignDialog campaign={campaign} onClose={close} /> : null}
      />
    </>
  );
}

function Right({ children }: { children: number | null }) {
  return (
    <span className="tabular block text-right">
      {children === null ? <Missing /> : children.toLocaleString("en-US")}
    </span>
  );
}

function FlowLink({ campaign }: { campaign: Campaign }) {
  const id = campaign.flow?.id;
  if (!id) return <span className="text-soft">None</span>;
  return (
    <Link to="/flows/$flowId" params={{ flowId: id }} className="relative z-10 text-link hover:underline">
      {refName(campaign.flow)}
    </Link>
  );
}

function CampaignDialog({ campaign, onClose }: { campaign: Campaign | null; onClose: () => void }) {
  const fields: FormField[] = [
    { name: "name", label: "Name", required: true },
    ...(campaign
      ? []
      : [
          {
            name: "publisherId",
            label: "Publisher",
            kind: "pick" as const,
            pick: "publisher" as const,
            required: true,
          },
        ]),
    { name: "flowId", label: "Flow", kind: "pick", pick: "flow", none: "None" },
    { name: "routingMode", label: "Routing", kind: "select", options: choices("STATIC", "PERFORMANCE", "HYBRID") },
    {
      name: "callerIdPoolId",
      label: "Caller ID",
      kind: "pick",
      pick: "pool",
      none: "No pool",
      hint: "The pool whose numbers calls out show, in turn",
    },
    { name: "payout", label: "Payout to the publisher", placeholder: "As the endpoint says", half: true },
    { name: "payoutAfter", label: "after seconds", kind: "number", half: true },
    {
      name: "status",
      label: "Status",
      kind: "select",
      options: campaign ? choices("ACTIVE", "PAUSED", "ARCHIVED") : choices("ACTIVE", "PAUSED"),
    },
  ];
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={campaign ? campaign.name : "New campaign"}
      fields={fields}
      initial={{
        name: campaign?.name ?? "",
        publisherId: "",
        flowId: campaign?.flow?.id ?? "",
        routingMode: campaign?.routingMode ?? "STATIC",
        callerIdPoolId: campaign?.callerIdPoolId ?? "",
        payout: campaign?.payout ? toDecimal(campaign.payout.amount, 4) : "",
        payoutAfter: String(campaign?.payout?.afterSeconds ?? 0),
        status: campaign?.status ?? "ACTIVE",
      }}
      save={({ name, publisherId, flowId, routingMode, callerIdPoolId, status, payout, payoutAfter }) => {
        const terms = payout ? { amount: payout, afterSeconds: Number(payoutAfter || 0) } : null;
        const shared = {
          name,
          routingMode,
          status,
          callerIdPoolId: callerIdPoolId || null,
          payout: terms satisfies Wire<"CampaignPayout"> | null,
        } satisfies Wire<"UpdateCampaignRequest">;
        return campaign
          ? patch(`/api/v1/campaigns/${campaign.id}`, { ...shared, flowId: flowId || null })
          : post("/api/v1/campaigns", { ...shared, publisherId, ...(flowId ? { flowId } : {}) });
      }}
      done={campaign ? "Campaign saved" : "Campaign created"}
      stale={["campaigns", "numbers"]}
    />
  );
}
