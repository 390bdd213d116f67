# SPDX-License-Identifier: BSL-1.0
"""Judges what programs that write one table and one stream at the same time say that they wrote and saw.

Every value names its writer and a number, and the table's history orders all writes by revision. So what was acknowledged
must be in the history, nothing may be anywhere that nobody wrote to that id, and who reads through us never goes back nor is
told that something is fresh which others replaced longer ago than the bound.
"""

import bisect
import collections
import itertools
import json
import math
import sys

bound = 1250  # ms: the lease, and what a busy machine may add to a revalidation


def same(a, b):
    """Whether two assets are one, apart from their version."""
    return all(a[name] == b[name] for name in ["id", "asset_type", "data", "metadata"])


def alike(row, asset):
    """Whether an asset, or none, is what the table's row says."""
    if row is None or asset is None:
        return row is None and asset is None
    return same({**row, "asset_type": row["type"]}, asset) and row["version"] == asset["version"]


class Judge:
    def __init__(self, known):
        self.faults = []
        self.begun = dict(known)  # (writer, number) -> asset
        self.versions = collections.defaultdict(set)
        self.revisions = collections.defaultdict(list)  # (writer, number) -> revisions
        self.erased = set()  # (id, revision) of the tombstones
        self.highest = collections.defaultdict(int)  # id -> revision
        self.counts = collections.Counter()

    def fault(self, text):
        self.faults.append(text)

    def value(self, asset, where):
        """What is found anywhere must have been written, to that id, as it is. \\returns who wrote it"""
        try:
            mark = json.loads(asset["data"])
            who = mark["by"], mark["n"]
            written = self.begun[who]
        except (ValueError, KeyError, TypeError):
            return None if asset["data"] == "ours" else self.fault(f"{where}: nobody wrote {asset}")
        if not same(written, asset):
            self.fault(f"{where}: {written} became {asset}")
        self.versions[who].add(asset["version"])
        return who

    def read_logs(self, files):
        events = []
        for file in files:
            for line in file.read_text().split("\n"):
                try:
                    event = json.loads(line)
                except ValueError:  # the line that a kill cut
                    continue
                event["program"] = file.stem
                events.append(event)
        for e in events:
            if e["did"] == "begin":
                self.begun[e["program"], e["n"]] = e["asset"]
                if e["program"].startswith("theirs"):
                    self.versions[e["program"], e["n"]].add(e["asset"]["version"])
        return events

    def read_table(self, dump):
        for one in dump:
            if one["kind"] in ("row", "past"):
                asset = {**one, "asset_type": one["type"]}
                who = self.value(asset, one["kind"])
                revision = int(one["revision"])
                if who:
                    self.revisions[who].append(revision)
                    content = one["content"]
                    if not same(content, asset) or content["version"] != one["version"]:
                        self.fault(f"content {content} is not its row {asset}")
        for one in dump:
            if one["kind"] in ("past", "erased"):
                self.highest[one["id"]] = max(self.highest[one["id"]], int(one["revision"]))
            if one["kind"] == "erased":
                self.erased.add((one["id"], int(one["revision"])))
        for one in dump:
            if one["kind"] == "row":
                if int(one["revision"]) <= self.highest[one["id"]]:
                    self.fault(f"the row of {one['id']!r} is not its last write")
                self.highest[one["id"]] = max(self.highest[one["id"]], int(one["revision"]))

    def acknowledged(self, events):
        for e in events:
            if e["did"] == "erased" and e["changed"]:
                self.counts["erases acknowledged by ours"] += 1
                if (e["id"], e["revision"]) not in self.erased and e["revision"] >= self.highest[e["id"]]:
                    self.fault(f"{e} was acknowledged, and the table has neither its tombstone nor a later write")
            if e["did"] not in ("saved", "row"):
                continue
            found = self.revisions.get((e["program"], e["n"]), [])
            self.counts["writes acknowledged by " + ("others" if e["did"] == "row" or e["program"].startswith("theirs") else "ours")] += (
                e["did"] == "row" or not e["program"].startswith("theirs"))
            if not found or ("revision" in e and e["revision"] not in found):
                self.fault(f"{e} was acknowledged and is not in the table's history: {found}")
            if "version" in e:
                self.versions[e["program"], e["n"]].add(e["version"])
        for who, versions in self.versions.items():
            if len(versions) != 1:
                self.fault(f"{who} has versions {versions}")

    def read_back(self, events):
        """Reads and receipts of one program and id, in time: a read that began after another ended shows no less."""
        lines = collections.defaultdict(list)
        for e in events:
            if e["did"] == "read" and e["asset"] is not None:
                self.value(e["asset"], e["program"])
                if e["asset"]["id"] != e["id"]:
                    self.fault(f"{e}: this is another's")
            if e["did"] == "read":
                self.counts["reads by " + ("others" if e["program"].startswith("theirs") else "ours")] += 1
            if e["did"] == "failed":
                self.counts["calls failed in " + ("others" if e["program"].startswith("theirs") else "ours")] += 1
            if "revision" in e:
                lines[e["program"], e["id"]].append(e)
                if e["did"] == "read" and e["revision"] == 0 and e["fresh"]:
                    self.fault(f"{e}: fresh without a revision")
        for line in lines.values():
            line.sort(key=lambda e: e["at"])
            ends, floors, floor = [], [], 0
            for e in line:
                floor = max(floor, e["revision"])
                ends.append(e["at"])
                floors.append(floor)
            for e in line:
                if e["did"] != "read" or e["revision"] == 0:
                    continue
                before = bisect.bisect_left(ends, e["since"])
                if before and floors[before - 1] > e["revision"]:
                    self.fault(f"{e}: revision {floors[before - 1]} had been seen before")
        there = {}  # since when
        for e in events:
            if "id" not in e or e["id"].startswith("erased"):
                continue
            if e["did"] in ("saved", "row"):
                there.setdefault((e["program"], e["id"]), e["at"])
            elif (e["did"] == "read" and e["asset"] is None
                  and e.get("since", e["at"]) > there.get((e["program"], e["id"]), math.inf)):
                self.fault(f"{e}: it was written before")

    def fresh_within(self, events):
        """What is called fresh had not been replaced longer ago than the bound when it was asked for. A revision is known
        from the moment at which anybody was told that it is written, or read it."""
        known = collections.defaultdict(list)
        for e in events:
            revisions = [e["revision"]] if "revision" in e else self.revisions[e["program"], e["n"]] if e["did"] == "row" else []
            known[e.get("id")] += [(e["at"], revision) for revision in revisions]
        moments, highest = {}, {}
        for id, all in known.items():
            moments[id], revisions = zip(*sorted(all)) if all else ((), ())
            highest[id] = list(itertools.accumulate(revisions, max))
        oldest = 0.0
        for e in events:
            if e["did"] != "read" or not e.get("fresh") or not e.get("revision"):
                continue
            self.counts["reads called fresh"] += 1
            later = bisect.bisect_right(highest[e["id"]], e["revision"])
            age = e["since"] - moments[e["id"]][later] if later < len(highest[e["id"]]) else 0
            oldest = max(oldest, age)
            if age > bound:
                self.fault(f"{e}: called fresh {age:.0f} ms after somebody knew revision {highest[e['id']][later]}")
        self.counts["ms, the oldest copy that was called fresh"] = round(oldest)

    def happened(self):
        """Where nothing was done nothing was shown."""
        for what in ["writes acknowledged by ", "reads by "]:
            for whom in ["ours", "others"]:
                if not self.counts[what + whom]:
                    self.fault(f"no {what}{whom}")

    def messages(self, dump):
        for one in dump:
            if one["kind"] != "message" or not one["body"]:
                continue
            try:
                asset = json.loads(one["body"])
            except ValueError:
                continue  # of another codec
            self.value(asset, one["subject"]) if "{" in asset["data"] else None

    def left(self, dump):
        """What was written and is still there."""
        there = {}
        for one in dump:
            for data in [one.get("data"), one.get("body")]:
                try:
                    mark = json.loads(data)
                    mark = json.loads(mark["data"]) if "data" in mark else mark
                    there[mark["by"], mark["n"]] = self.begun[mark["by"], mark["n"]]
                except (ValueError, KeyError, TypeError):
                    continue
        return there


def judge(logs, dump, known):
    """\\returns what is to be known for the next time, when the history and the logs of this one are gone"""
    j = Judge(known)
    events = j.read_logs(logs)
    j.read_table([one for one in dump if one["kind"] != "message" and ("id" not in one or "{\"by\"" in one.get("data", "{\"by\""))])
    j.acknowledged(events)
    j.read_back(events)
    j.fresh_within(events)
    j.happened()
    j.messages(dump)
    print("; ".join(f"{n:,} {what}" for what, n in sorted(j.counts.items())), flush=True)
    for text in j.faults[:20]:
        print(f"FAULT: {text[:1000]}")
    if j.faults:
        sys.exit(f"FAILED: {len(j.faults)} faults")
    return j.left(dump)
