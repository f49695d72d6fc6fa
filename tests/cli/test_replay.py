"""`replay` repeats a step of a run, bit for bit, and leaves the run alone."""
import hashlib
import json
import math

from harness import WAVEFORM, Case, main

SHORT = ("--set", "training.epochs=2", "--set", "checkpoint.every_steps=3", "--set", "checkpoint.every_epochs=0", "--set", "checkpoint.keep=2",
         "--set", "checkpoint.best=false")


class Replay(Case):
    def replay(self, run, step, *arguments, **options):
        return json.loads(self.run_program("replay", "--run-dir", run, "--step", step, "--json", *arguments, **options)[0])

    def files(self, run):
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.folder / run).rglob("*") if path.is_file()}

    def test_a_step_is_that_of_the_run_and_the_run_stays_as_it_is(self):
        for ranks in (1, 2):
            run = f"run{ranks}"
            self.train(WAVEFORM, run, "--nproc", ranks, *SHORT)
            before, lines = self.files(run), {line["step"]: line for line in self.metrics(run)}
            last = max(lines)
            for step in (1, last // 2 + 2, last):  # from the beginning, across the end of an epoch, from a checkpoint
                report = self.replay(run, step, "--nproc", ranks)
                self.assertEqual(report["loss"], lines[step]["loss"], step)
                self.assertEqual(report["lr"], lines[step]["lr"], step)
                norms = report["gradient_norms"]
                self.assertAlmostEqual(report["gradient_norm"], math.sqrt(sum(norm * norm for norm in norms.values())))
                self.assertGreater(report["gradient_norm"], 0)
                self.assertEqual(len(set(report["samples"])), 8)
            self.assertGreater(report["from_step"], 0)
            self.assertEqual(self.files(run), before, "nothing was written")

    def test_the_samples_do_not_depend_on_the_ranks(self):
        self.train(WAVEFORM, "run", *SHORT)
        one, two = self.replay("run", 5), self.replay("run", 5, "--nproc", 2)
        self.assertEqual(one["samples"], two["samples"])
        self.assertAlmostEqual(one["gradient_norm"], two["gradient_norm"], delta=1e-3 * one["gradient_norm"])

    def test_a_step_that_diverged(self):
        self.train(WAVEFORM, "run", "--set", "optimizer.lr=1e30", status=79)
        out, _ = self.run_program("replay", "--run-dir", "run", "--step", 2)
        self.assertRegex(out, r"step 2, repeated from step \d: loss (nan|-?inf)")
        self.assertIsNone(self.replay("run", 2)["loss"], "JSON has no NaN")

    def test_steps_that_the_training_does_not_have(self):
        self.train(WAVEFORM, "run", "--set", "training.max_steps=4")
        _, err = self.run_program("replay", "--run-dir", "run", "--step", 5, status=2)
        self.assertIn("the training has 4 steps, and no step 5", err)
        self.run_program("replay", "--run-dir", "run", "--step", 0, status=2)
        _, err = self.run_program("replay", "--run-dir", "none", "--step", 1, status=66)
        self.assertIn("holds no run", err)


if __name__ == "__main__":
    main()
