import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, Link, useNavigate } from "@tanstack/react-router";
import { ArrowLeft, CircleCheck, Copy, Pencil, Rocket, TriangleAlert, Undo2 } from "lucide-react";
import { lazy, Suspense, useMemo, useState } from "react";
import { toast } from "sonner";
import { stringify } from "yaml";
import { ApiError, type FieldFault, post } from "@/api/client";
import { flowQuery, flowVersionQuery } from "@/api/queries";
import type { Json } from "@/api/read";
import type { FlowSummary } from "@/api/resources";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { DialogButton } from "@/components/DialogButton";
import { PageHeader } from "@/components/PageHeader";
import { Empty, Failure, messageOf } from "@/components/States";
import { Badge } from "@/components/ui/badge";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { cn } from "@/components/ui/cn";
import { Dialog } from "@/components/ui/dialog";
import { Skeleton, SkeletonRows } from "@/components/ui/skeleton";
import { Tabs, TabsContent, TabsList, TabsTrigger } from "@/components/ui/tabs";
import { formatDayTime } from "@/format/time";
import { FlowDetailsDialog } from "./FlowDetailsDialog";
import { FlowDialog } from "./FlowDialog";

const Diagram = lazy(() => import("@/flow/Diagram").then((module) => ({ default: module.Diagram })));
const route = getRouteApi("/flows/$flowId");

export function FlowPage() {
  const { flowId } = route.useParams();
  const found = useQuery(flowQuery(flowId));
  return (
    <>
      <Link
        to="/flows"
        className="mb-3 inline-flex items-center gap-1.5 text-[13px] font-medium text-soft hover:text-ink"
      >
        <ArrowLeft className="size-4" aria-hidden="true" /> Flows
      </Link>
      {found.data ? (
        <FlowDetail flow={found.data} />
      ) : (
        <Card>
          {found.error instanceof ApiError && found.error.status === 404 ? (
            <Empty icon={TriangleAlert} title="There is no such flow" />
          ) : found.error ? (
            <Failure what="The flow" error={found.error} onRetry={() => void found.refetch()} />
          ) : (
            <SkeletonRows />
          )}
        </Card>
      )}
    </>
  );
}

function FlowDetail({ flow }: { flow: FlowSummary }) {
  const search = route.useSearch();
  const { user } = useAuth();
  const version = search.version ?? flow.publishedVersion ?? flow.versions[0]?.version ?? null;
  return (
    <>
      <PageHeader
        title={flow.name}
        hint={
          flow.status === "ARCHIVED"
            ? "Archived: no call runs it"
            : flow.publishedVersion === null
              ? "Not published: no call runs it"
              : `Version ${flow.publishedVersion} is published`
        }
        actions={
          may(user, "flows:write") ? (
            <DialogButton label="Details" icon={Pencil} variant="outline">
              {(close) => <FlowDetailsDialog flow={flow} onClose={close} />}
            </DialogButton>
          ) : null
        }
      />
      <div className="grid items-start gap-5 xl:grid-cols-12">
        <div className="min-w-0 xl:col-span-9">
          {version === null ? (
            <Card>
              <Empty icon={TriangleAlert} title="This flow has no version yet" />
            </Card>
          ) : (
            <VersionView flow={flow} version={version} />
          )}
        </div>
        <div className="xl:col-span-3">
          <Versions flow={flow} shown={version} />
        </div>
      </div>
    </>
  );
}

function VersionView({ flow, version }: { flow: FlowSummary; version: number }) {
  const { user } = useAuth();
  const loaded = useQuery(flowVersionQuery(flow.id, version));
  const document = loaded.data?.document ?? null;
  const check = useQuery({
    queryKey: ["flows", flow.id, version, "check"],
    queryFn: () => checkFlow(document ?? {}),
    enabled: document !== null,
    retry: false,
  });
  const faultyNodes = useMemo(
    () => new Set((check.data ?? []).flatMap(({ node }) => (node ? [node] : []))),
    [check.data],
  );
  if (loaded.error) {
    return (
      <Card>
        <Failure what="This version" error={loaded.error} onRetry={() => void loaded.refetch()} />
      </Card>
    );
  }
  if (!loaded.data) return <Skeleton className="h-[36rem]" />;
  if (!document) {
    return (
      <Card>
        <Empty icon={TriangleAlert} title="The API delivered no document for this version" />
      </Card>
    );
  }
  return (
    <div className="grid gap-5">
      <Check faults={check.data} error={check.error} />
      <Card>
        <Tabs defaultValue="diagram">
          <CardHeader
            title={`Version ${version}`}
            actions={
              <>
                {may(user, "flows:write") ? (
                  <DialogButton label="Change" icon={Pencil} size="sm" variant="outline">
                    {(close) => <FlowDialog text={stringify(document)} onClose={close} />}
                  </DialogButton>
                ) : null}
                <TabsList aria-label="View">
                  <TabsTrigger value="diagram">Diagram</TabsTrigger>
                  <TabsTrigger value="yaml">YAML</TabsTrigger>
                  <TabsTrigger value="json">JSON</TabsTrigger>
                </TabsList>
              </>
            }
          />
          <TabsContent value="diagram">
            <Suspense fallback={<Skeleton className="h-[34rem] rounded-t-none" />}>
              <Diagram document={document} faultyNodes={faultyNodes} />
            </Suspense>
          </TabsContent>
          <TabsContent value="yaml">
            <Source text={stringify(document)} />
          </TabsContent>
          <TabsContent value="json">
            <Source text={JSON.stringify(document, null, 2)} />
          </TabsContent>
        </Tabs>
      </Card>
    </div>
  );
}

