"""Bad input: one clear message, the right exit status, nothing half-written."""
import glob
import json
import os
import pathlib
import resource
import shutil
import socket
import subprocess
import time

from harness import GALAXY, PROGRAM, SOURCE, WAVEFORM, Case, environment, main


class Refusals(Case):
    def refuse(self, *arguments, status, contains=()):
        _, err = self.run_program(*arguments, status=status, timeout=60)
        for text in contains:
            self.assertIn(text, err)
        self.assertNotIn("internal error", err)
        self.assertNotIn("terminate called", err)
        lines = [line for line in err.splitlines() if line.strip()]
        self.assertEqual(len(lines), len(set(lines)), f"each message once:\n{err}")
        self.assertFalse((self.folder / "run").exists(), "no half-written folder")
        self.assertFalse((self.folder / "runs").exists(), "no half-written folder")
        return err



class ConfigErrors(Refusals):
    def config(self, old, new, base=WAVEFORM):
        text = base.read_text()
        self.assertIn(old, text)
        path = self.folder / "config.yaml"
        path.write_text(text.replace(old, new))
        return path

    def test_no_experiment(self):
        self.refuse(status=2, contains=["--config"])

    def test_unknown_option_and_command(self):
        self.refuse("--confg", "x.yaml", status=2)
        self.refuse("trian", status=2)

    def test_missing_config(self):
        self.refuse("--config", "none.yaml", status=66, contains=["none.yaml"])

    def test_a_typo_names_the_line_and_the_right_key(self):
        path = self.config("keep_steps: 64", "kept_steps: 64")
        self.refuse("--config", path, status=2, contains=["config.yaml:17", "kept_steps", "keep_steps"])

    def test_all_problems_are_told_at_once(self):
        path = self.config("global_batch: 8", "global_batch: eight, sed: 1, epochs: -1")
        self.refuse("--config", path, status=2, contains=["global_batch", "sed", "epochs"])

    def test_a_wrong_override(self):
        self.refuse("--config", WAVEFORM, "--set", "optimizer.learning_rate=1", status=2, contains=["optimizer.lr"])
        self.refuse("--config", WAVEFORM, "--set", "optimizer.lr", status=2)

    def test_control_characters_and_line_ends_of_names_never_reach_the_terminal(self):
        forged = "x\x1b[31m\nerror: forged"
        yaml = self.folder / "names.yaml"
        yaml.write_text(WAVEFORM.read_text() + '\n"x\\e[31m\\nerror: forged": 1\nname: "x\\e[31m\\nerror: forged"\n')
        for status, *arguments in ((66, "--config", forged), (2, forged), (2, "--config", WAVEFORM, "--set", f"optimizer.{forged}=1"),
                                   (2, "--config", WAVEFORM, "--set", 'name="x\\e[31m\\nerror: forged"'), (2, "--config", yaml),
                                   (2, "keys", forged), (66, "evaluate", "--run-dir", forged)):
            err = self.refuse(*arguments, status=status)
            self.assertIn("forged", err, arguments)
            self.assertNotIn("\x1b", err, arguments)
            self.assertFalse([line for line in err.splitlines() if line.startswith("error: forged")], err)

    def test_a_key_that_was_renamed_is_read_under_its_former_name(self):
        path = self.config("width_factor: 0.0625", "width: 0.0625", GALAXY)
        for arguments in (["--config", path], ["--config", GALAXY, "--set", "model.width=0.0625"]):
            self.run_program("check", "--quick", *arguments)
        both = self.config("width_factor: 0.0625", "width: 0.0625, width_factor: 0.5", GALAXY)
        self.refuse("--config", both, status=2, contains=["config.yaml:10: model.width is now called model.width_factor. Both are given: remove model.width."])
        misspelt = self.config("width_factor: 0.0625", "widht: 0.0625", GALAXY)
        self.refuse("--config", misspelt, status=2, contains=["model.widht is not a setting. Did you mean model.width_factor"])

    def test_the_same_with_ranks_is_told_once(self):
        path = self.config("type: adam", "type: adamm")
        self.refuse("--config", path, "--nproc", "3", status=2, contains=["adam"])

    def test_network_that_does_not_fit_the_data(self):
        self.refuse("--config", WAVEFORM, "--set", "model.keep_steps=100000", "--run-dir", "run", status=2, contains=["keep_steps"])

    def test_batch_larger_than_the_data(self):
        self.refuse("--config", GALAXY, "--set", "training.global_batch=1000", "--run-dir", "run", status=2, contains=["1000"])

    def test_batches_too_small_for_batch_norm(self):
        _, err = self.run_program("--config", GALAXY, "--set", "training.global_batch=1", "--set", "model.entry_stride=2", "--set",
                                  "model.batch_norm=local", "--run-dir", "run", status=2)
        self.assertIn("batch norm", err)

    def test_absurd_sizes(self):
        for key, value in (("model.dense_units", 2000000000), ("model.residual_channels", 100000), ("data.train.count", 99999999999)):
            self.refuse("--config", WAVEFORM, "--set", f"{key}={value}", "--run-dir", "run", status=2, contains=[key])
        self.refuse("--config", WAVEFORM, "--set", "data.t_step=1e-9", "--run-dir", "run", status=2)

    def test_what_does_not_fit_is_told_before_the_data_are_made(self):
        many = ["--set", "data.train.count=200000", "--run-dir", "run"]
        for change in ("loss={type: cross_entropy}", "model={type: xception}", "evaluation.stop_at_target=true",
                       "evaluation.symmetric_views=true", "evaluation.target_metric=accuracy",
                       'data.validation={mass_ratio: "", spin1: "", spin2: ""}'):  # the plateau schedule needs it
            start = time.monotonic()
            self.refuse("--config", WAVEFORM, "--set", change, *many, status=2)
            self.assertLess(time.monotonic() - start, 30, "200,000 waveforms take minutes")

    def test_problems_of_settings_are_told_at_once_and_alike_by_all_commands(self):
        wrong = ("--config", WAVEFORM, "--set", "evaluation.stop_at_target=true", "--set", "evaluation.symmetric_views=true", "--set",
                 "training.accumulation=3")
        told = ["evaluation.stop_at_target needs a target", "evaluation.symmetric_views averages class probabilities",
                "cannot be shared by 1 rank with training.accumulation 3"]
        for command in (["check"], ["bench"], ["--run-dir", "run"], ["plan", "--ranks-per-node", "1"]):
            self.refuse(*command, *wrong, status=2, contains=told)
        self.assertFalse((self.folder / "run").exists())
        study = ("--set", "evaluation.target_metric=loss", "--world", "1", "--out", "study")
        self.refuse("scaling", *wrong, *study, status=2, contains=told[1:])

    def test_check_warns_of_what_is_hardly_meant(self):
        out, _ = self.run_program("check", "--config", GALAXY, "--json", "--set", "training.global_batch=64")
        self.assertIn("32 of 96 training samples are dropped in every epoch, because they do not fill a global batch of 64",
                      json.loads(out)["warnings"])
        _, err = self.run_program("--config", GALAXY, "--set", "training.global_batch=64", "--set", "training.max_steps=1", "--run-dir", "run")
        self.assertIn("32 of 96 training samples are dropped", err)

    def test_loss_that_does_not_fit_the_data(self):
        path = self.config("{type: waveform_mse}", "{type: cross_entropy}")
        self.refuse("--config", path, "--run-dir", "run", status=2)

    def test_target_that_is_not_measured(self):
        for metric in ("accuracy", "overlap_median"):
            config = WAVEFORM if metric == "accuracy" else GALAXY
            self.refuse("--config", config, "--set", f"evaluation.target_metric={metric}", "--run-dir", "run", status=2, contains=[metric])
        self.refuse("--config", WAVEFORM, "--set", "evaluation.stop_at_target=true", "--run-dir", "run", status=2,
                    contains=["evaluation.target_metric"])

    def test_garbage_files(self):
        for content in (b"", b"\x00\xff\xfe", b"- a\n- b\n", b"a: &x [*x]\n", b"\x89PNG\r\n", b"a: {b: [}\n"):
            (self.folder / "bad.yaml").write_bytes(content)
            self.refuse("--config", "bad.yaml", status=2, contains=["bad.yaml"])

    def test_a_warm_up_given_twice_is_refused_before_a_folder_is_made(self):
        twice = ("--set", "schedule.warmup_steps=3", "--set", "schedule.warmup_epochs=1")
        self.refuse("check", "--config", WAVEFORM, *twice, status=2, contains=["warmup_steps and warmup_epochs"])
        self.refuse("--config", WAVEFORM, "--run-dir", "run", *twice, status=2, contains=["warmup_steps and warmup_epochs"])
        self.assertFalse((self.folder / "run").exists())

    def test_files_that_cannot_be_written_are_refused_before_the_work(self):
        for out in ("nowhere/c.json", "."):
            self.refuse("calibrate", "--config", WAVEFORM, "--seconds", "1", "--out", out, status=74, contains=["cannot write"])
        self.refuse("calibrate", "--config", WAVEFORM, "--batch", "4,4", status=2, contains=["--batch"])
        self.refuse("scaling", "--config", WAVEFORM, "--world", "1", "--collect", "--out", "none", "--set", "evaluation.target_metric=loss",
                    status=66, contains=["holds no study"])
        self.assertFalse((self.folder / "none").exists())

    def test_a_gpu_that_is_not_there(self):
        if glob.glob("/dev/nvidia[0-9]*"):
            self.skipTest("this machine has a GPU")
        self.refuse("--config", WAVEFORM, "--set", "training.device=cuda", "--run-dir", "run", status=2, contains=["GPU"])

    def test_an_ipv4_address_in_its_ipv6_form(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = str(probe.getsockname()[1])
        ranks = [self.start("--config", WAVEFORM, "--run-dir", "run", "--set", "training.max_steps=2",
                            env={"RANK": rank, "WORLD_SIZE": "2", "MASTER_ADDR": "::ffff:127.0.0.1", "MASTER_PORT": port}) for rank in "01"]
        for process in ranks:
            _, err = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 0, err)

    def test_too_few_open_files_for_the_ranks(self):
        limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
        _, err = self.run_program("--config", WAVEFORM, "--nproc", "2", "--run-dir", "run", status=2, preexec_fn=limit)
        self.assertIn("the limit of open files is reached (ulimit -n is 12)", err)
        self.assertNotIn("firewalls", err)

    def test_too_little_memory_for_the_program_itself(self):
        for megabytes in (30, 60, 100):  # the libraries need more before main() begins
            with self.subTest(megabytes=megabytes):
                limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, megabytes << 20))
                _, err = self.run_program("--config", WAVEFORM, "--run-dir", "run", status=2, preexec_fn=limit)
                self.assertIn(f"ulimit -d is {megabytes << 10} kB", err)
                self.assertNotIn("terminate called", err)

    def test_contradicting_launchers(self):
        _, err = self.run_program("--config", WAVEFORM, status=2, env={"RANK": "3", "WORLD_SIZE": "2", "LOCAL_RANK": "0",
                                                                       "MASTER_ADDR": "localhost", "MASTER_PORT": "29500"})
        if err:
            self.assertIn("RANK", err)


