import { useQuery } from "@tanstack/react-query";
import { Hash, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { patch, post } from "@/api/client";
import { CALLS_PER_PAGE, campaignsQuery, numbersQuery } from "@/api/queries";
import type { PhoneNumber } from "@/api/resources";
import { Phone, refName } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { SearchBox } from "@/components/SearchBox";
import { Missing } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { formatPhone, normaliseSearch } from "@/format/phone";

export function NumbersPage() {
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [edited, setEdited] = useState<PhoneNumber | "new" | null>(null);
  const numbers = useQuery(numbersQuery(page, normaliseSearch(search)));
  const columns = useMemo<Columns<PhoneNumber>>(
    () => [
      {
        id: "number",
        header: "Number",
        cell: ({ row }) => <Phone value={row.original.number} className="font-medium" />,
      },
      { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
      {
        id: "campaign",
        header: "Campaign",
        cell: ({ row }) => refName(row.original.campaign) ?? <span className="text-soft">Not assigned</span>,
      },
      { id: "provider", header: "Provider", cell: ({ row }) => row.original.provider ?? <Missing /> },
      {
        id: "capabilities",
        header: "Can",
        cell: ({ row }) => (
          <span className="flex gap-1.5">
            {row.original.capabilities.map((name) => (
              <Badge key={name}>{name}</Badge>
            ))}
          </span>
        ),
      },
    ],
    [],
  );
  return (
    <>
      <PageHeader
        title="Numbers"
        hint="The tracking numbers callers dial"
        actions={
          <Button onClick={() => setEdited("new")}>
            <Plus /> Add number
          </Button>
        }
      />
      <Card>
        <div className="border-b border-line p-3 sm:px-5">
          <SearchBox
            label="Search numbers"
            value={search}
            onChange={(value) => {
              setSearch(value);
              setPage(1);
            }}
          />
        </div>
        <ListBody
          query={numbers}
          what="Numbers"
          icon={Hash}
          emptyTitle={search ? "No number matches" : "No numbers yet"}
          emptyHint="Add the number your carrier routes to this platform."
        >
          {(items) => (
            <DataTable
              label="Numbers"
              columns={columns}
              rows={items}
              rowId={(number) => number.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setEdited(row)}>
                  {content}
                </button>
              )}
              card={(number) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => setEdited(number)}
                >
                  <span>
                    <Phone value={number.number} className="font-medium" />
                    <span className="block text-[13px] text-soft">{refName(number.campaign) ?? "Not assigned"}</span>
                  </span>
                  <ResourceStatus status={number.status} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={numbers.data?.totalPages ?? null}
        full={(numbers.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={setPage}
      />
      {edited ? <NumberDialog number={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

function NumberDialog({ number, onClose }: { number: PhoneNumber | null; onClose: () => void }) {
  const campaigns = useQuery(campaignsQuery);
  const campaignOptions = [
    { value: "", label: "None" },
    ...(campaigns.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name })),
  ];
  const campaign = { name: "campaignId", label: "Campaign", kind: "select" as const, options: campaignOptions };
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={number ? formatPhone(number.number) : "Add number"}
      fields={
        number
          ? [
              { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE", "SUSPENDED") },
              campaign,
            ]
          : [
              {
                name: "number",
                label: "Number",
                kind: "tel",
                required: true,
                placeholder: "+15551234567",
                hint: "With plus and country code (E.164)",
              },
              campaign,
            ]
      }
      initial={
        number
          ? { status: number.status ?? "ACTIVE", campaignId: number.campaign?.id ?? "" }
          : { number: "", campaignId: "" }
      }
      save={(values) =>
        number
          ? patch(`/api/v1/numbers/${number.id}`, { status: values.status, campaignId: values.campaignId || null })
          : post("/api/v1/numbers", {
              number: normaliseSearch(values.number ?? ""),
              ...(values.campaignId ? { campaignId: values.campaignId } : {}),
            })
      }
      done={number ? "Number saved" : "Number added"}
      stale={["numbers", "campaigns"]}
    />
  );
}
