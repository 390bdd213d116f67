#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""What open pages of the dashboard cost those who read from the same cache.

  pages/throughput     two threads that hit in memory as fast as they can, in turns with no page open and with --pages of
                       them: `hits_per_second` without, and `kept`, the median share of it that is left with them
  pages/instructions   of a hit by one thread, counted by callgrind without a page and with all of them open, and `ratio`;
                       of two threads it would depend on how often callgrind lets them meet

A page here is what a browser keeps of one: its stream of figures, and the question for the lists every five seconds. All
of them live in another process, on the same machine as the readers.
"""

import argparse
import json
import os
import re
import select
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
given.add_argument("program")
given.add_argument("--pages", type=int, default=50)
given.add_argument("--turns", type=int, default=9)
given.add_argument("--hits", type=int, default=20_000_000, help="of which instructions are counted, at least")
given.add_argument("--seconds", type=float, default=3, help="of each turn")
given.add_argument("--benchmark_out", metavar="FILE")
given.add_argument("--benchmark_out_format")
given.add_argument("--benchmark_min_time")
given.add_argument("--benchmark_context")
given.add_argument("--benchmark_filter", default="", metavar="REGEX")


def look(port, pages):
    """Keeps pages open until its standard input ends."""

    def connect(path):
        s = socket.create_connection(("127.0.0.1", port), timeout=60)
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        return s

    def opened(path):  # one after the other, as people do it: a server whose instructions are counted is slow
        s = connect(path)
        if not s.recv(1 << 20):
            sys.exit("the server refused a page")
        return s

    streams = [opened("/api/live") for _ in range(pages)]
    asked = [opened("/api/lists") for _ in range(pages)]
    print("open", flush=True)
    turn = 0
    while True:
        ready, _, _ = select.select([sys.stdin, *streams, *asked], [], [], 5 / max(1, pages))
        if sys.stdin in ready:
            return
        for s in ready:
            if not s.recv(1 << 20):
                sys.exit("the server closed a page")
        if pages and not ready:  # one page after the other, so that each asks every five seconds
            asked[turn % pages].sendall(b"GET /api/lists HTTP/1.1\r\nHost: localhost\r\n\r\n")
            turn += 1


def environment():
    return os.environ | {"STRATA_POSTGRES": os.environ["STRATA_TEST_POSTGRES"], "STRATA_NATS": os.environ["STRATA_TEST_NATS"],
                         "STRATA_STREAM_REPLICAS": "1", "STRATA_STREAM_BYTES": str(64 << 20)}


class Pages:
    def __init__(self, port, pages):
        self.process = subprocess.Popen([sys.executable, __file__, "--look", str(port), str(pages)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "open\n":
            raise RuntimeError("the pages could not be opened")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise RuntimeError("a page was not served")


class Server:
    def __init__(self, program, corpus, threads, before=()):
        self.process = subprocess.Popen([*before, program, "serve", "--port", "0", "--json", "--replay", corpus, "--rate", "0",
                                         "--threads", str(threads)],
                                        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.url = json.loads(self.process.stdout.readline())["url"]
        self.port = int(self.url.rstrip("/").rsplit(":", 1)[1])

    def hits(self):
        text = urllib.request.urlopen(self.url + "metrics", timeout=60).read().decode()
        return float(re.search(r'strata_hits_total{tier="hot"} (\S+)', text)[1])

    def wait_for(self, hits):
        while self.hits() < hits:
            time.sleep(0.1)

    def end(self):
        """Returns the number of hits since it began, and what it said of them."""
        self.process.send_signal(signal.SIGINT)
        told, said = self.process.communicate(timeout=120)
        if self.process.returncode != 0:
            raise RuntimeError(f"the server ended with {self.process.returncode}: {said}")
        return json.loads(told)["hits"], said


def throughput(args, corpus):
    server = Server(args.program, corpus, 2)
    server.wait_for(10_000)

    def rate():
        hits, start = server.hits(), time.monotonic()
        time.sleep(args.seconds)
        return (server.hits() - hits) / (time.monotonic() - start)

    alone, kept = [], []
    for _ in range(args.turns):
        before = rate()
        with Pages(server.port, args.pages):
            beside = rate()
        after = rate()  # so that half of what drifts meanwhile lies on either side
        alone += [before, after]
        kept.append(2 * beside / (before + after))
    server.end()
    return {"hits_per_second": statistics.median(alone), "kept": statistics.median(kept)}


def instructions(args, corpus):
    def of_a_hit(pages, without=0):
        server = Server(args.program, corpus, 1, ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
                                                  "--fair-sched=yes", "--toggle-collect=*ask_on*"])
        server.wait_for(1)
        with Pages(server.port, pages):
            before = server.hits() if pages else 0  # while they were opened, which takes long here
            server.wait_for(before + max(args.hits, before))
        hits, said = server.end()
        return (int(re.search(r"Collected : (\d+)", said)[1]) - before * without) / (hits - before)

    without = of_a_hit(0)
    beside = of_a_hit(args.pages, without)
    return {"without": without, "with": beside, "ratio": beside / without}


def main():
    if sys.argv[1:2] == ["--look"]:
        return look(int(sys.argv[2]), int(sys.argv[3]))
    args = given.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as corpus:
        for i in range(200):
            with open(f"{corpus}/template{i:03}.txt", "w") as text:
                text.write(f"template number {i}\n" * 40)
        subprocess.run([args.program, "import", corpus], env=environment(), stdout=subprocess.DEVNULL, check=True)
        for name, measure in [("pages/throughput", throughput), ("pages/instructions", instructions)]:
            if re.search(args.benchmark_filter, name):
                rows.append({"name": name, "run_type": "iteration", **measure(args, corpus)})
                print(name, *(f"{key}={value:.6g}" for key, value in rows[-1].items() if isinstance(value, float)), flush=True)
    if args.benchmark_out:
        context = dict(pair.split("=", 1) for pair in (args.benchmark_context or "").split(",") if "=" in pair)
        with open(args.benchmark_out, "w") as out:
            json.dump({"context": {"pages": args.pages, **context}, "benchmarks": rows}, out, indent=2)


if __name__ == "__main__":
    main()
