"""Trainings as jobs of a real Slurm: submit the shipped batch scripts, catch their ranks in the middle of the work, judge the end."""
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import time
import unittest

import cluster

PROGRAM = os.environ["HPCAI_TRAIN"]
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
SCRIPTS = SOURCE / "scripts" / "slurm"
CONFIG = SOURCE / "tests" / "cli" / "configs" / "waveform.yaml"
SETTINGS = ("--set", "training.threads=1", "--set", "checkpoint.every_steps=10", "--set", "training.epochs=18", "--set", "distributed.timeout_s=120")
STEPS = 126
SKIPPED = 77  # what ctest takes for a skipped test


def main():
    reason = cluster.reason_to_skip()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    unittest.main()


def is_frozen(process):
    """Whether SIGSTOP has stopped all threads of a process and no other signal has reached it since.

    The kernel stops the threads some time after kill() has returned: later on a busy machine.
    """
    try:
        threads = [path.read_text() for path in pathlib.Path(f"/proc/{process}/task").glob("*/status")]
    except (FileNotFoundError, ProcessLookupError):
        return False
    pending = int(re.search(r"ShdPnd:\s*(\w+)", threads[0])[1], 16) if threads else 1
    return pending == 0 and all(re.search(r"State:\s*T", thread) for thread in threads)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.cluster = cluster.Cluster().start()
        cls.addClassCleanup(cls.cluster.stop)
        cls.folder = cls.cluster.folder / "jobs"
        cls.folder.mkdir()
        cls.references = {}

    def environment(self, **extra):
        return {**self.cluster.environment, "OMP_NUM_THREADS": "1", "HPCAI_HOME": str(SOURCE), "HPCAI_TRAIN": PROGRAM,
                "CONFIG": str(CONFIG), **extra}

    def undisturbed(self, ranks, *arguments):
        """Run folder of the same training with --nproc, made once for all tests."""
        key = (ranks, *arguments)
        if key not in self.references:
            folder = self.folder / f"whole-{len(self.references)}"
            done = subprocess.run([PROGRAM, "--config", CONFIG, "--run-dir", folder, "--nproc", str(ranks), *SETTINGS, *arguments],
                                  env=self.environment(), text=True, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.references[key] = folder
        return self.references[key]

    def submit(self, script, *options, arguments=(), **environment):
        """Queues a shipped batch script; the options fit it to the test cluster. Returns the number of the job."""
        words = ["sbatch", "--parsable", "--gres=none", "--cpus-per-task=1", "--time=10", *options, SCRIPTS / script, *SETTINGS, *arguments]
        done = subprocess.run(list(map(str, words)), cwd=self.folder, env=self.environment(**environment), text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.strip()

    def job(self, number):
        """What Slurm knows of a job, such as JobState, ExitCode, Reason, Restarts."""
        text = self.cluster.run("scontrol", "show", "job", "-o", number)
        return dict(word.split("=", 1) for word in text.split() if "=" in word)

    def wait_for_state(self, number, *states, restarts=0, timeout=120):
        last = {}

        def there():
            last.update(self.job(number))
            return last["JobState"] in states and int(last["Restarts"]) >= restarts
        try:
            self.cluster.wait_until(there, f"job {number} is {' or '.join(states)}", timeout)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{last}\n{self.output(number)}") from None
        return last

    def start_again(self, number, restarts=1):
        """A requeued job waits for about two minutes; the test only until the nodes take its new credential for a new one."""
        self.wait_for_state(number, "PENDING", restarts=restarts)
        self.cluster.run("scontrol", "update", f"JobId={number}", "StartTime=now+2seconds")

    def output(self, number):
        return "\n".join(path.read_text() for path in sorted(self.folder.glob(f"*-{number}.out")))

    def steps(self, run):
        path = self.folder / run / "metrics.jsonl"
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        return [line for line in lines if line["event"] == "step"]

    def summary(self, run):
        return json.loads((self.folder / run / "summary.json").read_text())

    def ranks(self, run):
        """Processes that train in this run folder, by rank."""
        found = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")
                if words[0] != PROGRAM.encode() or not any(word.endswith(f"/{run}".encode()) for word in words):
                    continue
                variables = dict(v.split(b"=", 1) for v in (entry / "environ").read_bytes().split(b"\0") if b"=" in v)
                found[int(variables[b"SLURM_PROCID"])] = int(entry.name)
            except (OSError, KeyError):
                continue
        return found

    def freeze(self, run, step, ranks):
        """Stops all ranks once they have made this step, so that the training cannot end before the test goes on."""
        end = time.monotonic() + 120
        while not any(line["step"] >= step for line in self.steps(run)):
            self.assertLess(time.monotonic(), end, f"{run} did not reach step {step}")
            time.sleep(0.01)
        processes = self.ranks(run)
        self.assertEqual(sorted(processes), list(range(ranks)))
        for process in processes.values():
            os.kill(process, signal.SIGSTOP)
        self.cluster.wait_until(lambda: all(map(is_frozen, processes.values())), "all ranks are stopped", 30)
        self.assertLess(self.steps(run)[-1]["step"], STEPS, "caught too late")
        return processes

    def thaw_at_signal(self, processes, timeout=120):
        """Lets the ranks go on as soon as Slurm has sent a signal to all of them (with SIGCONT it may have done it itself)."""
        self.cluster.wait_until(lambda: not any(map(is_frozen, processes.values())), "a signal reached the ranks", timeout)
        self.thaw(processes)

    def thaw(self, processes):
        for process in processes.values():
            try:
                os.kill(process, signal.SIGCONT)
            except ProcessLookupError:
                pass

    def assert_gone(self, run):
        self.cluster.wait_until(lambda: not self.ranks(run), "no rank is left", 30)

    def assert_saved(self, run):
        """Stopped cleanly: the newest checkpoint is that of the last step in metrics.jsonl."""
        summary = self.summary(run)
        self.assertEqual(summary["status"], "stopped")
        self.assertEqual(self.steps(run)[-1]["step"], summary["steps"])
        last = os.readlink(self.folder / run / "checkpoints" / "last")
        self.assertEqual(int(last.split("-")[1]), summary["steps"])
        return summary["steps"]

    def assert_like_undisturbed(self, run, whole):
        """Same weights, and logs without gap or duplicate."""
        summary, reference = self.summary(run), self.summary(whole)
        self.assertEqual(summary["status"], "finished")
        self.assertEqual(summary["weights_sha256"], reference["weights_sha256"])
        mine, theirs = self.steps(run), self.steps(whole)
        self.assertEqual([line["step"] for line in mine], list(range(1, STEPS + 1)), "no gap, no duplicate")
        self.assertEqual([(line["loss"], line["lr"]) for line in mine], [(line["loss"], line["lr"]) for line in theirs])

    def assert_starts(self, number, steps):
        """The output tells of each start once, in order; after the first each goes on from one of these steps."""
        output = self.output(number)
        starts = re.findall(r"job \d+: start (\d+)", output)
        self.assertEqual(starts, [str(n + 1) for n in range(len(steps) + 1)], output)
        self.assertEqual([int(n) for n in re.findall(r"resumed    from step (\d+)", output)], steps, output)
