#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Lives with others: programs of ours and of others on one stream and one table, with kills.

    test/servers run live.py OURS [SECONDS] [SEED]     SECONDS of load, 60 unless told otherwise; all else takes half as long

The others are npm's clients (theirs.js), the table and the stream are those of the field (test/fixtures/field), made by
them. OURS is the program of ours.cpp. All log what they do, and judge.py says whether that can be.
"""

import atexit
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import judge  # noqa: E402

here = pathlib.Path(__file__).resolve().parent
fixtures = here.parent.parent / "fixtures" / "field"
ours_program = sys.argv[1]
seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
seed = int(sys.argv[3]) if len(sys.argv) > 3 else 1
servers, folder = os.environ["STRATA_TEST_SERVERS"], os.environ["STRATA_TEST_FOLDER"]
nats_port = os.environ["STRATA_TEST_NATS"].rpartition(":")[2]
postgres_port = dict(word.split("=") for word in os.environ["STRATA_TEST_POSTGRES"].split())["port"]
os.environ.setdefault("NODE_PATH", "/opt/npm/node_modules")
pick = random.Random(seed)
work = pathlib.Path(tempfile.mkdtemp(dir=folder))


if not shutil.which("node"):
    print("not run: there is no node here (Debian: nodejs)")
    sys.exit(77)


def check(holds, what):
    if not holds:
        raise SystemExit(f"FAILED: {what}")


def file_of(lines):
    name = tempfile.mkstemp(dir=work)[1]
    pathlib.Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return name


started = []


def start(*command, **more):
    """A program that does not outlive this one: it would be found by whoever has these ports next."""
    started[:] = [process for process in started if process.poll() is None]
    started.append(subprocess.Popen([*command], text=True, **more))
    return started[-1]


@atexit.register
def end_all():
    for process in started:
        process.kill()
        process.wait()


signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def ours(*words, codec="json", **more):
    """Runs a program of ours to its end. \\returns the objects it printed"""
    ended = subprocess.run([ours_program, codec, *words], stdout=subprocess.PIPE, text=True, timeout=120, **more)
    check(ended.returncode == 0, f"{words} ended with {ended.returncode}: {ended.stdout}")
    return [json.loads(line) for line in ended.stdout.split("\n") if line]


class Theirs:
    """Their program, which takes one command after another; each begins with an empty memory."""

    def __init__(self, **more):
        self.process = start("node", here / "theirs.js", "serve", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             env={**os.environ, **more})

    def __call__(self, *words):
        """\\returns the objects it printed"""
        try:
            print(json.dumps(words), file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass
        told = []
        while (line := self.process.stdout.readline()) != "\n":
            if not line and self.process.wait() == 77:
                print(*told, sep="")
                sys.exit(77)
            check(line, f"{words[0]} ended with {self.process.returncode}")
            told.append(json.loads(line) if line.startswith("{") else line)
        return told

    def end(self):
        self.process.stdin.close()
        check(self.process.wait(60) == 0, "their program did not end well")


def by_id(found):
    return {one["id"]: one for one in found}


def server(*words):
    subprocess.run([servers, *words], check=True)


# --- the programs that are killed ------------------------------------------------------------------------------------


class Killed:
    """A program that runs for ever, is killed and started again. Each life has a name and a log of its own."""

    def __init__(self, kind, ids):
        self.kind, self.ids, self.lives, self.process = kind, ids, 0, None

    def start(self):
        self.lives += 1
        name = f"{self.kind}-{self.lives}"
        arguments = ["mix", name, self.ids, work / f"{name}.log", str(seed * 100 + self.lives)]
        command = ["node", here / "theirs.js"] if self.kind == "theirs" else [ours_program, self.kind]
        self.process = start(*command, *arguments, stdout=subprocess.DEVNULL)

    def kill(self):
        check(self.process.poll() is None, f"{self.kind} ended by itself")
        self.process.kill()
        self.process.wait()
        self.start()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        check(self.process.wait(60) in (0, -signal.SIGTERM), f"{self.kind} did not end well")


class Server:
    """That crashes and comes back."""

    def __init__(self, kind, port, crash):
        self.kind, self.port, self.crash = kind, port, crash

    def kill(self):
        server(self.kind, "stop", f"{folder}/{self.kind}", self.crash)
        server(self.kind, "start", f"{folder}/{self.kind}", self.port)


# --- the scenes ------------------------------------------------------------------------------------------------------

# Ids that a subject can hold as they are, and so do the others; plain ones, with erases by ours among them.
plain = [f"plain-{i}" for i in range(8)] + [f"erased-{i}" for i in range(6)] + ["rust-microservice"]
unusual = ["dots.in.it", "a.b", "a/b/c", "\u00fcn\u00efc\u00f6de", "\U0001f600", "with=sign", "=", "ctl\u0001in", "'quoted\"\\",
           "l" * 250, "erased.too/0", "erased.too/1", "(x)[y]{z}$%&#@!"]
# Ids that no subject can hold: the others save the row, and their message is refused or breaks their connection.
impossible = ["spaces in it", "a..b", "line\nbreak", "a."]


def field():
    """The table and the stream as others made them, and rows of theirs."""
    theirs("sql", "create extension vector")
    theirs("sql", (fixtures / "schema.sql").read_text())
    theirs("stream")


def find(read, expected, what):
    """Reads by somebody whose memory is empty, until they are as expected: what one side writes reaches the other within a
    second, and on a busy machine within some. \\returns how long that took"""
    since = time.monotonic()
    while not expected(found := by_id(read())):
        check(time.monotonic() - since < 90, f"{what}: {found}")
    return time.monotonic() - since


def theirs_find(ids, expected, what):
    return find(lambda: theirs("read", ids), expected, what)


def ours_find(ids, expected, what, codec="json"):
    file = file_of(ids)
    return find(lambda: ours("read", file, codec=codec), expected, what)


def data_of(found):
    return {id: (one.get("asset") or {}).get("data") for id, one in found.items()}


def what_they_publish_is_read_alike():
    odd = [{"a": "b"}, {"n": 5, "list": [1, {"deep": None}], "yes": True}, [1, "two", None], "text", 7.5, None, {}]
    values = [{"id": f"odd-{i}", "type": "pattern", "data": f"{i} \u0001\u001f\u2028\U0001f600\"\\", "metadata": m, "version": 3 + i}
              for i, m in enumerate(odd)]
    check(all(told["saved"] for told in theirs("save", values)), "they cannot save")

    def alike(found, fresh):
        if any("failed" in one for one in found.values()):
            return False
        for v in values:
            one = found[v["id"]]
            check(judge.same({**v, "asset_type": v["type"]}, one["asset"]) and one["asset"]["version"] == v["version"],
                  f"{v} became {one}")
        return all(one["fresh"] == fresh for one in found.values())

    ids = [v["id"] for v in values]
    server("postgres", "stop", f"{folder}/postgres")
    hasty = {**os.environ, "OURS_PATIENCE": "1000"}
    find(lambda: ours("read", file_of(ids), env=hasty), lambda found: alike(found, False), "nobody can know it, and it is fresh")
    server("postgres", "start", f"{folder}/postgres", postgres_port)
    ours_find(ids, lambda found: alike(found, True), "what they wrote is not fresh")
    print(f"{len(values)} values of theirs are read alike from their message and from their row", flush=True)


def ids_that_no_subject_holds():
    """Their row is saved and their message is not; both sides go by the row."""
    hasty = Theirs(THEIRS_PATIENCE="400")
    values = [{"id": id, "type": "template", "data": "theirs", "metadata": {}, "version": 1} for id in impossible[:2]]
    for told in hasty("save", values):
        check(not told["saved"] and told["reached"] == "row", f"{told}")
    for codec in "json", "msgpack":
        ours_find(impossible, lambda found: all(data_of(found)[v["id"]] == "theirs" for v in values), "it is not the row", codec)
    ours("save", file_of(impossible))
    found = by_id(hasty("read", impossible))
    check(all(found[id]["from"] == "row" and found[id]["asset"]["data"] == "ours" for id in impossible), f"{found}")
    hasty.end()
    print(f"{len(impossible)} ids that no subject holds: their row is the word for both", flush=True)


def an_erased_id():
    """Our empty message: who takes what cannot be parsed for no message finds no row; a strict parser is an error."""
    ids = ["gone", "gone.too"]
    values = [{"id": id, "type": "template", "data": "x", "metadata": {}, "version": 1} for id in ids]
    theirs("save", values)
    ours("erase", file_of(ids))
    theirs_find(ids, lambda found: all(one["asset"] is None and "JSON" in one.get("strict", "") for one in found.values()),
                "an erased id is there, or leaves something that can be parsed")
    theirs("save", [{**v, "data": "back"} for v in values])
    back = lambda found: set(data_of(found).values()) == {"back"}  # noqa: E731
    theirs_find(ids, back, "what they saved anew is not there")
    ours_find(ids, back, "what they saved anew is not there for us")
    print("an erased id is absent for their readers, an error for strict parsers, and theirs to save anew", flush=True)


def a_message_that_comes_late():
    """Their writer was overtaken between its row and its message, so that the latter is older than the table."""
    ids = ["late", "late.too", "late/\u00fc"]
    values = [{"id": id, "type": "template", "data": "first", "metadata": {}, "version": 1} for id in ids]
    theirs("save", values)
    ours("save", file_of(ids))
    theirs("late", values)
    took = theirs_find(ids, lambda found: all(one["from"] == "message" and one["asset"]["data"] == "ours" for one in found.values()),
                       "their late message is what they read")
    print(f"messages of theirs older than the table were replaced within {took:.1f} s, under their own subjects too", flush=True)


def a_log_that_lost_its_tail():
    """Somebody emptied the log of changes: whoever keeps the stream in step notices, and compares all there is."""
    ids = ["pruned", "pruned.too", "pruned-and-gone"]
    ours("save", file_of(ids))
    keeper.stop()  # so that nobody publishes what comes now
    theirs("rows", [{"id": id, "type": "template", "data": "changed", "metadata": {}, "version": 9} for id in ids])
    theirs("sql", "delete from knowledge_artifacts where artifact_id = 'pruned-and-gone'")
    theirs("sql", "delete from knowledge_artifacts_changes; update knowledge_artifacts_horizon set "
                  "begins = pg_snapshot_xmin(pg_current_snapshot()), marked = pg_snapshot_xmin(pg_current_snapshot())")
    keeper.start()
    ours_find(ids, lambda found: data_of(found) == {ids[0]: "changed", ids[1]: "changed", ids[2]: None}, "we read what was before")
    theirs_find(ids[:2], lambda found: set(data_of(found).values()) == {"changed"}, "they read what was before")
    print("what a log no longer tells is found by comparing", flush=True)


def seen_in_memory(watchers, expected, change):
    """How long it takes until programs that have an id in memory see a change of it. \\returns milliseconds"""
    processes = [start(*command, expected, stdout=subprocess.PIPE) for command in watchers]
    for process in processes:
        check(json.loads(process.stdout.readline())["from"] in ("hot", "memory"), "it is not in memory")
    changed, took = change(), []
    for process in processes:
        said, _ = process.communicate(timeout=120)
        check(process.returncode == 0, f"a change was never seen: {process.args}")
        took.append(json.loads(said)["at"] - changed)
    return max(took)


def a_change_of_the_table_alone():
    """A program that never publishes: its change reaches the memory of an instance that has the key."""
    ids = ["table/alone", "table-alone"]
    values = [{"id": id, "type": "template", "data": "first", "metadata": {}, "version": 1} for id in ids]
    theirs("rows", values)
    changed = [{**v, "data": "second", "version": 2} for v in values]
    took = seen_in_memory([[ours_program, "json", "watch", id] for id in ids], "second",
                          lambda: min(one["at"] for one in theirs("rows", changed)))
    print(f"a change of the table alone was seen in our memory within {took:.0f} ms", flush=True)


def a_change_of_ours_is_announced():
    """Programs that do not follow the stream listen to a subject, and forget what it names."""
    ids = ["told", "told.too"]
    theirs("save", [{"id": id, "type": "template", "data": "theirs", "metadata": {}, "version": 1} for id in ids])

    def change():
        since = time.time() * 1000
        ours("save", file_of(ids))
        return since

    took = seen_in_memory([["node", str(here / "theirs.js"), "watch", id] for id in ids], "ours", change)
    print(f"a change of ours was announced to their memory, and seen {took:.0f} ms after its program began", flush=True)


def what_expires_ends_everywhere_at_once():
    """The end stands in the row and in the message; a copy that is carried up keeps it, however late it is carried."""
    ids = ["brief", "brief-too"]
    ours("save", file_of(ids), "3600000")
    time.sleep(1)
    theirs("forget", ids)
    ours_find(ids, lambda found: set(data_of(found).values()) == {"ours"}, "it has gone before its time")

    def ends():
        dump = theirs("dump")
        rows = {one["id"]: float(one["ends"]) for one in dump if one["kind"] == "row" and one["ends"]}
        told = {one["headers"]["Strata-Key"][0]: float(one["headers"]["Strata-Expires"][0]) for one in dump
                if one["kind"] == "message" and "Strata-Expires" in one["headers"]}
        return [{"id": id, "row": rows.get(id), "message": told.get(id)} for id in ids]

    find(ends, lambda found: all(one["message"] and one["row"] - 20_000 < one["message"] < one["row"] + 700 for one in found.values()),
         "the message ends at another time than the row")
    ours_find(ids, lambda found: all(one.get("from") == "warm" and one.get("left", 4e6) < 3_599_100 for one in found.values()),
              "what is left of a life is not what the message says")
    ours("save", file_of(ids[:1]), "1000")
    ours_find(ids, lambda found: data_of(found) == {ids[0]: None, ids[1]: "ours"}, "it has not ended")
    print("what is carried up ends when the row ends", flush=True)


def mix(crew, seconds):
    for one in crew:
        one.start()
    until = time.monotonic() + seconds
    kills = {}
    victims = []
    while time.monotonic() < until:
        time.sleep(pick.uniform(0.3, 1.2))
        if not victims:
            victims = pick.sample([*crew, *both], len(crew) + len(both))
        victim = victims.pop()
        victim.kill()
        kills[victim.kind] = kills.get(victim.kind, 0) + 1
    for one in crew:
        one.end()
    print("kills: " + ", ".join(f"{n} of {kind}" for kind, n in sorted(kills.items())), flush=True)


def both_sides_end_alike(known):
    ids = plain + unusual  # what no subject holds they read from the row, each after their client's patience
    since = time.monotonic()
    while True:
        dump = theirs("dump")
        rows = {one["id"]: one for one in dump if one["kind"] == "row"}
        found = by_id(theirs("read", ids))
        apart = [id for id in ids if not judge.alike(rows.get(id), found[id]["asset"])]
        if not apart or time.monotonic() - since > 60:
            break
    took = time.monotonic() - since
    logs = list(work.glob("*.log"))
    known = judge.judge(logs, dump, known)
    for id in apart:
        print(f"{id!r}: they find {found[id]}, and the row is {rows.get(id)}")
    check(not apart, f"{len(apart)} of {len(ids)} ids: what they read is not in the table")
    ids += impossible
    for codec in "json", "msgpack":
        ours_find(ids, lambda found: all(judge.alike(rows.get(id), found[id].get("asset")) for id in ids),
                  f"what ours read with {codec} is not in the table", codec)
    print(f"both sides read what the table has, {took:.1f} s after the last write", flush=True)
    for log in logs:
        log.unlink()
    theirs("sql", "delete from knowledge_artifacts_history")
    return known


class Keeper:
    """An instance of ours that is there all the time, as in the field, and is asked nothing."""

    def start(self):
        self.process = start(ours_program, "json", "stay", stdout=subprocess.PIPE)
        self.process.stdout.readline()

    def stop(self):
        self.process.terminate()
        check(self.process.wait(60) == 0, "our instance did not end well")


theirs = Theirs(THEIRS_PATIENCE="20000")
keeper = Keeper()
field()
what_they_publish_is_read_alike()
keeper.start()
ids_that_no_subject_holds()
a_change_of_the_table_alone()
a_change_of_ours_is_announced()
an_erased_id()
a_message_that_comes_late()
a_log_that_lost_its_tail()
what_expires_ends_everywhere_at_once()
both = [Server("nats", nats_port, "KILL"), Server("postgres", postgres_port, "immediate")]
crew = [Killed("theirs", file_of(plain + unusual)), Killed("json", file_of(plain + unusual + impossible)),
        Killed("msgpack", file_of(plain + unusual + impossible))]
known = {}
while seconds > 0:  # a minute at a time, so that hours can be judged
    mix(crew, min(seconds, 60))
    known = both_sides_end_alike(known)
    seconds -= 60
keeper.stop()
theirs.end()
