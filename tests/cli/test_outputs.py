"""Files that commands write outside a run folder: whole or not at all, and never in place of something else."""
import csv
import errno
import os
import re
import resource
import shutil
import signal
import stat
import time

from harness import GALAXY, WAVEFORM, main
from trouble import TroubledCase

GALAXIES = ("generate", "galaxies", "--count", "4", "--size", "32")
SLOW_GALAXIES = ("generate", "galaxies", "--count", "200000", "--size", "64", "--threads", "1")
BENCH = ("bench", "--config", GALAXY, "--steps", "1", "--warmup", "1")
CALIBRATE = ("calibrate", "--config", GALAXY, "--seconds", "1")
SHORT = ("--set", "training.max_steps=2")
HDF5_CONFIG = """
name: file
data: {type: image_hdf5, train: train.h5, validation: v-1.h5, test: test.h5}
model: {type: xception, width_factor: 0.0625, middle_blocks: 0, head_units: 8}
loss: {type: cross_entropy}
training: {epochs: 1, global_batch: 4}
"""


class Outputs(TroubledCase):
    def names(self):
        return sorted(path.name for path in self.folder.iterdir())

    def train_on_files(self):
        for name in ("train.h5", "v-1.h5", "test.h5"):
            self.run_program(*GALAXIES, "--out", name)
        (self.folder / "base.yaml").write_text(HDF5_CONFIG)
        self.train("base.yaml", "r", *SHORT)

    def special_files(self, suffix):
        """Names of a named pipe, a folder and, for root, a device; and of links to them."""
        os.mkfifo(self.folder / f"pipe{suffix}")
        (self.folder / f"folder{suffix}").mkdir()
        names = [f"pipe{suffix}", f"folder{suffix}"]
        if os.geteuid() == 0:
            os.mknod(self.folder / f"device{suffix}", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            names.append(f"device{suffix}")
        for name in list(names):
            (self.folder / f"to-{name}").symlink_to(name)
            names.append(f"to-{name}")
        return names

    def refuses_what_is_no_file(self, suffix, option, *command):
        names = self.special_files(suffix)
        for name in names:
            with self.subTest(command=command[0], name=name):
                mode = (self.folder / name).stat().st_mode
                _, err = self.run_program(*command, option, name, status=74)
                self.assertRegex(err, rf"cannot write {re.escape(name)}: it is a (named pipe|folder|device), not a file")
                self.assertIn(option, err)
                self.assertEqual((self.folder / name).stat().st_mode, mode)
        self.assertEqual([name for name in self.names() if ".tmp" in name], [])

    def follows_links(self, suffix, option, *command):
        far = self.folder / "far"
        far.mkdir(exist_ok=True)
        (far / f"old{suffix}").write_text("old")
        for name in ("old", "new"):
            link = self.folder / f"link-{name}{suffix}"
            link.symlink_to(f"far/{name}{suffix}")
            self.run_program(*command, option, link.name)
            self.assertTrue(link.is_symlink())
            self.assertGreater((far / f"{name}{suffix}").stat().st_size, 3)
        self.assertEqual([name for name in self.names() + os.listdir(far) if ".tmp" in name], [])

    def test_generate_and_predict_replace_files_only(self):
        self.train(GALAXY, "r", *SHORT)
        for suffix, option, command in ((".h5", "--out", GALAXIES), (".hdf5", "--out", ("predict", "--run-dir", "r")),
                                        (".csv", "--out", ("predict", "--run-dir", "r")), (".png", "--preview", (*GALAXIES, "--out", "g.h5"))):
            self.refuses_what_is_no_file(suffix, option, *command)
            self.follows_links(suffix, option, *command)

    def test_bench_and_calibrate_replace_files_only(self):
        self.refuses_what_is_no_file(".json", "--trace", *BENCH)
        self.follows_links(".json", "--trace", *BENCH)
        self.refuses_what_is_no_file(".cal", "--out", *CALIBRATE)
        self.follows_links(".cal", "--out", *CALIBRATE)

    def test_no_output_replaces_an_input(self):
        self.train_on_files()
        (self.folder / "link.h5").symlink_to("test.h5")
        os.link(self.folder / "train.h5", self.folder / "hard.h5")
        (self.folder / "link.csv").symlink_to("r/config.yaml")
        before = {path: path.read_bytes() for path in [*self.folder.glob("*.h5"), *self.folder.glob("*.yaml"), self.folder / "r/config.yaml"]}
        predict = ("predict", "--run-dir", "r")
        self.run_program(*GALAXIES, "--out", "new.h5")
        new = (self.folder / "new.h5").read_bytes()
        for command in ((*predict, "--input", "new.h5", "--out", "new.h5"), (*predict, "--input", "test.h5", "--out", "link.h5"),
                        (*predict, "--out", "test.h5"), (*predict, "--out", "hard.h5"), (*predict, "--split", "train", "--out", "v-1.h5"),
                        (*predict, "--input", "new.h5", "--out", "train.h5"), (*predict, "--out", "link.csv"),
                        ("bench", "--config", "base.yaml", "--steps", "1", "--trace", "base.yaml"),
                        ("bench", "--config", "base.yaml", "--steps", "1", "--trace", "train.h5"),
                        ("calibrate", "--config", "base.yaml", "--seconds", "1", "--out", "base.yaml")):
            with self.subTest(command=command):
                _, err = self.run_program(*command, status=2)
                self.assertIn("which this command reads", err)
                self.assertRegex(err, r"Give --(out|trace) another name")
        self.assertEqual({path: path.read_bytes() for path in before}, before)
        self.assertEqual((self.folder / "new.h5").read_bytes(), new)
        self.run_program(*predict, "--input", "new.h5", "--out", "p.h5")
        self.run_program(*predict, "--input", "new.h5", "--out", "p.h5")

    def test_generate_takes_names_of_hdf5_only(self):
        (self.folder / "base.yaml").write_text(HDF5_CONFIG)
        for command in (GALAXIES, ("generate", "waveforms", "--mass-ratio", "1", "--spin1", "0", "--spin2", "0", "--t-min", "-100")):
            for name in ("base.yaml", "x", "x.csv"):
                _, err = self.run_program(*command, "--out", name, status=2)
                self.assertIn("must end in .h5 or .hdf5", err)
        self.assertEqual((self.folder / "base.yaml").read_text(), HDF5_CONFIG)
        self.assertEqual(self.names(), ["base.yaml"])
        (self.folder / "p.h5").write_text("q,s1,s2\n1,0,0\n")
        self.run_program("generate", "waveforms", "--parameters", "p.h5", "--out", "p.h5", status=2)
        self.assertEqual((self.folder / "p.h5").read_text(), "q,s1,s2\n1,0,0\n")

    def test_a_signal_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(signal=number):
                process = self.start(*SLOW_GALAXIES, "--out", "g.h5")
                end = time.monotonic() + 60
                while not any(self.folder.glob("g.h5.tmp-*")) and time.monotonic() < end:
                    time.sleep(0.01)
                time.sleep(0.2)
                self.assertEqual(len(self.names()), 1, "it is writing")
                process.send_signal(number)
                process.communicate(timeout=60)
                self.assertEqual(process.returncode, -number)
                self.assertEqual(self.names(), [])

    def test_a_full_disk_leaves_nothing_and_names_the_option(self):
        self.train(GALAXY, "r", *SHORT)
        full = self.folder / "full"
        full.mkdir()
        flag = self.folder / "flag"
        flag.touch()
        env = self.trouble("full", while_exists=(flag, errno.ENOSPC))
        for option, command in (("--out", ("predict", "--run-dir", "r", "--out", "full/p.csv")), ("--out", ("predict", "--run-dir", "r", "--out", "full/p.h5")),
                                ("--out", (*CALIBRATE, "--out", "full/c.json")), ("--trace", (*BENCH, "--trace", "full/t.json")),
                                ("--out", (*GALAXIES, "--out", "full/g.h5")), ("--preview", (*GALAXIES, "--out", "g.h5", "--preview", "full/g.png"))):
            with self.subTest(command=command):
                _, err = self.run_program(*command, status=74, env=env)
                self.assertIn("No space left on device", err)
                self.assertIn(f"choose another place with {option}", err)
                self.assertNotIn("--run-dir", err)
                self.assertEqual(os.listdir(full), [])

    def test_a_trace_that_is_cut_off_is_an_error(self):
        """The limit of file sizes stands for a disk that fills up while the profiler writes, without a word."""
        small = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
        _, err = self.run_program(*BENCH, "--trace", "t.json", status=74, preexec_fn=small)
        self.assertIn("cannot write t.json: File too large", err)
        self.assertIn("--trace", err)
        self.assertEqual(self.names(), [])

    def test_a_bench_that_fails_leaves_no_trace(self):
        (self.folder / "base.yaml").write_text(HDF5_CONFIG)
        self.run_program("bench", "--config", "base.yaml", "--steps", "1", "--trace", "t.json", status=66)
        self.assertEqual(self.names(), ["base.yaml"])

    def test_a_failed_close_of_hdf5_says_only_what_failed(self):
        trace = self.folder / "calls"
        full = self.folder / "full"
        full.mkdir()
        self.run_program(*GALAXIES, "--out", "full/g.h5", env=self.trouble("full", trace=trace))
        closes = [int(line.split()[0]) for line in trace.read_text().splitlines() if " close " in line and "g.h5.tmp-" in line]
        self.assertGreater(len(closes), 1)
        failed = 0
        for number in closes:
            shutil.rmtree(full)
            full.mkdir()
            process = self.start(*GALAXIES, "--out", "full/g.h5", env=self.trouble("full", fail=(number, errno.EDQUOT)))
            _, err = process.communicate(timeout=60)
            self.assertNotIn("HDF5:", err)
            if process.returncode != 0:
                failed += 1
                self.assertEqual(process.returncode, 74, err)
                self.assertEqual([line for line in err.splitlines() if not line.startswith(("error: ", "generate: "))], [])
                self.assertIn("Disk quota exceeded", err)
                self.assertEqual(os.listdir(full), [])
        self.assertGreater(failed, 0)

    def test_every_place_that_cannot_be_written_has_a_remedy(self):
        (self.folder / "tw.yaml").write_text("x")
        for arguments, option in ((("--config", WAVEFORM, "--run-dir", "tw.yaml/r"), "--run-dir"), (("--config", WAVEFORM, "--run-dir", "/proc/r"), "--run-dir"),
                                  ((*GALAXIES, "--out", "/proc/g.h5"), "--out"), ((*GALAXIES, "--out", "tw.yaml/g.h5"), "--out")):
            with self.subTest(arguments=arguments):
                _, err = self.run_program(*arguments, status=74)
                self.assertIn(f"choose another place with {option}", err)
                self.assertNotIn("0 GB are free", err)
        trace = self.folder / "calls"
        (self.folder / "full").mkdir()
        self.run_program(*GALAXIES, "--out", "full/g.h5", env=self.trouble("full", trace=trace))
        rename = next(int(line.split()[0]) for line in trace.read_text().splitlines() if " rename " in line)
        (self.folder / "full/g.h5").unlink()
        _, err = self.run_program(*GALAXIES, "--out", "full/g.h5", status=74, env=self.trouble("full", fail=(rename, errno.EXDEV)))
        self.assertIn("cannot rename: choose another place with --out", err)
        self.assertEqual(os.listdir(self.folder / "full"), [])

    def test_generate_at_the_limit_of_processes_names_its_option(self):
        if os.geteuid() != 0:
            self.skipTest("needs a user without other processes")
        self.folder.chmod(0o777)
        limit = lambda: (resource.setrlimit(resource.RLIMIT_NPROC, (1, 1)), os.setgid(54321), os.setuid(54321))
        _, err = self.run_program(*GALAXIES, "--threads", "4", "--out", "g.h5", status=2, preexec_fn=limit)
        self.assertIn("--threads", err)
        self.assertNotIn("--nproc", err)
        self.assertEqual(self.names(), [])

    def test_names_of_images_come_back_from_the_predictions(self):
        pixels = self.folder / "g.h5"
        self.train(GALAXY, "r", *SHORT)
        self.run_program(*GALAXIES, "--out", pixels, "--preview", "g.png")
        images = self.folder / "images"
        images.mkdir()
        for name in ("#hash.png", " blank .png", os.fsdecode(b"caf\xe9.png")):
            shutil.copy(self.folder / "g.png", images / name)
        self.run_program("predict", "--run-dir", "r", "--input", "images", "--out", "p.csv")
        with open(self.folder / "p.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(sorted(row["id"] for row in rows), [" blank .png", "#hash.png", "caf\\xe9.png"])
        self.assertIn('"#hash.png"', (self.folder / "p.csv").read_text())


if __name__ == "__main__":
    main()
