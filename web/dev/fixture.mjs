// Serves dist on 3900 and an API of made-up calls on 3901, to look at the pages without the platform. Development only.
// Any e-mail with the password "demo" signs in. FIXTURE_EMPTY=1: a tenant without calls.
// API_URL=http://127.0.0.1:3001: serves the pages for a running platform instead; its api.cors_origins must name this page.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { WebSocketServer } from "ws";
import { conversation } from "./wav.mjs";
import {
  agents,
  apiKeys,
  auditLogs,
  budget,
  buyers,
  calls,
  campaigns,
  carriers,
  catalogue,
  consents,
  detail,
  dncEntries,
  dncLists,
  flags,
  flows,
  forSale,
  jobs,
  leads,
  numberOrders,
  numbers,
  overrides,
  policy,
  poolNumbers,
  pools,
  publishers,
  queues,
  quota,
  rateCards,
  roles,
  script,
  tags,
  tenants,
  transcript,
  trunks,
  users,
  verdict,
  view,
} from "./world.mjs";

const WEB_PORT = Number(process.env.WEB_PORT ?? 3900);
const API_PORT = Number(process.env.API_PORT ?? 3901);
const API_URL = process.env.API_URL ?? `http://127.0.0.1:${API_PORT}`;
/** The tenant's: another than the viewer's most likely is, so that its days are seen to be its own. */
const ZONE = process.env.FIXTURE_ZONE ?? "America/New_York";
const EMPTY = process.env.FIXTURE_EMPTY === "1";
const dist = fileURLToPath(new URL("../dist", import.meta.url));
const types = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

createServer((request, response) => {
  const path = normalize(new URL(request.url, "http://x").pathname);
  if (path === "/config.json") {
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ apiUrl: API_URL }));
  }
  const file = join(dist, path);
  const found = existsSync(file) && statSync(file).isFile() ? file : join(dist, "index.html");
  response.setHeader("content-type", types[extname(found)] ?? "application/octet-stream");
  response.setHeader(
    "content-security-policy",
    "default-src 'self'; style-src 'self' 'unsafe-inline'; connect-src *; media-src * blob:; img-src 'self' data:",
  );
  createReadStream(found).pipe(response);
}).listen(WEB_PORT, "127.0.0.1");

