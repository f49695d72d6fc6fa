"""Votes of volunteers and soft labels: training, evaluation, prediction, and what is refused."""
import csv
import json
import os
import unittest

from harness import GALAXY, HERE, SOURCE, Case, main

VOTES = HERE / "configs" / "votes.yaml"
PAIRS = SOURCE.parent / "shared/realdata/des_sdss_pairs"
ANSWERS = ["smooth-or-featured_smooth", "smooth-or-featured_featured-or-disk", "smooth-or-featured_artifact", "disk-edge-on_yes",
           "disk-edge-on_no", "has-spiral-arms_yes", "has-spiral-arms_no", "bar_yes", "bar_no"]
QUESTIONS = {"smooth-or-featured": ANSWERS[:3], "disk-edge-on": ANSWERS[3:5], "has-spiral-arms": ANSWERS[5:7], "bar": ANSWERS[7:]}
SMALL = ["--set", "training.stages=[{trainable_from: all, epochs: 1}]", "--set", "training.average_decay=0"]


class Votes(Case):
    def read(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def test_a_network_of_votes_is_trained_measured_and_predicts(self):
        out, _ = self.run_program("check", "--config", VOTES, "--json")
        self.assertNotIn("classes", json.loads(out).get("train", {}))
        self.train(VOTES, "run")
        summary = self.summary("run")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--split", "test", "--json")
        report = json.loads(out)
        self.assertAlmostEqual(report["loss"], summary["test"]["loss"], delta=1e-6 * summary["test"]["loss"])
        self.assertEqual(report["questions"]["smooth-or-featured"]["galaxies"], 32)
        self.assertLess(report["fraction_error"], 0.5)
        self.run_program("predict", "--run-dir", "run", "--split", "test", "--out", "votes.csv")
        rows = self.read("votes.csv")
        self.assertEqual(len(rows), 32)
        error = []
        for row in rows:
            for question, answers in QUESTIONS.items():
                self.assertAlmostEqual(sum(float(row[answer]) for answer in answers), 1)
                for answer in answers:
                    self.assertLess(float(row[answer + "_low"]), float(row[answer]))
                    self.assertGreater(float(row[answer + "_high"]), float(row[answer]))
            self.assertAlmostEqual(float(row["bar_asked"]), float(row[ANSWERS[1]]) * float(row[ANSWERS[4]]))
            self.assertEqual(sum(float(row["true_" + answer]) for answer in ANSWERS[:3]), 30)
            error += [abs(float(row[answer]) - float(row["true_" + answer]) / 30) for answer in ANSWERS[:3]]
        self.assertAlmostEqual(report["questions"]["smooth-or-featured"]["fraction_error"], sum(error) / len(error), delta=1e-9)

    def test_what_needs_class_probabilities_is_refused(self):
        self.train(VOTES, "run", *SMALL)
        self.run_program("evaluate", "--run-dir", "run", "--most-certain", 3, status=2)
        self.run_program("evaluate", "--run-dir", "run", "--calibrate", status=2)
        self.run_program("evaluate", "--run-dir", "run", "--report", "folder", status=2)
        self.run_program("saliency", "--run-dir", "run", "--out", "folder", status=2)
        _, err = self.run_program("--config", VOTES, "--set", "evaluation.symmetric_views=true", status=2)
        self.assertIn("symmetric_views", err)
        _, err = self.run_program("--config", GALAXY, "--set", "loss={type: dirichlet_multinomial}", "--set",
                                  "evaluation.symmetric_views=false", status=2)
        self.assertIn("needs votes on questions", err)
        _, err = self.run_program("--config", VOTES, "--set", "loss={type: cross_entropy}", "--set",
                                  "evaluation.target_metric=none", status=2)
        self.assertIn("at least 2 classes", err)
        _, err = self.run_program("convert", "--config", VOTES, "--out", "images.h5", status=2)
        self.assertIn("votes", err)

    def test_the_published_trees_are_bases_of_configs(self):
        for tree, answers in (("galaxy_zoo_1", 6), ("galaxy_zoo_2", 37)):
            config = self.folder / f"{tree}.yaml"
            base = os.path.relpath(SOURCE / f"configs/galaxy/tree_{tree}.yaml", self.folder)
            config.write_text(f"base: {base}\ndata: {{type: image_folder, folder: images}}\n"
                              "model: {type: xception, width_factor: 0.0625, middle_blocks: 1, head_units: 32}\n"
                              "loss: {type: dirichlet_multinomial}\n")
            out, _ = self.run_program("info", "--config", config, "--json")
            self.assertEqual(len(json.loads(out)["targets"]), answers)

    def test_a_tree_is_read_strictly(self):
        config = self.folder / "votes.yaml"
        head = ("model: {type: xception, width_factor: 0.0625}\nloss: {type: dirichlet_multinomial}\n"
                "data:\n  type: image_folder\n  folder: x\n  votes:\n    questions:\n      - name: shape\n")
        config.write_text(head + "        answer: [smooth, featured]\n")
        _, err = self.run_program("info", "--config", config, status=2)
        self.assertIn("votes.yaml:9", err)
        self.assertIn("answers", err)
        config.write_text(head + "        answers: [smooth, featured]\n        asked_after: [disk]\n")
        _, err = self.run_program("info", "--config", config, status=2)
        self.assertIn("data.votes.questions[0] (shape): asked_after names disk", err)


@unittest.skipUnless((PAIRS / "pairs.csv").is_file(), "the shared real data are not there")
class GalaxyZooVotes(Case):
    """65 SDSS thumbnails with the debiased votes of Galaxy Zoo 1."""

    def write(self, truth, loss):
        config = self.folder / "config.yaml"
        config.write_text(f"""
base: {os.path.relpath(GALAXY, self.folder)}
data:
  type: image_folder
  folder: {PAIRS}
  catalogue: pairs.csv
  file_column: sdss_file
  split_column: ""
  validation_fraction: 0.2
  image_size: 32
  {truth}
loss: {loss}
evaluation: {{symmetric_views: false}}
""")
        return config

    def test_debiased_votes_are_labels_without_a_cut(self):
        config = self.write("label_columns: [p_el_debiased, p_cs_debiased]\n  classes: [elliptical, spiral]", "{type: cross_entropy}")
        out, _ = self.run_program("check", "--config", config, "--full", "--json")
        self.train(config, "run", *SMALL)
        self.run_program("predict", "--run-dir", "run", "--split", "validation", "--out", "classes.csv")
        with open(PAIRS / "pairs.csv", newline="") as file:
            catalogue = {row["sdss_file"]: row for row in csv.DictReader(file)}
        with open(self.folder / "classes.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertGreater(len(rows), 3)
        for row in rows:
            self.assertAlmostEqual(float(row["elliptical"]) + float(row["spiral"]), 1, delta=1e-6)
            known = catalogue[row["id"]]
            votes = float(known["p_el_debiased"]), float(known["p_cs_debiased"])
            self.assertAlmostEqual(float(row["true_spiral"]), votes[1] / sum(votes), delta=1e-6)
            self.assertEqual(row["true"], "spiral" if votes[1] > votes[0] else "elliptical")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--split", "validation", "--report", "quality", "--json")
        self.assertIn("roc_auc", json.loads(out))
        _, err = self.run_program("convert", "--config", config, "--out", "images.h5", status=2)
        self.assertIn("soft labels", err)

    def test_debiased_votes_are_votes(self):
        config = self.write("votes: {questions: [{name: shape, answers: [p_el_debiased, p_cs_debiased], total: nvote}]}",
                            "{type: dirichlet_multinomial}")
        self.train(config, "run", *SMALL)
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--split", "validation", "--json")
        self.assertGreater(json.loads(out)["questions"]["shape"]["galaxies"], 3)
        self.run_program("predict", "--run-dir", "run", "--input", PAIRS / "des", "--out", "des.csv")
        with open(self.folder / "des.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 65)
        self.assertIn("p_cs_debiased_high", rows[0])
        self.assertNotIn("true_p_cs_debiased", rows[0])


if __name__ == "__main__":
    main()
