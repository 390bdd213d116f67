# SPDX-License-Identifier: BSL-1.0
"""A judge that finds nothing proves nothing: logs made by hand, one sound and one for each thing that is judged."""

import sys
import unittest

sys.dont_write_bytecode = True
from judge import Judge, bound  # noqa: E402


def asset(by, n, version, id="id"):
    return {"id": id, "asset_type": "template", "data": f'{{"by":"{by}","n":{n}}}', "metadata": {}, "version": version}


def begin(by, n, version=1):
    return {"did": "begin", "program": by, "id": "id", "n": n, "asset": asset(by, n, version), "at": 0}


def saved(by, n, at, revision, version):
    return {"did": "saved", "program": by, "id": "id", "n": n, "at": at, "revision": revision, "version": version}


def read(by, since, at, written, revision, fresh=True):
    return {"did": "read", "program": by, "id": "id", "since": since, "at": at, "asset": written, "revision": revision, "fresh": fresh}


def row(kind, by, n, revision, version):
    made = asset(by, n, version)
    return {**made, "kind": kind, "type": "template", "content": made, "revision": str(revision)}


class Judged(unittest.TestCase):
    """Ours wrote revision 5 and, told of it at 1,000, revision 6; theirs wrote 7, which their row was acknowledged for at 2,000."""

    def setUp(self):
        self.dump = [row("past", "json-1", 1, 5, 1), row("past", "json-1", 2, 6, 2), row("row", "theirs-1", 1, 7, 3)]
        self.events = [
            begin("json-1", 1), saved("json-1", 1, 500, 5, 1), begin("json-1", 2), saved("json-1", 2, 1_000, 6, 2),
            begin("theirs-1", 1, 3), {"did": "row", "program": "theirs-1", "id": "id", "n": 1, "at": 2_000},
            self.read("msgpack-1", 1_000 + bound, asset("json-1", 1, 1), 5),
            self.read("msgpack-2", 2_000 + bound, asset("json-1", 2, 2), 6),
            {"did": "read", "program": "theirs-1", "id": "id", "at": 3_000, "from": "row", "asset": asset("theirs-1", 1, 3)},
        ]

    @staticmethod
    def read(by, since, written, revision, fresh=True):
        return read(by, since, since + 1, written, revision, fresh)

    def faults(self):
        j = Judge({})
        j.begun = {(e["program"], e["n"]): e["asset"] for e in self.events if e["did"] == "begin"}
        j.read_table(self.dump)
        j.acknowledged(self.events)
        j.read_back(self.events)
        j.fresh_within(self.events)
        j.happened()
        self.counts = j.counts
        return j.faults

    def broken(self, words):
        faults = self.faults()
        self.assertEqual(len(faults), 1, faults)
        self.assertIn(words, faults[0])

    def test_nothing_where_nothing_is_wrong(self):
        self.assertEqual(self.faults(), [])
        self.assertEqual(self.counts["ms, the oldest copy that was called fresh"], bound)

    def test_fresh_longer_than_the_bound_after_a_write_of_ours(self):
        self.events.append(self.read("msgpack-3", 1_001 + bound, asset("json-1", 1, 1), 5))
        self.broken("called fresh 1251 ms after somebody knew revision 6")

    def test_fresh_longer_than_the_bound_after_a_row_of_theirs(self):
        self.events.append(self.read("msgpack-3", 2_001 + bound, asset("json-1", 2, 2), 6))
        self.broken("somebody knew revision 7")

    def test_fresh_longer_than_the_bound_after_somebody_read_what_a_dead_writer_left(self):
        self.events[3:4] = [self.read("msgpack-3", 999, asset("json-1", 2, 2), 6)]
        self.events.append(self.read("msgpack-4", 1_001 + bound, asset("json-1", 1, 1), 5))
        self.broken("somebody knew revision 6")

    def test_but_not_what_is_called_old(self):
        self.events.append(self.read("msgpack-3", 9_000, asset("json-1", 1, 1), 5, fresh=False))
        self.assertEqual(self.faults(), [])

    def test_a_read_behind_an_earlier_one(self):
        self.events.append(self.read("msgpack-2", 2_010 + bound, asset("json-1", 1, 1), 5, fresh=False))
        self.broken("revision 6 had been seen before")

    def test_an_acknowledged_write_that_is_not_there(self):
        self.events += [begin("json-1", 3), saved("json-1", 3, 3_000, 8, 4)]
        self.broken("was acknowledged and is not in the table's history")

    def test_an_acknowledged_erase_that_is_not_there(self):
        self.events.append({"did": "erased", "program": "json-1", "id": "id", "changed": True, "at": 3_000, "revision": 7})
        self.broken("neither its tombstone nor a later write")
        self.dump[-1:] = [row("past", "theirs-1", 1, 7, 3), {"kind": "erased", "id": "id", "revision": "8"}]
        self.assertEqual(self.faults(), [])
        self.events[-1]["revision"] = 8
        self.assertEqual(self.faults(), [])

    def test_a_side_that_did_nothing(self):
        self.events.pop()
        self.broken("no reads by others")
        self.events = [e for e in self.events if e["program"] != "json-1"]
        self.assertIn("no writes acknowledged by ours", self.faults())

    def test_a_value_that_nobody_wrote(self):
        self.events.append(self.read("msgpack-3", 2_000, asset("json-1", 9, 9), 7))
        self.broken("nobody wrote")

    def test_a_value_that_was_changed(self):
        self.events.append(self.read("msgpack-3", 2_000, {**asset("theirs-1", 1, 3), "metadata": {"a": "b"}}, 7))
        self.broken("became")


if __name__ == "__main__":
    unittest.main()
