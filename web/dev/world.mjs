// A small made-up tenant for working on the pages. Development only: nothing in here is built into dist.
import { randomUUID } from "node:crypto";

const iso = (at) => new Date(at).toISOString();
const money = (micros) => (micros / 1e6).toFixed(4);
const id = () => randomUUID();

export const publishers = [
  { id: id(), name: "Northwind Leads", code: "NORTH", status: "ACTIVE", createdAt: iso(Date.now() - 9e9) },
  { id: id(), name: "Clicktide Media", code: "CLICK", status: "ACTIVE", createdAt: iso(Date.now() - 6e9) },
  { id: id(), name: "Homefinders", code: "HOME", status: "INACTIVE", createdAt: iso(Date.now() - 3e9) },
];
const [north, click] = publishers;
// Many of them, so that a choice among publishers has several pages.
const PLACES = [
  "Bayview",
  "Cedar",
  "Delta",
  "Eastgate",
  "Fairlawn",
  "Granite",
  "Harbor",
  "Ironwood",
  "Juniper",
  "Kingsway",
];
const TRADES = [
  "Ads",
  "Calls",
  "Digital",
  "Leads",
  "Media",
  "Network",
  "Partners",
  "Search",
  "Social",
  "Traffic",
  "Web",
];
for (const place of PLACES)
  for (const trade of TRADES)
    publishers.push({
      id: id(),
      name: `${place} ${trade}`,
      code: `${place.slice(0, 4)}-${trade.slice(0, 4)}`.toUpperCase(),
      status: "ACTIVE",
      createdAt: iso(Date.now() - 12e9),
    });

const menu = {
  id: "menu-and-buyers",
  name: "Menu, then buyers",
  version: "3",
  entry: { id: "entry", type: "entry", target: "record" },
  nodes: [
    { id: "record", type: "record", channels: "dual", next: "menu" },
    {
      id: "menu",
      type: "ivr",
      prompt: "say:For solar press 1, for roofing press 2",
      timeout: 8,
      maxDigits: 1,
      choices: [
        { digits: "1", target: "hours" },
        { digits: "2", target: "roofing" },
      ],
      default: "bye",
    },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the flow language writes its expressions so.
    { id: "hours", type: "if", condition: "${hour >= 8 && hour < 20}", then: "solar", else: "after-hours" },
    {
      id: "solar",
      type: "buyer",
      strategy: "performance",
      buyers: [{}, {}, {}, {}],
      onNoBuyers: "sorry",
      onAllBusy: "wait",
    },
    { id: "roofing", type: "buyer", strategy: "weighted", buyers: [{}, {}], onNoBuyers: "sorry", onAllBusy: "wait" },
    { id: "wait", type: "queue", queueId: "overflow", timeout: 60, onTimeout: "sorry", onConnect: "bye" },
    { id: "after-hours", type: "tag", tags: { reason: "after-hours" }, next: "sorry" },
    { id: "sorry", type: "whisper", callerPrompt: "say:Nobody is free right now", next: "bye" },
    { id: "bye", type: "hangup", reason: "normal" },
  ],
};
const straight = {
  id: "straight",
  name: "Straight to buyers",
  version: "1",
  entry: { id: "entry", type: "entry", target: "buyers" },
  nodes: [
    { id: "buyers", type: "buyer", strategy: "priority", buyers: [{}, {}], onNoBuyers: "busy", onAllBusy: "busy" },
    { id: "busy", type: "hangup", reason: "busy" },
  ],
};
const broken = structuredClone(menu);
broken.version = "4";
broken.nodes[3].onAllBusy = "overflow-queue";

export const flows = [
  {
    id: id(),
    name: menu.name,
    status: "ACTIVE",
    publishedVersion: 3,
    versions: [4, 3, 2, 1].map((version) => ({
      version,
      published: version === 3,
      createdAt: iso(Date.now() - 1e8 * (5 - version)),
    })),
    documents: { 4: broken, 3: menu, 2: menu, 1: straight },
  },
  {
    id: id(),
    name: straight.name,
    status: "ACTIVE",
    publishedVersion: 1,
    versions: [{ version: 1, published: true, createdAt: iso(Date.now() - 4e8) }],
    documents: { 1: straight },
  },
  {
    id: id(),
    name: "Weekend overflow",
    status: "DRAFT",
    publishedVersion: null,
    versions: [{ version: 1, published: false, createdAt: iso(Date.now() - 2e8) }],
    documents: { 1: straight },
  },
];

