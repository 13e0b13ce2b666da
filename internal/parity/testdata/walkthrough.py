"""Fills in the tables of docs/walkthrough.md.

usage: walkthrough.py WEIR FOLDER PAGE [--every N]

Exports the flights into FOLDER with the program WEIR, runs the commands that PAGE names, and Evidently's default
preset on every Nth window of 1,000 rows, and writes what they say between PAGE's markers.
"""

import argparse
import json
import pathlib
import re
import subprocess
import time
import warnings

warnings.filterwarnings("ignore")
import evidently
import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

WINDOW = 1000
CATEGORICAL = ["carrier", "origin", "dest"]
SEASONS = ["hour", "temp", "dewp", "humid", "wind_dir", "wind_speed", "wind_gust", "precip", "pressure", "visib"]


class Weir:
    def __init__(self, program, folder):
        self.program, self.folder = program, folder

    def text(self, *args):
        return subprocess.run([self.program, *args], cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def json(self, *args):
        return json.loads(self.text(*args, "--json"))

    def backtest(self, reference, stream, *args):
        return self.json("backtest", "--reference", reference, "--stream", stream, *args)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def columns(weir):
    weir.text("profile", "build", "reference.csv", "--out", "profile.json")
    shown = re.sub(r", made [^\n]*", "", weir.text("profile", "show", "profile.json"))
    return "```\n" + "\n".join(line.rstrip() for line in shown.splitlines()) + "\n```"


def weeks(weir):
    rows = []
    for path in sorted(weir.folder.glob("week-*.csv")):
        report = weir.json("report", "--reference", "reference.csv", "--current", path.name)
        data = report["dataset"]
        same = [f["name"] for f in report["features"] if not f.get("drifted")]
        rows.append([path.name, f"{data['current']['rows']:,}", f"{data['drifted_count']} of {data['compared']}", ", ".join(same)])
    return table(["file", "rows", "drifted", "not drifted"], rows)


def alarm(a):
    size = a["size"]
    category = f", {a['category']}" if a.get("category") else ""
    return [
        f"{a['at']:,}", a["feature"], a["kind"] + category, f"{a['began_about']:,}", a["direction"],
        f"{size['value']:+.2g} ({size['low']:+.2g} to {size['high']:+.2g})", f"10^{a['evidence_log10']:.1f}",
    ]


def window(weir):
    """The scores that decide of 1,000 shuffled rows, with what is to be expected."""
    lines = (weir.folder / "shuffled-stream.csv").read_text().splitlines(keepends=True)
    (weir.folder / "window.csv").write_text("".join(lines[: WINDOW + 1]))
    rows = []
    for f in weir.json("report", "--reference", "shuffled-reference.csv", "--current", "window.csv")["features"]:
        score = next(s for s in f["scores"] if s.get("default"))
        rows.append([f["name"], f"`{score['method']}`", f"{score['value']:.3f}", f"{score['null_expected']:.3f}", "drifted" if f.get("drifted") else ""])
    return table(["column", "method", "value", "expected if nothing changed", "verdict at 0.1"], rows)


ALARM = ["row", "feature", "kind", "began about", "direction", "size", "evidence"]


def first(alarms):
    seen = {}
    for a in alarms:
        seen.setdefault((a["feature"], a["kind"]), a)
    return list(seen.values())


def alarms(weir):
    found = weir.backtest("profile.json", "stream.csv")
    text = f"{len(found['alarms'])} alarms in {found['observations']:,} rows. The first of each feature and kind:\n\n"
    return text + table(ALARM, map(alarm, first(found["alarms"])))


def sampled(weir):
    """Alarms by column in all rows, and in every twentieth line, as awk 'NR==1 || NR%20==0' has it."""
    lines = (weir.folder / "stream.csv").read_text().splitlines(keepends=True)
    (weir.folder / "sampled.csv").write_text("".join(lines[:1] + lines[19::20]))
    counts, rows = {}, []
    for stream in ["stream.csv", "sampled.csv"]:
        found = weir.backtest("profile.json", stream)
        rows.append(found["observations"])
        for a in found["alarms"]:
            counts.setdefault(a["feature"], {}).setdefault(stream, []).append(a["at"])

    def cell(ats):
        return f"{len(ats)}, from row {ats[0]:,}" if ats else "none"

    body = [[name, cell(of.get("stream.csv")), cell(of.get("sampled.csv"))] for name, of in counts.items()]
    return table(["column", f"alarms in all {rows[0]:,} rows", f"in every twentieth, {rows[1]:,} rows"], body)


def steady(weir):
    found = weir.backtest("steady.json", "sampled.csv")
    return f"{len(found['alarms'])} alarms in {found['observations']:,} rows:\n\n" + table(ALARM, map(alarm, found["alarms"]))


def tuning(weir):
    rows = []
    for every in [1000, 10_000, 100_000, 1_000_000]:
        real = weir.backtest("steady.json", "sampled.csv", "--false-alarm-every", str(every))
        none = weir.backtest("steady-shuffled.json", "shuffled-stream.csv", "--false-alarm-every", str(every))
        row = [f"{every:,}", len(real["alarms"])]
        for name in ["dep_delay", "dest", "distance"]:
            at = next((a["at"] for a in real["alarms"] if a["feature"] == name), None)
            row.append(f"{at:,}" if at else "none")
        rows.append(row + [len(none["alarms"]), f"{none['observations'] / every:.3g}"])
    head = ["`--false-alarm-every`", "alarms, sampled", "first of `dep_delay`", "of `dest`", "of `distance`", "alarms, shuffled", "promised at most"]
    return table(head, rows)


def preset(reference, stream, names, every):
    """Windows looked at, those with a drifted column, those whose data set drifted, and the mean of drifted columns."""
    counts = []
    for at in range(0, len(stream) - WINDOW + 1, WINDOW * every):
        rows = stream.iloc[at : at + WINDOW].reset_index(drop=True)
        filled = [n for n in names if rows[n].notna().any()]  # the preset raises on a column without a value
        kinds = DataDefinition(numerical_columns=[n for n in filled if n not in CATEGORICAL], categorical_columns=[n for n in filled if n in CATEGORICAL])
        window, past = (Dataset.from_pandas(t[filled], data_definition=kinds) for t in (rows, reference))
        found = Report([DataDriftPreset()]).run(window, past).dict()["metrics"][0]
        assert found["metric_name"].startswith("DriftedColumnsCount"), found
        counts.append((found["value"]["count"], found["value"]["share"]))
    count, share = np.array(counts).T
    return len(count), int((count > 0).sum()), int((share >= 0.5).sum()), count.mean()


def beside(weir, every):
    rows, began = [], time.time()
    for name, prefix, features in [("shuffled", "shuffled-", None), ("real", "", None), ("real, five columns", "", "steady")]:
        reference, stream = (pd.read_csv(weir.folder / (prefix + f)) for f in ["reference.csv", "stream.csv"])
        names = [c for c in reference if not features or c not in SEASONS]
        ours = weir.backtest("steady.json" if features else prefix + "reference.csv", prefix + "stream.csv")["alarms"]
        weirs = f"{len(ours)}" + (f", the first at row {ours[0]['at']:,}" if ours else "")
        for size, past in [(len(reference), reference), (1000, reference.sample(1000, random_state=1))]:
            n, some, half, mean = preset(past, stream, names, every)
            rows.append([name, f"{size:,}", n, f"{some} ({some / n:.0%})", half, f"{mean:.1f} of {len(names)}", weirs])
            weirs = ""
            print(f"{time.time() - began:.0f} s:", rows[-1], flush=True)
    head = ["rows", "reference rows", "windows", "with a drifted column", "data set drifted", "drifted columns, mean", "Weir's alarms, all rows"]
    text = f"Evidently {evidently.__version__}, every {every}th window of 1,000 rows.\n\n"
    return text + table(head, rows)


def fill(page, name, text):
    begin, end = f"<!-- {name}: made by make walkthrough -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise SystemExit(f"the page lacks {begin} or {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("weir", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--every", type=int, default=10)
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    weir = Weir(args.weir.resolve(), args.folder)
    weir.text("demo", "--export", ".")
    ignored = [word for name in SEASONS for word in ("--ignore", name)]
    weir.text("profile", "build", "reference.csv", *ignored, "--out", "steady.json")
    weir.text("profile", "build", "shuffled-reference.csv", *ignored, "--out", "steady-shuffled.json")
    made = {
        "columns": columns(weir), "weeks": weeks(weir), "alarms": alarms(weir),
        "sampled": sampled(weir), "steady": steady(weir), "tuning": tuning(weir), "window": window(weir), "beside": beside(weir, args.every),
    }
    page = args.page.read_text()
    for name, text in made.items():
        page = fill(page, name, text)
    args.page.write_text(page)


main()
