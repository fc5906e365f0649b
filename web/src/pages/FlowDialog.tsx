import { useNavigate } from "@tanstack/react-router";
import { parse } from "yaml";
import { ApiError, post } from "@/api/client";
import { asRecord, asText, isRecord, type Json } from "@/api/read";
import { readVersionSaved } from "@/api/resources";
import { type CustomControl, ResourceDialog } from "@/components/ResourceDialog";
import { NativeSelect, TextArea } from "@/components/ui/input";
import { idFor, TEMPLATES } from "@/flow/templates";

interface FlowDialogProps {
  /** What is changed, as YAML; null: a new flow. */
  text: string | null;
  onClose: () => void;
}

/** A flow's document, written. It is kept as a draft: publishing is another step. */
export function FlowDialog({ text, onClose }: FlowDialogProps) {
  const navigate = useNavigate();
  const isNew = text === null;
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={isNew ? "New flow" : "Change the flow"}
      description="It is checked and kept as a draft. Calls run it once it is published."
      className="sm:w-[46rem]"
      fields={[
        ...(isNew
          ? [{ name: "name", label: "Name", placeholder: "Solar, west", hint: "Empty: as the document says" }]
          : []),
        {
          name: "document",
          label: "Document",
          kind: "custom",
          hint: "YAML or JSON. What nodes there are: flows/README.md, with examples.",
          render: (control) => <DocumentControl {...control} templates={isNew} />,
        },
      ]}
      initial={{ name: "", document: text ?? TEMPLATES[0].text }}
      save={async (values) => {
        const document = readDocument(values.document ?? "");
        const name = values.name?.trim() || asText(document.name) || "";
        if (name === "") throw fault("name", "is missing");
        const tail = Math.random().toString(16).slice(2, 6);
        const whole = { id: asText(document.id) ?? idFor(name, tail), ...document, name };
        const saved = readVersionSaved(await post("/api/v1/flows", whole));
        void navigate({ to: "/flows/$flowId", params: { flowId: saved.flowId }, search: { version: saved.version } });
      }}
      done={isNew ? "The flow is kept as a draft" : "Kept as a draft"}
      stale={["flows"]}
      submitLabel="Keep as a draft"
    />
  );
}

/** A refusal of ours, told where the API's are. */
const fault = (field: string, message: string) =>
  new ApiError(422, "INVALID_FLOW", "The document cannot be sent", [{ field, message }]);

function readDocument(text: string): Json {
  let document: unknown;
  try {
    // JSON is YAML too.
    document = parse(text);
  } catch (error) {
    throw fault("document", error instanceof Error ? (error.message.split("\n")[0] ?? "") : "is no YAML");
  }
  if (!isRecord(document)) throw fault("document", "is neither YAML nor JSON of a flow");
  return asRecord(document);
}

function DocumentControl({ value, onChange, templates, ...control }: CustomControl & { templates: boolean }) {
  const chosen = TEMPLATES.find(({ text }) => text === value)?.value ?? "";
  return (
    <span className="grid gap-2">
      {templates ? (
        <NativeSelect
          aria-label="Begin with"
          value={chosen}
          onChange={(event) => onChange(TEMPLATES.find((each) => each.value === event.target.value)?.text ?? "")}
        >
          {TEMPLATES.map((each) => (
            <option key={each.value} value={each.value}>
              {each.label}
            </option>
          ))}
          <option value="">A document of your own</option>
        </NativeSelect>
      ) : null}
      <TextArea
        {...control}
        rows={16}
        spellCheck={false}
        className="font-mono text-[12.5px] whitespace-pre"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      />
    </span>
  );
}
