"""A training whose ranks are stopped, or do not agree on what they train."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess

from harness import PROGRAM, SOURCE, WAVEFORM, Case, children_of, free_port, main

THREE = ("--set", "training.global_batch=6", "--set", "checkpoint.every_steps=5")
TIMEOUT = ("--set", "distributed.timeout_s=8")


class LostRanks(Case):
    def test_a_stopped_rank_is_named_and_the_run_can_be_resumed_exactly(self):
        self.train(WAVEFORM, "undisturbed", "--nproc", 3, *THREE)
        for victim in (0, 1):
            run = f"run{victim}"
            children = []

            def stop_one(process):
                children[:] = children_of(process.pid)
                if len(children) == 3:
                    os.kill(children[victim], signal.SIGSTOP)
            status, err = self.interrupt(run, 12, "--config", WAVEFORM, "--run-dir", run, "--nproc", 3, *THREE, *TIMEOUT, by=stop_one)
            self.assertEqual(status, 69, err)
            survivors = [line for line in err.splitlines() if f"rank {victim} (host {socket.gethostname()}, process {children[victim]}), in " in line]
            self.assertEqual(len(survivors), 2, err)
            for line in survivors:
                self.assertRegex(line, r" of step \d+, was lost: no sign of life for ")
            for child in children:
                self.assertFalse(pathlib.Path(f"/proc/{child}").exists(), "no rank is left behind")
            self.train(WAVEFORM, run, "--nproc", 3, *THREE, "--resume", "require")
            self.assertEqual(self.summary(run)["weights_sha256"], self.summary("undisturbed")["weights_sha256"])

    def outcomes(self, *each, programs=(PROGRAM, PROGRAM)):
        """Two ranks of a launcher that gives each its own arguments; statuses and outputs."""
        port, processes = free_port(), []
        for rank, arguments in enumerate(each):
            env = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "OMPI_", "PMI_", "HPCAI_RANK"))}
            env.update(RANK=str(rank), WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
            processes.append(subprocess.Popen([programs[rank], "--config", str(WAVEFORM), *map(str, arguments)], cwd=self.folder, env=env, text=True,
                                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT))
        texts = []
        for process in processes:
            try:
                texts.append(process.communicate(timeout=120)[0])
            finally:
                process.kill()
        return [process.returncode for process in processes], texts

    def assert_refused(self, statuses, texts, *words):
        self.assertEqual(statuses, [76, 76], texts)
        for word in words:
            self.assertIn(word, texts[0])
        self.assertFalse((self.folder / "run").exists(), "nothing was written")

    def test_ranks_with_different_configs_are_named(self):
        same = ["--run-dir", "run", "--set", "training.max_steps=2"]
        statuses, texts = self.outcomes(same, [*same, "--set", "optimizer.lr=0.02"])
        self.assert_refused(statuses, texts, "rank 1", "optimizer.lr: 0.01 on rank 0, 0.02 on rank 1")

    def test_ranks_with_other_times_of_exchanges_are_named(self):
        same = ["--run-dir", "run", "--set", "training.max_steps=2"]
        for setting, word in (("distributed.check_every_steps=5", "check_every_steps 5"), ("training.on_divergence=skip", "on_divergence skip")):
            statuses, texts = self.outcomes(same, [*same, "--set", setting])
            self.assert_refused(statuses, texts, "rank 1", word)

    def test_what_does_not_change_the_result_may_differ(self):
        same = ["--run-dir", "run", "--set", "training.max_steps=2"]
        statuses, texts = self.outcomes(same, [*same, "--set", "loader.threads=2"])
        self.assertEqual(statuses, [0, 0], texts)

    def test_ranks_with_different_builds_are_named(self):
        build = pathlib.Path(PROGRAM).resolve().parent.parent
        (self.folder / ".deps").symlink_to(SOURCE / ".deps")  # the program finds LibTorch from its own place
        for folder in "bin", "libexec":
            (self.folder / "build" / folder).mkdir(parents=True)
            shutil.copy(build / folder / "hpcai-train", self.folder / "build" / folder)
        other = self.folder / "build" / "bin" / "hpcai-train"
        with (self.folder / "build" / "libexec" / "hpcai-train").open("ab") as file:
            file.write(b"\0")
        same = ["--run-dir", "run", "--set", "training.max_steps=2"]
        statuses, texts = self.outcomes(same, same, programs=(PROGRAM, str(other)))
        self.assert_refused(statuses, texts, "different builds: rank 1 of 2 differs", "commit")

    def test_ranks_that_resume_and_ranks_that_do_not_are_named(self):
        same = ["--run-dir", "run", "--set", "training.max_steps=2"]
        statuses, texts = self.outcomes(same, [*same, "--resume", "auto"])
        self.assert_refused(statuses, texts, "different options", "--resume never", "--resume auto")


if __name__ == "__main__":
    main()
