#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests of the command-line tool against real servers: test/servers run examples/knowledge/test.py PROGRAM."""

import contextlib
import fcntl
import json
import os
import pathlib
import pty
import random
import re
import resource
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest

program = None
corpus = "/usr/share/vim-snippets"
commands = ["import", "export", "get", "put", "erase", "history", "rollback", "replay", "stats", "serve", "search", "similar", "popular", "outcome", "archive",
            "doctor"]

environment = os.environ | {
    "STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"],
    "STRATA_NATS": os.environ["STRATA_TEST_NATS"],
    "STRATA_STREAM_REPLICAS": "1",
    "STRATA_STREAM_BYTES": str(64 << 20),
    # however busy the machine and slow its disk; where a server is away, tests ask for less
    "STRATA_READY_WITHIN": "20000",
    "STRATA_READ_WITHIN": "20000",
    "STRATA_WRITE_WITHIN": "20000",
}


def run(*arguments, given=None, **changes):
    return subprocess.run([program, *arguments], input=given, capture_output=True, text=True, timeout=280,
                          env=environment | changes)


class Tool(unittest.TestCase):
    def done(self, *arguments, status=0, **more):
        ended = run(*arguments, **more)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        return ended

    def json(self, *arguments, **more):
        command, *rest = arguments
        return json.loads(self.done(command, "--json", *rest, **more).stdout)

    def cut_export(self, file, **changes):
        """An export that finds no room. Returns where it stands."""
        # Python ignores the signal of it, and leaves that to what it starts.
        ended = subprocess.run([program, "export", str(file)], capture_output=True, text=True, timeout=280, env=environment | changes,
                               restore_signals=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)))
        self.assertEqual(ended.returncode, 5, ended.stderr)
        self.assertIn("cannot be written to the end", ended.stderr)
        [part] = file.parent.glob(file.name + "*.part")
        return part

    def elsewhere(self, name):
        """A database of its own, which nobody else reads or writes."""
        subprocess.run(["psql", "-qd", environment["STRATA_POSTGRES"], "-c", f"create database {name}"], check=True)
        return {"STRATA_POSTGRES": environment["STRATA_POSTGRES"].replace("dbname=strata", f"dbname={name}"),
                "STRATA_NATS": "nats://127.0.0.1:9", "STRATA_READY_WITHIN": "300"}


