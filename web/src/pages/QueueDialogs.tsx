import { X } from "lucide-react";
import { patch, post } from "@/api/client";
import { AGENT_STATUSES, type Agent, type AgentStatus, type Queue } from "@/api/queues";
import type { Wire } from "@/api/read";
import { agentStatusLabel } from "@/components/AgentStatus";
import { useNamesOf } from "@/components/names";
import { PhonesEditor, parsePhones, writePhones } from "@/components/PhonesEditor";
import { Picker } from "@/components/Picker";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { parts } from "@/components/TagRulesEditor";
import { Button } from "@/components/ui/button";

const WAITING_MAX = "100";

export function QueueDialog({ queue, onClose }: { queue: Queue | null; onClose: () => void }) {
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
          render: (control) => <AgentChoice {...control} />,
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

/** Which agents answer, each added by its name. The form's value is their ids. */
function AgentChoice({ value, onChange, ...control }: CustomControl) {
  const chosen = idsOf(value);
  const names = useNamesOf("agent", chosen);
  const nameOf = (id: string) => names.get(id) ?? `${id.slice(0, 8)}…`;
  return (
    <div className="grid gap-2">
      {chosen.length === 0 ? (
        <p className="text-[13px] text-soft">Every agent with the skills, unless some are named here</p>
      ) : (
        <ul aria-label="Agents that answer" className="flex max-h-40 flex-wrap gap-1.5 overflow-y-auto">
          {chosen.map((id) => (
            <li
              key={id}
              className="flex min-w-0 items-center gap-1 rounded-lg bg-sunken py-0.5 pr-0.5 pl-2.5 text-[13px]"
            >
              <span className="min-w-0 break-words">{nameOf(id)}</span>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label={`Leave out ${nameOf(id)}`}
                onClick={() => onChange(chosen.filter((each) => each !== id).join(" "))}
              >
                <X />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Picker
        {...control}
        kind="agent"
        value=""
        onChange={(id) => {
          if (id !== "" && !chosen.includes(id)) onChange([...chosen, id].join(" "));
        }}
      />
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
        {
          name: "needsConnection",
          label: "Reached",
          kind: "select",
          options: [
            { value: "no", label: "By phone, whether signed in here or not" },
            { value: "yes", label: "Only while signed in here" },
          ],
        },
      ]}
      initial={{
        name: agent?.name ?? "",
        destination: agent?.destination ?? "",
        userId: agent?.userId ?? "",
        skills: agent?.skills.join(", ") ?? "",
        status: agent?.status ?? "offline",
        wrapUpSeconds: String(agent?.wrapUpSeconds ?? 0),
        needsConnection: agent?.needsConnection ? "yes" : "no",
      }}
      save={(values) => {
        const body = {
          name: values.name ?? "",
          destination: values.destination ?? "",
          userId: values.userId || null,
          skills: parts(values.skills),
          status: values.status as AgentStatus,
          wrapUpSeconds: Number(values.wrapUpSeconds || 0),
          needsConnection: values.needsConnection === "yes",
        } satisfies Wire<"CreateAgentRequest">;
        return agent ? patch(`/api/v1/agents/${agent.id}`, body) : post("/api/v1/agents", body);
      }}
      done={agent ? "Agent saved" : "Agent added"}
      stale={["agents"]}
    />
  );
}
