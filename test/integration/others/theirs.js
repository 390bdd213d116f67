// SPDX-License-Identifier: BSL-1.0
// Copyright the Strata authors
//
// A program of the field, which knows nothing of Strata: npm's clients of PostgreSQL and NATS, the statements and the
// messages of test/fixtures. Reads go memory, last message of the subject, row; writes go row, message, memory, broadcast.
//
//   theirs.js mix NAME IDS LOG SEED   writes and reads the ids of a file until SIGTERM, and logs what it does
//   theirs.js watch ID TEXT           has the id in memory, says so, and then when it finds that its data is TEXT
//   theirs.js serve                   takes commands, an array of JSON a line, and answers each with objects, one a line,
//                                     and an empty line:
//     read IDS                        what somebody whose memory is empty finds, and what a strict parser says to the message
//     save ASSETS                     saves {"id", "type", "data", "metadata", "version"}, and says how far it came
//     rows ASSETS                     saves them in the table alone
//     late ASSETS                     publishes them alone, as a writer does whom another has overtaken meanwhile
//     forget IDS                      removes their messages from the stream
//     dump                            the table, its history, and the last message of every subject
//     stream                          makes the stream as it stands in the field
//     sql TEXT                        runs it
//
// THEIRS_PATIENCE: how many milliseconds it waits for an answer of the stream.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");

let nats, pg;
try {
  nats = require("nats");
  pg = require("pg");
} catch {
  console.log("not run: npm's clients nats and pg are not here: ./dev test brings them where npm's registry is reached");
  process.exit(77);
}

const fixture = (name) => fs.readFileSync(path.join(__dirname, "../../fixtures", name), "utf8");
const [save, load, count] = fixture("field/statements.sql").replace(/^--.*$/gm, "").split(";").map((s) => s.trim());
const stream = JSON.parse(fixture("field/stream.json"));
const timeout = Number(process.env.THEIRS_PATIENCE ?? 2000);
const subject = (id) => `knowledge.cache.template.${id}`; // the id as it is

function postgres() {
  const words = process.env.STRATA_TEST_POSTGRES.split(" ").map((word) => word.split("="));
  const given = Object.fromEntries(words);
  const pool = new pg.Pool({ host: given.host, port: Number(given.port), user: given.user, database: given.dbname, max: 8 });
  pool.on("error", () => {}); // of an idle connection whose server went away
  return pool;
}

class Program {
  static async open(report = () => {}) {
    const made = new Program();
    made.memory = new Map(); // a Map keeps the order of insertion, so it is an LRU
    made.pool = postgres();
    made.report = report;
    made.nc = await nats.connect({
      servers: process.env.STRATA_TEST_NATS, maxReconnectAttempts: -1, reconnectTimeWait: 100, waitOnFirstConnect: true,
    });
    made.js = made.nc.jetstream({ timeout });
    made.jsm = await made.nc.jetstreamManager({ timeout, checkAPI: false });
    made.asking = new Set(); // what is announced while it is asked for is not kept: the answer may be from before
    made.nc.subscribe("knowledge.changed", {
      callback: (_, told) => [made.memory, made.asking].forEach((all) => all.delete(told.string())),
    });
    return made;
  }
  async close() {
    await this.nc.close();
    await this.pool.end();
  }

  remember(id, asset) {
    this.memory.delete(id);
    this.memory.set(id, asset);
    if (this.memory.size > 1000) this.memory.delete(this.memory.keys().next().value);
  }

  async row(asset) {
    const values = [asset.id, asset.asset_type, asset.data, JSON.stringify(asset), JSON.stringify(asset.metadata), asset.version];
    await this.pool.query(save, values);
  }
  publish(asset) {
    return this.js.publish(subject(asset.id), JSON.stringify(asset));
  }
  async save(asset) {
    await this.row(asset);
    this.report("row", asset.id);
    await this.publish(asset);
    this.remember(asset.id, asset);
    this.nc.publish("knowledge.changed", asset.id);
  }

