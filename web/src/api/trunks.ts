import { asFlag, asNumber, asText, asTexts, isRecord, type Wire } from "./read";

export interface Carrier {
  id: string;
  name: string;
  code: string | null;
  status: string | null;
}

export const readCarrier = (row: Wire<"Carrier">): Carrier => ({
  id: asText(row.id) ?? "",
  name: asText(row.name) ?? "",
  code: asText(row.code),
  status: asText(row.status),
});

/** How a trunk carries calls out. */
export interface Outbound {
  /** Lower is tried earlier. */
  priority: number;
  transport: string;
  /** Where the carrier asks who calls. */
  username: string | null;
  hasPassword: boolean;
  numberFormat: string;
  /** Put before every number. */
  prefix: string;
  /** The trunk's own number to show. */
  callerId: string | null;
  callerIdSource: string;
  assertsIdentity: boolean;
}

export interface Trunk {
  id: string;
  carrierId: string | null;
  name: string;
  host: string | null;
  port: number | null;
  /** Networks calls come from. */
  sources: string[];
  username: string | null;
  /** Null: it carries no calls out. */
  outbound: Outbound | null;
  callsMax: number | null;
  status: string | null;
}

function readOutbound(value: unknown): Outbound | null {
  if (!isRecord(value)) return null;
  const row: Wire<"OutboundCalls"> = value;
  return {
    priority: asNumber(row.priority) ?? 0,
    transport: asText(row.transport) ?? "UDP",
    username: asText(row.username),
    hasPassword: asFlag(row.hasPassword) ?? false,
    numberFormat: asText(row.numberFormat) ?? "E164",
    prefix: asText(row.numberPrefix) ?? "",
    callerId: asText(row.callerId),
    callerIdSource: asText(row.callerIdSource) ?? "CALLER",
    assertsIdentity: asFlag(row.assertsIdentity) ?? true,
  };
}

export const readTrunk = (row: Wire<"Trunk">): Trunk => ({
  id: asText(row.id) ?? "",
  carrierId: asText(row.carrierId),
  name: asText(row.name) ?? "",
  host: asText(row.host),
  port: asNumber(row.port),
  sources: asTexts(row.sourceCidrs),
  username: asText(row.username),
  outbound: readOutbound(row.outbound),
  callsMax: asNumber(row.maxConcurrentCalls),
  status: asText(row.status),
});

type Values = Record<string, string>;

/** The form's part on calls out as the API wants it; null: none are carried. It is sent as a whole, so nothing is left out of it. */
export function outboundOf(values: Values) {
  if (values.carries !== "yes") return null;
  const or = (name: string) => values[name] || null;
  return {
    priority: Number(values["outbound.priority"] || 0),
    transport: (values["outbound.transport"] ?? "UDP") as "UDP" | "TCP",
    username: or("outbound.username"),
    // Left empty it stays as it is, with its user.
    ...(values["outbound.password"] ? { password: values["outbound.password"] } : {}),
    numberFormat: (values["outbound.numberFormat"] ?? "E164") as "E164" | "DIGITS" | "NATIONAL",
    numberPrefix: values["outbound.numberPrefix"] ?? "",
    callerId: or("outbound.callerId"),
    callerIdSource: (values["outbound.callerIdSource"] ?? "CALLER") as "CALLER" | "TRUNK",
    assertsIdentity: values["outbound.assertsIdentity"] !== "no",
  } satisfies Wire<"OutboundCallsRequest">;
}

/** The form's part on calls out, of a trunk that carries some or none. */
export function outboundValues(outbound: Outbound | null): Values {
  return {
    carries: outbound ? "yes" : "no",
    "outbound.priority": String(outbound?.priority ?? 0),
    "outbound.transport": outbound?.transport ?? "UDP",
    "outbound.username": outbound?.username ?? "",
    "outbound.password": "",
    "outbound.numberFormat": outbound?.numberFormat ?? "E164",
    "outbound.numberPrefix": outbound?.prefix ?? "",
    "outbound.callerId": outbound?.callerId ?? "",
    "outbound.callerIdSource": outbound?.callerIdSource ?? "CALLER",
    "outbound.assertsIdentity": outbound?.assertsIdentity === false ? "no" : "yes",
  };
}

const EXAMPLE = { E164: "+12125550100", DIGITS: "12125550100", NATIONAL: "2125550100" };

/** How the carrier is given +1 212 555 0100. */
export const writtenAs = (format: string, prefix: string): string =>
  `${prefix}${EXAMPLE[format as keyof typeof EXAMPLE] ?? EXAMPLE.E164}`;
