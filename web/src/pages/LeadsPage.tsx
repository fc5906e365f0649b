import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Contact, Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { patch, post } from "@/api/client";
import { LEAD_STATUSES, type Lead } from "@/api/leads";
import { CALLS_PER_PAGE, campaignsQuery, leadsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { SearchBox } from "@/components/SearchBox";
import { Missing } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { NativeSelect } from "@/components/ui/input";
import { formatPhone } from "@/format/phone";
import { formatFull } from "@/format/time";
import { toSentence } from "@/format/words";

const TONES: Record<string, Tone> = {
  NEW: "info",
  CONVERTED: "live",
  QUALIFIED: "live",
  IN_CALL: "live",
  DIALING: "live",
  LOST: "neutral",
  DO_NOT_CALL: "bad",
  FAILED: "bad",
};

function LeadStatus({ status }: { status: string | null }) {
  return status === null ? <Missing /> : <Badge tone={TONES[status] ?? "neutral"}>{toSentence(status)}</Badge>;
}

export function LeadsPage() {
  const { user } = useAuth();
  const { q = "", page = 1, status } = useSearch({ from: "/leads" });
  const navigate = useNavigate({ from: "/leads" });
  const leads = useQuery(leadsQuery(page, { search: q || undefined, status }));
  const [edited, setEdited] = useState<Lead | "new" | null>(null);
  const canWrite = may(user, "leads:write");
  const columns = useMemo<Columns<Lead>>(
    () => [
      {
        id: "name",
        header: "Lead",
        cell: ({ row: { original: lead } }) => (
          <>
            <span className="block font-medium">
              {lead.name === lead.number ? formatPhone(lead.number) : lead.name}
            </span>
            {lead.name === lead.number ? null : <Phone value={lead.number} className="text-[13px] text-soft" />}
          </>
        ),
      },
      { id: "status", header: "Status", cell: ({ row }) => <LeadStatus status={row.original.status} /> },
      {
        id: "campaign",
        header: "Campaign",
        cell: ({ row }) => <span className="text-soft">{row.original.campaignName ?? <Missing />}</span>,
      },
      {
        id: "tags",
        header: "Tags",
        cell: ({ row }) => <span className="text-soft">{row.original.tags.join(", ")}</span>,
      },
      {
        id: "contact",
        header: "Last spoke",
        cell: ({ row }) => (
          <span className="text-soft">
            {row.original.lastContactedAt === null ? "Never" : formatFull(row.original.lastContactedAt)}
          </span>
        ),
      },
    ],
    [],
  );
  const narrow = (change: { q?: string | undefined; status?: string | undefined }) =>
    void navigate({ search: { q: q || undefined, status, ...change }, replace: true });
  return (
    <>
      <PageHeader
        title="Leads"
        hint="People behind the numbers"
        actions={
          canWrite ? (
            <Button onClick={() => setEdited("new")}>
              <Plus /> New lead
            </Button>
          ) : null
        }
      />
      <Card>
        <div className="flex flex-wrap gap-3 border-b border-line p-3 sm:px-5">
          <SearchBox label="Search leads" value={q} onChange={(value) => narrow({ q: value || undefined })} />
          <NativeSelect
            aria-label="Status"
            className="w-auto"
            value={status ?? ""}
            onChange={(event) => narrow({ status: event.target.value || undefined })}
          >
            <option value="">Every status</option>
            {LEAD_STATUSES.map((each) => (
              <option key={each} value={each}>
                {toSentence(each)}
              </option>
            ))}
          </NativeSelect>
        </div>
        <ListBody
          query={leads}
          what="Leads"
          icon={Contact}
          emptyTitle={q || status ? "No lead matches" : "No leads yet"}
          emptyHint="Add somebody, or send them through the API."
        >
          {(items) => (
            <DataTable
              label="Leads"
              columns={columns}
              rows={items}
              rowId={(lead) => lead.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setEdited(row)}>
                  {content}
                </button>
              )}
              card={(lead) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => setEdited(lead)}
                >
                  <span className="min-w-0">
                    <span className="block truncate font-medium">
                      {lead.name === lead.number ? formatPhone(lead.number) : lead.name}
                    </span>
                    <span className="block truncate text-[13px] text-soft">
                      {lead.name === lead.number ? lead.campaignName : formatPhone(lead.number)}
                    </span>
                  </span>
                  <LeadStatus status={lead.status} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      <Pager
        page={page}
        totalPages={leads.data?.totalPages ?? null}
        full={(leads.data?.items.length ?? 0) >= CALLS_PER_PAGE}
        onPage={(next) => void navigate({ search: { q: q || undefined, status, page: next > 1 ? next : undefined } })}
      />
      {edited ? <LeadDialog lead={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
    </>
  );
}

function LeadDialog({ lead, onClose }: { lead: Lead | null; onClose: () => void }) {
  const campaigns = useQuery(campaignsQuery);
  if (campaigns.data === undefined) return null;
  const campaignOptions = campaigns.data.items.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={lead ? lead.name : "New lead"}
      className="sm:max-w-xl"
      fields={[
        { name: "phoneNumber", label: "Number", kind: "tel", required: true, half: true },
        { name: "status", label: "Status", kind: "select", options: choices(...LEAD_STATUSES), half: true },
        { name: "firstName", label: "First name", half: true },
        { name: "lastName", label: "Last name", half: true },
        { name: "email", label: "E-mail", kind: "email", half: true },
        { name: "company", label: "Company", half: true },
        { name: "city", label: "City", half: true },
        { name: "state", label: "State", half: true },
        {
          name: "campaignId",
          label: "Campaign",
          kind: "select",
          options: [{ value: "", label: "None" }, ...campaignOptions],
        },
        { name: "tags", label: "Tags", hint: "With commas between" },
        { name: "notes", label: "Notes", kind: "area" },
      ]}
      initial={{
        phoneNumber: lead?.number ?? "",
        status: lead?.status ?? "NEW",
        firstName: lead?.firstName ?? "",
        lastName: lead?.lastName ?? "",
        email: lead?.email ?? "",
        company: lead?.company ?? "",
        city: lead?.city ?? "",
        state: lead?.state ?? "",
        campaignId: lead?.campaignId ?? "",
        tags: lead?.tags.join(", ") ?? "",
        notes: lead?.notes ?? "",
      }}
      save={(values) => {
        const or = (text: string | undefined) => text || null;
        const body = {
          phoneNumber: values.phoneNumber ?? "",
          status: (values.status as (typeof LEAD_STATUSES)[number] | undefined) ?? "NEW",
          firstName: or(values.firstName),
          lastName: or(values.lastName),
          email: or(values.email),
          company: or(values.company),
          city: or(values.city),
          state: or(values.state),
          campaignId: or(values.campaignId),
          tags: (values.tags ?? "")
            .split(",")
            .map((tag) => tag.trim())
            .filter(Boolean),
          notes: or(values.notes),
        } satisfies Wire<"CreateLeadRequest">;
        return lead ? patch(`/api/v1/leads/${lead.id}`, body) : post("/api/v1/leads", body);
      }}
      done={lead ? "Lead saved" : "Lead added"}
      stale={["leads"]}
    />
  );
}
