"""Trainings under a real Slurm: started, disturbed in every way that a cluster knows, requeued, and ended like undisturbed ones."""
import json
import os
import re
import signal
import subprocess

from harness import CONFIG, PROGRAM, SCRIPTS, SETTINGS, Case, main

ON_FOUR_NODES = ("--nodes=4", "--ntasks-per-node=1")


class Jobs(Case):
    def test_batch_scripts_fit_a_cluster_of_16_nodes_with_4_gpus(self):
        scripts = sorted(SCRIPTS.glob("*.sbatch"))
        self.assertEqual([script.stem for script in scripts], ["array", "multi_node", "one_node", "preemptible"])
        for script in scripts:
            with self.subTest(script=script.name):
                subprocess.run(["bash", "-n", script], check=True)
                text = script.read_text()
                for option in ("--ntasks-per-node=4", "--gres=gpu:4", "--cpus-per-task=", "--signal=USR1@120", "--requeue", "--open-mode=append"):
                    self.assertIn(f"#SBATCH {option}", text)
                out = self.cluster.run("sbatch", "--test-only", "--partition=hal", script)
                processors = {"multi_node": 640, "preemptible": 80}.get(script.stem, 40)
                self.assertIn(f"using {processors} processors", out)

    def test_srun_alone_is_enough_on_one_two_and_four_nodes(self):
        # No scontrol and nothing else in PATH, as inside a container; names of nodes that are no names of hosts.
        for nodes, ranks in ((4, 4), (2, 4), (1, 2)):
            with self.subTest(nodes=nodes, ranks=ranks):
                run = f"srun-{nodes}-{ranks}"
                self.cluster.run("srun", f"--nodes={nodes}", f"--ntasks={ranks}", "env", "PATH=/nowhere", PROGRAM, "--config", CONFIG,
                                 "--run-dir", self.folder / run, *SETTINGS, env={"OMP_NUM_THREADS": "1"}, timeout=120)
                self.assert_like_undisturbed(run, self.undisturbed(ranks))
                self.assertEqual(self.summary(run)["world_size"], ranks)

    def test_many_nodes(self):
        number = self.submit("multi_node.sbatch", *ON_FOUR_NODES, RUN_DIR=str(self.folder / "many"))
        job = self.wait_for_state(number, "COMPLETED")
        self.assertEqual(job["ExitCode"], "0:0")
        self.assert_starts(number, [])
        self.assert_like_undisturbed("many", self.undisturbed(4))

    def test_a_killed_rank_is_named_and_the_job_goes_on(self):
        number = self.submit("multi_node.sbatch", *ON_FOUR_NODES, RUN_DIR=str(self.folder / "killed"), REQUEUE_ON="137")
        processes = self.freeze("killed", 15, 4)
        os.kill(processes[2], signal.SIGKILL)
        self.thaw(processes)
        self.start_again(number)
        self.assert_gone("killed")
        output = self.output(number)
        self.assertIn("n3: task 2: Killed", output)
        self.assertRegex(output, r"rank 2 \(host \S+, process %d\), .*, was lost" % processes[2])
        step = int(re.search(r"ended with status 137, newest checkpoint: step-(\d+)", output)[1])
        self.assertGreaterEqual(step, 10)
        self.wait_for_state(number, "COMPLETED")
        self.assert_starts(number, [step])
        self.assert_like_undisturbed("killed", self.undisturbed(4))

    def test_a_killed_rank_ends_the_job_where_nobody_asks_for_more(self):
        number = self.submit("multi_node.sbatch", *ON_FOUR_NODES, RUN_DIR=str(self.folder / "lost"))
        processes = self.freeze("lost", 5, 4)
        os.kill(processes[0], signal.SIGKILL)
        self.thaw(processes)
        job = self.wait_for_state(number, "FAILED")
        self.assertEqual(job["ExitCode"], "137:0")
        self.assert_gone("lost")
        self.assertIn("n1: task 0: Killed", self.output(number))

    def test_preemption(self):
        number = self.submit("preemptible.sbatch", *ON_FOUR_NODES, "--exclusive", RUN_DIR=str(self.folder / "preempted"), SAVE_EVERY="10")
        processes = self.freeze("preempted", 15, 4)
        urgent = self.cluster.run("sbatch", "--parsable", "--partition=urgent", "--nodes=4", "--exclusive", "--output=/dev/null", "--wrap",
                                  "sleep 1").strip()
        self.thaw_at_signal(processes)
        self.wait_for_state(urgent, "COMPLETED")
        self.assert_gone("preempted")
        step = self.assert_saved("preempted")
        self.start_again(number)
        job = self.wait_for_state(number, "COMPLETED")
        self.assertEqual(job["Restarts"], "1")
        self.assert_starts(number, [step])
        self.assert_like_undisturbed("preempted", self.undisturbed(4))

    def test_time_limit(self):
        # Slurm looks at the clock every 30 s, and sends the signal when less than 5 + 30 s are left: 25 to 55 s after the start.
        number = self.submit("multi_node.sbatch", *ON_FOUR_NODES, "--time=1", "--signal=USR1@5", RUN_DIR=str(self.folder / "limited"))
        self.thaw_at_signal(self.freeze("limited", 15, 4))
        self.wait_for_state(number, "PENDING")
        step = self.assert_saved("limited")
        self.assertIn("ended with status 75", self.output(number))
        self.assertIn("on signal 10", self.output(number))
        self.start_again(number)
        job = self.wait_for_state(number, "COMPLETED")
        self.assertEqual(job["Restarts"], "1")
        self.assert_starts(number, [step])
        self.assert_like_undisturbed("limited", self.undisturbed(4))

    def test_scancel_saves_and_is_final(self):
        number = self.submit("multi_node.sbatch", *ON_FOUR_NODES, RUN_DIR=str(self.folder / "cancelled"))
        processes = self.freeze("cancelled", 15, 4)
        self.cluster.run("scancel", number)
        self.thaw_at_signal(processes)
        job = self.wait_for_state(number, "CANCELLED")
        self.assert_gone("cancelled")
        self.assertEqual(job["Restarts"], "0")
        step = self.assert_saved("cancelled")
        again = self.submit("multi_node.sbatch", *ON_FOUR_NODES, RUN_DIR=str(self.folder / "cancelled"))
        self.wait_for_state(again, "COMPLETED")
        self.assertIn(f"resumed    from step {step} ", self.output(again))
        self.assert_like_undisturbed("cancelled", self.undisturbed(4))
        self.assertEqual(self.job(number)["JobState"], "CANCELLED")

    def test_a_scaling_study_is_submitted_once_and_collected(self):
        study = ("--config", CONFIG, "--world", "1,4", "--out", "study", "--set", "training.threads=1",
                 "--set", "evaluation.target_metric=loss", "--set", "evaluation.target_value=1000")

        def scaling(*more):
            words = [PROGRAM, "scaling", *map(str, study), *more]
            done = subprocess.run(words, cwd=self.folder, env=self.environment(), text=True, capture_output=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr

        submit = ("--submit", "--ranks-per-node", "1", "--sbatch=--time=10", "--calibrate", "2")
        self.assertIn("2 submitted now", scaling(*submit))
        self.assertNotRegex(scaling(*submit), "[12] submitted now")
        self.cluster.wait_until(lambda: not self.cluster.run("squeue", "--noheader").strip(), "all jobs have ended", 120)
        scaling("--collect")
        report = json.loads((self.folder / "study" / "scaling.json").read_text())
        points = report["experiments"][0]["points"]
        self.assertEqual([(point["world"], point["runs_that_reached_the_target"]) for point in points], [(1, 1), (4, 1)])
        predicted = [point["world"] for point in report["experiments"][0]["prediction"]]
        # as far as its 56 samples fill a step
        self.assertEqual(predicted, [1, 2, 4, 8, 16, 32])
        self.assertEqual(self.summary("study/tiny-waveform/world-4")["world_size"], 4)
        self.assertIn("</svg>", (self.folder / "study" / "figure1.svg").read_text())

    def test_a_search_is_one_array_and_goes_on_after_a_preempted_worker(self):
        space = self.folder / "space.yaml"
        space.write_text("sampler: sobol\nearly_stop: {type: asha, minimum: 2, reduction: 2}\nparameters:\n"
                         "  - {key: optimizer.lr, type: log_uniform, low: 1.0e-4, high: 1.0e-1}\n")

        def search(out, *more):
            words = [PROGRAM, "search", "--config", CONFIG, "--space", space, "--out", out, "--trials", "4", "--set", "training.device=cpu",
                     "--set", "training.threads=1", "--set", "training.epochs=18", *more]
            done = subprocess.run(list(map(str, words)), cwd=self.folder, env=self.environment(), text=True, capture_output=True, timeout=240)
            self.assertEqual(done.returncode, 0, done.stderr)
            return done.stderr

        submit = ("--parallel", "2", "--submit", "--sbatch=--time=10")
        number = re.search(r"2 workers are job (\d+)", search("search", *submit))[1]
        self.assertIn(f"job {number} waits or runs", search("search", *submit))
        self.cluster.wait_until(lambda: (self.folder / "search/trials/0001/metrics.jsonl").exists(), "a trial of worker 2 trains", 120)
        self.cluster.run("scancel", "--signal=USR1", f"{number}_2")
        self.start_again(f"{number}_2")
        for worker in (1, 2):
            self.wait_for_state(f"{number}_{worker}", "COMPLETED", timeout=240)
        self.assertEqual(self.job(f"{number}_2")["Restarts"], "1")
        search("search", "--collect")
        search("alone")
        results = [json.loads((self.folder / out / "result.json").read_text()) for out in ("search", "alone")]
        facts = [(r["best"], [(t["state"], t["value"], t["steps"], t["parameters"]) for t in r["trials"]]) for r in results]
        self.assertEqual(facts[0], facts[1])
        self.assertIn("</svg>", (self.folder / "search/search.svg").read_text())

    def test_launchers_that_contradict_srun(self):
        command = [PROGRAM, "--config", CONFIG, "--run-dir", self.folder / "refused"]
        torch = {"MASTER_ADDR": "n1", "MASTER_PORT": "29500"}
        cases = (
            ({"RANK": "0", "WORLD_SIZE": "3", **torch}, [], "RANK=0 WORLD_SIZE=3 contradicts SLURM_PROCID="),
            ({"RANK": "0", "WORLD_SIZE": "4", "TORCHELASTIC_RUN_ID": "x", "GROUP_WORLD_SIZE": "1", **torch}, [],
             "srun started 2 tasks (SLURM_STEP_NUM_TASKS=2), but torchrun connects 1 agents"),
            ({}, ["--nproc", "2"], "--nproc 2 inside a world of 2 ranks that slurm has started"),
        )
        for variables, arguments, words in cases:
            with self.subTest(words=words):
                output = self.cluster.run("srun", "--nodes=2", "--ntasks=2", *command, *arguments, env=variables, status=2)
                self.assertIn(words, output)
                self.assertFalse((self.folder / "refused").exists(), "nothing is written")

    def test_job_array_of_seeds(self):
        number = self.submit("array.sbatch", "--array=1-2", "--ntasks-per-node=2", RUN_DIR=str(self.folder / "seeds"))
        processes = self.freeze("seeds/seed-2", 5, 2)
        self.cluster.run("scancel", "--signal=USR1", f"{number}_2")
        self.thaw_at_signal(processes)
        self.start_again(f"{number}_2")
        for seed in (1, 2):
            self.wait_for_state(f"{number}_{seed}", "COMPLETED")
            self.assert_like_undisturbed(f"seeds/seed-{seed}", self.undisturbed(2, "--set", f"training.seed={seed}"))
        self.assertEqual(self.job(f"{number}_1")["Restarts"], "0")
        self.assertEqual(self.job(f"{number}_2")["Restarts"], "1")
        hashes = {self.summary(f"seeds/seed-{seed}")["weights_sha256"] for seed in (1, 2)}
        self.assertEqual(len(hashes), 2)

    def test_a_job_that_never_comes_further_is_held(self):
        stuck = self.folder / "stuck.sh"
        stuck.write_text("#!/bin/sh\nexit 75\n")
        stuck.chmod(0o755)
        number = self.submit("one_node.sbatch", "--ntasks-per-node=1", HPCAI_TRAIN=str(stuck), RUN_DIR=str(self.folder / "stuck"),
                             RESTART_LIMIT="2")
        self.start_again(number)
        self.wait_for_state(number, "PENDING", restarts=2)
        self.cluster.wait_until(lambda: self.job(number)["Reason"] == "job_requeued_in_held_state", "the job is held")
        self.assertIn("2 starts in a row without a new checkpoint", self.output(number))
        self.cluster.run("scancel", number)


if __name__ == "__main__":
    main()
