"""File systems that lack what others have: links, exchange, fsync, locks, permissions, names in UTF-8."""
import errno
import os
import random
import resource
import shutil
import struct
import subprocess
import zlib

from harness import PROGRAM, WAVEFORM, environment, main
from trouble import TroubledCase, name_of

SHORT = ("--set", "training.max_steps=8", "--set", "checkpoint.every_steps=4")

FILES = """
name: files
data: {type: waveform_hdf5, train: TRAIN, t_min: -100, t_max: 28, t_step: 2}
model: {type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1], tail_channels: 4, keep_steps: 20, dense_units: 4}
loss: {type: waveform_mse}
training: {epochs: 1, global_batch: 4, threads: 1}
loader: {threads: 1}
schedule: {type: constant}
"""
GENERATE = ("generate", "waveforms", "--mass-ratio", "1:5:0.25", "--spin1", "0.1", "--spin2", "0", "--t-min", "-100", "--t-max", "28", "--t-step", "2")


def png(size, seed):
    """An RGB image of noise."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(3 * size) for _ in range(size))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) +
            chunk(b"IEND", b""))


def steps_in(run):
    return sorted(int(path.name[5:]) for path in (run / "checkpoints").glob("step-*"))


class FileSystems(TroubledCase):
    def weights(self, run_dir):
        return self.summary(run_dir)["weights_sha256"]

    def test_training_goes_on_and_resumes_where_something_is_refused(self):
        self.train(WAVEFORM, "whole", *SHORT)
        cases = [{"symlink": errno.EPERM}, {"symlink": errno.EOPNOTSUPP}, {"exchange": errno.EPERM}, {"exchange": errno.EOPNOTSUPP},
                 {"exchange": errno.EINVAL}, {"fsync": errno.EINVAL}, {"fsync": errno.EOPNOTSUPP}, {"flock": errno.ENOLCK}, {"flock": errno.EBADF},
                 {"symlink": errno.EPERM, "exchange": errno.ENOSYS, "fsync": errno.ENOSYS, "fsyncdir": errno.EINVAL, "flock": errno.ENOSYS}]
        for refuse in cases:
            with self.subTest(refuse={name: name_of(number) for name, number in refuse.items()}):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                env = self.trouble(refuse=refuse)
                _, err = self.train(WAVEFORM, "run", *SHORT, env=env)
                self.assertEqual(err.count("fsync"), 1 if "fsync" in refuse else 0, err)
                self.assertEqual(err.count("cannot create the link"), 1 if "symlink" in refuse else 0, err)
                self.assertEqual(self.weights("run"), self.weights("whole"))
                # The newest checkpoint is damaged: step 8 is done again, and its checkpoint replaces the one that is there.
                newest = self.folder / "run" / "checkpoints" / "step-00000008" / "model.safetensors"
                newest.write_bytes(b"")
                self.train(WAVEFORM, "run", *SHORT, "--resume", "auto", env=env)
                self.assertEqual(steps_in(self.folder / "run")[-1], 8)
                self.assertEqual(self.weights("run"), self.weights("whole"))
                out, _ = self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last", "--json", env=env)
                self.assertIn('"step": 8', out)
                hidden = [path for path in (self.folder / "run").rglob(".*")]
                self.assertEqual(hidden, [], "nothing is left")

    def test_two_runs_in_one_folder_are_refused_without_locks(self):
        for refuse in ({}, {"flock": errno.ENOLCK}, {"flock": errno.EOPNOTSUPP}):
            with self.subTest(refuse=refuse):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                env = self.trouble(refuse=refuse)
                arguments = ("--config", WAVEFORM, "--run-dir", "run", "--resume", "auto", "--set", "training.epochs=2000")
                first = self.start(*arguments, env=env)
                try:
                    self.wait_for_step("run", 1, first)
                    _, err = self.run_program(*arguments, status=2, env=env)
                    self.assertIn("is in use by", err)
                finally:
                    first.kill()
                    first.communicate()
                # The lock of a program that was killed does not hold.
                self.train(WAVEFORM, "run", "--overwrite", "--set", "training.max_steps=2", env=env)
                self.assertEqual(self.summary("run")["steps"], 2)

    def test_last_and_best_are_found_in_every_kind_of_copy(self):
        self.train(WAVEFORM, "run", "--set", "training.epochs=3")
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "best", "--json")
        copies = {"followed": ["cp", "-rL", "run", "followed"], "as it is": ["cp", "-a", "run", "as it is"],
                  "without links": ["bash", "-c", "cp -a run 'without links'; rm 'without links'/checkpoints/{last,best}"],
                  "links as text": ["bash", "-c", "cp -a run 'links as text'; cd 'links as text'/checkpoints; for l in last best; do "
                                    "t=$(readlink $l); rm $l; printf %s $t > $l; done"]}
        for name, command in copies.items():
            with self.subTest(copy=name):
                subprocess.run(command, cwd=self.folder, check=True)
                for checkpoint in ("best", f"{name}/checkpoints/best"):
                    again, _ = self.run_program("evaluate", "--run-dir", name, "--checkpoint", checkpoint, "--json")
                    self.assertEqual(again.replace(name, "run"), out.replace(name, "run"))
                self.run_program("evaluate", "--run-dir", name, "--split", "test")
                self.train(WAVEFORM, name, "--set", "training.epochs=3", "--resume", "require")

    def test_a_damaged_newest_checkpoint_is_passed_over_by_last(self):
        self.train(WAVEFORM, "run", *SHORT)
        newest = self.folder / "run" / "checkpoints" / "step-00000008" / "model.safetensors"
        newest.write_bytes(newest.read_bytes()[:-1])
        out, err = self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last", "--json")
        self.assertIn('"step": 7', out)
        self.assertIn("step-00000008/model.safetensors", err)

    def test_a_checkpoint_is_found_by_its_name(self):
        self.train(WAVEFORM, "run", *SHORT)
        out, _ = self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "step-00000004", "--json")
        self.assertIn('"step": 4', out)
        _, err = self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "step-00000009", status=66)
        self.assertIn("run/checkpoints/step-00000009", err)
        for model in (self.folder / "run" / "checkpoints").glob("step-*/model.safetensors"):
            model.write_bytes(b"")
        _, err = self.run_program("evaluate", "--run-dir", "run", status=65)
        self.assertIn("Copy a checkpoint here again", err)

    def train_for_everyone(self):
        """A run that every user may read."""
        self.train(WAVEFORM, "run", *SHORT)
        self.folder.chmod(0o755)
        for path in (self.folder / "run").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)

    def as_another_user(self, *arguments, status):
        process = subprocess.run(["setpriv", "--reuid=12347", "--regid=12347", "--clear-groups", PROGRAM, *arguments], cwd=self.folder,
                                 env=environment(), text=True, capture_output=True, timeout=120)
        self.assertEqual(process.returncode, status, process.stderr)
        return process.stderr

    def test_no_permission_is_66_for_what_is_read_and_74_for_what_is_written(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a program without rights")
        self.train_for_everyone()
        (self.folder / "sec").mkdir(mode=0o700)
        (self.folder / "c.yaml").write_text(WAVEFORM.read_text())
        shutil.copytree(self.folder / "run", self.folder / "closed")
        (self.folder / "closed").chmod(0o700)
        cases = [(66, ("evaluate", "--run-dir", "sec/r"), "sec/r"), (66, ("evaluate", "--run-dir", "closed"), "closed"),
                 (74, ("predict", "--run-dir", "run", "--split", "test", "--out", "sec/p.csv"), "sec/p.csv"),
                 (74, ("predict", "--run-dir", "run", "--split", "test", "--out", "sec/p.h5"), "sec/p.h5"),
                 (74, ("generate", "galaxies", "--count", "2", "--size", "32", "--out", "sec/g.h5"), "sec/g.h5"),
                 (74, ("--config", "c.yaml", *SHORT, "--run-dir", "sec/new"), "sec/new"),
                 (74, ("--config", "c.yaml", *SHORT, "--run-dir", "closed", "--resume", "auto"), "closed"),
                 (66, ("--config", "sec/c.yaml"), "sec/c.yaml"), (66, ("check", "--config", "sec/c.yaml"), "sec/c.yaml")]
        for status, arguments, path in cases:
            with self.subTest(arguments=arguments):
                err = self.as_another_user(*arguments, status=status)
                self.assertIn("Permission denied", err)
                self.assertIn(path, err)

    def test_checkpoints_without_permission_are_not_called_damaged(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a program without rights")
        self.train_for_everyone()
        folders = sorted((self.folder / "run" / "checkpoints").glob("step-*"))
        (folders[-1] / "model.safetensors").chmod(0o600)
        err = self.as_another_user("evaluate", "--run-dir", "run", "--checkpoint", "last", status=0)
        self.assertIn(f"skipped a checkpoint: cannot read run/checkpoints/{folders[-1].name}/model.safetensors: Permission denied", err)
        self.assertNotIn("damaged", err)
        for folder in folders:
            (folder / "manifest.json").chmod(0o600)
        err = self.as_another_user("evaluate", "--run-dir", "run", "--checkpoint", "last", status=66)
        self.assertIn("can be read", err)
        self.assertIn("Check the permissions", err)

    def test_data_without_permission_are_told_with_reason_and_remedy(self):
        if os.geteuid() != 0:
            self.skipTest("only root can run a program without rights")
        self.run_program(*GENERATE, "--out", "train-1.h5")
        (self.folder / "secret").mkdir(mode=0o755)
        shutil.copy(self.folder / "train-1.h5", self.folder / "secret")
        (self.folder / "c.yaml").write_text(FILES)
        self.folder.chmod(0o755)
        (self.folder / "train-1.h5").chmod(0o600)
        for mode, data in ((0o755, "train-1.h5"), (0o700, "secret/train-1.h5"), (0o700, "secret/train-*.h5"), (0o711, "secret/train-*.h5")):
            with self.subTest(mode=mode, data=data):
                (self.folder / "secret").chmod(mode)
                err = self.as_another_user("check", "--config", "c.yaml", "--set", f"data.train='{data}'", status=66)
                self.assertIn("Permission denied", err)
                self.assertIn("Check the permissions", err)

    def test_more_files_than_the_soft_limit_allows_are_read_and_the_hard_limit_is_named(self):
        self.run_program(*GENERATE, "--out", "t-0.h5")
        for i in range(1, 80):
            shutil.copy(self.folder / "t-0.h5", self.folder / f"t-{i}.h5")
        (self.folder / "c.yaml").write_text(FILES.replace("TRAIN", "t-*.h5"))
        arguments = ("check", "--config", "c.yaml")
        self.run_program(*arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096)))
        _, err = self.run_program(*arguments, status=2, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)))
        self.assertIn("the limit of open files is reached (ulimit -n is 64)", err)
        self.assertNotIn("damaged", err)

    def test_circles_and_endless_names_are_told_with_their_reason(self):
        os.symlink("b", self.folder / "a")
        os.symlink("a", self.folder / "b")
        self.train(WAVEFORM, "run", *SHORT)
        for path, reason in (("a", "Too many levels of symbolic links"), ("n" * 300, "File name too long")):
            cases = [(66, ("evaluate", "--run-dir", path)), (66, ("--config", path)), (66, ("check", "--config", f"{path}/c.yaml")),
                     (74, ("--config", WAVEFORM, *SHORT, "--run-dir", path)),
                     (74, ("predict", "--run-dir", "run", "--split", "test", "--out", f"{path}/p.csv")),
                     (74, ("generate", "galaxies", "--count", "2", "--size", "32", "--out", f"{path}/g.h5")),
                     (66, ("evaluate", "--run-dir", "run", "--checkpoint", path))]
            for status, arguments in cases:
                with self.subTest(arguments=[str(a)[:20] for a in arguments]):
                    _, err = self.run_program(*arguments, status=status)
                    self.assertIn(reason, err)
                    self.assertNotIn("internal", err)

    def test_names_that_are_no_utf8_are_names_like_others(self):
        name = os.fsdecode(b"caf\xe9")
        self.train(WAVEFORM, name, *SHORT)
        self.train(WAVEFORM, name, *SHORT, "--resume", "require")
        self.run_program("evaluate", "--run-dir", name, "--json")
        self.run_program("predict", "--run-dir", name, "--split", "test", "--out", f"{name}.csv")
        self.assertTrue((self.folder / f"{name}.csv").exists())

    def test_a_damaged_image_with_a_name_in_latin1_is_named(self):
        images = self.folder / "im"
        images.mkdir()
        with open(images / "labels.csv", "wb") as labels:
            labels.write(b"file,label,split\n")
            for i in range(8):
                (images / f"g{i}.png").write_bytes(png(16, seed=i))
                labels.write(f"g{i}.png,{i % 2},train\n".encode())
            labels.write(b"cut\xe9.png,0,test\n")
        (images / os.fsdecode(b"cut\xe9.png")).write_bytes(png(16, seed=9)[:200])
        (self.folder / "f.yaml").write_text(
            "name: f\ndata: {type: image_folder, folder: im, image_size: 16, validation_fraction: 0, split_column: split}\n"
            "model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}\nloss: {type: cross_entropy}\n"
            "training: {epochs: 1, global_batch: 4, threads: 1}\nloader: {threads: 1}\nschedule: {type: constant}\n")
        for ranks in ("1", "2"):
            run = f"r{ranks}"
            _, err = self.train("f.yaml", run, "--nproc", ranks, status=65)
            self.assertIn("cut\\xe9.png", err)
            if ranks == "1":  # with two, it is rank 1 that reads the image, and rank 0 hears only that it is lost
                self.assertEqual(self.summary(run)["status"], "failed")


if __name__ == "__main__":
    main()
