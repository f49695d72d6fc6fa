"""A run that was stopped or killed ends with the weights of one that was not."""
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import time

from harness import GALAXY, WAVEFORM, Case, children_of, main

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGHUP, signal.SIGXCPU)
for number in STOP_SIGNALS:
    if signal.getsignal(number) == signal.SIG_IGN:  # the tests run under nohup
        signal.signal(number, signal.SIG_DFL)


class Resume(Case):
    def undisturbed(self, config, *arguments):
        self.train(config, "whole", *arguments)
        return self.summary("whole")["weights_sha256"]

    def finish(self, config, *arguments, status=0):
        return self.train(config, "run", "--resume", "auto", *arguments, status=status)

    def assert_like_undisturbed(self):
        self.assertEqual(self.summary("run")["weights_sha256"], self.summary("whole")["weights_sha256"])
        whole, run = self.metrics("whole"), self.metrics("run")
        self.assertEqual([line["step"] for line in run], [line["step"] for line in whole], "no gap, no duplicate")
        for a, b in zip(whole, run):
            self.assertEqual((a["loss"], a["lr"]), (b["loss"], b["lr"]), f"step {a['step']}")

    def test_every_stop_signal_saves_and_exits_75(self):
        for number in STOP_SIGNALS:
            for config in (WAVEFORM, GALAXY):
                with self.subTest(signal=number, config=config.name):
                    shutil.rmtree(self.folder / "run", ignore_errors=True)
                    shutil.rmtree(self.folder / "whole", ignore_errors=True)
                    self.undisturbed(config)
                    status, err = self.interrupt("run", 4, "--config", config, "--run-dir", "run", by=lambda p: p.send_signal(number))
                    self.assertEqual(status, 75, err)
                    self.assertIn("--resume auto", err)
                    self.assertEqual(self.summary("run")["status"], "stopped")
                    self.finish(config)
                    self.assert_like_undisturbed()

    def test_a_pause_saves_evaluates_and_goes_on(self):
        self.undisturbed(WAVEFORM)
        evaluations = {line["epoch"]: line["loss"] for line in self.metrics("whole", "evaluation")}
        for option, at, steps in (("--stop-after-epochs", 2, 14), ("--stop-after-steps", 17, 17), ("--stop-after-epochs", 4, 28)):
            _, err = self.finish(WAVEFORM, option, at, status=75)
            self.assertIn(f"paused     at step {steps} as --stop-after asks", err)
            summary = self.summary("run")
            self.assertEqual((summary["status"], summary["steps"]), ("paused", steps))
            if steps % 7 == 0:
                self.assertEqual(summary["validation"]["loss"], evaluations[steps // 7])
            self.assertNotIn("test", summary)
        before = self.summary("run")
        self.finish(WAVEFORM, "--stop-after-epochs", 3, status=75)  # it is there already
        for key in ("steps", "validation"):
            self.assertEqual(self.summary("run")[key], before[key])
        self.finish(WAVEFORM, "--stop-after-epochs", 6)
        self.assert_like_undisturbed()
        self.assertEqual(self.summary("run")["test"], self.summary("whole")["test"])
        for wrong in (("--stop-after-epochs", 0), ("--stop-after-steps", -1), ("--stop-after-steps", 1, "--stop-after-epochs", 1)):
            self.train(WAVEFORM, "refused", *wrong, status=2)

    def test_names_of_layers_do_not_clash_with_the_parts_of_a_checkpoint(self):
        """Beside the weights it holds raw.NAME (before the average), older.NAME and newer.NAME (to go back)."""
        numbers = random.Random(1)
        rows = "".join(f"{x},{x * x}\n" for x in (numbers.uniform(-1, 1) for _ in range(64)))
        (self.folder / "points.csv").write_text("x,y\n" + rows)
        config = self.folder / "c.yaml"
        config.write_text("""
name: names
data: {type: table, file: points.csv, inputs: [x], targets: [y], validation_fraction: 0.25}
model:
  type: network
  layers: [{dense: 4, name: raw}, tanh, {dense: 4, name: older}, tanh, {dense: 4, name: newer}, tanh, {outputs: , name: momentum}]
loss: {type: regression}
training: {epochs: 6, global_batch: 8, average_decay: 0.9, on_divergence: roll_back, roll_back_steps: 2, log_every_steps: 1, device: cpu, threads: 1}
""")
        self.undisturbed(config)
        self.finish(config, "--stop-after-steps", 11, status=75)
        self.finish(config)
        self.assert_like_undisturbed()

    def test_compressed_gradients_resume_bit_for_bit(self):
        compressed = ["--nproc", 2]
        for setting in ("type=powersgd", "rank=1", "start_step=1"):
            compressed += ["--set", f"distributed.compression.{setting}"]
        self.undisturbed(GALAXY, *compressed)
        status, err = self.interrupt("run", 4, "--config", GALAXY, "--run-dir", "run", *compressed)
        self.assertEqual(status, 75, err)
        shutil.copytree(self.folder / "run", self.folder / "on-four")
        self.finish(GALAXY, *compressed)
        self.assert_like_undisturbed()
        # The errors of two ranks, shared by four.
        self.train(GALAXY, "on-four", "--resume", "require", *compressed[2:], "--nproc", 4)
        self.assertEqual(self.summary("on-four")["status"], "finished")
        self.train(GALAXY, "plain", "--nproc", 2)
        self.assertNotEqual(self.summary("plain")["weights_sha256"], self.summary("whole")["weights_sha256"])

    def test_more_than_one_signal_stops_as_cleanly_as_one(self):
        # As Slurm does: one before the time is over, others when the job must leave.
        self.undisturbed(WAVEFORM)
        def signals(process):
            for number in (signal.SIGSTOP, signal.SIGUSR1, signal.SIGTERM, signal.SIGCONT):
                process.send_signal(number)
        status, err = self.interrupt("run", 4, "--config", WAVEFORM, "--run-dir", "run", by=signals)
        self.assertEqual(status, 75, err)
        self.finish(WAVEFORM)
        self.assert_like_undisturbed()

    def test_signals_that_are_ignored_at_the_start_stay_ignored(self):
        def hang_up(process):
            for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGXCPU):
                process.send_signal(number)
        def ignore():
            for number in (signal.SIGHUP, signal.SIGUSR2, signal.SIGXCPU):
                signal.signal(number, signal.SIG_IGN)
        for ranks in ("1", "2"):
            with self.subTest(ranks=ranks):
                process = self.start("--config", WAVEFORM, "--run-dir", f"run-{ranks}", "--nproc", ranks, preexec_fn=ignore)
                self.wait_for_step(f"run-{ranks}", 2, process)
                hang_up(process)
                _, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, err)

    def test_the_soft_limit_of_cpu_time_stops_a_run_cleanly(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_CPU, (3, 600))
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--set", "training.epochs=100000", preexec_fn=limit)
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        self.assertIn("signal 24", err)

    def test_a_signal_before_the_first_step_means_queue_again_too(self):
        slow = ("--set", "data.train={mass_ratio: '1:8:1', spin1: '-0.8:0.8:1', spin2: '-0.8:0.8:1', count: 30000}", "--set",
                "training.max_steps=5")  # data that take seconds to simulate
        for ranks in (1, 2):
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
                with self.subTest(ranks=ranks, signal=number):
                    process = self.start("--config", WAVEFORM, "--run-dir", f"run-{ranks}-{number}", *slow, *(("--nproc", "2") if ranks == 2 else ()))
                    own = (lambda: [process.pid]) if ranks == 1 else (lambda: len(children_of(process.pid)) == 2 and children_of(process.pid))
                    self.wait_until_caught(own, number)
                    time.sleep(1)  # into the simulation
                    process.send_signal(number)
                    _, err = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 75, err)
                    self.assertEqual(err.count("before the first step"), 1, err)
        self.train(WAVEFORM, f"run-1-{signal.SIGTERM}", *slow, "--resume", "auto")

    def test_a_signal_in_the_first_moments_means_queue_again_too(self):
        """As soon as the process has a handler, which it has before its libraries start."""
        for arguments in ((), ("--nproc", "2")):
            for number in STOP_SIGNALS:
                with self.subTest(arguments=arguments, signal=number):
                    process = self.start("--config", WAVEFORM, "--run-dir", "run", *arguments)
                    self.wait_until_caught(lambda: [process.pid], number)
                    process.send_signal(number)
                    _, err = process.communicate(timeout=120)
                    self.assertEqual(process.returncode, 75, err)
                    self.assertEqual(err.count("before the first step"), 1, err)
                    self.assertFalse((self.folder / "run").exists())

    def test_other_commands_end_by_the_signal(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = self.start("bench", "--config", WAVEFORM, "--steps", "100000")
            self.wait_until_caught(lambda: [process.pid], number)
            process.send_signal(number)
            process.communicate(timeout=120)
            self.assertEqual(process.returncode, -number)

    def wait_until_caught(self, processes, number):
        """Until all of these processes have a handler for the signal."""
        def catches(pid):
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
            except FileNotFoundError:
                return False
            return int(re.search(r"SigCgt:\s*(\w+)", status)[1], 16) >> (number - 1) & 1
        end = time.monotonic() + 60
        while time.monotonic() < end:
            pids = processes()
            if pids and all(map(catches, pids)):
                return
            time.sleep(0.001)
        self.fail("no handler within 60 s")

    def test_killed_again_and_again(self):
        arguments = ("--set", "checkpoint.every_steps=3", "--set", "training.epochs=12")
        self.undisturbed(WAVEFORM, *arguments)
        rng = random.Random(7)
        for _ in range(5):
            process = self.start("--config", WAVEFORM, "--run-dir", "run", "--resume", "auto", *arguments)
            time.sleep(rng.uniform(0.5, 3))
            process.kill()
            process.communicate()
        self.finish(WAVEFORM, *arguments)
        self.assert_like_undisturbed()

    def test_a_run_that_was_killed_before_its_first_checkpoint_begins_anew(self):
        self.undisturbed(WAVEFORM)
        self.interrupt("run", 2, "--config", WAVEFORM, "--run-dir", "run", by=lambda process: process.kill())
        self.finish(WAVEFORM)
        self.assert_like_undisturbed()

    def test_metrics_that_a_crash_of_the_machine_has_damaged_do_not_keep_a_run_from_going_on(self):
        arguments = ("--set", "checkpoint.every_steps=5")
        self.undisturbed(WAVEFORM, *arguments)
        for damage in (b"\0" * 4096, b"\0" * 4096 + b"\n", b'{"event":"st{"event":"step","step":12}\n'):
            with self.subTest(damage=damage[:20]):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                self.interrupt("run", 7, "--config", WAVEFORM, "--run-dir", "run", *arguments, by=self.kill_after("run", 1))
                metrics = self.folder / "run" / "metrics.jsonl"
                lines = metrics.read_bytes().splitlines(keepends=True)
                metrics.write_bytes(lines[0] + b"no JSON\n" + b"".join(lines[1:]) + damage)
                _, err = self.finish(WAVEFORM, *arguments)
                self.assertRegex(err, r"metrics.jsonl: 2 lines are damaged, probably by a crash, and removed \(lines 2, \d+\)")
                self.assert_like_undisturbed()

    def test_two_ranks_stopped_in_the_middle_of_an_epoch(self):
        self.undisturbed(WAVEFORM, "--nproc", "2")
        status, err = self.interrupt("run", 3, "--config", WAVEFORM, "--run-dir", "run", "--nproc", "2")
        self.assertEqual(status, 75, err)
        self.finish(WAVEFORM, "--nproc", "2")
        self.assert_like_undisturbed()

    def test_with_shards_a_run_goes_on_with_another_number_of_ranks(self):
        for config in (WAVEFORM, GALAXY):
            with self.subTest(config=config.name):
                for name in ("whole", "run"):
                    shutil.rmtree(self.folder / name, ignore_errors=True)
                shards = ("--set", "distributed.deterministic_shards=4", "--set", "model.batch_norm=local")
                self.undisturbed(config, *shards)
                status, err = self.interrupt("run", 3, "--config", config, "--run-dir", "run", "--nproc", "2", *shards)
                self.assertEqual(status, 75, err)
                self.finish(config, "--nproc", "4", *shards)
                self.assert_like_undisturbed()

    def test_a_damaged_checkpoint_is_skipped(self):
        arguments = ("--set", "checkpoint.every_steps=5")
        self.undisturbed(WAVEFORM, *arguments)
        self.interrupt("run", 12, "--config", WAVEFORM, "--run-dir", "run", *arguments, by=self.kill_after("run", 2))
        newest = sorted((self.folder / "run" / "checkpoints").glob("step-*"))[-1]
        weights = newest / "model.safetensors"
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        _, err = self.finish(WAVEFORM, *arguments)
        self.assertIn("skipped", err)
        self.assertIn("model.safetensors", err)
        self.assert_like_undisturbed()

    def test_a_finished_run_is_not_trained_again(self):
        self.undisturbed(WAVEFORM)
        _, err = self.train(WAVEFORM, "whole", "--resume", "auto")
        self.assertEqual(len(self.metrics("whole")), self.summary("whole")["steps"])

    def test_changed_settings_are_refused_by_name(self):
        self.train(WAVEFORM, "run", "--set", "training.max_steps=3")
        _, err = self.train(WAVEFORM, "run", "--resume", "auto", "--set", "training.max_steps=3", "--set", "optimizer.lr=0.5", status=78)
        self.assertIn("optimizer.lr", err)
        self.assertNotIn("training.max_steps", err)
        # what does not change the result may differ
        self.train(WAVEFORM, "run", "--resume", "auto", "--set", "training.max_steps=3", "--set", "checkpoint.keep=1")

    def test_a_run_of_a_version_with_another_name_for_a_key_goes_on(self):
        limit = ("--set", "training.max_steps=2")
        self.train(GALAXY, "run", *limit)
        saved = self.folder / "run" / "config.yaml"
        self.assertIn("width_factor:", saved.read_text())
        saved.write_text(saved.read_text().replace("width_factor:", "width:"))
        self.run_program("evaluate", "--run-dir", "run")
        _, err = self.train(GALAXY, "run", "--resume", "auto", *limit, "--set", "model.width_factor=0.125", status=78)
        self.assertIn("model.width_factor: 0.0625 then, 0.125 now", err)
        self.train(GALAXY, "run", "--resume", "auto", *limit)

    def test_resume_require_needs_a_checkpoint(self):
        _, err = self.train(WAVEFORM, "run", "--resume", "require", status=78)
        self.assertFalse((self.folder / "run").exists(), "nothing is left behind")
        self.assertIn("no checkpoint", err)


if __name__ == "__main__":
    main()
