import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { KeyRound, Network, RadioTower } from "lucide-react";
import { useMemo } from "react";
import { trunksPage } from "@/api/queries";
import type { Outbound, Trunk } from "@/api/trunks";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { useNamesOf } from "@/components/names";
import { PageHeader } from "@/components/PageHeader";
import { PageTabs } from "@/components/PageTabs";
import { PickFilter } from "@/components/PickFilter";
import { RemoveButton } from "@/components/Removal";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import type { Columns } from "@/components/ui/data-table";
import { Carriers } from "./Carriers";
import { TrunkDialog } from "./TrunkDialog";

const TABS = [
  { tab: "trunks", label: "Trunks", content: <Trunks /> },
  { tab: "carriers", label: "Carriers", content: <Carriers /> },
];

export function TrunksPage() {
  const { tab } = useSearch({ from: "/trunks" });
  const navigate = useNavigate({ from: "/trunks" });
  return (
    <>
      <PageHeader title="Trunks" hint="Over which calls come in and go out, by carrier" />
      <PageTabs
        tabs={TABS}
        tab={tab}
        label="Trunks and carriers"
        onTab={(next) => void navigate({ search: { tab: next } })}
      />
    </>
  );
}

/** "First, over TCP, as acme". */
const wayOut = ({ priority, transport, username }: Outbound) =>
  [`Priority ${priority}`, transport, username].filter(Boolean).join(" · ");

function ComesFrom({ trunk }: { trunk: Trunk }) {
  if (trunk.sources.length === 0 && !trunk.username) return <span className="text-soft">No calls in</span>;
  return (
    <span className="grid gap-0.5 text-[13px] text-soft [&_svg]:size-3.5 [&_svg]:shrink-0">
      {trunk.sources.length > 0 ? (
        <span className="flex items-center gap-1.5">
          <Network aria-label="From" /> {trunk.sources.join(", ")}
        </span>
      ) : null}
      {trunk.username ? (
        <span className="flex items-center gap-1.5">
          <KeyRound aria-label="User" /> {trunk.username}
        </span>
      ) : null}
    </span>
  );
}

function Trunks() {
  const { user } = useAuth();
  const list = useListSearch();
  const { carrierId } = list;
  const trunks = useQuery(trunksPage(list.page, { search: list.q || undefined, status: list.status, carrierId }));
  const carriers = useNamesOf("carrier", trunks.data?.items.map((trunk) => trunk.carrierId) ?? []);
  const canWrite = may(user, "carriers:write");
  const add = canWrite ? (
    <DialogButton label="New trunk">
      {(close) => <TrunkDialog trunk={null} carrierId={carrierId} onClose={close} />}
    </DialogButton>
  ) : null;
  const columns = useMemo<Columns<Trunk>>(
    () => [
      {
        id: "name",
        header: "Trunk",
        cell: ({ row: { original: trunk } }) => (
          <>
            <span className="block font-medium">{trunk.name}</span>
            <span className="block text-[13px] text-soft">
              {trunk.host}:{trunk.port}
            </span>
          </>
        ),
      },
      { id: "carrier", header: "Carrier", cell: ({ row }) => carriers.get(row.original.carrierId ?? "") },
      { id: "in", header: "Calls in", cell: ({ row }) => <ComesFrom trunk={row.original} /> },
      {
        id: "out",
        header: "Calls out",
        cell: ({ row: { original: trunk } }) => (
          <span className="text-[13px] text-soft">{trunk.outbound ? wayOut(trunk.outbound) : "None"}</span>
        ),
      },
      {
        id: "most",
        header: () => <span className="block text-right">At once</span>,
        cell: ({ row: { original: trunk } }) => (
          <span className="tabular block text-right">
            {trunk.callsMax === null ? <span className="text-soft">No limit</span> : trunk.callsMax}
          </span>
        ),
      },
      { id: "status", header: "Status", cell: ({ row }) => <ResourceStatus status={row.original.status} /> },
    ],
    [carriers],
  );
  return (
    <FilteredList
      query={trunks}
      list={list}
      label="Trunks"
      icon={RadioTower}
      search="Search name or host"
      statuses={choices("ACTIVE", "INACTIVE", "MAINTENANCE")}
      filters={<PickFilter list={list} name="carrierId" kind="carrier" label="Carrier" none="Every carrier" />}
      actions={add}
      empty={{
        title: "No trunks yet",
        matched: "No trunk matches",
        hint: "A call is let in once a trunk says where it comes from. A trunk belongs to a carrier: add that first.",
        action: add,
      }}
      columns={columns}
      summary={(trunk) => ({
        title: trunk.name,
        text: [trunk.host, trunk.outbound ? `out: ${wayOut(trunk.outbound)}` : "no calls out"].join(" · "),
        state: <ResourceStatus status={trunk.status} />,
      })}
      rowActions={
        may(user, "carriers:delete")
          ? ({ id, name }) => (
              <RemoveButton
                path={`/api/v1/trunks/${id}`}
                name={name}
                label={`Remove trunk ${name}`}
                text="Calls that come over it are no longer let in."
                stale={["trunks"]}
              />
            )
          : undefined
      }
      dialog={canWrite ? (trunk, close) => <TrunkDialog trunk={trunk} onClose={close} /> : null}
    />
  );
}
