import { patch, post } from "@/api/client";
import type { Wire } from "@/api/read";
import { type Buyer, CAP_NAMES, type CapName } from "@/api/resources";
import { HoursEditor, parseWeek, writeWeek } from "@/components/HoursEditor";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { parseRules, TagRulesEditor, words, writeRules } from "@/components/TagRulesEditor";
import { timeZones } from "@/format/time";

export const CAP_LABELS: Record<CapName, string> = {
  concurrency: "At once",
  hourly: "This hour",
  daily: "Today",
  monthly: "This month",
  total: "In all",
};

const capField = (name: CapName): FormField => ({
  name,
  label: `Calls ${CAP_LABELS[name].toLowerCase()}`,
  kind: "number",
  placeholder: "No limit",
  half: true,
  group: "Limits",
});

const ATTESTATIONS = [
  { value: "", label: "Any call" },
  { value: "C", label: "C or better: the carrier says where it came from" },
  { value: "B", label: "B or better: the carrier knows the caller" },
  { value: "A", label: "A: the carrier vouches for the number" },
];

const FILTER_FIELDS: FormField[] = [
  {
    name: "areaCodes",
    label: "Area codes taken",
    placeholder: "All",
    hint: "North American, parted by spaces or commas: 212, 646",
    group: "Calls taken",
  },
  { name: "areaCodesRefused", label: "Area codes refused", placeholder: "None", group: "Calls taken" },
  {
    name: "attestationMin",
    label: "Caller's number attested",
    kind: "select",
    options: ATTESTATIONS,
    hint: "STIR/SHAKEN: how far the carrier vouches for the caller's number",
    group: "Calls taken",
  },
  {
    name: "tags",
    label: "Rules on tags",
    kind: "custom",
    render: (control) => <TagRulesEditor {...control} />,
    hint: "All must hold. A flow sets tags, such as the state a caller chose.",
    group: "Calls taken",
  },
];

const count = (text: string | undefined): number | null => (text ? Number(text) : null);

/** The form as the API wants it. */
function bodyOf(values: Record<string, string>) {
  return {
    name: values.name,
    code: values.code,
    status: values.status,
    weight: count(values.weight) ?? 1,
    priority: count(values.priority) ?? 0,
    caps: Object.fromEntries(CAP_NAMES.map((name) => [name, count(values[name])])),
    timeZone: values.timeZone,
    hours: parseWeek(values.hours ?? ""),
    filters: {
      areaCodes: words(values.areaCodes),
      areaCodesRefused: words(values.areaCodesRefused),
      attestationMin: values.attestationMin || null,
      tags: parseRules(values.tags ?? ""),
    } satisfies Wire<"Filters">,
  } satisfies Wire<"UpdateBuyerRequest">;
}

function fieldsOf(isNew: boolean): FormField[] {
  const publisher: FormField = {
    name: "publisherId",
    label: "Publisher",
    kind: "pick",
    pick: "publisher",
    required: true,
    group: "Buyer",
  };
  return [
    { name: "name", label: "Name", required: true, group: "Buyer" },
    { name: "code", label: "Code", required: true, half: true, hint: "Flows may name the buyer by it", group: "Buyer" },
    {
      name: "status",
      label: "Status",
      kind: "select",
      options: choices("ACTIVE", "INACTIVE"),
      half: true,
      group: "Buyer",
    },
    ...(isNew ? [publisher] : []),
    { name: "weight", label: "Weight", kind: "number", half: true, group: "Buyer" },
    { name: "priority", label: "Priority", kind: "number", half: true, hint: "Lower is tried earlier", group: "Buyer" },
    ...CAP_NAMES.map(capField),
    {
      name: "timeZone",
      label: "Time zone",
      kind: "select",
      options: timeZones().map((zone) => ({ value: zone, label: zone.replaceAll("_", " ") })),
      hint: "Of opening hours, and of the hour, day and month of limits",
      group: "Hours",
    },
    {
      name: "hours",
      label: "Takes calls",
      kind: "custom",
      render: (control) => <HoursEditor {...control} />,
      group: "Hours",
    },
    ...FILTER_FIELDS,
  ];
}

export function BuyerDialog({ buyer, onClose }: { buyer: Buyer | null; onClose: () => void }) {
  const caps = Object.fromEntries(CAP_NAMES.map((name) => [name, String(buyer?.caps[name].limit ?? "")]));
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={buyer ? buyer.name : "New buyer"}
      className="sm:w-[34rem]"
      fields={fieldsOf(buyer === null)}
      initial={{
        name: buyer?.name ?? "",
        code: buyer?.code ?? "",
        publisherId: "",
        status: buyer?.status ?? "ACTIVE",
        weight: String(buyer?.weight ?? 1),
        priority: String(buyer?.priority ?? 0),
        ...caps,
        timeZone: buyer?.timeZone ?? "UTC",
        hours: writeWeek(buyer?.week ?? null),
        areaCodes: buyer?.filters.areaCodes.join(", ") ?? "",
        areaCodesRefused: buyer?.filters.areaCodesRefused.join(", ") ?? "",
        attestationMin: buyer?.filters.attestationMin ?? "",
        tags: writeRules(buyer?.filters.tags ?? []),
      }}
      save={(values) => {
        const body = bodyOf(values);
        return buyer
          ? patch(`/api/v1/buyers/${buyer.id}`, body)
          : post("/api/v1/buyers", {
              ...body,
              publisherId: values.publisherId,
            } satisfies Wire<"CreateBuyerRequest">);
      }}
      done={buyer ? "Buyer saved" : "Buyer created"}
      stale={["buyers"]}
    />
  );
}
