// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// The dashboard. What comes from assets reaches the page as text only: nodes are made, markup is never parsed.

const $ = (id) => document.getElementById(id);

// --- making nodes ---

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {}))
    if (typeof value === "function") node.addEventListener(name, value);
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}
const el = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const link = (id, attributes) => el("a", { href: "#/asset/" + encodeURIComponent(id), title: id, ...attributes }, id);

// --- numbers for people ---

const whole = new Intl.NumberFormat("en");
const tenth = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const count = (n) => whole.format(Math.round(n));
const rate = (n) => (n >= 100 ? count(n) : tenth.format(n));
const fixed = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const percent = (n) => (n === 0 || n === 100 ? n : fixed.format(n)) + " %";
const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;
function time(us) {
  if (us === null || us === undefined) return "–";
  const [value, unit] = us < 1 ? [us * 1e3, "ns"] : us < 1e3 ? [us, "µs"] : us < 1e6 ? [us / 1e3, "ms"] : [us / 1e6, "s"];
  return `${value < 10 ? tenth.format(value) : count(value)} ${unit}`;
}
function bytes(n) {
  const units = ["B", "KiB", "MiB", "GiB"];
  let i = 0;
  for (; n >= 1024 && i < 3; ++i) n /= 1024;
  return `${n < 10 && i > 0 ? tenth.format(n) : count(n)} ${units[i]}`;
}
const age = (ms) => (ms >= 3600e3 ? "unknown" : time(ms * 1000));
const moment = (text) => new Date(text).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" });

// --- charts ---

const margin = { left: 46, right: 4, top: 8, bottom: 20 };

// The next of these times a power of ten.
function nice(n, steps = [1, 2, 5, 10]) {
  const power = 10 ** Math.floor(Math.log10(n));
  return steps.map((step) => step * power).find((step) => step >= n);
}

// A chart of the last five minutes. Pointer and arrow keys move a cursor, whose values the legend shows.
class Chart {
  constructor(title, series, { stacked = false, logarithmic = false, spell }) {
    Object.assign(this, { title, series, stacked, logarithmic, spell, points: [], at: null, times: [] });
    this.grid = svg("g", { "aria-hidden": "true" });
    this.shapes = series.map((s) => svg("path", { class: `${stacked ? "area" : "line"} ${s.high ? "high" : ""} of-${s.tier}` }));
    this.cursor = svg("line", { class: "cursor", visibility: "hidden" });
    this.image = svg("svg", {
      class: "chart", role: "slider", tabindex: "0", "aria-label": `${title}, the last five minutes`, "aria-valuemin": "-300",
      "aria-valuemax": "0", "aria-valuenow": "0",
      pointermove: (event) => this.point(event.offsetX), pointerleave: () => this.look(null), blur: () => this.look(null),
      keydown: (event) => this.key(event),
    }, this.grid, ...this.shapes, this.cursor);
    this.values = series.map(() => el("b"));
    this.when = el("span", { class: "muted small" });
    const swatch = (s) => svg("svg", { viewBox: "0 0 18 10", "aria-hidden": "true" },
      stacked ? svg("rect", { class: s.tier, width: 18, height: 10, rx: 2 })
              : svg("path", { class: `line of-${s.tier} ${s.high ? "high" : ""}`, d: "M0 5h18" }));
    this.card = el("section", { class: "card" },
      el("header", null, el("h2", null, title), this.when),
      this.image,
      el("ul", { class: "legend chart-legend" }, series.map((s, i) => el("li", null, swatch(s), s.name + " ", this.values[i]))));
    new ResizeObserver(() => this.draw()).observe(this.image);
  }

