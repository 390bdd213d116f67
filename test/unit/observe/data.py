#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Tests metrics, alerts and dashboard: data.py EXPOSITION FOLDER, with what a cache exported and where the data is."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

exposition = folder = None


def promtool(*arguments, given=None):
    return subprocess.run(["promtool", *arguments], input=given, capture_output=True, text=True, timeout=60)


def named(text):
    return set(re.findall(r"\bstrata_[a-z_]+", text))


def exported():
    names = {}
    for name, kind in re.findall(r"(?m)^# TYPE (\S+) (\S+)$", exposition.read_text()):
        for suffix in ("_bucket", "_sum", "_count") if kind == "histogram" else ("",):
            names[name + suffix] = kind
    return names


class Data(unittest.TestCase):
    def test_promtool_has_nothing_to_say_of_the_metrics(self):
        said = promtool("check", "metrics", given=exposition.read_text())
        self.assertEqual((said.returncode, said.stdout + said.stderr), (0, ""))

    def test_promtool_takes_the_alerts(self):
        said = promtool("check", "rules", "--lint=all", "--lint-fatal", str(folder / "alerts.yaml"))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)
        self.assertRegex(said.stdout, r"SUCCESS: \d+ rules found")

    def test_alerts_fire(self):
        with tempfile.TemporaryDirectory() as place:
            cases = pathlib.Path(place) / "cases.yaml"
            cases.write_text(f"""
rule_files: [{folder / "alerts.yaml"}]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - {{series: 'strata_tier_up{{tier="cold", instance="a"}}', values: '1x4 0x20'}}
      - {{series: 'strata_memory_fresh{{instance="a"}}', values: '1x30'}}
      - {{series: 'strata_usage_flushes_total{{instance="a"}}', values: '0x100'}}
      - {{series: 'strata_usage_flush_failures_total{{instance="a"}}', values: '0+1x100'}}
    alert_rule_test:
      - {{eval_time: 1m, alertname: StrataColdDown}}
      - eval_time: 4m
        alertname: StrataColdDown
        exp_alerts:
          - exp_labels: {{severity: critical, tier: cold, instance: a}}
            exp_annotations:
              summary: "a cannot reach its database: reads beyond memory and the stream fail, and so do writes"
      - {{eval_time: 4m, alertname: StrataMemoryNotFresh}}
      - eval_time: 21m
        alertname: StrataUsageNotFlushed
        exp_alerts:
          - exp_labels: {{severity: warning, instance: a}}
            exp_annotations: {{summary: "usage counts of a do not reach the database"}}
""")
            said = promtool("test", "rules", str(cases))
            self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_what_is_named_is_exported(self):
        names = exported()
        self.assertIn("strata_hits_total", names)
        for file in ("alerts.yaml", "grafana.json"):
            text = (folder / file).read_text()
            self.assertGreater(len(named(text)), 5, file)
            self.assertEqual(named(text) - set(names), set(), file)

    def test_what_is_exported_is_drawn(self):
        drawn = named((folder / "grafana.json").read_text())
        self.assertEqual(set(exported()) - drawn, set())

    def test_every_question_of_the_dashboard_is_one(self):
        panels = json.loads((folder / "grafana.json").read_text())["panels"]
        self.assertEqual(len({panel["id"] for panel in panels}), len(panels))
        questions = [target["expr"] for panel in panels for target in panel["targets"]]
        rules = "".join(f"      - record: strata:question{i}\n        expr: {json.dumps(q.replace('$__rate_interval', '1m'))}\n"
                        for i, q in enumerate(questions))
        with tempfile.TemporaryDirectory() as place:
            file = pathlib.Path(place) / "rules.yaml"
            file.write_text(f"groups:\n  - name: dashboard\n    rules:\n{rules}")
            said = promtool("check", "rules", str(file))
        self.assertEqual(said.returncode, 0, said.stdout + said.stderr)

    def test_no_key_is_a_label(self):
        self.assertNotIn("key-of-the-test", exposition.read_text())
        labels = set(re.findall(r'([a-z_]+)="', exposition.read_text()))
        self.assertEqual(labels - {"tier", "reason", "code", "direction", "le", "cache"}, set())


if __name__ == "__main__":
    exposition, folder = map(pathlib.Path, sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
