"""Class weights, mixup, symmetric networks and cached features, as a user sets them."""
import json
import re

from harness import GALAXY, Case, main

HEAD_FIRST = "training.stages=[{trainable_from: head, epochs: 2, cache_features: true}, {epochs: 1}]"


class TrainingOptions(Case):
    def weights(self, run_dir, *arguments):
        self.train(GALAXY, run_dir, *arguments)
        return self.summary(run_dir)["weights_sha256"]

    def test_mixup_and_class_weights_give_the_same_bits_on_two_ranks_and_after_an_interrupt(self):
        options = ("--set", "loss.mixup=0.3", "--set", "loss.class_weights=balanced", "--set", "distributed.deterministic_shards=2")
        whole = self.weights("whole", *options)
        self.assertEqual(self.weights("ranks", *options, "--nproc", "2"), whole)
        arguments = ("--config", GALAXY, *options, "--run-dir", "parts")
        code, _ = self.interrupt("parts", 7, *arguments)
        self.assertEqual(code, 75)
        self.run_program(*arguments, "--resume", "require")
        self.assertEqual(self.summary("parts")["weights_sha256"], whole)
        self.assertNotEqual(self.weights("plain", *options[2:]), whole)
        out, _ = self.run_program("evaluate", "--run-dir", "whole", "--json")
        self.assertEqual(json.loads(out)["samples"], 32)

    def test_listed_class_weights_change_the_training(self):
        listed = ("--set", "loss.class_weights=listed", "--set", "training.max_steps=2")
        same = self.weights("same", *listed, "--set", "loss.weights=[{class: spiral, weight: 3}, {class: elliptical, weight: 3}]")
        self.assertEqual(same, self.weights("again", *listed, "--set", "loss.weights=[{class: elliptical, weight: 1}, {class: spiral, weight: 1}]"))
        self.assertNotEqual(same, self.weights("other", *listed, "--set", "loss.weights=[{class: elliptical, weight: 1}, {class: spiral, weight: 2}]"))

    def test_a_symmetric_network_trains_is_described_and_classifies_views_alike(self):
        symmetric = ("--set", "model.symmetry=d4", "--set", "evaluation.symmetric_views=false", "--set", "training.max_steps=4")
        out, _ = self.run_program("info", "--config", GALAXY, *symmetric)
        self.assertRegex(out, r"symmetry +d4")
        self.train(GALAXY, "symmetric", *symmetric)
        plain = self.run_program("evaluate", "--run-dir", "symmetric", "--json")[0]
        views = self.run_program("evaluate", "--run-dir", "symmetric", "--json", "--set", "evaluation.symmetric_views=true")[0]
        self.assertAlmostEqual(json.loads(plain)["loss"], json.loads(views)["loss"], 4)
        _, err = self.run_program("check", "--config", GALAXY, "--set", "model.symmetry=d4")
        self.assertIn("evaluation.symmetric_views makes evaluations eight times slower", err)

    def test_cached_features_resume_within_their_stage_and_train_on_two_ranks(self):
        options = ("--set", HEAD_FIRST, "--set", "distributed.deterministic_shards=2")
        whole = self.weights("whole", *options)
        arguments = ("--config", GALAXY, *options, "--run-dir", "parts")
        code, _ = self.interrupt("parts", 3, *arguments)
        self.assertEqual(code, 75)
        _, err = self.run_program(*arguments, "--resume", "require")
        self.assertTrue(re.search(r"computed \d+ features of 96 training samples once", err), err)
        self.assertEqual(self.summary("parts")["weights_sha256"], whole)
        self.assertEqual(self.weights("ranks", *options, "--nproc", "2"), whole)

    def test_options_that_do_not_fit_are_refused_before_anything_is_written(self):
        for settings, text in (
                (("loss.class_weights=listed",), "loss.class_weights: listed needs loss.weights"),
                (("loss.class_weights=listed", "loss.weights=[{class: spiral, weight: 1}]"), "no weight of the class 'elliptical'"),
                (("loss.class_weights=listed", "loss.weights=[{class: spirals, weight: 1}]"), "A class is called 'spiral'"),
                (("loss.class_weights=listed", "loss.weights=[{class: spiral, weight: 0}]"), "greater than 0"),
                (("loss.class_weights=listed", "loss.weights=[{class: spiral, weight: -1}]"), "greater than 0"),
                (("loss.weights=[{class: spiral, weight: 1}]",), "loss.class_weights is none"),
                (("loss.mixup=-0.1",), "at least 0"),
                (("training.stages=[{epochs: 1, cache_features: true}]",), "its trainable_from is all"),
                ((HEAD_FIRST, "loss.mixup=0.2"), "loss.mixup 0.2 mixes images"),
                (("model.symmetry=d8",), "model.symmetry is d8")):
            with self.subTest(text=text):
                arguments = [word for setting in settings for word in ("--set", setting)]
                _, err = self.run_program("--config", GALAXY, *arguments, "--run-dir", "refused", status=2)
                self.assertIn(text, err)
                self.assertFalse((self.folder / "refused").exists())


if __name__ == "__main__":
    main()