  // What cannot be parsed is no message. Nor is what cannot be had: the row answers.
  async message(id) {
    try {
      const found = await this.jsm.streams.getMessage(stream.name, { last_by_subj: subject(id) });
      return { asset: JSON.parse(found.string()) };
    } catch (why) {
      return why instanceof SyntaxError ? { strict: String(why) } : {};
    }
  }
  async load(id) {
    const kept = this.memory.get(id);
    if (kept) {
      this.remember(id, kept);
      return { from: "memory", asset: kept };
    }
    this.asking.add(id);
    const told = await this.message(id);
    if (told.asset) {
      if (this.asking.delete(id)) this.remember(id, told.asset);
      return { from: "message", asset: told.asset };
    }
    const { rows } = await this.pool.query(load, [id]);
    if (rows.length === 0) return { from: "row", asset: null, strict: told.strict };
    const [row] = rows;
    const asset = {
      id: row.artifact_id, asset_type: row.artifact_type, data: row.content_raw, metadata: row.metadata, version: row.version,
    };
    await this.pool.query(count, [id]);
    const stored = await this.publish(asset).then(() => true, () => false);
    if (this.asking.delete(id)) this.remember(id, asset);
    return { from: "row", asset, stored, strict: told.strict };
  }
}

// A generator with a seed, so that a run can be repeated.
function random(seed) {
  let state = seed >>> 0 || 1;
  return (n) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % n;
  };
}

const texts = [
  "plain", "", "\u00e4\u00f6\u00fc \u00df", "\u{1f600}\u{1f468}\u200d\u{1f469}\u200d\u{1f467}", "e\u0301 \u0e33 \u0cf5",
  "\u202eabc\u202c", "\ufeffbom", "\uffff\ufdd0", "\u2028\u2029\u0085", "\u0001\u0002\u001f\u007f", "tab\tline\nreturn\r\n",
  '"quoted" \\ / \\u0041 \\', "{\"a\":[1,{\"b\":null}]}", "'; drop table x; --", "$1 %s ${x}", "</script>", "-".repeat(3000),
];
const metadatas = (text) => [
  { language: "rust", tags: "a,b" }, {}, { [text]: text }, { "": "empty", "\u00e4": "\u{1f600}" },
  { n: 5, list: [1, { deep: null }], yes: true }, [1, "two", null], "text", 7.5, { version: "1", id: "x" },
];

async function mix(name, ids, logged, seed) {
  const log = fs.openSync(logged, "a");
  const say = (what) => fs.writeSync(log, JSON.stringify({ ...what, at: Date.now() }) + "\n");
  let going = true;
  process.on("SIGTERM", () => (going = false));
  const waiting = new Map();
  const program = await Program.open((what, id) => say({ did: what, id, n: waiting.get(id) }));
  const pick = random(seed);
  let number = 0;
  const versions = new Map();

  async function work(own) {
    while (going) {
      const id = own[pick(own.length)];
      if (pick(2) === 0) {
        const n = ++number;
        const text = texts[pick(texts.length)];
        const kinds = metadatas(text);
        const asset = {
          id, asset_type: type_of(id), data: JSON.stringify({ by: name, n, text }), metadata: kinds[pick(kinds.length)],
          version: (versions.get(id) ?? 0) + 1,
        };
        say({ did: "begin", id, n, asset });
        waiting.set(id, n);
        versions.set(id, asset.version);
        await program.save(asset).then(() => say({ did: "saved", id, n }), (why) => say({ did: "failed", id, n, why: String(why) }));
      } else {
        await program.load(id).then(
          ({ from, asset }) => {
            if (asset) versions.set(id, asset.version);
            say({ did: "read", id, from, asset });
          },
          (why) => say({ did: "failed", id, why: String(why) }));
      }
      await new Promise((soon) => setTimeout(soon, pick(3)));
    }
  }
  const crews = 8; // each with ids of its own, so that one save of an id ends before the next begins
  await Promise.all(Array.from({ length: crews }, (_, i) => work(ids.filter((_, at) => at % crews === i))));
  await program.close();
}
// Their save never changes the type of a row, so an id has one type.
const types = ["template", "pattern", "prompt", "intelligence"];
const type_of = (id) => types[Buffer.byteLength(id) % types.length];

