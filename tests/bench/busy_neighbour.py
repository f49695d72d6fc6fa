#!/usr/bin/env python3
"""What other programs on the same cores cost: speed of `hpcai-train bench` alone and beside busy loops, in alternation.

  tests/bench/busy_neighbour.py build/bin/hpcai-train [--neighbours 1] [--rounds 7] [--steps 60] [--quota] [CONFIG...]

Prints, for each config, the median samples/s of one thread and of all, alone and beside `neighbours` busy loops that are
bound to the last cores; the share that is left; and the goal: at least 0.8 (n - k) / n of the speed alone, and not below one
thread beside the same loops. With --quota, the same under a cgroup's quota of one core instead (cgroup v1, root). Other
variables, such as GOMP_SPINCOUNT, are passed on: so two builds or settings can be compared. Run it on an idle machine."""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
CONFIGS = [SOURCE / "configs/waveform/quickstart.yaml", SOURCE / "configs/galaxy/quickstart.yaml", SOURCE / "tests/cli/configs/waveform.yaml"]
GROUP = pathlib.Path("/sys/fs/cgroup/cpu/hpcai_busy_neighbour")
CORES = sorted(os.sched_getaffinity(0))


@contextlib.contextmanager
def neighbours(count):
    loops = [subprocess.Popen(["taskset", "-c", str(core), "sh", "-c", "while :; do :; done"]) for core in CORES[len(CORES) - count:]]
    try:
        yield []
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


@contextlib.contextmanager
def quota(cores):
    GROUP.mkdir(exist_ok=True)
    (GROUP / "cpu.cfs_period_us").write_text("100000")
    (GROUP / "cpu.cfs_quota_us").write_text(str(int(cores * 100000)))
    try:
        yield ["sh", "-c", f'echo $$ > {GROUP}/cgroup.procs; exec "$@"', "sh"]
    finally:
        GROUP.rmdir()


def speed(program, config, threads, steps, before):
    command = [*before, program, "bench", "--config", str(config), "--steps", str(steps), "--set", f"training.threads={threads}"]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)["samples_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("configs", nargs="*", default=CONFIGS)
    parser.add_argument("--neighbours", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--quota", action="store_true")
    arguments = parser.parse_args()
    n, k = len(CORES), arguments.neighbours
    if not 0 < k <= n:
        sys.exit(f"--neighbours must be between 1 and the {n} cores")
    disturbed = (lambda: quota(1)) if arguments.quota else (lambda: neighbours(k))
    share = 1 / n if arguments.quota else (n - k) / n
    name = "quota of 1 core" if arguments.quota else f"{k} busy of {n}"
    print(f"{'config':34} {'threads':>7} {'alone':>9} {name:>16} {'left':>6} {'goal':>6}")
    for config in arguments.configs:
        found = {(threads, place): [] for threads in (0, 1) for place in ("alone", "disturbed")}
        for _ in range(arguments.rounds):
            for threads, place in found:
                with disturbed() if place == "disturbed" else contextlib.nullcontext([]) as before:
                    found[threads, place].append(speed(arguments.program, config, threads, arguments.steps, before))
        median = {key: statistics.median(values) for key, values in found.items()}
        for threads in (0, 1):
            alone, beside = median[threads, "alone"], median[threads, "disturbed"]
            words = "all" if threads == 0 else "1"
            goal = f"{0.8 * share:6.2f}" if threads == 0 else ""
            print(f"{'/'.join(pathlib.Path(config).parts[-2:]):34} {words:>7} {alone:9.1f} {beside:16.1f} {beside / alone:6.2f} {goal}")
        print(f"{'':34} all / 1 thread: {median[0, 'alone'] / median[1, 'alone']:.2f} alone, "
              f"{median[0, 'disturbed'] / median[1, 'disturbed']:.2f} {name}; goal: at least 1", flush=True)


if __name__ == "__main__":
    main()
