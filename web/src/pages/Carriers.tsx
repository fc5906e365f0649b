import { useQuery } from "@tanstack/react-query";
import { RadioTower } from "lucide-react";
import { patch, post } from "@/api/client";
import { carriersPage } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { Carrier } from "@/api/trunks";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { Missing } from "@/components/States";
import type { Columns } from "@/components/ui/data-table";

const STATUSES = choices("ACTIVE", "INACTIVE");

const columns: Columns<Carrier> = [
  { id: "name", header: "Carrier", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
  {
    id: "code",
    header: "Code",
    cell: ({ row }) => <span className="text-soft">{row.original.code ?? <Missing />}</span>,
  },
  { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
];

/** Those whose networks the trunks lead to. */
export function Carriers() {
  const { user } = useAuth();
  const list = useListSearch();
  const carriers = useQuery(carriersPage(list.page, { search: list.q || undefined, status: list.status }));
  const canWrite = may(user, "carriers:write");
  const add = canWrite ? (
    <DialogButton label="New carrier">{(close) => <CarrierDialog carrier={null} onClose={close} />}</DialogButton>
  ) : null;
  return (
    <FilteredList
      query={carriers}
      list={list}
      label="Carriers"
      icon={RadioTower}
      search="Search carriers"
      statuses={STATUSES}
      actions={add}
      empty={{
        title: "No carriers yet",
        matched: "No carrier matches",
        hint: "A trunk belongs to a carrier, so the first one comes before it.",
        action: add,
      }}
      columns={columns}
      summary={(carrier) => ({
        title: carrier.name,
        text: carrier.code,
        state: <ResourceStatus status={carrier.status} />,
      })}
      rowActions={
        may(user, "carriers:delete")
          ? ({ id, name }) => (
              <RemoveButton
                path={`/api/v1/carriers/${id}`}
                name={name}
                text="Its trunks have to be removed before."
                stale={["carriers", "trunks"]}
              />
            )
          : undefined
      }
      dialog={canWrite ? (carrier, close) => <CarrierDialog carrier={carrier} onClose={close} /> : null}
    />
  );
}

function CarrierDialog({ carrier, onClose }: { carrier: Carrier | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={carrier ? carrier.name : "New carrier"}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "code", label: "Code", required: true, half: true, hint: "Short and unique" },
        { name: "status", label: "Status", kind: "select", options: STATUSES, half: true },
      ]}
      initial={{ name: carrier?.name ?? "", code: carrier?.code ?? "", status: carrier?.status ?? "ACTIVE" }}
      save={({ name, code, status }) =>
        carrier
          ? patch(`/api/v1/carriers/${carrier.id}`, { name, code, status } satisfies Wire<"UpdateCarrierRequest">)
          : post("/api/v1/carriers", { name, code, status } satisfies Wire<"CreateCarrierRequest">)
      }
      done={carrier ? "Carrier saved" : "Carrier added"}
      stale={["carriers"]}
    />
  );
}
