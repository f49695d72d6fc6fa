"""A training starts from weights of a file, and gives its own to others. Nothing of a file is ever executed."""
import hashlib
import json
import os
import pathlib
import pickle
import shutil
import subprocess
import zipfile

from harness import GALAXY, PROGRAM, SOURCE, Case, environment, main

FIXTURES = SOURCE / "tests" / "fixtures" / "weights"
SIZE = ("--set", "model.width_factor=0.015625", "--set", "model.middle_blocks=1", "--set", "model.head_units=8")  # of the fixtures
SHORT = ("--set", "training.stages=[]", "--set", "training.epochs=1", "--set", "data.train=32", "--set", "data.validation=16", "--set",
         "data.test=16")


class Executes:
    """What os.system gets when a pickle of it is loaded."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


class Weights(Case):
    def start_from(self, weights, run_dir, *arguments, **options):
        return self.train(GALAXY, run_dir, *SIZE, *SHORT, "--set", f"model.weights={weights}", *arguments, **options)[1]

    def refuse(self, weights, status, *texts, arguments=()):
        err = self.start_from(weights, "refused", *arguments, status=status)
        for text in texts:
            self.assertIn(text, err)
        self.assertNotIn("internal error", err)
        self.assertFalse((self.folder / "refused").exists())
        return err

    def test_published_weights_begin_a_training_and_only_the_head_is_new(self):
        keras = FIXTURES / "keras_notop.h5"
        err = self.start_from(keras, "r")
        self.assertIn(f"tensors from {keras} (Keras); the head is new", err)
        stored = json.loads((self.folder / "r" / "environment.json").read_text())["initial_weights"]
        self.assertEqual(stored["sha256"], hashlib.sha256(keras.read_bytes()).hexdigest())
        self.assertEqual(stored["path"], str(keras))
        err = self.start_from(FIXTURES / "timm.pt", "t", "--set", "model.implementation=timm")
        self.assertIn("(timm); the head is new", err)
        out, _ = self.run_program("check", "--config", GALAXY, *SIZE, *SHORT, "--set", f"model.weights={keras}")
        self.assertIn("weights: ", out)
        out, _ = self.run_program("check", "--config", GALAXY, *SIZE, *SHORT, "--set", f"model.weights={keras}", "--json")
        self.assertEqual(json.loads(out)["weights"]["sha256"], stored["sha256"])
        out, _ = self.run_program("info", "--config", GALAXY, *SIZE, "--set", f"model.weights={keras}", "--json")
        self.assertEqual(json.loads(out)["weights"], str(keras))

    def test_a_run_of_this_program_begins_another_on_any_number_of_ranks(self):
        self.train(GALAXY, "a", *SIZE, *SHORT)
        first = self.metrics("a")[0]["loss"]
        frozen = ("--set", "optimizer.lr=1e-30", "--set", "distributed.deterministic_shards=2")
        err = self.start_from("a", "b", *frozen)
        self.assertIn("weights    all ", err)
        self.assertIn("/model.safetensors (hpcai-train)", err)
        self.assertNotEqual(self.metrics("b")[0]["loss"], first)
        err = self.start_from("a/checkpoints/last", "c", *frozen, "--nproc", "2")
        self.assertEqual(err.count("weights    all "), 1)
        self.assertEqual([line["loss"] for line in self.metrics("b")], [line["loss"] for line in self.metrics("c")])
        err = self.start_from("a", "d", "--set", "model.head_units=16")
        self.assertIn("; the head is new", err)

    def test_a_resumed_run_needs_its_first_weights_no_more_but_notices_others(self):
        file = self.folder / "w.h5"
        shutil.copy(FIXTURES / "keras_notop.h5", file)
        self.start_from("w.h5", "whole", "--set", "training.epochs=30")
        longer = ("--set", "training.epochs=30", "--set", "checkpoint.every_steps=1")
        arguments = ("--config", GALAXY, *SIZE, *SHORT, *longer, "--set", "model.weights=w.h5")
        status, _ = self.interrupt("r", 1, *arguments, "--run-dir", "r")
        self.assertEqual(status, 75)
        file.write_bytes(file.read_bytes() + b"x")
        _, err = self.run_program(*arguments, "--run-dir", "r", "--resume", "require", status=78)
        self.assertIn("began with other weights: w.h5", err)
        file.unlink()
        self.run_program(*arguments, "--run-dir", "r", "--resume", "require")
        self.assertEqual(self.summary("r")["weights_sha256"], self.summary("whole")["weights_sha256"])
        state = json.loads((self.folder / "r" / "checkpoints" / "last" / "state.json").read_text())
        self.assertIn("sha256", state["card"]["weights"])

    def test_weights_that_do_not_fit_are_refused_before_anything_is_written(self):
        keras = FIXTURES / "keras_notop.h5"
        self.refuse("missing.pt", 66, "missing.pt")
        self.refuse(keras, 65, "tensors missing: block6_sepconv3", arguments=("--set", "model.middle_blocks=3"))
        self.refuse(keras, 65, "of another shape: ", " instead of ", arguments=("--set", "model.width_factor=0.0625"))
        self.refuse(FIXTURES / "timm.pt", 2, "timm's Xception", "Set model.implementation to timm")
        self.refuse(keras, 2, "keras's Xception", arguments=("--set", "model.implementation=timm"))
        self.refuse(FIXTURES / "tensors.pt", 65, "not those of this network", "surplus")
        self.refuse(FIXTURES / "two_dicts.pt", 65, "state_dict_ema")
        self.refuse(FIXTURES / "expected.json", 65, "none of these formats")
        self.refuse(FIXTURES, 66, "there is no checkpoint")

    def test_no_output_replaces_the_weights(self):
        shutil.copy(FIXTURES / "keras_notop.h5", self.folder / "w.h5")
        before = (self.folder / "w.h5").read_bytes()
        self.start_from("w.h5", "r")
        _, err = self.run_program("predict", "--run-dir", "r", "--out", "w.h5", status=2)
        self.assertIn("w.h5", err)
        self.run_program("export", "--run-dir", "r", "--out", "w.h5", status=2)
        self.assertEqual((self.folder / "w.h5").read_bytes(), before)

    def test_exported_weights_come_back(self):
        self.train(GALAXY, "a", *SIZE, *SHORT, "--set", "model.implementation=timm")
        _, err = self.run_program("export", "--run-dir", "a", "--out", "x.safetensors")
        self.assertIn("with the names of timm in x.safetensors", err)
        raw = (self.folder / "x.safetensors").read_bytes()
        header = json.loads(raw[8:8 + int.from_bytes(raw[:8], "little")])
        about = header.pop("__metadata__")
        self.assertEqual((about["names"], about["model"], about["implementation"]), ("timm", "xception", "timm"))
        self.assertEqual(json.loads(about["classes"]), ["elliptical", "spiral"])
        self.assertIn("block1.rep.0.conv1.weight", header)
        self.assertIn("predictions.weight", header)
        err = self.start_from("x.safetensors", "b", "--set", "model.implementation=timm")
        self.assertIn("weights    all ", err)
        self.run_program("export", "--run-dir", "a", "--out", "own.safetensors", "--names", "own")
        self.assertIn("weights    all ", self.start_from("own.safetensors", "c", "--set", "model.implementation=timm"))
        self.run_program("export", "--run-dir", "a", "--out", "y.safetensors", "--names", "torchvision", status=2)
        self.assertFalse((self.folder / "y.safetensors").exists())


class Hostile(Case):
    """A pickle that would run a command when loaded."""

    def setUp(self):
        super().setUp()
        self.mark = self.folder / "executed"
        code = pickle.dumps({"w": Executes(f"touch {self.mark}")}, protocol=2)
        with zipfile.ZipFile(self.folder / "evil.pt", "w") as archive:
            for name, content in {"evil/data.pkl": code, "evil/byteorder": b"little", "evil/version": b"3\n"}.items():
                archive.writestr(name, content)
        magic = pickle.dumps(0x1950A86A20F9469CFC6C, protocol=2)
        (self.folder / "old.pt").write_bytes(magic + pickle.dumps(1001, protocol=2) + pickle.dumps({}, protocol=2) + code)
        pickle.loads(code)  # the trap works
        self.assertTrue(self.mark.exists())
        self.mark.unlink()

    def arguments(self, file):
        return ["check", "--config", str(GALAXY), *SIZE, *SHORT, "--set", f"model.weights={file}"]

    def test_it_is_refused_with_what_it_wanted(self):
        for file in ("evil.pt", "old.pt"):
            _, err = self.run_program(*self.arguments(file), status=65)
            self.assertIn("asks for posix.system, which is no part of a state dict", err)
            self.assertIn("Nothing of the file was executed", err)
            self.assertFalse(self.mark.exists())

    def test_the_system_sees_no_other_program_started(self):
        strace = shutil.which("strace")
        if not strace:
            self.skipTest("SKIPPED: strace is not installed")
        if subprocess.run([strace, "-o", "/dev/null", "true"], capture_output=True).returncode != 0:
            self.skipTest("SKIPPED: strace may not trace here")
        for file in ("evil.pt", "old.pt"):
            done = subprocess.run([strace, "-f", "-o", "trace", "-e", "trace=execve,execveat,connect", PROGRAM, *self.arguments(file)],
                                  cwd=self.folder, env=environment(), capture_output=True, text=True, timeout=300)
            self.assertEqual(done.returncode, 65, done.stderr)
            started = [line for line in (self.folder / "trace").read_text().splitlines() if "exec" in line and "= 0" in line]
            # the program itself, whose start becomes the whole program
            whole = pathlib.Path(PROGRAM).resolve().parents[1] / "libexec/hpcai-train"
            self.assertEqual([line.split('"')[1] for line in started], [str(PROGRAM), str(whole)])
            self.assertEqual(len({line.split()[0] for line in started}), 1, "one process")
            self.assertFalse(self.mark.exists())


if __name__ == "__main__":
    main()
