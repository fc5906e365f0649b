import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check as CheckIcon, ShieldOff, X } from "lucide-react";
import { toast } from "sonner";
import { post } from "@/api/client";
import { isApprovableBy, type Override, wholeNumber } from "@/api/compliance";
import { overridesQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { Phone } from "@/components/CallParts";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { useNamesOf } from "@/components/names";
import { ResourceDialog } from "@/components/ResourceDialog";
import { choices, ResourceStatus } from "@/components/ResourceStatus";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { formatPhone } from "@/format/phone";
import { formatDayTime, formatEnd, fromLocalField } from "@/format/time";

/** Leave to call numbers that a rule forbids: asked for by one, approved by another. */
export function Overrides() {
  const { user } = useAuth();
  const list = useListSearch();
  const filter = { phoneNumber: wholeNumber(list.q), status: list.status };
  const overrides = useQuery(overridesQuery(list.page, filter));
  const canWrite = may(user, "compliance:write");
  return (
    <FilteredList
      query={overrides}
      list={list}
      label="Overrides"
      icon={ShieldOff}
      search="Search a whole number"
      statuses={choices("PENDING_APPROVAL", "ACTIVE", "EXPIRED", "REVOKED")}
      actions={
        canWrite ? <DialogButton label="Ask for one">{(close) => <AskDialog onClose={close} />}</DialogButton> : null
      }
      empty={{
        title: "No overrides",
        matched: "No override matches",
        hint: "Leave to call a number although a rule forbids it; the policy says whether there are any.",
      }}
      row={(override) => <OverrideRow key={override.id} override={override} canWrite={canWrite} />}
    />
  );
}

/** Who asked or approved, by name where the signed-in user may see people. */
function useWho(parties: (string | null)[]): (who: string) => string {
  const { user } = useAuth();
  const split = (who: string) => (who.includes(":") ? who.split(":") : ["user", who]);
  const people = parties.map((who) => {
    const [kind, id = ""] = split(who ?? "");
    return kind === "user" && id !== "" && id !== user?.id ? id : null;
  });
  const names = useNamesOf("user", people);
  return (who) => {
    const [kind, id = ""] = split(who);
    if (kind === "key") return "an API key";
    if (id === user?.id) return "you";
    return names.get(id) ?? `${id.slice(0, 8)}…`;
  };
}

function OverrideRow({ override, canWrite }: { override: Override; canWrite: boolean }) {
  const { user } = useAuth();
  const who = useWho([override.requestedBy, override.approvedBy]);
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