const user = {
  id: "u1",
  email: "ada@example.com",
  firstName: "Ada",
  lastName: "Moreno",
  roles: ["OWNER"],
  tenant: { id: "t1", name: "Acme Performance" },
};
/** By page, or behind a cursor, in the order that is asked for. */
const list = (all, url) => {
  const sort = url.searchParams.get("sort");
  const rows = sort ? all.toSorted((a, b) => String(a[sort] ?? "").localeCompare(String(b[sort] ?? ""))) : all;
  const page = Number(url.searchParams.get("cursor") ?? url.searchParams.get("page") ?? 1);
  const limit = Number(url.searchParams.get("limit") ?? 20);
  return {
    data: rows.slice((page - 1) * limit, page * limit),
    meta: {
      page,
      limit,
      total: rows.length,
      totalPages: Math.max(1, Math.ceil(rows.length / limit)),
      nextCursor: page * limit < rows.length ? String(page + 1) : undefined,
    },
  };
};
const matches = (name, part) => name.toLowerCase().includes(part.toLowerCase());
/** As the API finds them. */
function outboundFaults(outbound) {
  const faults = [];
  if (!outbound) return faults;
  if (!/^[\d*#]*$/.test(outbound.numberPrefix))
    faults.push({ field: "outbound.numberPrefix", message: "may hold digits, * and # only" });
  if (outbound.callerIdSource === "TRUNK" && !outbound.callerId)
    faults.push({ field: "outbound.callerId", message: "is required where callerIdSource is TRUNK" });
  if (outbound.username && outbound.username !== "acme-west" && !outbound.password)
    faults.push({ field: "outbound.password", message: "is required with a new username" });
  return faults;
}
/** As the API takes them. */
function changeBudget({ alertSlackWebhook, ...body }) {
  const wrong = (body.alertEmails ?? []).findIndex((email) => !email.includes("@"));
  if (wrong >= 0)
    return problem(422, "VALIDATION_ERROR", "The request is not valid", [
      { field: `alertEmails[${wrong}]`, message: "not a valid email" },
    ]);
  if (alertSlackWebhook !== undefined) budget.hasAlertSlackWebhook = alertSlackWebhook !== null;
  return [200, Object.assign(budget, body)];
}
/** Every call's. */
const callTags = tags.slice(0, 1);
/** Calls that were placed, by the key of the request. */
const placed = new Map();
/** Why a call may not be placed: each area code shows another reason. */
function refusedCall({ toNumber, campaignId, fromNumberId }, override) {
  const fault = (field, message) => problem(422, "VALIDATION_ERROR", "The request is not valid", [{ field, message }]);
  if (!/^\+\d{7,15}$/.test(toNumber)) return fault("toNumber", "is not a telephone number");
  if (!campaignId && !fromNumberId)
    return fault("campaignId", "is required unless fromNumberId names a number with a campaign");
  if (toNumber.startsWith("+1212")) {
    const detail = "the number is on the list “Asked not to be called”";
    const message = `The number may not be called: ${detail}`;
    return problem(403, "COMPLIANCE_BLOCKED", message, [{ field: "toNumber", message: detail, code: "on_dnc_list" }]);
  }
  if (toNumber.startsWith("+1900") && !override)
    return problem(
      403,
      "BUDGET_EXCEEDED",
      "The daily budget does not allow it: 50.00 of 50.00 are spent; ask the operator for more",
    );
  if (toNumber.startsWith("+1800"))
    return problem(
      422,
      "NO_TRUNK",
      "No ACTIVE trunk carries calls out: give a SIP trunk `outbound` (PATCH /api/v1/trunks/{id})",
    );
  return null;
}
/** Whether a row belongs to what the list is narrowed to, as far as it says so. */
const narrows = (row, query) =>
  ["campaignId", "publisherId", "flowId", "carrierId"].every(
    (name) => !query.get(name) || row[name] === query.get(name) || row[name.slice(0, -2)]?.id === query.get(name),
  );
const problem = (status, code, message, details = []) => [
  status,
  { error: { code, message, details, requestId: "req-1" }, title: message, status, errors: details },
];

function callRows(url) {
  const query = url.searchParams;
  const text = query.get("fromNumber");
  return calls
    .map((call) => view(call))
    .filter((row) => !query.get("status") || row.status === query.get("status"))
    .filter((row) => !query.get("buyerId") || row.buyerId === query.get("buyerId"))
    .filter((row) => !query.get("numberId") || row.numberId === query.get("numberId"))
    .filter((row) => query.get("live") !== "true" || row.endedAt === null)
    .filter((row) => !query.get("campaignId") || row.campaignId === query.get("campaignId"))
    .filter((row) => !text || row.fromNumber.startsWith(text))
    .sort((a, b) => b.startedAt.localeCompare(a.startedAt));
}

/** The figures of some calls, as a report tells them. */
function metricsOf(rows) {
  const sum = (name) => rows.reduce((all, row) => all + Number(row.money?.[name] ?? 0), 0).toFixed(4);
  const answered = rows.filter((row) => row.answeredAt);
  const seconds = answered.map(
    (row) => (Date.parse(row.endedAt ?? row.answeredAt) - Date.parse(row.answeredAt)) / 1000,
  );
  const talk = seconds.reduce((all, each) => all + each, 0);
  return {
    totalCalls: rows.length,
    answeredCalls: answered.length,
    completedCalls: answered.filter((row) => row.endedAt).length,
    convertedCalls: rows.filter((row) => row.converted).length,
    totalBillableMinutes: Math.floor(talk / 60),
    aht: answered.length === 0 ? 0 : Math.floor(talk / answered.length),
    totalCost: sum("cost"),
    totalRevenue: sum("revenue"),
    totalPayout: sum("payout"),
  };
}
/** Calls of a period, narrowed as a report is. */
const reported = (query, campaignId = query.get("campaignId")) =>
  calls
    .map((call) => view(call))
    .filter((row) => row.startedAt >= query.get("startDate") && row.startedAt < query.get("endDate"))
    .filter((row) => !campaignId || row.campaignId === campaignId)
    .filter((row) => !query.get("buyerId") || row.buyerId === query.get("buyerId"));

function byTime(query, campaignId) {
  const rows = reported(query, campaignId);
  const width = query.get("granularity") === "hour" ? 3_600_000 : 86_400_000;
  const [from, to] = [Date.parse(query.get("startDate")), Date.parse(query.get("endDate"))];
  if (width < 86_400_000 && to - from > 31 * 86_400_000)
    return problem(422, "VALIDATION_ERROR", "The request is not valid", [
      { field: "endDate", message: "must be at most 31 days after startDate" },
    ]);
  const breakdown = Array.from({ length: Math.ceil((to - from) / width) }, (_, index) => {
    const at = from + index * width;
    const own = metricsOf(
      rows.filter((row) => Date.parse(row.startedAt) >= at && Date.parse(row.startedAt) < at + width),
    );
    return {
      timestamp: new Date(at).toISOString(),
      totalCalls: own.totalCalls,
      answeredCalls: own.answeredCalls,
      aht: own.aht,
      billableMinutes: own.totalBillableMinutes,
      cost: own.totalCost,
      revenue: own.totalRevenue,
    };
  });
  const timeZone = ZONE;
  return [200, { timeZone, metrics: metricsOf(rows), breakdown }];
}

function byPart(query) {
  const rows = reported(query);
  const by = query.get("groupBy");
  const named = {
    day: (row) => row.startedAt.slice(0, 10),
    week: (row) => {
      const day = new Date(row.startedAt.slice(0, 10));
      day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
      return day.toISOString().slice(0, 10);
    },
    month: (row) => row.startedAt.slice(0, 7),
    campaign: (row) => campaigns.find(({ id }) => id === row.campaignId)?.name ?? "None",
    status: (row) => row.status,
  }[by];
  const parts = {};
  for (const row of rows) parts[named(row)] = [...(parts[named(row)] ?? []), row];
  const breakdown = Object.entries(parts).map(([value, own]) => ({
    dimension: by,
    value,
    id: by === "campaign" ? own[0].campaignId : null,
    metrics: metricsOf(own),
  }));
  return [200, { timeZone: ZONE, metrics: metricsOf(rows), breakdown }];
}

function summary(window) {
  const dayStart =
    new Date().setHours(0, 0, 0, 0) - { "7d": 6, "30d": 29 }[window] * 86_400_000 || new Date().setHours(0, 0, 0, 0);
  const width = { "7d": 6, "30d": 24 }[window] ?? 1;
  const rows = calls.filter((call) => call.startedAt >= dayStart).map((call) => view(call));
  const sum = (name, of = rows) => of.reduce((all, row) => all + Number(row.money?.[name] ?? 0), 0).toFixed(4);
  const sold = rows.filter((row) => row.buyerId);
  const hours = Array.from(
    { length: Math.ceil((Date.now() - dayStart) / 3_600_000 / width) },
    (_, index) => dayStart + index * width * 3_600_000,
  );
  return {
    totals: {
      calls: rows.length,
      answered: rows.filter((row) => row.answeredAt).length,
      sold: sold.length,
      converted: rows.filter((row) => row.converted).length,
      revenue: sum("revenue"),
      payout: sum("payout"),
      cost: sum("cost"),
      margin: sum("margin"),
      currency: "USD",
      activeNow: rows.filter((row) => !row.endedAt).length,
      asr: 0.97,
      ahtSeconds: 96,
    },
    series: hours.map((at) => {
      const own = rows.filter(
        (row) => Date.parse(row.startedAt) >= at && Date.parse(row.startedAt) < at + width * 3_600_000,
      );
      return {
        start: new Date(at).toISOString(),
        calls: own.length,
        answered: own.filter((row) => row.answeredAt).length,
        sold: own.filter((row) => row.buyerId).length,
        revenue: sum("revenue", own),
      };
    }),
    topBuyers: buyers
      .map((buyer) => {
        const own = sold.filter((row) => row.buyerId === buyer.id);
        return { buyerId: buyer.id, name: buyer.name, calls: own.length, revenue: sum("revenue", own) };
      })
      .filter((row) => row.calls > 0)
      .sort((a, b) => Number(b.revenue) - Number(a.revenue)),
  };
}

const agent = (system, browser) => `Mozilla/5.0 (${system}) AppleWebKit/537.36 (KHTML, like Gecko) ${browser}`;
const sessions = [
  ["X11; Linux x86_64", "Chrome/140.0 Safari/537.36", "192.0.2.7", 0],
  ["iPhone; CPU iPhone OS 18_0 like Mac OS X", "Version/18.0 Mobile Safari/604.1", "2001:db8::17", 5],
  ["Windows NT 10.0; Win64; x64", "Chrome/140.0 Safari/537.36 Edg/140.0", "198.51.100.4", 50],
].map(([system, browser, ipAddress, hours], index) => ({
  id: `session-${index}`,
  createdAt: new Date(Date.now() - (hours + 1) * 3_600_000).toISOString(),
  lastSeenAt: new Date(Date.now() - hours * 3_600_000).toISOString(),
  expiresAt: new Date(Date.now() + 9e7).toISOString(),
  ipAddress,
  userAgent: agent(system, browser),
  current: index === 0,
}));
const secondFactor = { enabled: false, required: false, recoveryCodesLeft: 0 };
const recoveryCodes = ["mfrg-gzdf-mztw-q2lk", "nbsw-y3dp-eblw-64tm", "onxw-2zjb-mfzg-k43f", "orqw-e3df-fzzw-63ti"];
const signInPolicy = { secondFactorRequired: false };
let signedOut = false;
const singleSignOn = { redirectUri: "http://127.0.0.1:3900/sso", provider: null };
/** Those invited so far, as they were sent: for check.mjs. */
const invited = [];
const routes = [
  [
    "POST",
    /^\/auth\/login$/,
    (_, __, body) => {
      if (body.password !== "demo") return problem(401, "UNAUTHORIZED", "Bad credentials");
      signedOut = false;
      return [200, { token: "t", csrfToken: "c", user }];
    },
  ],
  [
    "POST",
    /^\/auth\/logout$/,
    () => {
      signedOut = true;
      return [200, { success: true }];
    },
  ],
  [
    "GET",
    /^\/auth\/me$/,
    (request) =>
      request.headers.authorization && !signedOut
        ? [200, user]
        : problem(401, "UNAUTHORIZED", "Authentication required"),
  ],
  ["GET", /^\/auth\/sessions$/, (_, url) => [200, list(sessions, url)]],
  [
    "DELETE",
    /^\/auth\/sessions$/,
    () => {
      sessions.splice(1);
      return [200, null];
    },
  ],
  [
    "DELETE",
    /^\/auth\/sessions\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      sessions.splice(
        sessions.findIndex((session) => session.id === id),
        1,
      );
      return [200, null];
    },
  ],
  ["GET", /^\/auth\/second-factor$/, () => [200, secondFactor]],
  [
    "POST",
    /^\/auth\/second-factor\/(setup|recovery-codes|disable)$/,
    (_, __, body, [, what]) => {
      if (body.password !== "demo") return problem(403, "PASSWORD_WRONG", "The password is not right");
      if (what === "setup")
        return [200, { secret: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", uri: "otpauth://totp/Acme:ada" }];
      if (what === "recovery-codes") return [200, { recoveryCodes }];
      secondFactor.enabled = false;
      return [200, null];
    },
  ],
  [
    "POST",
    /^\/auth\/second-factor\/confirm$/,
    (_, __, { code }) => {
      if (code !== "287082") return problem(403, "SECOND_FACTOR_WRONG", "The code is not right, or was used before");
      secondFactor.enabled = true;
      secondFactor.recoveryCodesLeft = recoveryCodes.length;
      return [200, { recoveryCodes }];
    },
  ],
  ["GET", /^\/api\/v1\/sign-in-policy$/, () => [200, signInPolicy]],
  ["PUT", /^\/api\/v1\/sign-in-policy$/, (_, __, body) => [200, Object.assign(signInPolicy, body)]],
  ["GET", /^\/api\/v1\/permissions$/, () => [200, catalogue]],
  [
    "POST",
    /^\/auth\/sso\/options$/,
    (_, __, body) => [
      200,
      { options: body.email?.endsWith("@acme.example") ? [{ tenant: "acme", name: "Acme Performance" }] : [] },
    ],
  ],
  [
    "POST",
    /^\/auth\/sso\/finish$/,
    () => problem(403, "USER_UNKNOWN", "kim@acme.example is not known here: ask for an invitation"),
  ],
  ["GET", /^\/api\/v1\/single-sign-on$/, () => [200, singleSignOn]],
  [
    "PUT",
    /^\/api\/v1\/single-sign-on$/,
    (_, __, { clientSecret, ...body }) => {
      const wrong = body.domains.findIndex((domain) => !domain.includes("."));
      if (wrong >= 0) {
        const faults = [{ field: `domains[${wrong}]`, message: "must be a domain: example.com" }];
        return problem(422, "VALIDATION_ERROR", "The request is not valid", faults);
      }
      const hasClientSecret = Boolean(clientSecret ?? singleSignOn.provider?.hasClientSecret);
      singleSignOn.provider = { ...body, hasClientSecret, updatedAt: new Date().toISOString() };
      return [200, singleSignOn];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/single-sign-on\/test$/,
    () => [
      200,
      {
        ok: false,
        checks: [
          { what: "The provider answers, and calls itself by the issuer that is set", ok: true, message: null },
          {
            what: "It takes the client ID and the client secret",
            ok: false,
            message: "the provider answers invalid_client: check client ID and client secret",
          },
        ],
      },
    ],
  ],
  [
    "GET",
    /^\/api\/v1\/audit-logs\/verify$/,
    () => [200, { valid: true, entries: 412, unchained: 0, head: null, brokenAt: null, reason: null }],
  ],
  [
    "GET",
    /^\/api\/v1\/jobs$/,
    (_, url) => {
      const status = url.searchParams.get("status");
      return [
        200,
        list(
          jobs.filter((job) => !status || job.status === status),
          url,
        ),
      ];
    },
  ],
  [
    "GET",
    /^\/api\/v1\/jobs\/counts$/,
    () => {
      const count = (status) => jobs.filter((job) => job.status === status).length;
      const [ready, waiting, running, dead] = ["ready", "waiting", "running", "dead"].map(count);
      return [200, { ready, waiting, running, dead, oldestReadyAt: null }];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/jobs\/([^/]+)\/retry$/,
    (_, __, ___, [, id]) => {
      const job = jobs.find((each) => each.id === id);
      if (job.status === "running") return problem(409, "CONFLICT", "job: a worker has it; see how it ends");
      return [200, Object.assign(job, { status: "ready", attempt: 0 })];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/users\/invite$/,
    (_, __, body) => {
      const needs = { publisher: "publisherId", buyer: "buyerId" };
      for (const role of body.roles) {
        const field = needs[role.toLowerCase()];
        const message = `the role ${role.toUpperCase()} needs a ${role.toLowerCase()}`;
        if (field && !body[field]) return problem(422, "VALIDATION_ERROR", message, [{ field, message }]);
      }
      invited.push(body);
      return [200, { user: {}, invitation: { mailed: false, link: "http://localhost:3000/invitation#1f0c2a77" } }];
    },
  ],
  [
    "GET",
    /^\/api\/v1\/(publishers|buyers)\/([^/]+)$/,
    (_, __, ___, [, kind, id]) => {
      const row = (kind === "buyers" ? buyers : publishers).find((each) => each.id === id);
      return row ? [200, row] : problem(404, "NOT_FOUND", "No such thing");
    },
  ],
  ["GET", /^\/invited$/, () => [200, { invited }]],
  ["POST", /^\/auth\/ws-ticket$/, () => [200, { ticket: "once" }]],
  [
    "PATCH",
    /^\/admin\/api\/v1\/rate-cards\/([^/]+)$/,
    (_, __, body, [, id]) => {
      const wrong = Object.entries(body.rates.inbound ?? {}).filter(([, price]) => !/^\d+(\.\d{1,6})?$/.test(price));
      if (wrong.length > 0)
        return problem(
          422,
          "VALIDATION_ERROR",
          "The request is not valid",
          wrong.map(([name]) => ({ field: `rates.inbound.${name}`, message: "not an amount such as 0.05" })),
        );
      return [
        200,
        Object.assign(
          rateCards.find((card) => card.id === id),
          body,
        ),
      ];
    },
  ],
  ["POST", /^\/admin\/api\/v1\/rate-cards$/, (_, __, body) => [201, { id: "card-3", ...body }]],
  ["GET", /^\/api\/v1\/reporting\/metrics$/, (_, url) => byTime(url.searchParams)],
  ["GET", /^\/api\/v1\/reporting\/campaigns\/([^/]+)$/, (_, url, __, [, id]) => byTime(url.searchParams, id)],
  ["GET", /^\/api\/v1\/reporting\/calls$/, (_, url) => byPart(url.searchParams)],
  ["GET", /^\/api\/v1\/dashboard\/summary$/, (_, url) => [200, summary(url.searchParams.get("window"))]],
  [
    "GET",
    /^\/api\/v1\/billing\/balance$/,
    () => [
      200,
      {
        billingAccountId: "account-1",
        currency: "USD",
        available: "12480.55",
        pending: "310.00",
        held: "84.00",
        total: "12874.55",
      },
    ],
  ],
  ["GET", /^\/api\/v1\/calls\/[^/]+\/tags$/, (_, url) => [200, list(callTags, url)]],
  [
    "PUT",
    /^\/api\/v1\/calls\/[^/]+\/tags\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      if (!callTags.some((tag) => tag.id === id)) callTags.push(tags.find((tag) => tag.id === id));
      return [200, null];
    },
  ],
  [
    "DELETE",
    /^\/api\/v1\/calls\/[^/]+\/tags\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      callTags.splice(
        callTags.findIndex((tag) => tag.id === id),
        1,
      );
      return [200, null];
    },
  ],
  ["GET", /^\/api\/v1\/calls\/[^/]+\/transcript$/, () => [200, transcript]],
  [
    "GET",
    /^\/api\/v1\/transcripts$/,
    (_, url) => {
      const words = (url.searchParams.get("q") ?? "").toLowerCase().split(" ").filter(Boolean);
      const text = transcript.segments.map((segment) => segment.text).join(" ");
      const found = calls
        .filter((call) => call.startedAt < Date.now() - 500_000)
        .slice(-3)
        .filter(() => words.every((word) => text.toLowerCase().includes(word)));
      const row = ({ id, startedAt }) => ({
        ...transcript,
        id,
        callId: id,
        fullText: text.slice(0, 200),
        createdAt: new Date(startedAt).toISOString(),
      });
      return [200, list(found.map(row), url)];
    },
  ],
  ["GET", /^\/api\/v1\/(calls|audit-logs)\/export$/, () => [200, "id"]],
  [
    "POST",
    /^\/api\/v1\/calls$/,
    (request, _, body) => {
      const key = request.headers["idempotency-key"];
      const refused = refusedCall(body, request.headers["x-quota-override"]);
      if (refused) return refused;
      const id = placed.get(key) ?? start(placed.size + 900).id;
      placed.set(key, id);
      return [201, { id, status: "INITIATED", direction: "OUTBOUND" }];
    },
  ],
  ["GET", /^\/placed$/, () => [200, { placed: placed.size }]],
  ["POST", /^\/api\/v1\/calls\/[^/]+\/hangup$/, () => [202, { success: true }]],
  ["GET", /^\/api\/v1\/calls$/, (_, url) => [200, list(callRows(url), url)]],
  [
    "GET",
    /^\/api\/v1\/calls\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      const call = calls.find((each) => each.id === id);
      return call ? [200, detail(call)] : problem(404, "NOT_FOUND", "No such call");
    },
  ],
  ...Object.entries({
    numbers,
    campaigns,
    publishers,
    buyers,
    carriers,
    trunks,
    users,
    leads,
    "compliance/dnc-lists": dncLists,
    "compliance/dnc-lists/dnc-1/entries": dncEntries,
    "audit-logs": auditLogs,
    flows,
    roles,
    queues,
    agents,
    "compliance/overrides": overrides,
    "compliance/consents": consents,
    "caller-id-pools": pools,
    "caller-id-pools/pool-1/numbers": poolNumbers,
    tags,
    "number-orders": numberOrders,
    "available-numbers": forSale,
    "api-keys": apiKeys,
    "feature-flags": flags,
    "billing/rate-cards": rateCards,
  }).flatMap(([name, rows]) => [
    [
      "GET",
      new RegExp(`^/api/v1/${name}$`),
      (_, url) => [
        200,
        list(
          rows
            .map(({ documents, ...row }) => row)
            .filter(({ name, number }) => matches(name ?? number ?? "", url.searchParams.get("search") ?? ""))
            .filter((row) => narrows(row, url.searchParams)),
          url,
        ),
      ],
    ],
    [
      "GET",
      new RegExp(`^/api/v1/${name}/([^/]+)$`),
      (_, __, ___, [, id]) => {
        const { documents, ...row } = rows.find((each) => each.id === id) ?? {};
        return row.id ? [200, row] : problem(404, "NOT_FOUND", "No such thing");
      },
    ],
    [
      "PATCH",
      new RegExp(`^/api/v1/${name}/([^/]+)$`),
      (_, __, body, [, id]) => {
        const row = rows.find((each) => each.id === id);
        if (!row) return problem(404, "NOT_FOUND", "No such thing");
        if (body.name === "")
          return problem(400, "VALIDATION_ERROR", "name is required", [{ field: "name", message: "is required" }]);
        const faults = name === "trunks" ? outboundFaults(body.outbound) : [];
        if (faults.length > 0) return problem(422, "VALIDATION_ERROR", "The request is not valid", faults);
        Object.assign(row, body);
        return [200, row];
      },
    ],
  ]),
  [
    "PATCH",
    /^\/api\/v1\/buyers\/([^/]+)\/endpoints\/([^/]+)$/,
    (_, __, body, [, id, endpointId]) => {
      const endpoint = buyers.find((each) => each.id === id).endpoints.find((each) => each.id === endpointId);
      return [200, Object.assign(endpoint, body)];
    },
  ],
  [
    "DELETE",
    /^\/api\/v1\/api-keys\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      apiKeys.find((each) => each.id === id).status = "REVOKED";
      return [200, {}];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/api-keys$/,
    (_, __, body) => {
      apiKeys.push({ id: String(apiKeys.length), ...body, prefix: "hw_7c01d", status: "ACTIVE", lastUsedAt: null });
      return [201, { key: "hw_7c01d3b9e0aa4d21b7" }];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/numbers$/,
    (_, __, body) =>
      body.number === "+13125550120"
        ? [201, {}]
        : problem(
            503,
            "PURCHASE_PENDING",
            "timed out after 10 s; the order is followed up, see the tenant's number orders",
          ),
  ],
  ["GET", /^\/admin\/api\/v1\/tenants$/, (_, url) => [200, list(tenants, url)]],
  ["GET", /^\/admin\/api\/v1\/tenants\/[^/]+\/quota$/, () => [200, quota.limits]],
  ["GET", /^\/admin\/api\/v1\/tenants\/[^/]+\/quota\/status$/, () => [200, quota.status]],
  ["GET", /^\/admin\/api\/v1\/tenants\/[^/]+\/quota\/overrides$/, () => [200, { data: quota.overrides }]],
  ["GET", /^\/api\/v1\/budget$/, () => (EMPTY ? problem(404, "NOT_FOUND", "Budget not found") : [200, budget])],
  ["PATCH", /^\/api\/v1\/budget$/, (_, __, body) => changeBudget(body)],
  [
    "GET",
    /^\/admin\/api\/v1\/tenants\/([^/]+)\/budget$/,
    (_, __, ___, [, id]) => (id === tenants[0].id ? [200, budget] : problem(404, "NOT_FOUND", "Budget not found")),
  ],
  ["PATCH", /^\/admin\/api\/v1\/tenants\/[^/]+\/budget$/, (_, __, body) => changeBudget(body)],
  [
    "POST",
    /^\/admin\/api\/v1\/tenants\/[^/]+\/budget\/override-token$/,
    (_, __, { expiresInHours }) => {
      budget.overrideTokenExpiresAt = new Date(Date.now() + expiresInHours * 3_600_000).toISOString();
      const token = `qot_${"0123456789abcdef".repeat(4)}`;
      return [201, { token, expiresAt: budget.overrideTokenExpiresAt, expiresInHours }];
    },
  ],
  [
    "DELETE",
    /^\/admin\/api\/v1\/tenants\/[^/]+\/budget\/override-token$/,
    () => {
      budget.overrideTokenExpiresAt = null;
      return [200, { success: true }];
    },
  ],
  ["GET", /^\/api\/v1\/quota\/status$/, () => [200, quota.status]],
  ["POST", /^\/api\/v1\/compliance\/check$/, (_, __, body) => [200, verdict(body.phoneNumber)]],
  [
    "POST",
    /^\/api\/v1\/(numbers|leads|buyers|publishers)\/import$/,
    (_, url, text) => {
      const rows = text.trim().split("\n").slice(1);
      const bad = rows.flatMap((row, index) => (row.startsWith("+") ? [] : [index + 2]));
      return [
        200,
        {
          rows: rows.length,
          imported: rows.length - bad.length,
          unchanged: 0,
          failed: bad.length,
          errors: bad.map((line) => ({
            line,
            field: "number",
            message: "is not a telephone number: write it as +15551234567",
          })),
          stopped: false,
          dryRun: url.searchParams.get("dryRun") === "true",
        },
      ];
    },
  ],
  ["GET", /^\/api\/v1\/compliance\/policies\/default$/, () => [200, policy]],
  ["GET", /^\/api\/v1\/compliance\/policies\/campaigns\/([^/]+)$/, () => [200, { ...policy, version: 0 }]],
  ["PUT", /^\/api\/v1\/compliance\/policies\//, (_, __, body) => [200, Object.assign(policy, body)]],
  ["POST", /^\/api\/v1\/api-keys\/([^/]+)\/rotate$/, () => [201, { key: "hw_2aa1e09c77d34b6f80" }]],
  [
    "POST",
    /^\/api\/v1\/flows\/validate$/,
    (_, __, body) => {
      const ids = new Set(body.nodes?.map((node) => node.id));
      const faults = (body.nodes ?? []).filter((node) => node.onAllBusy && !ids.has(node.onAllBusy));
      return faults.length === 0
        ? [200, { valid: true }]
        : problem(
            422,
            "INVALID_FLOW",
            "The flow has faults",
            faults.map((node) => ({
              node: node.id,
              field: "onAllBusy",
              message: `there is no node “${node.onAllBusy}”`,
            })),
          );
    },
  ],
  [
    "GET",
    /^\/api\/v1\/flows\/([^/]+)$/,
    (_, __, ___, [, id]) => {
      const flow = flows.find((each) => each.id === id);
      return flow ? [200, flow] : problem(404, "NOT_FOUND", "No such flow");
    },
  ],
  [
    "GET",
    /^\/api\/v1\/flows\/([^/]+)\/versions\/(\d+)$/,
    (_, __, ___, [, id, version]) => {
      const flow = flows.find((each) => each.id === id);
      return [
        200,
        {
          id,
          version: Number(version),
          published: flow.publishedVersion === Number(version),
          flow: flow.documents[version],
        },
      ];
    },
  ],
  [
    "POST",
    /^\/api\/v1\/flows\/([^/]+)\/(?:versions\/(\d+)\/publish|rollback)$/,
    (_, __, body, [, id, version]) => {
      const flow = flows.find((each) => each.id === id);
      const to = Number(version ?? body.version);
      if (to === 4)
        return problem(422, "INVALID_FLOW", "The flow has faults", [
          { node: "solar", field: "onAllBusy", message: "there is no node “overflow-queue”" },
        ]);
      flow.publishedVersion = to;
      return [200, { published: true }];
    },
  ],
];

/** JSON as it means, files as they are. */
const bodyOf = (request, text) =>
  request.headers["content-type"] === "text/csv" ? text : text ? JSON.parse(text) : {};

const server = createServer(async (request, response) => {
  response.setHeader("access-control-allow-origin", request.headers.origin ?? "*");
  response.setHeader("access-control-allow-credentials", "true");
  response.setHeader(
    "access-control-allow-headers",
    "authorization,content-type,x-csrf-token,idempotency-key,x-quota-override,range",
  );
  response.setHeader("access-control-allow-methods", "GET,POST,PATCH,PUT,DELETE");
  response.setHeader("access-control-expose-headers", "content-length,content-range");
  if (request.method === "OPTIONS") return response.writeHead(204).end();
  const url = new URL(request.url, "http://x");
  const stream = /^\/api\/v1\/recordings\/([^/]+)\/stream$/.exec(url.pathname);
  if (stream) {
    const call = calls.find((each) => each.recordingId === stream[1]);
    const bytes = conversation(Math.min(120, (call.endAt - call.startedAt) / 1000), 7);
    return response.writeHead(200, { "content-type": "audio/wav", "content-length": bytes.length }).end(bytes);
  }
  let text = "";
  for await (const chunk of request) text += chunk;
  for (const [method, pattern, handle] of routes) {
    const match = request.method === method && pattern.exec(url.pathname);
    if (!match) continue;
    const [status, body] = handle(request, url, bodyOf(request, text), match);
    return response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
  const [status, body] = problem(404, "NOT_FOUND", `No route ${request.method} ${url.pathname}`);
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
});
if (!process.env.API_URL) server.listen(API_PORT, "127.0.0.1");

const sockets = new WebSocketServer({ server, path: "/ws/events" });
sockets.on("connection", (socket) => {
  socket.send(JSON.stringify({ type: "connected", tenantId: "t1", timestamp: new Date().toISOString() }));
  socket.on("message", (raw) => {
    const message = JSON.parse(raw);
    if (message.type === "subscribe") socket.send(JSON.stringify({ type: "subscribed", channels: message.channels }));
    if (message.type === "ping") socket.send(JSON.stringify({ type: "pong", timestamp: new Date().toISOString() }));
  });
});
const publish = (call, event) => {
  const payload = {
    event: event.type,
    tenantId: "t1",
    data: {
      ...event.data,
      callId: call.id,
      sequence: event.sequence,
      from: call.from,
      to: call.number.number,
      campaignId: call.campaign.id,
    },
    timestamp: new Date(event.at).toISOString(),
    id: `${call.id}:${event.sequence}`,
  };
  for (const socket of sockets.clients) socket.send(JSON.stringify({ type: "event", channel: "call.*", payload }));
};

function start(seed) {
  const call = script(Date.now(), seed);
  calls.push(call);
  for (const event of call.events) setTimeout(() => publish(call, event), event.at - Date.now());
  return call;
}

if (!EMPTY && !process.env.API_URL) {
  const now = Date.now();
  // Today's calls; just after midnight yesterday's last ones too, so that there are some.
  const from = Math.min(new Date().setHours(0, 0, 0, 0), now - 6 * 3_600_000);
  let seed = 1;
  for (let at = from; at < now - 400_000; at += 240_000 + Math.abs(Math.sin(at / 9e6)) * 400_000)
    calls.push(script(Math.round(at), seed++));
  for (let index = 0; index < 3; index++) setTimeout(() => start(seed++), 300 + index * 900);
  setInterval(() => start(seed++), 6000);
}
console.log(`web http://127.0.0.1:${WEB_PORT}  api ${API_URL}`);
// Breaks the live connection for a while, to see the banner: kill -USR2 <pid>.
process.on("SIGUSR2", () => {
  for (const socket of sockets.clients) socket.close();
  sockets.options.verifyClient = () => false;
  setTimeout(() => {
    sockets.options.verifyClient = undefined;
  }, 20_000);
});
