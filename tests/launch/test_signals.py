"""A signal in the first moments of --nproc, to the program that starts the ranks or to one of them, ends the run with 75."""
import os
import pathlib
import signal
import subprocess
import time
import unittest

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


if __name__ == "__main__":
    main()