const week = (days, sat) => ({
  mon: days,
  tue: days,
  wed: days,
  thu: days,
  fri: days,
  sat,
  sun: [],
  closed: ["2026-12-25"],
});
const buyer = (name, code, revenue, caps, extra = {}) => ({
  id: id(),
  name,
  code,
  status: "ACTIVE",
  publisherId: north.id,
  publisher: { id: north.id, name: north.name },
  caps: {
    concurrency: null,
    hourly: null,
    daily: null,
    monthly: null,
    total: null,
    ...caps,
  },
  usage: { hourly: 4, daily: 23, monthly: 310 },
  hours: null,
  price: { amount: money(revenue), afterSeconds: 30, currency: "USD" },
  weight: 1,
  priority: 0,
  createdAt: iso(Date.now() - 5e9),
  ...extra,
  endpoints: [
    {
      id: id(),
      type: "SIP",
      destination: `sip:${code.toLowerCase()}@127.0.0.1:5070`,
      priority: 0,
      status: "ACTIVE",
      terms: {
        revenue: money(revenue),
        revenueAfterSeconds: 30,
        payout: money(revenue * 0.6),
        payoutAfterSeconds: 30,
        currency: "USD",
      },
      ringTimeoutSeconds: 20,
    },
  ],
});
export const buyers = [
  buyer(
    "Sunrise Solar",
    "SUNRISE",
    42e6,
    { concurrency: 5, daily: 60 },
    {
      hours: week([{ from: "08:00", to: "20:00" }], []),
      filters: {
        areaCodes: ["212", "646", "917"],
        areaCodesRefused: [],
        attestationMin: "B",
        tags: [{ tag: "homeowner", anyOf: ["yes"], refuse: false }],
      },
    },
  ),
  buyer("Brightroof Energy", "BRIGHT", 38e6, { concurrency: 2, hourly: 10 }),
  buyer("Helio Partners", "HELIO", 45e6, { concurrency: 3, daily: 23 }),
  buyer("Summit Power", "SUMMIT", 35e6, { concurrency: 10 }),
  buyer(
    "Evergreen Homes",
    "EVERGREEN",
    33e6,
    {},
    {
      status: "INACTIVE",
      timeZone: "America/Chicago",
      hours: week([{ from: "09:00", to: "17:00" }], [{ from: "10:00", to: "14:00" }]),
    },
  ),
];

export const carriers = [
  { id: "carrier-1", name: "Western Telecom", code: "WEST", status: "ACTIVE" },
  { id: "carrier-2", name: "Lakeside Voice", code: "LAKE", status: "INACTIVE" },
];
export const trunks = [
  {
    id: "trunk-1",
    carrierId: "carrier-1",
    name: "West 1",
    type: "SIP",
    host: "sip.west.example",
    port: 5060,
    sourceCidrs: ["203.0.113.0/24", "198.51.100.7/32"],
    username: null,
    outbound: {
      priority: 1,
      transport: "UDP",
      username: "acme-west",
      hasPassword: true,
      numberFormat: "E164",
      numberPrefix: "",
      callerId: "+18885550142",
      callerIdSource: "CALLER",
      assertsIdentity: true,
    },
    maxConcurrentCalls: 120,
    status: "ACTIVE",
  },
  {
    id: "trunk-2",
    carrierId: "carrier-1",
    name: "West, by password",
    type: "SIP",
    host: "edge.west.example",
    port: 5080,
    sourceCidrs: [],
    username: "hopwhistle",
    outbound: null,
    maxConcurrentCalls: null,
    status: "MAINTENANCE",
  },
];

export const rateCards = [
  {
    id: "card-1",
    tenantId: "t1",
    billingAccountId: "account-1",
    name: "2026",
    effectiveFrom: iso(Date.now() - 2e10),
    effectiveTo: null,
    status: "ACTIVE",
    rates: {
      inbound: { perMinute: "0.0125", connectionFee: "0.01" },
      outbound: { perMinute: "0.02" },
      recording: { perMinute: "0.0025" },
      cpa: { amount: "0.5", triggerEvent: "conversion.confirmed" },
    },
  },
  {
    id: "card-2",
    tenantId: "t1",
    billingAccountId: "account-1",
    name: "2026, before the summer",
    effectiveFrom: iso(Date.now() - 4e10),
    effectiveTo: iso(Date.now() - 2e10),
    status: "ACTIVE",
    rates: { inbound: { perMinute: "0.02" }, outbound: { perMinute: "0.02" } },
  },
];

export const campaigns = [
  {
    id: id(),
    name: "Solar US inbound",
    status: "ACTIVE",
    routingMode: "PERFORMANCE",
    publisher: north,
    flow: flows[0],
    calls: 412,
    phoneNumbers: 3,
  },
  {
    id: id(),
    name: "Roofing Texas",
    status: "ACTIVE",
    routingMode: "STATIC",
    publisher: click,
    flow: flows[1],
    calls: 96,
    phoneNumbers: 1,
  },
  {
    id: id(),
    name: "Spring promotion",
    status: "PAUSED",
    routingMode: "HYBRID",
    publisher: north,
    flow: null,
    calls: 0,
    phoneNumbers: 0,
  },
].map((each) => ({
  ...each,
  publisher: pick(each.publisher),
  flow: each.flow && pick(each.flow),
  createdAt: iso(Date.now() - 2e9),
}));
function pick({ id, name }) {
  return { id, name };
}