  // One array of values per series; null where there is none.
  show(times, points) {
    Object.assign(this, { times, points });
    this.draw();
  }
  // The axis: five minutes that end now, whatever is known of them.
  x(i) { return this.width - margin.right - ((this.times.at(-1) - this.times[i]) / 300e3) * (this.width - margin.left - margin.right); }
  draw() {
    this.width = this.image.clientWidth;
    this.height = this.image.clientHeight;
    if (!this.width || this.times.length === 0) return;
    const bottom = this.height - margin.bottom, room = bottom - margin.top;
    const sums = this.times.map((_, i) => this.points.reduce((sum, p) => sum + (p[i] ?? 0), 0));
    const all = this.points.flat().filter((v) => v !== null && v > 0);
    const highest = Math.max(this.stacked ? Math.max(...sums) : Math.max(...all, 0), this.logarithmic ? 1000 : 1);
    let y, ticks;
    if (this.logarithmic) {
      const low = Math.floor(Math.log10(Math.max(0.01, Math.min(...all, highest)))), high = Math.ceil(Math.log10(highest * 1.01));
      y = (v) => bottom - ((Math.log10(Math.max(v, 0.01)) - low) / Math.max(1, high - low)) * room;
      ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
    } else {
      const top = nice(highest);
      y = (v) => bottom - (v / top) * room;
      ticks = [0, top / 2, top];
    }
    this.grid.replaceChildren(
      ...ticks.flatMap((v) => [
        svg("line", { class: "grid", x1: margin.left, x2: this.width - margin.right, y1: y(v), y2: y(v) }),
        svg("text", { x: margin.left - 6, y: y(v) + 4, "text-anchor": "end" }, this.spell(v))]),
      ...[5, 4, 3, 2, 1, 0].filter((m) => this.width > 420 || m % 2 === 1 || m === 0).map((m) =>
        svg("text", { x: this.width - margin.right - (m / 5) * (this.width - margin.left - margin.right), y: this.height - 4,
                      "text-anchor": m === 0 ? "end" : m === 5 ? "start" : "middle" }, m === 0 ? "now" : `${m} min`)));
    const below = this.times.map(() => 0);
    this.points.forEach((p, s) => {
      let path = "";
      if (this.stacked) {
        const under = below.slice();
        p.forEach((v, i) => { below[i] += v ?? 0; });
        path = "M" + this.times.map((_, i) => `${this.x(i).toFixed(1)} ${y(below[i]).toFixed(1)}`).join("L") +
          "L" + this.times.map((_, i) => `${this.x(i).toFixed(1)} ${y(under[i]).toFixed(1)}`).reverse().join("L") + "Z";
      } else {
        let on = false;
        p.forEach((v, i) => {
          if (v !== null) path += `${on ? "L" : "M"}${this.x(i).toFixed(1)} ${y(v).toFixed(1)}`;
          on = v !== null;
        });
      }
      this.shapes[s].setAttribute("d", path);
    });
    this.tell();
  }
  tell() {
    const last = this.times.length - 1;
    const i = this.at === null ? last : Math.min(this.at, last);
    const words = this.points.map((p, s) => (p[i] === null ? "–" : this.spell(p[i])));
    words.forEach((text, s) => say(this.values[s], text));
    const ago = Math.round((this.times[last] - this.times[i]) / 1000);
    const when = this.at === null || ago === 0 ? "now" : `${plural(ago, "second")} ago`;
    say(this.when, this.at === null ? "" : when);
    this.image.setAttribute("aria-valuenow", -ago);
    this.image.setAttribute("aria-valuetext", `${when}: ${words.map((text, s) => `${this.series[s].name} ${text}`).join(", ")}`);
    const here = this.at === null ? 0 : this.x(i);
    fill(this.cursor, { visibility: this.at === null ? "hidden" : "visible", x1: here, x2: here, y1: margin.top,
                        y2: Math.max(0, this.height - margin.bottom) }, []);
  }
  look(at) { this.at = at; if (this.times.length) this.tell(); }
  point(offset) {
    if (this.times.length === 0) return;
    let best = 0;
    this.times.forEach((_, i) => { if (Math.abs(this.x(i) - offset) < Math.abs(this.x(best) - offset)) best = i; });
    this.look(best);
  }
  key(event) {
    const last = this.times.length - 1;
    const step = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -last, End: last }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.look(Math.max(0, Math.min(last, (this.at ?? last) + step)));
  }
}

