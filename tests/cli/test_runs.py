"""runs, status, explain, completion and man: what people ask of runs and settings."""
import json
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time

import harness
from harness import Case, PROGRAM, WAVEFORM


def shell(program, script, folder):
    return subprocess.run([program, "-c", script], cwd=folder, env=harness.environment(), text=True, capture_output=True, check=True).stdout


class Terminal:
    """An interactive zsh."""

    def __init__(self, folder):
        self.process, self.descriptor = pty.fork()
        if self.process == 0:
            os.chdir(folder)
            os.environ["TERM"] = "vt100"
            os.execvp("zsh", ["zsh", "-f", "-i"])
        self.shown = ""

    def type(self, text):
        self.shown = ""
        os.write(self.descriptor, text.encode())

    def wait_for(self, text, after=""):
        """Waits until the terminal shows a text, behind another one."""
        end = time.monotonic() + 60

        def behind():
            shown = re.sub("[\x00-\x1f]", "", self.shown)
            return shown.partition(after)[2] if after else shown

        while text not in behind():
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} behind {after!r} in {self.shown!r}")
            if select.select([self.descriptor], [], [], 0.1)[0]:
                self.shown += os.read(self.descriptor, 65536).decode(errors="replace")

    def close(self):
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)
        os.close(self.descriptor)


