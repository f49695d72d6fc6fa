"""plan and calibrate: a world that is not here, from a config alone or from a measurement."""
import json
import os
import subprocess

from harness import GALAXY, PROGRAM, SOURCE, WAVEFORM, Case, main

RESNET = SOURCE / "configs" / "resnet50" / "synthetic.yaml"


class Plan(Case):
    def plan(self, *arguments, **options):
        out, _ = self.run_program("plan", *arguments, "--json", **options)
        return json.loads(out)

    def refused(self, *arguments, status=2):
        _, err = self.run_program("plan", *arguments, status=status)
        self.assertNotIn("internal error", err)
        return err

    def test_resnet_on_64_gpus(self):
        plan = self.plan("--config", RESNET, "--nodes", 16, "--gpus-per-node", 4, "--set", "training.global_batch=8192", "--set",
                         "training.max_steps=0", "--set", "training.accumulation=2", "--time", "4:00:00")
        self.assertEqual(plan["world_size"], 64)
        self.assertEqual(plan["batch_per_rank"], 128)
        self.assertEqual(plan["batch_per_pass"], 64)
        self.assertEqual(plan["steps_per_epoch"], 64000 // 8192)
        self.assertEqual(plan["samples_dropped_per_epoch"], 64000 % 8192)
        self.assertEqual(plan["total_steps"], 7)
        # He et al. 2016: 25,557,032 trained values, with 4.09 G multiply-adds an image; momentum as large as the weights
        self.assertEqual(plan["memory"]["optimizer"], 4 * 25557032)
        self.assertAlmostEqual(plan["multiply_adds_per_sample"] / 4.087e9, 1, delta=0.01)
        self.assertGreaterEqual(plan["memory"]["gradients"], 4 * 25557032)
        self.assertLess(plan["memory"]["gradients"], 4.02 * 25557032)
        # 22 MB of fp32 activations are the convolutions' outputs alone (11.1 M values are kept more than once)
        self.assertGreater(plan["memory"]["activations_per_sample"], 4 * 11.1e6)
        self.assertLess(plan["memory"]["activations_per_sample"], 20 * 11.1e6)
        # 128 images at 367 images/s of a V100 in fp32, see hardware.h
        self.assertAlmostEqual(plan["step_time"]["compute_s"], 128 / 367, delta=0.02 * 128 / 367)
        parts = [plan["step_time"][key] for key in ("compute_s", "exposed_communication_s", "input_s", "imbalance_s")]
        self.assertAlmostEqual(sum(parts), plan["step_time"]["mean_s"], places=9)
        self.assertEqual(plan["jobs"], 1)
        self.assertTrue(any("not calibrated" in line for line in plan["assumptions"]))

    def test_checkpoint_size_is_that_of_a_real_checkpoint(self):
        copies = ("--set", "training.on_divergence=roll_back", "--set", "training.average_decay=0.9")
        for run, config, settings in (("galaxy", GALAXY, ()), ("waveform", WAVEFORM, ()), ("copies", WAVEFORM, copies)):
            self.train(config, run, "--set", "training.max_steps=2", "--set", "checkpoint.keep=1", *settings)
            last = self.folder / run / "checkpoints" / "last"
            real = sum(file.stat().st_size for file in last.iterdir())
            plan = self.plan("--config", config, "--nodes", 1, "--gpus-per-node", 2, *settings)
            self.assertAlmostEqual(plan["checkpoint_bytes"] / real, 1, delta=0.1)

    def test_gradients_of_16_bits_take_half_as_long(self):
        def exposed(wire):
            plan = self.plan("--config", GALAXY, "--nodes", 2, "--gpus-per-node", 1, "--set", f"distributed.wire_precision={wire}")
            return plan["step_time"]["exposed_communication_s"]
        self.assertEqual(exposed("fp16"), exposed("bf16"))
        self.assertLess(exposed("fp16"), exposed("same"))

    def test_the_script_is_one_that_a_shell_reads(self):
        out, err = self.run_program("plan", "--config", GALAXY, "--nodes", 2, "--gpus-per-node", 4, "--time", "30", "--set",
                                    "training.seed=7", "--set", "name=it's mine",
                                    "--script")
        (self.folder / "job.sbatch").write_text(out)
        subprocess.run(["bash", "-n", self.folder / "job.sbatch"], check=True)
        for line in ("#!/bin/bash", "#SBATCH --nodes=2", "#SBATCH --ntasks-per-node=4", "#SBATCH --gres=gpu:4",
                     "#SBATCH --time=00:30:00", "#SBATCH --signal=USR1@120", "#SBATCH --requeue", "#SBATCH --open-mode=append"):
            self.assertIn(line, out.splitlines())
        self.assertIn("srun --kill-on-bad-exit=1", out)
        self.assertIn("--resume auto", out)
        self.assertIn(str(GALAXY), out)
        self.assertIn("scontrol requeue", out)
        self.assertIn("samples/s", err)

    def test_a_short_limit_means_several_jobs(self):
        arguments = ["--config", RESNET, "--nodes", 1, "--gpus-per-node", 1, "--set", "training.max_steps=0", "--set", "training.epochs=90"]
        plan = self.plan(*arguments, "--time", "1:00:00")
        usable = 3600 - 120 - 60
        short = self.plan("--config", RESNET, "--nodes", 1, "--gpus-per-node", 1, "--set", "training.max_steps=20", "--time", "4")
        self.assertLess(60, 240 - short["total_s"])  # it would end before the limit, but not before the signal
        self.assertEqual(short["jobs"], -(-int(short["total_s"]) // 60))
        self.assertEqual(plan["jobs"], -(-int(plan["total_s"]) // usable))
        self.assertGreater(plan["jobs"], 1)
        self.assertEqual(self.plan(*arguments, "--time", "7-00:00:00")["jobs"], 1)
        self.assertIn("leaves no time", self.refused(*arguments, "--time", "3"))

    def test_cores_of_a_rank_are_part_of_the_plan(self):
        few = self.plan("--config", GALAXY, "--nodes", 1, "--ranks-per-node", 16, "--set", "training.threads=1")
        own = self.plan("--config", GALAXY, "--nodes", 1, "--ranks-per-node", 16, "--cpus-per-task", 4, "--set", "training.threads=1")
        self.assertTrue(any("slow each other down" in line for line in few["warnings"]), few["warnings"])
        self.assertFalse(any("slow each other down" in line for line in own["warnings"]), own["warnings"])
        self.assertTrue(any("4 cores of its own" in line for line in own["assumptions"]), own["assumptions"])
        self.assertIn("#SBATCH --cpus-per-task=4\n", own["script"])
        self.assertIn(f"command=({PROGRAM} --config", own["script"])

    def test_warnings_name_what_will_go_wrong(self):
        plan = self.plan("--config", GALAXY, "--nodes", 16, "--gpus-per-node", 4, "--set", "training.global_batch=64", "--set",
                         "schedule.warmup_steps=1000")
        text = "\n".join(plan["warnings"])
        self.assertIn("32 validation samples for 64 ranks: 32 ranks have nothing to do", text)
        self.assertIn("warm-up of 1000 steps is not over", text)
        self.assertIn("32 of 96 training samples are dropped", text)

    def test_nonsense_is_refused(self):
        self.assertIn("--nodes", self.refused("--config", GALAXY, "--nodes", 0, "--gpus-per-node", 1))
        self.assertIn("--gpus-per-node", self.refused("--config", GALAXY, "--nodes", 2))
        self.assertIn("cannot be shared by 3 ranks", self.refused("--config", GALAXY, "--nodes", 3, "--gpus-per-node", 1))
        self.assertIn("96 training samples", self.refused("--config", GALAXY, "--nodes", 32, "--gpus-per-node", 4))
        self.assertIn("larger than the 96 training samples",
                      self.refused("--config", GALAXY, "--nodes", 1, "--gpus-per-node", 1, "--set", "training.global_batch=128"))
        for time in ("soon", "0", "1:2:3:4", "-5", "1-"):
            self.assertIn("is not a time", self.refused("--config", GALAXY, "--gpus-per-node", 1, f"--time={time}"))
        self.refused("--config", GALAXY, "--gpus-per-node", 1, "--calibration", "none.json", status=66)
        (self.folder / "bad.json").write_text('{"format": "hpcai-train calibration 3", "name": 3}')
        self.assertIn("not a calibration", self.refused("--config", GALAXY, "--gpus-per-node", 1, "--calibration", "bad.json", status=65))


class Calibrate(Case):
    def test_two_ranks_measure_what_plan_then_uses(self):
        _, talk = self.run_program("calibrate", "--config", WAVEFORM, "--nproc", 2, "--seconds", 4, "--set", "training.device=cpu")
        calibration = json.loads((self.folder / "calibration.json").read_text())
        work = calibration["workload"]
        self.assertEqual(calibration["world_size"], 2)
        self.assertEqual(calibration["batches"], [2, 8])
        self.assertGreater(work["forward"]["per_sample_s"] + work["forward"]["fixed_s"], 0)
        self.assertGreater(work["backward"]["per_sample_s"] + work["backward"]["fixed_s"], 0)
        self.assertEqual(work["spread"], sorted(work["spread"]))
        self.assertAlmostEqual(sum(work["spread"]) / len(work["spread"]), 1)
        ready = [bucket["ready"] for bucket in work["buckets"]]
        self.assertEqual(ready, sorted(ready))
        link = calibration["machine"]["in_node"]
        for key in ("latency_s", "blocking_latency_s", "core_s_per_blocking"):
            self.assertGreater(link[key], 0, key)
        # On a busy machine 1 MB may take no longer than 4 kB, three times over; that is said.
        self.assertEqual(link["s_per_byte"] > 0, "bytes for free" not in talk)
        self.assertEqual({sample["blocking"] for sample in calibration["link"]}, {True, False})
        # Ranks of one host gather up to 16 KiB each, which takes another path than their buckets.
        if "cannot share memory" not in talk:
            self.assertGreater(min(sample["bytes"] for sample in calibration["link"] if not sample["blocking"]), 16384)
        # Each of the two ranks computes with half of the cores.
        cores = len(os.sched_getaffinity(0))
        self.assertEqual(calibration["machine"]["cores"], cores)
        self.assertEqual(work["team"], max(1, cores // 2))
        self.assertTrue(0 <= work["parallel"] <= 1, work["parallel"])
        # WaveNet's batch norms are synchronised: an exchange forward and one back for each, and the verdict
        self.assertEqual(work["blocking_exchanges"] % 2, 1)
        self.assertGreater(work["blocking_exchanges"], 10)

        out, _ = self.run_program("plan", "--config", WAVEFORM, "--nodes", 1, "--ranks-per-node", 2, "--calibration", "calibration.json",
                                  "--json")
        plan = json.loads(out)
        self.assertTrue(any("times measured on" in line for line in plan["assumptions"]))
        self.assertGreater(plan["step_time"]["mean_s"], 0)
        _, err = self.run_program("plan", "--config", WAVEFORM, "--gpus-per-node", 4, "--calibration", "calibration.json", status=2)
        self.assertIn("measured on cpu", err)


if __name__ == "__main__":
    main()
