"""--restarts: a training goes on after the loss of ranks, and the weights are those of an undisturbed run."""
import os
import pathlib
import random
import signal
import time

from harness import WAVEFORM, Case, children_of, free_port, main

SAVES = ("--set", "checkpoint.every_steps=3")
NEVER_SAVES = ("--set", "checkpoint.every_epochs=0", "--set", "checkpoint.best=false", "--set", "distributed.timeout_s=4")


class Restarts(Case):
    def kill_one_rank(self, process):
        ranks = children_of(process.pid)
        if ranks:
            os.kill(random.choice(ranks), signal.SIGKILL)

    def check_undisturbed(self, run, whole):
        self.assertEqual(self.summary(run)["weights_sha256"], self.summary(whole)["weights_sha256"])
        for event in ("step", "evaluation", "epoch"):
            self.assertEqual([line["step"] for line in self.metrics(run, event)], [line["step"] for line in self.metrics(whole, event)])

    def test_a_rank_alone_goes_on_from_its_checkpoint(self):
        self.train(WAVEFORM, "whole", "--nproc", "1", *SAVES)
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", "1", "--restarts", "5", *SAVES)
        for step in (4, 11):
            self.wait_for_step("run", step, process)
            self.wait_for_checkpoints("run", 1, process)
            self.kill_one_rank(process)
            time.sleep(1)  # the parent starts another process
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err)
        self.assertRegex(err, r"the ranks start again from step \d+ \(restart 1 of 5\)")
        self.check_undisturbed("run", "whole")

    def test_living_ranks_keep_their_state(self):
        # Without checkpoints, so only the memory of the living ranks holds the state.
        batch = ("--set", "training.global_batch=6")
        self.train(WAVEFORM, "whole", "--nproc", "3", *batch, *NEVER_SAVES)
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", "3", "--restarts", "9", *batch, *NEVER_SAVES)
        for step, number, victim in ((4, signal.SIGKILL, 0), (11, signal.SIGKILL, 2), (17, signal.SIGSTOP, 1), (24, signal.SIGSTOP, 0)):
            self.wait_for_step("run", step, process)
            os.kill(self.process_of(process, victim), number)
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        for expected in ("rank 0 starts again, and the others go on (restart 1 of 9)", "rank 2 starts again", "rank 1 starts again",
                         "(memory of rank 0)", "(memory of rank 1)"):
            self.assertIn(expected, err)
        self.assertNotIn("from the beginning", err)
        self.check_undisturbed("run", "whole")

    def test_losses_close_together_keep_the_state(self):
        self.train(WAVEFORM, "whole", "--nproc", "4", *NEVER_SAVES)
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", "4", "--restarts", "20", *NEVER_SAVES)
        for step, pause_s in ((4, 0.1), (12, 0.4), (20, 0.8)):  # while the ranks leave, the new one starts, and all gather
            self.wait_for_step("run", step, process)
            os.kill(self.process_of(process, 1), signal.SIGKILL)
            time.sleep(pause_s)
            os.kill(self.process_of(process, 2), signal.SIGKILL)
        _, err = process.communicate(timeout=240)
        self.assertEqual(process.returncode, 0, err)
        self.assertIn("(memory of rank 0)", err)
        self.check_undisturbed("run", "whole")

    def process_of(self, parent, rank):
        """The process of a rank, which may just be starting again."""
        while parent.poll() is None:
            for process in children_of(parent.pid):
                try:
                    variables = pathlib.Path(f"/proc/{process}/environ").read_bytes()
                except OSError:  # it has just ended
                    continue
                if f"HPCAI_RANK={rank}\0".encode() in variables:
                    return process
        self.fail(f"ended with {parent.returncode}: {parent.stderr.read()}")

    def start_alone(self, ranks, *arguments):
        port = str(free_port())
        return [self.start("--config", WAVEFORM, "--run-dir", "run", "--restarts", "2", "--set", "distributed.timeout_s=4", *arguments,
                           env={"RANK": str(rank), "WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port})
                for rank in range(ranks)]

    def test_without_a_parent_the_living_ranks_go_on(self):
        # With shards the weights do not depend on the number of ranks.
        shards = ("--set", "distributed.deterministic_shards=4", "--set", "model.batch_norm=local")
        self.train(WAVEFORM, "whole", *shards)
        ranks = self.start_alone(4, *shards)
        self.wait_for_step("run", 4, ranks[0])
        ranks[0].kill()
        self.wait_for_step("run", 8, ranks[1])
        ranks[2].send_signal(signal.SIGSTOP)
        errors = [ranks[rank].communicate(timeout=120)[1] for rank in (1, 3)]
        ranks[2].kill()
        ranks[2].communicate()
        ranks[0].communicate()
        self.assertEqual([ranks[rank].returncode for rank in (1, 3)], [0, 0], errors)
        self.assertIn("this rank ends: 2 ranks go on, because training.global_batch cannot be divided among one more", errors[1])
        self.check_undisturbed("run", "whole")

    def test_restarts_without_progress_end(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", "2", "--restarts", "50", "--set", "training.epochs=100000",
                             "--set", "checkpoint.every_epochs=0")
        while process.poll() is None:
            if (self.folder / "run" / "metrics.jsonl").exists():
                self.kill_one_rank(process)
            time.sleep(0.05)
        _, err = process.communicate()
        self.assertIn(process.returncode, (69, 137), err)
        self.assertIn("the ranks are not started again: 3 restarts have brought the training no further", err)
        self.assertRegex(err, r"\(restart 3 of 50\)")

    def test_a_stop_signal_or_a_fault_of_the_user_restarts_nothing(self):
        status, err = self.interrupt("run", 3, "--config", WAVEFORM, "--run-dir", "run", "--nproc", "2", "--restarts", "5")
        self.assertEqual(status, 75, err)
        self.assertNotIn("start again", err)
        _, err = self.train(WAVEFORM, "run", "--nproc", "2", "--restarts", "5", status=2)  # the folder holds a run
        self.assertNotIn("start again", err)

    def test_what_restarts_need(self):
        _, err = self.run_program("--config", WAVEFORM, "--restarts", "1", "--run-dir", "run", status=2)
        self.assertIn("--restarts is for several ranks, or for those that --nproc starts", err)
        _, err = self.run_program("--config", WAVEFORM, "--restarts", "1", "--nproc", "2", status=2)
        self.assertIn("--restarts needs the folder of the run", err)


if __name__ == "__main__":
    main()