export const numbers = ["+18885550142", "+18885550177", "+18885550190", "+12145550123", "+442079460958"].map(
  (number, index) => ({
    id: id(),
    number,
    status: index === 4 ? "PORTING" : "ACTIVE",
    provider: index === 4 ? null : "local",
    capabilities: { voice: true, sms: index < 2 },
    campaign: index < 3 ? pick(campaigns[0]) : index === 3 ? pick(campaigns[1]) : null,
    createdAt: iso(Date.now() - 1e9),
  }),
);

export const apiKeys = [
  {
    id: id(),
    name: "Reporting export",
    prefix: "hw_3f9a1",
    status: "ACTIVE",
    scopes: ["calls:read"],
    lastUsedAt: iso(Date.now() - 6e5),
  },
  {
    id: id(),
    name: "Dialler of the night shift, until the new one is in place",
    prefix: "hw_90bb2",
    status: "ACTIVE",
    scopes: ["leads:*", "calls:read", "calls:write", "compliance:read", "queues:read"],
    rateLimit: 12_000,
    rotatedTo: id(),
    lastUsedAt: iso(Date.now() - 9e4),
    expiresAt: iso(Date.now() + 6e7),
  },
  {
    id: id(),
    name: "Old CRM",
    prefix: "hw_11c0d",
    status: "REVOKED",
    scopes: ["admin:*"],
    lastUsedAt: null,
    expiresAt: iso(Date.now() + 8e9),
  },
];

const EVERY = ["read", "write", "delete"];
const AREAS = {
  users: EVERY,
  roles: EVERY,
  api_keys: EVERY,
  carriers: EVERY,
  publishers: EVERY,
  buyers: EVERY,
  numbers: EVERY,
  campaigns: EVERY,
  flows: [...EVERY, "publish"],
  calls: EVERY,
  recordings: EVERY,
  tags: EVERY,
  queues: EVERY,
  agents: EVERY,
  leads: EVERY,
  billing: ["read", "write"],
  compliance: ["read", "write", "approve"],
  reports: ["read"],
  audit: ["read"],
};
const LOOKS = ["numbers:read", "campaigns:read", "flows:read", "calls:read", "recordings:read", "reports:read"];
export const catalogue = {
  permissions: Object.entries(AREAS).flatMap(([area, verbs]) =>
    verbs.map((verb) => ({ permission: `${area}:${verb}`, grantable: area !== "audit" })),
  ),
  roles: [
    { role: "owner", permissions: ["admin:*"], grantable: true },
    {
      role: "admin",
      permissions: Object.keys(AREAS).map((area) => `${area}:${area === "roles" ? "read" : "*"}`),
      grantable: true,
    },
    { role: "analyst", permissions: [...LOOKS, "buyers:read", "publishers:read"], grantable: true },
    { role: "publisher", permissions: ["campaigns:read", "calls:read", "recordings:read"], grantable: true },
    { role: "buyer", permissions: ["campaigns:read", "calls:read", "calls:write"], grantable: true },
    { role: "readonly", permissions: LOOKS, grantable: true },
  ],
};
export const roles = [
  {
    id: "role-1",
    name: "Night shift",
    description: "Answers queues and takes notes",
    permissions: ["calls:read", "calls:write", "leads:*", "queues:read", "agents:read", "tags:read"],
  },
  { id: "role-2", name: "Bookkeeping", description: null, permissions: ["billing:read", "reports:read"] },
];

export const calls = [];
const area = [212, 305, 415, 512, 617, 702, 713, 818, 904, 972];

const REJECTED = [
  { buyer: 2, reason: "daily_cap", detail: "23 of 23 calls today" },
  { buyer: 4, reason: "disabled", detail: "status is INACTIVE" },
];

