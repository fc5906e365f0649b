// An owner sets single sign-on up on the Settings page, and people sign in through the provider's own login page: oidc-provider, which is certified
// by the OpenID Foundation, in this process. WEB_URL, EMAIL, PASSWORD and CHROMIUM come from the environment; the platform runs with
// SSO_ALLOW_PRIVATE, as this provider has no TLS. SHOTS names a folder for pictures. Exit code 0 when all of it was seen; what was set is
// removed again.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_PATH}/x.js`);
const load = async (name) => (await import(pathToFileURL(require.resolve(name)).href)).default;
const { chromium } = await load("playwright-core");
const Provider = await load("oidc-provider");

const { WEB_URL, EMAIL, PASSWORD, CHROMIUM, SHOTS } = process.env;
const CLIENT = { id: "hopwhistle", secret: "a secret of the two, & shared" };
const DOMAIN = EMAIL.split("@")[1];
/** Whoever the provider is told to be signs in; `unproven` in a name: the address was not verified. */
const account = (login) => ({
  sub: `subject of ${login}`,
  email: login,
  email_verified: !login.includes("unproven"),
  given_name: "Kim",
});

const listener = createServer().listen(0, "127.0.0.1");
await new Promise((resolve) => listener.once("listening", resolve));
const issuer = `http://127.0.0.1:${listener.address().port}`;
const provider = new Provider(issuer, {
  clients: [
    {
      client_id: CLIENT.id,
      client_secret: CLIENT.secret,
      redirect_uris: [`${WEB_URL}/sso`],
      response_types: ["code"],
      grant_types: ["authorization_code"],
      application_type: "native",
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["given_name"] },
  findAccount: (_, login) => ({ accountId: login, claims: () => account(login) }),
  cookies: { keys: ["of this test"] },
});
provider.on("server_error", (_, error) => console.error(error));
listener.on("request", provider.callback());

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const done = [];
let shown = null;
try {
  const owner = await open();
  await owner.getByLabel("E-mail").fill(EMAIL);
  await owner.getByLabel("Password").fill(PASSWORD);
  await owner.locator("button[type=submit]").click();
  await owner.locator("#live-calls").waitFor();
  await set(owner, { newUsers: "" }, CLIENT.secret);
  await owner.getByRole("button", { name: "Test what is saved" }).click();
  await owner.getByText("Nothing stands in the way.").waitFor();
  await step("set and tested", owner);

  const stranger = `kim-${Date.now()}@${DOMAIN}`;
  await refused(stranger, "is not known here");
  await refused(`kim@elsewhere.example`, "do not sign in here");
  await refused(`unproven-${stranger}`, "was verified");
  await step("the unknown, the foreign and the unproven are refused");

  await set(owner, { newUsers: "readonly" });
  const kim = await open();
  await toProvider(kim, stranger);
  let answer = null;
  kim.on("request", (request) => {
    if (request.url().endsWith("/auth/sso/finish") && request.method() === "POST") answer = request.postData();
  });
  await atProvider(kim, stranger);
  await kim.locator("#live-calls").waitFor();
  if (new URL(kim.url()).pathname !== "/") throw new Error(`landed at ${kim.url()}`);
  await step("somebody new signs in", kim);
  await kim.getByRole("link", { name: "Settings" }).first().click();
  await kim.getByText(stranger).first().waitFor();
  await kim.reload();
  await kim.getByText(stranger).first().waitFor();
  await step("and stays signed in", kim);

  // The same answer once more, from the same browser: it was used.
  const status = await kim.evaluate(
    async ([url, body]) =>
      (await fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body })).status,
    [`${await apiUrl(kim)}/auth/sso/finish`, answer],
  );
  if (status !== 401) throw new Error(`an answer of the provider was taken twice: ${status}`);
  // Somebody else's answer, in a browser that began nothing.
  const led = await open(`${WEB_URL}/sso?state=${JSON.parse(answer).state}&code=${JSON.parse(answer).code}`);
  await led.getByText("was not begun in this tab").waitFor();
  await step("an answer is good once, and in its own browser", led);

  await set(owner, { newUsers: "readonly", passwords: false });
  await owner.getByRole("button", { name: "Remove" }).click();
  await owner.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await owner.getByText("Removed", { exact: true }).waitFor();
  await kim.reload();
  await kim.getByRole("heading", { name: "Sign in" }).waitFor();
  await step("removed, and who came by it is signed out", kim);
} catch (error) {
  if (SHOTS && shown) await shown.screenshot({ path: `${SHOTS}/failed.png` }).catch(() => undefined);
  console.error(`chromium: ${error.message}\ndone so far: ${done.join(", ") || "nothing"}\n${(await shown?.textContent("body").catch(() => "")) ?? ""}`);
  process.exitCode = 1;
} finally {
  await browser.close();
  listener.closeAllConnections();
  listener.close();
}

async function open(url = WEB_URL) {
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 900 } })).newPage();
  page.setDefaultTimeout(15_000);
  shown = page;
  await page.goto(url);
  return page;
}

async function step(name, page = shown) {
  done.push(name);
  console.log(name);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${done.length}.png`, fullPage: true });
}

/** On the Settings page, by hand. */
async function set(page, { newUsers, passwords = true }, secret) {
  shown = page;
  await page.goto(`${WEB_URL}/settings`);
  await page.getByLabel("Issuer").fill(issuer);
  await page.getByLabel("Client ID").fill(CLIENT.id);
  if (secret) await page.getByLabel("Client secret").fill(secret);
  await page.getByLabel("Domains of e-mail addresses").fill(DOMAIN);
  await page.getByLabel("Who is not known yet").selectOption(newUsers);
  await page.getByLabel("Offered at sign-in").setChecked(true);
  await page.getByLabel(/Passwords are good too/).setChecked(passwords);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved", { exact: true }).first().waitFor();
}

/** From the sign-in page to the provider's, with the keyboard alone. */
async function toProvider(page, login) {
  shown = page;
  await page.getByLabel("E-mail").fill(`x@${DOMAIN}`);
  await page.getByRole("button", { name: /Single sign-on of/ }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(`${issuer}/**`);
}

/** The provider's own pages: who one is, and that the platform may know. */
async function atProvider(page, login) {
  await page.locator("input[name=login]").fill(login);
  await page.locator("input[name=password]").fill("anything");
  await page.locator("button[type=submit]").click();
  await page.getByRole("button", { name: "Continue" }).click();
}

async function refused(login, why) {
  const page = await open();
  await toProvider(page, login);
  await atProvider(page, login);
  await page.getByRole("heading", { name: "You were not signed in" }).waitFor();
  await page.getByText(why).waitFor();
}

async function apiUrl(page) {
  return page.evaluate(async () => (await (await fetch("/config.json")).json()).apiUrl);
}