class Trained(Case):
    """Two tiny trainings, made once."""

    @classmethod
    def setUpClass(cls):
        cls.made = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-runs-"))
        cls.addClassCleanup(shutil.rmtree, cls.made, ignore_errors=True)
        for name, rate in (("a", "1e-3"), ("b", "2e-3")):
            subprocess.run([PROGRAM, "--config", str(WAVEFORM), "--run-dir", f"runs/{name}", "--set", f"optimizer.lr={rate}"], cwd=cls.made,
                           env=harness.environment(), check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        shutil.copytree(self.made / "runs", self.folder / "runs", symlinks=True)

    def json(self, *arguments, **options):
        return json.loads(self.run_program(*arguments, "--json", **options)[0])


class Runs(Trained):
    def test_a_list_shows_runs_of_every_condition(self):
        shutil.copytree(self.folder / "runs" / "a", self.folder / "runs" / "deep" / "killed")
        killed = self.folder / "runs" / "deep" / "killed"
        (killed / "summary.json").unlink()
        status = json.loads((killed / "status.json").read_text())
        (killed / "status.json").write_text(json.dumps({**status, "status": "running", "process": 2 ** 30}))
        shutil.copytree(self.folder / "runs" / "a", self.folder / "runs" / "torn")
        (self.folder / "runs" / "torn" / "summary.json").write_text('{"status": "fin')
        (self.folder / "runs" / "torn" / "config.yaml").unlink()
        out, err = self.run_program("runs", "list")
        lines = {line.split()[0]: line for line in out.splitlines()[1:]}
        self.assertEqual(sorted(lines), ["runs/a", "runs/b", "runs/deep/killed", "runs/torn"])
        self.assertIn("finished", lines["runs/a"])
        self.assertIn("killed", lines["runs/deep/killed"])
        self.assertIn("runs/torn: summary.json is no JSON object", err)
        self.assertIn("runs/torn: config.yaml is missing", err)
        listed = self.json("runs", "list")
        self.assertEqual(len(listed), 4)
        self.assertEqual(listed[0]["settings"]["optimizer.lr"], 0.001)
        self.run_program("runs", "list", "nowhere", status=66)
        self.assertIn("See hpcai-train runs --help", self.run_program("runs", status=2)[1])
        self.assertIn("See hpcai-train runs show --help", self.run_program("runs", "show", status=2)[1])

    def test_conditions_columns_and_order(self):
        loss = {name: self.summary(f"runs/{name}")["validation"]["loss"] for name in "ab"}
        self.assertEqual([run["run"] for run in self.json("runs", "list", "--where", "optimizer.lr>0.001")], ["runs/b"])
        self.assertEqual([run["run"] for run in self.json("runs", "list", "--where", f"validation.loss<={loss['a']}", "--where",
                                                          "optimizer.lr<0.0015")], ["runs/a"])
        best = sorted("ab", key=loss.get)
        self.assertEqual([run["run"] for run in self.json("runs", "list", "--sort", "validation.loss")], [f"runs/{name}" for name in best])
        self.assertEqual([run["run"] for run in self.json("runs", "list", "--sort", "-validation.loss")],
                         [f"runs/{name}" for name in reversed(best)])
        out, _ = self.run_program("runs", "list", "--columns", "optimizer.lr,status")
        self.assertEqual([line.split() for line in out.splitlines()], [["run", "optimizer.lr", "status"], ["runs/a", "0.001", "finished"],
                                                                      ["runs/b", "0.002", "finished"]])
        for option, text, key in (("--where", "optimizer.learning_rate<0.1", "optimizer.lr"), ("--where", "validation.los<1", "validation.loss"),
                                  ("--sort", "optimiser.lr", "optimizer.lr"), ("--columns", "training.globalBatch", "training.global_batch")):
            _, err = self.run_program("runs", "list", option, text, status=2)
            self.assertIn(key, err)
        self.run_program("runs", "list", "--where", "optimizer.lr", status=2)

    def test_show_and_diff_and_compare(self):
        out, _ = self.run_program("runs", "show", "runs/a")
        for text in ("finished", "validation", "checkpoints", "optimizer.lr", self.summary("runs/a")["weights_sha256"][:12]):
            self.assertIn(text, out)
        self.assertEqual(self.json("runs", "show", "runs/a")["summary"], self.summary("runs/a"))
        out, _ = self.run_program("runs", "diff", "runs/a", "runs/b")
        places = [out.index("\n" + part) for part in ("settings", "data", "code", "machines", "results")]
        self.assertEqual(places, sorted(places))
        self.assertRegex(out, r"optimizer.lr +0.001 +0.002 +\+100 %")
        self.assertRegex(out, r"code +all \d+ equal")
        parts = {part["part"]: part for part in self.json("runs", "diff", "runs/a", "runs/b")}
        self.assertEqual([row["key"] for row in parts["settings"]["differences"]], ["optimizer.lr"])
        self.assertEqual(parts["data"]["differences"], [])
        self.assertGreater(parts["data"]["equal"], 0)
        self.assertIn("weights_sha256", [row["key"] for row in parts["results"]["differences"]])
        report = self.json("runs", "compare", "runs/a", "runs/b", "--metric", "validation.loss")
        best = min("ab", key=lambda name: self.summary(f"runs/{name}")["validation"]["loss"])
        self.assertEqual(report["best"], f"runs/{best}")
        self.assertEqual(report["runs"][1]["values"]["optimizer.lr"], 0.002)
        self.assertIn(f"best by validation.loss: runs/{best}", self.run_program("runs", "compare", "runs/a", "runs/b", "--metric",
                                                                              "validation.loss")[0])
        self.run_program("runs", "compare", "runs/a", status=2)
        self.run_program("runs", "show", "nothing", status=66)
        (self.folder / "empty").mkdir()
        self.run_program("runs", "diff", "runs/a", "empty", status=66)

    def test_a_rerun_gives_the_same_bits_or_says_why_not(self):
        out, err = self.run_program("runs", "rerun", "runs/a", "--run-dir", "again")
        self.assertIn("the same bits: weights_sha256 " + self.summary("runs/a")["weights_sha256"], out)
        self.assertNotIn("may differ", err)
        self.assertEqual(self.summary("again")["weights_sha256"], self.summary("runs/a")["weights_sha256"])
        environment = self.folder / "runs" / "b" / "environment.json"
        other = {**json.loads(environment.read_text()), "cpu": "Cray-1", "executable_sha256": "0", "commit": "abc"}
        environment.write_text(json.dumps(other))
        _, err = self.run_program("runs", "rerun", "runs/b", "--check")
        self.assertIn("processor: Cray-1 then", err)
        self.assertIn("commit: abc then", err)
        self.assertFalse((self.folder / "runs" / "b-rerun").exists())
        other["data"]["train"]["samples"] += 1
        environment.write_text(json.dumps(other))
        _, err = self.run_program("runs", "rerun", "runs/b", status=65)
        self.assertIn("training data", err)
        self.assertFalse((self.folder / "runs" / "b-rerun").exists())

    def test_a_rerun_is_named_after_its_run(self):
        """By whatever path: from within, with a slash, through a link, with spaces and Latin-1 bytes."""
        runs = self.folder / "runs"
        (runs / "a").rename(runs / "my run")
        shutil.copytree(runs / "b", runs / os.fsdecode(b"r\xe9"))
        (self.folder / "latest").symlink_to(runs / "my run")

        def place_of(run, folder=self.folder):
            err = subprocess.run([os.path.abspath(PROGRAM), "runs", "rerun", run, "--check"], cwd=folder, env=harness.environment(),
                                 capture_output=True, check=True).stderr
            return re.search(rb"repeats    .* in (.*)\n", err)[1].decode()

        inside = str(runs.resolve() / "my run-rerun")
        self.assertEqual(place_of("runs/my run/"), "runs/my run-rerun")
        self.assertEqual(place_of("runs/b"), "runs/b-rerun")
        self.assertEqual(place_of(runs / "b"), f"{runs}/b-rerun")
        self.assertEqual(place_of(".", runs / "my run"), inside)
        self.assertEqual(place_of("./", runs / "my run"), inside)
        self.assertEqual(place_of("..", runs / "my run" / "checkpoints"), inside)
        self.assertEqual(place_of("latest"), "latest-rerun")
        self.assertEqual(place_of(".", self.folder / "latest"), inside)
        self.assertIn("-rerun", place_of(b"runs/r\xe9"))

    def test_a_rerun_starts_as_many_ranks(self):
        self.train(WAVEFORM, "two", "--nproc", 2)
        out, _ = self.run_program("runs", "rerun", "two")
        self.assertIn("the same bits", out)
        self.assertEqual(self.summary("two-rerun")["world_size"], 2)

    def test_verify_names_what_has_changed(self):
        checks = {check["what"]: check["outcome"] for check in self.json("runs", "verify", "runs/a")}
        for what in ("config.yaml", "metrics.jsonl", "summary.json", "settings", "data", "weights"):
            self.assertEqual(checks[what], "same", what)
        checkpoints = sorted((self.folder / "runs" / "a" / "checkpoints").glob("step-*"))
        self.assertEqual(checks[f"checkpoints/{checkpoints[-1].name}"], "same")
        model = checkpoints[-1] / "model.safetensors"
        content = bytearray(model.read_bytes())
        content[-1] ^= 1
        model.write_bytes(content)
        out, err = self.run_program("runs", "verify", "runs/a", status=65)
        self.assertIn(f"CHANGED  checkpoints/{checkpoints[-1].name}", out)
        self.assertIn("model.safetensors", out)
        metrics = self.folder / "runs" / "b" / "metrics.jsonl"
        metrics.write_text(metrics.read_text().replace("loss", "lost", 1))
        out, err = self.run_program("runs", "verify", "runs/b", "--no-data", status=65)
        self.assertIn("CHANGED  metrics.jsonl", out)
        self.assertIn("metrics.jsonl is not as the run left it", err)

    def test_verify_knows_what_later_commands_have_written(self):
        run = self.folder / "runs" / "a"
        self.run_program("report", "runs/a")
        self.run_program("predict", "--run-dir", "../a", "--split", "validation", "--out", "predictions.csv", cwd=run)
        known = json.loads((run / "hashes.json").read_text())
        for name in ("report.html", "predictions.csv"):
            self.assertIn(name, known)
        self.assert_verified("runs/a", "report.html", "predictions.csv")
        (run / "report.html").write_text("another")
        self.run_program("runs", "verify", "runs/a", status=65)
        self.run_program("report", "runs/a")
        self.run_program("runs", "verify", "runs/a")
        self.run_program("evaluate", "--run-dir", "runs/a", "--report", "runs/a/quality")
        written = sorted(path.name for path in (run / "quality").iterdir())
        self.assertEqual(len(written), 5)
        self.assert_verified("runs/a", *[f"quality/{name}" for name in written])

    def test_other_data_are_noticed(self):
        config = self.folder / "runs" / "a" / "config.yaml"
        environment = self.folder / "runs" / "a" / "environment.json"
        content = json.loads(environment.read_text())
        content["data"]["validation"]["targets"] = "0" * 64
        environment.write_text(json.dumps(content))
        out, _ = self.run_program("runs", "verify", "runs/a", status=65)
        self.assertIn("CHANGED  data: validation data", out)
        self.assertIn("CHANGED  environment.json", out)
        self.assertIn("same     config.yaml", out)
        self.assertTrue(config.exists())


class Status(Trained):
    def test_a_finished_run(self):
        out, _ = self.run_program("status", "runs/a")
        self.assertIn("finished", out)
        epochs = max(int(n) for n in re.findall(r"epoch (\d+)", (self.folder / "runs/a/log.txt").read_text()))
        self.assertRegex(out, rf"epoch +{epochs}\n")
        report = self.json("status", "runs/a")
        self.assertEqual(report["step"], report["total_steps"])
        self.assertEqual(report["last_checkpoint"], report["step"])
        self.assertIn("count", report["warnings"])
        self.assertIn("left_s", report)

    def test_a_run_that_was_killed(self):
        arguments = ("--config", WAVEFORM, "--run-dir", "k", "--set", "training.epochs=400")
        self.interrupt("k", 1, *arguments, by=lambda process: process.send_signal(signal.SIGKILL))
        out, _ = self.run_program("status", "k")
        self.assertRegex(out, r"status +killed: process \d+ on .* is gone")
        self.assertEqual(self.json("runs", "list", "k")[0]["status"], "killed")

    def test_follow_ends_with_the_run(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "f")
        self.wait_for_step("f", 1, process)
        out, _ = self.run_program("status", "f", "--follow")
        process.communicate()
        self.assertEqual(process.returncode, 0)
        self.assertIn("finished", out)


class Explain(Trained):
    def test_the_meaning_of_a_setting(self):
        out, _ = self.run_program("explain", "distributed.timeout_s")
        self.assertRegex(out, r"type +a number")
        self.assertRegex(out, r"unit +s")
        self.assertRegex(out, r"default +60")
        self.assertIn("nothing of the trained network", out)
        self.assertIn("the trained network", self.run_program("explain", "training.seed")[0])
        _, err = self.run_program("explain", "training.globalBatch", status=2)
        self.assertIn("training.global_batch", err)
        self.assertIn("keys optimizer", self.run_program("explain", "optimizer")[0])

    def test_where_a_value_comes_from(self):
        lines = pathlib.Path(WAVEFORM).read_text().splitlines()
        line = next(i for i, text in enumerate(lines, 1) if "global_batch:" in text)
        self.assertIn(f"from {WAVEFORM}:{line}", self.run_program("explain", "training.global_batch", "--config", WAVEFORM)[0])
        self.assertIn("from --set training.global_batch",
                      self.run_program("explain", "training.global_batch", "--config", WAVEFORM, "--set", "training.global_batch=8")[0])
        of_run = self.json("explain", "training.global_batch", "--run-dir", "runs/a")
        self.assertEqual(of_run["values"][0]["from"], f"{WAVEFORM}:{line}")
        self.assertIn("on each of 1 rank", of_run["derived"])
        self.assertEqual(self.json("explain", "optimizer.lr", "--run-dir", "runs/b")["values"][0]["from"], "--set optimizer.lr")
        self.assertIn("the default", self.run_program("explain", "distributed.timeout_s", "--run-dir", "runs/a")[0])
        self.assertEqual(self.json("explain", "training.threads", "--run-dir", "runs/a")["derived"], "1 thread (OMP_NUM_THREADS)")
        self.run_program("explain", "optimizer.lr", "--set", "optimizer.lr=1", status=2)


class Shells(Case):
    def complete(self, line):
        """What bash offers at the end of a line."""
        script = ('source <("$HPCAI_TRAIN" completion bash)\nCOMP_LINE="$1" COMP_POINT=${#1}\n_hpcai_train\nprintf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(["bash", "-c", script, "bash", line], cwd=self.folder, env=harness.environment(HPCAI_TRAIN=os.path.abspath(PROGRAM)),
                              text=True, capture_output=True)
        self.assertEqual(done.stderr, "")
        return [word for word in done.stdout.splitlines() if word]

    def test_bash_completes_commands_options_keys_and_values(self):
        (self.folder / "my.yaml").write_text("")
        (self.folder / "runs").mkdir()
        self.assertIn("evaluate", self.complete("hpcai-train eva"))
        self.assertIn("verify", self.complete("hpcai-train runs "))
        self.assertEqual(self.complete("hpcai-train runs ver"), ["verify"])
        self.assertIn("--where", self.complete("hpcai-train runs list --w"))
        self.assertIn("--run-dir", self.complete("hpcai-train --run"))
        self.assertEqual(sorted(self.complete("hpcai-train --resume ")), ["auto", "never", "require"])
        self.assertEqual(self.complete("hpcai-train --resume=a"), ["auto"])
        self.assertEqual(self.complete("hpcai-train --config m"), ["my.yaml"])
        self.assertEqual(self.complete("hpcai-train status r"), ["runs"])
        self.assertIn("optimizer.lr=", self.complete("hpcai-train --config my.yaml --set optimizer.l"))
        self.assertIn("lars", self.complete("hpcai-train --config my.yaml --set optimizer.type="))
        self.assertEqual(self.complete("hpcai-train --set optimizer.type=lar"), ["lars"])
        self.assertEqual(self.complete("hpcai-train --set=optimizer.type=lar"), ["lars"])
        self.assertEqual(sorted(self.complete("hpcai-train --set training.deterministic=")), ["false", "true"])
        self.assertIn("optimizer.type", self.complete("hpcai-train explain optimizer.ty"))
        self.assertIn("training.stages[0].epochs=", self.complete("hpcai-train --set training.stages[0].ep"))
        self.assertIn("training.stages[0].epochs", self.complete("hpcai-train explain training.stages"))
        self.assertEqual(self.complete("hpcai-train --set sources[12].data.type=simulated_w"), ["simulated_waveforms"])
        self.assertEqual(sorted(self.complete("hpcai-train completion ")), ["bash", "fish", "zsh"])
        self.assertEqual(sorted(self.complete("hpcai-train predict --split ")), ["test", "train", "validation"])

    def test_every_command_and_option_is_in_the_scripts(self):
        out, _ = self.run_program("--help")
        table = out.split("Subcommands:\n")[1].split("\n\n")[0]
        commands = [line.split()[0] for line in table.splitlines() if line.startswith("  ") and line[2] != " "]
        self.assertGreater(len(commands), 15)
        for name in ("bash", "zsh", "fish"):
            script, _ = self.run_program("completion", name)
            for command in commands:
                self.assertIn(command, script)
            self.assertIn("optimizer.lr", script)
            for hidden in ("fixed-answers", "worker-of"):
                self.assertNotIn(hidden, script)
        self.run_program("completion", "tcsh", status=2)

    def test_the_scripts_are_correct_for_their_shells(self):
        for name in ("bash", "zsh", "fish"):
            if not shutil.which(name):
                continue
            script, _ = self.run_program("completion", name)
            (self.folder / name).write_text(script)
            checked = subprocess.run([name, "-n", name], cwd=self.folder, text=True, capture_output=True)
            self.assertEqual((checked.returncode, checked.stderr), (0, ""), name)

    def test_fish_completes(self):
        if not shutil.which("fish"):
            self.skipTest("SKIPPED: fish is not installed")
        script, _ = self.run_program("completion", "fish")
        (self.folder / "hpcai.fish").write_text(script)

        def complete(line):
            return shell("fish", f"source hpcai.fish; complete -C '{line}'", self.folder)

        self.assertIn("evaluate", complete("hpcai-train eva"))
        self.assertIn("optimizer.type=lars", complete("hpcai-train --set optimizer.type=la"))
        self.assertIn("sources[1].data.type=simulated_waveforms", complete("hpcai-train --set sources[1].data.type=simulated_w"))
        self.assertIn("--where", complete("hpcai-train runs list --wh"))

    def test_zsh_completes(self):
        if not shutil.which("zsh"):
            self.skipTest("SKIPPED: zsh is not installed")
        (self.folder / "_hpcai-train").write_text(self.run_program("completion", "zsh")[0])
        terminal = Terminal(self.folder)
        self.addCleanup(terminal.close)
        terminal.type("autoload -U compinit; compinit -u -D; source _hpcai-train; echo READ''Y\n")
        terminal.wait_for("READY")
        for typed, completed in (("hpcai-train evalu", "ate"), ("hpcai-train --set optimizer.type=lar", "s"), ("hpcai-train runs ver", "ify"),
                                 ("hpcai-train --resume=a", "uto")):
            terminal.type(typed + "\t")
            terminal.wait_for(completed, after=typed)
            terminal.type("\x15")  # clears the line

    def test_the_manual_page_has_every_command_and_no_fault(self):
        page, _ = self.run_program("man")
        self.assertTrue(page.startswith(".TH HPCAI"))
        for text in ("runs verify", "optimizer.lr", "\\-\\-resume", "exit status"):
            self.assertIn(text, page)
        self.assertNotIn("fixed\\-answers", page)
        if shutil.which("groff"):
            done = subprocess.run(["groff", "-man", "-ww", "-Tutf8", "-Wmac"], input=page, text=True, capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("hpcai-train runs verify", done.stdout.replace("\x1b", ""))


if __name__ == "__main__":
    harness.main()