// A line without axes, for how a number has moved.
function sparkline(values) {
  const low = Math.min(...values), span = Math.max(...values) - low || 1;
  const d = values.map((v, i) => `${i ? "L" : "M"}${(i / Math.max(1, values.length - 1) * 100).toFixed(2)} ${(28 - (v - low) / span * 26).toFixed(2)}`).join("");
  return svg("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("path", { d, "vector-effect": "non-scaling-stroke" }));
}

// --- the figures, once a second ---

let columns = {}, rows = [], state = null;
const kept = 300;

const names = { hot: "Hot", warm: "Warm", cold: "Cold" };
const places = { hot: "memory of this process", warm: "the stream all share", cold: "the database" };
const answers = { unavailable: "Did not answer", timed_out: "Answered too late", unknown: "May have written or not",
  conflict: "Others were faster", corrupt: "Unreadable", rejected: "Refused" };
const cards = {};
const requests = new Chart("Requests a second", ["cold", "warm", "hot"].map((t) => ({ tier: t, name: names[t] })),
  { stacked: true, spell: rate });
const latency = new Chart("Time to answer",
  ["hot", "warm", "cold"].flatMap((t) => [{ tier: t, name: `${names[t]} p50` }, { tier: t, name: `${names[t]} p99`, high: true }]),
  { logarithmic: true, spell: time });

function cell(row, name) { return row[columns[name]]; }

function card(title, ...children) { return el("section", { class: "card" }, el("header", null, el("h2", null, title)), ...children); }
function figures(pairs) {
  return el("dl", { class: "figures" }, pairs.flatMap(([name, value]) => [el("dt", null, name), el("dd", null, value)]));
}

function tierCard(tier) {
  const one = { share: el("p", { class: "big" }), state: el("span", { class: "state" }), rest: el("div") };
  one.card = el("section", { class: `card tier of-${tier}`, "aria-label": `${names[tier]} tier` },
    el("header", null, el("h2", null, names[tier], " ", el("span", { class: "muted small" }, places[tier])), one.state),
    one.share, one.rest);
  return one;
}

// What each tier served a second, over the last `seconds`.
function served(seconds) {
  const last = rows.at(-1), first = rows[Math.max(0, rows.length - 1 - seconds)];
  const spent = Math.max(1, cell(last, "time") - cell(first, "time")) / 1000;
  return Object.fromEntries(["hot", "warm", "cold", "absent", "failed"].map((name) => [name, (cell(last, name) - cell(first, name)) / spent]));
}

function drawTier(tier, now, all) {
  const one = (cards[tier] ??= tierCard(tier));
  if (!one.card.isConnected) $("tiers").append(one.card);
  const s = state.tiers[tier], last = rows.at(-1);
  say(one.share, all > 0 ? percent(100 * now[tier] / all) : "–");
  const rests = s.reads_rest || s.writes_rest;
  const unsure = tier === "hot" && !state.coherence.fresh;
  say(one.state, !s.up ? "down" : rests ? "resting" : unsure ? "unverified" : "up");
  one.state.className = `state ${!s.up || rests || unsure ? "wrong" : "good"}`;
  const pairs = [["Requests a second", rate(now[tier])]];
  if (tier === "hot") {
    pairs.push(["Entries", state.capacity ? `${count(cell(last, "entries"))} of ${count(state.capacity)}` : count(cell(last, "entries"))]);
  }
  pairs.push(["Half within", time(cell(last, `${tier}_p50`))], ["99 in 100 within", time(cell(last, `${tier}_p99`))]);
  if (tier !== "hot") {
    for (const [why, n] of Object.entries(s.errors)) pairs.push([answers[why] ?? `Answered “${why}”`, count(n)]);
    for (const [why, n] of Object.entries(s.misses)) if (why !== "vacant" && why !== "unreachable") pairs.push([`Not taken: ${why}`, count(n)]);
  }
  one.rest.replaceChildren(figures(pairs));
}

function draw() {
  if (!state || document.hidden || $("overview").hidden) return;
  const now = served(10), all = now.hot + now.warm + now.cold;
  say($("headline"), all > 0.05
    ? `Memory answers ${percent(100 * now.hot / all)} of ${all < 1 ? "less than one request" : rate(all) + " requests"} a second`
    : "Nobody asks for anything at the moment");
  const wrong = state.findings.filter((f) => f.weight !== "note");
  say($("summary"), (wrong.length === 0 ? "All tiers work, and memory is fresh. " : "") +
    `Over the last ten seconds; ${now.absent < 0.05 ? "nobody asked for what is not there" : rate(now.absent) + " a second asked for what is not there"}.`);
  const list = $("findings"), told = state.findings.map((f) => f.weight + f.text).join("\n");
  if (list.dataset.told !== told) {
    list.dataset.told = told;
    list.replaceChildren(...state.findings.map((f) => el("li", { class: `finding ${f.weight}` }, f.text)));
  }
  for (const tier of ["hot", "warm", "cold"]) if (state.tiers[tier]) drawTier(tier, now, all);

  const steps = rows.slice(1), times = steps.map((row) => cell(row, "time"));
  const perSecond = (name) => steps.map((row, i) =>
    Math.max(0, (cell(row, name) - cell(rows[i], name)) * 1000 / Math.max(1, cell(row, "time") - cell(rows[i], "time"))));
  requests.show(times, requests.series.map((s) => perSecond(s.tier)));
  latency.show(times, ["hot_p50", "hot_p99", "warm_p50", "warm_p99", "cold_p50", "cold_p99"].map((name) => steps.map((row) => cell(row, name))));

  const c = state.coherence, last = rows.at(-1);
  const history = (name) => sparkline(rows.map((row) => cell(row, name)));
  $("inner").replaceChildren(
    card("Memory", figures([["This process", bytes(cell(last, "resident"))]]), history("resident"),
      figures([["Values kept", bytes(state.value_bytes)], ["Evicted so far", count(state.counts.evictions)]])),
    card("Under way", figures([["Looked up below memory", count(cell(last, "flights"))]]), history("flights"),
      figures([["Uses not yet written, of keys", count(cell(last, "pending"))], ["Revisions remembered", count(cell(last, "floors"))]])),
    card("In step with others", figures([
      ["Feed of others", c.hears ? "heard" : "not heard"], ["Feed behind", c.lag_ms === 0 ? "nothing" : time(c.lag_ms * 1000)],
      ["Memory behind", age(c.lease_ms)],
      ...(state.tiers.warm && state.tiers.cold ? [["Stream behind", age(c.horizon_ms)],
        ["Kept in step by", c.heals ? "this process" : "another one"]] : [])])),
    card("Since the start", figures(Object.entries(state.counts).filter(([name]) => name !== "evictions").map(([name, n]) =>
      [name[0].toUpperCase() + name.slice(1), count(n)]))));
  say($("foot"), `Built with ${state.built_with}. ${plural(state.pages, "page")} open. Metrics for Prometheus: /metrics`);
}

function listen() {
  const source = new EventSource("/api/live");
  source.addEventListener("first", (event) => {
    const told = JSON.parse(event.data);
    columns = Object.fromEntries(told.columns.map((name, i) => [name, i]));
    ({ rows, state } = told);
    $("lost").hidden = true;
    draw();
  });
  source.addEventListener("message", (event) => {
    const told = JSON.parse(event.data);
    rows.push(told.row);
    if (rows.length > kept) rows.shift();
    state = told.state;
    draw();
  });
  source.addEventListener("error", () => {
    $("lost").hidden = false;
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}

// --- questions ---

async function ask(path, parameters) {
  const query = new URLSearchParams(parameters ?? {});
  const response = await fetch(`${path}?${query}`);
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("application/json")) return response.json();
  return { error: response.status === 404 ? "this build has no answer to that" : (await response.text()).trim() };
}
const trouble = (why) => el("p", { class: "finding warn", role: "status" }, `This could not be answered: ${why}`);

// --- the lists ---

const sections = {
  popular: ["Popular", "read most", (u) => count(u.count), (u) => u.count, "Nothing has been read yet."],
  rising: ["Rising", "in the last day, against the day before", (u) => `${count(u.count)} (${count(u.before ?? 0)} before)`,
    (u) => u.count - (u.before ?? 0), "Nothing is read more than before."],
  failing: ["Failing", "lowest share of successes", (u) => `${percent(100 * u.successes / (u.successes + u.failures))} of ${count(u.successes + u.failures)}`,
    (u) => u.failures / (u.successes + u.failures), "Nothing has failed often enough to tell."],
  unused: ["Unused", "not read for 30 days", (u) => (u.last_used ? `since ${moment(u.last_used)}` : "never read"), null, "Everything is in use."],
};
let can = {};

function drawLists(all) {
  if (all.error) return;  // too many ask at once: those that are shown stay for the next five seconds
  can = all.can ?? {};
  $("search").hidden = !can.search;
  // Nothing moves under a keyboard's focus or a pointer that is about to choose.
  if ($("lists").contains(document.activeElement) || $("lists").matches(":hover")) return;
  $("lists").replaceChildren(...Object.entries(sections).filter(([name]) => all[name]).map(([name, [title, what, text, weight, none]]) => {
    const some = all[name];
    const highest = weight && Array.isArray(some) ? Math.max(...some.map(weight), 1e-9) : 0;
    const body = some.error ? trouble(some.error)
      : some.length === 0 ? el("p", { class: "muted" }, none)
      : el("ol", { class: "list" }, some.map((u) => {
          const bar = weight ? el("span", { class: `bar of-${name}`, "aria-hidden": "true" }, el("i")) : null;
          if (bar) bar.firstChild.style.width = `${Math.max(0.5, 100 * weight(u) / highest)}%`;
          return el("li", null, link(u.id), el("span", null, text(u)), bar);
        }));
    return el("section", { class: "card", id: `list-${name}` },
      el("header", null, el("h2", null, title), el("span", { class: "muted small" }, what)), body);
  }));
}
async function lists(first) {
  try {
    if (first || !document.hidden) drawLists(await ask("/api/lists"));
  } catch {  // the connection is lost, which is told above
  }
  setTimeout(lists, 5000);
}

// --- search ---

function matches(found) {
  if (found.error) return [trouble(found.error)];
  if (found.all.length === 0) return [el("p", { class: "muted" }, "Nothing was found.")];
  return [
    ...(found.cut ? [el("p", { class: "muted" }, "More was found than is ranked: other words may narrow it down.")] : []),
    ...(found.incomplete ? [el("p", { class: "muted" }, "There may be more.")] : []),
    ...found.all.map((m) => el("section", { class: "match" }, link(m.id), " ", el("span", { class: "muted small" }, m.kind),
      el("p", null, (m.excerpt ?? []).map(([text, marked]) => (marked ? el("mark", null, text) : text))))),
  ];
}
async function showResults(query, turn) {
  const found = await ask("/api/search", { q: query });
  if (turn !== turns) return;
  $("results").replaceChildren(el("p", { class: "crumb" }, el("a", { href: "#/" }, "Overview")),
    el("h1", null, `Templates with “${query}”`), ...matches(found));
}

// --- one asset ---

const rowOf = (tier, copy, declined) => el("tr", null, el("th", { scope: "row" }, names[tier]),
  el("td", null, (copy.error ? `cannot say: ${copy.error}` : copy.text) + (declined ? `, not taken: ${declined}` : "")));

function outcomes(usage) {
  if (!usage) return null;
  const pairs = [["Read", plural(usage.count, "time")]];
  if (usage.last_used) pairs.push(["Last read", moment(usage.last_used)]);
  const told = (usage.successes ?? 0) + (usage.failures ?? 0);
  if (usage.successes !== undefined)
    pairs.push(["Success", told === 0 ? "unknown: no outcome was told" : `${percent(100 * usage.successes / told)} of ${count(told)}`]);
  return card("Use", figures(pairs));
}

// Bars, one a period, of what each of them had of some kinds, one over the other; a pointer is told the numbers of one, the
// caption has their sums.
function bars(title, rows, kinds, name) {
  const width = innerWidth < 640 ? 320 : 640, height = 120, base = height - 18, left = 44;
  const sum = (row) => kinds.reduce((all, kind) => all + row[kind.at], 0);
  const top = nice(Math.max(1, ...rows.map(sum)), [1, 2, 3, 4, 6, 8, 10]);
  const step = (width - left) / rows.length, tall = (n) => (n / top) * (base - 8);
  const named = (kind, n) => plural(n, ...kind.name);
  const total = (kind) => named(kind, rows.reduce((all, row) => all + row[kind.at], 0));
  const totals = kinds.map(total).join(", ");
  const labelled = (i) => (rows.length - 1 - i) % (rows.length > 40 ? 12 : 7) === 0;
  return el("figure", { class: "bars" },
    el("figcaption", null, title, kinds.map((kind) => el("span", { class: "muted small" },
      svg("svg", { viewBox: "0 0 18 10", "aria-hidden": "true" }, svg("rect", { class: kind.fill, width: 18, height: 10, rx: 2 })),
      total(kind)))),
    svg("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}: ${totals}` },
      [0, top].map((v) => svg("g", null, svg("line", { class: "grid", x1: left, x2: width, y1: base - tall(v), y2: base - tall(v) }),
        svg("text", { x: left - 5, y: base - tall(v) + 4, "text-anchor": "end" }, count(v)))),
      rows.map((row, i) => {
        let y = base;
        return svg("g", null,
          svg("title", null, `${name(row[0])}: ${kinds.map((kind) => named(kind, row[kind.at])).join(", ")}`),
          svg("rect", { class: "ground", x: left + i * step, y: 0, width: step, height: base }),
          kinds.map((kind) => {
            const h = tall(row[kind.at]);
            y -= h;
            return h > 0 ? svg("rect", { class: kind.fill, x: left + i * step + 1, y, width: Math.max(1, step - 2), height: h }) : null;
          }),
          labelled(i) ? svg("text", { x: left + (i + 0.5) * step, y: height - 4, "text-anchor": i === rows.length - 1 ? "end" : "middle" }, name(row[0])) : null);
      })));
}

// Reads and outcomes by days or by hours.
function overTime(told) {
  if (!told) return null;
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
  const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
  const kinds = { days: ["Last 30 days", (t) => day.format(new Date(t))], hours: ["Last 48 hours", (t) => hour.format(new Date(t))] };
  const body = el("div", { "aria-live": "polite" });
  const buttons = Object.entries(kinds).map(([kind, [text]]) =>
    el("button", { "aria-pressed": "false", click: () => show(kind) }, text));
  const show = (kind) => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", Object.keys(kinds)[i] === kind));
    const rows = told[kind], name = kinds[kind][1];
    if (rows.error) return body.replaceChildren(trouble(rows.error));
    const some = (what, none, of) => rows.some((row) => of.some((kind) => row[kind.at] > 0)) ? bars(what, rows, of, name)
      : el("p", { class: "muted" }, none);
    body.replaceChildren(
      some("Outcomes", "No outcome was told in this time.", [{ at: 2, name: ["success", "successes"], fill: "success" },
        { at: 3, name: ["failure"], fill: "failure" }]),
      some("Reads", "It was not read in this time.", [{ at: 1, name: ["read"], fill: "reads" }]));
  };
  show("days");
  return el("section", { class: "card", id: "over-time" },
    el("header", null, el("h2", null, "Over time"), el("span", { class: "choices" }, buttons)), body);
}

function differences(found) {
  if (found.error) return [trouble(found.error)];
  if (found.length === 0) return [el("p", { class: "muted" }, "Nothing differs.")];
  const marks = { kept: " ", added: "+", removed: "−" };
  const words = { kept: "", added: "added: ", removed: "removed: " };
  return found.map((part) => el("div", { class: "part" }, el("h3", null, part.name),
    el("pre", { class: "diff", tabindex: "0", "aria-label": `Differences of ${part.name}` }, part.edits.map(([what, line]) =>
      el("div", { class: what }, el("span", { "aria-hidden": "true" }, marks[what] + " "), el("span", { class: "unseen" }, words[what]), line)))));
}

async function showAsset(id, turn) {
  const [told] = await Promise.all([ask("/api/asset", { id }), able]);
  if (turn !== turns) return;
  const view = $("asset"), a = told.asset;
  const crumb = el("p", { class: "crumb" }, el("a", { href: "#/" }, "Overview"));
  if (told.error && !told.tiers) return view.replaceChildren(crumb, el("h1", null, id), trouble(told.error));
  const history = Array.isArray(told.history) ? told.history : [];
  const newest = history[0];
  const line = a ? [a.asset_type, `version ${a.version}`, newest ? `written ${moment(newest.written)}` : null].filter(Boolean).join(" · ")
    : told.history?.error ? "Whether it is there cannot be said at the moment."
    : newest?.error ? "Its newest version cannot be read."
    : history.length ? "Erased; what it was can be looked at below." : "There is and was nothing under this id.";

  const shown = el("div", { id: "shown", "aria-live": "polite" });
  const act = async (button, path, parameters, draw) => {
    const found = await ask(path, { id, ...parameters });
    if (turn !== turns) return;
    for (const other of view.querySelectorAll("td button")) other.setAttribute("aria-pressed", other === button);
    shown.replaceChildren(...draw(found));
  };
  const button = (text, label, path, parameters, draw) =>
    el("button", { "aria-label": label, "aria-pressed": "false", click: (event) => act(event.currentTarget, path, parameters, draw) }, text);
  const whole = (found) => (found.error ? [trouble(found.error)] : [el("pre", { tabindex: "0", "aria-label": "Contents of that version" }, found.data)]);
  const versions = history.map((v, i) => {
    const before = history.slice(i + 1).find((other) => !other.erased && !other.error);
    const readable = !v.erased && !v.error;
    return el("tr", null, el("td", { class: "number" }, v.erased ? "–" : count(v.version)), el("td", null, moment(v.written)),
      el("td", { class: "number" }, v.erased ? "erased" : v.error ? "unreadable" : bytes(v.bytes)),
      el("td", null,
        readable ? button("show", `Show version ${v.version}`, "/api/version", { revision: v.revision }, whole) : null,
        can.diff && readable && before ? button("its change", `its change: what version ${v.version} changed`, "/api/diff", { from: before.revision, to: v.revision }, differences) : null,
        can.diff && readable && i > 0 && newest && !newest.erased && !newest.error
          ? button("since then", `since then: what changed since version ${v.version}`, "/api/diff", { from: v.revision, to: newest.revision }, differences) : null));
  });
  // Other programs' may be any JSON.
  const given = a?.metadata ?? {};
  const metadata = Object.entries(typeof given === "object" ? given : { "": given })
    .map(([name, value]) => [name, typeof value === "string" ? value : JSON.stringify(value)]);
  const kept = history.filter((v) => !v.erased && !v.error);
  const choice = (id, label, chosen) => [el("label", { for: id }, label), " ", el("select", { id },
    kept.map((v, i) => el("option", { value: v.revision, selected: i === chosen }, `version ${v.version}, ${moment(v.written)}`)))];
  const compare = can.diff && kept.length > 1
    ? el("form", { id: "compare", submit: (event) => {
        event.preventDefault();
        act(null, "/api/diff", { from: $("older").value, to: $("newer").value }, differences);
      } }, choice("older", "Compare", kept.length - 1), " ", choice("newer", "with", 0), " ", el("button", null, "Compare"))
    : null;
  const aside = el("div", null,
    outcomes(told.usage),
    metadata.length ? card("Metadata", figures(metadata)) : null,
    card("Where it is", el("table", null, el("tbody", null, Object.entries(told.tiers).filter(([tier]) => !state || state.tiers[tier]).map(([tier, copy]) => rowOf(tier, copy, tier === "warm" && told.declined)))),
      told.floor ? el("p", { class: "muted small" }, `Nothing below revision ${told.floor} is served.`) : null));
  view.replaceChildren(crumb, el("h1", null, id), el("p", { class: "muted" }, line), el("div", { class: "asset" },
    el("div", null,
      told.error ? trouble(told.error) : null,
      a ? card("Contents", el("pre", { id: "contents", tabindex: "0", "aria-label": "Contents" }, a.data)) : null,
      told.history?.error ? trouble(told.history.error) : null,
      versions.length ? card("Versions", el("div", { class: "wide", tabindex: "0", role: "region", "aria-label": "Versions" }, el("table", { id: "versions" }, el("thead", null, el("tr", null,
        el("th", { class: "number", scope: "col" }, "Version"), el("th", { scope: "col" }, "Written"), el("th", { class: "number", scope: "col" }, "Size"),
        el("th", { scope: "col" }, "Look at"))), el("tbody", null, versions))), compare, shown) : null,
      overTime(told.over_time)),
    aside));
  if (can.similar && a) {
    const found = await ask("/api/similar", { id });
    if (turn === turns && !found.error && found.all.length)
      aside.append(card("Similar", el("ol", { class: "list" }, found.all.map((m) => el("li", null, link(m.id), el("span", null, tenth.format(m.score)))))));
  }
}

// --- where we are ---

let turns = 0;
async function go() {
  const [, what, rest] = /^#\/(?:(asset|search)\/(.*))?$/.exec(location.hash || "#/") ?? [null, "elsewhere"];
  if (what === "elsewhere") return;  // a place on the page
  const turn = ++turns;
  let argument = "";
  try { argument = decodeURIComponent(rest ?? ""); } catch { argument = rest; }
  const view = { asset: "asset", search: "results" }[what] ?? "overview";
  for (const id of ["overview", "results", "asset"]) $(id).hidden = id !== view;
  document.title = what ? `${argument} · Strata` : "Strata";
  try {
    if (what === "asset") await showAsset(argument, turn);
    else if (what === "search") await showResults(argument, turn);
    else draw();
  } catch (why) {
    if (turn === turns) $(view).replaceChildren(el("h1", null, argument), trouble(why.message));
  }
  if (turn === turns && turn > 1) { scrollTo(0, 0); $("main").focus({ preventScroll: true }); }
}

$("search").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("query").value.trim()) location.hash = "#/search/" + encodeURIComponent($("query").value.trim());
});
$("open").addEventListener("submit", (event) => {
  event.preventDefault();
  if ($("id").value) location.hash = "#/asset/" + encodeURIComponent($("id").value);
});
addEventListener("hashchange", go);
document.addEventListener("visibilitychange", draw);
$("charts").append(requests.card, latency.card);
const able = lists(true);  // which sections there are, on a page that is opened behind another too
go();
listen();
