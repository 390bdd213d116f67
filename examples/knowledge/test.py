#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests of the command-line tool against real servers: test/servers run examples/knowledge/test.py PROGRAM."""

import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

program = None
corpus = "/usr/share/vim-snippets"
commands = ["import", "get", "put", "erase", "history", "rollback", "replay", "stats"]

environment = os.environ | {
    "STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"],
    "STRATA_NATS": os.environ["STRATA_TEST_NATS"],
    "STRATA_STREAM_REPLICAS": "1",
    "STRATA_STREAM_BYTES": str(64 << 20),
}


def run(*arguments, given=None, **changes):
    return subprocess.run([program, *arguments], input=given, capture_output=True, text=True, timeout=120,
                          env=environment | changes)


class Tool(unittest.TestCase):
    def done(self, *arguments, status=0, **more):
        ended = run(*arguments, **more)
        self.assertEqual(ended.returncode, status, f"{arguments}: {ended.stdout}{ended.stderr}")
        return ended

    def json(self, *arguments, **more):
        command, *rest = arguments
        return json.loads(self.done(command, "--json", *rest, **more).stdout)


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
                          ("put", "a", "/no/such/file"), ("get", "a", "--no-such-option")]:
            said = self.done(*arguments, status=2).stderr
            self.assertTrue(said.startswith("knowledge: "), said)

    def test_nothing_but_results_on_the_standard_output(self):
        self.assertEqual(self.done("get", "nobody/has/it", status=1).stdout, "")
        self.assertNotIn("\r", run("replay", "--requests", "10", corpus).stderr)


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
        self.assertEqual(self.done("get", "a\x1b[2J", status=1).stderr.count("\x1b"), 0)
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
            (path / "closed").unlink()
            self.assertEqual(self.json("import", "--check", folder, "--type", "prompt")["same"], 2)
            self.assertEqual(self.json("import", "--check", folder, status=5)["different"], 2)

    def import_and_stop(self, after, how):
        """Sends the signal when the import has brought so many templates; what it has not, it had no time for."""
        def there():
            asked = subprocess.run(["psql", "-Atd", environment["STRATA_POSTGRES"], "-c",
                                    "select count(*) from knowledge_artifacts"], capture_output=True, text=True)
            return int(asked.stdout or 0)  # nothing is said before the first import has made the table

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
        told = self.json("replay", "--seconds", "1.2", "--timeline", self.folder.name)
        self.assertEqual(len(told["each_second"]), 1)
        self.assertGreater(told["each_second"][0]["hot"], 0)


class Numbers(Tool):
    def test_stats(self):
        told = self.json("stats")
        self.assertEqual(set(told["tiers"]), {"hot", "warm", "cold"})
        self.assertTrue(all(tier["up"] for tier in told["tiers"].values()))
        self.assertNotIn("cold", self.done("stats", "--no-tiers").stdout)
        self.assertRegex(self.done("stats").stdout, re.compile(r"^cold +up", re.MULTILINE))


if __name__ == "__main__":
    program = sys.argv.pop(1)
    unittest.main()
