import { useQuery } from "@tanstack/react-query";
import { Pencil, Wallet } from "lucide-react";
import { type Budget, budgetQuery } from "@/api/budget";
import { patch } from "@/api/client";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { ResourceDialog } from "@/components/ResourceDialog";
import { Empty, Failure } from "@/components/States";
import { Card, CardHeader } from "@/components/ui/card";
import { SkeletonRows } from "@/components/ui/skeleton";
import { alertBody, alertFields, alertValues, BudgetFigures } from "./BudgetFigures";

/** What the tenant may be charged, and is; its owners say who is told. */
export function BudgetCard() {
  const { user } = useAuth();
  const found = useQuery(budgetQuery);
  const budget = found.data;
  return (
    <Card>
      <CardHeader
        title="Budget"
        hint="What the platform charges you, a day and a month; its operator sets the limits"
        actions={
          budget && may(user, "billing:write") ? (
            <DialogButton label="Who is told" icon={Pencil} size="sm" variant="outline">
              {(close) => <AlertsDialog budget={budget} onClose={close} />}
            </DialogButton>
          ) : null
        }
      />
      {budget ? (
        <div className="px-4 pb-5 sm:px-5">
          <BudgetFigures budget={budget} />
        </div>
      ) : budget === null ? (
        <Empty icon={Wallet} title="No budget is set">
          Nothing limits what you are charged. Ask the operator of the platform if you want a limit.
        </Empty>
      ) : found.error ? (
        <Failure what="The budget" error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <SkeletonRows rows={3} />
      )}
    </Card>
  );
}

function AlertsDialog({ budget, onClose }: { budget: Budget; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title="Who is told"
      description="When a day or a month comes near its limit, and when it is used up."
      fields={alertFields(budget)}
      initial={alertValues(budget)}
      save={(values) => patch("/api/v1/budget", alertBody(values))}
      done="Saved"
      stale={["budget"]}
    />
  );
}
