// Takes pictures of every page in both themes and two sizes, from the fixture: npm run build && npm run shots [folder] [names,...]
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const folder = process.argv[2] ?? "shots";
const only = process.argv[3]?.split(",");
mkdirSync(folder, { recursive: true });
const WEB_PORT = process.env.WEB_PORT ?? "3900";
const API_PORT = process.env.API_PORT ?? "3901";
const fixture = spawn(process.execPath, [fileURLToPath(new URL("./fixture.mjs", import.meta.url))], {
  stdio: "inherit",
});
process.on("exit", () => fixture.kill());
await new Promise((resolve) => setTimeout(resolve, 900));
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
const sizes = { laptop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const base = `http://127.0.0.1:${WEB_PORT}`;
const faults = [];

const pages = {
  invite: async (page) => {
    await visit(page, "/users");
    await page.locator("button:has-text('Invite')").first().click();
    await page.waitForTimeout(500);
  },
  entry: async (page) => {
    await visit(page, "/audit");
    await page.locator("tbody tr button, ul[aria-label='Audit log'] button").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  dashboard: async (page) => {
    await page.goto(base);
    await page.waitForTimeout(6500);
  },
  calls: async (page) => {
    await page.goto(`${base}/calls`);
    await page.waitForTimeout(1500);
  },
  call: async (page) => {
    await page.goto(`${base}/calls?status=COMPLETED&page=2`);
    await page.waitForTimeout(1200);
    const answer = await fetch(`http://127.0.0.1:${API_PORT}/api/v1/calls?limit=100&status=COMPLETED`);
    const rows = (await answer.json()).data.filter((row) => row.converted).map((row) => row.id);
    await page.goto(`${base}/calls/${rows[3]}`);
    await page.waitForTimeout(2000);
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("ArrowRight");
    await page.waitForTimeout(400);
  },
  callsofalead: async (page) => {
    await visit(page, "/leads");
    await page.getByRole("link", { name: "Calls of Ana Ray" }).filter({ visible: true }).click();
    const more = page.getByRole("button", { name: "Filter", exact: true });
    if (await more.isVisible()) await more.click();
    await page.waitForTimeout(900);
  },
  place: async (page) => {
    await place(page, "+1 312 555 0147");
  },
  blocked: async (page) => {
    await place(page, "+1 212 555 0147");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.waitForTimeout(600);
  },
  unbudgeted: async (page) => {
    await place(page, "+1 900 555 0147");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.waitForTimeout(600);
  },
  placed: async (page) => {
    await place(page, "+1 312 555 0147");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.waitForTimeout(2500);
  },
  hangup: async (page) => {
    await place(page, "+1 312 555 0147");
    await page.getByRole("button", { name: "Call", exact: true }).click();
    await page.getByRole("button", { name: "Hang up" }).click();
    await page.waitForTimeout(600);
  },
  numbers: (page) => visit(page, "/numbers"),
  campaigns: (page) => visit(page, "/campaigns"),
  buyers: (page) => visit(page, "/buyers"),
  trunks: (page) => visit(page, "/trunks"),
  carriers: (page) => visit(page, "/trunks?tab=carriers"),
  trunk: async (page) => {
    await visit(page, "/trunks");
    await page.locator("button:has-text('West 1')").filter({ visible: true }).first().click();
    await page.getByRole("tab", { name: "Calls out" }).click();
    await page.waitForTimeout(400);
  },
  transcripts: (page) => visit(page, "/transcripts"),
  reports: (page) => visit(page, "/reports"),
  reportparts: (page) => visit(page, "/reports?by=campaign"),
  reportpartner: async (page) => {
    await visit(page, "/reports?by=hour");
    await page.getByRole("combobox", { name: "Buyer" }).click();
    await page.getByRole("option", { name: "Sunrise Solar" }).click();
    await page.getByLabel("Told apart").selectOption("month");
    await page.waitForTimeout(1200);
  },
  ratecards: (page) => visit(page, "/rate-cards"),
  ratecard: async (page) => {
    await visit(page, "/rate-cards");
    await page.locator("button:has-text('2026')").filter({ visible: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Edit" }).click();
    await page.waitForTimeout(500);
  },
  choice: async (page) => {
    await visit(page, "/campaigns");
    await page.getByRole("combobox", { name: "Publisher" }).click();
    await page.waitForTimeout(600);
  },
  leads: (page) => visit(page, "/leads"),
  dnc: async (page) => {
    await visit(page, "/dnc");
    await page
      .locator("tbody tr button, ul[aria-label='Do-not-call lists'] button")
      .filter({ visible: true })
      .first()
      .click();
    await page.waitForTimeout(900);
  },
  publishers: (page) => visit(page, "/publishers"),
  none: (page) => visit(page, "/buyers?q=nobody&status=ACTIVE"),
  campaign: async (page) => {
    await visit(page, "/campaigns");
    await page.locator("button:has-text('Solar')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  import: async (page) => {
    await visit(page, "/numbers");
    await page.getByRole("button", { name: "CSV" }).click();
    await page.getByRole("menuitem", { name: "Import a file" }).click();
    const rows = Array.from({ length: 8 }, (_, index) => `number ${index},Nobody`).join("\n");
    const file = `number,friendlyName\n+13125550177,Radio\n${rows}\n`;
    await page.setInputFiles("input[type=file]", {
      name: "numbers.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(file),
    });
    await page.getByRole("button", { name: "Import", exact: true }).click();
    await page.waitForTimeout(700);
  },
  checked: async (page) => {
    await visit(page, "/compliance?tab=check");
    await page.getByRole("textbox", { name: "Number" }).fill("+1 212 555 0100");
    await page.getByRole("button", { name: "Check", exact: true }).click();
    await page.waitForTimeout(600);
  },
  flags: (page) => visit(page, "/flags"),
  flag: async (page) => {
    await visit(page, "/flags");
    await page.locator("button:has-text('routing.experiment')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  limits: (page) => visit(page, "/limits"),
  tenants: (page) => visit(page, "/tenants"),
  tenant: async (page) => {
    await visit(page, "/tenants");
    await page.getByRole("button", { name: "More for Acme Performance" }).filter({ visible: true }).click();
    await page.getByRole("menuitem", { name: "Limits and use" }).click();
    await page.waitForTimeout(700);
  },
  budget: async (page) => {
    await tenantBudget(page, "Acme Performance");
  },
  nobudget: async (page) => {
    await tenantBudget(page, "Northern Media");
  },
  setbudget: async (page) => {
    await tenantBudget(page, "Acme Performance");
    await page.getByRole("button", { name: "Change the budget" }).click();
    await page.waitForTimeout(500);
  },
  told: async (page) => {
    await visit(page, "/limits");
    await page.getByRole("button", { name: "Who is told" }).click();
    await page.getByLabel("E-mail addresses").fill("billing@acme.example, nobody");
    await page.getByRole("button", { name: "Save" }).click();
    await page.waitForTimeout(500);
  },
  token: async (page) => {
    await tenantBudget(page, "Acme Performance");
    await page.getByRole("button", { name: /Make/ }).click();
    await page.getByRole("button", { name: "Make it" }).click();
    await page.waitForTimeout(500);
  },
  newflow: async (page) => {
    await visit(page, "/flows");
    await page.getByRole("button", { name: "New flow" }).click();
    await page.waitForTimeout(600);
  },
  users: (page) => visit(page, "/users"),
  audit: (page) => visit(page, "/audit"),
  jobs: (page) => visit(page, "/jobs"),
  roles: (page) => visit(page, "/roles"),
  role: async (page) => {
    await visit(page, "/roles");
    await page.locator("button:has-text('Night shift')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  builtin: async (page) => {
    await visit(page, "/roles");
    await page.locator("button:has-text('Analyst')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  keys: (page) => visit(page, "/api-keys"),
  newkey: async (page) => {
    await visit(page, "/api-keys");
    await page.locator("button:has-text('New key')").first().click();
    await page.waitForTimeout(500);
  },
  queues: (page) => visit(page, "/queues"),
  queue: async (page) => {
    await visit(page, "/queues");
    await page.locator("button:has-text('overflow')").filter({ visible: true }).first().click();
    await page.getByRole("tab", { name: "Who answers" }).click();
    await page.waitForTimeout(500);
  },
  agent: async (page) => {
    await visit(page, "/queues");
    await page.locator("button:has-text('Sam Okafor')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  buy: async (page) => {
    await visit(page, "/numbers");
    await page.getByRole("button", { name: "Buy", exact: true }).click();
    await page.getByRole("button", { name: "Search", exact: true }).click();
    await page.getByRole("button", { name: "Buy +1 312 555 0121" }).click();
    await page.waitForTimeout(900);
  },
  policy: (page) => visit(page, "/compliance"),
  overrides: (page) => visit(page, "/compliance?tab=overrides"),
  consents: (page) => visit(page, "/compliance?tab=consents"),
  rules: async (page) => {
    await visit(page, "/compliance");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.waitForTimeout(500);
  },
  calling: async (page) => {
    await visit(page, "/compliance");
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByRole("tab", { name: "Hours" }).click();
    await page.waitForTimeout(500);
  },
  callerids: async (page) => {
    await visit(page, "/caller-ids");
    await page.locator("button:has-text('Solar, local look')").filter({ visible: true }).first().click();
    await page.waitForTimeout(700);
  },
  tags: (page) => visit(page, "/tags"),
  tag: async (page) => {
    await visit(page, "/tags");
    await page.locator("button:has-text('Complaint')").filter({ visible: true }).first().click();
    await page.waitForTimeout(500);
  },
  hours: async (page) => {
    await edit(page, "Hours");
  },
  filters: async (page) => {
    await edit(page, "Calls taken");
  },
  flows: (page) => visit(page, "/flows"),
  flow: async (page) => {
    await visit(page, "/flows");
    await page.locator("tbody tr a, ul[aria-label=Flows] a").filter({ visible: true }).first().click();
    await page.waitForTimeout(1800);
  },
  settings: (page) => visit(page, "/settings"),
  factor: async (page) => {
    await visit(page, "/settings");
    await page.getByRole("button", { name: "Set up" }).click();
    await page.getByRole("dialog").getByLabel("Password").fill("demo");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByRole("dialog").getByLabel("Code").waitFor();
    await page.waitForTimeout(400);
  },
  faulty: async (page) => {
    await visit(page, "/flows");
    await page.locator("tbody tr a, ul[aria-label=Flows] a").filter({ visible: true }).first().click();
    await page.locator("button:has-text('Version 4')").click();
    await page.waitForTimeout(1500);
  },
  edit: async (page) => {
    await visit(page, "/buyers");
    await page.locator('button[aria-label="Edit Sunrise Solar"]').first().click();
    await page.waitForTimeout(500);
  },
  lost: async (page) => {
    await visit(page, "/");
    fixture.kill("SIGUSR2");
    await page.waitForTimeout(4500);
  },
};
async function place(page, number) {
  await visit(page, "/calls");
  await page.getByRole("button", { name: "Place a call" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("textbox", { name: "Number" }).fill(number);
  await dialog.getByRole("combobox", { name: "Campaign" }).click();
  await dialog.getByRole("option", { name: "Solar US inbound" }).click();
  await page.waitForTimeout(400);
}
async function tenantBudget(page, name) {
  await visit(page, "/tenants");
  await page
    .getByRole("button", { name: `More for ${name}` })
    .filter({ visible: true })
    .click();
  await page.getByRole("menuitem", { name: "Budget" }).click();
  await page.waitForTimeout(700);
}
async function edit(page, tab) {
  await visit(page, "/buyers");
  await page.locator('button[aria-label="Edit Sunrise Solar"]').first().click();
  await page.getByRole("tab", { name: tab }).click();
  await page.waitForTimeout(400);
}
async function visit(page, path) {
  await page.goto(base + path);
  await page.waitForTimeout(1200);
}

for (const [size, viewport] of Object.entries(sizes)) {
  for (const theme of ["light", "dark"]) {
    const context = await browser.newContext({ viewport, colorScheme: theme, deviceScaleFactor: 1 });
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && faults.push(`${size} ${theme}: ${message.text()}`));
    page.on("pageerror", (error) => faults.push(`${size} ${theme}: ${error.message}`));
    await page.goto(base);
    await page.waitForSelector("input[type=email]");
    if (!only || only.includes("signin")) await page.screenshot({ path: `${folder}/signin-${size}-${theme}.png` });
    await page.fill("input[type=email]", "ada@example.com");
    await page.fill("input[type=password]", "demo");
    await page.click("button[type=submit]");
    await page.waitForSelector("h1:has-text('Dashboard')");
    for (const [name, go] of Object.entries(pages)) {
      if (only && !only.includes(name)) continue;
      await go(page);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      if (wide > 0) faults.push(`${name} ${size}: ${wide} px wider than the screen`);
      await page.screenshot({
        path: `${folder}/${name}-${size}-${theme}.png`,
        fullPage: size === "phone" || name === "call" || name === "dashboard",
      });
    }
    await context.close();
  }
}
await browser.close();
fixture.kill();
console.log(faults.length === 0 ? "no faults" : faults.join("\n"));
