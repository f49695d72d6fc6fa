"""Trainings with samples of two surveys, and self-training."""
import csv
import json

from harness import GALAXY, Case, main

UNLABELLED = "{role: unlabelled, data: {type: simulated_galaxies, survey: des, image_size: 32, train: 48, seed: 9}}"
ADAPT = ("--set", "loss={type: adaptation, label_smoothing: 0.05}", "--set", f"sources=[{UNLABELLED}]")


class Adaptation(Case):
    def test_a_training_uses_unlabelled_samples_and_resumes_bit_for_bit(self):
        self.train(GALAXY, "whole", *ADAPT)
        arguments = ("--config", GALAXY, *ADAPT, "--run-dir", "parts")
        code, _ = self.interrupt("parts", 7, *arguments)
        self.assertEqual(code, 75)
        self.run_program(*arguments, "--resume", "require")
        self.assertEqual(self.summary("whole")["steps"], 18)
        self.assertEqual(self.summary("whole")["weights_sha256"], self.summary("parts")["weights_sha256"])

    def test_every_alignment_trains_on_two_ranks(self):
        for alignment in ("mmd", "sinkhorn", "adversarial"):
            with self.subTest(alignment=alignment):
                self.run_program("--config", GALAXY, *ADAPT, "--set", f"loss.alignment={alignment}", "--set", "model.batch_norm=synchronised",
                                 "--set", "training.max_steps=3", "--nproc", "2", "--run-dir", alignment)
                out, _ = self.run_program("evaluate", "--run-dir", alignment, "--set", "data.survey=des", "--json")
                self.assertEqual(json.loads(out)["samples"], 32)

    def test_sources_and_losses_that_do_not_fit_are_refused(self):
        for settings, status, text in (
                (("--set", "loss={type: adaptation}"), 2, "loss.type: adaptation needs unlabelled samples"),
                (("--set", f"sources=[{UNLABELLED}]"), 2, "sources names unlabelled samples, and loss.type: cross_entropy uses none"),
                ((*ADAPT, "--set", "sources=[{role: unlabelled, labels: a.csv, data: {type: simulated_galaxies, image_size: 32}}]"),
                 2, "sources[0].labels is set, and its role is unlabelled"),
                (("--set", "sources=[{role: training, data: {type: simulated_galaxies, image_size: 48}}]"), 65, "sources[0]: the samples have shape"),
                ((*ADAPT, "--set", f"sources=[{UNLABELLED.replace('train: 48', 'train: 8')}]"), 2, "8 unlabelled samples are fewer than")):
            with self.subTest(text=text):
                _, err = self.run_program("--config", GALAXY, *settings, "--run-dir", "refused", status=status)
                self.assertIn(text, err)
                self.assertFalse((self.folder / "refused").exists())

    def test_more_training_samples_count_as_such(self):
        more = "{role: training, data: {type: simulated_galaxies, survey: des, image_size: 32, train: 32}}"
        out, _ = self.run_program("check", "--config", GALAXY, "--set", f"sources=[{more}]", "--json")
        self.assertEqual(json.loads(out)["training_samples"], 96 + 32)

    def test_a_checkpoint_describes_the_unlabelled_samples(self):
        self.train(GALAXY, "changed", *ADAPT, "--set", "training.max_steps=6")
        self.assertIn("unlabelled", json.loads(next((self.folder / "changed" / "checkpoints").glob("step-*/state.json")).read_text())["card"]["data"])


class SelfTraining(Case):
    def self_train(self, *more):
        return self.run_program("self-train", "--config", GALAXY, "--set", f"sources=[{UNLABELLED}]", "--set", "training.stages=[]",
                                "--set", "training.epochs=1", "--rounds", "2", "--per-class", "5", "--run-dir", "self",
                                "--json", *more)

    def test_rounds_take_the_most_certain_samples_of_each_class(self):
        rounds = json.loads(self.self_train()[0])
        self.assertEqual([row["round"] for row in rounds], [0, 1, 2])
        self.assertEqual(rounds[0]["picked"], 0)
        for number in (1, 2):
            with open(self.folder / "self" / f"picks-{number}.csv", newline="") as file:
                picks = list(csv.DictReader(file))
            self.assertEqual(len(picks), rounds[number]["picked"])
            for label in ("elliptical", "spiral"):
                self.assertLessEqual(sum(pick["label"] == label for pick in picks), 5 * number)
            self.assertAlmostEqual(min(float(pick["probability"]) for pick in picks), rounds[number]["least_probability"])
            summary = json.loads((self.folder / "self" / f"round-{number}" / "summary.json").read_text())
            self.assertEqual(summary["test"]["accuracy"], rounds[number]["test_accuracy"])
            self.assertEqual(summary["steps"], (96 + len(picks)) // 16)
        with open(self.folder / "self" / "rounds.csv", newline="") as file:
            self.assertEqual([int(row["picked"]) for row in csv.DictReader(file)], [row["picked"] for row in rounds])

    def test_a_finished_round_is_not_trained_again(self):
        first = json.loads(self.self_train()[0])
        times = [(self.folder / "self" / f"round-{i}" / "summary.json").stat().st_mtime_ns for i in range(3)]
        self.assertEqual(json.loads(self.self_train("--resume")[0]), first)
        self.assertEqual([(self.folder / "self" / f"round-{i}" / "summary.json").stat().st_mtime_ns for i in range(3)], times)
        _, err = self.run_program("self-train", "--config", GALAXY, "--set", f"sources=[{UNLABELLED}]", "--run-dir", "self", status=2)
        self.assertIn("exists already", err)

    def test_self_training_needs_one_unlabelled_source(self):
        _, err = self.run_program("self-train", "--config", GALAXY, "--run-dir", "none", status=2)
        self.assertIn("sources names 0", err)


if __name__ == "__main__":
    main()
