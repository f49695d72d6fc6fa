#!/usr/bin/env python3
"""How long `runs list` takes for many runs.

  tests/bench/runs_list.py RUN [--program build/bin/hpcai-train] [--runs 10000] [--repeats 5]

Copies the small files of RUN, a finished run, into so many folders of a temporary folder, and prints for several questions the least and the
median seconds of the whole command, and the processor time of all its threads. The files are in the page cache: the first listing is not
counted."""
import argparse
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
QUESTIONS = {"all": [], "by a metric": ["--sort", "validation.loss"],
             "with a condition on a setting": ["--where", "optimizer.lr<1", "--where", "status=finished"],
             "none left": ["--where", "optimizer.lr>1e9"], "everything as JSON": ["--json"]}


def make_runs(run, folder, count):
    for number in range(count):
        copy = folder / f"group-{number // 100:03d}" / f"run-{number:05d}"
        copy.mkdir(parents=True)
        for file in run.iterdir():
            if file.is_file():
                shutil.copyfile(file, copy / file.name)
        (copy / "checkpoints").mkdir()


def processor_s():
    """Of all programs that this one has started and that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds_of(command):
    begin, used = time.perf_counter(), processor_s()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return time.perf_counter() - begin, processor_s() - used


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=pathlib.Path)
    parser.add_argument("--program", default=str(SOURCE / "build/bin/hpcai-train"))
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hpcai-runs-") as folder:
        make_runs(arguments.run, pathlib.Path(folder), arguments.runs)
        times = {title: [] for title in QUESTIONS}
        for repeat in range(arguments.repeats + 1):
            for title, words in QUESTIONS.items():
                taken = seconds_of([arguments.program, "runs", "list", folder, *words])
                if repeat > 0:
                    times[title].append(taken)
        for title, taken in times.items():
            wall_s, used_s = zip(*taken)
            print(f"{title:<32} least {min(wall_s):6.3f} s, median {statistics.median(wall_s):6.3f} s, processor {statistics.median(used_s):6.3f} s")


if __name__ == "__main__":
    main()
