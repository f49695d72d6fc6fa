"""Step times of 2, 4 and 8 ranks on hosts with shaped links, predicted from a calibration with two of them and then measured.

All ranks share the cores of this machine, so the network is what shall count: 4 MB of gradients, a few ms of computation. Eight
ranks at 200 Mbit/s are left out: their messages follow each other so closely that, on two cores, their step time is that of the
scheduler (443 to 476 ms measured on a noisy machine, 361 ms predicted, while all other cases agreed within 6 %).

A disturbance only ever adds time. So a run's step time is the lower quartile of its steps; a case that misses by more than 10 % is
measured again, up to twice, and its fastest run counts; one that is predicted too slow is calibrated again, and the faster
prediction counts. A case fails beyond 15 %. Where other programs take more than a tenth of the processors during a run or its
calibration, it is repeated, too, and then told but not judged.
"""
import json
import os
import pathlib
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

import namespaces

PROGRAM = os.environ["HPCAI_TRAIN"]
RATES_MBIT = (50, 100, 200)
WORLDS = (2, 4, 8)
OF_THE_SCHEDULER = {(200, 8)}  # (rate, ranks); see above
BATCH = 8  # of each rank
STEPS, SKIPPED = 7, 1
CALIBRATION_S = 4
REPEAT_BEYOND, FAIL_BEYOND, REPEATS = 0.10, 0.15, 2
NO_REPEATS_AFTER_S = 240  # a busy machine shall not make a long test
MOST_FOREIGN = 0.10  # of the processors
CONFIG = """
name: shaped
data:
  type: simulated_waveforms
  train: {mass_ratio: "1:8:0.25", spin1: "-0.8:0.8:0.4", spin2: "-0.8:0.8:0.8"}
  t_min: -300
  t_max: 84
  t_step: 2
loader: {threads: 1}
model: {type: wavenet, residual_channels: 4, gate_channels: 8, dilations: [1, 2, 4], tail_channels: 8, keep_steps: 180,
        dense_units: 2800, batch_norm: local}
loss: {type: waveform_mse}
optimizer: {type: sgd, lr: 0.001}
training: {epochs: 100, log_every_steps: 1, threads: 1, device: cpu}
checkpoint: {every_epochs: 0}
distributed: {bucket_mb: 2}
"""


