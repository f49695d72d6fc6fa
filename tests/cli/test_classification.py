"""How good is a classifier: evaluate's report, calibration, subsets and ensembles."""
import csv
import json
import math
import pathlib
import shutil
import tempfile

from harness import GALAXY, WAVEFORM, Case, main
from pictures import GALAXY_CONFIG, make_images

CLASSES = ["elliptical", "spiral"]
FILES = ["certainty.svg", "classification.json", "confusion.svg", "mistakes.svg", "predictions.csv", "reliability.svg", "report.md", "roc.svg"]


# A network that learns enough within seconds for a temperature to be determined.
SETTINGS = ["data.train=960", "data.validation=90", "data.test=120", "model.batch_norm_momentum=0.1", "optimizer.lr=0.05",
            "evaluation.symmetric_views=false"]


class Trained(Case):
    def rows(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def evaluate(self, *arguments, run=("a",), **options):
        runs = [word for name in run for word in ("--run-dir", name)]
        out, self.err = self.run_program("evaluate", *runs, "--json", *arguments, **options)
        return json.loads(out) if out else None

    def refuse(self, *arguments, command="evaluate", run=("a",), status=2, contains=()):
        runs = [word for name in run for word in ("--run-dir", name)]
        _, err = self.run_program(command, *runs, *arguments, status=status)
        for text in contains:
            self.assertIn(text, err)
        self.assertNotIn("internal error", err)


class Galaxies(Trained):
    """Two runs of the same data with different seeds, trained once for all tests."""
    runs = None

    def setUp(self):
        super().setUp()
        if Galaxies.runs is None:
            Galaxies.runs = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-cli-runs-"))
            self.addClassCleanup(shutil.rmtree, Galaxies.runs, ignore_errors=True)
            for name, seed in (("a", 5), ("b", 6)):
                self.train_galaxies(Galaxies.runs / name, f"training.seed={seed}")
        for name in ("a", "b"):
            shutil.copytree(Galaxies.runs / name, self.folder / name, symlinks=True)

    def train_galaxies(self, run_dir, *settings):
        self.train(GALAXY, run_dir, *[word for setting in (*SETTINGS, *settings) for word in ("--set", setting)])

    def test_report(self):
        report = self.evaluate("--report", "quality", "--most-certain", 30)
        self.assertEqual(sorted(path.name for path in (self.folder / "quality").iterdir()), FILES)
        numbers = json.loads((self.folder / "quality" / "classification.json").read_text())
        self.assertEqual({key: numbers[key] for key in report}, report)
        rows = self.rows("quality/predictions.csv")
        self.assertEqual(list(rows[0]), ["id", *CLASSES, "predicted", "true", "certainty"])
        self.assertEqual(len(rows), 120)
        right = [row["predicted"] == row["true"] for row in rows]
        self.assertEqual(report["accuracy"], sum(right) / 120)
        self.assertLess(report["accuracy_low"], report["accuracy"])
        self.assertGreater(report["accuracy_high"], report["accuracy"])
        for row in rows:
            self.assertEqual(float(row["certainty"]), max(float(row[c]) for c in CLASSES))
        loss = -sum(math.log(float(row[row["true"]])) for row in rows) / 120
        self.assertAlmostEqual(report["log_loss"], loss, delta=1e-9 * loss)
        brier = sum((float(row["spiral"]) - (row["true"] == "spiral")) ** 2 for row in rows)
        self.assertAlmostEqual(report["brier"], brier / 120, delta=1e-12)
        scores = {c: [float(row["spiral"]) for row in rows if row["true"] == c] for c in CLASSES}
        pairs = [(p > n) + 0.5 * (p == n) for p in scores["spiral"] for n in scores["elliptical"]]
        self.assertAlmostEqual(report["roc_auc"], sum(pairs) / len(pairs), delta=1e-12)
        certain = sorted(range(120), key=lambda i: -float(rows[i]["certainty"]))
        if float(rows[certain[29]]["certainty"]) > float(rows[certain[30]]["certainty"]):
            self.assertEqual(report["most_certain"]["right"], sum(right[i] for i in certain[:30]))
        self.assertEqual([row["samples"] for row in numbers["certainty"]], [12 * k for k in range(1, 11)])
        self.assertEqual(numbers["certainty"][9]["accuracy"], report["accuracy"])
        mistakes = (self.folder / "quality" / "mistakes.svg").read_text()
        self.assertEqual(mistakes.count("data:image/png;base64,"), min(24, 120 - sum(right)))
        text, _ = self.run_program("evaluate", "--run-dir", "a", "--most-certain", 30)
        self.assertIn("AUC", text)
        self.assertIn("the 30 most certain", text)

    def test_calibration(self):
        plain = self.evaluate("--report", "plain")
        self.refuse("--calibrated", status=66, contains=["calibration.json does not exist", "--calibrate"])
        out, _ = self.run_program("evaluate", "--run-dir", "a", "--calibrate", "--json")
        written = json.loads((self.folder / "a" / "calibration.json").read_text())
        self.assertEqual(json.loads(out), written)
        self.assert_verified("a", "calibration.json")
        self.assertEqual((written["split"], written["samples"]), ("validation", 90))
        self.assertLessEqual(written["log_loss_after"], written["log_loss_before"])
        self.assertEqual(written["log_loss_before"], self.evaluate("--split", "validation")["log_loss"])
        calibrated = self.evaluate("--calibrated", "--report", "calibrated")
        self.assertEqual(calibrated["calibration"], {"temperatures": [written["temperature"]], "log_loss_before": plain["log_loss"],
                                                     "ece_before": plain["ece"]})
        self.assertEqual(calibrated["accuracy"], plain["accuracy"])
        self.assertAlmostEqual(self.evaluate("--calibrated", "--split", "validation")["log_loss"], written["log_loss_after"], delta=1e-6)
        for before, after in zip(self.rows("plain/predictions.csv"), self.rows("calibrated/predictions.csv")):
            odds = [math.log(float(row["spiral"]) / float(row["elliptical"])) for row in (before, after)]
            self.assertAlmostEqual(odds[1], odds[0] / written["temperature"], delta=1e-4 * (1 + abs(odds[0])))
        self.run_program("predict", "--run-dir", "a", "--calibrated", "--out", "p.csv")
        for row, other in zip(self.rows("p.csv"), self.rows("calibrated/predictions.csv")):
            self.assertEqual((row["id"], row["spiral"], row["predicted"]), (other["id"], other["spiral"], other["predicted"]))

        self.refuse("--calibrated", "--set", "evaluation.symmetric_views=true", contains=["symmetric_views=false"])
        self.refuse("--calibrate", "--calibrated", status=2)
        self.refuse("--calibrate", "--split", "test", status=2)
        self.refuse("--calibrate", run=("a", "b"), contains=["--calibrate: --run-dir is given 2 times"])
        self.refuse("--calibrate", "--set", "data.validation=0", status=66, contains=["--calibrate: the data have no validation split", "name one with --set"])
        shutil.copy(self.folder / "a" / "calibration.json", self.folder / "b" / "calibration.json")
        self.refuse("--calibrated", run=("b",), contains=["b/calibration.json belongs to other weights", "step-"])
        for text in ("", "[]", "{}", '{"temperature": "hot"}', json.dumps({**written, "temperature": -1}), json.dumps({**written, "symmetric_views": 1})):
            (self.folder / "a" / "calibration.json").write_text(text)
            self.refuse("--calibrated", status=65, contains=["calibration.json", "Fit the temperature again"])

    def test_ensembles(self):
        alone = {name: self.evaluate("--report", name + "-alone", run=(name,)) for name in ("a", "b")}
        twice = self.evaluate("--report", "twice", run=("a", "a"))
        for key in ("accuracy", "confusion", "classes", "log_loss", "brier", "ece", "roc_auc", "samples"):
            self.assertEqual(twice[key], alone["a"][key], key)
        self.assertAlmostEqual(twice["loss"], alone["a"]["loss"], delta=1e-6)
        self.assertEqual((self.folder / "twice" / "predictions.csv").read_text(), (self.folder / "a-alone" / "predictions.csv").read_text())
        both = self.evaluate("--report", "both", run=("a", "b"))
        self.assertEqual([run["run_dir"] for run in both["runs"]], ["a", "b"])
        self.assertNotIn("step", both)
        rows = [self.rows(f"{name}/predictions.csv") for name in ("a-alone", "b-alone", "both")]
        for a, b, mean in zip(*rows):
            self.assertEqual(a["id"], mean["id"])
            self.assertAlmostEqual(float(mean["spiral"]), (float(a["spiral"]) + float(b["spiral"])) / 2, delta=1e-7)
        self.assertEqual(both["accuracy"], sum(row["predicted"] == row["true"] for row in rows[2]) / 120)
        self.run_program("predict", "--run-dir", "a", "--run-dir", "b", "--out", "p.csv")
        self.assertEqual([row["spiral"] for row in self.rows("p.csv")], [row["spiral"] for row in rows[2]])
        self.run_program("predict", "--run-dir", "a", "--run-dir", "b", "--out", "p.h5")

        for name in ("a", "b"):
            self.run_program("evaluate", "--run-dir", name, "--calibrate")
        calibrated = self.evaluate("--calibrated", run=("a", "b"))
        self.assertEqual(len(calibrated["calibration"]["temperatures"]), 2)
        self.assertEqual(calibrated["calibration"]["log_loss_before"], both["log_loss"])

    def test_runs_that_make_no_ensemble(self):
        self.train(WAVEFORM, "w", "--set", "training.max_steps=1")
        self.refuse(run=("w", "w"), contains=["the model of w predicts no class probabilities"])
        self.refuse("--out", "p.csv", command="predict", run=("a", "w"), contains=["predicts no class probabilities"])
        for option in (("--by", "kind"), ("--most-certain", 3), ("--calibrate",), ("--calibrated",)):
            self.refuse(*option, run=("w",), contains=[option[0] + ": the model of w predicts no class probabilities"])
        self.train_galaxies("other", "training.max_steps=1", "data.seed=9")
        self.refuse(run=("a", "other"), status=65, contains=["test holds other samples for other than for a"])
        self.refuse("--checkpoint", "a/checkpoints/last", run=("a", "b"), contains=["--checkpoint a/checkpoints/last with several"])
        self.refuse("--by", "kind", contains=["--by: these data have no catalogue"])
        self.refuse("--most-certain", 121, contains=["there are 120 samples"])
        self.refuse("--report", "a/config.yaml", status=74)

    def test_networks_that_read_images_of_other_sizes(self):
        self.train_galaxies("small", "training.max_steps=2", "data.image_size=24", "data.scaling=unit")
        self.evaluate("--report", "a-alone")
        self.evaluate("--report", "small-alone", run=("small",))
        self.evaluate("--report", "both", run=("a", "small"))
        for a, b, mean in zip(*[self.rows(f"{name}/predictions.csv") for name in ("a-alone", "small-alone", "both")]):
            self.assertAlmostEqual(float(mean["spiral"]), (float(a["spiral"]) + float(b["spiral"])) / 2, delta=1e-6)


class Catalogues(Trained):
    def setUp(self):
        super().setUp()
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        make_images(self.folder / "im", 24)
        lines = ["file,label,split,kind,size,survey"]
        for i in range(24):
            kind = ("round", "flat", "")[i // 2 % 3]
            lines.append(f"g{i}.png,{CLASSES[i % 2]},{'test' if i >= 4 else 'train'},{kind},{i}.5,{i % 2}")
        (self.folder / "im" / "labels.csv").write_text("\n".join(lines) + "\n")
        self.train("f.yaml", "a", "--set", "data.split_column=split", "--set", "training.epochs=20", "--set", "optimizer.lr=0.01")

    def test_subsets(self):
        report = self.evaluate("--by", "kind", "--report", "quality")
        rows = {row["id"]: row for row in self.rows("quality/predictions.csv")}
        subsets = {subset["value"]: subset for subset in report["by"]["subsets"]}
        self.assertEqual(list(subsets), ["flat", "round", "(missing)"])
        for value, rest in (("round", 0), ("flat", 1), ("(missing)", 2)):
            own = [rows[f"g{i}.png"] for i in range(4, 24) if i // 2 % 3 == rest]
            self.assertEqual(subsets[value]["samples"], len(own))
            self.assertEqual(subsets[value]["accuracy"], sum(row["predicted"] == row["true"] for row in own) / len(own))
        self.assertIn("## By kind", (self.folder / "quality" / "report.md").read_text())
        sizes = self.evaluate("--by", "size")["by"]["subsets"]
        self.assertEqual([(s["value"], s["samples"]) for s in sizes], [("4.5 to 8.5", 5), ("9.5 to 13.5", 5), ("14.5 to 18.5", 5), ("19.5 to 23.5", 5)])
        survey = self.evaluate("--by", "survey")["by"]["subsets"]
        self.assertEqual([(s["value"], s["roc_auc"], s["classes"][0]["support"]) for s in survey], [("0", None, 10), ("1", None, 0)])
        again = self.evaluate("--by", "kind", "--input", "im/labels.csv")
        self.assertEqual(sum(subset["samples"] for subset in again["by"]["subsets"]), 24)
        text, _ = self.run_program("evaluate", "--run-dir", "a", "--by", "kind", "--input", "im")
        self.assertIn("flat", text)
        self.refuse("--by", "colour", status=65, contains=["no column colour; there are file, label, split, kind, size, survey"])


if __name__ == "__main__":
    main()
