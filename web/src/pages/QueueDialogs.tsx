import { useQuery } from "@tanstack/react-query";
import { patch, post } from "@/api/client";
import { agentsQuery } from "@/api/queries";
import { AGENT_STATUSES, type Agent, type AgentStatus, type Queue } from "@/api/queues";
import type { Wire } from "@/api/read";
import { useAuth } from "@/auth/AuthProvider";
import { may } from "@/auth/permissions";
import { agentStatusLabel } from "@/components/AgentStatus";
import { PhonesEditor, parsePhones, writePhones } from "@/components/PhonesEditor";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { parts } from "@/components/TagRulesEditor";
import { Check } from "@/components/ui/checkbox";

const WAITING_MAX = "100";

export function QueueDialog({ queue, onClose }: { queue: Queue | null; onClose: () => void }) {
  const { user } = useAuth();
  const agents = useQuery({ ...agentsQuery(1), enabled: may(user, "agents:read") });
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={queue ? queue.name : "New queue"}
      description="Flows name it in their queue node."
      className="sm:w-[38rem]"
      fields={[
        { name: "name", label: "Name", required: true, placeholder: "sales", group: "Queue" },
        { name: "maxSize", label: "Most callers waiting", kind: "number", half: true, group: "Queue" },
        {
          name: "timeoutSeconds",
          label: "Longest wait, seconds",
          kind: "number",
          placeholder: "No limit",
          half: true,
          group: "Queue",
        },
        {
          name: "music",
          label: "Heard while waiting",
          placeholder: "file:waiting.wav",
          hint: "A sound, a tone, or words after say:. A flow may name another.",
          group: "Queue",
        },
        {
          name: "agentIds",
          label: "Agents",
          kind: "custom",
          render: (control) => <AgentChoice {...control} agents={agents.data?.items ?? []} />,
          group: "Who answers",
        },
        {
          name: "skills",
          label: "Skills wanted",
          placeholder: "spanish, solar",
          hint: "With commas between; an agent needs all of them",
          group: "Who answers",
        },
        {
          name: "phones",
          label: "Phones besides the agents",
          kind: "custom",
          render: (control) => <PhonesEditor {...control} />,
          hint: "Each takes one call at a time, and rests for as many seconds after it.",
          group: "Who answers",
        },
      ]}
      initial={{
        name: queue?.name ?? "",
        maxSize: String(queue?.maxSize ?? WAITING_MAX),
        timeoutSeconds: String(queue?.timeoutSeconds ?? ""),
        music: queue?.music ?? "",
        agentIds: queue?.agentIds.join(" ") ?? "",
        skills: queue?.skills.join(", ") ?? "",
        phones: writePhones(queue?.phones ?? []),
      }}
      save={(values) => {
        const body = {
          name: values.name ?? "",
          maxSize: Number(values.maxSize || WAITING_MAX),
          timeoutSeconds: values.timeoutSeconds ? Number(values.timeoutSeconds) : null,
          music: values.music || null,
          agentIds: idsOf(values.agentIds),
          skills: parts(values.skills),
          phones: parsePhones(values.phones),
        } satisfies Wire<"CreateQueueRequest">;
        return queue ? patch(`/api/v1/queues/${queue.id}`, body) : post("/api/v1/queues", body);
      }}
      done={queue ? "Queue saved" : "Queue added"}
      stale={["queues"]}
    />
  );
}

const idsOf = (value: string | undefined): string[] => (value ?? "").split(" ").filter(Boolean);

/** Which agents answer. The form's value is their ids. */
function AgentChoice({ value, onChange, id, agents }: CustomControl & { agents: Agent[] }) {
  const chosen = idsOf(value);
  const set = (agent: string, on: boolean) =>
    onChange((on ? [...chosen, agent] : chosen.filter((each) => each !== agent)).join(" "));
  return (
    <div className="grid max-h-56 gap-2 overflow-y-auto rounded-lg border border-line p-3">
      <Check
        id={id}
        label="Every agent with the skills"
        checked={chosen.length === 0}
        disabled={chosen.length === 0}
        onChange={() => onChange("")}
      />
      {agents.map((agent) => (
        <Check
          key={agent.id}
          label={agent.name}
          checked={chosen.includes(agent.id)}
          onChange={(on) => set(agent.id, on)}
        />
      ))}
    </div>
  );
}

export function AgentDialog({ agent, onClose }: { agent: Agent | null; onClose: () => void }) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={agent ? agent.name : "New agent"}
      fields={[
        { name: "name", label: "Name", required: true },
        { name: "destination", label: "Phone", required: true, placeholder: "sip:ana@agents.example", hint: "SIP URI" },
        {
          name: "userId",
          label: "Signs in as",
          kind: "pick",
          pick: "user",
          none: "Nobody: others set the status",
        },
        { name: "skills", label: "Skills", placeholder: "spanish, solar", hint: "With commas between" },
        {
          name: "status",
          label: "Status",
          kind: "select",
          options: AGENT_STATUSES.map((status) => ({ value: status, label: agentStatusLabel(status) })),
          half: true,
        },
        { name: "wrapUpSeconds", label: "Rest after a call, seconds", kind: "number", half: true },
      ]}
      initial={{
        name: agent?.name ?? "",
        destination: agent?.destination ?? "",
        userId: agent?.userId ?? "",
        skills: agent?.skills.join(", ") ?? "",
        status: agent?.status ?? "offline",
        wrapUpSeconds: String(agent?.wrapUpSeconds ?? 0),
      }}
      save={(values) => {
        const body = {
          name: values.name ?? "",
          destination: values.destination ?? "",
          userId: values.userId || null,
          skills: parts(values.skills),
          status: values.status as AgentStatus,
          wrapUpSeconds: Number(values.wrapUpSeconds || 0),
        } satisfies Wire<"CreateAgentRequest">;
        return agent ? patch(`/api/v1/agents/${agent.id}`, body) : post("/api/v1/agents", body);
      }}
      done={agent ? "Agent saved" : "Agent added"}
      stale={["agents"]}
    />
  );
}
