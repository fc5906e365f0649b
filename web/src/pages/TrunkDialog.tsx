import { patch, post } from "@/api/client";
import type { Wire } from "@/api/read";
import { outboundOf, outboundValues, type Trunk, writtenAs } from "@/api/trunks";
import { type FormField, ResourceDialog } from "@/components/ResourceDialog";
import { choices } from "@/components/ResourceStatus";
import { words } from "@/components/TagRulesEditor";

const IN = "Calls in";
const OUT = "Calls out";

const carries = (values: Record<string, string>) => values.carries === "yes";

const INBOUND_FIELDS = (trunk: Trunk | null): FormField[] => [
  {
    name: "sourceCidrs",
    label: "Calls come from",
    placeholder: "203.0.113.0/24, 2001:db8::/48",
    hint: "Networks or addresses, parted by spaces or commas",
    group: IN,
  },
  {
    name: "username",
    label: "User",
    half: true,
    hint: "Where calls come from elsewhere: the carrier signs in (digest)",
    group: IN,
  },
  {
    name: "password",
    label: "Password",
    kind: "password",
    autoComplete: "new-password",
    half: true,
    hint: trunk?.username ? "Empty: it stays as it is" : "8 characters or more",
    group: IN,
  },
];

const TRANSPORTS = [
  { value: "UDP", label: "UDP" },
  { value: "TCP", label: "TCP" },
];
const FORMATS = [
  { value: "E164", label: "+ and country code" },
  { value: "DIGITS", label: "Country code, no +" },
  { value: "NATIONAL", label: "National" },
];
const SOURCES = [
  { value: "CALLER", label: "The caller's" },
  { value: "TRUNK", label: "The trunk's own" },
];
const YES_NO = [
  { value: "yes", label: "Yes" },
  { value: "no", label: "No" },
];

const OUTBOUND_FIELDS = (trunk: Trunk | null): FormField[] =>
  (
    [
      {
        name: "carries",
        label: "Carries calls out",
        kind: "select",
        options: YES_NO,
        hint: "To telephone numbers of buyers and flows, by host and port of the trunk",
        half: true,
      },
      {
        name: "outbound.priority",
        label: "Priority",
        kind: "number",
        hint: "Lower is tried earlier; the next trunk where a carrier does not take the call",
        half: true,
      },
      { name: "outbound.transport", label: "Transport", kind: "select", options: TRANSPORTS, half: true },
      {
        name: "outbound.numberFormat",
        label: "Numbers are written",
        kind: "select",
        options: FORMATS,
        half: true,
      },
      {
        name: "outbound.numberPrefix",
        label: "Prefix",
        placeholder: "None",
        half: true,
        hint: ({ "outbound.numberFormat": format = "", "outbound.numberPrefix": prefix = "" }) =>
          `The carrier is given ${writtenAs(format, prefix)}`,
      },
      {
        name: "outbound.username",
        label: "User at the carrier",
        half: true,
        hint: "Where it asks who calls (digest); empty: it knows the address",
      },
      {
        name: "outbound.password",
        label: "Password at the carrier",
        kind: "password",
        autoComplete: "new-password",
        half: true,
        hint: trunk?.outbound?.hasPassword ? "Empty: it stays as it is" : "Needed with a user; stored sealed",
      },
      { name: "outbound.callerIdSource", label: "Number shown", kind: "select", options: SOURCES, half: true },
      {
        name: "outbound.callerId",
        label: "The trunk's own number",
        kind: "tel",
        placeholder: "+15551234567",
        half: true,
        hint: "Shown always, or where the caller withholds theirs",
      },
      {
        name: "outbound.assertsIdentity",
        label: "Asserts the number",
        kind: "select",
        options: YES_NO,
        half: true,
        hint: "In P-Asserted-Identity too, which some carriers bill by",
      },
    ] satisfies FormField[]
  ).map((field): FormField => ({ ...field, group: OUT, ...(field.name === "carries" ? {} : { when: carries }) }));

const fieldsOf = (trunk: Trunk | null): FormField[] => [
  { name: "name", label: "Name", required: true },
  ...(trunk
    ? []
    : [{ name: "carrierId", label: "Carrier", kind: "pick" as const, pick: "carrier" as const, required: true }]),
  { name: "host", label: "Host", required: true, placeholder: "sip.carrier.example", half: true },
  { name: "port", label: "Port", kind: "number", half: true },
  {
    name: "maxConcurrentCalls",
    label: "Calls at once",
    kind: "number",
    placeholder: "No limit",
    half: true,
    hint: "In and out together, kept exactly",
  },
  {
    name: "status",
    label: "Status",
    kind: "select",
    options: choices("ACTIVE", "INACTIVE", "MAINTENANCE"),
    half: true,
  },
  ...INBOUND_FIELDS(trunk),
  ...OUTBOUND_FIELDS(trunk),
];

interface TrunkDialogProps {
  trunk: Trunk | null;
  /** Of a new one. */
  carrierId?: string | undefined;
  onClose: () => void;
}

/** A trunk: where its calls come from, and how it carries calls out. */
export function TrunkDialog({ trunk, carrierId, onClose }: TrunkDialogProps) {
  return (
    <ResourceDialog
      open
      onOpenChange={onClose}
      title={trunk ? trunk.name : "New trunk"}
      description="A call is let in by its source network, or by user and password."
      className="sm:w-[36rem]"
      fields={fieldsOf(trunk)}
      initial={{
        name: trunk?.name ?? "",
        carrierId: carrierId ?? "",
        host: trunk?.host ?? "",
        port: String(trunk?.port ?? 5060),
        sourceCidrs: trunk?.sources.join(", ") ?? "",
        username: trunk?.username ?? "",
        password: "",
        maxConcurrentCalls: String(trunk?.callsMax ?? ""),
        status: trunk?.status ?? "ACTIVE",
        ...outboundValues(trunk?.outbound ?? null),
      }}
      save={(values) => {
        const outbound = outboundOf(values);
        const body = {
          name: values.name,
          host: values.host,
          port: Number(values.port) || 5060,
          sourceCidrs: words(values.sourceCidrs),
          status: values.status,
          maxConcurrentCalls: values.maxConcurrentCalls ? Number(values.maxConcurrentCalls) : null,
          username: values.username || null,
          ...(values.password ? { password: values.password } : {}),
          outbound,
        } satisfies Wire<"UpdateTrunkRequest">;
        return trunk
          ? patch(`/api/v1/trunks/${trunk.id}`, body)
          : post("/api/v1/trunks", { ...body, carrierId: values.carrierId } satisfies Wire<"CreateTrunkRequest">);
      }}
      done={trunk ? "Trunk saved" : "Trunk added"}
      stale={["trunks"]}
    />
  );
}
