import { useQuery } from "@tanstack/react-query";
import { KeyRound, Wallet } from "lucide-react";
import { useState } from "react";
import { type Budget, limitText, readToken, tenantBudgetQuery } from "@/api/budget";
import { patch, post } from "@/api/client";
import type { Wire } from "@/api/read";
import type { Tenant } from "@/api/tenants";
import { RemoveButton } from "@/components/Removal";
import { ResourceDialog } from "@/components/ResourceDialog";
import { ShownOnce } from "@/components/ShownOnce";
import { Empty, Failure } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { SkeletonRows } from "@/components/ui/skeleton";
import { formatEnd } from "@/format/time";
import { alertBody, alertFields, alertValues, BudgetFigures } from "./BudgetFigures";

/** A tenant's budget, as the operator sets it. */
export function TenantBudget({ tenant, onClose }: { tenant: Tenant; onClose: () => void }) {
  const found = useQuery(tenantBudgetQuery(tenant.id));
  const [act, setAct] = useState<"change" | "token" | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const back = () => setAct(null);
  const budget = found.data;
  if (token !== null)
    return (
      <ShownOnce
        text={token}
        title="Hand over this token"
        description="It is shown this once. Requests that carry it in X-Quota-Override pass the tenant’s limits and its budget."
        onClose={() => setToken(null)}
      />
    );
  if (act === "change" && budget !== undefined) return <BudgetDialog tenant={tenant} budget={budget} onClose={back} />;
  if (act === "token") return <TokenDialog tenant={tenant} onClose={back} onMade={setToken} />;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={`Budget of ${tenant.name}`}
      description="What it may be charged a day and a month, and is."
      className="sm:w-[34rem]"
    >
      {budget ? (
        <>
          <BudgetFigures budget={budget} />
          <TokenLine tenant={tenant} budget={budget} onMake={() => setAct("token")} />
          <div className="mt-5 flex justify-end">
            <Button onClick={() => setAct("change")}>Change the budget</Button>
          </div>
        </>
      ) : budget === null ? (
        <Empty
          icon={Wallet}
          title="No budget is set"
          action={<Button onClick={() => setAct("change")}>Set a budget</Button>}
        >
          Nothing limits what the tenant is charged.
        </Empty>
      ) : found.error ? (
        <Failure what="The budget" error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <SkeletonRows rows={4} />
      )}
    </Dialog>
  );
}

interface TokenLineProps {
  tenant: Tenant;
  budget: Budget;
  onMake: () => void;
}

/** Whether a token lets limits and budget pass, and until when. */
function TokenLine({ tenant, budget: { tokenUntil }, onMake }: TokenLineProps) {
  const now = Date.now();
  const over = tokenUntil !== null && tokenUntil <= now;
  return (
    <div className="mt-5 flex flex-wrap items-center gap-x-3 gap-y-2 rounded-lg border border-line px-3 py-2 text-[13px]">
      <span className="min-w-0 flex-1 basis-48">
        <span className="block font-medium">Override token</span>
        <span className="block text-soft">
          {tokenUntil === null
            ? "None. One lets limits and budget pass for a time."
            : over
              ? `Was good until ${formatEnd(tokenUntil, now)}`
              : `Lets limits and budget pass until ${formatEnd(tokenUntil, now)}`}
        </span>
      </span>
      <span className="flex items-center gap-2">
        <Button variant="outline" size="sm" onClick={onMake}>
          <KeyRound /> {tokenUntil === null ? "Make one" : "Make another"}
        </Button>
        {tokenUntil === null ? null : (
          <RemoveButton
            path={`/admin/api/v1/tenants/${tenant.id}/budget/override-token`}
            name="the override token"
            label="Revoke the override token"
            text="Requests that carry it are measured by limits and budget again, at once."
            stale={["tenants"]}
          />
        )}
      </span>
    </div>
  );
}

interface BudgetDialogProps {
  tenant: Tenant;
  budget: Budget | null;
  onClose: () => void;
}

function BudgetDialog({ tenant, budget, onClose }: BudgetDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Budget of ${tenant.name}`}
      description="Empty: no limit. Days and months are those of the tenant’s time zone."
      fields={[
        { name: "dailyBudget", label: "A day", kind: "number", placeholder: "No limit", half: true, group: "Limits" },
        {
          name: "monthlyBudget",
          label: "A month",
          kind: "number",
          placeholder: "No limit",
          half: true,
          group: "Limits",
        },
        {
          name: "currency",
          label: "Currency",
          required: true,
          placeholder: "USD",
          hint: "What is charged in another one does not count",
          group: "Limits",
        },
        {
          name: "hardStopEnabled",
          label: "Over a limit",
          kind: "select",
          options: [
            { value: "yes", label: "Calls it places are refused" },
            { value: "no", label: "Calls go on" },
          ],
          hint: "Calls that come in are never refused",
          group: "Limits",
        },
        {
          name: "enabled",
          label: "The budget",
          kind: "select",
          options: [
            { value: "yes", label: "Counts" },
            { value: "no", label: "Is switched off" },
          ],
          group: "Limits",
        },
        ...alertFields(budget).map((field) => ({ ...field, group: "Who is told" })),
      ]}
      initial={{
        dailyBudget: limitText(budget?.daily.limit ?? null),
        monthlyBudget: limitText(budget?.monthly.limit ?? null),
        currency: budget?.currency ?? "USD",
        hardStopEnabled: (budget?.stops ?? true) ? "yes" : "no",
        enabled: (budget?.enabled ?? true) ? "yes" : "no",
        ...alertValues(budget),
      }}
      save={(values) => {
        const body = {
          dailyBudget: values.dailyBudget || null,
          monthlyBudget: values.monthlyBudget || null,
          currency: values.currency?.trim().toUpperCase(),
          hardStopEnabled: values.hardStopEnabled === "yes",
          enabled: values.enabled === "yes",
          ...alertBody(values),
        } satisfies Wire<"UpdateBudgetRequest">;
        return patch(`/admin/api/v1/tenants/${tenant.id}/budget`, body);
      }}
      done="Budget saved"
      stale={["tenants", "budget"]}
    />
  );
}

interface TokenDialogProps {
  tenant: Tenant;
  onClose: () => void;
  onMade: (token: string | null) => void;
}

function TokenDialog({ tenant, onClose, onMade }: TokenDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={`Override token for ${tenant.name}`}
      description="It takes the place of an earlier one."
      fields={[
        {
          name: "expiresInHours",
          label: "Good for hours",
          kind: "number",
          required: true,
          hint: "At most 8,760: a year",
        },
      ]}
      initial={{ expiresInHours: "24" }}
      save={async (values) => {
        const body = { expiresInHours: Number(values.expiresInHours) } satisfies Wire<"CreateOverrideTokenRequest">;
        onMade(readToken(await post(`/admin/api/v1/tenants/${tenant.id}/budget/override-token`, body)));
      }}
      done="Token made"
      stale={["tenants"]}
      submitLabel="Make it"
    />
  );
}
