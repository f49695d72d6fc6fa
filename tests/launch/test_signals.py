"""A signal in the first moments of a training, to the program that starts the ranks or to one of them, ends the run with 75.

`test_signals.py --campaign N` sends N signals at other moments of the start and prints a table of their outcomes."""
import collections
import itertools
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

from harness import Case, environment, main

DELAYS_S = (0, 0.02, 0.1, 0.3, 0.8)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGXCPU)
for number in STOP_SIGNALS:
    if signal.getsignal(number) == signal.SIG_IGN:  # the tests run under nohup
        signal.signal(number, signal.SIG_DFL)


def children(process):
    return [int(child) for task in pathlib.Path(f"/proc/{process}/task").glob("*/children") for child in task.read_text().split()]


class FirstMoments(Case):
    def start(self, run, ranks=2):
        """The program that starts the ranks, as soon as all of them are there."""
        command = self.training(run, "--set", "training.max_steps=1000000", "--set", "training.epochs=1000000", "--nproc", str(ranks))
        process = subprocess.Popen(command, env=environment(), text=True, cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.end, process)
        deadline = time.monotonic() + 60
        while len(children(process.pid)) < ranks:
            self.assertLess(time.monotonic(), deadline, "no ranks")
            self.assertIsNone(process.poll())
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            os.killpg(process.pid, 9)
        process.communicate()

    def finish(self, process):
        output, _ = process.communicate(timeout=60)
        return process.returncode, output

    def test_a_signal_to_the_program_that_starts_the_ranks(self):
        for number in STOP_SIGNALS:
            for delay in DELAYS_S:
                with self.subTest(signal=number.name, delay=delay):
                    process = self.start(f"{number.name}-{delay}")
                    time.sleep(delay)
                    process.send_signal(number)
                    status, output = self.finish(process)
                    self.assertEqual(status, 75, output)

    def test_a_signal_to_one_rank_alone(self):
        """The others wait for that rank, or have lost it; they are asked to stop too."""
        for rank in (0, 1):
            for delay in DELAYS_S[:3]:
                with self.subTest(rank=rank, delay=delay):
                    process = self.start(f"rank-{rank}-{delay}")
                    time.sleep(delay)
                    os.kill(children(process.pid)[rank], signal.SIGTERM)
                    status, output = self.finish(process)
                    self.assertEqual(status, 75, output)

    def test_a_signal_to_all_from_the_terminal(self):
        process = self.start("terminal")
        os.killpg(process.pid, signal.SIGINT)
        status, output = self.finish(process)
        self.assertEqual(status, 75, output)


class Campaign(Case):
    """Signals at many moments of the start of a training whose data take seconds to make."""
    DELAYS_S = (0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4)
    TARGETS = ("a rank alone", "--nproc 2", "rank 0 of 2", "rank 1 of 2")
    SLOW_DATA = ("--set", "data.train.mass_ratio=1:8:0.01", "--set", "training.max_steps=1000000", "--set", "training.epochs=1000000")

    def report(self):
        cases = list(itertools.product(self.TARGETS, STOP_SIGNALS, self.DELAYS_S))
        random.Random(1).shuffle(cases)
        table = collections.defaultdict(list)
        for number, (target, sent, delay) in enumerate(itertools.islice(itertools.cycle(cases), self.count)):
            outcome = self.outcome(f"campaign-{number}", target, sent, delay)
            table[target, sent.name].append(outcome)
            if outcome[0] != 75:
                print(f"{target}, {sent.name} after {delay} s: status {outcome[0]}, {outcome[2]}", flush=True)
        print(f"\n{'signal to':<14}{'signal':<10}{'times':>6}  {'longest':>8}  exit statuses")
        for (target, name), outcomes in sorted(table.items(), key=lambda item: (self.TARGETS.index(item[0][0]), item[0][1])):
            statuses = collections.Counter(status for status, _, _ in outcomes)
            described = ", ".join(f"{status}: {times}" for status, times in sorted(statuses.items()))
            print(f"{target:<14}{name:<10}{len(outcomes):>6}  {max(seconds for _, seconds, _ in outcomes):>6.1f} s  {described}")

    def outcome(self, run, target, sent, delay):
        """Exit status, seconds from the signal to the end of all processes, output."""
        ranks = 1 if target == "a rank alone" else 2
        command = self.training(run, *self.SLOW_DATA, *(("--nproc", "2") if ranks == 2 else ()))
        process = subprocess.Popen(command, env=environment(), text=True, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while ranks == 2 and len(children(process.pid)) < 2 and process.poll() is None:
            pass
        time.sleep(delay)
        processes = children(process.pid)
        victim = processes[int(target.split()[1])] if target.startswith("rank") else process.pid
        os.kill(victim, sent)
        since = time.monotonic()
        try:
            output, _ = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            return "no end", 60, process.communicate()[0]
        left = [child for child in processes if pathlib.Path(f"/proc/{child}").exists()]
        self.assertFalse(left, "no rank is left behind")
        return process.returncode, time.monotonic() - since, output


def run_campaign(count):
    Campaign.count = count
    Campaign.setUpClass()
    try:
        Campaign().report()
    finally:
        Campaign.doClassCleanups()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--campaign"]:
        run_campaign(int(sys.argv[2]))
    else:
        main()
