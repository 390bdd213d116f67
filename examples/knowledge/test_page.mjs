// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The dashboard in a browser: test/servers run node examples/knowledge/test_page.mjs PROGRAM. It uses what people use: the
// keyboard, the names of things, what they see.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";

const browser_path = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"].find(existsSync);
const require = createRequire("/opt/npm/node_modules/");
function absent(what) {
  console.log(`not run: there is no ${what} here: ./dev test brings it where this machine reaches npm's registry`);
  process.exit(77);
}
if (!existsSync("/opt/npm/node_modules/playwright-core")) absent("playwright-core");
if (!existsSync("/opt/npm/node_modules/axe-core")) absent("axe-core");
if (!browser_path) absent("Chromium");
const { chromium } = require("playwright-core");
const axe = readFileSync("/opt/npm/node_modules/axe-core/axe.min.js", "utf8");

const program = process.argv[2];
const env = { ...process.env, STRATA_POSTGRES: process.env.STRATA_TEST_POSTGRES, STRATA_NATS: process.env.STRATA_TEST_NATS,
  STRATA_STREAM_REPLICAS: "1", STRATA_STREAM_BYTES: String(64 << 20),
  STRATA_READY_WITHIN: "30000", STRATA_WRITE_WITHIN: "30000" };  // however busy the machine
const run = (...given) => execFileSync(program, given, { env, encoding: "utf8" });

const hostile = `<img src=x onerror="pwned=1">'"&/<script>pwned=2</script>`;
const harm = "</pre><script>window.pwned = 3</script><svg onload=pwned=4>\n";
run("put", hostile, "--type", "<b onclick=pwned=5>", "--meta", "<i>=<iframe src=javascript:parent.pwned=6>", "--data", "one\nzwieback\n" + harm);
run("put", hostile, "--type", "<b onclick=pwned=5>", "--meta", "<i>=<iframe src=javascript:parent.pwned=6>", "--data", "one\nbiscuits\n" + harm);
for (const word of ["first", "second", "third"]) run("put", "thrice", "--data", `the same\nthe ${word}\n`);
for (const how of ["success", "success", "failure"]) run("outcome", "thrice", how);
for (let i = 0; i < 12; ++i) run("put", `plain/${i}`, "--data", `template number ${i} of a dozen`);

const server = spawn(program, ["serve", "--port", "0", "--json"], { env, stdio: ["ignore", "pipe", "inherit"] });
const url = JSON.parse(await new Promise((done) => server.stdout.once("data", (d) => done(String(d))))).url;
const browser = await chromium.launch({ executablePath: browser_path, args: ["--no-sandbox"], timeout: 120_000 });

