#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""Shows what ./dev bench fleet, feed, hit-ratio or hot measured: plot.py [--table | --reference FILE] FILE...

Writes a picture of a fleet's rows, of hit ratios or of times in memory as SVG; with --table a table of the rows of the first two
and of feed as Markdown. Runs of hot with other --entries are further files, and every row counts with its best repetition.
With --reference it tells how far hit ratios are from those of another simulator, and fails where exact LRU or the optimum are not
the same. Files are JSON, or for hit ratios also the CSV that hit-ratio writes.
"""

import argparse
import csv
import html
import json
import math
import pathlib
import re
import sys

fleet_columns = [
    ("calls/s", "throughput"), ("read p50, us", "p50_us"), ("p99, us", "p99_us"), ("write p50, us", "write_p50_us"),
    ("p99, us", "write_p99_us"), ("failed reads", "failed_reads"), ("failed writes", "failed_writes"), ("stale", "stale"),
    ("backward", "backward"), ("called unverified", "unverified"), ("of reads", "reads"), ("lines to write", "lines")]
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


def report_of(file):
    text = pathlib.Path(file).read_text(encoding="utf-8")
    if text.lstrip().startswith("{"):
        return json.loads(text)
    return {"context": {}, "benchmarks": [
        {"name": "hit-ratio/{trace}/{entries}/{policy}".format_map(row), "trace": row["trace"], "policy": row["policy"],
         **{count: int(row[count]) for count in ("entries", "misses", "requests")}} for row in csv.DictReader(text.splitlines())]}


def table(rows, columns):
    yield "| | " + " | ".join(title for title, _ in columns) + " |"
    yield "|---|" + "---:|" * len(columns)
    for name, row in rows.items():
        yield f"| {name} | " + " | ".join(spell(row[counter]) if counter in row else "" for _, counter in columns) + " |"


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
            regrets = self.regrets(policy) or [math.nan]
            worse = max(of[policy] - of["LRU"] for of in self.misses.values())
            yield (f"| {policy} | {self.gap_closed(policy, others):.2f} | {self.gap_closed(policy, loops):.2f} | "
                   f"{sum(regrets) / len(regrets):.2f} | {max(regrets):.1f} | "
                   f"{100 * sum(r <= 1 for r in regrets) / len(regrets):.0f} % | {worse:.1f} |")

    lines = {"OPT": ("#1b1f23", "4 3"), "adaptive": ("#0b62a4", ""), "tinylfu": ("#b3541e", ""), "s3fifo": ("#2c8a57", ""),
             "lru": ("#9aa5ae", ""), "ARC": ("#8a6fb0", "2 2"), "LIRS": ("#c2a000", "2 2")}

    def svg(self):
        drawn = panels("Requests answered, in percent, against entries (logarithmic)", self.lines, self.policies)
        for trace in self.traces:
            cells = sorted((entries, of) for (name, entries), of in self.misses.items() if name == trace)
            if len(cells) > 1:
                drawn.panel(trace, {policy: [(entries, 100 - of[policy]) for entries, of in cells if policy in of]
                                    for policy in self.lines})
        return drawn.svg()


# Our algorithms under the names that a reference has for them; others have one name.
known_as = {"lru": "LRU", "lru_exact": "LRU", "sieve": "SIEVE", "s3fifo": "S3-FIFO-t1", "s3fifo:threshold=2": "S3-FIFO-t2",
            "s3fifo:clock2q+": "Clock2Q+", "tinylfu": "W-TinyLFU-climb", "tinylfu:window=1": "W-TinyLFU-1",
            "tinylfu:window=20": "W-TinyLFU-20", "gdsf": "LFU-DA"}
exact = ("lru_exact", "OPT")


def compare(rows, reference):
    """Prints for each policy how many rows of the reference it has alike. \returns what must be the same and is not"""
    theirs = {(row["trace"], row["entries"], row["policy"]): row for row in reference}
    wrong = []
    print("| policy | rows | equal | within 0.3 points | largest difference | where |")
    print("|---|---:|---:|---:|---:|---|")
    for policy in dict.fromkeys(row["policy"] for row in rows):
        apart = []  # in points, more misses being more, and where
        for row in rows:
            its = theirs.get((row["trace"], row["entries"], known_as.get(policy, policy)))
            if row["policy"] != policy or its is None:
                continue
            place = f"{row['trace']}, {row['entries']:,}"
            if row["requests"] != its["requests"]:
                wrong.append(f"{place}: {row['requests']} requests, and in the reference {its['requests']}")
                continue
            apart.append((100 * (row["misses"] - its["misses"]) / row["requests"], place))
            if policy in exact and row["misses"] != its["misses"]:
                wrong.append(f"{policy}, {place}: {row['misses']} misses, and in the reference {its['misses']}")
        if apart:
            most, place = max(apart, key=lambda one: abs(one[0]))
            print(f"| {policy} | {len(apart)} | {sum(by == 0 for by, _ in apart)} | {sum(abs(by) <= 0.3 for by, _ in apart)} | "
                  f"{most:+.2f} | {place if most else ''} |")
        elif policy in exact:
            wrong.append(f"{policy}: the reference has none of its rows")
    return wrong


class hot_times:
    """Rows of hot: nanoseconds of wall time by policy, against threads and against entries."""

    lines = {"sieve": ("#0b62a4", ""), "lru": ("#2c8a57", ""), "adaptive": ("#b3541e", ""),
             "boost_unordered_flat_map": ("#1b1f23", "4 3"), "boost_concurrent_flat_map": ("#9aa5ae", ""),
             "hand_lru_mutex": ("#c2a000", "2 2"), "rocksdb_hyper_clock": ("#8a6fb0", "2 2")}

    def __init__(self, rows):
        self.best = {}
        for row in rows:
            if row.get("run_type") == "iteration" and "wall_ns" in row:
                name = row["name"].partition("/repeats:")[0].replace("peer:", "")
                self.best[name] = min(row["wall_ns"], self.best.get(name, math.inf))  # of all threads together

    def series(self, beginning, counted):
        """For each policy the points (n, ns) of its rows `hot/POLICY/BEGINNING...`, n being what stands after COUNTED."""
        found = {}
        for policy in self.lines:
            pattern = re.compile(rf"hot/{policy}/{beginning}")
            points = sorted((int(at[1]), ns) for name, ns in self.best.items()
                            if (at := re.search(rf"/{counted}:(\d+)", name)) and pattern.fullmatch(name))
            found[policy] = points
        return found

    def svg(self):
        drawn = panels("A hit in memory, in ns of wall time (logarithmic scales)", self.lines, self.lines, logarithmic=True)
        for kind, words in (("string", "texts"), ("u64", "numbers")):
            drawn.panel(f"{words}, 1,000 entries: threads", self.series(rf"{kind}/visit/threads:\d+", "threads"))
            drawn.panel(f"{words}, one thread: entries", self.series(rf"{kind}/visit/entries:\d+/threads:1", "entries"))
        return drawn.svg()


class panels:
    """Small charts of lines side by side, with one legend."""

    across, wide, high, left, top = 4, 230, 150, 34, 62

    def __init__(self, title, lines, shown, logarithmic=False):
        self.lines, self.logarithmic = lines, logarithmic
        self.parts, self.number = [], 0
        self.text(0, 16, title, 14, fill="#1b1f23", weight="bold")
        at = 0
        for name, (colour, dashes) in lines.items():
            if name in shown:
                self.parts.append(f'<path d="M{at} 33h22" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>')
                self.text(at + 27, 36, name, 11)
                at += 45 + 7 * len(name)
        self.across_at_least = at

    def text(self, x, y, words, size=9, anchor="start", fill="#555", weight="normal"):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{fill}" '
                          f'font-weight="{weight}">{html.escape(words)}</text>')

    def panel(self, title, series):
        points = [point for line in series.values() for point in line]
        if not points:
            return
        x0, y0 = self.number % self.across * self.wide + self.left, self.number // self.across * (self.high + 46) + self.top
        self.number += 1
        values, places = [value for _, value in points], sorted({place for place, _ in points})
        if self.logarithmic:
            scale = math.log
            low, most = min(values), max(values)
            ticks = (low, math.sqrt(low * most), most)
        else:
            scale = float
            low, most = math.floor(min(values) / 5) * 5, math.ceil(max(values) / 5) * 5
            ticks = (low, (low + most) / 2, most)
        width = self.wide - self.left - 16
        length = math.log(places[-1] / places[0]) or 1
        x = lambda place: x0 + math.log(place / places[0]) / length * width
        y = lambda value: y0 + self.high - (scale(value) - scale(low)) / ((scale(most) - scale(low)) or 1) * self.high
        self.parts.append(f'<path d="M{x0} {y0}v{self.high}h{width}" stroke="#ccc" fill="none"/>')
        self.text(x0, y0 - 5, title, 11, fill="#1b1f23", weight="bold")
        for tick in ticks:
            self.text(x0 - 4, y(tick) + 3, f"{tick:.3g}", anchor="end")
        for place, anchor in ((places[0], "start"), (places[-1], "end")):
            self.text(x(place), y0 + self.high + 12, f"{place:,}", anchor=anchor)
        for name, line in series.items():
            colour, dashes = self.lines[name]
            if len(line) > 1:
                through = " ".join(f"{x(place):.1f},{y(value):.1f}" for place, value in line)
                self.parts.append(f'<polyline points="{through}" fill="none" stroke="{colour}" stroke-width="1.6" '
                                  f'stroke-dasharray="{dashes}"/>')
            elif line:
                self.parts.append(f'<circle cx="{x(line[0][0]):.1f}" cy="{y(line[0][1]):.1f}" r="2.5" fill="{colour}"/>')

    def svg(self):
        width = max(min(self.number, self.across) * self.wide, self.across_at_least)
        height = math.ceil(self.number / self.across) * (self.high + 46) + self.top
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 0 {width + 10} {height}" font-family="sans-serif">\n'
                f'<rect x="-10" y="0" width="100%" height="100%" fill="white"/>\n' + "\n".join(self.parts) + "\n</svg>")


def main():
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--table", action="store_true", help="write Markdown")
    given.add_argument("--apart", default="", metavar="PREFIX", help="traces that a table of hit ratios shows in a column of their own")
    given.add_argument("--reference", metavar="FILE", help="compare hit ratios with those in this file, which hit-ratio could have written")
    given.add_argument("file", nargs="+")
    arguments = given.parse_args()
    reports = [report_of(file) for file in arguments.file]
    report = reports[0]
    hot = [row for one in reports for row in one["benchmarks"] if row["name"].startswith("hot/") and not row.get("error_occurred")]
    if hot:
        print(hot_times(hot).svg())
        return
    ratios = rows_of(report, "hit-ratio/")
    if arguments.reference:
        wrong = compare(list(ratios.values()), report_of(arguments.reference)["benchmarks"])
        sys.exit("\n".join(wrong) or None)
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
