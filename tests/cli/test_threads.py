"""How many threads a run takes, and what it says where the system refuses them."""
import json
import os
import pathlib
import resource
import subprocess
import unittest

from harness import WAVEFORM, Case, main

USER = 12348  # of nobody else
V1 = pathlib.Path("/sys/fs/cgroup/cpu/hpcai_test_threads")


class Numbers(Case):
    def threads(self, *arguments, before=(), **env):
        """What info says, and how many threads one step of a training takes."""
        told = json.loads(self.run_program("info", "--json", env=env, **before_options(before))[0])["threads"]
        out, _ = self.run_program("bench", "--config", WAVEFORM, "--steps", 1, "--warmup", 1, *arguments, env=env, **before_options(before))
        return told, json.loads(out)["threads"]

    def test_the_affinity_mask_counts(self):
        one = min(os.sched_getaffinity(0))
        told, taken = self.threads(before=lambda: os.sched_setaffinity(0, {one}), OMP_NUM_THREADS="")
        self.assertEqual((told["affinity_mask_cores"], told["default"], taken), (1, 1, 1))
        self.assertGreaterEqual(told["machine_cores"], 1)

    def test_all_cores_without_limits(self):
        told, taken = self.threads(OMP_NUM_THREADS="")
        self.assertEqual(told["affinity_mask_cores"], len(os.sched_getaffinity(0)))
        self.assertEqual(told["default"], taken)
        self.assertLessEqual(taken, len(os.sched_getaffinity(0)))
        self.assertNotIn("OMP_NUM_THREADS", told["because"])

    def test_openmps_variable_counts_and_the_setting_comes_first(self):
        told, taken = self.threads(OMP_NUM_THREADS="3,2")
        self.assertEqual((told["default"], told["because"], taken), (3, "OMP_NUM_THREADS", 3))
        _, taken = self.threads("--set", "training.threads=2", OMP_NUM_THREADS="3")
        self.assertEqual(taken, 2)

    def test_bound_threads_are_left_to_openmps_library(self):
        told, taken = self.threads("--set", "training.threads=2", OMP_PROC_BIND="close")
        self.assertIn("libgomp", told["waiting"])
        self.assertEqual(taken, 2)

    def test_a_quota_counts(self):
        try:
            V1.mkdir()
            self.addCleanup(V1.rmdir)
            (V1 / "cpu.cfs_quota_us").write_text("100000")
        except OSError as error:
            self.skipTest(f"a quota needs root and cgroup v1: {error}")
        told, taken = self.threads(before=lambda: (V1 / "cgroup.procs").write_text(str(os.getpid())), OMP_NUM_THREADS="")
        self.assertEqual((told["cgroup_quota_cores"], told["default"], taken), (1.0, 1, 1))
        self.assertIn("hpcai_test_threads", told["because"] if len(os.sched_getaffinity(0)) > 1 else "hpcai_test_threads")


def before_options(before):
    return {"preexec_fn": before} if before else {}


@unittest.skipIf(os.geteuid() != 0, "needs root, to become a user with a limit of processes")
class ProcessLimit(Case):
    def limited(self, processes, *arguments):
        """Runs the program as a user that may have so many processes and threads."""
        self.folder.chmod(0o777)

        def become_user():
            resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
            os.setgroups([])
            os.setgid(USER)
            os.setuid(USER)

        process = self.start(*arguments, preexec_fn=become_user)
        try:
            _, err = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            self.fail(f"hangs with {processes} processes: {process.communicate()[1]}")
        return process.returncode, err

    def test_each_place_that_wants_a_thread_tells_of_the_limit(self):
        done = False
        for processes in range(1, 24):
            status, err = self.limited(processes, "--config", WAVEFORM, "--set", "training.threads=4", "--set", "loader.threads=2",
                                       "--set", "training.max_steps=2", "--run-dir", f"run{processes}")
            done = status == 0
            if done:
                break
            self.assertEqual(status, 2, f"{processes} processes: {err}")
            for words in ("ulimit -u is", "pids.max", "training.threads", "loader.threads"):
                self.assertIn(words, err)
            self.assertNotIn("internal error", err)
        self.assertTrue(done, "enough processes are enough")

    def test_with_ranks(self):
        for processes in (1, 2, 4, 5):
            status, err = self.limited(processes, "--nproc", 2, "--config", WAVEFORM, "--set", "training.threads=1", "--set",
                                       "training.max_steps=2", "--run-dir", f"ranks{processes}")
            self.assertEqual(status, 2, f"{processes} processes: {err}")
            self.assertIn("ulimit -u is", err)

    def test_other_commands(self):
        for command in (["generate", "galaxies", "--count", 8, "--size", 16, "--out", "g.h5", "--threads", 8], ["evaluate"], ["bench"]):
            if command[0] != "generate":
                command += ["--config" if command[0] == "bench" else "--run-dir", WAVEFORM if command[0] == "bench" else "none"]
            status, err = self.limited(1, *command)
            self.assertIn(status, (2, 66), err)
            self.assertNotIn("internal error", err)
            self.assertNotIn("terminate", err)


if __name__ == "__main__":
    main()