const complaints = [];
async function open(settings) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...settings });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.on("console", (m) => { if (m.type() === "error" || m.type() === "warning") complaints.push(m.text()); });
  page.on("pageerror", (e) => complaints.push(e.message));
  page.on("request", (r) => { if (!r.url().startsWith(url)) complaints.push("asked elsewhere: " + r.url()); });
  page.on("dialog", (d) => { complaints.push("dialog: " + d.message()); d.dismiss(); });
  await page.goto(url);
  await page.getByRole("heading", { level: 1 }).filter({ hasText: "a second" }).or(page.getByText("Nobody asks for anything")).waitFor();
  return page;
}
async function accessible(page, what) {
  // Run by the browser's own tool, as the page's policy lets no script in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const grave = violations.filter((v) => ["serious", "critical", "moderate"].includes(v.impact));
  assert.deepEqual(grave.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html).join(" ")}`), [], `axe-core on ${what}`);
}
// Goes on with Tab until that has the focus.
async function tab_to(page, locator) {
  await locator.waitFor();
  for (let i = 0; i < 120; ++i) {
    if (await locator.evaluate((node) => node === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail("Tab never comes to " + locator);
}
const cases = [];
const test = (name, f) => cases.push([name, f]);

test("loads, and tells of every tier", async () => {
  const page = await open();
  for (const tier of ["Hot", "Warm", "Cold"]) await page.getByRole("region", { name: `${tier} tier` }).getByText("up", { exact: true }).waitFor();
  assert.equal(await page.title(), "Strata");
  await page.getByRole("heading", { name: "Popular" }).waitFor();
  await accessible(page, "the overview");
  return page;
});

test("updates live", async () => {
  const page = await open();
  const chart = page.getByRole("slider", { name: /^Requests a second/ });
  const path = () => chart.locator("path").first().getAttribute("d");
  const before = await path();
  await page.waitForFunction((d) => document.querySelector(".chart path").getAttribute("d") !== d, before);
  // Many pages, one snapshot: the count of pages is the server's own.
  const other = await open();
  await page.getByText(/^Built with .* 2 pages open/).or(page.getByText(/[3-9] pages open/)).waitFor();
  await other.context().close();
  return page;
});

test("opens an asset by keyboard alone, and compares versions", async () => {
  const page = await open();
  await tab_to(page, page.getByLabel("Open a template by its id"));
  await page.keyboard.type("plain/3");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "plain/3" }).waitFor();
  await page.getByText("template number 3 of a dozen").waitFor();
  await tab_to(page, page.getByRole("link", { name: "Overview" }));
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Popular" }).waitFor();

  await page.goto(url + "#/asset/" + encodeURIComponent(hostile));
  await page.getByRole("heading", { level: 1 }).filter({ hasText: "<img" }).waitFor();
  assert.equal(await page.getByRole("heading", { level: 1 }).textContent(), hostile);
  assert.equal(await page.getByLabel("Contents", { exact: true }).textContent(), "one\nbiscuits\n" + harm);
  await page.getByText("<iframe src=javascript:parent.pwned=6>").waitFor();
  await page.getByText("<b onclick=pwned=5> · version 2").waitFor();
  const change = page.getByRole("button", { name: "its change: what version 2 changed" });
  await tab_to(page, change);
  await page.keyboard.press("Enter");
  const differences = page.getByLabel("Differences of text");
  await differences.waitFor();
  assert.match(await differences.locator(".removed").textContent(), /removed: zwieback/);
  assert.match(await differences.locator(".added").textContent(), /added: biscuits/);
  assert.equal(await change.getAttribute("aria-pressed"), "true");
  await tab_to(page, page.getByRole("button", { name: "show version 1" }));
  await page.keyboard.press("Enter");
  await page.getByLabel("Contents of that version").getByText("zwieback").waitFor();
  await accessible(page, "an asset");
  return page;
});

test("compares any two versions, and shows outcomes over time", async () => {
  const page = await open();
  await page.goto(url + "#/asset/thrice");
  const older = page.getByLabel("Compare", { exact: true });
  await tab_to(page, older);
  assert.match(await older.locator("option:checked").textContent(), /^version 1,/);
  const newer = page.getByLabel("with", { exact: true });
  assert.match(await newer.locator("option:checked").textContent(), /^version 3,/);
  await page.keyboard.press("ArrowUp");  // version 2
  await tab_to(page, newer);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");  // version 1
  await tab_to(page, page.getByRole("button", { name: "Compare" }));
  await page.keyboard.press("Enter");
  const differences = page.getByLabel("Differences of text");
  await differences.waitFor();
  assert.match(await differences.locator(".removed").textContent(), /removed: the second/);
  assert.match(await differences.locator(".added").textContent(), /added: the first/);

  await page.getByRole("img", { name: "Outcomes: 2 successes, 1 failure" }).waitFor();
  assert.equal(await page.locator(".bars > svg .success").count(), 1);
  const hours = page.getByRole("button", { name: "Last 48 hours" });
  await tab_to(page, hours);
  await page.keyboard.press("Enter");
  assert.equal(await hours.getAttribute("aria-pressed"), "true");
  await page.getByRole("img", { name: "Outcomes: 2 successes, 1 failure" }).waitFor();
  assert.equal(await page.locator(".bars").first().locator(".ground").count(), 48);
  await accessible(page, "an asset with outcomes");
  return page;
});

test("opens behind another page with all its sections", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  await page.addInitScript(() => Object.defineProperty(document, "hidden", { get: () => true }));
  await page.goto(url + "#/asset/thrice");
  await page.getByRole("button", { name: "Compare" }).waitFor();
  await page.getByRole("button", { name: "its change: what version 3 changed" }).waitFor();
  await page.getByLabel("Search templates").waitFor();
  return page;
});

test("searches", async () => {
  const page = await open();
  const words = page.getByLabel("Search templates");
  await tab_to(page, words);
  await page.keyboard.type("biscuits");
  await page.keyboard.press("Enter");
  const result = page.locator("#results").getByRole("link", { name: hostile });
  await result.waitFor();
  assert.equal(await page.locator("#results mark").first().textContent(), "biscuits");
  await accessible(page, "what a search found");
  await tab_to(page, result);
  await page.keyboard.press("Enter");
  await page.locator("#asset").getByRole("heading", { level: 1 }).filter({ hasText: "<img" }).waitFor();
  return page;
});

test("shows metadata that is no map of texts", async () => {
  execFileSync("psql", ["-qd", env.STRATA_POSTGRES, "-c", "insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, "
    + `content, metadata) values ('theirs', 'note', 'of another program', '{}', '{"tags": ["a", 7], "text": "plain"}')`]);
  const page = await open();
  await page.goto(url + "#/asset/theirs");
  const metadata = page.locator("section").filter({ has: page.getByRole("heading", { name: "Metadata" }) });
  await metadata.getByText('["a",7]', { exact: true }).waitFor();
  await metadata.getByText("plain", { exact: true }).waitFor();
  return page;
});

test("answers what does not exist", async () => {
  const page = await open();
  await page.goto(url + "#/asset/no/such");
  await page.getByText("There is and was nothing under this id.").waitFor();
  return page;
});

test("reads well in the dark, and on a phone", async () => {
  const dark = await open({ colorScheme: "dark" });
  await accessible(dark, "the overview in the dark");
  await dark.context().close();
  const phone = await open({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  for (const place of ["", "#/asset/" + encodeURIComponent(hostile)]) {
    await phone.goto(url + place);
    await phone.getByRole("heading", { level: 1 }).first().waitFor();
    const width = await phone.evaluate(() => document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${width} pixels wide`);
  }
  await accessible(phone, "an asset on a phone");
  return phone;
});

