"""Whole trainings on a GPU, as a user meets them."""
import json
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "cli"))

import machine  # noqa: E402
from harness import GALAXY, SOURCE, WAVEFORM, Case, main  # noqa: E402

RESNET = SOURCE / "configs" / "resnet50" / "synthetic.yaml"
DETERMINISTIC = ("--set", "training.deterministic=true")


class Runs(Case):
    def on(self, device, config, run_dir, *arguments):
        self.train(config, run_dir, "--set", f"training.device={device}", *arguments)
        return self.metrics(run_dir)

    def assert_same_course(self, config, *arguments, steps=4, tolerance=1e-3):
        arguments += ("--set", f"training.max_steps={steps}", "--set", "model.dropout=0")
        cpu, gpu = (self.on(device, config, f"{device}-{config.stem}", *arguments) for device in ("cpu", "cuda"))
        self.assertEqual(len(cpu), steps)
        for a, b in zip(cpu, gpu):
            self.assertAlmostEqual(a["loss"], b["loss"], delta=tolerance * abs(a["loss"]), msg=f"step {a['step']}")

    def test_a_training_takes_the_course_of_one_on_the_cpu(self):
        for config in (WAVEFORM, GALAXY):
            with self.subTest(config=config.name):
                self.assert_same_course(config)

    def test_auto_takes_the_gpu_and_the_summary_says_so(self):
        self.on("auto", WAVEFORM, "run")
        summary = self.summary("run")
        self.assertEqual((summary["status"], summary["device"]), ("finished", "cuda:0"))
        self.assertLess(summary["test"]["loss"], self.metrics("run")[0]["loss"] / 2, "it learns")
        self.assertTrue(json.loads((self.folder / "run" / "environment.json").read_text())["gpus"])

    def test_narrow_numbers(self):
        for precision in ("tf32", "bf16", "fp16"):
            for config in (WAVEFORM, GALAXY):
                with self.subTest(precision=precision, config=config.name):
                    name = f"{precision}-{config.stem}"
                    wide = self.on("cuda", config, f"wide-{name}", "--set", "training.max_steps=3")
                    lines = self.on("cuda", config, name, "--set", f"training.precision={precision}", "--set", "training.max_steps=3")
                    self.assertAlmostEqual(lines[0]["loss"], wide[0]["loss"], delta=0.05 * abs(wide[0]["loss"]))
                    self.assertEqual("loss_scale" in lines[0], precision == "fp16")

    def test_a_stopped_run_goes_on_bit_for_bit(self):
        for config in (WAVEFORM, GALAXY):
            with self.subTest(config=config.name):
                whole, run = f"whole-{config.stem}", f"run-{config.stem}"
                self.on("cuda", config, whole, *DETERMINISTIC)
                words = ("--config", config, "--run-dir", run, "--set", "training.device=cuda", *DETERMINISTIC)
                status, err = self.interrupt(run, 4, *words, by=lambda process: process.send_signal(signal.SIGTERM))
                self.assertEqual(status, 75, err)
                self.run_program(*words, "--resume", "auto")
                self.assertEqual(self.summary(run)["weights_sha256"], self.summary(whole)["weights_sha256"])

    def test_one_rank_through_nccl_is_one_rank_alone(self):
        alone = self.on("cuda", GALAXY, "alone", *DETERMINISTIC)
        joined = self.on("cuda", GALAXY, "joined", *DETERMINISTIC, "--set", "distributed.backend=nccl")
        self.assertEqual([line["loss"] for line in alone], [line["loss"] for line in joined])
        self.assertEqual(self.summary("alone")["weights_sha256"], self.summary("joined")["weights_sha256"])

    def test_weights_of_a_gpu_serve_on_a_cpu(self):
        self.on("cuda", WAVEFORM, "run")
        texts = [self.run_program("evaluate", "--run-dir", "run", "--json", "--set", f"training.device={device}")[0] for device in ("cuda", "cpu")]
        results = list(map(json.loads, texts))
        self.assertAlmostEqual(results[0]["loss"], results[1]["loss"], delta=1e-4 * abs(results[1]["loss"]))

    def test_more_ranks_than_gpus_are_refused(self):
        ranks = machine.count() + 1
        _, err = self.run_program("--config", WAVEFORM, "--nproc", ranks, "--run-dir", "run", "--set", "training.device=cuda",
                                  "--set", f"training.global_batch={8 * ranks}", status=2)
        self.assertIn(f"{ranks} ranks on ", err)
        self.assertFalse((self.folder / "run").exists(), "nothing is written")

    def test_a_diverging_run_says_so(self):
        _, err = self.run_program("--config", WAVEFORM, "--run-dir", "run", "--set", "training.device=cuda", "--set", "optimizer.lr=1e30",
                                  status=79)
        self.assertIn("not finite", err)

    def test_a_batch_that_is_too_large_is_told(self):
        _, err = self.run_program("bench", "--config", RESNET, "--set", "training.device=cuda", "--set", "training.global_batch=4096",
                                  "--set", "data.train=4096", "--steps", 1, "--warmup", 1, status=2)
        self.assertIn("training.accumulation", err)

    def test_the_speed_is_told(self):
        out, _ = self.run_program("bench", "--config", RESNET, "--set", "training.device=cuda", "--set", "training.global_batch=32",
                                  "--steps", 3)
        report = json.loads(out)
        self.assertGreater(report["samples_per_second"], 0)
        self.assertGreater(report["step_time"]["compute_s"], 0)


if __name__ == "__main__":
    machine.skip_without()
    main()
