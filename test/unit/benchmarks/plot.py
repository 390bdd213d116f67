# SPDX-License-Identifier: BSL-1.0
"""plot.py beside another simulator's misses: what it counts, and that it fails where exact LRU or the optimum are not the same."""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

program = pathlib.Path(__file__).parents[3] / "benchmarks" / "plot.py"
heading = "trace,entries,policy,misses,requests\n"
reference = heading + "t,32,LRU,400,1000\nt,64,LRU,300,1000\nt,32,S3-FIFO-t1,350,1000\nt,64,S3-FIFO-t1,280,1000\nt,32,OPT,200,1000\n"
ours = heading + "t,32,lru_exact,400,1000\nt,64,lru_exact,300,1000\nt,32,s3fifo,353,1000\nt,64,s3fifo,270,1000\nt,32,OPT,200,1000\n"


def compare(measured):
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("reference.csv", reference), ("measured", measured)):
            (pathlib.Path(folder) / name).write_text(text, encoding="utf-8")
        return subprocess.run([sys.executable, program, "--reference", f"{folder}/reference.csv", f"{folder}/measured"],
                              capture_output=True, text=True, check=False)


class Reference(unittest.TestCase):
    def test_counts_what_is_alike(self):
        done = compare(ours)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines()[2:], [
            "| lru_exact | 2 | 2 | 2 | +0.00 |  |", "| s3fifo | 2 | 0 | 1 | -1.00 | t, 64 |", "| OPT | 1 | 1 | 1 | +0.00 |  |"])

    def test_takes_json_too(self):
        rows = [dict(zip(("trace", "entries", "policy", "misses", "requests"), (trace, int(entries), policy, int(misses), int(requests))),
                     name=f"hit-ratio/{trace}/{entries}/{policy}")
                for trace, entries, policy, misses, requests in (line.split(",") for line in ours.splitlines()[1:])]
        self.assertEqual(compare(json.dumps({"context": {}, "benchmarks": rows})).stdout, compare(ours).stdout)

    def test_fails_where_it_must_be_the_same(self):
        for old, new, told in (("64,lru_exact,300", "64,lru_exact,301", "lru_exact, t, 64: 301 misses, and in the reference 300"),
                               ("OPT,200,1000", "OPT,199,1000", "OPT, t, 32: 199 misses, and in the reference 200"),
                               ("s3fifo,353,1000", "s3fifo,353,999", "t, 32: 999 requests, and in the reference 1000"),
                               ("t,32,OPT", "another,32,OPT", "OPT: the reference has none of its rows")):
            done = compare(ours.replace(old, new))
            self.assertEqual((done.returncode, done.stderr.strip()), (1, told))


if __name__ == "__main__":
    unittest.main()