/** A call's whole story with its times; `at` decides how much of it has happened. */
export function script(startedAt, seed) {
  const random = mulberry(seed);
  const call = {
    id: id(),
    startedAt,
    from: `+1${area[Math.floor(random() * 10)]}555${String(1000 + Math.floor(random() * 9000))}`,
  };
  const number = numbers[Math.floor(random() * 4)];
  const kind = random() < 0.72 ? "sold" : random() < 0.5 ? "left" : "nobody";
  call.number = number;
  call.campaign = number.campaign;
  call.sold = kind === "sold";
  const first = random() < 0.3 ? 1 : 0;
  const chosen = kind === "sold" ? [0, 1, 3, 0][Math.floor(random() * 4)] : null;
  const events = [];
  const say = (offset, type, data = {}) => events.push({ sequence: events.length, at: startedAt + offset, type, data });
  say(0, "call.started", {
    direction: "INBOUND",
    from: call.from,
    to: number.number,
    callerName: "SMITH J",
    attestation: "A",
  });
  say(140, "call.answered");
  const recording = id();
  call.recordingId = recording;
  say(160, "call.recording.started", { recordingId: recording, channels: 2, key: "recordings/x.wav" });
  say(200, "call.node.entered", { node: "menu", kind: "ivr" });
  if (kind === "left") {
    say(2600, "call.prompt.played", { prompt: "say:For solar press 1, for roofing press 2", end: "interrupted" });
    say(2700, "call.ended", { cause: "normal", by: "caller", sipStatus: null, detail: null, quality: null });
    return finish(call, events, null);
  }
  say(2200, "call.prompt.played", { prompt: "say:For solar press 1, for roofing press 2", end: "interrupted" });
  say(2200, "call.digit.received", { digit: "1", source: "rtp" });
  say(2210, "call.node.left", { node: "menu", outcome: "1" });
  say(2220, "call.node.entered", { node: "solar", kind: "buyer" });
  const order = kind === "sold" ? [...(first === 1 && chosen !== 1 ? [1] : []), chosen] : [1, 3];
  const rest = [0, 1, 3].filter((index) => !order.includes(index));
  call.order = [...order, ...rest];
  say(2230, "call.buyers.ranked", {
    node: "solar",
    ranking: {
      strategy: "performance",
      candidates: call.order.map((index) => ({ buyerId: buyers[index].id })),
      rejected: REJECTED.map((item) => ({ buyerId: buyers[item.buyer].id })),
    },
  });
  let offset = 2300;
  for (const index of order) {
    const leg = id();
    say(offset, "call.leg.started", {
      legId: leg,
      role: "buyer",
      destination: buyers[index].endpoints[0].destination,
      buyerId: buyers[index].id,
    });
    say(offset + 180, "call.leg.ringing", { legId: leg, earlyMedia: false });
    if (kind === "sold" && index === chosen) {
      const answer = offset + 2500 + Math.floor(random() * 4000);
      const length = 15_000 + Math.floor(random() * 240_000);
      say(answer, "call.leg.answered", { legId: leg });
      say(answer + 20, "call.bridged", { legId: leg });
      const quality = {
        packetsReceived: Math.floor(length / 20),
        packetsSent: Math.floor(length / 20),
        packetsLost: 3,
        jitterUs: 1800,
        mosCenti: 431,
      };
      say(answer + length, "call.leg.ended", { legId: leg, by: "callee", quality });
      say(answer + length + 10, "call.ended", {
        cause: "normal",
        by: "callee",
        sipStatus: null,
        detail: null,
        quality,
      });
      call.buyer = buyers[index];
      call.bridgedAt = startedAt + answer + 20;
      call.connectedMs = length;
      break;
    }
    offset += 2800;
    say(offset, "call.leg.failed", {
      legId: leg,
      failure: index === 1 ? "busy" : "unavailable",
      sipStatus: index === 1 ? 486 : 503,
    });
    offset += 60;
  }
  if (!call.buyer)
    say(offset + 100, "call.ended", {
      cause: "no_buyers",
      by: "platform",
      sipStatus: 503,
      detail: null,
      quality: null,
    });
  return finish(call, events, recording);
}

function finish(call, events, recording) {
  call.events = events;
  call.endAt = events.at(-1).at;
  const length = call.endAt - events[0].at;
  const tail = [
    {
      sequence: events.length,
      at: call.endAt + 30,
      type: "call.recording.finished",
      data: { recordingId: recording, durationMs: length, bytes: length * 32 },
    },
  ];
  if (recording) call.events.push(...tail);
  return call;
}

export function view(call, now = Date.now()) {
  const past = call.events.filter((event) => event.at <= now);
  const ended = now >= call.endAt;
  const bridged = call.bridgedAt !== undefined && call.bridgedAt <= now;
  const ringing = past.at(-1)?.type.startsWith("call.leg");
  const converted = ended && call.connectedMs >= 30_000;
  const minutes = Math.ceil((call.endAt - call.startedAt) / 60_000);
  const cost = 100_000 + minutes * 50_000 + 250_000;
  const revenue = converted ? Number(call.buyer.endpoints[0].terms.revenue) * 1e6 : 0;
  const payout = converted ? Number(call.buyer.endpoints[0].terms.payout) * 1e6 : 0;
  const status = ended ? "COMPLETED" : past.length < 2 ? "INITIATED" : ringing && !bridged ? "RINGING" : "ANSWERED";
  return {
    id: call.id,
    status,
    direction: "INBOUND",
    callSid: `${call.id.slice(0, 8)}@10.0.0.7`,
    fromNumber: call.from,
    toNumber: call.number.number,
    callerName: "SMITH J",
    attestation: "A",
    numberId: call.number.id,
    campaignId: call.campaign.id,
    campaignName: call.campaign.name,
    publisherId: north.id,
    publisherName: north.name,
    buyerId: bridged ? call.buyer.id : null,
    buyerName: bridged ? call.buyer.name : null,
    startedAt: iso(call.startedAt),
    answeredAt: past.length > 1 ? iso(call.startedAt + 140) : null,
    connectedAt: bridged ? iso(call.bridgedAt) : null,
    endedAt: ended ? iso(call.endAt) : null,
    duration: ended ? Math.round((call.endAt - call.startedAt) / 1000) : null,
    endReason: ended ? call.events.find((event) => event.type === "call.ended").data.cause : null,
    converted: ended ? converted : null,
    hasRecording: call.buyer !== undefined,
    money: ended
      ? {
          revenue: money(revenue),
          payout: money(payout),
          cost: money(cost),
          margin: money(revenue - payout - cost),
          currency: "USD",
        }
      : null,
    minutes,
    cost,
  };
}

