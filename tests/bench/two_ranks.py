#!/usr/bin/env python3
"""How well two ranks of one thread on one host train, by the speed of one rank that has the same batch for itself.

  tests/bench/two_ranks.py [--program build/libexec/hpcai-train] [--rounds 3] [--seconds 8] [--batch N] CONFIG...

Each round measures one rank alone, two trainings of one rank side by side that know nothing of each other, and two ranks, each with
`batch` samples a step. `alone`: speed of a rank of two by that of the rank alone. `side by side`: by that of one of the two trainings,
which share memory and caches as the ranks do, but exchange nothing. Medians over the rounds. Run it on an idle machine of two cores or
more."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def start(options, config, ranks, steps):
    words = [options.program, "bench", "--config", str(config), "--steps", str(steps), "--warmup", "2", "--set", "training.threads=1",
             "--set", f"training.global_batch={options.batch * ranks}"]
    if ranks > 1:
        words += ["--nproc", str(ranks)]
    return subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def finish(process):
    """Samples a second of all ranks."""
    out, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{' '.join(process.args)} ended with status {process.returncode}:\n{errors}")
    return json.loads(out)["samples_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(SOURCE / "build/libexec/hpcai-train"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of the steps of one measurement, about")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("configs", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    print(f"{'config':<20}{'samples/s alone':>16}{'side by side':>14}{'of two':>8}{'| alone':>9}{'side by side':>14}")
    for config in options.configs:
        steps = max(3, round(options.seconds * finish(start(options, config, 1, 2)) / options.batch))
        rounds = []
        for _ in range(options.rounds):
            alone = finish(start(options, config, 1, steps))
            beside = statistics.mean([finish(p) for p in [start(options, config, 1, steps) for _ in range(2)]])
            rounds.append((alone, beside, finish(start(options, config, 2, steps)) / 2))
        speeds = [statistics.median(values) for values in zip(*rounds)]
        shares = [statistics.median(two / alone for alone, _, two in rounds), statistics.median(two / beside for _, beside, two in rounds)]
        print(f"{config.stem:<20}{speeds[0]:>16.2f}{speeds[1]:>14.2f}{speeds[2]:>8.2f}{shares[0]:>9.3f}{shares[1]:>14.3f}", flush=True)


if __name__ == "__main__":
    main()
