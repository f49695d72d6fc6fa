"""Runs hpcai-train as a user would, in a fresh folder."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_port  # in tests/

PROGRAM = os.environ["HPCAI_TRAIN"]
HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
WAVEFORM = HERE / "configs" / "waveform.yaml"
ATTEMPTS = 5
GALAXY = HERE / "configs" / "galaxy.yaml"
LAUNCHER_VARIABLES = ("SLURM_", "OMPI_", "PMI_", "RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_", "HPCAI_RANK")


def environment(**extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith(LAUNCHER_VARIABLES)}
    env.setdefault("OMP_NUM_THREADS", "1")
    env.update(extra)
    return env


def children_of(process):
    return sorted(map(int, subprocess.run(["pgrep", "-P", str(process)], text=True, capture_output=True).stdout.split()))


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-cli-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *arguments, **options):
        env = environment(**options.pop("env", {}))
        return subprocess.Popen([PROGRAM, *map(str, arguments)], cwd=options.pop("cwd", self.folder), env=env, text=True, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, **options)

    def run_program(self, *arguments, status=0, timeout=300, **options):
        process = self.start(*arguments, **options)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            self.fail(f"no end within {timeout} s: {' '.join(map(str, arguments))}\n{out}\n{err}")
        self.assertEqual(process.returncode, status, f"{' '.join(map(str, arguments))}\nstdout: {out}\nstderr: {err}")
        return out, err

    def train(self, config, run_dir, *arguments, **options):
        return self.run_program("--config", config, "--run-dir", run_dir, *arguments, **options)

    def summary(self, run_dir):
        return json.loads((self.folder / run_dir / "summary.json").read_text())

    def metrics(self, run_dir, event="step"):
        lines = [json.loads(line) for line in (self.folder / run_dir / "metrics.jsonl").read_text().splitlines()]
        return [line for line in lines if line["event"] == event]

    def assert_verified(self, run_dir, *names):
        """Each of these files of a run is known to `runs verify`, which names it after a changed byte."""
        run = self.folder / run_dir
        self.run_program("runs", "verify", run_dir, "--no-data")
        for name in names:
            before = (run / name).read_bytes()
            (run / name).write_bytes(before[:-1] + bytes([before[-1] ^ 1]))
            out, err = self.run_program("runs", "verify", run_dir, "--no-data", status=65)
            self.assertIn(f"CHANGED  {name}: has changed since it was written", out)
            self.assertIn(name, err)
            (run / name).write_bytes(before)
        self.run_program("runs", "verify", run_dir, "--no-data")

    def wait_for_step(self, run_dir, step, process, timeout=120):
        """Waits until metrics.jsonl tells of a step of this process."""
        path = self.folder / run_dir / "metrics.jsonl"
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            process.poll()  # before the file is read: all that an ended process wrote is there
            if path.exists() and any(f'"step":{step},' in line.replace(" ", "") for line in path.read_text().splitlines()):
                return
            if process.returncode is not None:
                self.fail(f"ended with {process.returncode} before step {step}: {process.stderr.read()}")
            time.sleep(0.01)
        self.fail(f"step {step} was not reached within {timeout} s")

    def wait_for_checkpoints(self, run_dir, count, process):
        """Waits until so many checkpoints are on disk or the process ends. They are written while training goes on."""
        while process.poll() is None and len(list((self.folder / run_dir / "checkpoints").glob("step-*"))) < count:
            time.sleep(0.001)

    def kill_after(self, run_dir, checkpoints):
        """For interrupt(): kills the process once so many checkpoints are on disk."""
        def kill(process):
            self.wait_for_checkpoints(run_dir, checkpoints, process)
            process.kill()
        return kill

    def interrupt(self, run_dir, step, *arguments, by=lambda process: process.send_signal(signal.SIGTERM), timeout=120):
        """Starts the program and calls `by` once the run in run_dir has made this step. Returns the exit status and stderr. On a busy
        machine the run may be over by then: it is removed and started again."""
        for _ in range(ATTEMPTS):
            process = self.start(*arguments)
            self.wait_for_step(run_dir, step, process)
            by(process)
            _, err = process.communicate(timeout=timeout)
            summary = self.folder / run_dir / "summary.json"
            if not summary.exists() or json.loads(summary.read_text())["status"] != "finished":
                return process.returncode, err
            shutil.rmtree(self.folder / run_dir)
        self.fail(f"{run_dir} was over before it could be interrupted, {ATTEMPTS} times")


def main():
    unittest.main()