export function detail(call, now = Date.now()) {
  const row = view(call, now);
  const past = call.events.filter((event) => event.at <= now);
  const legs = past
    .filter((event) => event.type === "call.leg.started")
    .map((event) => {
      const own = past.filter((each) => each.data.legId === event.data.legId);
      const at = (type) => own.find((each) => each.type === type)?.at;
      const found = buyers.find((each) => each.id === event.data.buyerId);
      const answered = at("call.leg.answered");
      const over = at("call.leg.ended") ?? at("call.leg.failed");
      return {
        id: event.data.legId,
        role: "buyer",
        status: answered ? (over ? "COMPLETED" : "ANSWERED") : over ? "FAILED" : "RINGING",
        direction: "OUTBOUND",
        destination: event.data.destination,
        buyerId: found.id,
        buyerName: found.name,
        startedAt: iso(event.at),
        answeredAt: answered ? iso(answered) : null,
        endedAt: over ? iso(over) : null,
      };
    });
  const ranked = past.find((event) => event.type === "call.buyers.ranked");
  return {
    ...row,
    tags: ranked ? { interest: "solar" } : {},
    legs,
    timeline: past.map((event) => ({ ...event, at: iso(event.at) })),
    routing: ranked
      ? [
          {
            node: "solar",
            at: iso(ranked.at),
            strategy: "performance",
            chosen: buyers[call.order[0]].id,
            candidates: call.order.map((index, rank) => ({
              rank: rank + 1,
              buyerId: buyers[index].id,
              buyerName: buyers[index].name,
              scorePermille: 912 - rank * 83,
              weight: 1,
              priority: 0,
              activeCalls: (index * 2) % 3,
            })),
            rejected: REJECTED.map((item) => ({
              buyerId: buyers[item.buyer].id,
              buyerName: buyers[item.buyer].name,
              reason: item.reason,
              detail: item.detail,
            })),
          },
        ]
      : [],
    recordings: call.buyer
      ? [
          {
            id: call.recordingId,
            status: row.endedAt ? "COMPLETED" : "PROCESSING",
            format: "wav",
            duration: row.duration,
          },
        ]
      : [],
    charges: row.endedAt
      ? [
          { type: "CONNECTION_FEE", description: "Connection", amount: "0.1000" },
          {
            type: "CALL_MINUTE_INBOUND",
            description: `${row.minutes} minutes at $0.05`,
            amount: money(row.minutes * 50_000),
          },
          { type: "RECORDING_FEE", description: "Recording", amount: "0.2500" },
        ]
      : [],
    postings: [],
  };
}

