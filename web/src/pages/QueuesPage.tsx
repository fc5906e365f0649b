import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Headset, ListOrdered, MoreHorizontal, Trash2 } from "lucide-react";
import { useId, useMemo, useState } from "react";
import { toast } from "sonner";
import { patch, put } from "@/api/client";
import { agentsQuery, allAgentsQuery, ownAgentQuery, queuesQuery } from "@/api/queries";
import { AGENT_STATUSES, type Agent, type AgentStatus, answeringAgents, connectionOf, type Queue } from "@/api/queues";
import type { Wire } from "@/api/read";
import { LIST_MAX } from "@/api/whole";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { AgentState, agentStatusLabel } from "@/components/AgentStatus";
import { DialogButton } from "@/components/DialogButton";
import { FilteredList } from "@/components/FilteredList";
import { useListSearch } from "@/components/listSearch";
import { PageHeader } from "@/components/PageHeader";
import { Removal, RemoveButton, type Removed } from "@/components/Removal";
import { messageOf } from "@/components/States";
import { Button } from "@/components/ui/button";
import type { Columns } from "@/components/ui/data-table";
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
  return (
    <>
      <PageHeader
        title="Queues"
        hint="Where callers wait, and who answers them"
        actions={user && may(user, "agents:read") ? <OwnStatus userId={user.id} /> : null}
      />
      <div className="grid grid-cols-1 items-start gap-5">
        <Queues />
        {may(user, "agents:read") ? <Agents /> : null}
      </div>
    </>
  );
}

const waitOf = (queue: Queue) =>
  queue.timeoutSeconds === null ? "No limit" : formatDurationWords(queue.timeoutSeconds);

function Queues() {
  const { user } = useAuth();
  const queues = useQuery(queuesQuery);
  const agents = useQuery({ ...allAgentsQuery, enabled: may(user, "agents:read") });
  const canWrite = may(user, "queues:write");
  const known = agents.data?.items;
  const least = agents.data?.nextCursor ? "at least " : "";
  const columns = useMemo<Columns<Queue>>(() => {
    const answered = (queue: Queue) => {
      const able = known ? answeringAgents(queue, known) : [];
      const free = able.filter(({ shown }) => shown === "available").length;
      return [
        known ? `${least}${free} of ${plural(able.length, "agent")} available` : null,
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
    ];
  }, [known, least]);
  return (
    <FilteredList
      query={queues}
      label="Queues"
      icon={ListOrdered}
      title="Queues"
      hint="Flows name them"
      actions={
        canWrite ? (
          <DialogButton label="New queue" size="sm">
            {(close) => <QueueDialog queue={null} onClose={close} />}
          </DialogButton>
        ) : null
      }
      empty={{
        title: "No queues yet",
        hint: "A flow sends callers to one where no buyer takes them, or where your own people do.",
      }}
      columns={columns}
      summary={(queue) => ({
        title: queue.name,
        text: [queue.skills.join(", "), `wait ${waitOf(queue).toLowerCase()}`].filter(Boolean).join(", "),
      })}
      rowActions={may(user, "queues:delete") ? (queue) => <RemoveQueue queue={queue} /> : undefined}
      dialog={canWrite ? (queue, close) => <QueueDialog queue={queue} onClose={close} /> : null}
    />
  );
}

function RemoveQueue({ queue: { id, name } }: { queue: Queue }) {
  const text = "Flows that name it no longer find it.";
  return (
    <RemoveButton
      path={`/api/v1/queues/${id}`}
      name={name}
      text={text}
      label={`Remove queue ${name}`}
      stale={["queues"]}
    />
  );
}

const sinceOf = (agent: Agent) => (agent.shownSince === null ? "" : formatDayTime(agent.shownSince));

const agentColumns: Columns<Agent> = [
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
  {
    id: "status",
    header: "Status",
    cell: ({ row }) => (
      <span className="flex flex-wrap items-center gap-2">
        <AgentState status={row.original.shown} />
        <span className="text-[13px] text-soft">{connectionOf(row.original)}</span>
      </span>
    ),
  },
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
];

function Agents() {
  const { user } = useAuth();
  const list = useListSearch();
  const agents = useQuery(agentsQuery(list.page));
  const [removed, setRemoved] = useState<Removed | null>(null);
  const canWrite = may(user, "agents:write");
  return (
    <div>
      <FilteredList
        query={agents}
        list={list}
        perPage={LIST_MAX}
        label="Agents"
        icon={Headset}
        title="Agents"
        hint="They answer one call at a time"
        actions={
          canWrite ? (
            <DialogButton label="New agent" size="sm">
              {(close) => <AgentDialog agent={null} onClose={close} />}
            </DialogButton>
          ) : null
        }
        empty={{
          title: "No agents yet",
          hint: "An agent is somebody with a phone; calls come while the status says available.",
        }}
        columns={agentColumns}
        summary={(agent) => ({
          title: agent.name,
          text: agent.destination,
          state: <AgentState status={agent.shown} />,
        })}
        rowActions={(agent) => (
          <AgentMenu agent={agent} canWrite={canWrite} canRemove={may(user, "agents:delete")} onRemove={setRemoved} />
        )}
        dialog={canWrite ? (agent, close) => <AgentDialog agent={agent} onClose={close} /> : null}
      />
      <Removal removed={removed} onClose={() => setRemoved(null)} stale={["agents", "queues"]} />
    </div>
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
