"""generate waveforms: configs, ranks, and sets of files that are completed after kills."""
import hashlib
import shutil
import signal
import time

from harness import SOURCE, Case, main

GRID = ("generate", "waveforms", "--mass-ratio", "1:8:0.5", "--spin1", "-0.8:0.8:0.2", "--spin2", "-0.8:0.8:0.4")
TIMES = ("--t-min", "-400", "--t-step", "0.5")
SHARDS = 28
CONFIG = """
mass_ratio: "1:8:0.5"
spin1: "-0.8:0.8:0.2"
spin2: "-0.8:0.8:0.4"
t_min: -400
t_step: 0.5
"""


class Generate(Case):
    def digests(self, folder="."):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((self.folder / folder).glob("*.h5"))}

    def names(self, folder="."):
        return sorted(path.name for path in (self.folder / folder).iterdir())

    def generate(self, out, *arguments, **options):
        return self.run_program(*GRID, *TIMES, "--out", out, *arguments, **options)

    def kill_when(self, process, condition):
        """Kills the process as soon as the condition holds. Returns whether it was killed; a process that ended before ended well."""
        end = time.monotonic() + 120
        while not condition() and process.poll() is None and time.monotonic() < end:
            time.sleep(0.001)
        process.kill()
        _, err = process.communicate()
        self.assertIn(process.returncode, (0, -signal.SIGKILL), err)
        return process.returncode == -signal.SIGKILL

    def test_kills_change_no_byte(self):
        for folder in ("whole", "killed"):
            (self.folder / folder).mkdir()
        self.generate("whole/w.h5", "--shards", SHARDS, "--threads", 1)

        def finished():
            return len(list((self.folder / "killed").glob("w-*.h5")))

        kills = 0
        while kills < 10 and finished() < SHARDS:
            before = finished()
            process = self.start(*GRID, *TIMES, "--out", "killed/w.h5", "--shards", SHARDS, "--threads", 1)
            kills += self.kill_when(process, lambda: finished() > before)
        self.assertGreater(kills, 0, "it was never killed while it wrote")
        self.generate("killed/w.h5", "--shards", SHARDS)
        self.assertEqual(self.digests("killed"), self.digests("whole"))
        self.assertEqual(self.names("killed"), self.names("whole"), "nothing else is left")
        self.assertEqual(len(self.digests("whole")), SHARDS)
        _, err = self.generate("killed/w.h5", "--shards", SHARDS)
        self.assertIn(f"{SHARDS} files were there already", err)

    def kill_while_it_writes(self):
        """Starts the generator until a kill hits it while its temporary file is there. Returns whether one did."""
        for _ in range(20):
            process = self.start(*GRID, *TIMES, "--out", "w.h5", "--threads", 1)
            if self.kill_when(process, lambda: any(self.folder.glob("w.h5.tmp-*"))) and any(self.folder.glob("w.h5.tmp-*")):
                return True
            (self.folder / "w.h5").unlink(missing_ok=True)  # the machine gave this test no turn before the file was complete
        return False

    def test_a_kill_leaves_one_file_that_is_made_anew(self):
        self.generate("whole.h5")
        self.assertTrue(self.kill_while_it_writes(), "it was never killed while it wrote")
        self.generate("w.h5")
        digests = self.digests()
        self.assertEqual(digests["w.h5"], digests["whole.h5"])
        self.assertEqual(self.names(), ["w.h5", "whole.h5"])

    def test_ranks_make_the_same_files(self):
        for folder in ("one", "three"):
            (self.folder / folder).mkdir()
        self.generate("one/w.h5", "--shards", 7)
        _, err = self.generate("three/w.h5", "--shards", 7, "--nproc", 3)
        self.assertEqual(self.digests("one"), self.digests("three"))
        self.assertIn("rank 0 of 3: 192 waveforms of 1060 samples made, of 448 in 7 files", err)
        shutil.rmtree(self.folder / "three")
        (self.folder / "three").mkdir()
        for rank in range(2):  # as Slurm starts them; they need not meet
            self.generate("three/w.h5", "--shards", 7, env={"SLURM_PROCID": str(rank), "SLURM_NTASKS": "2", "SLURM_LOCALID": str(rank), "SLURM_STEP_ID": "0",
                                                             "SLURM_JOB_ID": "1", "SLURM_STEP_NODELIST": "localhost", "SLURM_NNODES": "1"})
        self.assertEqual(self.digests("one"), self.digests("three"))

    def test_a_config_and_options_that_replace_its_values(self):
        (self.folder / "g.yaml").write_text(CONFIG)
        self.run_program("generate", "waveforms", "--config", "g.yaml", "--out", "a.h5")
        self.generate("b.h5")
        self.run_program("generate", "waveforms", "--config", "g.yaml", "--t-min", "-300", "--dtype", "float32", "--out", "c.h5")
        digests = self.digests()
        self.assertEqual(digests["a.h5"], digests["b.h5"])
        self.assertLess((self.folder / "c.h5").stat().st_size, (self.folder / "a.h5").stat().st_size / 2)
        (self.folder / "bad.yaml").write_text(CONFIG + "t_stop: 3\nshards: -1\n")
        _, err = self.run_program("generate", "waveforms", "--config", "bad.yaml", "--out", "d.h5", status=2)
        for text in ("bad.yaml:7", "t_stop", "bad.yaml:8", "shards"):
            self.assertIn(text, err)

    def test_the_published_grids_are_read_and_need_room(self):
        free = shutil.disk_usage(self.folder).free
        for name, size in (("train", 1.28e12), ("validation", 1.9e10), ("test", 1.6e11)):
            config = SOURCE / f"configs/waveform/generate_{name}.yaml"
            step = 0.1 * min(1, size / (2 * free))  # M; the files are at least twice as large as the room
            if step < 1.6e-4:
                continue  # a waveform would have more samples than are allowed: the file system has room for any file
            _, err = self.run_program("generate", "waveforms", "--config", config, "--t-step", step, "--out", "x.hdf5", status=74)
            self.assertIn("cannot write x.hdf5: it needs", err)
            self.assertIn("simulated_waveforms", err)
        self.assertEqual(self.names(), [])

    def test_other_settings_do_not_complete_a_set(self):
        self.generate("w.h5", "--shards", 3)
        before = self.digests()
        for change, text in ((("--shards", 3, "--dtype", "float32"), "dtype: float64 there, float32 here"),
                             (("--shards", 4), "a set of 3 files of this name is there already")):
            _, err = self.generate("w.h5", *change, status=78)
            self.assertIn(text, err)
            self.assertIn("another --out", err)
        self.assertEqual(self.digests(), before)

    def test_training_reads_the_set(self):
        self.generate("w.h5", "--shards", 3)
        (self.folder / "t.yaml").write_text("""
name: shards
data: {type: waveform_hdf5, train: "w-*.h5", t_min: -400, t_step: 0.5}
model: {type: wavenet, residual_channels: 4, gate_channels: 4, dilations: [1, 2], tail_channels: 4, keep_steps: 100, dense_units: 8}
loss: {type: waveform_mse}
training: {epochs: 1, global_batch: 4}
""")
        out, _ = self.run_program("check", "--config", "t.yaml")
        self.assertIn("448 training", out)
        (self.folder / "w-00001-of-00003.h5").unlink()
        _, err = self.run_program("check", "--config", "t.yaml", status=66)
        self.assertIn("1 of the 3 files of the set w.h5 are missing, such as w-00001-of-00003.h5", err)


if __name__ == "__main__":
    main()
