#!/usr/bin/env python3
"""Table and figure of scripts/large_batch_study.sh: test accuracy against global batch for each recipe, over the seeds.

Usage: large_batch_report.py RUNS --figure FILE.svg --table FILE.md. The text between the lines <!-- table --> and
<!-- end of table --> of FILE.md is replaced by the table, that between <!-- rates --> and <!-- end of rates --> by the chosen rates.
       large_batch_report.py RUNS --best RECIPE BATCH    prints the rate and the trust coefficient that the search has chosen
"""
import argparse
import collections
import json
import pathlib
import re
import statistics
import sys

# name of the recipe: label, colour (Okabe & Ito, safe for the colour-blind), marker
RECIPES = {
    "plain": ("plain SGD, same rate", "#D55E00", "o"),
    "linear": ("linear scaling + warm-up", "#0072B2", "s"),
    "lars": ("LARS + warm-up", "#009E73", "^"),
}
CHANCE = 0.5


def read(folder):
    """{recipe: {batch: [summary of each seed]}} of the finished and the diverged runs."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for path in sorted(folder.glob("*/summary.json")):
        match = re.fullmatch(r"(\w+)-batch(\d+)-seed(\d+)", path.parent.name)
        if not match or match[1] not in RECIPES:
            continue
        summary = json.loads(path.read_text())
        if summary["status"] in ("finished", "diverged"):
            found[match[1]][int(match[2])].append(summary)
    return found


def best(folder, recipe, batch):
    """(rate, trust coefficient) of the search's run with the highest validation accuracy, and that accuracy.

    The rate of SGD was searched at batch 64 only; the recipes derive the rates of other batches from it."""
    name, searched = ("lars", batch) if recipe == "lars" else ("plain", 64)
    runs = []
    for path in sorted(folder.glob(f"search/{name}-batch{searched}-rate*/summary.json")):
        summary = json.loads(path.read_text())
        match = re.search(r"rate([\d.]+)-trust([\d.]+)$", path.parent.name)
        if summary["status"] == "finished":
            runs.append((summary["validation"]["accuracy"], match[1], match[2]))
    if not runs:
        sys.exit(f"large_batch_report: no run of the search for {name} at batch {searched} has finished in {folder}/search")
    accuracy, rate, trust = max(runs, key=lambda run: (run[0], -float(run[1])))
    return rate, trust, accuracy


def accuracies(summaries):
    """Test accuracies; a run that diverged counts as CHANCE."""
    return [s["test"]["accuracy"] if s["status"] == "finished" else CHANCE for s in summaries]


def cell(summaries):
    values = accuracies(summaries)
    diverged = sum(s["status"] == "diverged" for s in summaries)
    if diverged == len(summaries):
        return "diverged"
    text = f"{100 * statistics.mean(values):.1f} ({100 * min(values):.1f} to {100 * max(values):.1f})"
    return text + (f", {diverged} diverged" if diverged else "")


def table(found):
    batches = sorted({batch for runs in found.values() for batch in runs})
    lines = ["| global batch | steps | " + " | ".join(RECIPES[r][0] for r in RECIPES) + " |", "|---" * (len(RECIPES) + 2) + "|"]
    for batch in batches:
        steps = max(s["steps"] for r in RECIPES for s in found[r][batch])
        cells = [cell(found[r][batch]) if found[r][batch] else "not run" for r in RECIPES]
        lines.append(f"| {batch:,} | {steps:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def chosen(folder, found):
    """The rates that the search has chosen, as text, for the recipes that were run."""
    sgd = f"SGD: {best(folder, 'plain', 64)[0]} for a batch of 64." if found["plain"] or found["linear"] else "SGD: not run."
    if not found["lars"]:
        return sgd
    lines = ["| global batch | rate | trust coefficient | validation accuracy there |", "|---|---|---|---|"]
    for batch in sorted(found["lars"]):
        rate, trust, accuracy = best(folder, "lars", batch)
        lines.append(f"| {batch:,} | {rate} | {trust} | {100 * accuracy:.1f} |")
    return f"{sgd} LARS:\n\n" + "\n".join(lines)


def draw(found, path):
    import matplotlib
    matplotlib.use("svg")
    matplotlib.rcParams.update({"font.size": 14, "svg.fonttype": "none", "svg.hashsalt": "large batch"})
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(figsize=(9, 5.6), layout="constrained")
    for number, (recipe, (label, colour, marker)) in enumerate(RECIPES.items()):
        batches = sorted(found[recipe])
        values = [accuracies(found[recipe][b]) for b in batches]
        means = [100 * statistics.mean(v) for v in values]
        errors = [[m - 100 * min(v) for m, v in zip(means, values)], [100 * max(v) - m for m, v in zip(means, values)]]
        shift = 1 + 0.04 * (number - 1)  # bars of different recipes stay apart
        axes.errorbar([b * shift for b in batches], means, errors, label=label, color=colour, marker=marker, markersize=9,
                      linewidth=2, capsize=4)
    axes.axhline(100 * CHANCE, color="#777777", linestyle=":", linewidth=1.5)
    axes.annotate("chance", (0.005, 100 * CHANCE), xycoords=("axes fraction", "data"), ha="left", va="bottom", color="#555555")
    axes.set_xscale("log", base=2)
    batches = sorted({b for runs in found.values() for b in runs})
    axes.set_xticks(batches, [f"{b:,}" for b in batches])
    axes.minorticks_off()
    axes.set_xlabel("global batch (images a step)")
    axes.set_ylabel("accuracy on the test split (%)")
    axes.set_ylim(45, 100)
    axes.grid(color="#dddddd")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    figure.savefig(path, metadata={"Date": None})
    if path.suffix == ".svg":  # version control complains about trailing blanks
        path.write_text("\n".join(line.rstrip() for line in path.read_text().splitlines()) + "\n")


def insert(name, text, path):
    old = path.read_text()
    new, count = re.subn(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", lambda m: f"{m[1]}{text}\n{m[2]}", old, flags=re.S)
    if count != 1:
        sys.exit(f"large_batch_report: {path} lacks the lines <!-- {name} --> and <!-- end of {name} -->")
    path.write_text(new)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=pathlib.Path)
    parser.add_argument("--figure", type=pathlib.Path)
    parser.add_argument("--table", type=pathlib.Path)
    parser.add_argument("--best", nargs=2, metavar=("RECIPE", "BATCH"))
    arguments = parser.parse_args()
    if arguments.best:
        print(*best(arguments.runs, arguments.best[0], int(arguments.best[1]))[:2])
        return
    found = read(arguments.runs)
    if not found:
        sys.exit(f"large_batch_report: no finished run of the study in {arguments.runs}; run scripts/large_batch_study.sh first")
    text = table(found)
    print(text)
    if arguments.table:
        insert("table", text, arguments.table)
        insert("rates", chosen(arguments.runs, found), arguments.table)
    if arguments.figure:
        draw(found, arguments.figure)


if __name__ == "__main__":
    main()
