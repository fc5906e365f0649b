import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check as CheckIcon, Plus, ShieldOff, X } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { post } from "@/api/client";
import { isApprovableBy, type Override, wholeNumber } from "@/api/compliance";
import { CALLS_PER_PAGE, overridesQuery, peopleQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { ListBody } from "@/components/ListBody";
import { Pager } from "@/components/Pager";
import { ResourceDialog } from "@/components/ResourceDialog";
import { ResourceStatus } from "@/components/ResourceStatus";
import { SearchBox } from "@/components/SearchBox";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { NativeSelect } from "@/components/ui/input";
import { formatPhone } from "@/format/phone";
import { formatDayTime, formatEnd, fromLocalField } from "@/format/time";
import { toSentence } from "@/format/words";

const STATUSES = ["PENDING_APPROVAL", "ACTIVE", "EXPIRED", "REVOKED"];

/** Leave to call numbers that a rule forbids: asked for by one, approved by another. */
export function Overrides() {
  const { user } = useAuth();
  const [page, setPage] = useState(1);
  const [search, setSearch] = useState("");
  const [status, setStatus] = useState("");
  const [asking, setAsking] = useState(false);
  const overrides = useQuery(overridesQuery(page, { phoneNumber: wholeNumber(search), status: status || undefined }));
  const canWrite = may(user, "compliance:write");
  return (
    <Card>
      <div className="flex flex-wrap items-center gap-3 border-b border-line p-3 sm:px-5">
        <SearchBox
          label="Search a whole number"
          value={search}
          onChange={(value) => {
            setSearch(value);
            setPage(1);
          }}
        />
        <NativeSelect
          aria-label="Status"
          className="w-auto"
          value={status}
          onChange={(event) => {
            setStatus(event.target.value);
            setPage(1);
          }}
        >
          <option value="">Every status</option>
          {STATUSES.map((each) => (
            <option key={each} value={each}>
              {toSentence(each)}
            </option>
          ))}
        </NativeSelect>
        {canWrite ? (
          <Button className="sm:ml-auto" onClick={() => setAsking(true)}>
            <Plus /> Ask for one
          </Button>
        ) : null}
      </div>
      <ListBody
        query={overrides}
        what="Overrides"
        icon={ShieldOff}
        emptyTitle={search || status ? "No override matches" : "No overrides"}
        emptyHint="Leave to call a number although a rule forbids it; the policy says whether there are any."
      >
        {(items) => (
          <ul aria-label="Overrides" className="divide-y divide-line">
            {items.map((override) => (
              <OverrideRow key={override.id} override={override} canWrite={canWrite} />
            ))}
          </ul>
        )}
      </ListBody>
      <div className="px-4 pb-4 empty:hidden sm:px-5">
        <Pager
          page={page}
          totalPages={overrides.data?.totalPages ?? null}
          full={(overrides.data?.items.length ?? 0) >= CALLS_PER_PAGE}
          onPage={setPage}
        />
      </div>
      {asking ? <AskDialog onClose={() => setAsking(false)} /> : null}
    </Card>
  );
}

/** Who asked or approved, by name where the signed-in user may see people. */
function useWho(): (who: string) => string {
  const { user } = useAuth();
  const people = useQuery({ ...peopleQuery, enabled: may(user, "users:read"), staleTime: 60_000 });
  return (who) => {
    const [kind, id = ""] = who.includes(":") ? who.split(":") : ["user", who];
    if (kind === "key") return "an API key";
    if (id === user?.id) return "you";
    return people.data?.items.find((person) => person.id === id)?.name ?? `${id.slice(0, 8)}…`;
  };
}

function OverrideRow({ override, canWrite }: { override: Override; canWrite: boolean }) {
  const { user } = useAuth();
  const who = useWho();
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (action: "approve" | "revoke") =>
      action === "approve"
        ? post(`/api/v1/compliance/overrides/${override.id}/approve`)
        : post(`/api/v1/compliance/overrides/${override.id}/revoke`),
    onSuccess: (_, action) => {
      toast.success(action === "approve" ? "Approved" : "Taken back");
      return client.invalidateQueries({ queryKey: ["compliance"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  const waits = override.status === "PENDING_APPROVAL";
  const canApprove = user !== null && may(user, "compliance:approve") && isApprovableBy(override, user.id);
  const facts = [
    override.callId === null ? "Every call" : "One call",
    `asked by ${who(override.requestedBy)}${override.createdAt === null ? "" : `, ${formatDayTime(override.createdAt)}`}`,
    override.approvedBy === null ? null : `approved by ${who(override.approvedBy)}`,
    override.expiresAt === null ? "without an end" : `until ${formatEnd(override.expiresAt, Date.now())}`,
  ];
  const number = formatPhone(override.number);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:px-5">
      <span className="min-w-0 flex-[1_1_16rem]">
        <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
          <Phone value={override.number} className="font-medium" />
          <ResourceStatus status={override.status} />
        </span>
        <span className="mt-0.5 block break-words">{override.reason}</span>
        <span className="block text-[13px] text-soft">{facts.filter(Boolean).join(", ")}</span>
        {waits && override.requestedBy === `user:${user?.id}` ? (
          <span className="block text-[13px] text-soft">Another person has to approve it.</span>
        ) : null}
      </span>
      <span className="flex gap-2">
        {canApprove ? (
          <Button
            size="sm"
            aria-label={`Approve the override for ${number}`}
            disabled={act.isPending}
            onClick={() => act.mutate("approve")}
          >
            <CheckIcon /> Approve
          </Button>
        ) : null}
        {canWrite && (waits || override.status === "ACTIVE") ? (
          <Button
            variant="danger"
            size="sm"
            aria-label={`${waits ? "Refuse" : "Revoke"} the override for ${number}`}
            disabled={act.isPending}
            onClick={() => act.mutate("revoke")}
          >
            <X /> {waits ? "Refuse" : "Revoke"}
          </Button>
        ) : null}
      </span>
    </li>
  );
}

function AskDialog({ onClose }: { onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Ask for an override"
      description="The number may be called although a rule forbids it, once whoever has to has approved."
      fields={[
        { name: "phoneNumber", label: "Number", kind: "tel", required: true, placeholder: "+15551234567" },
        { name: "reason", label: "Reason", kind: "area", required: true, hint: "Whoever approves reads it" },
        { name: "expiresAt", label: "Until", kind: "datetime-local", hint: "Empty: without an end" },
      ]}
      initial={{ phoneNumber: "", reason: "", expiresAt: "" }}
      save={(values) => {
        const body = {
          phoneNumber: values.phoneNumber ?? "",
          reason: values.reason ?? "",
          expiresAt: fromLocalField(values.expiresAt),
        } satisfies Wire<"OverrideRequest">;
        return post("/api/v1/compliance/override", body);
      }}
      done="Asked for"
      stale={["compliance"]}
      submitLabel="Ask"
    />
  );
}