class Watch:
    """The share of all processors that went to other programs than our children, between two moments."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now():
        user, nice, system, idle, wait, _, _, stolen = map(int, pathlib.Path("/proc/stat").read_text().split()[1:9])
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        tick = os.sysconf("SC_CLK_TCK")
        busy = user + nice + system + stolen  # also by other guests of this machine's host
        return busy / tick, (busy + idle + wait) / tick, children.ru_utime + children.ru_stime

    def foreign(self):
        busy, total, ours = (after - before for before, after in zip(self.begin, self.now()))
        return max(0.0, (busy - ours) / total)


class Predictions(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-scaling-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.config = self.folder / "config.yaml"
        self.config.write_text(CONFIG)
        self.port = 29400
        self.begin = time.monotonic()
        self.runs = 0

    def on_hosts(self, hosts, ranks, *arguments):
        self.port += 1
        processes = hosts.start(PROGRAM, ranks, self.port, *map(str, arguments), cwd=self.folder)
        try:
            outputs = [process.communicate(timeout=240) for process in processes]
        except subprocess.TimeoutExpired:
            self.fail(f"no end within 240 s: {arguments}")
        finally:
            for process in processes:
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    process.communicate()
        for process, (_, err) in zip(processes, outputs):
            self.assertEqual(process.returncode, 0, err)

    def may_repeat(self):
        return time.monotonic() - self.begin < NO_REPEATS_AFTER_S

    def batch(self, ranks):
        return ["--config", self.config, "--set", f"training.global_batch={BATCH * ranks}"]

    def predict(self, ranks, calibration):
        done = subprocess.run([PROGRAM, "plan", *map(str, self.batch(ranks)), "--nodes", str(ranks), "--ranks-per-node", "1",
                               "--one-machine", "--calibration", str(calibration), "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)["step_time"]

    def measure(self, hosts, ranks):
        """Lower quartile of the step times, from when rank 0 has logged its steps; and the share of other programs."""
        self.runs += 1
        folder = self.folder / f"run{self.runs}"
        watch = Watch()
        self.on_hosts(hosts, ranks, *self.batch(ranks), "--set", f"training.max_steps={STEPS}", "--run-dir", folder)
        lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
        times = [line["time_s"] for line in lines if line["event"] == "step"]
        steps = [b - a for a, b in zip(times[SKIPPED:], times[SKIPPED + 1:])]
        return statistics.quantiles(steps, n=4, method="inclusive")[0], watch.foreign()

    def calibrate(self, hosts, rate):
        """The file, and whether nothing disturbed it."""
        path = self.folder / f"calibration-{rate}.json"
        for _ in range(1 + REPEATS):
            watch = Watch()
            self.on_hosts(hosts, 2, "calibrate", *self.batch(1), "--batch", f"{BATCH // 2},{BATCH}", "--seconds", CALIBRATION_S,
                          "--out", path)
            calm = watch.foreign() <= MOST_FOREIGN
            if calm or not self.may_repeat():
                return path, calm
        return path, False

    def compare(self, hosts, rate, ranks, calibration, calm):
        """The relative error, or None where other programs disturbed all runs."""
        predicted = self.predict(ranks, calibration)
        runs = []
        while not runs or (len(runs) <= REPEATS and self.may_repeat() and
                           (runs[-1][1] > MOST_FOREIGN or abs(predicted["mean_s"] / min(runs)[0] - 1) > REPEAT_BEYOND)):
            runs.append(self.measure(hosts, ranks))
        quiet = [time for time, foreign in runs if foreign <= MOST_FOREIGN]
        fastest = min(quiet or [min(runs)[0]])
        for _ in range(REPEATS):
            if predicted["mean_s"] / fastest - 1 <= REPEAT_BEYOND or not self.may_repeat():
                break
            again, undisturbed = self.calibrate(hosts, rate)
            if undisturbed:
                predicted = min(predicted, self.predict(ranks, again), key=lambda step: step["mean_s"])
                calm = True
        step = predicted["mean_s"]
        error = step / fastest - 1
        shown = ", ".join(f"{1e3 * time:.1f}" + ("" if foreign <= MOST_FOREIGN else f" (others {foreign:.0%})") for time, foreign in runs)
        judged = bool(quiet) and calm and (abs(error) <= FAIL_BEYOND or len(runs) > REPEATS or self.may_repeat())
        print(f"{rate:4} Mbit/s, {ranks} ranks: predicted {1e3 * step:6.1f} ms ({1e3 * predicted['compute_s']:.1f} compute), measured {shown} "
              f"ms: {100 * error:+.1f} %{'' if judged else ', disturbed by other programs or not repeated: not judged'}", flush=True)
        return error if judged else None

    def test_step_times_of_2_4_and_8_ranks_at_several_rates(self):
        errors = {}
        with namespaces.Hosts(max(WORLDS)) as hosts:
            for rate in RATES_MBIT:
                hosts.shape(rate)
                calibration, calm = self.calibrate(hosts, rate)
                for ranks in WORLDS:
                    if (rate, ranks) in OF_THE_SCHEDULER:
                        continue
                    errors[rate, ranks] = self.compare(hosts, rate, ranks, calibration, calm)
        judged = {case: error for case, error in errors.items() if error is not None}
        if not judged:
            self.skipTest("other programs disturbed every measurement")
        self.assertEqual({case: error for case, error in judged.items() if abs(error) > FAIL_BEYOND}, {})


if __name__ == "__main__":
    try:
        with namespaces.Hosts(1) as probe:
            probe.shape(100)
    except namespaces.Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    program = unittest.main(exit=False)
    sys.exit(77 if program.result.skipped else not program.result.wasSuccessful())