export function mulberry(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ago = (hours) => new Date(Date.now() - hours * 3_600_000).toISOString();
export const users = [
  {
    id: "user-1",
    email: "ada@acme.example",
    firstName: "Ada",
    lastName: "Reyes",
    status: "active",
    roles: ["owner"],
    roleIds: [],
    lastLoginAt: ago(1),
    invitedAt: null,
  },
  {
    id: "user-2",
    email: "sam@acme.example",
    firstName: "Sam",
    lastName: "Okafor",
    status: "active",
    roles: ["analyst"],
    roleIds: ["role-1"],
    lastLoginAt: ago(30),
    invitedAt: ago(900),
  },
  {
    id: "user-3",
    email: "kim.the.publisher@northern-media.example",
    firstName: null,
    lastName: null,
    status: "active",
    roles: ["publisher"],
    roleIds: [],
    lastLoginAt: null,
    invitedAt: ago(4),
  },
  {
    id: "user-4",
    email: "lee@acme.example",
    firstName: "Lee",
    lastName: "Park",
    status: "suspended",
    roles: ["readonly"],
    roleIds: [],
    lastLoginAt: ago(2_000),
    invitedAt: null,
  },
];
export const jobs = [
  {
    id: "job-1",
    kind: "settle",
    status: "dead",
    // The calls are made later.
    get callId() {
      return calls[0].id;
    },
    attempt: 12,
    attemptsMax: 12,
    error: "the call cannot be rated: no rate card of the billing account is in force on 2026-11-27",
    runAt: ago(2),
    leasedUntil: null,
  },
  {
    id: "job-2",
    kind: "settle",
    status: "waiting",
    get callId() {
      return calls[1].id;
    },
    attempt: 3,
    attemptsMax: 12,
    error: "the store is not available: connection refused",
    runAt: ago(-0.1),
    leasedUntil: null,
  },
  {
    id: "job-3",
    kind: "settle",
    status: "running",
    get callId() {
      return calls[2].id;
    },
    attempt: 1,
    attemptsMax: 12,
    error: null,
    runAt: ago(0),
    leasedUntil: ago(-0.02),
  },
];

export const auditLogs = [
  {
    id: "audit-1",
    at: ago(0.2),
    userId: "user-1",
    apiKeyId: null,
    action: "user.update",
    entity: "user",
    entityId: "user-4",
    changes: { status: { before: "active", after: "suspended" } },
    ipAddress: "192.0.2.7",
    success: true,
    sequence: 412,
  },
  {
    id: "audit-2",
    at: ago(1),
    userId: null,
    apiKeyId: "key-1",
    action: "number.create",
    entity: "number",
    entityId: "number-9",
    changes: { number: { after: "+13105550100" } },
    ipAddress: "198.51.100.4",
    success: true,
    sequence: 411,
  },
  {
    id: "audit-3",
    at: ago(5),
    userId: "user-2",
    apiKeyId: null,
    action: "recording.read",
    entity: "recording",
    entityId: "recording-3",
    changes: {},
    ipAddress: "192.0.2.9",
    success: false,
    sequence: 410,
  },
];

export const leads = [
  {
    id: "lead-1",
    phoneNumber: "+12125550101",
    firstName: "Ana",
    lastName: "Ray",
    email: "ana@example.com",
    company: "Ray & Sons",
    city: "Albany",
    state: "NY",
    status: "QUALIFIED",
    priority: 10,
    campaignId: null,
    campaignName: "Solar US inbound",
    tags: ["solar", "owner"],
    notes: "Call after five.",
    lastContactedAt: ago(26),
    customFields: {},
  },
  {
    id: "lead-2",
    phoneNumber: "+13105550102",
    fullName: "Bo Lindqvist",
    status: "NEW",
    priority: 0,
    campaignId: null,
    campaignName: null,
    tags: [],
    lastContactedAt: null,
    customFields: {},
  },
  {
    id: "lead-3",
    phoneNumber: "+17735550103",
    status: "DO_NOT_CALL",
    priority: 0,
    campaignId: null,
    campaignName: "Solar US inbound",
    tags: ["asked"],
    lastContactedAt: ago(400),
    customFields: {},
  },
];
export const dncLists = [
  {
    id: "dnc-1",
    name: "Asked not to be called",
    type: "GLOBAL",
    status: "active",
    campaignIds: [],
    appliesToAll: false,
    mustBeFresh: false,
    entryCount: 1_204,
    version: 9,
  },
  {
    id: "dnc-2",
    name: "Federal registry",
    type: "CUSTOM",
    status: "active",
    campaignIds: ["campaign-1", "campaign-2"],
    appliesToAll: false,
    mustBeFresh: true,
    entryCount: 4_812_377,
    version: 2,
    scrubbedAt: ago(100),
  },
  {
    id: "dnc-3",
    name: "Old partners",
    type: "CUSTOM",
    status: "inactive",
    campaignIds: [],
    appliesToAll: true,
    mustBeFresh: false,
    entryCount: 18,
    version: 1,
  },
];
export const dncEntries = [
  { phoneNumber: "+12125550144", reason: "Asked on the phone", source: "agent", createdAt: ago(3) },
  { phoneNumber: "+13105550188", reason: null, source: "import", createdAt: ago(700) },
];

export const queues = [
  {
    id: "queue-1",
    name: "sales",
    maxSize: 100,
    music: "file:waiting.wav",
    timeoutSeconds: 180,
    phones: [],
    agentIds: [],
    skills: ["solar"],
  },
  {
    id: "queue-2",
    name: "overflow",
    maxSize: 20,
    music: null,
    timeoutSeconds: null,
    phones: [{ name: "Front desk", destination: "sip:desk@phones.acme.example", wrapUpSeconds: 5 }],
    agentIds: ["agent-2"],
    skills: [],
  },
];
export const agents = [
  {
    id: "agent-1",
    userId: "u1",
    name: "Ada Moreno",
    destination: "sip:ada@agents.acme.example",
    skills: ["solar", "spanish"],
    status: "available",
    statusChangedAt: ago(0.4),
    wrapUpSeconds: 10,
  },
  {
    id: "agent-2",
    userId: "user-2",
    name: "Sam Okafor",
    destination: "sip:sam.okafor@agents.night-shift.acme.example",
    skills: ["solar"],
    status: "dnd",
    statusChangedAt: ago(3),
    wrapUpSeconds: 0,
  },
  {
    id: "agent-3",
    userId: null,
    name: "Kitchen phone",
    destination: "sip:kitchen@192.0.2.40",
    skills: [],
    status: "offline",
    statusChangedAt: ago(90),
    wrapUpSeconds: 0,
  },
];

export const numberOrders = [
  {
    id: "order-1",
    kind: "purchase",
    state: "pending",
    provider: "telnyx",
    number: "+13125550119",
    error: "the provider does not answer: timed out after 10 s",
    updatedAt: ago(0.02),
  },
  {
    id: "order-2",
    kind: "purchase",
    state: "failed",
    provider: "signalwire",
    number: "+13125550118",
    error: "number is no longer available",
    updatedAt: ago(2),
  },
  {
    id: "order-3",
    kind: "release",
    state: "done",
    provider: "bandwidth",
    number: "+13125550117",
    error: null,
    updatedAt: ago(50),
  },
];
export const forSale = ["+13125550120", "+13125550121", "+13125550122"].map((number, index) => ({
  number,
  region: index === 2 ? null : "IL",
  capabilities: { voice: true, sms: index === 0, mms: false, fax: false },
  monthlyPrice: index === 2 ? null : "1.1500",
}));

const path = (dnc, consent, callingHours) => ({ dnc, consent, callingHours });
const daytime = { from: "08:00", to: "21:00" };
export const policy = {
  enforceDnc: true,
  enforceConsent: true,
  enforceCallingHours: true,
  allowOverride: true,
  requireAdminApproval: true,
  outbound: path(true, true, true),
  transfers: path(true, false, false),
  inbound: path(false, false, false),
  callingHours: {
    mon: daytime,
    tue: daytime,
    wed: daytime,
    thu: daytime,
    fri: daytime,
    sat: { from: "10:00", to: "18:00" },
    sun: null,
  },
  stateRules: true,
  listAgeDaysMax: 31,
  whenListStale: "block",
  whenZoneUnknown: "block",
  dataAgeSecsMax: 3_600,
  whenDataOld: "allow",
  trustCustomConsent: false,
  name: "default",
  campaignId: null,
  version: 3,
  updatedAt: ago(70),
};
export const overrides = [
  {
    id: "override-1",
    phoneNumber: "+12125550161",
    reason: "Asked us by mail to call once more about the offer",
    callId: null,
    status: "PENDING_APPROVAL",
    requestedBy: "user:user-2",
    approvedBy: null,
    expiresAt: ago(-30),
    createdAt: ago(1),
  },
  {
    id: "override-2",
    phoneNumber: "+13105550162",
    reason: "Test phone of the office",
    callId: null,
    status: "PENDING_APPROVAL",
    requestedBy: "user:u1",
    approvedBy: null,
    expiresAt: null,
    createdAt: ago(2),
  },
  {
    id: "override-3",
    phoneNumber: "+13105550163",
    reason: "Existing customer, contract 4711",
    callId: "call-9",
    status: "ACTIVE",
    requestedBy: "key:key-1",
    approvedBy: "user-1",
    expiresAt: ago(-2_000),
    createdAt: ago(40),
  },
];
export const consents = [
  {
    id: "consent-1",
    phoneNumber: "+12125550171",
    token: "https://cert.trustedform.example/0dc0b1d2f2fa4c6e9a7f4f2b3c1d5e6f7a8b9c0d",
    provider: "TRUSTEDFORM",
    status: "VERIFIED",
    detail: null,
    source: "Form on solar.example",
    verifiedAt: ago(5),
    expiresAt: ago(-2_100),
  },
  {
    id: "consent-2",
    phoneNumber: "+13105550172",
    token: "A1B2C3D4-E5F6-7890-ABCD-EF0123456789",
    provider: "JORNAYA",
    status: "PENDING",
    detail: "Jornaya is not set up here: nobody was asked",
    source: null,
    verifiedAt: null,
    expiresAt: null,
  },
];

export const pools = [
  { id: "pool-1", name: "Solar, local look", status: "ACTIVE" },
  { id: "pool-2", name: "Roofing in the south, kept for the season", status: "INACTIVE" },
];
export const poolNumbers = numbers.slice(2).map(({ id, number, status }, priority) => ({
  id,
  number,
  status,
  priority: Math.floor(priority / 2),
}));
export const tags = [
  { id: "tag-1", name: "Listen to", color: "#3b82f6" },
  { id: "tag-2", name: "Complaint", color: "#dc2626" },
  { id: "tag-3", name: "Asked to be called again in the evening", color: null },
];

const tenant = (id, name, slug, status, domain = null) => ({
  id,
  name,
  slug,
  domain,
  status,
  timeZone: "America/New_York",
  maxConcurrentCalls: null,
  metadata: {},
  createdAt: ago(4_000),
  updatedAt: ago(20),
});
export const tenants = [
  tenant("t1", "Acme Performance", "acme", "ACTIVE", "calls.acme.example"),
  tenant("t2", "Northern Media with a rather long name of its own", "northern-media", "SUSPENDED"),
];
export const quota = {
  status: {
    concurrentCalls: { current: 12, limit: 50, remaining: 38 },
    dailyMinutes: { current: 6_000, limit: 6_000, remaining: 0 },
    phoneNumbers: { current: 31, limit: null, remaining: null },
  },
  limits: { tenantId: "t1", maxConcurrentCalls: 50, maxMinutesPerDay: 4_000, maxPhoneNumbers: null, enabled: true },
  overrides: [
    {
      id: "exception-1",
      tenantId: "t1",
      quotaType: "minutes_per_day",
      overrideValue: 6_000,
      reason: "Sale of the week",
      expiresAt: ago(-30),
      createdBy: "u1",
      createdAt: ago(8),
    },
  ],
};
export const transcript = {
  engine: "faster-whisper",
  language: "en",
  durationSec: 96.4,
  fullText: "",
  speakerLabels: { 0: "Sunrise Solar", 1: "Caller" },
  analysis: {
    billable: true,
    applicationSubmitted: true,
    reasoning: "The caller owns the house and asked for an offer",
  },
  segments: [
    [0.4, "0", "Hello, this is Sunrise Solar. How can I help you?"],
    [
      4.2,
      "1",
      "Hi. I saw your advertisement, and I would like to know what a roof of about two thousand square feet costs.",
    ],
    [12.8, "0", "Gladly. Is the house yours?"],
    [15.1, "1", "Yes, since last spring."],
    [71.5, "0", "Then I send somebody on Thursday."],
  ].map(([start, speaker, text], idx) => ({ idx, start, end: start + 2, speaker, text })),
};
export const budget = {
  tenantId: "t1",
  currency: "USD",
  dailyBudget: "50.0000",
  monthlyBudget: "1200.0000",
  currentDaySpend: "41.2750",
  currentMonthSpend: "612.4000",
  alertThreshold: 80,
  alertEmails: ["billing@acme.example", "operations.of.the.night.shift@acme.example"],
  hasAlertSlackWebhook: true,
  hardStopEnabled: true,
  overrideTokenExpiresAt: ago(-20),
  enabled: true,
  alerts: [
    {
      id: "alert-2",
      type: "DAILY_THRESHOLD",
      periodStart: ago(14),
      threshold: 80,
      current: "40.0200",
      limit: "50.0000",
      percentage: 80.04,
      sentVia: ["email"],
      pending: 1,
      lastError: "slack: no answer within 10 s",
      sentAt: ago(2),
    },
    {
      id: "alert-1",
      type: "DAILY_EXCEEDED",
      periodStart: ago(60),
      threshold: 100,
      current: "50.1000",
      limit: "50.0000",
      percentage: 100.2,
      sentVia: ["email", "slack"],
      pending: 0,
      lastError: null,
      sentAt: ago(45),
    },
  ],
};
export const flags = [
  {
    id: "flag-1",
    key: "advanced_analytics",
    value: true,
    description: "Charts of the partner page",
    updatedAt: ago(90),
  },
  { id: "flag-2", key: "beta.dialer", value: false, description: null, updatedAt: ago(400) },
  {
    id: "flag-3",
    key: "routing.experiment",
    value: { share: 0.25, campaigns: ["solar-east", "solar-west"] },
    description: "Who sees the new order of buyers",
    updatedAt: ago(12),
  },
];
export const verdict = (number) => {
  const listed = number.startsWith("+1212");
  const check = (rule, finding, detail) => ({ rule, finding, detail });
  return {
    allowed: !listed,
    reason: listed ? "on_dnc_list" : "cleared",
    detail: listed ? `${number} is on the list "Asked not to be called"` : "no rule forbids it",
    phoneNumber: number,
    dncMatch: listed ? { listId: "dnc-1", listName: "Asked not to be called", phoneNumber: number } : null,
    consentStatus: listed ? null : "verified",
    checks: [
      check("override", "not_asked", "the policy allows none"),
      check("dnc", listed ? "failed" : "passed", listed ? "1 of 3 lists has it" : "on none of 3 lists"),
      check("consent", listed ? "not_reached" : "passed", listed ? "" : "verified by TrustedForm"),
      check("calling_hours", listed ? "not_reached" : "passed", listed ? "" : "14:05 in America/New_York"),
    ],
    policyCampaignId: null,
    policyVersion: 3,
    lists: [],
    decidedAt: new Date().toISOString(),
  };
};
