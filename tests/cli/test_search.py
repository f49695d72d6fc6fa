"""A search for the best settings: its trials, its files, and that kills of its programs change nothing.

HPCAI_SEARCH_KILLS sets the number of kills of the long test; 50 of them take about four minutes.
"""
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree

from harness import PROGRAM, SOURCE, Case, children_of, environment, main

KILLS = int(os.environ.get("HPCAI_SEARCH_KILLS", "6"))
CONFIG = """
name: small
data: {type: table, file: points.csv, inputs: [x, y], targets: [z], validation_fraction: 0.25}
model:
  type: network
  standardise_inputs: true
  layers: [{dense: 8}, tanh, outputs]
loss: {type: regression}
optimizer: {type: adam, lr: 0.01}
schedule: {type: cosine}
training: {epochs: 8, global_batch: 16, seed: 3, device: cpu, threads: 1, log_every_steps: 1}
"""
PARAMETERS = """
parameters:
  - {key: optimizer.lr, type: log_uniform, low: 1.0e-4, high: 1.0, points: 3}
  - {key: training.global_batch, type: power_of_two, low: 8, high: 32}
  - {key: optimizer.type, type: choice, values: [adam, adamw]}
"""
PLAIN = "sampler: sobol\n" + PARAMETERS
ASHA = PLAIN + "early_stop: {type: asha, minimum: 1, reduction: 2}\n"
OPTUNA = [str(path) for path in (SOURCE / ".deps" / "optuna",) if path.exists()]  # where scripts/setup.sh --tests puts it


def python_with_optuna():
    """The environment of a Python that has Optuna, or None."""
    path = os.pathsep.join([*OPTUNA, os.environ.get("PYTHONPATH", "")])
    found = subprocess.run([sys.executable, "-c", "import optuna"], env={**os.environ, "PYTHONPATH": path}, capture_output=True)
    return {"PYTHONPATH": path} if found.returncode == 0 else None


