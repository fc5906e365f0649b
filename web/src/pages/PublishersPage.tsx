import { useQuery } from "@tanstack/react-query";
import { Plus, Users } from "lucide-react";
import { useMemo, useState } from "react";
import { patch, post } from "@/api/client";
import { publishersQuery } from "@/api/queries";
import type { Publisher } from "@/api/resources";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { formatFull } from "@/format/time";

export function PublishersPage() {
  const publishers = useQuery(publishersQuery);
  const [edited, setEdited] = useState<Publisher | "new" | null>(null);
  const columns = useMemo<Columns<Publisher>>(
    () => [
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
        cell: ({ row }) =>
          row.original.createdAt === null ? (
            <Missing />
          ) : (
            <span className="text-soft">{formatFull(row.original.createdAt)}</span>
          ),
      },
    ],
    [],
  );
  const current = edited === "new" ? null : edited;
  return (
    <>
      <PageHeader
        title="Publishers"
        hint="Those who bring the calls"
        actions={
          <Button onClick={() => setEdited("new")}>
            <Plus /> New publisher
          </Button>
        }
      />
      <Card>
        <ListBody query={publishers} what="Publishers" icon={Users} emptyTitle="No publishers yet">
          {(items) => (
            <DataTable
              label="Publishers"
              columns={columns}
              rows={items}
              rowId={(publisher) => publisher.id}
              opener={(row, content, className) => (
                <button type="button" className={className} onClick={() => setEdited(row)}>
                  {content}
                </button>
              )}
              card={(publisher) => (
                <button
                  type="button"
                  className="flex w-full items-center justify-between gap-3 text-left"
                  onClick={() => setEdited(publisher)}
                >
                  <span>
                    <span className="block font-medium">{publisher.name}</span>
                    <span className="block text-[13px] text-soft">{publisher.code}</span>
                  </span>
                  <ResourceStatus status={publisher.status} />
                </button>
              )}
            />
          )}
        </ListBody>
      </Card>
      {edited ? (
        <ResourceDialog
          open
          onOpenChange={() => setEdited(null)}
          title={current ? current.name : "New publisher"}
          fields={[
            { name: "name", label: "Name", required: true },
            { name: "code", label: "Code", required: true, hint: "Short and unique, for reports and integrations" },
            { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE") },
          ]}
          initial={{ name: current?.name ?? "", code: current?.code ?? "", status: current?.status ?? "ACTIVE" }}
          save={(values) =>
            current ? patch(`/api/v1/publishers/${current.id}`, values) : post("/api/v1/publishers", values)
          }
          done={current ? "Publisher saved" : "Publisher created"}
          stale={["publishers", "campaigns"]}
        />
      ) : null}
    </>
  );
}
