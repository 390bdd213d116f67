#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Runs the whole example and reads what it prints, as somebody at a terminal would: test_run.py [ARGUMENTS OF run]."""

import os
import pathlib
import re
import subprocess
import sys

embedded = "--embedded" in sys.argv
ended = subprocess.run([pathlib.Path(__file__).with_name("run"), *sys.argv[1:]], stdout=subprocess.PIPE, text=True,
                       env=os.environ | {"STRATA_NATS_USER": "somebody", "STRATA_NATS_PASSWORD_FILE": "/none"})  # of other servers
print(ended.stdout)
lines = ended.stdout.splitlines()
faults = []


def expect(what, truth):
    if not truth:
        faults.append(what)


def number(pattern):
    found = re.search(pattern, ended.stdout)
    return float(found[1].replace(",", "")) if found else -1


def nanoseconds(time):
    value, unit = time.split()
    return float(value) * {"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9}[unit]


def in_order(times):
    return 0 < times[0] and times == sorted(times)


expect("it succeeds", ended.returncode == 0)
expect("at most 40 lines of 100 columns", len(lines) <= 40 and max(map(len, lines), default=0) <= 100)
expect("several thousand templates are written", number(r"written ([\d,]+)") > 4000)
expect("the columns have names", re.search(r"(?m)^tier +requests +share +p50 +p99 +p99\.9$", ended.stdout))
for tier in ["hot", "cold"] if embedded else ["hot", "warm", "cold"]:
    expect(f"{tier} serves 5 % or more", number(rf"(?m)^{tier} +[\d,]+ +([\d.]+) %") >= 5)
    times = re.search(rf"(?m)^{tier} +[\d,]+ +[\d.]+ %" + r" +([\d.]+ [num]?s)" * 3 + "$", ended.stdout)
    expect(f"{tier} has p50, p99 and p99.9, in this order", times and in_order([nanoseconds(time) for time in times.groups()]))
if not embedded:
    seconds = [list(map(int, row.replace(",", "").split())) for row in lines if re.fullmatch(r" +\d( +[\d,]+){4}", row)]
    expect("without NATS cold serves and nothing fails",
           len(seconds) >= 5 and any(row[2] == 0 and row[3] > 0 for row in seconds) and all(row[4] == 0 for row in seconds))
expect("a second process finds all of it", number(r"([\d,]+) as imported") == number(r"written ([\d,]+)"))
expect("and some of it in warm", embedded or number(r"answered by hot 0, warm ([\d,]+)") > 0)
expect("the most used were used", number(r"(?m)^ +uses  success .*\n +([\d,]+)") > 1000)
expect("a search finds programs", embedded or re.search(r"(?m)^ +0\.\d+  vim/.*\[(main|arg)", ended.stdout))
sys.exit("\n".join(f"not so: {fault}" for fault in faults) or 0)
