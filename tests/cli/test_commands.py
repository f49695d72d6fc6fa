"""Every sub-command."""
import csv
import json
import pathlib
import re

from harness import GALAXY, SOURCE, WAVEFORM, Case, main


class Commands(Case):
    def test_help_of_every_command_shows_an_example(self):
        for command in ((), ("check",), ("info",), ("keys",), ("generate",), ("generate", "waveforms"), ("generate", "galaxies"),
                        ("evaluate",), ("predict",), ("embed",), ("saliency",), ("replay",), ("bench",), ("explain",), ("status",), ("report",), ("search",),
                        ("runs",), ("runs", "list"), ("runs", "show"), ("runs", "diff"), ("runs", "compare"), ("runs", "rerun"),
                        ("runs", "verify"), ("completion",), ("man",)):
            out, _ = self.run_program(*command, "--help")
            self.assertIn("example", out, command)
            self.assertIn("hpcai-train", out)

    def test_parameter_counts_of_the_published_networks(self):
        for config, values, trainable in (("waveform/paper", 10298906, 10295576), ("galaxy/paper", 24011306, 23956778)):
            out, _ = self.run_program("info", "--config", SOURCE / "configs" / f"{config}.yaml", "--json")
            info = json.loads(out)
            self.assertEqual((info["parameters"], info["trainable_parameters"]), (values, trainable), config)
        out, _ = self.run_program("info", "--config", SOURCE / "configs/resnet50/synthetic.yaml", "--json")
        self.assertEqual(json.loads(out)["trainable_parameters"], 25557032)
        out, _ = self.run_program("info", "--config", SOURCE / "configs/waveform/paper.yaml", "--json")
        self.assertEqual(json.loads(out)["input_shape"], [1, 101300])

    def test_info_of_the_machine(self):
        out, _ = self.run_program("info", "--json")
        self.assertIn("version", out)

    def test_keys(self):
        out, _ = self.run_program("keys")
        self.assertIn("training.global_batch", out)
        out, _ = self.run_program("keys", "optimizer")
        self.assertIn("optimizer.lr", out)
        self.assertNotIn("training.global_batch", out)
        keys = json.loads(self.run_program("keys", "--json")[0])
        paths = {row["key"] for row in keys}
        for key in ("training.max_steps", "training.epochs", "training.global_batch", "training.seed", "training.log_every_steps",
                    "checkpoint.every_steps", "optimizer.lr", "model.batch_norm"):
            self.assertIn(key, paths)

    def test_the_committed_schema_and_table_are_current(self):
        schema, _ = self.run_program("keys", "--schema")
        self.assertEqual(json.loads(schema), json.loads((SOURCE / "configs/schema.json").read_text()),
                         "run: build/bin/hpcai-train keys --schema > configs/schema.json")
        self.assertEqual(json.loads(schema)["$schema"], "http://json-schema.org/draft-07/schema#")

    def test_every_shipped_config_is_read(self):
        for path in sorted((SOURCE / "configs").rglob("*.yaml")):
            if path.name.startswith(("generate_", "tree_", "search_")):  # see test_generate.py, test_votes.py and test_search.py
                continue
            with self.subTest(config=path.name):
                table = path.with_suffix(".csv")  # found from the folder of the source otherwise
                head = path.read_text().splitlines()[:12]
                script = re.search(r"run it first:\n# +python3 (configs/\S+\.py)", "\n".join(head))
                if script:  # makes the data
                    self.assertTrue((SOURCE / script.group(1)).exists(), script.group(1))
                    _, err = self.run_program("info", "--config", path, "--json", status=66)
                    self.assertIn("cannot read", err)
                else:
                    self.run_program("info", "--config", path, "--json", *(["--set", f"data.file={table}"] if table.exists() else []))
                self.assertRegex(head[0], r"^# yaml-language-server: \$schema=\.\./schema\.json$")
                for word in ("Purpose", "Hardware", "Time", "Result"):
                    self.assertTrue(any(line.startswith(f"# {word}") for line in head), f"{path.name} does not say its {word}")

    def test_check(self):
        out, _ = self.run_program("check", "--config", WAVEFORM, "--json")
        report = json.loads(out)
        self.assertEqual(report["training_samples"], 7 * 4 * 2)
        self.assertEqual(report["steps_per_epoch"], 7)
        self.run_program("check", "--config", WAVEFORM, "--nproc", 3, status=2)
        self.assertEqual(list(self.folder.iterdir()), [], "check writes nothing")

    def test_evaluate_and_predict(self):
        self.train(WAVEFORM, "run")
        summary = self.summary("run")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--split", "test", "--json")
        report = json.loads(out)
        self.assertAlmostEqual(report["loss"], summary["test"]["loss"], delta=1e-6 * summary["test"]["loss"])
        self.assertEqual(report["overlap_median"], summary["test"]["overlap_median"])
        self.run_program("predict", "--run-dir", "run", "--split", "test", "--out", "p.csv")
        with open(self.folder / "p.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), report["samples"])
        error = sum(abs(float(row["q"]) - float(row["true_q"])) for row in rows) / len(rows)
        self.assertAlmostEqual(error, report["mean_absolute_error"]["q"], delta=1e-4 * (1 + error))
        self.run_program("predict", "--run-dir", "run", "--out", "p.h5")
        self.assertEqual((self.folder / "p.h5").read_bytes()[:8], b"\x89HDF\r\n\x1a\n")

    def test_report_of_overlaps(self):
        self.train(WAVEFORM, "run", "--set", "training.max_steps=2")
        (self.folder / "noise.txt").write_text("# Hz, 1/sqrt(Hz)\n" + "".join(f"{f} {1e-23 * (1 + (40 / f) ** 4)}\n"
                                                                             for f in range(5, 3000, 5)))
        _, err = self.run_program("evaluate", "--run-dir", "run", "--report", "quality")
        self.assertIn("a second", err)
        self.assertEqual(sorted(p.name for p in (self.folder / "quality").iterdir()),
                         ["mismatch.svg", "overlaps.csv", "report.json", "report.md", "worst.svg"])
        report = json.loads((self.folder / "quality" / "report.json").read_text())
        with open(self.folder / "quality" / "overlaps.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), report["samples"])
        self.assertEqual(min(float(row["overlap"]) for row in rows), report["worst"][0]["overlap"])
        white, _ = self.run_program("evaluate", "--run-dir", "run", "--json")
        noisy, _ = self.run_program("evaluate", "--run-dir", "run", "--json", "--noise-curve", "noise.txt", "--total-mass", 60)
        self.assertEqual(json.loads(white)["overlap_samples"], report["samples"])
        self.assertLessEqual(json.loads(white)["overlap_p001"], json.loads(white)["overlap_p01"])
        self.assertNotEqual(json.loads(white)["overlap_median"], json.loads(noisy)["overlap_median"])
        some, _ = self.run_program("evaluate", "--run-dir", "run", "--json", "--overlaps", 2)
        self.assertEqual(json.loads(some)["overlap_samples"], 2)
        none, _ = self.run_program("evaluate", "--run-dir", "run", "--json", "--overlaps", 0)
        self.assertNotIn("overlap_median", json.loads(none))

    def test_options_of_overlaps_that_cannot_be_served(self):
        self.train(WAVEFORM, "run", "--set", "training.max_steps=1")
        (self.folder / "noise.txt").write_text("10 1e-23\n100 1e-23\n")
        self.run_program("evaluate", "--run-dir", "run", "--noise-curve", "noise.txt", status=2)
        _, err = self.run_program("evaluate", "--run-dir", "run", "--noise-curve", "noise.txt", "--total-mass", 60, status=65)
        self.assertIn("covers 10 to 100 Hz", err)
        _, err = self.run_program("evaluate", "--run-dir", "run", "--noise-curve", "none.txt", "--total-mass", 60, status=66)
        self.assertIn("none.txt", err)
        _, err = self.run_program("evaluate", "--run-dir", "run", "--report", "noise.txt", status=74)
        self.assertIn("noise.txt", err)
        self.run_program("evaluate", "--run-dir", "run", "--report", "quality", "--overlaps", 0, status=2)
        self.assertFalse((self.folder / "quality").exists())
        (self.folder / "curves").mkdir()
        curve = self.folder / "curves/report.md"
        curve.write_text("5 1e-23\n3000 1e-23\n")
        _, err = self.run_program("evaluate", "--run-dir", "run", "--noise-curve", curve, "--total-mass", 60, "--report", "curves", status=2)
        self.assertIn("report.md", err)
        self.assertEqual(list((self.folder / "curves").iterdir()), [curve])
        self.train(GALAXY, "galaxies", "--set", "training.max_steps=1")
        _, err = self.run_program("evaluate", "--run-dir", "galaxies", "--noise-curve", "noise.txt", "--total-mass", 60, status=2)
        self.assertIn("--noise-curve: the model of galaxies", err)
        self.run_program("predict", "--run-dir", "galaxies", "--refine", "--out", "p.csv", status=2)
        self.assertFalse((self.folder / "p.csv").exists())

    def test_refined_predictions(self):
        self.train(WAVEFORM, "run", "--set", "loss.type=waveform_mismatch")
        _, err = self.run_program("predict", "--run-dir", "run", "--refine", "--out", "p.csv")
        self.assertIn("waveforms fitted", err)
        with open(self.folder / "p.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0])[:9], ["id", "q", "s1", "s2", "chi_eff", "mismatch", "network_q", "network_s1", "network_s2"])
        mismatches = sorted(float(row["mismatch"]) for row in rows)
        self.assertLess(mismatches[len(rows) // 2], 1e-5)
        close = [abs(float(row["q"]) - float(row["true_q"])) < 0.02 for row in rows if float(row["mismatch"]) < 1e-6]
        self.assertGreater(sum(close), len(close) / 2)
        (self.folder / "p2.csv").write_text("q,s1,s2\n1.5,0.1,0.2\n3,-0.3,0\n")
        self.run_program("generate", "waveforms", "--parameters", "p2.csv", "--t-min", -300, "--t-max", 84, "--t-step", 2, "--out",
                         "w.h5")
        self.run_program("predict", "--run-dir", "run", "--input", "w.h5", "--refine", "--refine-steps", 20, "--out", "p.h5")
        self.run_program("predict", "--run-dir", "run", "--refine-steps", 20, "--out", "p3.csv", status=2)

    def test_predict_classes(self):
        self.train(GALAXY, "run", "--set", "training.max_steps=2")
        self.run_program("predict", "--run-dir", "run", "--out", "p.csv")
        with open(self.folder / "p.csv") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), 32)
        for row in rows:
            self.assertAlmostEqual(float(row["elliptical"]) + float(row["spiral"]), 1, delta=1e-5)
            likeliest = "spiral" if float(row["spiral"]) > float(row["elliptical"]) else "elliptical"
            self.assertEqual(row["predicted"], likeliest)
            self.assertIn(row["true"], ("elliptical", "spiral"))

    def test_evaluate_errors(self):
        _, err = self.run_program("evaluate", "--run-dir", "none", status=66)
        self.assertIn("none", err)
        self.run_program("predict", "--run-dir", "none", "--out", "p.csv", status=66)
        self.assertFalse((self.folder / "p.csv").exists())

    def test_generate_galaxies(self):
        for survey in ("sdss", "des"):
            self.run_program("generate", "galaxies", "--survey", survey, "--count", 20, "--size", 48, "--seed", 3, "--out",
                             f"{survey}.h5", "--preview", f"{survey}.png")
            self.assertEqual((self.folder / f"{survey}.png").read_bytes()[:4], b"\x89PNG")
        config = self.folder / "config.yaml"
        config.write_text("""
name: file
data: {type: image_hdf5, train: sdss.h5, validation: des.h5, test: des.h5}
model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 4}
""")
        self.run_program("--config", "config.yaml", "--run-dir", "run")
        self.assertEqual(self.summary("run")["test"]["samples"], 20)

    def test_generate_waveforms(self):
        (self.folder / "p.csv").write_text("q,s1,s2\n1,0,0\n3.5,0.2,-0.4\n")
        self.run_program("generate", "waveforms", "--parameters", "p.csv", "--t-min", "-500", "--t-step", "1", "--dtype", "float32",
                         "--out", "w.h5", "--preview", "w.svg")
        self.assertIn("<svg", (self.folder / "w.svg").read_text())
        for wrong in (("--mass-ratio", "0.5"), ("--mass-ratio", "1:10:1"), ("--spin1", "0.9"), ("--mass-ratio", "1:8:0"),
                      ("--t-step", "0"), ("--mass-ratio", "a")):
            self.run_program("generate", "waveforms", "--out", "x.h5", *wrong, status=2)
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["p.csv", "w.h5", "w.svg"])

    def test_preview_in_a_format_that_is_not_drawn(self):
        self.run_program("generate", "galaxies", "--count", 2, "--out", "g.h5", "--preview", "g.svg", status=2)
        self.run_program("generate", "waveforms", "--mass-ratio", "1", "--spin1", "0", "--spin2", "0", "--out", "w.h5", "--preview",
                         "w.png", status=2)
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_bench(self):
        for ranks in (1, 2):
            out, _ = self.run_program("bench", "--config", GALAXY, "--steps", 3, "--nproc", ranks)
            report = json.loads(out)
            for key in ("samples_per_second", "cpu_s_per_sample", "first_step_s", "peak_rss_mb"):
                self.assertGreater(report[key], 0, key)
            self.assertEqual(len(report["losses"]), 3)
        self.assertEqual(list(self.folder.iterdir()), [], "bench writes nothing")

    def test_bench_counts_its_own_memory(self):
        held = b"x" * (2 << 30)  # of the process that starts the program
        out, _ = self.run_program("bench", "--config", GALAXY, "--steps", 1)
        self.assertLess(json.loads(out)["peak_rss_mb"], len(held) / 1e6)

    def test_bench_of_the_input(self):
        out, _ = self.run_program("bench", "--config", GALAXY, "--steps", 2, "--warmup", 1, "--input", "--json", timeout=120)
        report = json.loads(out)
        for epoch in ("first_epoch", "later_epochs"):
            for threads in ("one_thread", "all_threads"):
                rates = report[epoch][threads]
                self.assertGreater(rates["samples_per_second"], 0)
                self.assertTrue(rates["stages"])
                for stage in rates["stages"].values():
                    self.assertGreater(stage["samples_per_second"], 0)
        self.assertGreater(report["memcpy_mb_per_second"]["one_thread"], 0)
        self.assertGreaterEqual(report["step"]["input_share"], 0)
        self.assertLessEqual(report["step"]["input_share"], 1)
        text, _ = self.run_program("bench", "--config", GALAXY, "--steps", 1, "--warmup", 1, "--input", timeout=120)
        for part in ("samples/s", "later epochs", "memcpy", "a step takes"):
            self.assertIn(part, text)
        self.assertEqual(list(self.folder.iterdir()), [], "bench writes nothing")

    def test_bench_of_an_update(self):
        rules = ("sgd", "adam", "adamw", "lars", "lamb")
        for rule in rules:
            out, _ = self.run_program("bench", "--config", GALAXY, "--update", "--json", "--set", f"optimizer={{type: {rule}, lr: 0.01}}",
                                      "--set", "training.clip_norm=1", "--set", "training.average_decay=0.9")
            report = json.loads(out)
            self.assertTrue(report["one_pass"], rule)
            self.assertGreaterEqual(report["bytes_moved"], 4 * 8 * report["parameters"])
            self.assertGreater(report["update_s"], 0)
            self.assertGreater(report["bound_s"], 0)
        out, _ = self.run_program("bench", "--config", GALAXY, "--update")
        self.assertIn("times the bound", out)

    def test_bench_with_options_that_do_not_fit(self):
        for wrong in (["--json"], ["--input", "--update"], ["--input", "--nproc", 2]):
            _, err = self.run_program("bench", "--config", GALAXY, *wrong, status=2)
            self.assertIn("--input", err)

    def test_bench_with_a_trace(self):
        for ranks in (1, 2):
            self.run_program("bench", "--config", GALAXY, "--steps", 1, "--nproc", ranks, "--trace", "trace.json")
            events = json.loads((self.folder / "trace.json").read_text())["traceEvents"]
            names = {event.get("name") for event in events if event.get("cat") == "cpu_op"}
            self.assertIn("aten::conv2d", names)
            self.assertTrue(any("Backward" in name for name in names), "the backward pass, too")
        _, err = self.run_program("bench", "--config", GALAXY, "--steps", 1, "--trace", "nowhere/trace.json", status=74)
        self.assertIn("nowhere/trace.json", err)


if __name__ == "__main__":
    main()
