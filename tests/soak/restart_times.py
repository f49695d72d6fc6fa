#!/usr/bin/env python3
"""Measures how soon a training goes on after a rank was lost: from the moment of the fault to the first new step.

Usage: restart_times.py [--injections N] [--ranks N] [--seed S] [--timeout-s T]      HPCAI_TRAIN: the program

One training runs with `--restarts`. Again and again one random rank is killed (SIGKILL), or frozen (SIGSTOP) as on a host that hangs or
has lost its network. The last lines are a table of the times. At the end the weights must equal those of a training that nobody has
disturbed. Exit status 1: they do not, or the training has ended early.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = HERE.parent / "cli" / "configs" / "waveform.yaml"
FAULTS = {"kill": signal.SIGKILL, "freeze": signal.SIGSTOP}
LONGEST_S = 120  # from a fault to the next step


class Training:
    def __init__(self, program, folder, ranks, timeout_s, steps, restarts):
        self.folder = folder
        self.log_path = folder.with_suffix(".log")
        env = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "OMPI_", "PMI_"))}
        env["OMP_NUM_THREADS"] = "1"
        restart = ("--restarts", str(restarts)) if restarts else ()
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [program, "--config", str(CONFIG), "--run-dir", str(folder), "--nproc", str(ranks), *restart, "--set",
                 f"distributed.timeout_s={timeout_s}", "--set", "training.epochs=1000000", "--set", f"training.max_steps={steps}", "--set",
                 "training.log_every_steps=1", "--set", "checkpoint.every_steps=1000", "--set", "checkpoint.every_epochs=0"],
                env=env, stdout=log, stderr=log)

    def ranks(self):
        return [int(number) for number in subprocess.run(["pgrep", "-P", str(self.process.pid)], text=True, capture_output=True).stdout.split()]

    def resumptions(self):
        """The steps from which the training has gone on, in their order."""
        return [int(step) for step in re.findall(r"resumed +from step (\d+)", self.log_path.read_text(errors="replace"))]

    def last_step(self):
        try:
            lines = (self.folder / "metrics.jsonl").read_bytes().splitlines()
            return json.loads(lines[-1])["step"]
        except (OSError, IndexError, ValueError, KeyError):
            return -1

    def wait_until(self, condition):
        end = time.monotonic() + LONGEST_S
        while not condition():
            if self.process.poll() is not None:
                sys.exit(f"restart_times: the training has ended with {self.process.returncode}; see {self.log_path}")
            if time.monotonic() > end:
                sys.exit(f"restart_times: no new step within {LONGEST_S} s; see {self.log_path}")
            time.sleep(0.005)


def inject(training, fault):
    """Returns the seconds from the fault to the first new step."""
    seen = len(training.resumptions())
    os.kill(random.choice(training.ranks()), FAULTS[fault])
    start = time.monotonic()
    training.wait_until(lambda: len(training.resumptions()) > seen)
    step = training.resumptions()[-1]
    training.wait_until(lambda: training.last_step() > step)
    return time.monotonic() - start


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--injections", type=int, default=100, help="of each kind")
    parser.add_argument("--ranks", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout-s", type=float, default=4, help="distributed.timeout_s, which bounds the detection of a frozen rank")
    parser.add_argument("--faults", nargs="+", choices=FAULTS, default=list(FAULTS))
    options = parser.parse_args()
    random.seed(options.seed)
    program = os.environ["HPCAI_TRAIN"]
    scratch = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-restarts-"))
    steps = 10**9
    training = Training(program, scratch / "disturbed", options.ranks, options.timeout_s, steps, 10**6)
    training.wait_until(lambda: training.last_step() > 0)
    times = collections.defaultdict(list)
    for fault in options.faults * options.injections:
        times[fault].append(inject(training, fault))
        time.sleep(random.uniform(0, 0.3))
    print(f"{options.ranks} ranks, {options.injections} injections of each kind, distributed.timeout_s {options.timeout_s:g}")
    print(f"{'fault':<10}{'median':>9}{'p95':>9}{'longest':>9}")
    for fault, values in times.items():
        print(f"{fault:<10}{quantile(values, 0.5):>7.2f} s{quantile(values, 0.95):>7.2f} s{max(values):>7.2f} s")
    training.process.send_signal(signal.SIGTERM)
    if training.process.wait(LONGEST_S) != 75:
        sys.exit(f"restart_times: the training has ended with {training.process.returncode}; see {training.log_path}")
    step = json.loads((scratch / "disturbed" / "summary.json").read_text())["steps"]
    whole = Training(program, scratch / "whole", options.ranks, options.timeout_s, step, 0)
    if whole.process.wait() != 0:
        sys.exit(f"restart_times: the undisturbed training has ended with {whole.process.returncode}; see {whole.log_path}")
    digests = [subprocess.run(["sha256sum", *sorted((scratch / name / "checkpoints" / f"step-{step:08d}").glob("model.safetensors"))],
                              text=True, capture_output=True, check=True).stdout.split()[0] for name in ("disturbed", "whole")]
    if digests[0] != digests[1]:
        sys.exit(f"restart_times: other weights after step {step}; see {scratch}")
    print(f"after {step} steps the weights equal those of an undisturbed training")
    shutil.rmtree(scratch)


if __name__ == "__main__":
    main()
