"""A run goes on with the data that it began with, or not at all."""
import shutil
import subprocess

from harness import GALAXY, PROGRAM, Case, environment, free_port, main
from pictures import GALAXY_CONFIG, WAVEFORM_CONFIG, catalogue, make_images, rewrite_state

LABELS = ["elliptical", "spiral"] * 4


class DataIdentity(Case):
    def waveforms(self, out, mass_ratio="1:5:0.25", spin1="0.1"):
        self.run_program("generate", "waveforms", "--mass-ratio", mass_ratio, "--spin1", spin1, "--spin2", "0", "--t-min", "-100", "--t-max",
                         "28", "--t-step", "2", "--out", out)

    def refuse(self, *arguments, contains):
        _, err = self.train(*arguments, status=78)
        for text in contains:
            self.assertIn(text, err)
        self.assertIn("--run-dir", err, "the remedy")
        return err

    def test_waveforms(self):
        (self.folder / "w.yaml").write_text(WAVEFORM_CONFIG)
        self.waveforms("good.h5")
        self.waveforms("seven.h5", "1:2.75:0.25")
        self.waveforms("spins.h5", spin1="0.2")
        self.waveforms("same.h5")
        resume = ("w.yaml", "r", "--resume", "auto")
        shutil.copy(self.folder / "good.h5", self.folder / "d.h5")
        self.train(*resume)
        shutil.copy(self.folder / "seven.h5", self.folder / "d.h5")
        self.refuse(*resume, contains=["training data: 16 samples then, 7 now"])
        self.refuse(*resume, "--nproc", "2", contains=["training data: 16 samples then, 7 now"])
        shutil.copy(self.folder / "spins.h5", self.folder / "d.h5")
        self.refuse(*resume, contains=["training data: 16 samples, whose labels and contents have changed"])
        shutil.copy(self.folder / "same.h5", self.folder / "d.h5")
        self.train(*resume)
        self.train(*resume, "--nproc", "2")

    def test_ranks_that_see_other_data_are_named(self):
        for rank, spin in enumerate(("0.1", "0.2")):
            (self.folder / f"host{rank}").mkdir()
            (self.folder / f"host{rank}" / "w.yaml").write_text(WAVEFORM_CONFIG)
            self.waveforms(f"host{rank}/d.h5", spin1=spin)
        port, processes = free_port(), []
        for rank in (0, 1):
            env = environment(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            processes.append(subprocess.Popen([PROGRAM, "--config", "w.yaml", "--run-dir", "r"], cwd=self.folder / f"host{rank}", env=env,
                                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        errors = [process.communicate(timeout=120)[1] for process in processes]
        self.assertEqual([process.returncode for process in processes], [76, 76], errors)
        self.assertIn("the ranks have different labels of the training samples: rank 1 of 2 differs from rank 0", errors[0])
        self.assertFalse((self.folder / "host0" / "r").exists(), "nothing was written")

    def test_a_folder_of_images(self):
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        make_images(self.folder / "im")
        labels = self.folder / "im" / "labels.csv"
        resume = ("f.yaml", "r", "--resume", "auto")
        labels.write_text(catalogue(LABELS))
        self.train(*resume)
        labels.write_text(catalogue(LABELS).replace("\n", "\r\n"))
        self.train(*resume)
        labels.write_text(catalogue(LABELS[:6]))
        self.refuse(*resume, contains=["8 samples then, 6 now"])
        labels.write_text(catalogue(LABELS[::-1]))
        self.refuse(*resume, contains=["8 samples, whose labels have changed"])
        labels.write_text(catalogue([label.replace("spiral", "barred") for label in LABELS]))
        self.refuse(*resume, contains=["classes: [elliptical, spiral] then, [barred, elliptical] now"])
        labels.write_text(catalogue(LABELS))
        (self.folder / "im" / "g3.png").write_bytes((self.folder / "im" / "g5.png").read_bytes())
        self.refuse(*resume, contains=["8 samples, whose contents have changed"])

    def test_validation_data_count_too(self):
        (self.folder / "f.yaml").write_text(GALAXY_CONFIG)
        make_images(self.folder / "im")
        labels = self.folder / "im" / "labels.csv"
        resume = ("f.yaml", "r", "--resume", "auto", "--set", "data.split_column=split")
        splits = ["train"] * 5 + ["validation", "validation", "test"]
        labels.write_text(catalogue(LABELS, splits))
        self.train(*resume)
        labels.write_text(catalogue(LABELS[:7] + ["elliptical"], splits))
        self.train(*resume)
        labels.write_text(catalogue(LABELS, ["train"] * 5 + ["validation", "test", "test"]))
        self.refuse(*resume, contains=["validation data: 2 samples then, 1 now"])

    def test_a_checkpoint_of_an_older_program_goes_on(self):
        self.train(GALAXY, "r", "--set", "training.max_steps=2")
        def forget(state):
            del state["card"]
        rewrite_state((self.folder / "r" / "checkpoints" / "last").resolve(), forget)
        _, err = self.train(GALAXY, "r", "--set", "training.max_steps=2", "--resume", "auto")
        self.assertIn("older program", err)


if __name__ == "__main__":
    main()
