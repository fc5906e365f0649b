import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Undo2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { toast } from "sonner";
import { put, remove } from "@/api/client";
import { hoursInWords, type StoredPolicy, type Unsure } from "@/api/compliance";
import { policyQuery } from "@/api/queries";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { CallingHoursEditor, parseCallingWeek, writeCallingWeek } from "@/components/CallingHoursEditor";
import { ConfirmDialog } from "@/components/ConfirmDialog";
import { Picker } from "@/components/Picker";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { parseRuleMatrix, RuleMatrix, RuleTable, writeRuleMatrix } from "@/components/RuleMatrix";
import { Failure, messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { SkeletonRows } from "@/components/ui/skeleton";
import { formatDurationWords, formatFull } from "@/format/time";
import { plural } from "@/format/words";

/** The tenant's policy and those of campaigns that have one of their own. */
export function Policies() {
  const { user } = useAuth();
  const [campaign, setCampaign] = useState("");
  const policy = useQuery(policyQuery(campaign));
  const [editing, setEditing] = useState(false);
  const [dropping, setDropping] = useState(false);
  const canWrite = may(user, "compliance:write");
  const isOwn = campaign !== "" && (policy.data?.version ?? 0) > 0;
  return (
    <Card>
      <div className="flex flex-wrap items-center justify-between gap-3 border-b border-line p-3 sm:px-5">
        <Picker
          aria-label="Whose policy"
          className="w-64 max-w-full"
          kind="campaign"
          none="For every campaign"
          value={campaign}
          onChange={setCampaign}
        />
        {canWrite && policy.data ? (
          <span className="flex flex-wrap gap-2">
            {isOwn ? (
              <Button variant="outline" size="sm" onClick={() => setDropping(true)}>
                <Undo2 /> Use the general one
              </Button>
            ) : null}
            <Button size="sm" onClick={() => setEditing(true)}>
              <Pencil /> {campaign === "" || isOwn ? "Edit" : "Make its own"}
            </Button>
          </span>
        ) : null}
      </div>
      {policy.data ? (
        <PolicyView policy={policy.data} isCampaign={campaign !== ""} />
      ) : policy.error ? (
        <Failure what="The policy" error={policy.error} onRetry={() => void policy.refetch()} />
      ) : (
        <SkeletonRows />
      )}
      {editing && policy.data ? (
        <PolicyDialog policy={policy.data} campaign={campaign} onClose={() => setEditing(false)} />
      ) : null}
      <DropDialog open={dropping} campaign={campaign} onClose={() => setDropping(false)} />
    </Card>
  );
}

function standingOf({ version, updatedAt }: StoredPolicy, isCampaign: boolean): string {
  if (version === 0)
    return isCampaign ? "It has none of its own: the general one is in force" : "Built in, never changed";
  return `Version ${version}${updatedAt === null ? "" : `, since ${formatFull(updatedAt)}`}`;
}

const unsureWord = (value: Unsure) => (value === "block" ? "no call" : "the call goes on");

function PolicyView({ policy, isCampaign }: { policy: StoredPolicy; isCampaign: boolean }) {
  const { rules } = policy;
  return (
    <>
      <CardHeader title="What is asked" hint={standingOf(policy, isCampaign)} />
      <div className="px-4 sm:px-5">
        <RuleTable rules={rules} />
      </div>
      <dl className="grid gap-x-8 gap-y-3 border-t border-line px-4 py-4 sm:grid-cols-2 sm:px-5">
        <Fact label="Calling hours, where the consumer is">
          {hoursInWords(rules.callingHours).map((line) => (
            <span key={line} className="block">
              {line}
            </span>
          ))}
          {rules.stateRules ? "and the stricter hours of the state" : "and no hours of states"}
        </Fact>
        <Fact label="Overrides">
          {rules.allowOverride
            ? rules.requireAdminApproval
              ? "Allowed once a second person approves"
              : "Allowed to whoever writes compliance"
            : "Not allowed"}
        </Fact>
        <Fact label="When something cannot be checked">
          List not scrubbed for {plural(rules.listAgeDaysMax, "day")}: {unsureWord(rules.whenListStale)}
          <span className="block">Consumer's time unknown: {unsureWord(rules.whenZoneUnknown)}</span>
          <span className="block">
            Data older than {formatDurationWords(rules.dataAgeSecsMax)}: {unsureWord(rules.whenDataOld)}
          </span>
        </Fact>
        <Fact label="Consents of our own making">
          {rules.trustCustomConsent ? "Count as verified" : "Do not count"}
        </Fact>
      </dl>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div>
      <dt className="text-[13px] font-medium">{label}</dt>
      <dd className="mt-0.5 text-[13px] text-soft">{children}</dd>
    </div>
  );
}

const choice = (name: string, label: string, yes: string, no: string, group: string): FormField => ({
  name,
  label,
  kind: "select",
  options: [
    { value: "yes", label: yes },
    { value: "no", label: no },
  ],
  group,
});

const unsureChoice = (name: string, label: string): FormField => ({
  name,
  label,
  kind: "select",
  options: [
    { value: "block", label: "No call" },
    { value: "allow", label: "The call goes on" },
  ],
  half: true,
  group: "In doubt",
});

const FIELDS: FormField[] = [
  {
    name: "rules",
    label: "Which rule holds for which call",
    kind: "custom",
    render: (control) => <RuleMatrix {...control} />,
    hint: "Sales: somebody called and is to be connected with a buyer.",
    group: "Rules",
  },
  {
    name: "callingHours",
    label: "When consumers may be called",
    kind: "custom",
    render: (control) => <CallingHoursEditor {...control} />,
    hint: "By the clock where the consumer is.",
    group: "Hours",
  },
  choice("stateRules", "Hours of the states", "Kept where they are stricter", "Not kept", "Hours"),
  choice("allowOverride", "Overrides", "Allowed", "Not allowed", "Exceptions"),
  choice("requireAdminApproval", "Approval", "By a second person", "None", "Exceptions"),
  choice("trustCustomConsent", "Consents of our own making", "Count as verified", "Do not count", "Exceptions"),
  { name: "listAgeDaysMax", label: "Oldest scrub, days", kind: "number", half: true, group: "In doubt" },
  unsureChoice("whenListStale", "When a list is older"),
  { name: "dataAgeSecsMax", label: "Oldest data, seconds", kind: "number", half: true, group: "In doubt" },
  unsureChoice("whenDataOld", "When data is older"),
  unsureChoice("whenZoneUnknown", "When the time is unknown"),
];

const yesNo = (flag: boolean): string => (flag ? "yes" : "no");

interface PolicyDialogProps {
  policy: StoredPolicy;
  campaign: string;
  onClose: () => void;
}

function PolicyDialog({ policy: { rules }, campaign, onClose }: PolicyDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Policy"
      description="Calls are held to it within a second."
      className="sm:w-[36rem]"
      fields={FIELDS}
      initial={{
        rules: writeRuleMatrix(rules),
        callingHours: writeCallingWeek(rules.callingHours),
        stateRules: yesNo(rules.stateRules),
        allowOverride: yesNo(rules.allowOverride),
        requireAdminApproval: yesNo(rules.requireAdminApproval),
        trustCustomConsent: yesNo(rules.trustCustomConsent),
        listAgeDaysMax: String(rules.listAgeDaysMax),
        whenListStale: rules.whenListStale,
        dataAgeSecsMax: String(rules.dataAgeSecsMax),
        whenDataOld: rules.whenDataOld,
        whenZoneUnknown: rules.whenZoneUnknown,
      }}
      save={(values) => {
        const body = {
          ...parseRuleMatrix(values.rules ?? "{}"),
          callingHours: parseCallingWeek(values.callingHours ?? "{}"),
          stateRules: values.stateRules === "yes",
          allowOverride: values.allowOverride === "yes",
          requireAdminApproval: values.requireAdminApproval === "yes",
          trustCustomConsent: values.trustCustomConsent === "yes",
          listAgeDaysMax: Number(values.listAgeDaysMax),
          whenListStale: values.whenListStale,
          dataAgeSecsMax: Number(values.dataAgeSecsMax),
          whenDataOld: values.whenDataOld,
          whenZoneUnknown: values.whenZoneUnknown,
        } satisfies Wire<"CompliancePolicyRules">;
        return campaign === ""
          ? put("/api/v1/compliance/policies/default", body)
          : put(`/api/v1/compliance/policies/campaigns/${campaign}`, body);
      }}
      done="Policy saved"
      stale={["compliance"]}
    />
  );
}

function DropDialog({ open, campaign, onClose }: { open: boolean; campaign: string; onClose: () => void }) {
  const client = useQueryClient();
  const drop = useMutation({
    mutationFn: () => remove(`/api/v1/compliance/policies/campaigns/${campaign}`),
    onSuccess: () => {
      toast.success("The general policy is in force for it");
      onClose();
      return client.invalidateQueries({ queryKey: ["compliance"] });
    },
    onError: (error) => toast.error(messageOf(error)),
  });
  return (
    <ConfirmDialog
      open={open}
      onClose={onClose}
      title="Use the general policy?"
      text="The campaign's own is removed; its calls are held to the general one within a second."
      confirm="Use the general one"
      pending={drop.isPending}
      onConfirm={() => drop.mutate()}
    />
  );
}
