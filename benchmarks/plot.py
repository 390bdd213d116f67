#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Shows what ./dev bench fleet, feed or hit-ratio measured: plot.py [--table] FILE.json

Writes a picture of a fleet's rows or of hit ratios as SVG, or with --table a table of the rows as Markdown.
"""

import argparse
import html
import json
import math
import sys

fleet_columns = [
    ("calls/s", "throughput"), ("read p50, us", "p50_us"), ("p99, us", "p99_us"), ("write p50, us", "write_p50_us"),
    ("p99, us", "write_p99_us"), ("failed reads", "failed_reads"), ("failed writes", "failed_writes"), ("stale", "stale"),
    ("backward", "backward"), ("of reads", "reads"), ("lines", "lines")]
feed_columns = [("p50, ms", "p50_ms"), ("p99, ms", "p99_ms"), ("max, ms", "max_ms"), ("never seen", "never"), ("of pairs", "pairs")]


def spell(number):
    """A figure as people read it: three digits that count, groups of three before the point."""
    if math.isinf(number):
        return "never"
    if number == 0 or number >= 100 or number == int(number):
        return f"{number:,.0f}"
    return f"{number:.{max(0, 2 - math.floor(math.log10(number)))}f}"


def rows_of(report, prefix):
    rows = {}
    for row in report["benchmarks"]:
        if row.get("error_occurred"):
            sys.exit(f"{row['name']}: {row['error_message']}")
        if row["name"].startswith(prefix):
            rows[row["name"].removeprefix(prefix)] = row
    return rows


def table(rows, columns):
    yield "| | " + " | ".join(title for title, _ in columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(spell(row[counter]) for _, counter in columns) + " |"


class picture:
    """Panels side by side; each shows one thing of every contender, a line each."""

    line, top, label, panel, gap = 26, 62, 112, 168, 26

    def __init__(self, rows, context):
        self.rows = rows
        self.parts = []
        self.right = self.label
        self.text(0, 18, "A fleet with Strata, and with what people write instead", 15, weight="bold")
        self.text(0, 36, f"{context.get('fleet', '')}; commit {context.get('commit', '?')}", 10, fill="#555")
        for i, name in enumerate(rows):
            self.text(self.label - 8, self.y(i) + 15, name, 12, "end", "bold" if name == "strata" else "normal")

    def y(self, i):
        return self.top + i * self.line

    def colour(self, name):
        return "#0b62a4" if name == "strata" else "#9aa5ae"

    def text(self, x, y, words, size, anchor="start", weight="normal", fill="#1b1f23"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" font-weight="{weight}" '
                          f'fill="{fill}">{html.escape(words)}</text>')

    def rectangle(self, x, y, width, height, fill):
        self.parts.append(f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 1):.1f}" height="{height:.1f}" fill="{fill}"/>')

    def begin(self, title):
        left, self.right = self.right, self.right + self.panel + self.gap
        self.text(left, self.top - 8, title, 11, fill="#555")
        return left

    def bars(self, title, counter, unit=""):
        left = self.begin(title)
        most = max(counter(row) for row in self.rows.values()) or 1
        for i, (name, row) in enumerate(self.rows.items()):
            width = (self.panel - 62) * counter(row) / most
            self.rectangle(left, self.y(i) + 4, width, self.line - 10, self.colour(name))
            self.text(left + max(width, 1) + 4, self.y(i) + 15, spell(counter(row)) + unit, 11)

    def spans(self, title, low, high):
        """From a median to a 99th percentile, on a scale of powers of ten."""
        left = self.begin(title)
        of = lambda row, counter: math.log10(max(row[counter], 0.01))
        first = min(of(row, low) for row in self.rows.values())
        last = max(of(row, high) for row in self.rows.values())
        scale = (self.panel - 62) / max(last - first, 0.1)
        for i, (name, row) in enumerate(self.rows.items()):
            start, end = (left + (of(row, counter) - first) * scale for counter in (low, high))
            self.rectangle(start, self.y(i) + 4, end - start, self.line - 10, self.colour(name))
            self.text(end + 4, self.y(i) + 15, f"{spell(row[low])} - {spell(row[high])}", 10)

    def svg(self):
        width, height = self.right, self.y(len(self.rows)) + 10
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {width + 10} {height}" '
                f'font-family="sans-serif">\n<rect x="-10" y="0" width="100%" height="100%" fill="white"/>\n'
                + "\n".join(self.parts) + "\n</svg>")


class hit_ratios:
    """Rows of hit-ratio by trace, size and policy, in percent of the requests."""

    def __init__(self, rows):
        self.misses = {}
        self.requests = {}
        for row in rows:
            cell = row["trace"], row["entries"]
            self.misses.setdefault(cell, {})[row["policy"]] = 100 * row["misses"] / row["requests"]
            self.requests[cell] = row["requests"]
        self.policies = list(dict.fromkeys(row["policy"] for row in rows))
        self.traces = list(dict.fromkeys(row["trace"] for row in rows))

    def gap_closed(self, policy, traces):
        """Of what lies between LRU and the optimum, where that is a point at least: mean of the traces' means."""
        means = []
        for trace in traces:
            closed = [max(-1, min(1, (of["LRU"] - of[policy]) / (of["LRU"] - of["OPT"]))) for (name, _), of in self.misses.items()
                      if name == trace and of["LRU"] - of["OPT"] >= 1]
            if closed:
                means.append(sum(closed) / len(closed))
        return sum(means) / len(means) if means else math.nan

    def regrets(self, policy):
        """Points beyond the best of the policies, where a trace has twenty requests for each entry."""
        return [of[policy] - min(missed for name, missed in of.items() if name != "OPT")
                for (trace, entries), of in self.misses.items() if self.requests[trace, entries] >= 20 * entries]

    def table(self, apart):
        loops = [trace for trace in self.traces if apart and trace.startswith(apart)]
        others = [trace for trace in self.traces if trace not in loops]
        yield f"| policy | gap closed | in {apart}* | regret, mean | largest | within 1 | worse than LRU by at most |"
        yield "|---|---:|---:|---:|---:|---:|---:|"
        for policy in self.policies:
            if policy == "OPT":
                continue
            regrets = self.regrets(policy)
            worse = max(of[policy] - of["LRU"] for of in self.misses.values())
            yield (f"| {policy} | {self.gap_closed(policy, others):.2f} | {self.gap_closed(policy, loops):.2f} | "
                   f"{sum(regrets) / len(regrets):.2f} | {max(regrets):.1f} | "
                   f"{100 * sum(r <= 1 for r in regrets) / len(regrets):.0f} % | {worse:.1f} |")

    lines = {"OPT": ("#1b1f23", "4 3"), "adaptive": ("#0b62a4", ""), "tinylfu": ("#b3541e", ""), "s3fifo": ("#2c8a57", ""),
             "lru": ("#9aa5ae", ""), "ARC": ("#8a6fb0", "2 2"), "LIRS": ("#c2a000", "2 2")}

    def svg(self):
        across, wide, high, left, top = 4, 230, 150, 34, 62
        shown = [trace for trace in self.traces if sum(name == trace for name, _ in self.misses) > 1]
        parts = []

        def text(x, y, words, size=9, anchor="start", fill="#555", weight="normal"):
            parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
                         f'font-weight="{weight}">{html.escape(words)}</text>')

        text(0, 16, "Requests answered, in percent, against entries (logarithmic)", 14, fill="#1b1f23", weight="bold")
        at = 0
        for policy, (colour, dashes) in self.lines.items():
            if policy in self.policies:
                parts.append(f'<path d="M{at} 33h22" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
                text(at + 27, 36, policy, 11)
                at += 45 + 7 * len(policy)
        for number, trace in enumerate(shown):
            x0, y0 = number % across * wide + left, number // across * (high + 46) + top
            cells = sorted((entries, of) for (name, entries), of in self.misses.items() if name == trace)
            answered = [100 - of[p] for _, of in cells for p in self.lines if p in of]
            low, most = math.floor(min(answered) / 5) * 5, math.ceil(max(answered) / 5) * 5
            first, last = math.log(cells[0][0]), math.log(cells[-1][0])
            x = lambda entries: x0 + (math.log(entries) - first) / (last - first) * (wide - left - 16)
            y = lambda hits: y0 + high - (hits - low) / max(most - low, 1) * high
            parts.append(f'<path d="M{x0} {y0}v{high}h{wide - left - 16}" stroke="#ccc" fill="none"/>')
            text(x0, y0 - 5, trace, 11, fill="#1b1f23", weight="bold")
            for tick in (low, (low + most) / 2, most):
                text(x0 - 4, y(tick) + 3, f"{tick:g}", anchor="end")
            for entries, anchor in ((cells[0][0], "start"), (cells[-1][0], "end")):
                text(x(entries), y0 + high + 12, f"{entries:,}", anchor=anchor)
            for policy, (colour, dashes) in self.lines.items():
                points = " ".join(f"{x(entries):.1f},{y(100 - of[policy]):.1f}" for entries, of in cells if policy in of)
                if points:
                    parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6" '
                                 f'stroke-dasharray="{dashes}"/>')
        width, height = across * wide, math.ceil(len(shown) / across) * (high + 46) + top
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {width + 10} {height}" font-family="sans-serif">\n'
                f'<rect x="-10" y="0" width="100%" height="100%" fill="white"/>\n' + "\n".join(parts) + "\n</svg>")


