"""Large batches with real processes: the update does not depend on how the batch is split, and all state is resumed."""
import array
import json
import math
import shutil

from harness import GALAXY, HERE, Case, main

LARGE = HERE / "configs" / "large_batch.yaml"
LARS = ("--set", "optimizer.type=lars", "--set", "optimizer.lr=2", "--set", "optimizer.trust_coefficient=0.02")
FP16 = ("--set", "training.precision=fp16")


def weights(folder):
    """All float tensors of the last checkpoint, by name."""
    data = (folder / "checkpoints" / "last" / "model.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8:8 + length]).items():
        if name != "__metadata__" and entry["dtype"] == "F32":
            begin, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = array.array("f", data[begin:end])
    return tensors


def norm(values):
    return math.sqrt(sum(v * v for v in values))


class LargeBatch(Case):
    def updates(self, name, *arguments):
        self.train(LARGE, name, *arguments)
        self.assertEqual(self.summary(name)["steps"], 2)
        start, end = weights(self.folder / "start"), weights(self.folder / name)
        return {n: [b - a for a, b in zip(start[n], end[n])] for n in start if "running" not in n}

    def assert_one_update(self, tolerance, splits, *arguments):
        """One rank with 16 passes, and so many ranks with so many passes, each twice 65,536 images."""
        one = self.updates("one", *arguments, "--set", "training.accumulation=16")
        for ranks, passes in splits:
            many = self.updates(f"ranks{ranks}", *arguments, "--nproc", ranks, "--set", f"training.accumulation={passes}")
            for tensor, update in one.items():
                difference = norm([a - b for a, b in zip(update, many[tensor])]) / norm(update)
                self.assertLess(difference, tolerance, f"{tensor} on {ranks} ranks")

    def test_a_batch_of_65536_makes_one_update_on_1_2_and_4_ranks(self):
        self.train(LARGE, "start", "--set", "training.global_batch=64", "--set", "training.max_steps=1", "--set", "optimizer.lr=1e-30")
        self.assert_one_update(1e-3, ((2, 8), (4, 2)))
        for name in ("one", "ranks2", "ranks4"):
            shutil.rmtree(self.folder / name)
        # Passes of one size: some CPUs add up a pass in fp16, with an error of 10 % in passes of 8,192 images.
        self.assert_one_update(2e-2, ((2, 8), (4, 4)), *FP16, "--set", "distributed.wire_precision=fp16")


class Resume(Case):
    """Stopped half-way and resumed, a run ends with the weights of an undisturbed one."""

    def assert_resumed_exactly(self, *arguments):
        arguments = (*arguments, "--set", "training.max_steps=10")
        self.train(GALAXY, "whole", *arguments)
        status, err = self.interrupt("run", 5, "--config", GALAXY, "--run-dir", "run", *arguments)
        self.assertEqual(status, 75, err)
        self.train(GALAXY, "run", "--resume", "auto", *arguments)
        self.assertEqual(self.summary("run")["weights_sha256"], self.summary("whole")["weights_sha256"])
        mine, whole = self.metrics("run"), self.metrics("whole")
        self.assertEqual([(l["step"], l["loss"], l["lr"], l.get("loss_scale")) for l in mine],
                         [(l["step"], l["loss"], l["lr"], l.get("loss_scale")) for l in whole])
        return whole

    def test_lars_with_momentum_correction_in_fp16(self):
        steps = self.assert_resumed_exactly(*LARS, *FP16, "--set", "optimizer.momentum_correction=true",
                                            "--set", "optimizer.lr_scaling=linear", "--set", "optimizer.lr_base_batch=4",
                                            "--set", "schedule.warmup_rule=horovod")
        self.assertTrue(all(line["loss_scale"] >= 1 for line in steps))

    def test_sgd_without_momentum_correction(self):
        steps = self.assert_resumed_exactly("--set", "optimizer.momentum_correction=false")
        self.assertFalse(any("loss_scale" in line for line in steps), "only fp16 has a loss scale")

    def test_lamb(self):
        self.assert_resumed_exactly("--set", "optimizer={type: lamb, lr: 0.01}")


class Precision(Case):
    def test_fp16_follows_fp32(self):
        curves = []
        for name, arguments in (("wide", ()), ("narrow", FP16)):
            self.train(GALAXY, name, "--set", "training.max_steps=8", *arguments)
            curves.append([line["loss"] for line in self.metrics(name)])
        for step, (wide, narrow) in enumerate(zip(*curves), 1):
            self.assertAlmostEqual(wide, narrow, delta=0.01 * wide, msg=f"step {step}")
        self.assertNotEqual(*curves)
        scales = [line["loss_scale"] for line in self.metrics("narrow")]
        falls = sum(after < before for before, after in zip(scales, scales[1:]))
        self.assertIn(self.summary("narrow")["skipped_steps"], (falls, falls + 1), "the last step's fall is not in a line")
        self.assertNotIn("skipped_steps", self.summary("wide"))

    def test_tf32_is_fp32_on_a_cpu(self):
        for precision in ("fp32", "tf32"):
            self.train(GALAXY, precision, "--set", "training.max_steps=2", "--set", "training.device=cpu", "--set", f"training.precision={precision}")
        self.assertEqual(self.summary("fp32")["weights_sha256"], self.summary("tf32")["weights_sha256"])

    def test_the_effective_rate_is_told(self):
        _, err = self.train(GALAXY, "run", "--set", "optimizer.lr_scaling=linear", "--set", "optimizer.lr_base_batch=4",
                            "--set", "training.max_steps=2")
        self.assertIn("sgd with lr 0.08 (0.02 x 4, linear from batch 4)", err)
        out, _ = self.run_program("info", "--config", GALAXY, "--set", "optimizer.lr_scaling=square_root",
                                  "--set", "optimizer.lr_base_batch=4", "--json")
        self.assertAlmostEqual(json.loads(out)["learning_rate"], 0.04)


if __name__ == "__main__":
    main()
