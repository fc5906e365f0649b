import { useQuery } from "@tanstack/react-query";
import { KeyRound, Network, Pencil, Plus, RadioTower, Trash2 } from "lucide-react";
import { useState } from "react";
import { patch, post } from "@/api/client";
import { carriersQuery, trunksQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import type { Carrier, Trunk } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Removal, type Removed } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { words } from "@/components/TagRulesEditor";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";

const GONE = "Calls that come over it are no longer let in.";

export function TrunksPage() {
  const { user } = useAuth();
  const canWrite = may(user, "carriers:write");
  const canRemove = may(user, "carriers:delete");
  const carriers = useQuery(carriersQuery);
  const trunks = useQuery(trunksQuery);
  const [carrier, setCarrier] = useState<Carrier | "new" | null>(null);
  const [trunk, setTrunk] = useState<{ carrier: Carrier; trunk: Trunk | null } | null>(null);
  const [removed, setRemoved] = useState<Removed | null>(null);
  return (
    <>
      <PageHeader
        title="Trunks"
        hint="Over which calls come in and go out, by carrier"
        actions={
          canWrite ? (
            <Button onClick={() => setCarrier("new")}>
              <Plus /> New carrier
            </Button>
          ) : null
        }
      />
      <ListBody
        query={carriers}
        what="Carriers"
        icon={RadioTower}
        emptyTitle="No carriers yet"
        emptyHint="A call is let in once a trunk says where it comes from."
      >
        {(items) => (
          <div className="grid gap-4">
            {items.map((each) => (
              <CarrierCard
                key={each.id}
                carrier={each}
                trunks={(trunks.data?.items ?? []).filter(({ carrierId }) => carrierId === each.id)}
                onEdit={canWrite ? () => setCarrier(each) : null}
                onTrunk={canWrite ? (trunk) => setTrunk({ carrier: each, trunk }) : null}
                onRemove={canRemove ? setRemoved : null}
              />
            ))}
          </div>
        )}
      </ListBody>
      {carrier ? <CarrierDialog carrier={carrier === "new" ? null : carrier} onClose={() => setCarrier(null)} /> : null}
      {trunk ? <TrunkDialog {...trunk} onClose={() => setTrunk(null)} /> : null}
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={["carriers", "trunks"]} />
    </>
  );
}

interface CarrierCardProps {
  carrier: Carrier;
  trunks: Trunk[];
  /** Null: the signed-in user may not. */
  onEdit: (() => void) | null;
  onTrunk: ((trunk: Trunk | null) => void) | null;
  onRemove: ((removed: Removed) => void) | null;
}

function CarrierCard({ carrier, trunks, onEdit, onTrunk, onRemove }: CarrierCardProps) {
  return (
    <Card>
      <CardHeader
        title={carrier.name}
        hint={carrier.code}
        actions={
          <>
            <ResourceStatus status={carrier.status} />
            {onEdit ? (
              <Button variant="ghost" size="icon-sm" aria-label={`Edit ${carrier.name}`} onClick={onEdit}>
                <Pencil />
              </Button>
            ) : null}
            {onRemove ? (
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Remove ${carrier.name}`}
                onClick={() => onRemove({ path: `/api/v1/carriers/${carrier.id}`, name: carrier.name, text: GONE })}
              >
                <Trash2 />
              </Button>
            ) : null}
          </>
        }
      />
      <ul className="divide-y divide-line border-t border-line">
        {trunks.map((trunk) => (
          <li key={trunk.id} className="flex flex-wrap items-center gap-x-4 gap-y-1.5 px-4 py-3 sm:px-5">
            <span className="min-w-40 flex-1">
              <span className="block font-medium">{trunk.name}</span>
              <span className="block text-[13px] text-soft">
                {trunk.host}:{trunk.port}
              </span>
            </span>
            <span className="grid min-w-40 flex-1 gap-0.5 text-[13px] text-soft [&_svg]:size-3.5">
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
              {trunk.callsMax !== null ? <span>{trunk.callsMax} calls at once</span> : null}
            </span>
            <span className="flex w-28 justify-end">
              <ResourceStatus status={trunk.status} />
            </span>
            <span className="flex">
              {onTrunk ? (
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Edit trunk ${trunk.name}`}
                  onClick={() => onTrunk(trunk)}
                >
                  <Pencil />
                </Button>
              ) : null}
              {onRemove ? (
                <Button
                  variant="ghost"
                  size="icon-sm"
                  aria-label={`Remove trunk ${trunk.name}`}
                  onClick={() => onRemove({ path: `/api/v1/trunks/${trunk.id}`, name: trunk.name, text: GONE })}
                >
                  <Trash2 />
                </Button>
              ) : null}
            </span>
          </li>
        ))}
        {onTrunk ? (
          <li className="px-3 py-2 sm:px-4">
            <Button variant="ghost" size="sm" onClick={() => onTrunk(null)}>
              <Plus /> Add trunk
            </Button>
          </li>
        ) : null}
      </ul>
    </Card>
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
        { name: "status", label: "Status", kind: "select", options: choices("ACTIVE", "INACTIVE"), half: true },
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

interface TrunkDialogProps {
  carrier: Carrier;
  trunk: Trunk | null;
  onClose: () => void;
}

function TrunkDialog({ carrier, trunk, onClose }: TrunkDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={trunk ? trunk.name : "New trunk"}
      description={`Of ${carrier.name}. A call is let in by its source network, or by user and password.`}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "host", label: "Host", required: true, placeholder: "sip.carrier.example", half: true },
        { name: "port", label: "Port", kind: "number", half: true },
        {
          name: "sourceCidrs",
          label: "Calls come from",
          placeholder: "203.0.113.0/24, 2001:db8::/48",
          hint: "Networks or addresses, parted by spaces or commas",
        },
        { name: "username", label: "User", half: true, hint: "For digest authentication" },
        {
          name: "password",
          label: "Password",
          kind: "password",
          autoComplete: "new-password",
          half: true,
          hint: trunk?.username ? "Empty: it stays as it is" : "8 characters or more",
        },
        { name: "maxConcurrentCalls", label: "Calls at once", kind: "number", placeholder: "No limit", half: true },
        {
          name: "status",
          label: "Status",
          kind: "select",
          options: choices("ACTIVE", "INACTIVE", "MAINTENANCE"),
          half: true,
        },
      ]}
      initial={{
        name: trunk?.name ?? "",
        host: trunk?.host ?? "",
        port: String(trunk?.port ?? 5060),
        sourceCidrs: trunk?.sources.join(", ") ?? "",
        username: trunk?.username ?? "",
        password: "",
        maxConcurrentCalls: String(trunk?.callsMax ?? ""),
        status: trunk?.status ?? "ACTIVE",
      }}
      save={(values) => {
        const body = {
          name: values.name,
          host: values.host,
          port: Number(values.port) || 5060,
          sourceCidrs: words(values.sourceCidrs),
          status: values.status,
          maxConcurrentCalls: values.maxConcurrentCalls ? Number(values.maxConcurrentCalls) : null,
          username: values.username || null,
          ...(values.password ? { password: values.password } : {}),
        } satisfies Wire<"UpdateTrunkRequest">;
        return trunk
          ? patch(`/api/v1/trunks/${trunk.id}`, body)
          : post("/api/v1/trunks", { ...body, carrierId: carrier.id } satisfies Wire<"CreateTrunkRequest">);
      }}
      done={trunk ? "Trunk saved" : "Trunk added"}
      stale={["trunks"]}
    />
  );
}
