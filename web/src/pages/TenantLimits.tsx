import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { patch, post } from "@/api/client";
import type { Wire } from "@/api/read";
import { QUOTAS, type Quota, type QuotaException, type QuotaKind, type Tenant, tenantQuotaQuery } from "@/api/tenants";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { Failure } from "@/components/States";
import { UsageBar } from "@/components/UsageBar";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { SkeletonRows } from "@/components/ui/skeleton";
import { formatEnd } from "@/format/time";

const labelOf = (kind: string) => QUOTAS.find((quota) => quota.kind === kind)?.label ?? kind;

/** How far a tenant's limits are used, what they are, and the exceptions from them. */
export function TenantLimits({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const found = useQuery(tenantQuotaQuery(tenant.id));
  const [act, setAct] = useState<"limits" | "exception" | null>(null);
  const back = () => setAct(null);
  if (act === "limits" && found.data) return <LimitsDialog tenant={tenant} quota={found.data.quota} onClose={back} />;
  if (act === "exception") return <ExceptionDialog tenant={tenant} onClose={back} />;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Limits of ${tenant.name}`}
      description="Of what is counted, and how far it is used now."
    >
      {found.data ? (
        <>
          {found.data.quota.enabled ? null : (
            <p className="mb-3 rounded-lg bg-warn-soft px-3 py-2 text-[13px] text-warn-text">
              The limits are switched off: none of them counts.
            </p>
          )}
          <dl className="grid gap-3">
            {QUOTAS.map(({ kind, label }) => (
              <UsageBar key={kind} label={label} usage={found.data.levels[kind]} />
            ))}
          </dl>
          {found.data.exceptions.length > 0 ? (
            <ul aria-label="Exceptions" className="mt-4 divide-y divide-line rounded-lg border border-line text-[13px]">
              {found.data.exceptions.map((exception) => (
                <ExceptionRow key={exception.id} tenant={tenant} exception={exception} />
              ))}
            </ul>
          ) : null}
          <div className="mt-5 flex flex-wrap justify-end gap-2">
            <Button variant="outline" onClick={() => setAct("exception")}>
              <Plus /> Exception
            </Button>
            <Button onClick={() => setAct("limits")}>Change the limits</Button>
          </div>
        </>
      ) : found.error ? (
        <Failure what="The limits" error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <SkeletonRows rows={3} />
      )}
    </Dialog>
  );
}

function ExceptionRow({ tenant, exception }: { tenant: Tenant; exception: QuotaException }) {
  const { id, kind, value, reason, expiresAt } = exception;
  const label = labelOf(kind);
  return (
    <li className="flex items-center gap-3 px-3 py-2">
      <span className="min-w-0 flex-1">
        <span className="block font-medium">
          {label}: {value === null ? "no limit" : value.toLocaleString("en-US")}
          {expiresAt === null ? "" : `, until ${formatEnd(expiresAt, Date.now())}`}
        </span>
        <span className="block break-words text-soft">{reason}</span>
      </span>
      <RemoveButton
        path={`/admin/api/v1/tenants/${tenant.id}/quota/overrides/${id}`}
        name={`the exception from “${label.toLowerCase()}”`}
        label={`Remove the exception: ${reason}`}
        text="The limit as it was set counts again at once."
        stale={["tenants"]}
      />
    </li>
  );
}

function LimitsDialog({ tenant, quota, onClose }: { tenant: Tenant; quota: Quota; onClose: () => void }) {
  const limitOf = (kind: QuotaKind) => String(quota.limits[kind] ?? "");
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Limits of ${tenant.name}`}
      description="Empty: no limit. What is over one already stays; nothing more comes to it."
      fields={[
        ...QUOTAS.map(({ kind, label }) => ({
          name: kind,
          label: kind === "minutes_per_day" ? "Minutes a day" : label,
          kind: "number" as const,
          placeholder: "No limit",
        })),
        {
          name: "enabled",
          label: "They",
          kind: "select",
          options: [
            { value: "yes", label: "Count" },
            { value: "no", label: "Are switched off" },
          ],
        },
      ]}
      initial={{
        concurrent_calls: limitOf("concurrent_calls"),
        minutes_per_day: limitOf("minutes_per_day"),
        phone_numbers: limitOf("phone_numbers"),
        enabled: quota.enabled ? "yes" : "no",
      }}
      save={(values) => {
        const limit = (text: string | undefined) => (text ? Number(text) : null);
        const body = {
          maxConcurrentCalls: limit(values.concurrent_calls),
          maxMinutesPerDay: limit(values.minutes_per_day),
          maxPhoneNumbers: limit(values.phone_numbers),
          enabled: values.enabled !== "no",
        } satisfies Wire<"UpdateQuotaRequest">;
        return patch(`/admin/api/v1/tenants/${tenant.id}/quota`, body);
      }}
      done="Limits saved"
      stale={["tenants"]}
    />
  );
}

function ExceptionDialog({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Exception for ${tenant.name}`}
      description="Another limit in place of the one that was set, for a time or for good."
      fields={[
        {
          name: "quotaType",
          label: "Limit",
          kind: "select",
          options: QUOTAS.map(({ kind, label }) => ({ value: kind, label })),
        },
        { name: "overrideValue", label: "In its place", kind: "number", placeholder: "No limit", half: true },
        { name: "expiresInHours", label: "For hours", kind: "number", placeholder: "For good", half: true },
        { name: "reason", label: "Reason", required: true, placeholder: "Sale of the week" },
      ]}
      initial={{ quotaType: "concurrent_calls", overrideValue: "", expiresInHours: "", reason: "" }}
      save={(values) => {
        const body = {
          quotaType: values.quotaType,
          overrideValue: values.overrideValue ? Number(values.overrideValue) : null,
          expiresInHours: values.expiresInHours ? Number(values.expiresInHours) : null,
          reason: values.reason ?? "",
        } satisfies Wire<"CreateQuotaOverrideRequest">;
        return post(`/admin/api/v1/tenants/${tenant.id}/quota/overrides`, body);
      }}
      done="Exception made"
      stale={["tenants"]}
      submitLabel="Make it"
    />
  );
}
