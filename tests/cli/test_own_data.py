"""Tables and arrays of one's own: training, evaluation and predictions, as a user does it."""
import csv
import json
import random
import shutil

from harness import HERE, Case, main

FIXTURES = HERE.parent / "fixtures" / "arrays"
NETWORK = """
model:
  type: network
  standardise_inputs: true
  layers:
    - flatten
    - dense: 16
    - tanh
    - outputs
optimizer: {type: adam, lr: 0.02}
training: {epochs: 30, global_batch: 16, seed: 3}
"""
VECTORS = NETWORK.replace("    - flatten\n", "")
TABLE = """
name: table
data:
  type: table
  file: stars.csv
  categories: [kind]
  targets: [age, mass]
  id_column: name
  group: cluster
  validation_fraction: 0.2
  test_fraction: 0.2
"""


def star(number):
    """Age in years and mass are smooth functions of the inputs; their scales differ by 1e9."""
    x, y, kind = random.uniform(-1, 1), random.uniform(900, 1100), random.choice(["red", "blue"])
    return {"name": f"s{number}", "cluster": f"c{number % 40}", "x": x, "y": y, "kind": kind,
            "age": 1e9 * (2 + x + (kind == "red")), "mass": 3 + 0.01 * (y - 1000) - x}


class OwnData(Case):
    def write(self, name, rows):
        with open(self.folder / name, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)

    def config(self, text):
        path = self.folder / "config.yaml"
        path.write_text(text)
        return path

    def test_table(self):
        random.seed(1)
        rows = [star(number) for number in range(600)]
        self.write("stars.csv", rows)
        config = self.config(TABLE + VECTORS + "loss: {type: regression, kind: gaussian}\n")
        self.run_program("check", "--config", config)
        self.train(config, "run")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--json")
        report = json.loads(out)
        self.assertGreater(report["r2"], 0.97)
        self.assertLess(report["rmse"]["age"], 2e8)
        self.assertGreater(report["coverage_95"], 0.8)
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--by", "kind", "--json")
        kinds = json.loads(out)["by"]["subsets"]
        self.assertEqual([kind["value"] for kind in kinds], ["blue", "red"])
        self.assertEqual(sum(kind["samples"] for kind in kinds), report["samples"])
        squares = sum(kind["samples"] * kind["rmse"]["mass"] ** 2 for kind in kinds)
        self.assertAlmostEqual((squares / report["samples"]) ** 0.5, report["rmse"]["mass"])
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--by", "kind")
        self.assertRegex(out, r"kind +samples +R2 +RMSE")
        _, err = self.run_program("evaluate", "--run-dir", "run", "--by", "colour", status=65)
        self.assertIn("no column colour", err)
        # Columns in another order, without truth and id.
        new = [{"kind": row["kind"], "y": row["y"], "more": 1, "x": row["x"]} for row in rows[:5]]
        self.write("new.csv", new)
        self.run_program("predict", "--run-dir", "run", "--input", "new.csv", "--out", "out.csv")
        with open(self.folder / "out.csv", newline="") as file:
            found = list(csv.DictReader(file))
        self.assertEqual(list(found[0]), ["id", "age", "mass", "age_std", "mass_std"])
        self.assertEqual([row["id"] for row in found], ["2", "3", "4", "5", "6"])
        for row, truth in zip(found, rows):
            self.assertLess(abs(float(row["age"]) - truth["age"]), 6e8)
            self.assertGreater(float(row["age_std"]), 0)
        new[2]["kind"] = "green"
        self.write("new.csv", new)
        _, err = self.run_program("predict", "--run-dir", "run", "--input", "new.csv", "--out", "out.csv", status=65)
        self.assertIn("new.csv:4, column kind: no training row has the value 'green'", err)

    def test_classes_and_labels(self):
        random.seed(2)
        rows = [star(number) for number in range(300)]
        for row in rows:
            row |= {"side": "left" if row["x"] < 0 else "right", "high": int(row["y"] > 1000), "right": int(row["x"] > 0)}
        self.write("stars.csv", rows)
        common = TABLE.replace("targets: [age, mass]", "inputs: [x, y]\n  TRUTH") + VECTORS
        config = self.config(common.replace("TRUTH", "label: side") + "loss: {type: cross_entropy}\n")
        self.train(config, "classes")
        out, _ = self.run_program("evaluate", "--run-dir", "classes", "--json", "--by", "high")
        self.assertGreater(json.loads(out)["accuracy"], 0.9)
        self.assertEqual([subset["value"] for subset in json.loads(out)["by"]["subsets"]], ["0", "1"])
        config = self.config(common.replace("TRUTH", "labels: [high, right]") + "loss: {type: binary_cross_entropy}\n")
        self.train(config, "labels")
        out, _ = self.run_program("evaluate", "--run-dir", "labels", "--json")
        self.assertGreater(json.loads(out)["mean_average_precision"], 0.9)

    def test_arrays(self):
        shutil.copytree(FIXTURES, self.folder / "arrays")
        config = self.config("""
data: {type: arrays, file: arrays/samples.npz, inputs: [x, z], targets: y, validation_fraction: 0}
loss: {type: regression}
""" + NETWORK.replace("global_batch: 16", "global_batch: 5"))
        self.run_program("check", "--config", config)
        self.train(config, "run", "--set", "training.epochs=200")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--split", "train", "--json")
        self.assertGreater(json.loads(out)["r2"], 0.9)
        _, err = self.run_program("predict", "--run-dir", "run", "--input", "arrays/folder", "--out", "out.csv", status=65)
        self.assertIn("no array z", err)

    def test_resume(self):
        random.seed(1)
        self.write("stars.csv", [star(number) for number in range(1000)])
        config = self.config(TABLE + VECTORS + "loss: {type: regression}\n")
        arguments = ("--config", config, "--set", "training.epochs=40", "--set", "training.log_every_steps=1")
        self.run_program(*arguments, "--run-dir", "whole")
        code, _ = self.interrupt("run", 17, *arguments, "--run-dir", "run")
        self.assertEqual(code, 75)
        self.run_program(*arguments, "--run-dir", "run", "--resume", "require")
        self.assertEqual(self.summary("run")["weights_sha256"], self.summary("whole")["weights_sha256"])


if __name__ == "__main__":
    main()
