import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Contact, History, PhoneOutgoing } from "lucide-react";
import { useState } from "react";
import { patch, post } from "@/api/client";
import { LEAD_STATUSES, type Lead } from "@/api/leads";
import { leadsQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { ListFiles } from "@/components/ListFiles";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { PickFilter } from "@/components/PickFilter";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
import { formatPhone } from "@/format/phone";
import { formatFull } from "@/format/time";
import { toSentence } from "@/format/words";
import { PlaceCallDialog } from "./PlaceCallDialog";

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

const nameOf = (lead: Lead) => (lead.name === lead.number ? formatPhone(lead.number) : lead.name);

const columns: Columns<Lead> = [
  {
    id: "name",
    header: "Lead",
    cell: ({ row: { original: lead } }) => (
      <>
        <span className="block font-medium">{nameOf(lead)}</span>
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
];

export function LeadsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const filter = { search: list.q || undefined, status: list.status, campaignId: list.campaignId };
  const leads = useQuery(leadsQuery(list.page, filter));
  const [called, setCalled] = useState<Lead | null>(null);
  const add = may(user, "leads:write") ? (
    <DialogButton label="New lead">{(close) => <LeadDialog lead={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader
        title="Leads"
        hint="People behind the numbers"
        actions={
          <>
            <ListFiles
              path="/api/v1/leads"
              what="lead"
              columns="phoneNumber, firstName, lastName, email, company, state, tags, notes"
              filter={filter}
              mayImport={may(user, "leads:write")}
              stale={["leads"]}
            />
            {add}
          </>
        }
      />
      <FilteredList
        query={leads}
        list={list}
        label="Leads"
        icon={Contact}
        search="Search leads"
        statuses={choices(...LEAD_STATUSES)}
        filters={<PickFilter list={list} name="campaignId" kind="campaign" label="Campaign" none="Every campaign" />}
        empty={{
          title: "No leads yet",
          matched: "No lead matches",
          hint: "Add somebody, or import a file of them.",
        }}
        columns={columns}
        summary={(lead) => ({
          title: nameOf(lead),
          text: lead.name === lead.number ? lead.campaignName : formatPhone(lead.number),
          state: <LeadStatus status={lead.status} />,
        })}
        rowActions={(lead) => (
          <>
            {may(user, "calls:read") ? (
              <Button variant="ghost" size="icon-sm" asChild>
                <Link to="/calls" search={{ leadId: lead.id }} aria-label={`Calls of ${lead.name}`}>
                  <History />
                </Link>
              </Button>
            ) : null}
            {may(user, "calls:write") ? <CallLead lead={lead} onCall={setCalled} /> : null}
          </>
        )}
        dialog={(lead, close) => <LeadDialog lead={lead} onClose={close} />}
      />
      {called ? (
        <PlaceCallDialog
          initial={{ toNumber: called.number, campaignId: called.campaignId ?? "" }}
          onClose={() => setCalled(null)}
        />
      ) : null}
    </>
  );
}

function CallLead({ lead, onCall }: { lead: Lead; onCall: (lead: Lead) => void }) {
  return (
    <Button variant="ghost" size="icon-sm" aria-label={`Call ${lead.name}`} onClick={() => onCall(lead)}>
      <PhoneOutgoing />
    </Button>
  );
}

function LeadDialog({ lead, onClose }: { lead: Lead | null; onClose: () => void }) {
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
        { name: "campaignId", label: "Campaign", kind: "pick", pick: "campaign", none: "None" },
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
