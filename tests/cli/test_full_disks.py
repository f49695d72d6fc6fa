"""Calls that fail once, for a while, or for ever while a run writes: one failure ends no run."""
import concurrent.futures
import errno
import hashlib
import json
import os
import re
import shutil
import time

from harness import WAVEFORM, main
from trouble import TroubledCase, name_of

STEPS = 16
ARGUMENTS = ("--set", f"training.max_steps={STEPS}", "--set", "checkpoint.every_steps=2", "--set", "checkpoint.keep=1")
ERRORS = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS)
RUNS_AT_ONCE = 6  # mostly they wait before they try again


def is_of_a_save(kind):
    function, path = kind
    return path.startswith("/checkpoints") and kind != ("mkdir", "/checkpoints")


class FullDisks(TroubledCase):
    def kinds(self):
        """The calls of a training that write: functions and paths, in which N stands for each number. Leaves the folder `whole` of a
        training without trouble."""
        trace = self.folder / "trace"
        self.train(WAVEFORM, "whole", *ARGUMENTS, env=self.trouble("whole", trace=trace))
        calls = [line.split(" ", 2)[1:] for line in trace.read_text().splitlines()]
        under = len(str(self.folder / "whole"))
        kinds = dict.fromkeys((function, re.sub(r"\d+", "N", path[under:])) for function, path in calls)
        return [kind for kind in kinds if kind[0] != "opendir" or "/checkpoints/" in kind[1]]  # above that folders are only read

    def train_beside(self, name, kind, error, times):
        """A training in which the first calls of a kind fail. It must end like the one in `whole`. Returns its log."""
        where = f"{name_of(error)}, {times} times, in {kind}"
        self.train(WAVEFORM, name, *ARGUMENTS, env=self.trouble(name, fail_at=(*kind, error, times)))
        self.assertEqual(self.summary(name)["weights_sha256"], self.summary("whole")["weights_sha256"], where)
        self.assertEqual([line["step"] for line in self.metrics(name)], list(range(1, STEPS + 1)), where)
        checkpoint = self.folder / name / "checkpoints" / f"step-{STEPS:08d}"
        for file, record in json.loads((checkpoint / "manifest.json").read_text())["files"].items():
            self.assertEqual(hashlib.sha256((checkpoint / file).read_bytes()).hexdigest(), record["sha256"], where)
        log = (self.folder / name / "log.txt").read_text()
        self.assertIn("done", log, where)
        shutil.rmtree(self.folder / name)
        return log

    def in_parallel(self, attempt, cases):
        with concurrent.futures.ThreadPoolExecutor(RUNS_AT_ONCE) as pool:
            return list(pool.map(attempt, range(len(cases)), cases))

    def test_no_single_call_that_fails_ends_a_run(self):
        kinds = [kind for kind in self.kinds() if not is_of_a_save(kind)]
        self.assertGreater(len(kinds), 15, "the shim sees the calls")
        self.in_parallel(lambda i, kind: self.train_beside(f"run{i}", kind, (errno.EIO, errno.ENOSPC)[i % 2], 1), kinds)

    def test_every_call_of_a_save_may_fail(self):
        """A call fails five times, so that its save fails as well: core/attempts.h makes four attempts. Prints the table of
        docs/reliability.md."""
        kinds = [kind for kind in self.kinds() if is_of_a_save(kind)]
        self.assertGreater(len(kinds), 20, "the shim sees the calls")
        logs = self.in_parallel(lambda i, case: self.train_beside(f"run{i}", *case, 5), [(kind, error) for kind in kinds for error in ERRORS])

        def outcome(log, error):
            return "again" if "Training goes on" in log else "told" if os.strerror(error) in log else "saved"

        outcomes = [outcome(log, ERRORS[i % len(ERRORS)]) for i, log in enumerate(logs)]
        print("\n| call | file | " + " | ".join(map(name_of, ERRORS)) + " |\n|---|---|" + "---|" * len(ERRORS))
        for (function, path), row in zip(kinds, zip(*[iter(outcomes)] * len(ERRORS))):
            print(f"| {function} | `{path[1:]}` | " + " | ".join(row) + " |")

    def train_while_full(self, ranks, error, *arguments):
        """Starts a training whose disk is full from step 3 on, until the file `flag` goes."""
        flag = self.folder / "flag"
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--nproc", str(ranks), "--set", "checkpoint.every_steps=2", *arguments,
                             env=self.trouble("run", while_exists=(flag, error)))
        self.wait_for_step("run", 3, process)
        self.wait_for_checkpoints("run", 1, process)
        flag.touch()
        return process, flag

    def test_training_goes_on_while_the_disk_is_full(self):
        for ranks, error in ((1, errno.ENOSPC), (2, errno.EIO)):
            with self.subTest(ranks=ranks, error=name_of(error)):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                steps = 400
                process, flag = self.train_while_full(ranks, error, "--set", f"training.max_steps={steps}", "--set", "training.epochs=400")
                time.sleep(3)
                flag.unlink()
                _, err = process.communicate(timeout=120)
                self.assertEqual(process.returncode, 0, err)
                self.assertIn("Training goes on", err)
                self.assertEqual([line["step"] for line in self.metrics("run")], list(range(1, steps + 1)), "no line is lost")
                self.assertEqual(self.summary("run")["status"], "finished")
                self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last")
                self.assertIn("Training goes on", (self.folder / "run" / "log.txt").read_text(), "the log caught up")

    def test_a_disk_that_stays_full_ends_all_ranks_with_74_and_the_last_checkpoint_stays(self):
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                process, flag = self.train_while_full(ranks, errno.ENOSPC, "--set", "checkpoint.max_unsaved_s=2", "--set",
                                                      "training.epochs=100000")
                _, err = process.communicate(timeout=120)
                flag.unlink()
                self.assertEqual(process.returncode, 74, err)
                self.assertIn("checkpoint.max_unsaved_s", err)
                self.assertIn("No space left on device", err)
                self.assertRegex(err, r"the last checkpoint on disk is of step \d+")
                self.train(WAVEFORM, "run", "--resume", "require", "--set", "training.epochs=100000", "--set", "training.max_steps=1", status=78)
                self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last")

    def test_a_folder_whose_entries_cannot_be_made_durable_is_no_place_for_a_run(self):
        _, err = self.train(WAVEFORM, "run", *ARGUMENTS, status=74, env=self.trouble("run", refuse={"fsyncdir": errno.EIO}))
        self.assertIn("cannot make durable the folder run: Input/output error", err)

    def wait_for_log(self, run, text):
        log = self.folder / run / "log.txt"
        end = time.monotonic() + 60
        while text not in log.read_text():
            self.assertLess(time.monotonic(), end, f"no '{text}' in {log.read_text()}")
            time.sleep(0.05)

    def test_a_run_folder_that_is_moved_takes_no_checkpoints_elsewhere_and_goes_on_when_it_is_back(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--set", "checkpoint.every_steps=2", "--set", "training.epochs=100000")
        self.wait_for_step("run", 3, process)
        (self.folder / "run").rename(self.folder / "moved")
        self.wait_for_log("moved", "was moved, removed or replaced")
        self.assertFalse((self.folder / "run").exists())
        (self.folder / "run" / "checkpoints").mkdir(parents=True)
        time.sleep(2)
        self.assertEqual(list((self.folder / "run").rglob("*")), [self.folder / "run" / "checkpoints"], "another folder is left alone")
        shutil.rmtree(self.folder / "run")
        (self.folder / "moved").rename(self.folder / "run")
        self.wait_for_log("run", "is saved")
        process.terminate()
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        lines = [line["step"] for line in self.metrics("run")]
        self.assertEqual(lines, list(range(1, len(lines) + 1)), "no line is lost")
        self.train(WAVEFORM, "run", "--resume", "require", "--set", "training.epochs=100000", "--set", "training.max_steps=1", status=78)

    def test_status_tells_that_saving_fails_and_a_run_whose_checkpoints_do_not_come_back_ends(self):
        process = self.start("--config", WAVEFORM, "--run-dir", "run", "--set", "checkpoint.every_steps=2", "--set", "training.epochs=100000",
                             "--set", "checkpoint.max_unsaved_s=3")
        self.wait_for_step("run", 3, process)
        (self.folder / "run" / "checkpoints").rename(self.folder / "moved")
        self.wait_for_log("run", "was moved, removed or replaced")
        status = {"status": "running"}
        end = time.monotonic() + 60
        while status["status"] == "running" and time.monotonic() < end:
            status = json.loads((self.folder / "run" / "status.json").read_text())
        self.assertEqual(status["status"], "saving failed")
        self.assertIn("was moved, removed or replaced", status["error"])
        self.assertIsNotNone(status["unsaved_since"])
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 74, err)
        self.assertIn("checkpoint.max_unsaved_s", err)
        self.assertEqual(json.loads((self.folder / "run" / "status.json").read_text())["status"], "failed")
        self.assertFalse((self.folder / "run" / "checkpoints").exists())

    def test_a_run_that_ends_on_a_full_disk_tells_what_is_missing(self):
        process, flag = self.train_while_full(1, errno.ENOSPC, "--set", "training.max_steps=30", "--set", "checkpoint.max_unsaved_s=4")
        _, err = process.communicate(timeout=120)
        flag.unlink()
        self.assertEqual(process.returncode, 74, err)
        self.assertRegex(err, r"(step \d+ could not be saved|max_unsaved_s)")
        self.run_program("evaluate", "--run-dir", "run", "--checkpoint", "last")


if __name__ == "__main__":
    main()