test("charts can be read by keyboard", async () => {
  const page = await open();
  const chart = page.getByRole("slider", { name: /^Requests a second/ });
  await tab_to(page, chart);
  for (const until = Date.now() + 20_000;; await page.waitForTimeout(100)) {  // once there is a second row
    await page.keyboard.press("ArrowLeft");
    const said = await chart.getAttribute("aria-valuetext");
    if (/^\d+ seconds? ago: Cold .*, Warm .*, Hot /.test(said)) break;
    assert.ok(Date.now() < until, said);
  }
  return page;
});

test("says what cannot be read, and calls nothing absent that it cannot look for", async () => {
  execFileSync("psql", ["-qd", env.STRATA_POSTGRES, "-c",
    "update knowledge_artifacts set metadata = (repeat('[', 200) || repeat(']', 200))::jsonb where artifact_id = 'plain/5'"]);
  const page = await open();
  await page.goto(url + "#/asset/plain%2F5");
  await page.getByText("Its newest version cannot be read.").waitFor();
  const postgres = (how, ...more) =>
    execFileSync(env.STRATA_TEST_SERVERS, ["postgres", how, env.STRATA_TEST_FOLDER + "/postgres", ...more], { stdio: "ignore" });
  postgres("stop", "immediate");
  try {
    await page.goto(url + "#/asset/plain%2F6");
    await page.getByText("Whether it is there cannot be said at the moment.").waitFor();
  } finally {
    postgres("start", env.STRATA_POSTGRES.match(/port=(\d+)/)[1]);
  }
  return page;
});

let failed = 0;
for (const [name, f] of cases) {
  const started = Date.now();
  try {
    const page = await f();
    assert.equal(await page.evaluate(() => window.pwned), undefined, "something of an asset ran");
    await page.context().close();
    assert.deepEqual(complaints.splice(0), [], "the console is not quiet");
    console.log(`passed: ${name} (${Date.now() - started} ms)`);
  } catch (why) {
    ++failed;
    complaints.splice(0);
    console.log(`FAILED: ${name}: ${why.stack}`);
  }
}
await browser.close();
server.kill("SIGINT");
const status = await new Promise((done) => server.once("exit", done));
if (status !== 0) { ++failed; console.log(`FAILED: the server ended with ${status}`); }
process.exit(failed ? 1 : 0);
