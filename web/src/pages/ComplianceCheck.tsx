import { useMutation } from "@tanstack/react-query";
import { CircleCheck, CircleSlash, LoaderCircle } from "lucide-react";
import { type FormEvent, useState } from "react";
import { ApiError, post } from "@/api/client";
import { readVerdict, type Verdict } from "@/api/compliance";
import { asRecord, type Wire } from "@/api/read";
import { Picker } from "@/components/Picker";
import { messageOf } from "@/components/States";
import { Badge, type Tone } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Field, Input, NativeSelect } from "@/components/ui/input";
import { formatPhone, normaliseSearch } from "@/format/phone";
import { toSentence } from "@/format/words";
import { ComplianceRemedy } from "./ComplianceRemedy";

const PATHS = [
  { value: "OUTBOUND", label: "Calling it" },
  { value: "TRANSFER", label: "Passing a call to it" },
  { value: "INBOUND_SALE", label: "Selling its call" },
] as const;

const START = { phoneNumber: "", campaignId: "", path: "OUTBOUND", consentToken: "" };

/** Asks what would become of a call, without one. */
export function ComplianceCheck() {
  const [asked, setAsked] = useState(START);
  const ask = useMutation({
    mutationFn: async () => {
      const body = {
        phoneNumber: normaliseSearch(asked.phoneNumber),
        campaignId: asked.campaignId || null,
        consentToken: asked.consentToken.trim() || null,
        path: asked.path,
      } satisfies Wire<"ComplianceCheckRequest">;
      return readVerdict(asRecord(await post("/api/v1/compliance/check", body)));
    },
  });
  const choose = (name: keyof typeof START) => ({
    value: asked[name],
    onChange: (value: string) => {
      setAsked({ ...asked, [name]: value });
      // Another question: the answer to the last one is none.
      ask.reset();
    },
  });
  const set = (name: keyof typeof START) => ({
    value: asked[name],
    onChange: (event: { target: { value: string } }) => choose(name).onChange(event.target.value),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask.mutate();
  };
  const faultOf = (field: string) =>
    ask.error instanceof ApiError ? ask.error.faults.find((fault) => fault.field === field)?.message : undefined;
  const faults = { phoneNumber: faultOf("phoneNumber"), consentToken: faultOf("consentToken") };
  return (
    <div className="grid items-start gap-5 xl:grid-cols-2">
      <Card>
        <CardHeader title="May this number be called?" hint="By the rules calls are held to, now. Nothing is called." />
        <form onSubmit={submit} className="grid gap-4 px-4 pb-5 sm:grid-cols-2 sm:px-5">
          <Field label="Number" error={faults.phoneNumber}>
            {(control) => (
              <Input
                {...control}
                {...set("phoneNumber")}
                type="tel"
                required
                autoComplete="off"
                placeholder="+15551234567"
              />
            )}
          </Field>
          <Field label="Campaign">
            {(control) => (
              <Picker {...control} kind="campaign" none="None: the rules of all" {...choose("campaignId")} />
            )}
          </Field>
          <Field label="What is to happen">
            {(control) => (
              <NativeSelect {...control} {...set("path")}>
                {PATHS.map(({ value, label }) => (
                  <option key={value} value={value}>
                    {label}
                  </option>
                ))}
              </NativeSelect>
            )}
          </Field>
          <Field label="Consent token" hint="Empty: the newest verified consent" error={faults.consentToken}>
            {(control) => <Input {...control} {...set("consentToken")} autoComplete="off" />}
          </Field>
          {ask.error && !faults.phoneNumber && !faults.consentToken ? (
            <p role="alert" className="rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text sm:col-span-2">
              {messageOf(ask.error)}
            </p>
          ) : null}
          <div className="flex justify-end sm:col-span-2">
            <Button type="submit" disabled={ask.isPending}>
              {ask.isPending ? <LoaderCircle className="animate-spin" /> : null} Check
            </Button>
          </div>
        </form>
      </Card>
      <div role="status" className="min-w-0 empty:hidden">
        {ask.data ? <Answer verdict={ask.data} /> : null}
      </div>
    </div>
  );
}

const FINDINGS: Record<string, { label: string; tone: Tone }> = {
  passed: { label: "Passed", tone: "live" },
  failed: { label: "Forbids it", tone: "bad" },
  not_asked: { label: "Not asked for", tone: "neutral" },
  not_reached: { label: "Not reached", tone: "neutral" },
};

const RULES: Record<string, string> = { dnc: "Do-not-call lists", calling_hours: "Calling hours" };

function Answer({ verdict }: { verdict: Verdict }) {
  const { allowed, detail, number, checks, policyCampaignId, policyVersion } = verdict;
  const Icon = allowed ? CircleCheck : CircleSlash;
  const policy = policyCampaignId === null ? "the policy of all" : "the campaign's own policy";
  return (
    <Card>
      <div className="flex items-start gap-3 px-4 py-4 sm:px-5">
        <span
          className={cn(
            "grid size-9 shrink-0 place-items-center rounded-full",
            allowed ? "bg-live-soft text-live-text" : "bg-bad-soft text-bad-text",
          )}
        >
          <Icon className="size-5" aria-hidden="true" />
        </span>
        <div className="min-w-0">
          <h2 className="text-[15px] font-semibold tracking-tight">
            {formatPhone(number)} {allowed ? "may be called" : "may not be called"}
          </h2>
          <p className="break-words text-soft">{detail}</p>
          {allowed ? null : (
            <p className="mt-2 break-words">
              <ComplianceRemedy {...verdict} />
            </p>
          )}
        </div>
      </div>
      <ul aria-label="Rules" className="divide-y divide-line border-t border-line">
        {checks.map(({ rule, finding, detail }) => (
          <li key={rule} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 sm:px-5">
            <span className="min-w-0 flex-[1_1_12rem]">
              <span className="block font-medium">{RULES[rule] ?? toSentence(rule)}</span>
              {detail ? <span className="block text-[13px] break-words text-soft">{detail}</span> : null}
            </span>
            <Badge tone={FINDINGS[finding]?.tone ?? "neutral"}>{FINDINGS[finding]?.label ?? toSentence(finding)}</Badge>
          </li>
        ))}
      </ul>
      <p className="border-t border-line px-4 py-2.5 text-[13px] text-soft sm:px-5">
        By {policy}, {policyVersion === 0 ? "as the platform comes with it" : `version ${policyVersion}`}.
      </p>
    </Card>
  );
}
