"""A whole training of each science driver, and what it leaves behind."""
import json
import math
import pty
import os
import subprocess
import time

from harness import GALAXY, PROGRAM, WAVEFORM, Case, environment, main


class RunFolder(Case):
    def test_waveform_run_leaves_a_complete_folder(self):
        out, err = self.train(WAVEFORM, "run")
        self.assertEqual(out, "", "talk goes to stderr, stdout is for data")
        run = self.folder / "run"
        for name in ("config.yaml", "command.txt", "environment.json", "log.txt", "metrics.jsonl", "status.json", "summary.json",
                     "checkpoints/last/manifest.json", "checkpoints/last/model.safetensors", "checkpoints/best/model.safetensors"):
            self.assertTrue((run / name).exists(), name)
        steps = self.metrics("run")
        self.assertEqual([line["step"] for line in steps], list(range(1, len(steps) + 1)))
        for key in ("event", "step", "epoch", "loss", "lr", "samples_per_second"):
            self.assertIn(key, steps[0])
        self.assertLess(steps[-1]["loss"], steps[0]["loss"] / 2, "it learns")
        summary = self.summary("run")
        self.assertEqual(summary["status"], "finished")
        self.assertEqual(summary["steps"], len(steps))
        self.assertEqual(summary["epochs"], 6)
        self.assertRegex(summary["weights_sha256"], "^[0-9a-f]{64}$")
        self.assertTrue(0 < summary["validation"]["overlap_median"] <= 1)
        self.assertTrue(0 < summary["test"]["overlap_median"] <= 1)
        self.assertGreater(summary["samples_per_second"], 0)

    def test_galaxy_run_with_stages_average_and_views(self):
        self.train(GALAXY, "run")
        summary = self.summary("run")
        self.assertEqual(summary["epochs"], 3)
        self.assertEqual(summary["test"]["samples"], 32)
        self.assertEqual(sum(map(sum, summary["test"]["confusion"])), 32)
        self.assertTrue(0 <= summary["validation"]["accuracy"] <= 1)
        self.assertTrue(all(math.isfinite(line["loss"]) for line in self.metrics("run")))

    def test_same_seed_gives_the_same_weights_and_another_seed_others(self):
        for name, seed in (("a", 3), ("b", 3), ("c", 4)):
            self.train(WAVEFORM, name, "--set", "training.max_steps=5", "--set", f"training.seed={seed}")
        a, b, c = (self.summary(name)["weights_sha256"] for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(a, c)

    def test_accumulation_gives_the_same_losses(self):
        self.train(WAVEFORM, "whole", "--set", "training.max_steps=4", "--set", "model.batch_norm=frozen")
        self.train(WAVEFORM, "parts", "--set", "training.max_steps=4", "--set", "model.batch_norm=frozen",
                   "--set", "training.accumulation=4")
        for whole, parts in zip(self.metrics("whole"), self.metrics("parts")):
            self.assertAlmostEqual(whole["loss"], parts["loss"], delta=1e-4 * abs(whole["loss"]))

    def test_training_ends_where_the_target_is_reached(self):
        goal = ["--set", "evaluation.target_metric=loss", "--set", "evaluation.target_value=1e9"]
        self.train(WAVEFORM, "noted", *goal)
        self.train(WAVEFORM, "stopped", *goal, "--set", "evaluation.stop_at_target=true")
        for name, epochs in (("noted", 6), ("stopped", 1)):
            summary = self.summary(name)
            self.assertEqual((summary["status"], summary["epochs"]), ("finished", epochs))
            self.assertEqual((summary["target"]["reached"], summary["target"]["epoch"]), (True, 1))
            self.assertTrue(0 < summary["target"]["time_s"] <= summary["time_s"])
        self.train(WAVEFORM, "far", *goal[:2], "--set", "evaluation.target_value=-1", "--set", "training.epochs=1")
        self.assertEqual(self.summary("far")["target"], {"metric": "loss", "value": -1, "reached": False})

    def test_bf16_trains(self):
        self.train(GALAXY, "run", "--set", "training.precision=bf16")
        self.assertTrue(all(math.isfinite(line["loss"]) for line in self.metrics("run")))

    def test_plain_output_has_no_control_characters(self):
        _, err = self.train(WAVEFORM, "run")
        self.assertNotIn("\r", err)
        self.assertNotIn("\033", err)
        log = (self.folder / "run" / "log.txt").read_text()
        self.assertNotIn("\r", log)
        self.assertIn("done", log)

    def test_a_terminal_gets_a_bar(self):
        master, slave = pty.openpty()
        process = subprocess.Popen([PROGRAM, "--config", str(WAVEFORM), "--run-dir", "run"], cwd=self.folder, stdout=slave,
                                   stderr=slave, env=environment(TERM="xterm", COLUMNS="100"))
        os.close(slave)
        text = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            if not piece:
                break
            text += piece
        self.assertEqual(process.wait(), 0)
        self.assertIn(b"\r", text)
        self.assertIn(b"samples/s", text)

    def test_a_second_run_takes_a_folder_of_its_own(self):
        for _ in range(2):
            self.run_program("--config", WAVEFORM, "--set", "training.max_steps=2")
        self.assertTrue((self.folder / "runs" / "tiny-waveform" / "summary.json").exists())
        self.assertTrue((self.folder / "runs" / "tiny-waveform-2" / "summary.json").exists())

    def test_runs_that_start_together_take_folders_of_their_own(self):
        processes = [self.start("--config", WAVEFORM, "--set", "training.max_steps=2") for _ in range(4)]
        for process in processes:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)
        names = sorted(path.name for path in (self.folder / "runs").iterdir())
        self.assertEqual(names, ["tiny-waveform", "tiny-waveform-2", "tiny-waveform-3", "tiny-waveform-4"])
        for name in names:
            self.assertEqual(self.summary(f"runs/{name}")["status"], "finished")

    def test_of_runs_that_resume_together_one_goes_on(self):
        processes = [self.start("--config", WAVEFORM, "--resume", "auto", "--set", "training.epochs=100000") for _ in range(3)]
        end = time.monotonic() + 120
        while sum(process.poll() is None for process in processes) > 1 and time.monotonic() < end:
            time.sleep(0.05)
        one = [process for process in processes if process.poll() is None]
        self.assertEqual(len(one), 1)
        self.wait_for_step("runs/tiny-waveform", 3, one[0])
        one[0].terminate()
        for process in processes:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 75 if process is one[0] else 2, err)
            self.assertEqual("is in use by" in err, process is not one[0], err)

    def test_status_tells_what_the_run_does(self):
        def status():
            path = self.folder / "run" / "status.json"
            return json.loads(path.read_text()) if path.exists() else {"status": None}
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--set", "training.epochs=100000", "--set", "checkpoint.every_steps=2")
        self.wait_for_step("run", 3, process)
        for _ in range(1000):
            self.assertIn(status()["status"], ("starting", "running"), "the file is whole at any time")
        self.assertEqual(status()["process"], process.pid)
        process.terminate()
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        self.assertEqual(status()["status"], "stopped")
        self.assertEqual(status()["step"], self.summary("run")["steps"])
        self.assertEqual(status()["step"], status()["last_checkpoint"])
        self.train(WAVEFORM, "run", "--overwrite", "--set", "training.max_steps=3")
        self.assertEqual(status()["status"], "finished")
        self.assertEqual((status()["step"], status()["total_steps"], status()["last_checkpoint"]), (3, 3, 3))
        self.assertEqual(status()["loss"], self.metrics("run")[-1]["loss"])
        self.assertIsNone(status()["error"])

    def test_a_folder_with_a_run_is_refused_unless_told(self):
        self.train(WAVEFORM, "run", "--set", "training.max_steps=2")
        _, err = self.train(WAVEFORM, "run", status=2)
        self.assertIn("--resume auto", err)
        self.train(WAVEFORM, "run", "--overwrite", "--set", "training.max_steps=3")
        self.assertEqual(self.summary("run")["steps"], 3)


if __name__ == "__main__":
    main()