class DataErrors(Refusals):
    def hdf5_config(self, file):
        path = self.folder / "config.yaml"
        path.write_text(f"""
name: hdf5
data: {{type: waveform_hdf5, train: {file}, t_min: -200, t_max: 40, t_step: 2}}
model: {{type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1], tail_channels: 4, keep_steps: 20, dense_units: 4}}
loss: {{type: waveform_mse}}
training: {{epochs: 1, global_batch: 2}}
schedule: {{type: constant}}
""")
        return path

    def make_waveforms(self):
        self.run_program("generate", "waveforms", "--mass-ratio", "1:3:0.5", "--spin1", "0", "--spin2", "0", "--t-min", "-200",
                         "--t-max", "40", "--t-step", "2", "--out", "good.h5")
        return self.folder / "good.h5"

    def test_missing_data_file(self):
        self.refuse("--config", self.hdf5_config("none.h5"), "--run-dir", "run", status=66, contains=["none.h5"])

    def test_truncated_and_foreign_files(self):
        content = self.make_waveforms().read_bytes()
        for size in (0, 100, len(content) // 2, len(content) - 1):
            (self.folder / "bad.h5").write_bytes(content[:size])
            self.refuse("--config", self.hdf5_config("bad.h5"), "--run-dir", "run", status=65, contains=["bad.h5"])
        (self.folder / "bad.h5").write_text("not HDF5\n" * 1000)
        self.refuse("--config", self.hdf5_config("bad.h5"), "--run-dir", "run", status=65, contains=["bad.h5"])

    def test_waveforms_of_another_length(self):
        self.make_waveforms()
        self.refuse("--config", self.hdf5_config("good.h5"), "--set", "data.t_min=-100", "--run-dir", "run", status=65, contains=["good.h5"])

    def test_good_file_trains(self):
        self.make_waveforms()
        self.run_program("--config", self.hdf5_config("good.h5"), "--run-dir", "run")

    def folder_config(self, rows, crop=0):
        images = self.folder / "images"
        images.mkdir(exist_ok=True)
        (images / "labels.csv").write_text("file,label,split\n" + "".join(rows))
        path = self.folder / "config.yaml"
        path.write_text("""
name: folder
data: {type: image_folder, folder: images, image_size: 32}
model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 2}
schedule: {type: constant}
""")
        return path

    def test_text_files_named_jpg(self):
        rows = []
        for i in range(20):
            rows.append(f"{i}.jpg,{'ab'[i % 2]},train\n")
        path = self.folder_config(rows)
        for i in range(20):
            (self.folder / "images" / f"{i}.jpg").write_text("I am a galaxy\n")
        err = self.refuse("--config", path, "--run-dir", "run", status=65, contains=["0.jpg"])
        self.assertLess(len(err.splitlines()), 15, "not one message for every file")

    def test_names_that_leave_the_folder(self):
        self.refuse("--config", self.folder_config(["../../etc/passwd,a,train\n", "x.jpg,b,train\n"]), "--run-dir", "run", status=65)

    def test_missing_image(self):
        self.refuse("--config", self.folder_config(["x.jpg,a,train\n", "y.jpg,b,train\n"]), "--run-dir", "run", status=66, contains=["x.jpg"])

    def test_with_ranks_a_missing_image_whose_name_is_not_utf8(self):
        path = self.folder_config([])
        (self.folder / "images" / "labels.csv").write_bytes(b"file,label,split\n\xff.jpg,a,train\ny.jpg,b,train\n")
        self.refuse("--config", path, "--run-dir", "run", "--nproc", "2", status=66, contains=["labels.csv:2"])

    def test_with_ranks_one_message(self):
        self.refuse("--config", self.hdf5_config("none.h5"), "--run-dir", "run", "--nproc", "2", status=66, contains=["none.h5"])


    def test_a_broken_test_image_leaves_a_summary_that_says_so(self):
        rows = [f"{i}.png,{'ab'[i % 2]},{'test' if i > 3 else 'train'}\n" for i in range(6)]
        path = self.folder_config(rows)
        self.run_program("generate", "galaxies", "--count", 2, "--size", 32, "--out", "g.h5", "--preview", "g.png")
        picture = (self.folder / "g.png").read_bytes()
        for i in range(6):
            (self.folder / "images" / f"{i}.png").write_bytes(picture if i != 5 else picture[:len(picture) * 2 // 3])
        _, err = self.train(path, "run", status=65)
        self.assertIn("5.png", err)
        summary = self.summary("run")
        self.assertEqual((summary["status"], summary["steps"]), ("failed", 2))
        self.assertIn("5.png", summary["error"])
        self.assertTrue((self.folder / "run" / "checkpoints" / "last" / "manifest.json").exists())

class PlaceErrors(Case):
    def test_run_dir_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        _, err = self.train(WAVEFORM, "file/run", status=74)
        self.assertIn("file/run", err)

    def test_foreign_folder_is_left_alone(self):
        (self.folder / "mine").mkdir()
        (self.folder / "mine" / "thesis.tex").write_text("x")
        self.train(WAVEFORM, "mine", status=2)
        self.assertEqual([p.name for p in (self.folder / "mine").iterdir()], ["thesis.tex"])

    def test_full_disk(self):
        disk = self.folder / "disk"
        disk.mkdir()
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True).returncode:
            self.skipTest("mounting a small disk needs root")
        self.addCleanup(subprocess.run, ["umount", disk])
        _, err = self.train(WAVEFORM, "disk/run", "--set", "model.dense_units=2000", status=74)
        self.assertIn("No space left", err)
        self.assertFalse(list((disk / "run" / "checkpoints").glob("step-*")), "no partial checkpoint is visible")

    def test_a_file_that_may_not_grow(self):
        limited = f"ulimit -f 4; exec {PROGRAM} generate galaxies --count 64 --size 64 --out out.h5"
        done = subprocess.run(["bash", "-c", limited], cwd=self.folder, env=environment(), text=True, capture_output=True, timeout=60)
        self.assertEqual(done.returncode, 74, done.stderr)
        self.assertEqual(list(self.folder.iterdir()), [], "nothing half-written")

    def test_port_in_use(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            port = other.getsockname()[1]
            _, err = self.train(WAVEFORM, "run", "--nproc", "2", "--set", f"distributed.port={port}", status=69)
        self.assertIn(str(port), err)
        self.assertFalse((self.folder / "run").exists())

    def test_a_waveform_that_is_not_finite_stops_the_run(self):
        _, err = self.train(WAVEFORM, "run", "--set", "optimizer.lr=1e30", status=79)
        self.assertIn("not finite at step", err)
        self.assertEqual(self.summary("run")["status"], "diverged")

    def test_divergence_is_told_once_by_two_ranks(self):
        _, err = self.train(WAVEFORM, "run", "--nproc", "2", "--set", "optimizer.lr=1e30", status=79)
        self.assertEqual(err.count("not finite at step"), 1, err)


if __name__ == "__main__":
    main()