class Usage(Tool):
    def test_every_command_explains_itself(self):
        said = self.done("--help").stdout
        self.assertIn("Exit codes: 0 done", said)
        for command in commands:
            self.assertRegex(said, rf"(?m)^  {command} ")
            help = self.done(command, "--help").stdout
            self.assertIn("Examples:\n", help)
            self.assertIn("--json", help)
            self.assertLessEqual(max(map(len, help.splitlines())), 200)

    def test_what_makes_no_sense_is_wrong_usage(self):
        for arguments in [(), ("gett",), ("get",), ("put", "a", "--meta", "novalue", "--data", "x"), ("replay",), ("import",),
                          ("import", "/no/such/place"), ("replay", "--ids", "/no/such/file"), ("replay", "--threads", "0", corpus),
                          ("put", "a", "/no/such/file"), ("get", "a", "--no-such-option"), ("replay", "--seconds", "1e10", corpus),
                          ("serve", "--port", "0", "--replay", "/no/such/place"), ("serve", "--port", "0", "--threads", "0")]:
            said = self.done(*arguments, status=2).stderr
            self.assertTrue(said.startswith("knowledge: "), said)
        self.assertIn("there is no command 'gett'\nknowledge --help", self.done("gett", status=2).stderr)
        self.assertIn("there is no option '--gett'\nknowledge --help", self.done("--gett", status=2).stderr)
        self.assertIn("\nknowledge put --help", self.done("put", "a", "--no-such-option", status=2).stderr)

    def test_a_variable_that_makes_no_sense_is_told(self):
        for name, wrong in [("HOT_CAPACITY", "1O"), ("HOT_CAPACITY", "0"), ("HOT_CAPACITY", "-3"), ("READY_WITHIN", "5s"),
                            ("READ_WITHIN", "2s"), ("READ_WITHIN", "1.5"), ("WRITE_WITHIN", "-5"), ("POSTGRES_CONNECTIONS", "few"),
                            ("STREAM_MESSAGES", "1k"), ("STREAM_BYTES", "1G"), ("STREAM_REPLICAS", "three")]:
            said = self.done("get", "a", status=2, **{"STRATA_" + name: wrong}).stderr
            self.assertIn(f"knowledge: STRATA_{name}: '{wrong}' is no value for --", said)
        self.done("get", "nobody/has/it", "--hot-capacity", "10", status=1, STRATA_HOT_CAPACITY="1O")
        self.done("--help", STRATA_HOT_CAPACITY="1O")

    def test_an_option_takes_one_value(self):
        nats = environment["STRATA_NATS"]
        with tempfile.NamedTemporaryFile("w") as text:
            text.write("given\n")
            text.flush()
            for id in "taken-1", "taken-2":
                self.done("put", "--meta", "a=1", "--meta", "b=2", id, text.name)
        [found] = self.json("get", "--nats", nats, "taken-1")
        self.assertEqual((found["asset"]["data"], found["asset"]["metadata"]), ("given\n", {"a": "1", "b": "2"}))
        self.done("erase", "taken-1", "--nats", nats, "taken-2")
        self.assertEqual([found["found"] for found in self.json("get", "taken-1", "taken-2", status=1)], [False, False])

    def test_ids_and_paths_are_taken_as_they_are(self):
        ids = ["a", "b", "[a,b]", "[a]", "[]", "{}", "-a", "stats"]
        for id in ids:
            self.done("put", "--data", "of " + id, "--", id)
        self.assertEqual([found["asset"]["data"] for found in self.json("get", "--", *ids)], ["of " + id for id in ids])
        self.assertEqual([found["id"] for found in self.json("get", "a", "--", "-a")], ["a", "-a"])
        self.done("erase", "[a,b]", "{}")
        self.assertEqual([found["id"] for found in self.json("get", "--", *ids, status=1) if not found["found"]], ["[a,b]", "{}"])
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/[id]")
            pathlib.Path(folder, "[id]", "bracketed").write_text("text")
            for command in ["import", "replay"]:
                ended = subprocess.run([os.path.abspath(program), command, "[id]"], cwd=folder, env=environment, capture_output=True,
                                       text=True, timeout=280)
                self.assertEqual(ended.returncode, 0, ended.stderr)

    def test_it_tells_its_version(self):
        self.assertRegex(self.done("--version").stdout, r"^knowledge \d+\.\d+\.\d+\n$")

    def test_nothing_but_results_on_the_standard_output(self):
        self.assertEqual(self.done("get", "nobody/has/it", status=1).stdout, "")
        self.assertNotIn("\r", run("replay", "--requests", "10", corpus).stderr)

    def test_what_cannot_be_printed_is_not_done(self):
        with open("/dev/full", "w") as full:
            ended = subprocess.run([program, "stats"], stdout=full, stderr=subprocess.PIPE, env=environment, timeout=280)
        self.assertEqual(ended.returncode, 5, ended.stderr)
        self.assertIn(b"standard output", ended.stderr)

    def test_an_export_that_finds_no_room_goes_on_later(self):
        self.done("put", "room", given="r" * 5000)
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "all.jsonl")
            self.cut_export(file)
            self.done("export", str(file))
            self.done("import", "--check", str(file))

    def test_one_export_at_a_time_writes_a_file(self):
        with tempfile.TemporaryDirectory() as folder:
            self.done("put", "room", given="r" * 5000)
            file = pathlib.Path(folder, "all.jsonl")
            part = self.cut_export(file)
            with open(part) as another:
                fcntl.flock(another, fcntl.LOCK_EX)
                self.assertIn(f"{part}: another export is writing it", self.done("export", str(file), status=5).stderr)
            self.done("export", str(file))
            self.done("import", "--check", str(file))

    def test_more_time_than_clocks_have_is_much(self):
        servers, folder = os.environ["STRATA_TEST_SERVERS"], os.environ["STRATA_TEST_FOLDER"] + "/nats"
        nats = int(subprocess.run([servers, "pid", "nats", folder], check=True, capture_output=True, text=True).stdout)
        long = {"STRATA_READY_WITHIN": str(2**63 - 1), "STRATA_READ_WITHIN": str(2**63 - 1), "STRATA_WRITE_WITHIN": str(2**63 - 1)}
        os.kill(nats, signal.SIGSTOP)
        with subprocess.Popen([program, "get", "nobody/has/it"], env=environment | long, stderr=subprocess.PIPE, text=True) as asking:
            time.sleep(1)
            os.kill(nats, signal.SIGCONT)
            self.assertNotIn("going on without it", asking.communicate(timeout=280)[1])
        self.assertEqual(asking.returncode, 1)

    def at_a_terminal(self, *arguments, status=0, **changes):
        """What is shown at a terminal to whom the results go elsewhere."""
        ours, terminal = os.openpty()
        ended = subprocess.run([program, *arguments], stdout=subprocess.PIPE, stderr=terminal, timeout=280, env=environment | changes)
        os.close(terminal)
        with open(ours, "rb", buffering=0) as master:
            shown = ""
            with contextlib.suppress(OSError):  # which is how a terminal ends
                while part := master.read(65536):
                    shown += part.decode()
        self.assertEqual(ended.returncode, status, shown)
        self.assertNotIn(b"\r", ended.stdout)
        return shown

    def test_a_line_moves_at_a_terminal_and_goes_away(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ["moving-1", "moving-2"]:
                pathlib.Path(folder, name).write_text(name)
            shown = self.at_a_terminal("import", folder)
            self.assertRegex(shown, r"importing \[#{30}\] 2 of 2")
            self.assertTrue(shown.endswith("\r\033[K"), shown)
            file = str(pathlib.Path(folder, "all.jsonl.zst"))
            shown = self.at_a_terminal("export", file)
            self.assertIn("exporting lines: 0", shown)
            self.assertTrue(shown.endswith("\r\033[K"), shown)
            for check in [["--check"], []]:
                shown = self.at_a_terminal("import", *check, file)
                self.assertRegex(shown, r"(checking|restoring) bytes \[#*\.*\] [\d,]+ of [\d,]+")
                self.assertTrue(shown.endswith("\r\033[K"), shown)

    def test_the_line_bears_an_answer_after_the_end(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ["late-1", "late-2"]:
                pathlib.Path(folder, name).write_text(name)
            self.done("import", folder)
            # While it asks, both wait for somebody who has the table for himself.
            away = {"STRATA_NATS": "nats://127.0.0.1:9", "STRATA_READY_WITHIN": "300", "STRATA_HOT_CAPACITY": "1"}
            with subprocess.Popen(["psql", "-qd", environment["STRATA_POSTGRES"], "-c",
                                   "select pg_sleep(1); begin; lock table knowledge_artifacts; select pg_sleep(1.5); commit"],
                                  stdout=subprocess.DEVNULL):
                shown = self.at_a_terminal("replay", "--seconds", "1.5", folder, **away)
            self.assertTrue(shown.endswith("\r\033[K"), shown)

    def test_what_is_said_meanwhile_has_a_line_of_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "said-1").write_text("text")
            pathlib.Path(folder, "said-2").write_bytes(b"\0")
            for check in [[], ["--check"]]:
                lines = self.at_a_terminal("import", "--batch", "1", *check, folder, status=5)
                self.assertNotRegex(lines, r"of 2knowledge: ")
            self.assertIn("\r\033[Kknowledge: said-2: ", self.at_a_terminal("import", "--batch", "1", folder, status=5))


class Values(Tool):
    def test_what_was_put_is_got(self):
        self.assertIn("written", self.done("put", "v/one", "--type", "prompt", "--meta", "language=none", given="first\n").stdout)
        self.assertEqual(self.done("get", "v/one").stdout, "first\n")
        self.assertIn("unchanged", self.done("put", "v/one", "--type", "prompt", "--meta", "language=none", given="first\n").stdout)
        [found] = self.json("get", "v/one")
        self.assertEqual(found["asset"], {"id": "v/one", "asset_type": "prompt", "data": "first\n", "metadata": {"language": "none"},
                                          "version": 1})
        self.assertIn(found["tier"], ["warm", "cold"])
        about = self.done("get", "--about", "v/one", "v/one").stdout
        self.assertIn("==> v/one <==", about)
        self.assertIn("language: none", about)

    def test_other_programs_metadata(self):
        self.done("stats")
        for id, metadata in [("v/list", '[1, {"a": null}]'), ("v/deep", '{"n": 2, "deep": ' + "[" * 60 + "]" * 60 + "}")]:
            subprocess.run(["psql", "-qd", environment["STRATA_POSTGRES"], "-c", "insert into knowledge_artifacts (artifact_id, artifact_type, "
                            f"content_raw, content, metadata) values ('{id}', 'template', 'x', '{{}}', '{metadata}')"], check=True)
            self.assertEqual(self.json("get", id)[0]["asset"]["metadata"], json.loads(metadata))
            self.assertIn(metadata, self.done("get", "--about", id).stdout)

    def test_expectations(self):
        made = self.json("put", "v/two", "--data", "1", "--if-revision", "0")
        self.assertIn("conflict", self.done("put", "v/two", "--data", "2", "--if-revision", "0", status=4).stderr)
        again = self.json("put", "v/two", "--data", "2", "--if-revision", str(made["revision"]))
        self.assertGreater(again["revision"], made["revision"])
        self.assertEqual(again["version"], 2)

    def test_erase(self):
        self.json("put", "v/three", "--data", "1")
        self.assertTrue(self.json("erase", "v/three")["changed"])
        self.done("get", "v/three", status=1)
        self.assertEqual(self.json("get", "v/three", status=1), [{"id": "v/three", "found": False}])
        self.done("erase", "v/three", status=1)

    def test_ctrl_c_ends_an_erasure_before_the_next(self):
        self.done("put", "v/last", "--data", "stays")
        with subprocess.Popen([program, "erase", *[f"v/none-{i}" for i in range(20_000)], "v/last"], stdout=subprocess.PIPE, text=True,
                              env=environment) as erasing:
            erasing.stdout.readline()
            erasing.send_signal(signal.SIGINT)
            erasing.communicate(timeout=280)
        self.assertEqual(erasing.returncode, 130)
        self.assertEqual(self.done("get", "v/last").stdout, "stays\n")

    def test_history_and_rollback(self):
        first = self.json("put", "v/four", "--data", "good")
        self.json("put", "v/four", "--data", "bad")
        past = self.json("history", "v/four")
        self.assertEqual([entry["asset"]["data"] for entry in past], ["bad", "good"])
        self.assertEqual(past[1]["revision"], first["revision"])
        self.assertTrue(self.json("rollback", "v/four", str(first["revision"]))["changed"])
        self.assertEqual(self.done("get", "v/four").stdout, "good\n")
        self.assertEqual([entry["version"] for entry in self.json("history", "v/four")], [3, 2, 1])
        self.assertEqual(len(self.done("history", "v/four").stdout.splitlines()), 4)
        self.done("rollback", "v/four", "999999999", status=1)
        self.assertEqual(self.json("history", "v/none", status=1), [])
        self.done("erase", "v/four")
        self.assertTrue(self.json("history", "v/four")[0]["erased"])
        self.done("rollback", "v/four", str(first["revision"]))
        self.assertEqual(self.done("get", "v/four").stdout, "good\n")

    def test_words_and_uses(self):
        self.json("put", "q/one", "--data", "a quaint zephyr blows\nsecond line", "--type", "prompt")
        self.json("put", "q/two", "--data", "no such wind")
        [found] = self.json("search", "zephyrs quaint")["matches"]
        self.assertEqual((found["id"], found["asset"]["asset_type"]), ("q/one", "prompt"))
        self.assertIn({"text": "zephyr", "found": True}, found["excerpt"])
        self.assertIn("quaint [zephyr] blows second line", self.done("search", "zeph*").stdout)
        self.assertEqual(self.json("search", "zephyr", "--type", "pattern", status=1)["matches"], [])
        self.json("outcome", "q/one", "success")
        [now] = self.json("outcome", "q/one", "failure")
        self.assertEqual((now["successes"], now["failures"], now["success_rate"]), (1, 1, 0.5))
        self.done("outcome", "q/none", "failure", status=1)
        self.done("outcome", "q/one", "perhaps", status=2)
        self.assertIn("q/one", [u["id"] for u in self.json("popular", "--failing", "--outcomes", "2")])
        self.json("get", "q/two")
        for which in [[], ["--hours", "24"], ["--rising"]]:
            self.assertIn("q/two", [u["id"] for u in self.json("popular", "--top", "1000000", *which)])
        self.assertIn("unknown", self.done("popular", "--top", "1000000").stdout)
        subprocess.run(["psql", "-qd", environment["STRATA_POSTGRES"], "-c", "update knowledge_artifacts set updated_at = "
                        "now() - interval '2 years', last_used_at = null where artifact_id = 'q/two'"], check=True)
        self.assertEqual([u["id"] for u in self.json("popular", "--unused", "365")], ["q/two"])
        self.assertEqual(self.json("popular", "--unused", "200000"), [])
        self.assertEqual(self.json("archive", "--days", "200000"), {"templates": 0, "archived": False})
        self.assertEqual(self.json("archive"), {"templates": 1, "archived": False})
        self.assertEqual(self.json("archive", "--really"), {"templates": 1, "archived": True})
        self.assertEqual(self.json("archive"), {"templates": 0, "archived": False})
        self.assertEqual(self.done("get", "q/two").stdout, "no such wind\n")

    def test_an_export_comes_back_as_it_was(self):
        with tempfile.TemporaryDirectory() as folder:
            for i in range(40):
                pathlib.Path(folder, f"export-{i}").write_text(f"template {i}\n" * 50)
            self.json("import", folder)
            self.json("put", "export-1", "--data", "changed")
            self.json("erase", "export-2")
            subprocess.run(["psql", "-qd", environment["STRATA_POSTGRES"], "-c", "update knowledge_artifacts set metadata = "
                            f"'{{\"mark\": {'[' * 60 + ']' * 60}}}' where artifact_id = 'export-4'"], check=True)
            self.json("get", "export-3")
            exports = [pathlib.Path(folder, name) for name in ["all.jsonl", "all.jsonl.zst", "again.jsonl"]]
            told = [self.json("export", str(file)) for file in exports[:2]]
            self.assertEqual(told[0], told[1])
            self.assertLess(exports[1].stat().st_size, exports[0].stat().st_size / 2)
            back = self.elsewhere("back")
            whole = exports[1].read_bytes()
            damaged = pathlib.Path(folder, "damaged.jsonl.zst")
            for bad in [whole[:-10], whole[:len(whole) // 2], whole[:50] + b"x" + whole[51:]]:
                damaged.write_bytes(bad)
                self.assertIn(run("import", "--check", str(damaged)).returncode, [2, 5])
            text = exports[0].read_text()
            for bad in [text.replace("changed", "chanced", 1), text[:len(text) // 2]]:
                exports[2].write_text(bad)
                self.assertIn(run("import", str(exports[2]), **back).returncode, [2, 5])
            exports[2].write_text('{"part":"mark","li\n')
            self.assertIn("again.jsonl: damaged", self.done("import", "--check", str(exports[2]), status=2).stderr)
            told = self.json("import", str(exports[1]), **back)
            self.assertTrue(told["whole"])
            self.assertEqual(told["different"], 0)
            again = self.json("import", str(exports[1]), **back)
            self.assertEqual((again["restored"], again["there"]), (0, told["restored"] + told["there"]))
            self.json("export", str(exports[2]), **back)
            self.assertEqual(exports[2].read_text(), text)
            # Interrupted, it goes on.
            marks = [i for i, line in enumerate(text.splitlines()) if line.startswith('{"part":"mark"')]
            resumed = pathlib.Path(folder, "resumed.jsonl")
            part = self.cut_export(resumed, **back)
            part.write_text("\n".join(text.splitlines()[:marks[0] + 1]) + '\n{"row": {"cut of')
            self.assertIn("going on after", self.done("export", str(resumed), **back).stderr)
            self.assertEqual(resumed.read_text(), text)
            self.assertFalse(part.exists())
            resumed = pathlib.Path(folder, "resumed.jsonl.zst")
            self.cut_export(resumed, **back).write_bytes(whole[:len(whole) * 3 // 4])
            self.assertIn("going on after", self.done("export", str(resumed), **back).stderr)
            self.assertEqual(resumed.read_bytes(), whole)
            self.assertEqual(self.done("get", "export-1", **back).stdout, "changed\n")

    def test_an_export_that_was_cut_anywhere_becomes_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            many = pathlib.Path(folder, "many")
            many.mkdir()
            for i in range(1100):
                (many / f"cut-{i}").write_text(f"template {random.Random(i).random()}\n")
            cut = self.elsewhere("cut")
            self.json("import", str(many), **cut)
            file = pathlib.Path(folder, "cut.jsonl.zst")
            self.done("export", str(file), **cut)
            whole = file.read_bytes()
            frames = [at.start() for at in re.finditer(re.escape(b"\x28\xb5\x2f\xfd"), whole)]
            self.assertGreater(len(frames), 2)
            file.unlink()
            part = self.cut_export(file, **cut)
            for end in frames[1:3]:
                for lacking in range(6):  # a frame ends in a checksum of four bytes
                    part.write_bytes(whole[:end - lacking])
                    said = self.done("export", str(file), **cut).stderr
                    self.assertEqual("going on after" in said, lacking == 0 or end == frames[2], said)
                    self.assertEqual(file.read_bytes(), whole, f"{lacking} bytes before {end}")

    def test_an_export_goes_on_only_with_its_own(self):
        with tempfile.TemporaryDirectory() as folder:
            lines, databases = {}, {}
            for name in "mine", "other":
                databases[name] = self.elsewhere(name)
                rows = pathlib.Path(folder, name)
                rows.mkdir()
                for i in range(600):
                    (rows / f"own-{i}").write_text(f"{name} {i}\n")
                self.json("import", str(rows), **databases[name])
                whole = pathlib.Path(folder, name + ".jsonl")
                self.done("export", str(whole), **databases[name])
                lines[name] = whole.read_text().splitlines(keepends=True)
            file = pathlib.Path(folder, "both.jsonl")
            part = self.cut_export(file, **databases["mine"])
            part.write_text("".join(lines["mine"][:501]))
            self.assertNotIn("going on after", self.done("export", str(file), **databases["other"]).stderr)
            self.assertEqual(file.read_text(), "".join(lines["other"]))
            self.assertIn("going on after 500 lines", self.done("export", str(file), **databases["mine"]).stderr)
            self.assertEqual(file.read_text(), "".join(lines["mine"]))
            part.write_text("".join(lines["mine"][:501]))
            yesterday = time.time() - 25 * 3600
            os.utime(part, (yesterday, yesterday))
            self.assertIn("beginning anew", self.done("export", str(file), **databases["mine"]).stderr)
            self.assertEqual(file.read_text(), "".join(lines["mine"]))

    def test_hostile_ids_are_ids(self):
        for i, id in enumerate(["../../etc", "*", ">", "a.b.c", "a b", "x\ny", "\u00e4\U0001f600", "'; drop table", "-", "k" * 512]):
            self.json("put", "--data", str(i), "--", id)
            self.assertEqual([found["asset"]["data"] for found in self.json("get", "--", id)], [str(i)])

    def test_refusals(self):
        for id in ["", "k" * 513, b"\xff"]:
            self.done("put", id, "--data", "x", status=4)
            self.assertIn("key", self.done("get", id, status=4).stderr)
        said = self.done("put", "v/five", status=4, given="a\0b").stderr
        self.assertIn("data", said)
        for control in ["\x1b[2J", "\u009b2J"]:  # both clear a terminal
            self.assertNotIn(control, self.done("get", "a" + control, status=1).stderr)
        error = json.loads(self.done("put", "v/five", "--json", status=4, given="a\0b").stderr)["error"]
        self.assertEqual(error["code"], "rejected")


class Servers(Tool):
    nowhere = {"STRATA_POSTGRES": "host=127.0.0.1 port=9 dbname=none", "STRATA_READY_WITHIN": "300"}

    def test_without_postgres_a_miss_fails_in_time(self):
        started = time.monotonic()
        self.done("get", "s/none", "--read-within", "300", status=3, **self.nowhere)
        self.done("put", "s/none", "--data", "x", "--write-within", "300", status=3, **self.nowhere)
        self.done("import", corpus, "--write-within", "300", status=3, **self.nowhere)
        self.done("stats", status=3, **self.nowhere)
        self.assertLess(time.monotonic() - started, 60)

    def test_ctrl_c_ends_the_wait_for_servers(self):
        with subprocess.Popen([program, "get", "s/none", "--ready-within", "60000", "--read-within", "60000"],
                              env=environment | self.nowhere, stdout=subprocess.DEVNULL) as waiting:
            time.sleep(1)
            waiting.send_signal(signal.SIGINT)
            started = time.monotonic()
            self.assertIn(waiting.wait(), [130, -signal.SIGINT])  # before it listens, any program ends
            self.assertLess(time.monotonic() - started, 30)

    def test_without_nats_all_goes_on(self):
        without = {"STRATA_NATS": "nats://127.0.0.1:9", "STRATA_READY_WITHIN": "300"}
        self.done("put", "s/one", "--data", "x", **without)
        ended = self.done("get", "s/one", **without)
        self.assertEqual(ended.stdout, "x\n")
        self.assertIn("going on without it", ended.stderr)
        self.done("stats", status=3, **without)

    def test_impossible_settings_are_refused(self):
        self.done("stats", "--postgres", "no such keyword", status=4)
        self.done("stats", "--nats", "", status=4)


class Imports(Tool):
    def test_formats(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "one.snippets").write_text(
                "# comment\nextends c\nsnippet if  a condition\n\tif (${1}) {\n\n\t\t$0\n\t}\n\nsnippet if again\n\tif\nsnippet\n\tno trigger\n"
                "snippet last\n\tno end of line")
            (path / "two.snippets").write_text(
                "priority -50\r\nglobal !p\nsnippet not_one\nendglobal\n"
                'snippet a "what it is" bw\nbody ${1:x}\n\nmore\nendsnippet\n'
                'snippet "two words (\\d+)" "regular" br\nx\nendsnippet\n'
                "snippet /a|b/ \"other quotes\" r\nx\nendsnippet\nsnippet bare\nendsnippet\nsnippet open \"no end\"\nx\n")
            (path / "left.out").write_text("not a snippet file")
            told = self.json("import", folder)
            self.assertEqual((told["templates"], told["repeats"], told["not_well_formed"], told["written"]), (6, 1, 2, 6))
            got = {found["id"]: found for found in self.json("get", "vim/one/if", "vim/one/last", "vim/two/a",
                                                             "vim/two/two words (\\d+)", "vim/two/a|b", "vim/two/bare")}
            self.assertTrue(all(found["found"] for found in got.values()), got)
            self.assertEqual(got["vim/one/if"]["asset"]["data"], "if")
            self.assertEqual(got["vim/one/if"]["asset"]["metadata"]["description"], "again")
            self.assertEqual(got["vim/one/last"]["asset"]["data"], "no end of line")
            self.assertEqual(got["vim/two/a"]["asset"]["data"], "body ${1:x}\n\nmore")
            self.assertEqual(got["vim/two/a"]["asset"]["metadata"],
                             {"collection": "vim-snippets", "file": "two", "format": "UltiSnips", "description": "what it is",
                              "options": "bw"})

    def test_any_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder)
            (path / "sub").mkdir()
            (path / "sub" / "plan.md").write_text("# plan\n")
            (path / "empty").write_text("")
            (path / "binary").write_bytes(b"\x00\xff")
            told = self.json("import", folder, "--type", "prompt", status=5)
            self.assertEqual((told["templates"], told["written"], told["failed"]), (3, 2, 1))
            [found] = self.json("get", "sub/plan.md")
            self.assertEqual((found["asset"]["data"], found["asset"]["asset_type"]), ("# plan\n", "prompt"))
            self.assertEqual(self.json("import", "--check", folder, "--type", "prompt", status=5)["missing"], 1)
            (path / "binary").unlink()
            (path / "closed").write_text("nobody may read this")
            (path / "closed").chmod(0)
            told = self.json("import", folder, "--type", "prompt", status=5)
            self.assertEqual((told["unchanged"], told["failed"]), (2, 1))
            told = self.json("import", "--check", folder, "--type", "prompt", status=5)
            self.assertEqual((told["same"], told["failed"]), (2, 1))
            (path / "closed").unlink()
            (path / "shut").mkdir(mode=0)
            self.assertIn("shut: ", self.done("import", folder, status=2).stderr)
            (path / "shut").rmdir()
            self.assertEqual(self.json("import", "--check", folder, "--type", "prompt")["same"], 2)
            self.assertEqual(self.json("import", "--check", folder, status=5)["different"], 2)

    def test_an_export_is_restored_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in "one.jsonl", "two.jsonl.zst", "template":
                pathlib.Path(folder, name).write_text("{}")
            self.json("import", f"{folder}/template")
            for names in ["one.jsonl", "two.jsonl.zst"], ["template", "one.jsonl"]:
                for check in [], ["--check"]:
                    self.assertIn("a call of its own",
                                  self.done("import", *check, *(f"{folder}/{name}" for name in names), status=2).stderr)

    def import_and_stop(self, after, how):
        """Sends the signal when the import has brought so many templates; what it has not, it had no time for."""
        def there():
            asked = subprocess.run(["psql", "-Atd", environment["STRATA_POSTGRES"], "-c",
                                    "select count(*) from knowledge_artifacts"], capture_output=True, text=True)
            return int(asked.stdout or 0)  # nothing is said before the first import has made the table

        after = max(after, there() + 20)  # a slow kill may have left more: this one has to have begun
        going = subprocess.Popen([program, "import", "--batch", "20", "--json", corpus], env=environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        while there() < after and going.poll() is None:
            time.sleep(0.005)
        going.send_signal(how)
        said, _ = going.communicate(timeout=120)
        return going.returncode, said

    def test_an_interrupted_import_is_completed(self):
        killed = sum(self.import_and_stop(after, signal.SIGKILL)[0] == -signal.SIGKILL for after in [200, 600, 1000])
        status, said = self.import_and_stop(1400, signal.SIGINT)
        if status != 0:
            self.assertEqual(status, 130)
            self.assertGreater(json.loads(said)["not_reached"], 0)
        told = self.json("import", corpus)
        print(f"{killed} imports were killed; {told['unchanged']} of {told['templates']} templates were there", file=sys.stderr)
        self.assertGreater(killed, 0)
        self.assertGreater(told["templates"], 4000)
        self.assertEqual(told["written"] + told["unchanged"], told["templates"])
        again = self.json("import", corpus)
        self.assertEqual((again["written"], again["unchanged"]), (0, told["templates"]))
        self.assertEqual(self.json("import", "--check", corpus)["same"], told["templates"])


class Replays(Tool):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        for i in range(300):
            pathlib.Path(cls.folder.name, f"replay-{i}").write_text(f"template {i}\n")
        run("import", cls.folder.name)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def replay(self, *arguments, **more):
        return self.json("replay", "--requests", "3000", *arguments, self.folder.name, **more)

    def test_the_same_seed_asks_the_same(self):
        first, threads, other, flat = self.replay(), self.replay("--threads", "3"), self.replay("--seed", "2"), self.replay("--zipf", "0.5")
        self.assertEqual(first["checksum"], threads["checksum"])
        self.assertEqual(len({first["checksum"], other["checksum"], flat["checksum"]}), 3)

    def test_all_requests_are_accounted_for(self):
        told = self.replay("--hot-capacity", "20")
        self.assertEqual(sum(tier["requests"] for tier in told["tiers"].values()), 3000)
        self.assertEqual((told["requests"], told["absent"], told["failed"]), (3000, 0, 0))
        for tier in told["tiers"].values():
            self.assertLessEqual(tier["p50_ns"], tier["p99_ns"])
            self.assertLessEqual(tier["p99_ns"], tier["p999_ns"])
        text = self.done("replay", "--requests", "3000", self.folder.name).stdout
        self.assertRegex(text, r"(?m)^hot +[\d,]+ +[\d.]+ % ")

    def test_uses_are_counted_exactly(self):
        def uses():
            listed = self.json("stats", "--top", "1000000")["most_used"]
            return {entry["id"]: entry["uses"] for entry in listed if entry["id"].startswith("replay-")}
        before = uses()
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as ids:
            wanted = random.Random(7).choices([f"replay-{i}" for i in range(300)], k=2000)
            ids.write("\n".join(wanted))
            ids.flush()
            self.json("replay", "--ids", ids.name, "--hot-capacity", "20")
        after = uses()
        self.assertEqual({id: count - before.get(id, 0) for id, count in after.items() if count != before.get(id, 0)},
                         {id: wanted.count(id) for id in set(wanted)})

    def test_a_tier_without_its_share_is_a_failure(self):
        self.assertIn("less than 99 %", self.done("replay", "--requests", "3000", "--min-share", "99", self.folder.name, status=5).stderr)

    def test_seconds_and_timeline(self):
        told = self.json("replay", "--seconds", "2.2", "--timeline", self.folder.name)
        self.assertIn(len(told["each_second"]), [1, 2, 3])  # two, but for a machine that has other things to do
        self.assertGreater(told["each_second"][0]["hot"], 0)


class Numbers(Tool):
    def test_stats(self):
        told = self.json("stats")
        self.assertEqual(set(told["tiers"]), {"hot", "warm", "cold"})
        self.assertTrue(all(tier["up"] for tier in told["tiers"].values()))
        self.assertNotIn("cold", self.done("stats", "--no-tiers").stdout)
        self.assertRegex(self.done("stats").stdout, re.compile(r"^cold +up", re.MULTILINE))


class Doctor(Tool):
    """What it finds in deployments of several kinds, each with a database of its own."""

    fixtures = pathlib.Path(__file__).resolve().parent.parent.parent / "test" / "fixtures" / "field"
    policies = pathlib.Path(__file__).resolve().parent.parent.parent / "policies" / "strata"

    def sql(self, text, database="strata", **variables):
        given = [argument for name, value in variables.items() for argument in ("-v", f"{name}={value}")]
        subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", *given, os.environ["STRATA_TEST_POSTGRES"] + f" dbname={database}"],
                       input=text, check=True, text=True, capture_output=True)

    def empty_stream(self):
        port = int(environment["STRATA_NATS"].rpartition(":")[2])
        self.ask_nats(port, "$JS.API.STREAM.PURGE.KNOWLEDGE_CACHE", '{"filter": "knowledge.cache.template.>"}')

    def database(self, name, role="strata"):
        self.sql(f"drop database if exists {name}")
        self.sql(f"create database {name}")
        self.empty_stream()  # of what is another's, and for another again
        self.addCleanup(self.empty_stream)
        return {"STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"] + f" dbname={name} user={role}"}

    def examine(self, status, *arguments, **more):
        told = self.json("doctor", *arguments, status=status, **more)
        for one in told["findings"]:
            self.assertEqual(len(one["text"].splitlines()), 1, one)
        return told, {(one["severity"], one["where"]): one for one in told["findings"]}

    def mends(self, found):
        return {where for severity, where in found if severity == "mend"}

    def server(self):
        """What is true of every server here, whatever was done to it."""
        return {"extension vector", "role strata", "NATS user", environment["STRATA_NATS"]}

    def test_a_fresh_deployment_has_nothing_to_mend_but_what_is_true(self):
        self.done("stats")
        told, found = self.examine(1)
        self.assertEqual(self.mends(found) - self.server(), set())
        self.assertIn("superuser", found["mend", "role strata"]["text"])
        self.assertIn("permissions.conf", found["mend", "NATS user"]["command"])
        # Debian's are known to be old.
        self.assertRegex(found["mend", environment["STRATA_NATS"]]["text"], r"^nats-server [\d.]+: security advisories of 2026 ask for ")
        self.assertRegex(found["mend", "extension vector"]["text"], r"^version [\d.]+: .*vacuuming an hnsw index may damage it before 0\.8\.4$")
        steps = told["round_trip_ns"]
        self.assertEqual(list(steps), ["written", "read from hot", "read from warm", "read from cold", "seen by another instance",
                                       "erased", "gone for another instance"])
        self.assertTrue(all(0 < time < 3 * 10**10 for time in steps.values()), steps)
        self.assertEqual(list(told["lag_ns"]), ["memory", "stream", "feed"])
        self.assertTrue(all(0 <= time < 3 * 10**10 for time in told["lag_ns"].values()), told["lag_ns"])
        self.assertRegex(found["note", "log of changes"]["text"], r"^[\d,]+ changes? in \d+ kB; ")
        said = self.done("doctor", status=1).stdout
        self.assertRegex(said, r"(?m)^mend     role strata: is a superuser.*  ->  create role application")
        self.assertRegex(said, r"(?m)^note     round trip: written [\d.]+ .s, read from hot [\d.]+ .s")
        self.assertRegex(said, r"(?m)^note     lag of an instance: memory [\d.]+ .s, stream [\d.]+ .s, feed [\d.]+ .s$")
        self.assertRegex(said, r"(?m)^\d+ to mend, 0 that could not be looked at$")

    def test_nothing_is_made_or_left_behind(self):
        empty = self.database("untouched")
        _, found = self.examine(1, STRATA_STREAM="NOWHERE", **empty)
        self.assertLessEqual({"table knowledge_artifacts", "stream NOWHERE"}, self.mends(found))
        self.assertIn(("note", "round trip"), found)
        _, again = self.examine(1, STRATA_STREAM="NOWHERE", **empty)
        self.assertEqual(found.keys(), again.keys())
        self.done("doctor", status=1)
        kept = self.done("stats", "--top", "1000000").stdout
        self.assertNotIn("strata-doctor", kept)

    def test_the_field_as_it_stands(self):
        field = self.database("field")
        self.sql("create extension vector", "field")
        self.sql((self.fixtures / "schema.sql").read_text(), "field")
        self.sql("""
            insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content)
                select 'row ' || i, 'template', 'x', '{"data": "x"}' from generate_series(1, 500) i;
            insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content)
                values (repeat('l', 600), 'template', 'x', '{"data": "x"}'), ('apart', 'template', 'x', '{"data": "y"}');
            update knowledge_artifacts set usage_count = usage_count + 1;
            select pg_stat_force_next_flush();""", "field")
        _, found = self.examine(1, **field)
        self.assertLessEqual({"table knowledge_artifacts", "index idx_usage_count", "index idx_last_used", "index idx_artifact_id",
                              "index idx_embedding"}, self.mends(found))
        self.assertNotIn(("mend", "index idx_artifact_type"), found)
        told = [one["text"] for one in found.values()] + [one["text"] for one in self.json("doctor", status=1, **field)["findings"]]
        for text in ["is not set up", "0 of 502 updates were cheap", "1 row with an id that nobody can ask for", "such as 'apart'",
                     "502 of its numbers are used (0.0 %)", "nothing to make its lists from", "a unique index has the same columns"]:
            self.assertTrue(any(text in one for one in told), f"{text}: {told}")
        self.assertEqual(found["mend", "index idx_usage_count"]["command"], "drop index concurrently public.idx_usage_count")

        # Nothing of it hinders the round trip once the table is set up, and what is mended as it says is not told again.
        self.done("stats", **field)
        self.sql("""
            drop index concurrently public.idx_usage_count;
            drop index concurrently public.idx_last_used;
            drop index concurrently public.idx_artifact_id;
            create index by_pattern on knowledge_artifacts (artifact_id text_pattern_ops);  -- no second ones: each serves what
            create index by_bytes on knowledge_artifacts (artifact_id collate "C");  -- the unique one does not
            delete from knowledge_artifacts where octet_length(artifact_id) > 512;
            update knowledge_artifacts set content = jsonb_set(content, '{data}', to_jsonb(content_raw))
                where content ->> 'data' is distinct from content_raw;
            update knowledge_artifacts set embedding = (select array_agg(sin(g * (id % 10)) + random() / 10) from generate_series(1, 1536) g
                where knowledge_artifacts.id = id)::vector;""", "field")
        told, found = self.examine(1, **field)
        self.assertEqual(self.mends(found) - self.server(), {"index idx_embedding"})
        self.assertRegex(found["mend", "index idx_embedding"]["text"], r"finds 0\.[0-8]\d of the ten nearest of 501 embeddings")
        self.assertGreater(len(told["round_trip_ns"]), 6)
        # Of copies of one vector it is no matter which are found.
        self.sql("update knowledge_artifacts set embedding = array_fill(1, '{1536}')::vector; reindex index idx_embedding", "field")
        _, found = self.examine(1, **field)
        self.assertIn("finds 1.00 of the ten nearest", found["note", "index idx_embedding"]["text"])
        self.sql("alter sequence knowledge_artifacts_id_seq restart with 2000000000; select nextval('knowledge_artifacts_id_seq')", "field")
        _, found = self.examine(1, **field)
        self.assertIn("93.1 %", found["mend", "table knowledge_artifacts"]["text"])

    def test_a_role_lacks_each_right_that_the_file_of_grants_gives(self):
        self.sql("create role bare login")
        bare = self.database("bare", "bare")
        self.sql("alter default privileges revoke execute on functions from public", "bare")
        self.done("stats", STRATA_POSTGRES=os.environ["STRATA_TEST_POSTGRES"] + " dbname=bare")
        self.sql("grant select on knowledge_artifacts_migrations to bare", "bare")
        file = (self.policies / "cold/postgres/grants.sql").read_text()
        given = {f"{what} on {name}" for what, name in re.findall(r'(?m)^grant (\w+)(?: \(.*\))? on (?:function )?:"schema".:"(\w+)"', file)}
        self.assertGreater(len(given), 25)
        _, found = self.examine(2, "--no-round-trip", **bare)
        lacks = found["mend", "role bare"]["text"].partition(": ")[2].split(", ")
        self.assertEqual(set(lacks), given - {"select on migrations"}
                         | {"insert on embedding", "update on embedding", "usage on the sequence of id"})
        self.sql(file, "bare", role="bare")
        _, found = self.examine(1, "--no-round-trip", **bare)
        self.assertNotIn(("mend", "role bare"), found)

    def test_a_role_without_time_outs_behind_a_pooler(self):
        self.sql("drop role if exists pooled; create role pooled login superuser")
        self.done("stats", **self.database("pooled"))
        folder = pathlib.Path(os.environ["STRATA_TEST_FOLDER"]) / "pooled"
        folder.mkdir()
        port = int(os.environ["STRATA_TEST_PORT"]) + 11
        server = re.sub(r"\b(user|dbname)=\S+", "", os.environ["STRATA_TEST_POSTGRES"])
        (folder / "users").write_text('"pooled" ""\n')
        (folder / "ini").write_text(f"[databases]\npooled = {server} dbname=pooled\n[pgbouncer]\npool_mode = transaction\n"
                                    f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
                                    f"auth_file = {folder}/users\nlogfile = {folder}/log\n")
        there = {"STRATA_POSTGRES": f"host=127.0.0.1 port={port} user=pooled dbname=pooled"}
        lacking = lambda: [one["text"].split()[3].rstrip(",") for one in self.examine(1, "--no-round-trip", **there)[0]["findings"]  # noqa: E731
                           if one["where"] == "role"]
        with subprocess.Popen(["/usr/sbin/pgbouncer", "-q", folder / "ini"]) as pooler:
            try:
                until = time.monotonic() + 60
                while subprocess.run(["psql", "-qAtc", "select 1", there["STRATA_POSTGRES"]], capture_output=True).returncode:
                    self.assertLess(time.monotonic(), until)
                    time.sleep(0.05)
                self.assertEqual(lacking(), ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"])
                self.sql("alter role pooled set statement_timeout = '5s'; alter role pooled set lock_timeout = '1s'")
                self.sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'pooled'")
                self.assertEqual(lacking(), ["idle_in_transaction_session_timeout"])
                shown = subprocess.run(["psql", "-Atc", "show statement_timeout; show enable_seqscan", there["STRATA_POSTGRES"]],
                                       check=True, capture_output=True, text=True).stdout.split()
                self.assertEqual(shown, ["5s", "on"])
            finally:
                pooler.terminate()

    def test_what_a_database_is_set_to_and_who_writes_for_long(self):
        there = self.database("careless")
        self.done("stats", **there)
        ask = lambda question: subprocess.run(["psql", "-qAtc", question, there["STRATA_POSTGRES"]], check=True, capture_output=True,  # noqa: E731
                                              text=True).stdout.strip()
        self.addCleanup(self.sql, "alter system reset all; select pg_reload_conf()")
        self.sql("alter system set fsync = off; alter system set full_page_writes = off; alter system set autovacuum = off; "
                 "alter system set synchronous_commit = off; select pg_reload_conf()")
        # Whoever writes has been at it for two minutes, and the server is another: what stands before pg_catalog is asked first.
        self.sql("create schema seen; create view seen.pg_stat_activity as select datid, datname, pid, usesysid, application_name, "
                 "backend_xid, backend_type, xact_start - interval '2 minutes' as xact_start from pg_catalog.pg_stat_activity; "
                 "create function seen.current_setting(name text) returns text language sql as $$ select case name "
                 "when 'server_version_num' then '160009' when 'server_version' then '16.9' else pg_catalog.current_setting(name) end $$",
                 "careless")
        def texts(more="", **settings):
            told, _ = self.examine(1, "--no-round-trip", **{"STRATA_POSTGRES": there["STRATA_POSTGRES"] + more}, **settings)
            return {one["text"]: one["command"] for one in told["findings"] if one["severity"] == "mend"}
        until = time.monotonic() + 60
        while ask("show autovacuum") == "on":
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)
        with subprocess.Popen(["psql", "-qAt", there["STRATA_POSTGRES"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as writer:
            writer.stdin.write("begin;\nselect pg_current_xact_id() is not null, pg_backend_pid();\n")
            writer.stdin.flush()
            pid = writer.stdout.readline().strip().partition("|")[2]
            told = texts(" options='-csearch_path=seen,pg_catalog,public -cdefault_transaction_read_only=on'", STRATA_POSTGRES_CONNECTIONS="900")
            [long] = [text for text in told if "has been writing in one transaction" in text]
            self.assertRegex(long, r"^'psql' has been writing in one transaction for ")
            self.assertEqual(told[long], f"select pg_terminate_backend({pid})")
            self.assertEqual(ask(told[long]), "t")
        self.assertEqual(told["PostgreSQL 16.9: security fixes of 2026 ask for 16.16 or newer"], "apt-get install --only-upgrade postgresql-16")
        self.assertIn("target_session_attrs=read-write", told["this server is read-only: writes have to go to its primary"])
        [few] = [text for text in told if text.startswith("max_connections leaves ")]
        self.assertIn("and one pool is 900", few)
        self.assertIn("alter system set max_connections = ", told[few])
        for name, why in [("fsync", "a crash of the machine may destroy the database"),
                          ("full_page_writes", "a crash of the machine may destroy the database"),
                          ("autovacuum", "each usage count leaves a dead row behind, and nobody takes them away"),
                          ("synchronous_commit", "what was acknowledged may be lost in a crash")]:
            self.sql(told[f"{name} is off: {why}"])
        while ask("show synchronous_commit") == "off":
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)
        told = texts(" options='-csearch_path=seen,pg_catalog,public'")
        self.assertEqual([text for text in told if " is off: " in text or "in one transaction" in text], [])

    def test_a_cluster_that_is_not_well(self):
        stream = json.loads((self.fixtures / "stream.json").read_text()) | {"num_replicas": 3, "max_msgs_per_subject": 1, "allow_direct": True}
        info = {"config": stream, "state": {"messages": 0, "bytes": 0, "first_seq": 1, "last_seq": 0, "consumer_count": 0},
                "cluster": {"name": "c", "leader": "", "replicas": [{"name": "b", "current": False, "offline": True, "active": 0, "lag": 0},
                                                                    {"name": "c", "current": False, "active": 0, "lag": 5000}]}}

        class Nats(socketserver.StreamRequestHandler):
            """As much of a server as is asked for a stream."""
            def handle(self):
                self.wfile.write(b'INFO {"server_id": "one", "version": "2.10.27", "max_payload": 1048576}\r\n')
                ids = {}
                for words in map(bytes.split, self.rfile):
                    if words[0] == b"PING":
                        self.wfile.write(b"PONG\r\n")
                    elif words[0] == b"SUB":
                        ids[words[1].rstrip(b"*")] = words[-1]
                    elif words[0] == b"PUB":
                        self.rfile.read(int(words[-1]) + 2)
                        answer = json.dumps(info if b"STREAM.INFO" in words[1] else {}).encode()
                        for begins, id in ids.items():
                            if len(words) == 4 and words[2].startswith(begins):
                                self.wfile.write(b"MSG %s %s %d\r\n%s\r\n" % (words[2], id, len(answer), answer))
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Nats) as server:
            threading.Thread(target=server.serve_forever).start()
            try:
                url = f"nats://127.0.0.1:{server.server_address[1]}"
                told, _ = self.examine(1, "--no-round-trip", STRATA_NATS=url, STRATA_STREAM_REPLICAS="3", STRATA_STREAM_BYTES="10737418240")
            finally:
                server.shutdown()
        said = [(one["where"], one["text"]) for one in told["findings"]]
        for text in ["security advisories of 2026 ask for 2.11.16, 2.12.7, 2.14.0 or newer",
                     "with several replicas it lets several racing writers win; 2.11.0 mended that"]:
            self.assertIn((url, "nats-server 2.10.27: " + text), said)
        self.assertIn((url, "this server has no JetStream of its own"), said)
        for text in ["has no leader at the moment", "its replica on b is offline", "its replica on c is 5,000 operations behind"]:
            self.assertIn(("stream KNOWLEDGE_CACHE", text), said)

    def test_what_the_stream_lags_behind(self):
        behind = self.database("behind")
        self.done("stats", **behind)
        told = lambda found, severity="note": found[severity, "log of changes"]["text"]  # noqa: E731
        _, found = self.examine(1, "--no-round-trip", **behind)
        self.assertRegex(told(found), r"^0 changes in \d+ kB; ")
        self.sql("insert into knowledge_artifacts (artifact_id, artifact_type, content_raw, content) "
                 "select 'row ' || i, 'template', 'x', '{\"data\": \"x\"}' from generate_series(1, 30) i; "
                 "update knowledge_artifacts_horizon set taken_us = extract(epoch from now() - interval '1 hour') * 1000000, "
                 "held_until = '-infinity'", "behind")
        _, found = self.examine(1, "--no-round-trip", **behind)
        self.assertRegex(told(found), r"^30 changes in \d+ kB; the stream had all of it 36\d\d s ago, and 30 changes came since; "
                                      r"no program is there")
        self.sql("update knowledge_artifacts_horizon set holder = 'another', held_until = now() + interval '1 hour'", "behind")
        _, found = self.examine(1, "--no-round-trip", **behind)
        self.assertIn("does not get on", told(found, "mend"))
        self.sql("update knowledge_artifacts_horizon set held_until = '-infinity'", "behind")
        self.done("get", "row 1", **behind)
        until = time.monotonic() + 60
        said = ""
        while not re.search(r"and [0-3] changes? came since", said):
            self.assertLess(time.monotonic(), until, said)
            self.examine(1, **behind)  # the round trip's instances bring it, if the machine lets them
            _, found = self.examine(1, "--no-round-trip", **behind)
            said = "\n".join(one["text"] for (_, where), one in found.items() if where == "log of changes")

    def test_a_database_that_is_older_than_what_the_stream_has(self):
        restored = self.database("restored")
        for data in "one", "two", "three":
            self.done("put", "kept", "--data", data, **restored)
        _, found = self.examine(1, "--no-round-trip", **restored)
        self.assertNotIn("stream KNOWLEDGE_CACHE", self.mends(found))
        self.sql("drop database restored with (force)")
        self.sql("create database restored")  # from a backup that was made before all that
        self.done("put", "since", "--data", "one", **restored)
        _, found = self.examine(1, "--no-round-trip", **restored)
        said = found["mend", "stream KNOWLEDGE_CACHE"]
        self.assertRegex(said["text"], r"^has revision \d+, and the table none above \d+, as if it had been restored")
        self.assertEqual(said["command"], "nats stream purge KNOWLEDGE_CACHE --subject='knowledge.cache.template.>'")
        self.empty_stream()
        _, found = self.examine(1, **restored)
        self.assertNotIn("stream KNOWLEDGE_CACHE", self.mends(found))

    def ask_nats(self, port, subject, body):
        """A request by hand: what others make their stream with."""
        with socket.create_connection(("127.0.0.1", port), timeout=60) as to, to.makefile("rb") as lines:
            body = body.encode()
            to.sendall(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB %s answer %d\r\n%s\r\n' % (subject.encode(), len(body), body))
            for line in lines:
                if line.startswith(b"MSG answer"):
                    return json.loads(lines.readline())
        self.fail(f"no answer on {subject}")

    def holder(self):
        """Who keeps a stream in step, by name and stream, and whether he still does."""
        asked = subprocess.run(["psql", "-Atd", environment["STRATA_POSTGRES"], "-c",
                                "select holder, held_until > clock_timestamp() from knowledge_artifacts_horizon"],
                               check=True, capture_output=True, text=True)
        name, now = asked.stdout.strip().split("|")
        return name.split(" ", 1) + [now == "t"]

    def programs_elsewhere(self, there):
        _, stream, _ = self.holder()
        with subprocess.Popen([program, "serve", "--port", "0"], env=environment, stdout=subprocess.DEVNULL) as other:
            try:
                until = time.monotonic() + 60
                said = ""
                # Of a program that a busy machine kept from its work the doctor's own instance takes the lease over.
                while "have another, KNOWLEDGE_CACHE (knowledge.cache.template" not in said:
                    self.assertLess(time.monotonic(), until, said)
                    if self.holder()[1:] == [stream, True] or not self.holder()[2]:
                        time.sleep(0.05)
                        continue
                    told, _ = self.examine(1, **there)
                    said = "\n".join(one["text"] for one in told["findings"] if one["severity"] == "mend")
            finally:
                other.send_signal(signal.SIGINT)

    def test_the_stream_of_the_field(self):
        self.done("stats")
        port = int(os.environ["STRATA_TEST_PORT"])
        folder, servers = f"{os.environ['STRATA_TEST_FOLDER']}/nats-field", os.environ["STRATA_TEST_SERVERS"]
        subprocess.run([servers, "nats", "start", folder, str(port)], check=True)
        try:
            there = {"STRATA_NATS": f"nats://127.0.0.1:{port}", "STRATA_STREAM_BYTES": "10737418240", "STRATA_STREAM_MESSAGES": "100000"}
            stream = json.loads((self.fixtures / "stream.json").read_text()) | {"num_replicas": 1, "max_bytes": 64 << 20}
            made = self.ask_nats(port, "$JS.API.STREAM.CREATE.KNOWLEDGE_CACHE", json.dumps(stream))
            self.assertNotIn("error", made)
            for _ in range(3):
                self.ask_nats(port, "knowledge.cache.template.rust-microservice", "{}")
            time.sleep(1.5)  # for a second after its last look the program that asked for stats counts as running
            told, _ = self.examine(1, **there)
            said = {one["text"].split()[0]: one for one in told["findings"] if one["where"] == "stream KNOWLEDGE_CACHE"}
            self.assertEqual({name for name, one in said.items() if one["severity"] == "mend"}, {"max_msgs_per_subject", "allow_direct"})
            self.assertIn("3 messages hold 1 keys", said["max_msgs_per_subject"]["text"])
            self.assertEqual(said["max_msgs_per_subject"]["command"], "nats stream edit KNOWLEDGE_CACHE --max-msgs-per-subject=1")
            self.assertEqual(said["max_bytes"]["severity"], "note")
            self.ask_nats(port, "$JS.API.STREAM.UPDATE.KNOWLEDGE_CACHE",
                          json.dumps(stream | {"max_msgs": 20, "max_msgs_per_subject": 1, "allow_direct": True}))
            for i in range(20):
                self.ask_nats(port, f"knowledge.cache.template.full-{i}", "{}")
            told, _ = self.examine(1, **there)
            said = [one for one in told["findings"] if one["where"] == "stream KNOWLEDGE_CACHE" and one["severity"] == "mend"]
            self.assertEqual(len(said), 1)
            self.assertIn("20 of 20 messages are used", said[0]["text"])
            self.assertEqual(said[0]["command"], "nats stream edit KNOWLEDGE_CACHE --max-msgs=40")
            self.programs_elsewhere(there)
        finally:
            subprocess.run([servers, "nats", "stop", folder, "KILL"], check=True)

    def test_a_user_who_may_do_what_is_shipped_and_no_more(self):
        folder, servers = pathlib.Path(os.environ["STRATA_TEST_FOLDER"], "nats-least"), os.environ["STRATA_TEST_SERVERS"]
        repository = pathlib.Path(servers).parent.parent
        subprocess.run([repository / "test/integration/warm/accounts", folder], check=True)
        shutil.copy(self.policies / "warm/jetstream/permissions.conf", folder)
        # One certificate is the authority's, the server's and ours.
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=all", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key", "-out", folder / "pem"],
                       check=True, capture_output=True)
        for name, password in [("right", "PLANTED-right"), ("wrong", "PLANTED-wrong"), ("admin", "PLANTED-admin")]:
            (folder / name).write_text(password + "\n")
        public = (folder / "user.pub").read_text().strip()
        port = int(os.environ["STRATA_TEST_PORT"])
        subprocess.run([servers, "nats", "start", folder, str(port),
                        f'tls {{ cert_file: "{folder}/pem", key_file: "{folder}/key", ca_file: "{folder}/pem", verify: true }}',
                        "authorization { users: [ { user: admin, password: PLANTED-admin }",
                        "{ user: cache, password: PLANTED-right, permissions { include ./permissions.conf } }",
                        f"{{ nkey: {public}, permissions {{ include ./permissions.conf }} }} ] }}"], check=True)
        where = {"STRATA_NATS": f"nats://127.0.0.1:{port}", "STRATA_NATS_CA": f"{folder}/pem", "STRATA_NATS_CERTIFICATE": f"{folder}/pem",
                 "STRATA_NATS_KEY": f"{folder}/key"} | self.database("least")
        as_user = lambda name, file: ("--nats-user", name, "--nats-password-file", folder / file)  # noqa: E731
        by_nkey = ("--nats-nkey", public, "--nats-nkey-seed", folder / "user.seed")
        inbox = ("--nats-inbox-prefix", "_INBOX_STRATA")
        said = ""

        def call(*arguments, status=0, **more):
            nonlocal said
            ended = self.done(*map(str, arguments), status=status, **where, **more)
            said += ended.stdout + ended.stderr
            return ended.stdout

        def findings(*arguments, status):
            told = json.loads(call("doctor", "--json", *arguments, status=status))
            return told, {(one["severity"], one["where"]): one for one in told["findings"]}
        try:
            call("stats", *as_user("admin", "admin"))  # makes the stream, which the other users may not
            _, found = findings("--no-round-trip", *as_user("admin", "admin"), status=1)
            self.assertIn("permissions.conf", found["mend", "NATS user"]["command"])
            self.assertIn("--nats-inbox-prefix", found["mend", "NATS user"]["command"])
            for user in as_user("cache", "right"), by_nkey:
                told, found = findings(*user, *inbox, status=1)
                self.assertEqual(self.mends(found) - (self.server() - {"NATS user"}), {where["STRATA_NATS"]})
                self.assertGreater(len(told["round_trip_ns"]), 6)
            self.assertNotIn("Violation", said)  # of what was asked and refused
            call("put", "least", "--data", "text", *by_nkey, *inbox)
            self.assertEqual(call("get", "least", *by_nkey, *inbox), "text\n")
            # As told by variables, and what is wrong.
            right = {"STRATA_NATS_USER": "cache", "STRATA_NATS_PASSWORD_FILE": f"{folder}/right", "STRATA_NATS_INBOX_PREFIX": "_INBOX_STRATA"}
            self.assertRegex(call("stats", **right), r"(?m)^warm +up")
            _, found = findings(*as_user("cache", "right"), status=2)
            self.assertIn('Subscription to "_INBOX.', found["unknown", "NATS user"]["text"])
            for user, why in [(as_user("cache", "wrong"), "uthentication"), (as_user("cache", "none"), f"the file {folder}/none"),
                              (("--nats-nkey", public), "belong together")]:
                _, found = findings(*user, *inbox, status=2)
                self.assertIn(why, found["unknown", "NATS"]["text"])
            call("stats", *as_user("cache", "wrong"), *inbox, status=3, STRATA_READY_WITHIN="500")
        finally:
            subprocess.run([servers, "nats", "stop", folder, "KILL"], check=True)
        self.assertNotIn("PLANTED", said)
        self.assertNotIn((folder / "user.seed").read_text().strip(), said)

    def test_servers_that_are_down(self):
        told, found = self.examine(2, STRATA_NATS="nats://who:geheim@127.0.0.1:9", STRATA_READY_WITHIN="1000")
        self.assertIn(("unknown", "NATS"), found)
        self.assertEqual(told["round_trip_ns"], {})
        self.assertNotIn("geheim", json.dumps(told))
        self.assertNotIn(("unknown", "PostgreSQL"), found)
        told, found = self.examine(2, STRATA_POSTGRES="host=127.0.0.1 port=9 password=geheim", STRATA_READY_WITHIN="1000")
        self.assertIn(("unknown", "PostgreSQL"), found)
        self.assertIn("refused", found["unknown", "PostgreSQL"]["text"])
        self.assertNotIn("geheim", json.dumps(told))

    def test_roles(self):
        self.done("stats")
        self.sql("create role stranger login; create role application login")
        told, found = self.examine(2, STRATA_POSTGRES=os.environ["STRATA_TEST_POSTGRES"] + " user=stranger")
        self.assertIn("select on history", found["mend", "role stranger"]["text"])
        self.assertIn("-v role=stranger", found["mend", "role stranger"]["command"])
        self.sql((self.policies / "cold" / "postgres" / "grants.sql").read_text(), role="application")
        application = {"STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"] + " user=application"}
        told, found = self.examine(1, **application)
        self.assertEqual({where for where in self.mends(found) if where.startswith("role")}, set())
        self.assertGreater(len(told["round_trip_ns"]), 6)
        [room] = [one["text"] for one in told["findings"] if "leaves room for" in one["text"]]
        more, pool = (int(number) for number in re.findall(r"\d+", room))
        others = [subprocess.Popen(["psql", "-q", os.environ["STRATA_TEST_POSTGRES"], "-c", "\\! echo", "-f", "-"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True) for _ in range(2 * pool)]
        for one in others:
            one.stdout.readline()  # it is connected
        told, found = self.examine(2, **application)
        self.assertIn("other roles' sessions are hidden", found["unknown", "log of changes"]["text"])
        self.assertEqual(found["unknown", "log of changes"]["command"], "grant pg_read_all_stats to application")
        self.assertIn(room.replace(f"room for {more}", f"room for {more - 2}"), [one["text"] for one in told["findings"]])
        self.sql("grant pg_read_all_stats to application")
        self.examine(1, **application)
        self.sql("revoke pg_read_all_stats from application")
        for one in others:
            one.communicate()
        self.sql("grant delete on knowledge_artifacts to application; revoke execute on function knowledge_artifacts_tidy_usage from application")
        told, found = self.examine(1, **application)
        said = [one["text"] for one in told["findings"] if one["where"] == "role application"]
        self.assertEqual(len(said), 2)
        self.assertIn("execute on tidy_usage", said[0])
        self.assertIn("may delete rows", said[1])
        self.sql("revoke execute on function knowledge_artifacts_move_horizon from application")
        told, _ = self.examine(1, "--no-round-trip", **application)
        [said] = [one["text"] for one in told["findings"] if "lacks" in one["text"]]
        self.assertIn("execute on move_horizon, execute on tidy_usage", said)


class WithoutServers(Tool):
    def test_what_cannot_be_read_replaces_nothing(self):
        with tempfile.TemporaryDirectory() as folder:
            def call(*command, status=0, **more):
                ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env={"XDG_DATA_HOME": folder}, **more)
                self.assertEqual(ended.returncode, status, f"{command}: {ended.stdout}{ended.stderr}")
                return ended.stdout + ended.stderr
            call(program, "put", "w/kept", "--data", "good")
            self.assertIn("standard input: Is a directory", call("/bin/sh", "-c", '"$0" put w/kept < /', program, status=2))
            self.assertIn("standard input: Bad file", call("/bin/sh", "-c", '"$0" put w/kept <&-', program, status=2))
            # At a terminal: the half that was typed.
            typing, terminal = pty.fork()
            if typing == 0:
                os.execve(program, [program, "put", "w/kept"], {"XDG_DATA_HOME": folder})
            time.sleep(1)
            os.write(terminal, b"half of\n\x03")
            time.sleep(1)
            with contextlib.suppress(OSError):
                os.write(terminal, b"\x04")
            _, status = os.waitpid(typing, 0)
            os.close(terminal)
            self.assertEqual(os.waitstatus_to_exitcode(status), -signal.SIGINT)
            self.assertEqual(call(program, "get", "w/kept"), "good\n")

    def test_a_file_of_the_user_keeps_templates(self):
        with tempfile.TemporaryDirectory() as folder:
            def call(*arguments, status=0, **more):
                ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=120,
                                       env={"XDG_DATA_HOME": folder} | more)
                self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
                return ended
            call("put", "w/one", "--data", "first")
            self.assertTrue(pathlib.Path(folder, "strata", "knowledge.db").exists())
            call("put", "w/one", "--data", "second")
            self.assertEqual(call("get", "w/one").stdout, "second\n")
            self.assertEqual([entry["asset"]["data"] for entry in json.loads(call("history", "--json", "w/one").stdout)],
                             ["second", "first"])
            self.assertIn("success", call("outcome", "w/one", "success").stdout)
            self.assertIn("w/one", call("popular").stdout)
            for arguments in [("search", "first"), ("similar", "w/one"), ("archive", "--days", "1"), ("export", "a.jsonl"),
                              ("serve", "--port", "0"), ("doctor",)]:
                self.assertIn("wants PostgreSQL", call(*arguments, status=4).stderr)
            self.assertIn("--file", call("--help").stdout)
            file = str(pathlib.Path(folder, "strata", "knowledge.db"))
            self.assertEqual(call("get", "w/one", STRATA_FILE=file, PGHOST="no.such.host.invalid").stdout, "second\n")
            call("erase", "w/one")
            call("get", "w/one", status=1)


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
