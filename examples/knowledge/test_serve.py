#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests of the dashboard's server without a browser: test/servers run examples/knowledge/test_serve.py PROGRAM."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

program = None
servers = os.environ["STRATA_TEST_SERVERS"]
environment = os.environ | {
    "STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"],
    "STRATA_NATS": os.environ["STRATA_TEST_NATS"],
    "STRATA_STREAM_REPLICAS": "1",
    "STRATA_STREAM_BYTES": str(64 << 20),
    # however busy the machine and slow its disk
    "STRATA_READY_WITHIN": "30000",
    "STRATA_WRITE_WITHIN": "30000",
}
hostile = "<img src=x onerror=alert(1)>/'\"&\u00e4\U0001f600"


def run(*arguments, given=None):
    return subprocess.run([program, *arguments], input=given, capture_output=True, text=True, timeout=120, env=environment,
                          check=True).stdout


def soon(holds, what):
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"not within 90 s: {what}")


class Serve(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        run("put", hostile, "--type", "<b>", "--meta", "<i>=</script>", "--data", "one\ntwo\n</script><script>alert(1)</script>\n")
        run("put", hostile, "--type", "<b>", "--meta", "<i>=</script>", "--data", "one\n2\n</script><script>alert(1)</script>\n")
        run("put", "gone", "--data", "was here")
        run("erase", "gone")
        cls.server = subprocess.Popen([program, "serve", "--port", "0", "--json"], env=environment, stdout=subprocess.PIPE, text=True)
        cls.url = json.loads(cls.server.stdout.readline())["url"]
        cls.port = int(re.fullmatch(r"http://127\.0\.0\.1:(\d+)/", cls.url)[1])
        # Never finishes its request; looked at by the last test.
        cls.slow = socket.create_connection(("127.0.0.1", cls.port))
        cls.slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")

    @classmethod
    def tearDownClass(cls):
        cls.server.send_signal(signal.SIGINT)
        status = cls.server.wait(60)
        cls.server.stdout.close()
        if status != 0:
            raise AssertionError(f"the server ended with status {status}")

    def ask(self, path, method="GET", headers={}, body=None, status=200):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=90)
        try:
            connection.request(method, path, body=body, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            if status:
                self.assertEqual(answer.status, status, text)
            return answer, text
        finally:
            connection.close()

    def json(self, path, status=200, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        answer, text = self.ask(path + query, status=status)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        return json.loads(text)

    def raw(self, request):
        with socket.create_connection(("127.0.0.1", self.port), timeout=90) as s:
            s.sendall(request)
            text = b""
            while part := s.recv(65536):
                text += part
            return text.decode()

    def events(self, how_many, connection=None):
        with socket.create_connection(("127.0.0.1", self.port), timeout=90) as s:
            s.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
            text = b""
            while text.count(b"\n\n") < how_many:
                text += s.recv(65536)
        head, _, rest = text.decode().partition("\r\n\r\n")
        self.assertIn("text/event-stream", head)
        return [json.loads(re.search(r"(?m)^data: (.*)$", event)[1]) for event in rest.split("\n\n")[:how_many]]

    def test_the_page_and_what_it_may_do(self):
        for path, kind in [("/", "text/html"), ("/page.css", "text/css"), ("/page.js", "text/javascript"), ("/icon.svg", "image/svg+xml")]:
            answer, text = self.ask(path)
            self.assertTrue(answer.headers["Content-Type"].startswith(kind))
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            policy = answer.headers["Content-Security-Policy"]
            self.assertIn("default-src 'none'; script-src 'self'; style-src 'self'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertEqual(re.findall(r"(?:src|href)=\"(?:https?:)?//", text), [])
            head, nothing = self.ask(path, "HEAD")
            self.assertEqual((head.headers["Content-Length"], nothing), (str(len(text.encode())), ""))

    def test_it_only_reads(self):
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"]:
            answer, _ = self.ask("/api/asset?id=a", method, status=405)
            self.assertEqual(answer.headers["Allow"], "GET, HEAD")

    def test_names_that_point_here(self):  # a foreign page whose name was made to resolve to this machine
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", ""]:
            self.ask("/api/lists", headers={"Host": host}, status=421)
        for host in ["localhost", f"localhost:{self.port}", "127.0.0.1:1", "[::1]:80"]:
            self.ask("/api/lists", headers={"Host": host})
        self.assertIn(" 421 ", self.raw(b"GET / HTTP/1.0\r\n\r\n"))
        self.assertIn(" 421 ", self.raw(b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n"))

    def test_foreign_origins(self):
        mine = f"127.0.0.1:{self.port}"
        for origin in ["http://evil.example", "null", "http://127.0.0.1:1", "file://"]:
            self.ask("/api/lists", headers={"Host": mine, "Origin": origin}, status=403)
        self.ask("/api/lists", headers={"Host": mine, "Origin": f"http://{mine}"})
        for path in ["/api/lists", "/api/live", "/metrics", "/page.js"]:
            self.ask(path, headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, status=403)
        self.ask("/api/lists", headers={"Sec-Fetch-Site": "same-site"}, status=403)
        self.ask("/", headers={"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"})  # somebody's link to the page

    def test_what_is_too_large_or_makes_no_sense(self):
        self.ask("/", headers={"X-Large": "x" * 20_000}, status=431)
        self.ask("/" + "x" * 20_000, status=431)
        self.ask("/", body="x", status=413)
        self.ask("/api/asset?id=%zz", status=400)
        for path in ["/../../etc/passwd", "/page.css/..", "/%2e%2e/", "//", "/api", "/api/none"]:
            self.ask(path, status=404)
        self.assertIn(" 400 ", self.raw(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"))
        for id in ["", "\0", "x" * 513]:
            self.assertIn("rejected", self.json("/api/asset", status=400, id=id)["error"])
        self.ask("/api/asset?id=%ff", status=400)

    def test_an_asset_that_means_harm_is_data(self):
        found = self.json("/api/asset", id=hostile)
        self.assertEqual(found["asset"]["id"], hostile)
        self.assertEqual(found["asset"]["metadata"], {"<i>": "</script>"})
        self.assertEqual([v["version"] for v in found["history"]], [2, 1])
        cold = found["tiers"]["cold"]
        self.assertEqual((cold["present"], cold["revision"]), (True, found["history"][0]["revision"]))
        self.assertRegex(cold["text"], rf"^revision {cold['revision']}, \d+ (ms|s|min) old$")
        older = self.json("/api/version", id=hostile, revision=found["history"][1]["revision"])
        self.assertIn("two", older["data"])
        self.assertIn("error", self.json("/api/version", status=404, id=hostile, revision=999999999))

    def test_use_over_time(self):
        run("outcome", hostile, "success")
        over_time = self.json("/api/asset", id=hostile)["over_time"]
        for kind, periods in [("days", 30), ("hours", 48)]:
            self.assertEqual(len(over_time[kind]), periods)
            self.assertEqual(sorted(row[0] for row in over_time[kind]), [row[0] for row in over_time[kind]])
            self.assertEqual([sum(row[i] for row in over_time[kind]) for i in [2, 3]], [1, 0])

    def test_what_differs_and_what_is_found(self):
        versions = [v["revision"] for v in self.json("/api/asset", id=hostile)["history"]]
        [part] = self.json("/api/diff", id=hostile, **{"from": versions[1], "to": versions[0]})
        self.assertEqual(part["name"], "text")
        self.assertEqual([tuple(e) for e in part["edits"]], [
            ("kept", "one"), ("removed", "two"), ("added", "2"), ("kept", "</script><script>alert(1)</script>")])
        found = self.json("/api/search", q="alert")
        self.assertEqual([m["id"] for m in found["all"]], [hostile])
        self.assertIn("alert(1)", "".join(text for text, _ in found["all"][0]["excerpt"]))
        for strange in ["", "\"", "-", "'; drop table x; --", "a\0b", "(" * 1000]:
            self.assertIn(self.ask("/api/search?" + urllib.parse.urlencode({"q": strange}), status=None)[0].status, [200, 400], strange)

    def test_lists(self):
        lists = self.json("/api/lists")
        self.assertEqual(lists["can"], {"diff": True, "search": True, "similar": True})
        for name in ["popular", "rising", "failing", "unused"]:
            self.assertIsInstance(lists[name], list, name)

    def test_what_was_erased_and_what_never_was(self):
        gone = self.json("/api/asset", id="gone")
        self.assertEqual((gone["found"], gone["known"], gone["history"][0]["erased"]), (False, True, True))
        self.assertEqual(self.json("/api/version", id="gone", revision=gone["history"][1]["revision"])["data"], "was here")
        never = self.json("/api/asset", id="never")
        self.assertEqual((never["found"], never["known"]), (False, False))

    def test_looking_is_no_use(self):
        before = self.events(1)[0]["state"]["tiers"]
        for _ in range(3):
            self.json("/api/asset", id=hostile)
        after = self.events(2)[1]["state"]["tiers"]
        for tier in ["hot", "warm", "cold"]:
            self.assertEqual(after[tier]["hits"], before[tier]["hits"])

    def test_many_pages_hear_the_same(self):
        streams = [socket.create_connection(("127.0.0.1", self.port), timeout=90) for _ in range(50)]
        for s in streams:
            s.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        texts = [b"" for _ in streams]

        def alike():  # the last may have come when the first had heard a few already
            for i, s in enumerate(streams):
                texts[i] += s.recv(65536)
            return set.intersection(*(set(re.findall(rb"\n\n(data: .*)(?=\n\n)", text)) for text in texts))
        soon(alike, "figures that all of them were told")
        for s in streams:
            s.close()
        first, news = self.events(2)
        self.assertEqual(len(news["row"]), len(first["columns"]))
        self.assertGreater(news["row"][0], first["rows"][0][0])

    def test_too_many_connections_keep_nobody_out_for_ever(self):
        idle = [socket.create_connection(("127.0.0.1", self.port), timeout=90) for _ in range(300)]
        for s in idle:
            s.close()

        def answered():
            try:
                return self.ask("/")
            except OSError:
                return None
        soon(answered, "an answer after others have gone")

    def test_metrics(self):
        answer, text = self.ask("/metrics")
        self.assertIn("version=0.0.4", answer.headers["Content-Type"])
        said = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
        self.assertEqual((said.returncode, said.stdout + said.stderr), (0, ""))
        self.assertIn('strata_tier_up{tier="cold"} 1', text)

    def test_what_is_wrong_is_told_in_words(self):
        subprocess.run([servers, "nats", "stop", os.environ["STRATA_TEST_FOLDER"] + "/nats"], check=True)
        try:
            soon(lambda: any("The stream does not answer" in f["text"] for f in self.events(1)[0]["state"]["findings"]), "the finding")
            self.assertEqual(self.json("/api/asset", id=hostile)["asset"]["id"], hostile)
        finally:
            subprocess.run([servers, "nats", "start", os.environ["STRATA_TEST_FOLDER"] + "/nats", environment["STRATA_NATS"].rsplit(":", 1)[1]],
                           check=True)
        soon(lambda: all(f["weight"] == "note" for f in self.events(1)[0]["state"]["findings"]), "all well again")

    def test_zz_a_slow_request_is_not_waited_for(self):
        self.slow.settimeout(30)
        self.assertEqual(self.slow.recv(100), b"")
        self.slow.close()

    def test_usage(self):
        taken = subprocess.run([program, "serve", "--port", str(self.port)], env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(taken.returncode, 2)
        self.assertIn(f"port {self.port}: Address already in use", taken.stderr)

    def test_zz_ctrl_c_ends_it(self):
        other = subprocess.Popen([program, "serve", "--port", "0", "--json"], env=environment, stdout=subprocess.PIPE, text=True)
        port = int(json.loads(other.stdout.readline())["url"].rstrip("/").rsplit(":", 1)[1])
        # A page that is open and a request that never ends keep nobody waiting.
        page = socket.create_connection(("127.0.0.1", port), timeout=30)
        page.sendall(b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.assertIn(b" 200 ", page.recv(65536))
        half = socket.create_connection(("127.0.0.1", port), timeout=30)
        half.sendall(b"GET / HTTP/1.1\r\n")
        other.send_signal(signal.SIGINT)
        self.assertEqual(other.wait(60), 0)
        while page.recv(65536):
            pass
        self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port), 30)
        for s in [page, half, other.stdout]:
            s.close()


class Busy(unittest.TestCase):
    """Two questions at a time are asked; the others wait for their turn."""

    def test_who_was_answered_hears_it_and_ctrl_c_waits_for_no_turn(self):
        run("put", "asked", "--data", "1")
        log = pathlib.Path(os.environ["STRATA_TEST_FOLDER"], "postgres", "log")
        before = log.read_text().count("execute strata_at_revision")
        settings = {"STRATA_READ_WITHIN": "1000", "STRATA_POSTGRES": environment["STRATA_POSTGRES"] + " options='-clog_statement=all'"}
        with (subprocess.Popen([program, "serve", "--port", "0", "--json"], env=environment | settings, stdout=subprocess.PIPE, text=True) as server,
              subprocess.Popen(["psql", "-qAtd", environment["STRATA_POSTGRES"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other,
              contextlib.ExitStack() as rest):
            rest.callback(server.kill)
            port = int(json.loads(server.stdout.readline())["url"].rstrip("/").rsplit(":", 1)[1])
            other.stdin.write("begin; lock table knowledge_artifacts; select 'held';\n")
            other.stdin.flush()
            self.assertEqual(other.stdout.readline(), "held\n")
            asking = [rest.enter_context(socket.create_connection(("127.0.0.1", port), timeout=90)) for _ in range(40)]
            for s in asking:
                s.sendall(b"GET /api/version?id=asked&revision=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertTrue(select.select(asking, [], [], 90)[0])
            time.sleep(0.2)
            self.assertLess(len(select.select(asking, [], [], 0)[0]), 40)
            server.send_signal(signal.SIGINT)
            self.assertIn("hits", server.stdout.readline())  # the last that it says
            time.sleep(0.2)
            other.stdin.close()  # nobody keeps them waiting any more
            self.assertEqual(server.wait(90), 0)
        self.assertLess(log.read_text().count("execute strata_at_revision") - before, 20)


class Secrets(unittest.TestCase):
    """What is given to reach the servers stands on no page, whether they can be reached or not."""

    def told(self, **given):
        """\\returns every page, and what the program says beside them"""
        server = subprocess.Popen([program, "serve", "--port", "0", "--json"], env=environment | {"STRATA_READY_WITHIN": "500"} | given,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            line = server.stdout.readline()
            all = [line]
            for path in ["/", "/metrics", "/api/lists", "/api/asset?id=a", "/api/search?q=a", "/api/none"]:
                try:
                    with urllib.request.urlopen(json.loads(line)["url"].rstrip("/") + path, timeout=90) as answer:
                        all.append(answer.read().decode())
                except urllib.error.HTTPError as error:
                    all.append(error.read().decode())
            with urllib.request.urlopen(json.loads(line)["url"] + "api/live", timeout=90) as live:
                all.append(live.readline().decode() + live.readline().decode())
        finally:
            server.send_signal(signal.SIGINT)
            rest, errors = server.communicate(timeout=90)
        return "\n".join([*all, rest, errors])

    def test_are_on_no_page(self):
        postgres, nats = environment["STRATA_POSTGRES"], environment["STRATA_NATS"].removeprefix("nats://")
        up = self.told(STRATA_POSTGRES=postgres + " password=geheim", STRATA_NATS="nats://who:geheim@" + nats)
        self.assertIn('strata_tier_up{tier="cold"} 1', up)
        away = self.told(STRATA_POSTGRES="host=127.0.0.1 port=9 password=geheim", STRATA_NATS="nats://who:geheim@127.0.0.1:9")
        self.assertIn('strata_tier_up{tier="cold"} 0', away)
        self.assertIn('strata_tier_up{tier="warm"} 0', away)
        for all in up, away:
            self.assertIn('"findings"', all)
            self.assertNotIn("geheim", all)


class Hiccup(unittest.TestCase):
    """What the database did not answer is asked for again soon, however long it took to say nothing."""

    def test_lists_come_back(self):
        run("put", "listed", "--data", "1")
        with subprocess.Popen([program, "serve", "--port", "0", "--json"], env=environment | {"STRATA_READ_WITHIN": "1000"},
                              stdout=subprocess.PIPE, text=True) as server:
            try:
                url = json.loads(server.stdout.readline())["url"] + "api/lists"

                def failed():
                    with urllib.request.urlopen(url, timeout=90) as answer:
                        return "error" in answer.read().decode()
                with subprocess.Popen(["psql", "-d", environment["STRATA_POSTGRES"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      text=True) as other:
                    other.stdin.write("begin; lock table knowledge_artifacts_usage; select 'held';\n")
                    other.stdin.flush()
                    while "held" not in other.stdout.readline():
                        pass
                    self.assertTrue(failed())
                began = time.monotonic()
                soon(lambda: not failed(), "lists")
                self.assertLess(time.monotonic() - began, 15)
            finally:
                server.send_signal(signal.SIGINT)


class Restored(unittest.TestCase):
    """A backup was brought beside a template that was written here."""

    def test_the_page_shows_what_is_there(self):
        databases = {}
        for name in "backed_up", "written":
            subprocess.run(["psql", "-qd", environment["STRATA_POSTGRES"], "-c", f"create database {name}"], check=True)
            databases[name] = environment | {"STRATA_POSTGRES": environment["STRATA_POSTGRES"].replace("dbname=strata", f"dbname={name}"),
                                             "STRATA_NATS": "nats://127.0.0.1:9", "STRATA_READY_WITHIN": "300"}

        def call(name, *arguments, status=0):
            ended = subprocess.run([program, *arguments], env=databases[name], capture_output=True, text=True, timeout=120)
            self.assertEqual(ended.returncode, status, ended.stdout + ended.stderr)
        for i in range(3):
            call("backed_up", "put", "both", "--data", f"backed up {i}")
        call("written", "put", "both", "--data", "written here")
        with tempfile.TemporaryDirectory() as folder:
            call("backed_up", "export", folder + "/all.jsonl")
            call("written", "import", folder + "/all.jsonl", status=5)
        with subprocess.Popen([program, "serve", "--port", "0", "--json"], env=databases["written"], stdout=subprocess.PIPE, text=True) as server:
            try:
                with urllib.request.urlopen(json.loads(server.stdout.readline())["url"] + "api/asset?id=both", timeout=90) as answer:
                    told = json.load(answer)
            finally:
                server.send_signal(signal.SIGINT)
        self.assertEqual(told["history"][0]["version"], 1)
        self.assertEqual(told["asset"]["data"], "written here")


class ServeAll(unittest.TestCase):
    """What ./dev serve runs, with servers of its own."""

    def test_is_reached_and_ctrl_c_leaves_nothing(self):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            os.mkdir(folder + "/corpus")
            for i in range(20):
                with open(f"{folder}/corpus/{i}.txt", "w") as text:
                    text.write(f"template {i}")
            port = int(os.environ["STRATA_TEST_PORT"])
            script = os.path.join(os.path.dirname(__file__), "serve")
            all = subprocess.Popen([script, "--port", str(port), "--corpus", folder + "/corpus", "--rate", "50"], text=True,
                                   env=os.environ | {"STRATA_KNOWLEDGE": os.path.abspath(program)},
                                   stdout=subprocess.PIPE, start_new_session=True)
            try:
                self.assertIn(f"http://127.0.0.1:{port}/", all.stdout.readline())

                def served():
                    try:
                        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=30) as answer:
                            return re.search(r'strata_hits_total{tier="hot"} [1-9]', answer.read().decode())
                    except OSError:
                        return None
                soon(served, "hits in memory")

                def timed():
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/live", timeout=30) as stream:
                        told = json.loads(next(line for line in stream if line.startswith(b"data: "))[6:])
                    half, most = (told["rows"][-1][told["columns"].index(name)] for name in ["hot_p50", "hot_p99"])
                    return half and 0 < half <= most
                soon(timed, "what those hits took")
                places = [words[words.index("-D") + 1] for words in members(all.pid) if "-D" in words]
                self.assertEqual(len(places), 1)
                self.assertTrue(os.path.exists(places[0]))
                os.killpg(all.pid, signal.SIGINT)  # as a terminal does
                self.assertIn(all.wait(60), [0, 130])
            finally:
                if all.poll() is None:
                    os.killpg(all.pid, signal.SIGKILL)
                    all.wait()
                all.stdout.close()
            soon(lambda: not members(all.pid), "the end of all that it started")
            self.assertFalse(os.path.exists(os.path.dirname(places[0])))
            self.assertRaises(ConnectionRefusedError, socket.create_connection, ("127.0.0.1", port), 30)


def members(session):
    """The command lines of the processes of a session."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat, open(f"/proc/{name}/cmdline") as words:
                if int(stat.read().rsplit(")", 1)[1].split()[3]) == session:
                    found.append(words.read().split("\0"))
        except OSError:  # it has ended meanwhile
            pass
    return found


if __name__ == "__main__":
    program = sys.argv.pop()
    unittest.main()