/** The API's own check of a document: an empty list means that it could be published. */
async function checkFlow(document: Json): Promise<FieldFault[]> {
  try {
    await post("/api/v1/flows/validate", document);
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 400 && error.status !== 422)) throw error;
    return error.faults.length > 0 ? error.faults : [{ field: "", message: error.message }];
  }
}

function Check({ faults, error }: { faults: FieldFault[] | undefined; error: unknown }) {
  if (error) return <p className="text-[13px] text-soft">The API could not check this version: {messageOf(error)}</p>;
  if (!faults) return null;
  if (faults.length === 0) {
    return (
      <p className="flex items-center gap-2 text-[13px] text-live-text">
        <CircleCheck className="size-4" aria-hidden="true" /> The API finds no fault in this version.
      </p>
    );
  }
  return (
    <div role="alert" className="rounded-xl bg-bad-soft px-4 py-3 text-[13px] text-bad-text">
      <p className="font-semibold">
        {faults.length} {faults.length === 1 ? "fault" : "faults"}
      </p>
      <ul className="mt-1 grid gap-0.5">
        {faults.map((fault, index) => (
          <li key={index}>
            {fault.field ? <code className="mr-2 font-mono text-xs">{fault.field}</code> : null}
            {fault.message}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Source({ text }: { text: string }) {
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => toast.success("Copied"),
      () => toast.error("The browser did not allow copying"),
    );
  return (
    <div className="relative border-t border-line">
      <Button variant="outline" size="sm" className="absolute top-3 right-4" onClick={() => void copy()}>
        <Copy /> Copy
      </Button>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable to scroll it by keys. */}
      <pre tabIndex={0} className="max-h-[34rem] overflow-auto p-4 font-mono text-[12.5px] leading-relaxed sm:p-5">
        {text}
      </pre>
    </div>
  );
}

function Versions({ flow, shown }: { flow: FlowSummary; shown: number | null }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const { user } = useAuth();
  const [asked, setAsked] = useState<number | null>(null);
  const back = asked !== null && flow.publishedVersion !== null && asked < flow.publishedVersion;
  const publish = useMutation({
    mutationFn: (version: number) =>
      back
        ? post(`/api/v1/flows/${flow.id}/rollback`, { version })
        : post(`/api/v1/flows/${flow.id}/versions/${version}/publish`),
    onSuccess: async (_, version) => {
      toast.success(`Version ${version} is published`);
      setAsked(null);
      await client.invalidateQueries({ queryKey: ["flows"] });
    },
  });
  return (
    <Card>
      <CardHeader title="Versions" />
      <ol className="divide-y divide-line border-t border-line">
        {flow.versions.map(({ version, createdAt }) => {
          const published = version === flow.publishedVersion;
          return (
            <li
              key={version}
              className={cn("flex items-center gap-2 px-4 py-2.5 sm:px-5", version === shown && "bg-sunken/70")}
            >
              <button
                type="button"
                className="min-w-0 flex-1 text-left"
                aria-current={version === shown ? "true" : undefined}
                onClick={() =>
                  void navigate({
                    to: "/flows/$flowId",
                    params: { flowId: flow.id },
                    search: { version },
                    replace: true,
                  })
                }
              >
                <span className="block font-medium">Version {version}</span>
                <span className="block text-xs text-soft">{createdAt === null ? "" : formatDayTime(createdAt)}</span>
              </button>
              {published ? (
                <Badge tone="live">Published</Badge>
              ) : (
                <Button
                  variant="outline"
                  size="sm"
                  disabled={!may(user, "flows:publish")}
                  onClick={() => setAsked(version)}
                >
                  {flow.publishedVersion !== null && version < flow.publishedVersion ? (
                    <>
                      <Undo2 /> Roll back
                    </>
                  ) : (
                    <>
                      <Rocket /> Publish
                    </>
                  )}
                </Button>
              )}
            </li>
          );
        })}
      </ol>
      <Dialog
        open={asked !== null}
        onOpenChange={(open) => {
          if (!open) setAsked(null);
          publish.reset();
        }}
        title={`${back ? "Roll back to" : "Publish"} version ${asked}?`}
        description="New calls run it at once. Calls under way keep the version they began with."
      >
        {publish.error ? (
          <div role="alert" className="mb-4 rounded-lg bg-bad-soft px-3 py-2.5 text-[13px] text-bad-text">
            {messageOf(publish.error)}
            <ul>
              {publish.error instanceof ApiError
                ? publish.error.faults.map((fault, index) => (
                    <li key={index}>{[fault.field, fault.message].filter(Boolean).join(": ")}</li>
                  ))
                : null}
            </ul>
          </div>
        ) : null}
        <div className="flex justify-end gap-2">
          <Button variant="outline" onClick={() => setAsked(null)}>
            Cancel
          </Button>
          <Button disabled={publish.isPending} onClick={() => asked !== null && publish.mutate(asked)}>
            {back ? "Roll back" : "Publish"}
          </Button>
        </div>
      </Dialog>
    </Card>
  );
}
