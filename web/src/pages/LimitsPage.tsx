import { useQuery } from "@tanstack/react-query";
import { limitsQuery, QUOTAS } from "@/api/tenants";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { PageHeader } from "@/components/PageHeader";
import { Failure } from "@/components/States";
import { UsageBar } from "@/components/UsageBar";
import { Card, CardHeader } from "@/components/ui/card";
import { SkeletonRows } from "@/components/ui/skeleton";
import { BudgetCard } from "./BudgetCard";

/** How far the tenant's limits and its budget are used. */
export function LimitsPage() {
  const { user } = useAuth();
  const levels = useQuery(limitsQuery);
  return (
    <>
      <PageHeader title="Limits" hint="What the operator of the platform lets you use, and how far you do" />
      <div className="grid max-w-2xl grid-cols-1 gap-5">
        <Card>
          <CardHeader
            title="Used now"
            hint="Over a limit nothing more is taken: calls get 503, numbers are not added"
          />
          {levels.data ? (
            <dl className="grid gap-4 px-4 pb-5 sm:px-5">
              {QUOTAS.map(({ kind, label }) => (
                <UsageBar key={kind} label={label} usage={levels.data[kind]} />
              ))}
            </dl>
          ) : levels.error ? (
            <Failure what="The limits" error={levels.error} onRetry={() => void levels.refetch()} />
          ) : (
            <SkeletonRows rows={3} />
          )}
        </Card>
        {may(user, "billing:read") ? <BudgetCard /> : null}
      </div>
    </>
  );
}
