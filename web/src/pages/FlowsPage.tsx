import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { Workflow } from "lucide-react";
import { useMemo } from "react";
import { flowsQuery } from "@/api/queries";
import type { FlowSummary } from "@/api/resources";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { formatFull } from "@/format/time";
import { plural } from "@/format/words";

export function FlowsPage() {
  const flows = useQuery(flowsQuery);
  const navigate = useNavigate();
  const open = (flow: FlowSummary) => void navigate({ to: "/flows/$flowId", params: { flowId: flow.id } });
  const columns = useMemo<Columns<FlowSummary>>(
    () => [
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
    ],
    [],
  );
  return (
    <>
      <PageHeader title="Flows" hint="What happens to a call, step by step" />
      <Card>
        <ListBody
          query={flows}
          what="Flows"
          icon={Workflow}
          emptyTitle="No flows yet"
          emptyHint="Flows are written as JSON or YAML and sent to POST /api/v1/flows."
        >
          {(items) => (
            <DataTable
              label="Flows"
              columns={columns}
              rows={items}
              rowId={(flow) => flow.id}
              opener={(flow, content, className) => (
                <Link to="/flows/$flowId" params={{ flowId: flow.id }} className={className}>
                  {content}
                </Link>
              )}
              card={(flow) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => open(flow)}
                >
                  <span>
                    <span className="block font-medium">{flow.name}</span>
                    <span className="block text-[13px] text-soft">{plural(flow.versions.length, "version")}</span>
                  </span>
                  <Published flow={flow} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
    </>
  );
}

function Published({ flow }: { flow: FlowSummary }) {
  if (flow.publishedVersion === null) return <Badge tone="neutral">Not published</Badge>;
  return <Badge tone="live">Version {flow.publishedVersion}</Badge>;
}
