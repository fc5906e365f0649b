import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Workflow } from "lucide-react";
import { flowsPage } from "@/api/queries";
import type { FlowSummary } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import type { Columns } from "@/components/ui/data-table";
import { formatFull } from "@/format/time";
import { plural } from "@/format/words";
import { FlowDialog } from "./FlowDialog";

const columns: Columns<FlowSummary> = [
  { id: "name", header: "Flow", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  { id: "published", header: "Published", cell: ({ row }) => <Published flow={row.original} /> },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
  {
    id: "versions",
    header: "Versions",
    cell: ({ row }) => <span className="tabular text-soft">{row.original.versions.length}</span>,
  },
  {
    id: "latest",
    header: "Last saved",
    cell: ({ row }) => {
      const at = row.original.versions[0]?.createdAt ?? null;
      return at === null ? <Missing /> : <span className="text-soft">{formatFull(at)}</span>;
    },
  },
];

export function FlowsPage() {
  const { user } = useAuth();
  const list = useListSearch();
  const flows = useQuery(flowsPage(list.page, { search: list.q || undefined }));
  const add = may(user, "flows:write") ? (
    <DialogButton label="New flow">{(close) => <FlowDialog text={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <>
      <PageHeader title="Flows" hint="What happens to a call, step by step" actions={add} />
      <FilteredList
        query={flows}
        list={list}
        label="Flows"
        icon={Workflow}
        search="Search flows"
        empty={{
          title: "No flows yet",
          matched: "No flow matches",
          hint: "A flow says what callers hear and who takes the call. Begin with one that is there.",
          action: add,
        }}
        columns={columns}
        summary={(flow) => ({
          title: flow.name,
          text: plural(flow.versions.length, "version"),
          state: <Published flow={flow} />,
        })}
        link={(flow, content, className) => (
          <Link to="/flows/$flowId" params={{ flowId: flow.id }} className={className}>
            {content}
          </Link>
        )}
      />
    </>
  );
}

function Published({ flow }: { flow: FlowSummary }) {
  if (flow.publishedVersion === null) return <Badge tone="neutral">Not published</Badge>;
  return <Badge tone="live">Version {flow.publishedVersion}</Badge>;
}