def main():
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--table", action="store_true", help="write Markdown")
    given.add_argument("--apart", default="", metavar="PREFIX", help="traces that a table of hit ratios shows in a column of their own")
    given.add_argument("file")
    arguments = given.parse_args()
    with open(arguments.file, encoding="utf-8") as file:
        report = json.load(file)
    ratios = rows_of(report, "hit-ratio/")
    if ratios:
        shown = hit_ratios(list(ratios.values()))
        print("\n".join(shown.table(arguments.apart)) if arguments.table else shown.svg())
        return
    fleet, feed = rows_of(report, "fleet/"), rows_of(report, "feed/")
    if arguments.table:
        print("\n".join(table(fleet, fleet_columns) if fleet else table(feed, feed_columns)))
        return
    if not fleet:
        sys.exit("there is no fleet in this file")
    drawn = picture(fleet, report["context"])
    drawn.bars("calls answered in a second", lambda row: row["throughput"])
    drawn.spans("read, p50 - p99, us (logarithmic)", "p50_us", "p99_us")
    drawn.spans("write, p50 - p99, us (logarithmic)", "write_p50_us", "write_p99_us")
    drawn.bars("stale, backward per million", lambda row: 1e6 * (row["stale"] + row["backward"]) / row["reads"])
    drawn.bars("lines of user code", lambda row: row["lines"])
    print(drawn.svg())


if __name__ == "__main__":
    main()
