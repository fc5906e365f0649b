import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Headset, ListOrdered, MoreHorizontal, Plus, Trash2 } from "lucide-react";
import { useId, useMemo, useState } from "react";
import { toast } from "sonner";
import { patch, put } from "@/api/client";
import { agentsQuery, LIST_MAX, ownAgentQuery, queuesQuery } from "@/api/queries";
import { AGENT_STATUSES, type Agent, type AgentStatus, answeringAgents, type Queue } from "@/api/queues";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { AgentState, agentStatusLabel } from "@/components/AgentStatus";
import { ListBody } from "@/components/ListBody";
import { PageHeader } from "@/components/PageHeader";
import { Pager } from "@/components/Pager";
import { Removal, type Removed } from "@/components/Removal";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import { Card, CardHeader } from "@/components/ui/card";
import { type Columns, DataTable } from "@/components/ui/data-table";
import { NativeSelect } from "@/components/ui/input";
import {
  Menu,
  MenuContent,
  MenuItem,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "@/components/ui/menu";
import { formatDayTime, formatDurationWords } from "@/format/time";
import { plural } from "@/format/words";
import { AgentDialog, QueueDialog } from "./QueueDialogs";

export function QueuesPage() {
  const { user } = useAuth();
  const [removed, setRemoved] = useState<Removed | null>(null);
  return (
    <>
      <PageHeader
        title="Queues"
        hint="Where callers wait, and who answers them"
        actions={user && may(user, "agents:read") ? <OwnStatus userId={user.id} /> : null}
      />
      <div className="grid grid-cols-1 items-start gap-5">
        <Queues onRemove={setRemoved} />
        {may(user, "agents:read") ? <Agents onRemove={setRemoved} /> : null}
      </div>
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={["queues", "agents"]} />
    </>
  );
}

const waitOf = (queue: Queue) =>
  queue.timeoutSeconds === null ? "No limit" : formatDurationWords(queue.timeoutSeconds);

function Queues({ onRemove }: { onRemove: (removed: Removed) => void }) {
  const { user } = useAuth();
  const queues = useQuery(queuesQuery);
  const agents = useQuery({ ...agentsQuery(1), enabled: may(user, "agents:read") });
  const [edited, setEdited] = useState<Queue | "new" | null>(null);
  const canWrite = may(user, "queues:write");
  const canRemove = may(user, "queues:delete");
  const known = agents.data?.items;
  const columns = useMemo<Columns<Queue>>(() => {
    const answered = (queue: Queue) => {
      const able = known ? answeringAgents(queue, known) : [];
      const free = able.filter(({ status }) => status === "available").length;
      return [
        known ? `${free} of ${plural(able.length, "agent")} available` : null,
        queue.phones.length > 0 ? plural(queue.phones.length, "phone") : null,
      ]
        .filter(Boolean)
        .join(", ");
    };
    return [
      { id: "name", header: "Queue", cell: ({ row }) => <span className="font-medium">{row.original.name}</span> },
      {
        id: "answered",
        header: "Answered by",
        cell: ({ row }) => <span className="text-soft">{answered(row.original)}</span>,
      },
      {
        id: "skills",
        header: "Skills wanted",
        cell: ({ row }) => <span className="text-soft">{row.original.skills.join(", ")}</span>,
      },
      {
        id: "wait",
        header: "Longest wait",
        cell: ({ row }) => <span className="text-soft">{waitOf(row.original)}</span>,
      },
      {
        id: "size",
        header: "Most waiting",
        cell: ({ row }) => <span className="tabular text-soft">{row.original.maxSize}</span>,
      },
      {
        id: "actions",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (canRemove ? <RemoveQueue queue={row.original} onRemove={onRemove} /> : null),
      },
    ];
  }, [known, canRemove, onRemove]);
  return (
    <Card>
      <CardHeader
        title="Queues"
        hint="Flows name them"
        actions={
          canWrite ? (
            <Button size="sm" onClick={() => setEdited("new")}>
              <Plus /> New queue
            </Button>
          ) : null
        }
      />
      <div className="border-t border-line">
        <ListBody
          query={queues}
          what="Queues"
          icon={ListOrdered}
          emptyTitle="No queues yet"
          emptyHint="A flow sends callers to one where no buyer takes them, or where your own people do."
        >
          {(items) => (
            <DataTable
              label="Queues"
              columns={columns}
              rows={items}
              rowId={(queue) => queue.id}
              opener={(row, content, className) =>
                canWrite ? (
                  <button type="button" className={className} onClick={() => setEdited(row)}>
                    {content}
                  </button>
                ) : (
                  <span>{content}</span>
                )
              }
              card={(queue) => (
                <div className="flex items-center justify-between gap-3">
                  <button
                    type="button"
                    className="min-w-0 flex-1 text-left"
                    disabled={!canWrite}
                    onClick={() => setEdited(queue)}
                  >
                    <span className="block truncate font-medium">{queue.name}</span>
                    <span className="block truncate text-[13px] text-soft">
                      {[queue.skills.join(", "), `wait ${waitOf(queue).toLowerCase()}`].filter(Boolean).join(", ")}
                    </span>
                  </button>
                  {canRemove ? <RemoveQueue queue={queue} onRemove={onRemove} /> : null}
                </div>
              )}
            />
          )}
        </ListBody>
      </div>
      {edited ? <QueueDialog queue={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
    </Card>
  );
}

function RemoveQueue({ queue, onRemove }: { queue: Queue; onRemove: (removed: Removed) => void }) {
  const text = "Flows that name it no longer find it.";
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      className="relative z-10"
      aria-label={`Remove queue ${queue.name}`}
      onClick={() => onRemove({ path: `/api/v1/queues/${queue.id}`, name: queue.name, text })}
    >
      <Trash2 />
    </Button>
  );
}

const sinceOf = (agent: Agent) => (agent.statusChangedAt === null ? "" : formatDayTime(agent.statusChangedAt));

function Agents({ onRemove }: { onRemove: (removed: Removed) => void }) {
  const { user } = useAuth();
  const [page, setPage] = useState(1);
  const agents = useQuery(agentsQuery(page));
  const [edited, setEdited] = useState<Agent | "new" | null>(null);
  const canWrite = may(user, "agents:write");
  const canRemove = may(user, "agents:delete");
  const columns = useMemo<Columns<Agent>>(
    () => [
      {
        id: "name",
        header: "Agent",
        cell: ({ row }) => (
          <>
            <span className="block font-medium">{row.original.name}</span>
            <span className="block text-[13px] text-soft">{row.original.destination}</span>
          </>
        ),
      },
      { id: "status", header: "Status", cell: ({ row }) => <AgentState status={row.original.status} /> },
      {
        id: "since",
        header: "Since",
        cell: ({ row }) => <span className="whitespace-nowrap text-soft">{sinceOf(row.original)}</span>,
      },
      {
        id: "skills",
        header: "Skills",
        cell: ({ row }) => <span className="text-soft">{row.original.skills.join(", ")}</span>,
      },
      {
        id: "actions",
        header: () => <span className="sr-only">Actions</span>,
        cell: ({ row }) => (
          <AgentMenu agent={row.original} canWrite={canWrite} canRemove={canRemove} onRemove={onRemove} />
        ),
      },
    ],
    [canWrite, canRemove, onRemove],
  );
  return (
    <Card>
      <CardHeader
        title="Agents"
        hint="They answer one call at a time"
        actions={
          canWrite ? (
            <Button size="sm" onClick={() => setEdited("new")}>
              <Plus /> New agent
            </Button>
          ) : null
        }
      />
      <div className="border-t border-line">
        <ListBody
          query={agents}
          what="Agents"
          icon={Headset}
          emptyTitle="No agents yet"
          emptyHint="An agent is somebody with a phone; calls come while the status says available."
        >
          {(items) => (
            <DataTable
              label="Agents"
              columns={columns}
              rows={items}
              rowId={(agent) => agent.id}
              opener={(row, content, className) =>
                canWrite ? (
                  <button type="button" className={className} onClick={() => setEdited(row)}>
                    {content}
                  </button>
                ) : (
                  <span>{content}</span>
                )
              }
              card={(agent) => (
                <div className="flex items-center justify-between gap-3">
                  <button
                    type="button"
                    className="min-w-0 flex-1 text-left"
                    disabled={!canWrite}
                    onClick={() => setEdited(agent)}
                  >
                    <span className="block truncate font-medium">{agent.name}</span>
                    <span className="block truncate text-[13px] text-soft">{agent.destination}</span>
                  </button>
                  <AgentState status={agent.status} />
                  <AgentMenu agent={agent} canWrite={canWrite} canRemove={canRemove} onRemove={onRemove} />
                </div>
              )}
            />
          )}
        </ListBody>
      </div>
      <div className="px-4 pb-4 empty:hidden sm:px-5">
        <Pager
          page={page}
          totalPages={agents.data?.totalPages ?? null}
          full={(agents.data?.items.length ?? 0) >= LIST_MAX}
          onPage={setPage}
        />
      </div>
      {edited ? <AgentDialog agent={edited === "new" ? null : edited} onClose={() => setEdited(null)} /> : null}
    </Card>
  );
}

interface AgentMenuProps {
  agent: Agent;
  canWrite: boolean;
  canRemove: boolean;
  onRemove: (removed: Removed) => void;
}

function AgentMenu({ agent, canWrite, canRemove, onRemove }: AgentMenuProps) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (status: AgentStatus) =>
      patch(`/api/v1/agents/${agent.id}`, { status } satisfies Wire<"UpdateAgentRequest">),
    onSuccess: () => client.invalidateQueries({ queryKey: ["agents"] }),
    onError: (error) => toast.error(messageOf(error)),
  });
  if (!canWrite && !canRemove) return null;
  const text = "Queues that name the agent do without.";
  return (
    <Menu>
      <MenuTrigger asChild>
        <Button variant="ghost" size="icon-sm" aria-label={`More for ${agent.name}`} className="relative z-10">
          <MoreHorizontal />
        </Button>
      </MenuTrigger>
      <MenuContent align="end">
        {canWrite ? (
          <>
            <MenuLabel>Status</MenuLabel>
            <MenuRadioGroup value={agent.status ?? ""} onValueChange={(status) => change.mutate(status as AgentStatus)}>
              {AGENT_STATUSES.map((status) => (
                <MenuRadioItem key={status} value={status}>
                  {agentStatusLabel(status)}
                </MenuRadioItem>
              ))}
            </MenuRadioGroup>
          </>
        ) : null}
        {canWrite && canRemove ? <MenuSeparator /> : null}
        {canRemove ? (
          <MenuItem onSelect={() => onRemove({ path: `/api/v1/agents/${agent.id}`, name: agent.name, text })}>
            <Trash2 /> Remove
          </MenuItem>
        ) : null}
      </MenuContent>
    </Menu>
  );
}

/** The status of whoever is signed in, where they are an agent. */
function OwnStatus({ userId }: { userId: string }) {
  const client = useQueryClient();
  const id = useId();
  const own = useQuery(ownAgentQuery(userId));
  const change = useMutation({
    mutationFn: (status: AgentStatus) => put("/api/v1/agent/status", { status } satisfies Wire<"SetOwnStatusRequest">),
    onSuccess: () => client.invalidateQueries({ queryKey: ["agents"] }),
    onError: (error) => toast.error(messageOf(error)),
  });
  if (!own.data) return null;
  return (
    <span className="flex items-center gap-2 text-[13px] text-soft">
      <label htmlFor={id}>You are</label>
      <NativeSelect
        id={id}
        className="w-auto"
        value={change.isPending ? change.variables : (own.data.status ?? "")}
        disabled={change.isPending}
        onChange={(event) => change.mutate(event.target.value as AgentStatus)}
      >
        {AGENT_STATUSES.map((status) => (
          <option key={status} value={status}>
            {agentStatusLabel(status)}
          </option>
        ))}
      </NativeSelect>
    </span>
  );
}
