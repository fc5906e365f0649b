// Makes a campaign and a number with the SDK, walks lists, and tells of the first call that ends.
//   node first_steps.mjs SDK_DIST NUMBER    with HOPWHISTLE_API_URL and HOPWHISTLE_API_KEY
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [dist, number] = process.argv.slice(2);
const { ApiError, Hopwhistle } = await import(pathToFileURL(`${dist}/index.js`));
// Node.js before 22 has no WebSocket of its own; the web application's tests have one.
const { WebSocket } = createRequire(new URL("../../../web/package.json", import.meta.url))("ws");
const tell = (what, data) => console.log(JSON.stringify({ what, ...data }));

const api = new Hopwhistle({
  baseUrl: process.env.HOPWHISTLE_API_URL,
  credentials: { apiKey: process.env.HOPWHISTLE_API_KEY },
  webSocket: (address) => new WebSocket(address),
});

// Whoever waits for it is not kept for ever.
setTimeout(() => process.exit(3), 60_000).unref();

const names = [];
for await (const publisher of api.list("/api/v1/publishers", { query: { limit: 1, sort: "name" } })) names.push(publisher);
const ordered = names.every(({ name }, index) => index === 0 || names[index - 1].name <= name);
tell("publishers", { count: names.length, ordered });

const idempotencyKey = `sdk-${number}`;
const body = { publisherId: names[0].id, name: `SDK ${number}` };
const campaign = await api.post("/api/v1/campaigns", { body, idempotencyKey });
const again = await api.post("/api/v1/campaigns", { body, idempotencyKey });
const made = await api.post("/api/v1/numbers", { body: { number, campaignId: campaign.id } });
tell("made", { once: campaign.id === again.id, number: made.number, campaign: made.campaignId === campaign.id });

const refused = await api.post("/api/v1/numbers", { body: { number: "nonsense" } }).catch((error) => error);
tell("refused", { isApiError: refused instanceof ApiError, status: refused.status, fault: refused.fault("number") });

const stop = new AbortController();
const events = api.events({ channels: ["call.*"], signal: stop.signal });
const heard = (async () => {
  for await (const event of events) if (event.event === "call.ended") return event;
})();
// Subscribed within a second on this machine; what is missed before it would be no fault of the client's.
setTimeout(() => tell("listening", {}), 1_000);
const ended = await heard;
tell("ended", { callId: ended.data.callId });
stop.abort();
