"""A network whose layers the config lists: its table, its mistakes, a training of it."""
import json
import unittest

from harness import GALAXY, Case, main

XCEPTION = """
  type: xception
  width_factor: 0.0625
  middle_blocks: 1
  head_units: 8
  dropout: 0.2
"""

# The same network. The channels are 32, 64, 128, 256, 728, 1024, 1536 and 2048 times 0.0625, as multiples of 8.
DOWN = """
    - residual:
        layers:
{relu}
          - separable_conv: {{channels: {first}, kernel: 3, padding: same, bias: false}}
          - batch_norm: *norm
          - relu
          - separable_conv: {{channels: {second}, kernel: 3, padding: same, bias: false}}
          - batch_norm: *norm
          - max_pool: {{kernel: 3, stride: 2, padding: same}}
        shortcut:
          - conv: {{channels: {second}, kernel: 1, stride: 2, bias: false}}
          - batch_norm: *norm"""


def down(first, second, relu=True):
    return DOWN.format(first=first, second=second, relu="          - relu" if relu else "")


SEPARABLE = """
          - relu
          - separable_conv: {channels: 48, kernel: 3, padding: same, bias: false}
          - batch_norm: *norm"""
LISTED = f"""
  type: network
  initialisation: keras
  layers:
    - conv: {{channels: 8, kernel: 3, stride: 2, bias: false}}
    - batch_norm: &norm {{eps: 0.001, momentum: 0.01}}
    - relu
    - conv: {{channels: 8, kernel: 3, bias: false}}
    - batch_norm: *norm
    - relu{down(8, 8, relu=False)}{down(16, 16)}{down(48, 48)}
    - residual:
        name: middle
        layers:{SEPARABLE * 3}{down(48, 64)}
    - separable_conv: {{channels: 96, kernel: 3, padding: same, bias: false}}
    - batch_norm: *norm
    - relu
    - separable_conv: {{channels: 128, kernel: 3, padding: same, bias: false}}
    - batch_norm: *norm
    - relu
    - mean
    - dense: {{units: 8, name: head}}
    - relu
    - dropout: 0.2
    - dense: 8
    - relu
    - outputs
"""


class Network(Case):
    def config(self, name, model):
        """The config of GALAXY with another section `model`."""
        lines, skipping = [], False
        for line in GALAXY.read_text().splitlines():
            skipping = line.startswith("model:") or (skipping and (line.startswith(" ") or not line))
            if not skipping:
                lines.append(line)
        (self.folder / name).write_text("\n".join(lines) + "\nmodel:" + model)
        return name

    def test_info_prints_the_table_of_layers(self):
        out, _ = self.run_program("info", "--config", self.config("listed.yaml", LISTED))
        table = out[out.index("layer "):].splitlines()
        self.assertIn("kind", table[0])
        self.assertTrue(table[1].startswith("input "))
        self.assertTrue(table[-1].startswith("sum "))
        self.assertTrue(any(line.split()[:2] == ["head", "dense"] for line in table))
        out, _ = self.run_program("info", "--config", "listed.yaml", "--json")
        report = json.loads(out)
        self.assertEqual(report["trainable_parameters"], int(table[-1].split()[-1]))
        self.assertEqual(len(report["layers"]), len(report["layer_table"]))
        self.assertEqual(report["layer_table"][0], {"name": "layers.0", "type": "conv", "parameters": 216,
                                                    "output_shape": report["layer_table"][0]["output_shape"]})

    def test_a_layer_that_does_not_fit_is_named_with_its_line(self):
        config = self.config("broken.yaml", LISTED.replace("    - mean\n", "    - mean\n    - max_pool: 2\n"))
        line = (self.folder / config).read_text().splitlines().index("    - max_pool: 2") + 1
        _, err = self.train(config, "run", status=2)
        self.assertIn(f"broken.yaml:{line}: model.layers[18] (max_pool): it needs a series or an image; its input is [128 features]", err)
        self.assertFalse((self.folder / "run").exists())

    def test_xception_as_a_list_of_layers_trains_as_the_built_in_one_up_to_rounding(self):
        for name, model in (("built_in", XCEPTION), ("listed", LISTED)):
            self.train(self.config(f"{name}.yaml", model), name)
        steps, losses = [[[line[key] for line in self.metrics(name)] for name in ("built_in", "listed")] for key in ("step", "loss")]
        self.assertGreater(len(steps[0]), 6)
        self.assertEqual(*steps)
        # The built-in one computes norms together with the layers behind them, which rounds otherwise. Later steps amplify that.
        for built_in, listed in list(zip(*losses))[:6]:
            self.assertAlmostEqual(built_in, listed, delta=1e-5 * built_in)

    def test_a_run_goes_on_and_a_training_starts_from_its_weights(self):
        config = self.config("listed.yaml", LISTED)
        self.train(config, "first")
        self.run_program("evaluate", "--run-dir", "first")
        self.run_program("embed", "--run-dir", "first", "--out", "features.csv")
        self.train(config, "second", "--set", "model.weights=first")


if __name__ == "__main__":
    main()
