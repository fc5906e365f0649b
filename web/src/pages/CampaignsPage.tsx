import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Megaphone, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { patch, post } from "@/api/client";
import { campaignsQuery, flowsQuery, publishersQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { Campaign } from "@/api/resources";
import { refName } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { toDecimal } from "@/format/money";
import { plural, toSentence } from "@/format/words";

export function CampaignsPage() {
  const campaigns = useQuery(campaignsQuery);
  const [edited, setEdited] = useState<Campaign | "new" | null>(null);
  const columns = useMemo<Columns<Campaign>>(
    () => [
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
    ],
    [],
  );
  return (
    <>
      <PageHeader
        title="Campaigns"
        hint="What the calls are for: publisher, flow and numbers together"
        actions={
          <Button onClick={() => setEdited("new")}>
            <Plus /> New campaign
          </Button>
        }
      />
      <Card>
        <ListBody
          query={campaigns}
          what="Campaigns"
          icon={Megaphone}
          emptyTitle="No campaigns yet"
          emptyHint="A campaign ties numbers to a publisher and to a flow."
        >
          {(items) => (
            <DataTable
              label="Campaigns"
              columns={columns}
              rows={items}
              rowId={(campaign) => campaign.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setEdited(row)}>
                  {content}
                </button>
              )}
              card={(campaign) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => setEdited(campaign)}
                >
                  <span className="min-w-0">
                    <span className="block truncate font-medium">{campaign.name}</span>
                    <span className="block truncate text-[13px] text-soft">
                      {[
                        refName(campaign.publisher),
                        refName(campaign.flow),
                        campaign.calls === null ? null : plural(campaign.calls, "call"),
                      ]
                        .filter(Boolean)
                        .join(" · ")}
                    </span>
                  </span>
                  <ResourceStatus status={campaign.status} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      {edited ? <CampaignDialog campaign={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
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
  const publishers = useQuery(publishersQuery);
  const flows = useQuery(flowsQuery);
  const named = (items: { id: string; name: string }[] | undefined) =>
    (items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  const fields: FormField[] = [
    { name: "name", label: "Name", required: true },
    ...(campaign
      ? []
      : [
          {
            name: "publisherId",
            label: "Publisher",
            kind: "select" as const,
            required: true,
            options: [{ value: "", label: "Choose…" }, ...named(publishers.data?.items)],
          },
        ]),
    {
      name: "flowId",
      label: "Flow",
      kind: "select",
      options: [{ value: "", label: "None" }, ...named(flows.data?.items)],
    },
    { name: "routingMode", label: "Routing", kind: "select", options: choices("STATIC", "PERFORMANCE", "HYBRID") },
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
        payout: campaign?.payout ? toDecimal(campaign.payout.amount, 4) : "",
        payoutAfter: String(campaign?.payout?.afterSeconds ?? 0),
        status: campaign?.status ?? "ACTIVE",
      }}
      save={({ name, publisherId, flowId, routingMode, status, payout, payoutAfter }) => {
        const terms = payout ? { amount: payout, afterSeconds: Number(payoutAfter || 0) } : null;
        const shared = {
          name,
          routingMode,
          status,
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
