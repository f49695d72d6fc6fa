"""--restarts: the parent of --nproc starts lost ranks again, and the weights are those of an undisturbed run."""
import os
import random
import signal
import time

from harness import WAVEFORM, Case, children_of, main

SAVES = ("--set", "checkpoint.every_steps=3")


class Restarts(Case):
    def kill_one_rank(self, process):
        ranks = children_of(process.pid)
        if ranks:
            os.kill(random.choice(ranks), signal.SIGKILL)

    def test_lost_ranks_are_started_again(self):
        for ranks in ("1", "2"):
            with self.subTest(ranks=ranks):
                whole, run = f"whole{ranks}", f"run{ranks}"
                self.train(WAVEFORM, whole, "--nproc", ranks, *SAVES)
                process = self.start("--config", WAVEFORM, "--run-dir", run, "--nproc", ranks, "--restarts", "5", *SAVES)
                for step in (4, 11):
                    self.wait_for_step(run, step, process)
                    self.wait_for_checkpoints(run, 1, process)
                    self.kill_one_rank(process)
                    time.sleep(1)  # the ranks end, and the parent starts others
                _, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, err)
                self.assertRegex(err, r"the ranks start again from step \d+ \(restart 1 of 5\)")
                self.assertEqual(self.summary(run)["weights_sha256"], self.summary(whole)["weights_sha256"])
                self.assertEqual([line["step"] for line in self.metrics(run)], [line["step"] for line in self.metrics(whole)])

    def test_restarts_without_progress_end(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", "2", "--restarts", "50", "--set", "training.epochs=100000",
                             "--set", "checkpoint.every_epochs=0")
        while process.poll() is None:
            if (self.folder / "run" / "metrics.jsonl").exists():
                self.kill_one_rank(process)
            time.sleep(0.05)
        _, err = process.communicate()
        self.assertIn(process.returncode, (69, 137), err)
        self.assertIn("the ranks are not started again: 3 restarts have brought no newer checkpoint", err)
        self.assertIn("the ranks start again from the beginning (restart 3 of 50)", err)

    def test_a_stop_signal_or_a_fault_of_the_user_restarts_nothing(self):
        status, err = self.interrupt("run", 3, "--config", WAVEFORM, "--run-dir", "run", "--nproc", "2", "--restarts", "5")
        self.assertEqual(status, 75, err)
        self.assertNotIn("start again", err)
        _, err = self.train(WAVEFORM, "run", "--nproc", "2", "--restarts", "5", status=2)  # the folder holds a run
        self.assertNotIn("start again", err)

    def test_what_restarts_need(self):
        _, err = self.run_program("--config", WAVEFORM, "--restarts", "1", "--run-dir", "run", status=2)
        self.assertIn("--restarts is for the ranks that --nproc starts", err)
        _, err = self.run_program("--config", WAVEFORM, "--restarts", "1", "--nproc", "2", status=2)
        self.assertIn("--restarts needs the folder of the run", err)


if __name__ == "__main__":
    main()
