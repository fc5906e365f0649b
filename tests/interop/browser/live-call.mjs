// Signs in and watches one call from its arrival to its money on the dashboard, without reloading.
// WEB_URL, EMAIL, PASSWORD, CALLER (E.164) and CHROMIUM come from the environment; exit code 0 when all of it was seen.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.NODE_PATH}/x.js`);
const { chromium } = await import(pathToFileURL(require.resolve("playwright-core")).href).then((module) => module.default ?? module);

const { WEB_URL, EMAIL, PASSWORD, CALLER, CHROMIUM } = process.env;
const ARRIVES_MS = 40_000;
const MOVES_MS = 25_000;
const digits = (CALLER ?? "").replace(/\D/g, "");
if (digits === "") throw new Error("CALLER names no number");

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const seen = [];
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  await page.goto(WEB_URL);
  await page.getByLabel("E-mail").fill(EMAIL);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("button[type=submit]").click();
  const live = page.locator("section, div").filter({ has: page.locator("#live-calls") }).last();
  await live.waitFor({ timeout: 15_000 });
  // A mark that a reload would wipe away.
  await page.evaluate(() => {
    window.notReloaded = true;
  });
  console.log("signed in");

  // The text of the call's row, wherever its number is shown, spaces aside.
  const rowText = () =>
    page.evaluate((wanted) => {
      const rows = [...document.querySelectorAll("li")];
      const row = rows.find((item) => item.textContent.replace(/\D/g, "").includes(wanted));
      return row ? row.textContent : null;
    }, digits);
  const until = async (what, test, limit) => {
    const end = Date.now() + limit;
    let text = null;
    while (Date.now() < end) {
      text = await rowText();
      if (text !== null && test(text)) {
        seen.push(what);
        console.log(`${what}: ${text.replace(/\s+/g, " ")}`);
        return;
      }
      await page.waitForTimeout(50);
    }
    throw new Error(`never seen: ${what}; the row says ${JSON.stringify(text)}`);
  };

  await until("appears", () => true, ARRIVES_MS);
  await until("rings", (text) => /ringing/i.test(text), MOVES_MS);
  await until("is connected", (text) => /connected/i.test(text), MOVES_MS);
  await until("has ended", (text) => /ended/i.test(text), MOVES_MS);
  await until("shows its money", (text) => /\$\s?\d/.test(text), MOVES_MS);

  if (!(await page.evaluate(() => window.notReloaded === true))) throw new Error("the page was reloaded");
  if (faults.length > 0) throw new Error(`errors on the page: ${faults.join("; ")}`);
} catch (error) {
  console.error(`chromium: ${error.message}\nseen so far: ${seen.join(", ") || "nothing"}`);
  process.exitCode = 1;
} finally {
  await browser.close();
}
