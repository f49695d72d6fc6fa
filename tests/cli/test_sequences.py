"""Sequences of different length, targets for each time step, and texts as class names, as a user has them."""
import csv
import json
import random

from arrays import npy
from harness import Case, main

MODEL = """
model:
  type: network
  time_first: true
  standardise_inputs: true
  layers:
LAYERS
optimizer: {type: adam, lr: 0.02}
training: {epochs: EPOCHS, global_batch: 12, seed: 3}
"""


def model(*layers, epochs=8):
    return MODEL.replace("LAYERS", "\n".join(f"    - {layer}" for layer in layers)).replace("EPOCHS", str(epochs))


class Sequences(Case):
    def write_arrays(self, name="data", count=96, seed=1):
        """A signal that begins to climb in half of the sequences; the label is 1 from there on, the sum of the signal the target."""
        rng = random.Random(seed)
        folder = self.folder / name
        folder.mkdir()
        lengths, joined, padded, labels, sums, kinds = [], [], [], [], [], []
        for _ in range(count):
            steps = rng.randint(8, 20)
            begin = rng.randint(3, steps - 3) if rng.random() < 0.5 else steps
            signal, total = [], 0.0
            for step in range(steps):
                value = rng.gauss(0, 0.2) + max(0, step - begin) * 0.6
                total += value
                signal += [value, rng.gauss(0, 1)]
                labels.append(float(step >= begin))
                sums.append(total)
            lengths.append(steps)
            joined += signal
            padded += signal + [float("nan")] * (2 * (20 - steps))
            kinds.append("climbs" if begin < steps else "quiet")
        all_steps = sum(lengths)
        (folder / "lengths.npy").write_bytes(npy(lengths, [count], "<i8"))
        (folder / "joined.npy").write_bytes(npy(joined, [all_steps, 2]))
        (folder / "padded.npy").write_bytes(npy(padded, [count, 20, 2]))
        (folder / "labels.npy").write_bytes(npy(labels, [all_steps, 1]))
        (folder / "sums.npy").write_bytes(npy(sums, [all_steps]))
        (folder / "kinds.npy").write_bytes(npy(kinds, [count], "<U12"))
        return lengths

    def config(self, data, loss, rest):
        path = self.folder / "config.yaml"
        path.write_text(f"data: {{type: arrays, file: data, validation_fraction: 0.2, test_fraction: 0.2, lengths: lengths, {data}}}\n"
                        f"loss: {{{loss}}}\n{rest}")
        return path

    def rows(self, name):
        with open(self.folder / name, newline="") as file:
            return list(csv.DictReader(file))

    def test_label_of_each_step(self):
        lengths = self.write_arrays()
        config = self.config("inputs: [joined], labels: labels, each_step: true", "type: binary_cross_entropy",
                             model("lstm: 8", "outputs", epochs=25) + "evaluation: {warning_steps: 1}\n")
        self.run_program("check", "--config", config)
        self.train(config, "run")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--json", "--report", "report")
        found = json.loads(out)
        self.assertGreater(found["auc_macro"], 0.9)
        self.assertGreater(found["early_warning_auc"], 0.9)
        report = json.loads((self.folder / "report/early_warning.json").read_text())
        self.assertEqual(report["labels"][0]["auc"], found["early_warning_auc"])
        self.assertEqual(report["warning_steps"], 1)
        self.assertIn("<svg", (self.folder / "report/early_warning.svg").read_text())
        self.assertIn("| false alarms |", (self.folder / "report/early_warning.md").read_text())
        # New sequences, without labels: a row for each step.
        for name in ("labels", "sums", "kinds", "padded"):
            (self.folder / "data" / f"{name}.npy").unlink()
        self.run_program("predict", "--run-dir", "run", "--input", "data", "--out", "all.csv")
        rows = self.rows("all.csv")
        self.assertEqual(list(rows[0]), ["id", "labels", "step"])
        self.assertEqual([(row["id"], float(row["step"])) for row in rows],
                         [(str(i), float(step)) for i, steps in enumerate(lengths) for step in range(steps)])
        self.run_program("predict", "--run-dir", "run", "--input", "data", "--out", "two.csv", "--nproc", "2")
        self.assertEqual(rows, self.rows("two.csv"))

    def test_target_of_each_step(self):
        self.write_arrays()
        layers = model("transpose", "conv: {channels: 8, kernel: 3, padding: causal}", "relu", "transpose", "gru: 12", "outputs",
                       epochs=15)
        shas = []
        for inputs in ("joined", "padded"):  # two layouts of the same samples
            config = self.config(f"inputs: [{inputs}], targets: sums, each_step: true", "type: regression, kind: gaussian", layers)
            self.train(config, inputs)
            shas.append(self.summary(inputs)["weights_sha256"])
        self.assertEqual(*shas)
        out, _ = self.run_program("evaluate", "--run-dir", "joined", "--json")
        self.assertGreater(json.loads(out)["r2"], 0.8)
        self.run_program("predict", "--run-dir", "joined", "--split", "test", "--out", "test.csv")
        rows = self.rows("test.csv")
        self.assertEqual(list(rows[0]), ["id", "sums", "sums_std", "true_sums", "step"])
        mean = sum(float(row["true_sums"]) for row in rows) / len(rows)
        error = sum((float(row["true_sums"]) - float(row["sums"])) ** 2 for row in rows)
        spread = sum((float(row["true_sums"]) - mean) ** 2 for row in rows)
        self.assertAlmostEqual(1 - error / spread, json.loads(out)["r2"], places=5)

    def test_texts_as_classes(self):
        self.write_arrays()
        config = self.config("inputs: [joined], labels: kinds", "type: cross_entropy",
                             model("attention: 2", "max", "dense: 8", "relu", "outputs", epochs=12))
        self.train(config, "run")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--json")
        self.assertGreater(json.loads(out)["accuracy"], 0.85)
        self.run_program("predict", "--run-dir", "run", "--split", "test", "--out", "test.csv")
        self.assertEqual(list(self.rows("test.csv")[0])[:3], ["id", "climbs", "quiet"])

    def test_mistakes(self):
        self.write_arrays()
        good = "inputs: [joined], labels: labels, each_step: true"

        def refused(data, loss, rest, *texts, command="check"):
            _, err = self.run_program(command, "--config", self.config(data, loss, rest), status=2)
            for text in texts:
                self.assertIn(text, err)

        bce = "type: binary_cross_entropy"
        refused(good, bce, model("lstm: {units: 8, output: last}", "outputs"), "the network ends in [1 feature]",
                "[up to 20 steps, 1 feature]")
        refused(good, bce, model("flatten", "outputs"), "cannot tell where a sequence ends", "use mean, max or last")
        refused(good, bce, model("lstm: 8", "outputs").replace("time_first: true", "time_first: false"),
                "model.time_first is false")
        refused(good, bce, "model: {type: wavenet}\n", "model.type: wavenet cannot learn sequences of different length")
        refused("inputs: [joined], labels: kinds", "type: cross_entropy, mixup: 0.2", model("mean", "outputs"), "loss.mixup")
        self.write_arrays("longer", seed=2)
        config = self.config(good + ", steps: 20", bce, model("lstm: 4", "outputs", epochs=1))
        self.train(config, "run")
        steps = [25] + [1] * 5
        (self.folder / "longer/lengths.npy").write_bytes(npy(steps, [6], "<i8"))
        (self.folder / "longer/joined.npy").write_bytes(npy([0.0] * 60, [30, 2]))
        for name in ("labels", "sums"):
            (self.folder / "longer" / f"{name}.npy").unlink()
        _, err = self.run_program("predict", "--run-dir", "run", "--input", "longer", "--out", "out.csv", status=65)
        self.assertIn("25 time steps, but the network takes at most 20", err)
        self.assertIn("data.steps", err)


if __name__ == "__main__":
    main()