class Search(Case):
    def setUp(self):
        super().setUp()
        self.make_inputs(self.folder)

    def make_inputs(self, folder):
        numbers = random.Random(1)
        with open(folder / "points.csv", "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(["x", "y", "z"])
            for _ in range(128):
                x, y = numbers.uniform(-1, 1), numbers.uniform(-1, 1)
                rows.writerow([f"{x:.6f}", f"{y:.6f}", f"{x * x - y:.6f}"])
        (folder / "config.yaml").write_text(CONFIG)
        (folder / "plain.yaml").write_text(PLAIN)
        (folder / "asha.yaml").write_text(ASHA)

    def words(self, space, *more, out="s"):
        return ("search", "--config", "config.yaml", "--space", space, "--out", out, *more)

    def search(self, space, *more, out="s", **options):
        return self.run_program(*self.words(space, *more, out=out), **options)

    def result(self, out="s"):
        return json.loads((self.folder / out / "result.json").read_text())

    def journal(self, out="s"):
        lines = []
        for path in [self.folder / out / "journal.jsonl", *sorted((self.folder / out).glob("workers/*/journal.jsonl"))]:
            if path.exists():
                lines += [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
        return lines

    def what_counts(self, out="s"):
        """All that must not depend on kills or on the number of parallel trials."""
        result = self.result(out)
        trials = [{key: value for key, value in trial.items() if key not in ("run_dir", "failure")} for trial in result["trials"]]
        return result["best"], trials, result["importance"]

    def assert_once(self, out="s"):
        """No trial is lost, trained twice or counted twice."""
        lines = self.journal(out)
        begun = [line["number"] for line in lines if line["event"] == "trial"]
        results = [(line["number"], line["rung"]) for line in lines if line["event"] in ("result", "failed")]
        trials = self.result(out)["trials"]
        self.assertEqual(sorted(begun), [trial["number"] for trial in trials])
        self.assertEqual(len(results), len(set(results)), "counted once")
        for trial in trials:
            run = f"{out}/trials/{trial['number']:04}"
            if trial["state"] != "failed":
                self.assertEqual([line["step"] for line in self.metrics(run)], list(range(1, trial["steps"] + 1)), "no step is lost or repeated")

    def test_a_search_and_its_files(self):
        out, err = self.search("asha.yaml", "--trials", "8", "--parallel", "2")
        best, trials, importance = self.what_counts()
        self.assert_once()
        states = [trial["state"] for trial in trials]
        self.assertGreater(states.count("stopped early"), 2)
        self.assertGreaterEqual(states.count("finished"), 1)
        complete = [trial for trial in trials if trial["state"] == "finished"]
        self.assertEqual(trials[best]["value"], min(trial["value"] for trial in complete))
        self.assertEqual({trial["epochs"] for trial in complete}, {8})
        self.assertLessEqual({trial["epochs"] for trial in trials}, {1, 2, 4, 8})
        self.assertEqual(set(importance), {"optimizer.lr", "training.global_batch", "optimizer.type"})
        self.assertIn(f"best: trial {best}, validation.loss", out)
        with (self.folder / "s/trials.csv").open() as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["state"] for row in rows], states)
        self.assertEqual(float(rows[best]["validation.loss"]), trials[best]["value"])
        words = " ".join(xml.etree.ElementTree.parse(self.folder / "s/search.svg").getroot().itertext())
        for text in ("optimizer.lr", "adamw", "importance", "ended early", "best"):
            self.assertIn(text, words)
        self.run_program("report", "s")  # which reads what the search has written
        page = (self.folder / "s/report.html").read_text()
        for text in ("validation.loss of each trial", "stopped early", "s/best.yaml"):
            self.assertIn(text, page)
        # the best again with the plain command
        self.train("s/best.yaml", "again")
        self.assertEqual(self.summary("again")["weights_sha256"], self.summary(f"s/trials/{best:04}")["weights_sha256"])
        self.assertEqual(self.summary("again")["validation"]["loss"], trials[best]["value"])
        # the same search one trial after the other; and it is not done again
        self.search("asha.yaml", "--trials", "8", out="one")
        self.assertEqual(self.what_counts("one"), self.what_counts())
        before = (self.folder / "s/journal.jsonl").read_bytes()
        self.search("asha.yaml", "--trials", "8", "--parallel", "2")
        self.assertEqual((self.folder / "s/journal.jsonl").read_bytes(), before)
        # an extended search keeps what it has decided
        self.search("asha.yaml", "--trials", "9", "--parallel", "2")
        self.assertEqual(self.what_counts()[1][:8], trials)
        self.assertEqual(len(self.result()["trials"]), 9)

    def test_kills_of_trainings_and_of_the_search_change_nothing(self):
        numbers = random.Random(int(os.environ.get("HPCAI_SEARCH_SEED", "1")))
        shutil.copytree(self.folder, reference := self.folder / "reference")
        self.run_program("search", "--config", "reference/config.yaml", "--space", "reference/asha.yaml", "--out", "whole", "--trials", "6")
        self.assert_once("whole")
        words = self.words("asha.yaml", "--trials", "6", "--parallel", "2")
        done = {"search": 0, "training": 0}
        process, ends = None, 0
        while sum(done.values()) < KILLS:
            if process is None or process.poll() is not None:
                if process is not None and process.returncode == 0:  # over before enough kills: once more from the start
                    self.assertEqual(self.what_counts(), self.what_counts("whole"))
                    shutil.rmtree(self.folder / "s")
                    ends += 1
                process = self.start(*words)
            end = time.monotonic() + numbers.uniform(0, 10)  # now and then a search is killed before it trains
            while process.poll() is None and not children_of(process.pid) and time.monotonic() < end:
                time.sleep(0.02)
            time.sleep(numbers.uniform(0, 1.5))
            victims = children_of(process.pid)
            if process.poll() is not None:
                continue
            kind = "training" if victims and done["training"] <= done["search"] else "search"
            os.kill(numbers.choice(victims) if kind == "training" else process.pid, signal.SIGKILL)
            done[kind] += 1
            if kind == "search":
                process.communicate(timeout=60)
        if process.poll() is None:
            process.kill()
            process.communicate(timeout=60)
        self.run_program(*words)
        self.assertEqual(self.what_counts(), self.what_counts("whole"))
        self.assert_once()
        print(f"{done} kills, {ends + 1} searches")

    def test_a_stop_signal_saves_and_the_same_command_goes_on(self):
        self.search("plain.yaml", "--trials", "3", out="whole")
        process = self.start(*self.words("plain.yaml", "--trials", "3", "--parallel", "2", "--set", "training.epochs=8"))
        self.wait_for_step("s/trials/0000", 4, process)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        if process.returncode != 0:  # else the machine was slow to deliver the signal
            self.assertEqual(process.returncode, 75, err)
            self.assertIn("the same command goes on", err)
        self.search("plain.yaml", "--trials", "3", "--parallel", "2")
        self.assertEqual(self.what_counts(), self.what_counts("whole"))
        self.assert_once()

    def test_a_trial_that_fails_does_not_end_the_search(self):
        space = "sampler: grid\nparameters:\n  - {key: optimizer.lr, type: choice, values: [1e30, 1e-2]}\n"
        (self.folder / "bad.yaml").write_text(space)
        out, err = self.search("bad.yaml")
        first, second = self.result()["trials"]
        self.assertEqual((first["state"], second["state"], self.result()["best"]), ("failed", "finished", 1))
        self.assertRegex(first["failure"], "not finite|nan|inf")
        (self.folder / "worse.yaml").write_text(space.replace("1e-2", "1e29"))
        out, err = self.search("worse.yaml", out="t", status=79)
        self.assertFalse((self.folder / "t/best.yaml").exists())
        # what would hit every trial ends the search at once, and counts for none
        (self.folder / "points.csv").rename(self.folder / "elsewhere.csv")
        _, err = self.search("plain.yaml", "--trials", "4", out="u", status=66)
        self.assertIn("points.csv", err)
        self.assertEqual([line["event"] for line in self.journal("u")], ["trial"])

    def test_ask_and_tell(self):
        first = json.loads(self.search("plain.yaml", "--ask", "2")[0])
        self.assertEqual([trial["number"] for trial in first], [0, 1])
        self.assertEqual(set(first[0]["parameters"]), {"optimizer.lr", "training.global_batch", "optimizer.type"})
        given = {"optimizer.lr": 0.02, "training.global_batch": 16, "optimizer.type": "adamw"}
        third = json.loads(self.search("plain.yaml", "--parameters", json.dumps(given))[0])
        self.assertEqual((third[0]["number"], third[0]["parameters"]), (2, given))
        # the program that asked trains trial 0 itself, and says what trial 1 has brought
        self.run_program(*first[0]["command"])
        value = self.summary("s/trials/0000")["validation"]["loss"]
        (self.folder / "values.json").write_text(json.dumps([{"number": 0, "value": value}, {"number": 1, "failed": "no memory"}]))
        self.assertIn("2 new results", self.search("plain.yaml", "--tell", "values.json")[1])
        self.assertIn("0 new results", self.search("plain.yaml", "--tell", "values.json")[1])
        self.search("plain.yaml", "--trials", "3")
        result = self.result()
        self.assertEqual([trial["state"] for trial in result["trials"]], ["finished", "failed", "finished"])
        self.assertEqual(result["trials"][0]["value"], value)
        self.assertFalse((self.folder / "s/trials/0001").exists(), "not trained, because it was told")

        def refuse(contains, *more):
            _, err = self.search("plain.yaml", *more, status=2)
            for text in contains:
                self.assertIn(text, err)

        for text, contains in (({**given, "optimizer.lr": 2}, ["optimizer.lr is 2", "1.0e-04 to 1.0"]), ({}, ["optimizer.lr is missing"]),
                               ({**given, "x": 1}, ["x is no parameter"]), ({**given, "optimizer.type": "sgd"}, ["adam or adamw"])):
            refuse(contains, "--parameters", json.dumps(text))
        refuse(["not a JSON object"], "--parameters", "{")
        for text, contains in (('{"number": 0, "value": 1}', ["another result"]), ('{"number": 9, "value": 1}', ["no trial 9"]),
                               ('{"number": 2}', ['{"number":2}']), ('[1]', ["not a JSON object"])):
            (self.folder / "values.json").write_text(text)
            refuse(contains, "--tell", "values.json")
        self.search("asha.yaml", "--ask", "1", out="t")
        self.assertIn("early_stop", self.search("asha.yaml", "--tell", "values.json", out="t", status=2)[1])

    def test_shipped_spaces_fit_their_configs(self):
        for space, config in (("own/search_redshifts.yaml", "own/redshifts.yaml"), ("galaxy/search_large_batch.yaml", "galaxy/large_batch_lars.yaml")):
            with self.subTest(space=space):
                path = SOURCE / "configs" / space
                out, _ = self.run_program("search", "--config", SOURCE / "configs" / config, "--space", path, "--out", path.stem, "--ask", "8")
                self.assertEqual(len(json.loads(out)), 8)
                head = path.read_text().splitlines()[:12]
                for word in ("Purpose", "Hardware", "Time", "Result"):
                    self.assertTrue(any(line.startswith(f"# {word}") for line in head), f"{path.name} does not say its {word}")

    def test_other_samplers(self):
        (self.folder / "grid.yaml").write_text(PLAIN.replace("sobol", "grid"))
        trials = json.loads(self.search("grid.yaml", "--ask", "18")[0])
        self.assertEqual(len({json.dumps(trial["parameters"]) for trial in trials}), 18)
        self.assertIn("the grid has 18 trials", self.search("grid.yaml", "--ask", "1", status=2)[1])
        self.assertIn("the grid has 18 trials", self.search("grid.yaml", "--trials", "19", status=2)[1])
        # a trial from outside takes no cell of the grid
        small = "sampler: grid\nparameters:\n  - {key: optimizer.lr, type: choice, values: [0.01, 0.02, 0.03]}\n"
        (self.folder / "small.yaml").write_text(small)
        first = json.loads(self.search("small.yaml", "--ask", "1", out="g")[0])
        self.search("small.yaml", "--parameters", '[{"optimizer.lr": "0.03"}, {"optimizer.lr": "0.01"}]', out="g")
        second = json.loads(self.search("small.yaml", "--ask", "1", out="g")[0])
        self.assertEqual([(t["number"], t["parameters"]["optimizer.lr"]) for t in first + second], [(0, "0.01"), (3, "0.02")])
        self.assertIn("3 trials, and 2 of them", self.search("small.yaml", "--ask", "2", out="g", status=2)[1])
        self.assertIn("3 trials, and 2 came from outside", self.search("small.yaml", "--trials", "6", out="g", status=2)[1])
        self.search("small.yaml", out="g")
        tried = [trial["parameters"]["optimizer.lr"] for trial in self.result("g")["trials"]]
        self.assertEqual(tried, ["0.01", "0.03", "0.01", "0.02", "0.03"])
        (self.folder / "random.yaml").write_text(PLAIN.replace("sobol", "random"))
        both = [json.loads(self.search("random.yaml", "--ask", "4", out=out)[0]) for out in ("a", "b")]
        self.assertEqual([t["parameters"] for t in both[0]], [t["parameters"] for t in both[1]])

    def test_nonsense_is_told_at_once_and_starts_nothing(self):
        def refuse(space, *more, contains, status=2):
            (self.folder / "space.yaml").write_text(space)
            _, err = self.search("space.yaml", "--trials", "2", *more, status=status, timeout=60)
            for text in contains:
                self.assertIn(text, err)
            self.assertNotIn("internal error", err)
            self.assertFalse((self.folder / "s").exists(), "nothing written")

        refuse(PARAMETERS.replace("optimizer.lr", "optimizer.learning_rate"), contains=["space.yaml:3", "Did you mean optimizer.lr"])
        refuse(PARAMETERS.replace("adamw", "adamm"), contains=["adamm", "adamw"])
        refuse(PARAMETERS.replace("low: 8", "low: -8"), contains=["space.yaml:4", "at least 1"])
        refuse("sampler: tpe\n" + PARAMETERS, contains=["space.yaml:1", "random, grid or sobol"])
        refuse(PARAMETERS, "--set", "optimizer.lrr=1", contains=["optimizer.lr"])
        (self.folder / "space.yaml").write_text(PARAMETERS)
        self.assertIn("--trials is required", self.search("space.yaml", status=2)[1])
        self.assertIn("no such", self.search("none.yaml", "--trials", "2", status=66)[1].lower())
        (self.folder / "s").mkdir()
        (self.folder / "s/mine.txt").write_text("mine")
        self.assertIn("holds no search", self.search("plain.yaml", "--trials", "2", status=2)[1])
        self.assertEqual(os.listdir(self.folder / "s"), ["mine.txt"])

    def test_a_metric_that_is_not_measured_is_told_with_those_that_are(self):
        (self.folder / "space.yaml").write_text("metric: validation.rmsee\n" + PARAMETERS)
        _, err = self.search("space.yaml", "--trials", "2", status=2)
        self.assertIn("validation.rmsee", err)
        self.assertIn("validation.loss", err)

    def test_another_search_in_the_same_folder_is_refused(self):
        self.search("plain.yaml", "--ask", "1")
        self.assertIn("optimizer.beta1", self.search("plain.yaml", "--ask", "1", "--set", "optimizer.beta1=0.8", status=78)[1])
        self.assertIn("early_stop", self.search("asha.yaml", "--ask", "1", status=78)[1])
        process = self.start(*self.words("plain.yaml", "--trials", "3"))
        self.wait_for_step("s/trials/0000", 1, process)
        _, err = self.search("plain.yaml", "--trials", "3", status=2)
        self.assertIn("in use by another program", err)
        self.assertIn("trial", self.search("plain.yaml", "--collect")[0])  # a look is possible
        process.kill()
        process.communicate(timeout=60)

    def test_the_workers_of_an_array_share_a_search(self):
        """The batch script, and its workers as Slurm starts them; a real Slurm has a test of its own."""
        script, _ = self.search("asha.yaml", "--trials", "6", "--parallel", "2", "--submit", "--dry-run", "--sbatch=--partition=gpu")
        for line in ("#SBATCH --array=1-2\n", "#SBATCH --partition=gpu\n", "#SBATCH --requeue\n", "--worker-of 2", "workers/$SLURM_ARRAY_TASK_ID\n"):
            self.assertIn(line, script.replace("'", ""))
        self.assertFalse((self.folder / "s").exists())
        tools = self.folder / "tools"
        tools.mkdir()
        for name, body in {"sbatch": "echo 17", "squeue": f"cat {self.folder}/queue", "scontrol": "exit 0",
                           "srun": 'while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"'}.items():
            (tools / name).write_text(f"#!/bin/bash\n{body}\n")
            (tools / name).chmod(0o755)
        path = f"{tools}:{os.environ['PATH']}"
        submit = ("--trials", "6", "--parallel", "2", "--submit")
        self.assertIn("2 workers are job 17", self.search("asha.yaml", *submit, env={"PATH": path})[1])
        (self.folder / "queue").write_text("17\n")
        self.assertIn("job 17 waits or runs", self.search("asha.yaml", *submit, env={"PATH": path})[1])

        def worker(number):
            env = environment(PATH=path, SLURM_JOB_ID="17", SLURM_ARRAY_JOB_ID="17", SLURM_ARRAY_TASK_ID=str(number), SLURM_JOB_NODELIST="n1")
            return subprocess.Popen(["bash", self.folder / "s/jobs/search.sh"], cwd=self.folder, env=env, text=True, stdout=subprocess.PIPE,
                                    stderr=subprocess.STDOUT)

        both = [worker(1), worker(2)]
        self.wait_for_step("s/trials/0001", 1, both[1], timeout=60)
        _, err = self.search("asha.yaml", "--trials", "6", status=2)
        self.assertIn("in use by another program", err)
        self.assertIn("job 17 waits or runs", self.search("asha.yaml", *submit, env={"PATH": path})[1])
        for process in both:
            text, _ = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, text)
        self.assert_once()
        self.assertEqual({line["number"] % 2 for line in self.journal() if line["event"] == "trial"}, {0, 1})
        self.search("asha.yaml", "--trials", "6", out="whole")
        self.assertEqual(self.what_counts(), self.what_counts("whole"))

    def test_optuna_drives_a_search(self):
        python = python_with_optuna()
        if python is None:
            self.skipTest("SKIPPED: Optuna is not installed (scripts/setup.sh --tests installs it)")
        words = [sys.executable, SOURCE / "scripts/optuna_search.py", "--program", PROGRAM, "--config", "config.yaml", "--trials", "6", "--parallel",
                 "2", "--sampler-options", '{"n_startup_trials": 2}']

        def drive(out, space="plain.yaml", timeout=300):
            return subprocess.run([*map(str, words), "--space", space, "--out", out], cwd=self.folder, env=environment(**python), text=True,
                                  capture_output=True, timeout=timeout)

        done = drive("whole")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("best: trial", done.stdout)
        result = self.result("whole")
        self.assertEqual([(trial["state"], trial["given"]) for trial in result["trials"]], [("finished", True)] * 6)
        for name in ("best.yaml", "search.svg", "trials.csv"):
            self.assertTrue((self.folder / "whole" / name).exists(), name)
        # killed on the way, it proposes the same
        process = subprocess.Popen([*map(str, words), "--space", "plain.yaml", "--out", "s"], cwd=self.folder, env=environment(**python),
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_for_file(self.folder / "s/trials/0002/config.yaml", process)
        process.kill()
        process.wait()
        end = time.monotonic() + 60
        while time.monotonic() < end:  # the search that the script had started ends its trials
            again = drive("s")
            if "in use" not in again.stderr:
                break
            time.sleep(0.2)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assertEqual(self.what_counts("s"), self.what_counts("whole"))

    def wait_for_file(self, path, process, timeout=120):
        end = time.monotonic() + timeout
        while not path.exists():
            self.assertIsNone(process.poll(), f"ended before {path}")
            self.assertLess(time.monotonic(), end, path)
            time.sleep(0.02)


if __name__ == "__main__":
    main()