const lines = (file) => fs.readFileSync(file, "utf8").split("\n").filter((line) => line).map((line) => JSON.parse(line));
const tell = (what) => process.stdout.write(JSON.stringify(what) + "\n");

const commands = {
  mix: (name, ids, log, seed) => mix(name, lines(ids), log, Number(seed)),
  async serve() {
    for await (const line of readline.createInterface({ input: process.stdin })) {
      const [command, ...words] = JSON.parse(line);
      await commands[command](...words);
      process.stdout.write("\n");
    }
  },
  async read(ids) {
    const program = await Program.open();
    for (const id of ids) tell({ id, ...(await program.load(id)) });
    await program.close();
  },
  async save(assets) {
    const program = await Program.open();
    for (const { type: asset_type, ...rest } of assets) {
      let step = "nothing";
      program.report = (what) => (step = what);
      await program.save({ ...rest, asset_type }).then(() => tell({ id: rest.id, saved: true }),
        (why) => tell({ id: rest.id, saved: false, reached: step, failed: String(why) }));
    }
    await program.close();
  },
  async rows(assets) {
    const program = await Program.open();
    for (const { type: asset_type, ...rest } of assets) {
      await program.row({ ...rest, asset_type });
      tell({ id: rest.id, at: Date.now() });
    }
    await program.close();
  },
  async late(assets) {
    const program = await Program.open();
    for (const { type: asset_type, ...rest } of assets) await program.publish({ ...rest, asset_type });
    await program.close();
  },
  async watch(id, text) {
    const program = await Program.open();
    let kept;
    while ((kept = await program.load(id)).from !== "memory") {} // what is announced meanwhile is forgotten
    tell(kept);
    const found = async () => (await program.load(id)).asset?.data === text;
    for (const until = Date.now() + 60_000; !(await found()); await new Promise((soon) => setTimeout(soon, 2)))
      if (Date.now() > until) throw new Error("it was never seen");
    tell({ id, at: Date.now() });
    await program.close();
  },
  async forget(ids) {
    const program = await Program.open();
    for (const id of ids) await program.jsm.streams.purge(stream.name, { filter: subject(id) });
    await program.close();
  },
  async dump() {
    const program = await Program.open();
    const all = async (kind, text) => (await program.pool.query(text)).rows.forEach((row) => tell({ kind, ...row }));
    const columns = "artifact_id as id, artifact_type as type, content_raw as data, content, metadata, version::int";
    await all("row", `select ${columns}, strata_revision::text as revision, extract(epoch from strata_expires) * 1000 as ends from knowledge_artifacts`);
    await all("past", `select ${columns}, revision::text from knowledge_artifacts_history`);
    await all("erased", "select artifact_id as id, revision::text from knowledge_artifacts_erased");
    const { state } = await program.jsm.streams.info(stream.name, { subjects_filter: ">" });
    for (const name of Object.keys(state.subjects ?? {})) {
      const last = await program.jsm.streams.getMessage(stream.name, { last_by_subj: name });
      tell({ kind: "message", subject: name, body: last.string(), headers: Object.fromEntries(last.header ? [...last.header] : []) });
    }
    await program.close();
  },
  async stream() {
    const program = await Program.open();
    await program.jsm.streams.add({ ...stream, num_replicas: 1 }); // the tests' server is alone
    await program.close();
  },
  async sql(text) {
    const pool = postgres();
    await pool.query(text);
    await pool.end();
  },
};

const [command, ...words] = process.argv.slice(2);
commands[command](...words).catch((why) => {
  console.error(why);
  process.exit(1);
});
