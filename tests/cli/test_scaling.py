"""A scaling study: its runs, its files, its figure, and that it goes on where it was stopped or killed."""
import json
import os
import pathlib
import signal
import time
import xml.etree.ElementTree

from harness import GALAXY, WAVEFORM, Case, main

NEVER = ("--set", "evaluation.target_metric=loss", "--set", "evaluation.target_value=0")  # the whole training is done
SOON = ("--set", "evaluation.target_metric=loss", "--set", "evaluation.target_value=1000")  # after the first epoch


class Scaling(Case):
    def study(self, *arguments, world="1,2", config=WAVEFORM, **options):
        return self.run_program("scaling", "--config", config, "--world", world, "--out", "study",
                                *(() if "--calibrate" in arguments else ("--calibrate", "0")), *arguments, **options)

    def report(self):
        return json.loads((self.folder / "study" / "scaling.json").read_text())

    def processes_of_the_study(self):
        """Processes whose command line names this test's folder."""
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes()
                folder = os.readlink(path.parent / "cwd")
            except OSError:
                continue
            if folder == str(self.folder) and b"--run-dir" in words:
                found.append(int(path.parent.name))
        return found

    def test_two_experiments_on_two_worlds(self):
        out, err = self.run_program("scaling", "--config", WAVEFORM, "--config", GALAXY, "--world", "2,1", "--repeats", "2", "--out", "study",
                                    "--calibrate", "0", *SOON, "--set", "tiny-galaxy:evaluation.target_metric=accuracy",
                                    "--set", "tiny-galaxy:evaluation.target_value=0.01")
        self.assertIn("tiny-waveform: time to loss", out)
        self.assertIn("tiny-galaxy: time to accuracy", out)
        report = self.report()
        self.assertEqual([e["name"] for e in report["experiments"]], ["tiny-waveform", "tiny-galaxy"])
        for experiment in report["experiments"]:
            self.assertEqual([p["world"] for p in experiment["points"]], [1, 2])
            for point in experiment["points"]:
                self.assertEqual(point["runs_that_reached_the_target"], 2)
                self.assertEqual(point["epochs"], 1)
                times = point["time_to_target_s"]
                self.assertLessEqual(times["min"], times["median"])
                self.assertLessEqual(times["median"], times["max"])
                self.assertGreater(times["min"], 0)
                self.assertGreater(point["step_time"]["mean_s"], 0)
                for run in point["runs"]:
                    summary = self.summary(run["folder"])
                    self.assertEqual((summary["world_size"], summary["status"]), (point["world"], "finished"))
                    self.assertEqual(summary["weights_sha256"], run["weights_sha256"])
                self.assertNotEqual(point["runs"][0]["weights_sha256"], point["runs"][1]["weights_sha256"], "repeats have seeds of their own")
            self.assertEqual(experiment["points"][0]["efficiency"], 1)
            self.assertTrue(experiment["published"])
        self.assertEqual(report["version"].count("."), 2)
        for key in ("commit", "host", "date", "command", "environment"):
            self.assertTrue(report[key], key)
        tree = xml.etree.ElementTree.parse(self.folder / "study" / "figure1.svg")
        words = " ".join(tree.getroot().itertext())
        for text in ("tiny-waveform", "tiny-galaxy", "ranks", "epochs needed", "exposed communication", "measured"):
            self.assertIn(text, words)

    def test_weak_scaling_keeps_the_batch_of_a_rank(self):
        self.study("--weak", *SOON)
        points = self.report()["experiments"][0]["points"]
        self.assertEqual([p["global_batch"] for p in points], [8, 16])

    def test_a_stopped_study_goes_on_where_it_was(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(signal=number):
                out = f"study-{number}"
                command = ("scaling", "--config", WAVEFORM, "--world", "1,2", "--out", out, "--calibrate", "0", *NEVER)
                status, err = self.interrupt(f"{out}/tiny-waveform/world-2", 5, *command, by=lambda process: process.send_signal(number))
                self.assertEqual(status, 75, err)
                first = (self.folder / out / "tiny-waveform/world-1/summary.json").stat().st_mtime_ns
                self.assertEqual(self.summary(f"{out}/tiny-waveform/world-2")["status"], "stopped")
                self.assertEqual(self.processes_of_the_study(), [])
                _, err = self.run_program(*command)
                self.assertIn("resumed", err)
                self.assertEqual((self.folder / out / "tiny-waveform/world-1/summary.json").stat().st_mtime_ns, first, "not done again")
                self.assertIn("without reaching", err)
        self.train(WAVEFORM, "whole", "--nproc", "2")
        for number in (signal.SIGTERM, signal.SIGINT):
            run = self.summary(f"study-{number}/tiny-waveform/world-2")
            self.assertEqual(run["weights_sha256"], self.summary("whole")["weights_sha256"])

    def test_a_killed_study_leaves_nobody_behind_and_goes_on(self):
        arguments = ("scaling", "--config", WAVEFORM, "--world", "1,2", "--out", "study", "--calibrate", "0", *NEVER, "--set",
                     "checkpoint.every_steps=3")
        self.interrupt("study/tiny-waveform/world-2", 8, *arguments, by=self.kill_after("study/tiny-waveform/world-2", 1))
        end = time.monotonic() + 10
        while self.processes_of_the_study() and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(self.processes_of_the_study(), [])
        _, err = self.run_program(*arguments)
        self.assertIn("resumed", err)
        self.assertEqual([p["world"] for p in self.report()["experiments"][0]["points"]], [1, 2])

    def test_a_study_is_extended_but_not_mixed(self):
        self.study(*SOON, world="1")
        _, err = self.study(*SOON, world="2")
        self.assertNotIn("is done already", err)
        self.assertEqual([p["world"] for p in self.report()["experiments"][0]["points"]], [1, 2])
        _, err = self.study(*SOON, "--set", "optimizer.lr=0.5", status=78)
        self.assertIn("optimizer.lr", err)
        _, err = self.study(*SOON, "--weak", status=78)
        self.assertIn("strong scaling", err)

    def test_an_earlier_versions_calibration_is_measured_again_or_left_out(self):
        self.study(*SOON, world="1")
        path = self.folder / "study" / "tiny-waveform" / "calibration.json"
        path.write_text('{"format": "hpcai-train calibration 1"}')
        _, err = self.study(*SOON, "--collect", world="1")
        self.assertIn("not a calibration", err)
        self.assertEqual(self.report()["experiments"][0]["prediction"], [])
        self.study(*SOON, "--calibrate", "1", world="1")
        self.assertTrue(self.report()["experiments"][0]["prediction"])

    def test_a_run_that_fails_does_not_keep_the_others_from_running(self):
        out, err = self.study(*SOON, "--set", "optimizer.lr=1e30", status=79)
        for text in ("tiny-waveform on 1 rank ended with exit status 79", "tiny-waveform on 2 ranks ended with exit status 79"):
            self.assertIn(text, err)
        self.assertIn("diverged", out)

    def test_a_folder_in_the_way_of_a_run_is_left_alone(self):
        (self.folder / "study/tiny-waveform/world-1").mkdir(parents=True)
        (self.folder / "study/tiny-waveform/world-1/mine.txt").write_text("not a run")
        (self.folder / "study/study.json").write_text('{"weak": false, "worlds": [1, 2], "repeats": 1, "experiments": []}')
        _, err = self.study(*SOON, world="1,2", status=2)
        self.assertIn("holds no run", err)

    def test_nonsense_is_told_at_once_and_starts_nothing(self):
        def refuse(*arguments, contains, **options):
            _, err = self.run_program("scaling", *arguments, "--out", "study", status=2, timeout=60, **options)
            for text in contains:
                self.assertIn(text, err)
            self.assertNotIn("internal error", err)
            self.assertFalse((self.folder / "study").exists(), "nothing written")

        one = ("--config", WAVEFORM)
        refuse(*one, contains=["--world"])
        refuse("--world", "1,2", contains=["--config"])
        refuse(*one, "--world", "1,2", contains=["no quality", "evaluation.target_metric=accuracy", "evaluation.target_value"])
        refuse(*one, "--world", "0,two,2,2,-1", "--set", "optimizer.lrr=1",
               contains=["0 ranks", "'two' is not a number", "2 is named twice", "-1 ranks", "optimizer.lr"])
        refuse(*one, *SOON, "--world", "3,5,100000", contains=["3 ranks: training.global_batch 8", "5 ranks", "100000 ranks are more than the"])
        refuse(*one, *SOON, "--weak", "--world", "1,16", contains=["training.global_batch 128 is larger than the"])
        refuse(*one, *one, *SOON, "--world", "1", contains=["second experiment named tiny-waveform"])
        refuse(*one, *SOON, "--set", "galaxy:training.seed=3", "--world", "1", contains=["no experiment is named galaxy"])
        refuse(*one, "--set", "evaluation.target_metric=accuracy", "--world", "1", contains=["accuracy is not measured"])
        refuse(*one, *SOON, "--world", "1", "--repeats", "0", contains=["--repeats"])
        refuse(*one, *SOON, "--world", "1", "--submit", contains=["no sbatch"], env={"PATH": "/nonexistent"})
        refuse(*one, *SOON, "--world", "1", "--submit", "--collect", contains=["--submit"])
        self.run_program("scaling", "--config", "none.yaml", "--world", "1", "--out", "study", status=66)
        (self.folder / "study").mkdir()
        (self.folder / "study" / "mine.txt").write_text("mine")
        _, err = self.study(*SOON, status=2)
        self.assertIn("holds no study", err)
        self.assertEqual(os.listdir(self.folder / "study"), ["mine.txt"])

    def test_jobs_are_submitted_once_and_collected(self):
        """With stand-ins for Slurm's programs; a real Slurm has tests of its own."""
        tools = self.folder / "tools"
        tools.mkdir()
        stand_ins = {"sbatch": f'echo "$2" >> {self.folder}/submitted; echo 17',
                     "squeue": f"cat {self.folder}/queue",
                     "scontrol": f'echo "$@" >> {self.folder}/requeued',
                     "srun": 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"'}
        for name, body in stand_ins.items():
            (tools / name).write_text(f"#!/bin/bash\n{body}\n")
            (tools / name).chmod(0o755)
        env = {"PATH": f"{tools}:{os.environ['PATH']}", "SLURM_JOB_ID": "17", "SLURM_JOB_NODELIST": "n1"}
        queue = self.folder / "queue"
        queue.write_text("")
        arguments = (*SOON, "--submit", "--sbatch=--partition=gpu")
        self.study(*arguments, world="1", env=env)
        script = pathlib.Path((self.folder / "submitted").read_text().strip())
        script = script if script.is_absolute() else self.folder / script
        text = script.read_text()
        self.assertEqual(text.count("--output="), 1)
        for part in ("#SBATCH --ntasks=1\n", "#SBATCH --partition=gpu\n", "#SBATCH --requeue\n", "srun ", "--resume auto"):
            self.assertIn(part, text)
        queue.write_text("17\n")
        _, err = self.study(*arguments, world="1", env=env)
        self.assertIn("0 submitted now, 1 in the queue, 0 done", err)
        status = self.execute_script(script, env)
        self.assertEqual(status, 0)
        queue.write_text("")
        _, err = self.study(*arguments, world="1", env=env)
        self.assertIn("0 submitted now, 0 in the queue, 1 done", err)
        out, _ = self.study(*SOON, "--collect", world="1")
        self.assertIn("time to loss", out)
        self.assertEqual(self.report()["experiments"][0]["points"][0]["runs_that_reached_the_target"], 1)
        self.assertFalse((self.folder / "requeued").exists())

    def execute_script(self, script, env):
        import subprocess

        from harness import environment
        return subprocess.run(["bash", script], cwd="/", env=environment(**env), capture_output=True, timeout=120).returncode


if __name__ == "__main__":
    main()
