"""Numbers that are not finite: what is skipped or rolled back, what ends a run, and what is never saved."""
import json
import shutil
import subprocess

from harness import WAVEFORM, Case, main
from pictures import WAVEFORM_CONFIG
from test_check import H5PY, needs_h5py

# Sample 5 overflows float32 in the network, although its values are finite.
ONE_HUGE_WAVEFORM = """
import h5py, numpy as np
random = np.random.default_rng(1)
waves = random.normal(size=(16, 64))
waves[5] *= 1e38
with h5py.File('d.h5', 'w') as f:
    f['data'] = waves; f['labels'] = np.column_stack([1 + random.random(16), *random.uniform(-.8, .8, (2, 16))])
"""
ROLL_BACK = ("--set", "training.on_divergence=roll_back", "--set", "training.roll_back_steps=2", "--set", "training.max_steps=12", "--set",
             "training.log_every_steps=1", "--set", "training.average_decay=0.9")
# The rate of the first step is 0, that of the second is far beyond float32.
EXPLODE = ("--set", "optimizer.lr=1e60", "--set", "schedule={type: constant, warmup_steps: 100, warmup_start: 0}", "--set", "checkpoint.every_steps=1")


class Weights(Case):
    def checkpoints(self, run):
        return sorted(path.name for path in (self.folder / run / "checkpoints").glob("step-*"))

    def test_weights_that_are_not_finite_are_never_saved(self):
        for ranks in (1, 2):
            run = f"run{ranks}"
            _, err = self.train(WAVEFORM, run, "--nproc", ranks, *EXPLODE, status=79)
            self.assertEqual(err.count("the state after step 2 is not finite"), 1, err)
            self.assertIn("the first tensor with NaN or infinity", err)
            self.assertIn("the last checkpoint on disk is of step 1", err)
            self.assertIn("optimizer.lr", err, "the remedy")
            self.assertEqual(self.summary(run)["status"], "diverged")
            self.assertEqual(self.checkpoints(run), ["step-00000001"])

    def test_the_last_good_checkpoint_can_be_used(self):
        self.train(WAVEFORM, "run", *EXPLODE, status=79)
        self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last")
        _, err = self.train(WAVEFORM, "run", *EXPLODE, "--resume", "require", status=79)
        self.assertIn("resumed    from step 1", err)
        self.assertEqual(self.checkpoints("run"), ["step-00000001"])

    def test_too_many_skipped_steps_in_a_row_end_the_run(self):
        _, err = self.train(WAVEFORM, "run", "--set", "optimizer.lr=1e30", "--set", "training.on_divergence=skip",
                            "--set", "training.max_skipped_steps=3", status=79)
        self.assertIn("3 steps in a row were not finite", err)
        self.assertEqual(len(self.metrics("run", "skipped")), 2, "the third ends the run")


@needs_h5py
class Skipping(Case):
    def setUp(self):
        super().setUp()
        subprocess.run([H5PY, "-c", ONE_HUGE_WAVEFORM], cwd=self.folder, check=True)
        (self.folder / "w.yaml").write_text(WAVEFORM_CONFIG)

    def test_a_bad_batch_ends_the_run_or_is_skipped(self):
        _, err = self.train("w.yaml", "stops", status=79)
        self.assertIn("not finite at step", err)
        self.assertIn("training.on_divergence=skip", err)
        for ranks in (1, 2):
            run = f"skips{ranks}"
            _, err = self.train("w.yaml", run, "--nproc", ranks, "--set", "training.on_divergence=skip")
            lines = self.metrics(run, "skipped")
            self.assertGreaterEqual(len(lines), 1)
            self.assertEqual(self.metrics(run, "rolled_back"), [])
            self.assertEqual(self.summary(run)["skipped_steps"], len(lines))
            self.assertEqual(self.summary(run)["steps"], 6)
            for line in lines:
                self.assertIn("is not finite", line["reason"])
                self.assertTrue(any("5" in sample for sample in line["samples"]), line)
                self.assertEqual(err.count(f"step {line['step']} is skipped and updates nothing"), 1, err)

    def test_a_run_that_has_ended_goes_on_and_skips(self):
        skip = ("--set", "training.on_divergence=skip", "--set", "checkpoint.every_steps=1")
        self.train("w.yaml", "whole", *skip)
        self.train("w.yaml", "stops", "--set", "checkpoint.every_steps=1", status=79)
        self.train("w.yaml", "stops", *skip, "--resume", "auto")
        for key in ("weights_sha256", "skipped_steps"):
            self.assertEqual(self.summary("stops")[key], self.summary("whole")[key])

    def test_a_bad_batch_is_rolled_back(self):
        for ranks in (1, 2):
            run = f"back{ranks}"
            _, err = self.train("w.yaml", run, "--nproc", ranks, *ROLL_BACK)
            lines = self.metrics(run, "rolled_back")
            self.assertEqual(len(lines), 3, "once in each epoch")
            self.assertEqual(self.metrics(run, "skipped"), [])
            self.assertEqual(self.summary(run)["skipped_steps"], 3)
            self.assertEqual(self.summary(run)["steps"], 12)
            for line in lines:
                self.assertIn("is not finite", line["reason"])
                self.assertTrue(any("5" in sample for sample in line["samples"]), line)
                self.assertEqual(line["rolled_back_steps"], line["step"] - 1 - line["to_step"])
                self.assertTrue(line["to_step"] == 0 or 2 <= line["rolled_back_steps"] < 4, line)
                self.assertEqual(err.count(f"step {line['step']} takes the training back to its state after step {line['to_step']}"), 1, err)
            self.assertGreater(lines[-1]["to_step"], 0)

    def test_a_run_that_rolls_back_has_the_same_weights_after_an_interrupt(self):
        self.train("w.yaml", "whole", *ROLL_BACK, "--set", "checkpoint.every_steps=1", "--set", "checkpoint.keep=12")
        # The steps are so fast that not every checkpoint is written.
        steps = sorted(int(folder.name.split("-")[1]) for folder in (self.folder / "whole" / "checkpoints").glob("step-*"))
        self.assertGreater(len(steps), 1)
        for step in steps[:-1]:
            run = self.folder / f"from{step}"
            shutil.copytree(self.folder / "whole", run, symlinks=True)
            for checkpoint in (run / "checkpoints").glob("step-*"):
                if int(checkpoint.name.split("-")[1]) > step:
                    shutil.rmtree(checkpoint)
            _, err = self.train("w.yaml", run.name, *ROLL_BACK, "--resume", "require")
            self.assertIn(f"from step {step}", err)
            self.assertEqual(self.summary(run.name)["weights_sha256"], self.summary("whole")["weights_sha256"])

    def test_a_step_after_rolling_back_is_replayed(self):
        self.train("w.yaml", "run", *ROLL_BACK, "--set", "checkpoint.every_epochs=0", "--set", "checkpoint.best=false")
        for line in self.metrics("run")[-3:]:
            report = json.loads(self.run_program("replay", "--run-dir", "run", "--step", line["step"], "--json")[0])
            self.assertEqual((report["from_step"], report["loss"]), (0, line["loss"]))


if __name__ == "__main__":
    main()
