#!/usr/bin/env python3
"""How well two ranks of one thread on one host train, by the speed of one rank that has the same batch for itself.

  tests/bench/two_ranks.py [--program build/libexec/hpcai-train] [--rounds 3] [--seconds 8] [--batch N] CONFIG...

Each round measures one rank alone, two trainings of one rank side by side that know nothing of each other, and two ranks, each with
`batch` samples a step. `alone`: speed of a rank of two by that of the rank alone. `beside`: by that of one of the two trainings, which
share memory and caches as the ranks do, but exchange nothing. Samples for a second of processor time also tell what other programs leave
of a core. Medians over the rounds. Run it on an idle machine of two cores or more."""
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
    """Samples a second of all ranks, and processor seconds for a sample."""
    out, errors = process.communicate()
    if process.returncode != 0:
        sys.exit(f"{' '.join(process.args)} ended with status {process.returncode}:\n{errors}")
    report = json.loads(out)
    return report["samples_per_second"], report["cpu_s_per_sample"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default=str(SOURCE / "build/libexec/hpcai-train"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="of the steps of one measurement, about")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("configs", type=pathlib.Path, nargs="+")
    options = parser.parse_args()
    print(f"{'config':<18}{'measure':<18}{'alone':>9}{'beside':>9}{'of two':>9}{'/ alone':>9}{'/ beside':>9}")
    for config in options.configs:
        steps = max(3, round(options.seconds * finish(start(options, config, 1, 2))[0] / options.batch))
        rounds = []
        for _ in range(options.rounds):
            alone = finish(start(options, config, 1, steps))
            beside = [statistics.mean(values) for values in zip(*map(finish, [start(options, config, 1, steps) for _ in range(2)]))]
            of_two = finish(start(options, config, 2, steps))
            rounds.append(([alone[0], beside[0], of_two[0] / 2], [1 / alone[1], 1 / beside[1], 1 / of_two[1]]))
        for name, values in zip(("samples/s", "samples/core s"), zip(*rounds)):
            alone, beside, of_two = (statistics.median(column) for column in zip(*values))
            shares = [statistics.median(row[2] / row[i] for row in values) for i in (0, 1)]
            print(f"{config.stem:<18}{name:<18}{alone:>9.2f}{beside:>9.2f}{of_two:>9.2f}{shares[0]:>9.3f}{shares[1]:>9.3f}", flush=True)


if __name__ == "__main__":
    main()
