// A first day on the platform, in the browser: a tenant and its owner, a colleague, numbers from a file, a buyer, a flow, a campaign, and a call
// that is sold. WEB_URL, EMAIL, PASSWORD, BUYER (a SIP address that answers), NUMBER (E.164, nobody's yet), CALLER and CHROMIUM come from the
// environment, OPERATOR=1 where the user is an operator of the platform. It prints "call it" once the number leads somewhere, and then waits for
// the call in the list. SHOTS names a folder for pictures of each step. Exit code 0 when all of it was done and seen.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_PATH}/x.js`);
const { chromium } = await import(pathToFileURL(require.resolve("playwright-core")).href).then((module) => module.default ?? module);

const { WEB_URL, EMAIL, PASSWORD, BUYER, NUMBER, CALLER, CHROMIUM, OPERATOR, SHOTS } = process.env;
const CALL_COMES_MS = 90_000;
/** Names of this run's own: the platform may have seen another one. */
const tail = NUMBER.slice(-6);
const THEIRS = "correct-horse-battery-staple-42";

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const done = [];
const faults = [];
let shown = null;
try {
  const page = await open();
  await signIn(page, EMAIL, PASSWORD);
  await step("signed in", page);

  if (OPERATOR === "1") {
    await visit(page, "Tenants");
    await page.getByRole("button", { name: "New tenant" }).click();
    await fill(page, { Name: `Tenant ${tail}`, "Short name": `tenant-${tail}`, "Time zone": "America/New_York" });
    await submit(page);
    await fill(page, { "E-mail": `owner-${tail}@example.com` });
    await submit(page);
    await follow(page, `owner-${tail}@example.com`, "Numbers", async (theirs) => {
      const steps = theirs.getByRole("list", { name: "First steps" }).getByRole("listitem");
      if ((await steps.count()) !== 6) throw new Error("nothing leads the new tenant to its first call");
      if ((await steps.filter({ hasText: "Done:" }).count()) > 0) throw new Error("a new tenant has something already");
    });
    await step("a tenant, and its owner signed in", page);
  }

  await visit(page, "People");
  await page.getByRole("button", { name: "Invite" }).click();
  await fill(page, { "E-mail": `colleague-${tail}@example.com`, "First name": "Kim" });
  await dialog(page).getByLabel("Role", { exact: true }).selectOption("analyst");
  await submit(page);
  await follow(page, `colleague-${tail}@example.com`, "Calls");
  await step("a colleague invited, and signed in", page);

  await visit(page, "Publishers");
  await page.getByRole("button", { name: "New publisher" }).first().click();
  await fill(page, { Name: `Publisher ${tail}`, Code: `pub-${tail}` });
  await submit(page);
  await page.getByRole("button", { name: `Publisher ${tail}` }).filter({ visible: true }).waitFor();
  await step("a publisher", page);

  await visit(page, "Buyers");
  await page.getByRole("button", { name: "New buyer" }).first().click();
  await fill(page, { Name: `Buyer ${tail}`, Code: `buyer-${tail}` });
  await choose(page, "Publisher", `Publisher ${tail}`);
  await submit(page);
  await page.getByRole("searchbox", { name: "Search buyers" }).fill(`Buyer ${tail}`);
  const card = page.getByRole("list", { name: "Buyers" }).getByRole("listitem").filter({ hasText: `Buyer ${tail}` });
  await page.waitForURL(/q=/);
  await card.getByRole("button", { name: "Add endpoint" }).click();
  await fill(page, { Destination: BUYER, "Buyer pays": "41.50", "Publisher earns": "20.00" });
  await submit(page);
  await card.getByText("41.50").waitFor();
  await step("a buyer with an endpoint and a price", page);

  await visit(page, "Flows");
  await page.getByRole("button", { name: "New flow" }).first().click();
  await fill(page, { Name: `Flow ${tail}` });
  await submit(page);
  await page.getByRole("heading", { name: `Flow ${tail}` }).waitFor();
  await page.getByText("The API finds no fault in this version.").waitFor();
  await page.getByRole("button", { name: "Publish" }).click();
  await dialog(page).getByRole("button", { name: "Publish" }).click();
  await page.getByText("Version 1 is published", { exact: true }).first().waitFor();
  await dialog(page).waitFor({ state: "detached" });
  await step("a flow, published", page);

  await visit(page, "Campaigns");
  await page.getByRole("button", { name: "New campaign" }).first().click();
  await fill(page, { Name: `Campaign ${tail}` });
  await choose(page, "Publisher", `Publisher ${tail}`);
  await choose(page, "Flow", `Flow ${tail}`);
  await submit(page);
  await page.getByRole("button", { name: `Campaign ${tail}` }).filter({ visible: true }).waitFor();
  await step("a campaign", page);

  await visit(page, "Numbers");
  await page.getByRole("button", { name: "CSV" }).click();
  await page.getByRole("menuitem", { name: "Import a file" }).click();
  const file = `number,friendlyName\n${NUMBER},First day ${tail}\nnot a number,Nobody\n`;
  await dialog(page).getByLabel("File").setInputFiles({ name: "numbers.csv", mimeType: "text/csv", buffer: Buffer.from(file) });
  await dialog(page).getByRole("button", { name: "Check only" }).click();
  await dialog(page).getByText("1 number would be added, 1 refused").waitFor();
  await dialog(page).getByRole("button", { name: "Import" }).click();
  await dialog(page).getByText("1 number added, 1 refused").waitFor();
  await dialog(page).getByRole("cell", { name: "3", exact: true }).waitFor();
  await step("numbers from a file, and the faulty row told by its line", page);
  await dialog(page).getByRole("button", { name: "Done" }).click();
  await page.getByRole("searchbox", { name: "Search numbers" }).fill(NUMBER);
  await page.getByRole("row").filter({ hasText: `First day ${tail}` }).getByRole("button").first().click();
  await choose(page, "Campaign", `Campaign ${tail}`);
  await submit(page);
  await page.getByRole("row").filter({ hasText: `Campaign ${tail}` }).waitFor();
  await step("the number leads to the campaign", page);

  console.log("call it");
  await visit(page, "Calls");
  await page.getByRole("searchbox").fill(CALLER);
  const call = page.getByRole("row").filter({ hasText: `Buyer ${tail}` }).filter({ hasText: "41.50" });
  await call.waitFor({ timeout: CALL_COMES_MS });
  await step("the call in the list, with its buyer and its price", page);
  await call.getByRole("link").click();
  await page.getByRole("heading", { name: /Why this buyer/ }).waitFor();
  await step("why this buyer", page);
  if (faults.length > 0) throw new Error(`errors on the page: ${faults.join("; ")}`);
} catch (error) {
  console.error(`chromium: ${error.message}\ndone so far: ${done.join(", ") || "nothing"}`);
  if (SHOTS && shown) await shown.screenshot({ path: `${SHOTS}/failed.png` }).catch(() => undefined);
  process.exitCode = 1;
} finally {
  await browser.close();
}

