"""The number of ranks changes the speed, not the science."""
import os
import signal
import time

from harness import GALAXY, WAVEFORM, Case, children_of, main
from pictures import GALAXY_CONFIG, catalogue, make_images


class Ranks(Case):
    def losses(self, config, ranks, *arguments):
        name = f"run{ranks}"
        self.train(config, name, "--nproc", ranks, *arguments)
        return [line["loss"] for line in self.metrics(name)]

    def assert_same_curve(self, config, *arguments):
        one = self.losses(config, 1, *arguments)
        for ranks in (2, 4):
            many = self.losses(config, ranks, *arguments)
            self.assertEqual(len(one), len(many))
            for step, (a, b) in enumerate(zip(one, many), 1):
                self.assertAlmostEqual(a, b, delta=1e-4 * max(1, abs(a)), msg=f"step {step}, {ranks} ranks")

    def test_waveform_losses_agree_with_synchronised_batch_norm(self):
        self.assert_same_curve(WAVEFORM, "--set", "training.max_steps=8")

    def test_galaxy_losses_agree_with_synchronised_batch_norm(self):
        self.assert_same_curve(GALAXY, "--set", "model.batch_norm=synchronised", "--set", "training.max_steps=8")

    def test_with_shards_any_number_of_ranks_and_threads_trains_the_same_bits(self):
        for config in (WAVEFORM, GALAXY):
            results = []
            for ranks, threads in ((1, 2), (2, 1), (4, 1), (8, 1)):
                name = f"{config.stem}-{ranks}"
                self.train(config, name, "--nproc", ranks, "--set", "distributed.deterministic_shards=8", "--set", "model.batch_norm=local",
                           "--set", "training.max_steps=16", "--set", f"training.threads={threads}")
                summary = self.summary(name)
                results.append({
                    "weights": summary["weights_sha256"],
                    "test": summary["test"],
                    "steps": [(line["loss"], line["lr"]) for line in self.metrics(name)],
                    "evaluations": [{k: v for k, v in line.items() if k != "time_s"} for line in self.metrics(name, "evaluation")],
                })
            self.assertEqual(len(results[0]["steps"]), 16)
            self.assertTrue(results[0]["evaluations"])
            for other in results[1:]:
                for part, value in results[0].items():
                    self.assertEqual(other[part], value, f"{config.name}: {part}")

    def test_shards_that_cannot_be_shared_are_refused(self):
        shards = ("--set", "distributed.deterministic_shards=4", "--set", "model.batch_norm=local")
        _, err = self.train(WAVEFORM, "run", "--nproc", 8, *shards, status=2)
        self.assertIn("distributed.deterministic_shards 4 cannot be shared by 8 ranks", err)
        _, err = self.train(WAVEFORM, "run", "--nproc", 2, *shards[:2], status=2)
        self.assertIn("model.batch_norm: synchronised", err)
        self.assertFalse((self.folder / "run").exists())

    def test_evaluation_is_the_same_on_uneven_shares(self):
        results = []
        for ranks in (1, 3):
            self.train(WAVEFORM, f"run{ranks}", "--nproc", ranks, "--set", "training.max_steps=1", "--set", "training.global_batch=6",
                       "--set", "optimizer.lr=1e-12")
            results.append(self.summary(f"run{ranks}"))
        self.assertEqual(results[0]["test"]["samples"], results[1]["test"]["samples"])
        self.assertAlmostEqual(results[0]["test"]["loss"], results[1]["test"]["loss"], delta=1e-5 * abs(results[0]["test"]["loss"]))

    def test_only_rank_0_talks(self):
        _, err = self.train(WAVEFORM, "run", "--nproc", 2, "--set", "training.max_steps=2")
        self.assertEqual(err.count("hpcai-train "), 1, err)

    def test_a_warning_about_the_data_is_said_once(self):
        make_images(self.folder / "im")
        (self.folder / "im" / "labels.csv").write_text(catalogue(["red", "blue"] * 4))
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        _, err = self.train("f.yaml", "run", "--nproc", 2, "--set", "data.classes=[red, blue, green]", "--set", "training.global_batch=8")
        self.assertEqual(err.count("no training image of class green"), 1, err)

    def test_the_time_of_a_step_is_told_and_the_slowest_rank_named(self):
        _, err = self.train(WAVEFORM, "run", "--nproc", 2, "--set", "training.max_steps=12")
        self.assertRegex(err, r"step +[\d.]+ ms: \d+ % computing, \d+ % exposed communication, \d+ % input, \d+ % imbalance")
        self.assertRegex(err, r"balance +(rank \d \(\S+\) was the slowest|no rank stands out)")
        split = self.summary("run")["step_time"]
        parts = ("compute_s", "exposed_communication_s", "input_s", "imbalance_s")
        self.assertAlmostEqual(sum(split[part] for part in parts), split["mean_s"], delta=0.01 * split["mean_s"])
        self.assertTrue(all(split[part] >= 0 for part in parts), split)
        self.assertGreater(split["exposed_communication_s"], 0)

    def test_a_killed_rank_ends_the_run(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", 2, "--set", "training.epochs=1000",
                             "--set", "distributed.timeout_s=10")
        self.wait_for_step("run", 3, process)
        children = children_of(process.pid)
        self.assertEqual(len(children), 2)
        os.kill(children[1], signal.SIGKILL)
        _, err = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        for child in children:
            self.assertFalse(os.path.exists(f"/proc/{child}"), "no rank is left behind")

    def test_a_batch_that_does_not_divide_is_refused(self):
        _, err = self.train(WAVEFORM, "run", "--nproc", 3, status=2)
        self.assertIn("training.global_batch", err)
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    main()
