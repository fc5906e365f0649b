import { useQuery } from "@tanstack/react-query";
import { Users } from "lucide-react";
import { patch, post } from "@/api/client";
import { publishersPage } from "@/api/queries";
import type { Publisher } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { ListFiles } from "@/components/ListFiles";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import type { Columns } from "@/components/ui/data-table";
import { formatFull } from "@/format/time";

const STATUSES = choices("ACTIVE", "INACTIVE");

const columns: Columns<Publisher> = [
  { id: "name", header: "Publisher", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  {
    id: "code",
    header: "Code",
    cell: ({ row }) => <span className="text-soft">{row.original.code ?? <Missing />}</span>,
  },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
  {
    id: "created",
    header: "Since",
    cell: ({ row: { original } }) =>
      original.createdAt === null ? <Missing /> : <span className="text-soft">{formatFull(original.createdAt)}</span>,
  },
];

export function PublishersPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const publishers = useQuery(publishersPage(list.page, { search: list.q || undefined, status: list.status }));
  const canWrite = may(user, "publishers:write");
  const add = canWrite ? (
    <DialogButton label="New publisher">{(close) => <PublisherDialog publisher={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader
        title="Publishers"
        hint="Those who bring the calls"
        actions={
          <>
            <ListFiles
              path="/api/v1/publishers"
              what="publisher"
              columns="name, code, status"
              filter={{ search: list.q, status: list.status }}
              mayImport={may(user, "publishers:write")}
              stale={["publishers"]}
            />
            {add}
          </>
        }
      />
      <FilteredList
        query={publishers}
        list={list}
        named
        label="Publishers"
        icon={Users}
        search="Search publishers"
        statuses={STATUSES}
        empty={{
          title: "No publishers yet",
          matched: "No publisher matches",
          hint: "A campaign belongs to a publisher, so the first one comes before it.",
          action: add,
        }}
        columns={columns}
        summary={(publisher) => ({
          title: publisher.name,
          text: publisher.code,
          state: <ResourceStatus status={publisher.status} />,
        })}
        dialog={canWrite ? (publisher, close) => <PublisherDialog publisher={publisher} onClose={close} /> : null}
      />
    </>
  );
}

function PublisherDialog({ publisher, onClose }: { publisher: Publisher | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={publisher ? publisher.name : "New publisher"}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "code", label: "Code", required: true, hint: "Short and unique, for reports and integrations" },
        { name: "status", label: "Status", kind: "select", options: STATUSES },
      ]}
      initial={{ name: publisher?.name ?? "", code: publisher?.code ?? "", status: publisher?.status ?? "ACTIVE" }}
      save={(values) =>
        publisher ? patch(`/api/v1/publishers/${publisher.id}`, values) : post("/api/v1/publishers", values)
      }
      done={publisher ? "Publisher saved" : "Publisher created"}
      stale={["publishers", "campaigns"]}
    />
  );
}