/** A browser of its own: whoever signs in there is nobody else. */
async function open() {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.on("pageerror", (error) => faults.push(String(error)));
  shown = page;
  return page;
}

async function signIn(page, email, password) {
  await page.goto(WEB_URL);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.locator("button[type=submit]").click();
  await page.getByRole("heading", { name: "Dashboard" }).waitFor();
}

async function visit(page, place) {
  await page.getByRole("navigation", { name: "Main" }).first().getByRole("link", { name: place, exact: true }).click();
  await page.getByRole("heading", { name: place, level: 1 }).waitFor();
}

function dialog(page) {
  return page.getByRole("dialog").last();
}

async function fill(page, fields) {
  for (const [label, value] of Object.entries(fields)) await dialog(page).getByLabel(label, { exact: true }).fill(value);
}

/** One among many, found by its name. */
async function choose(page, label, name) {
  await dialog(page).getByLabel(label, { exact: true }).fill(name);
  await dialog(page).getByRole("option", { name, exact: true }).click();
}

/** Sends the form of the window, which is gone once it was taken. */
async function submit(page) {
  const form = await dialog(page).locator("form").elementHandle();
  await dialog(page).locator("button[type=submit]").click();
  await form.waitForElementState("hidden").catch(async (error) => {
    const told = await dialog(page).innerText();
    throw new Error(`${error.message}\nthe window says: ${told}`);
  });
}

/** Follows the invitation's link in another browser, chooses a password there, signs in, looks, and is led to `place`. */
async function follow(page, email, place, look = async () => undefined) {
  const link = await page.getByRole("dialog", { name: "Hand over this link" }).locator("code").innerText();
  await page.keyboard.press("Escape");
  const theirs = await open();
  // The platform writes its own address; the pages may be looked at elsewhere.
  await theirs.goto(new URL(new URL(link).pathname + new URL(link).hash, WEB_URL).href);
  await theirs.getByLabel("Password").fill(THEIRS);
  await theirs.locator("button[type=submit]").click();
  await theirs.getByRole("button", { name: /sign/i }).click();
  await theirs.getByLabel("E-mail").fill(email);
  await theirs.getByLabel("Password").fill(THEIRS);
  await theirs.locator("button[type=submit]").click();
  await theirs.getByRole("heading", { name: "Dashboard" }).waitFor();
  await theirs.getByText("Recent calls").waitFor();
  await theirs.waitForLoadState("networkidle");
  await look(theirs);
  await step(`${email} looks at the dashboard`, theirs);
  await visit(theirs, place);
  await step(`${email} signed in`, theirs);
  await theirs.context().close();
  shown = page;
}

async function step(what, page) {
  done.push(what);
  console.log(what);
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${String(done.length).padStart(2, "0")}.png` });
}
