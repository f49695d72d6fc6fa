"""Standard streams that are closed, full, or read by somebody who goes away."""
import os
import subprocess

from harness import PROGRAM, WAVEFORM, Case, environment, main

HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"
SHORT = "--set training.max_steps=3"


class Streams(Case):
    def shell(self, script, timeout=120):
        """Runs a bash script that knows the program as $H, a config as $C and what makes a training short as $S."""
        env = environment(H=PROGRAM, C=str(WAVEFORM), S=SHORT)
        return subprocess.run(["bash", "-c", script], cwd=self.folder, env=env, text=True, capture_output=True, timeout=timeout)

    def status(self, script):
        done = self.shell(f"{script}\necho status $?")
        return int(done.stdout.rsplit("status ", 1)[1]), done.stderr

    def test_a_file_is_whole_whichever_streams_are_closed(self):
        for closed in ("2>&-", ">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"):
            with self.subTest(closed=closed):
                status, _ = self.status(f"rm -f g.h5; $H generate galaxies --count 8 --size 16 --out g.h5 {closed}")
                self.assertEqual(status, 0)
                self.assertEqual((self.folder / "g.h5").read_bytes()[:8], HDF5_SIGNATURE)

    def test_a_training_without_streams_is_like_any_other(self):
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                run = self.folder / f"run{ranks}"
                status, _ = self.status(f"$H --config $C $S --nproc {ranks} --run-dir {run} <&- >&- 2>&-")
                self.assertEqual(status, 0)
                self.assertEqual(self.summary(run)["status"], "finished")
                for file in [*run.rglob("*.json*"), *run.glob("*.yaml"), *run.rglob("*.safetensors")]:
                    self.assertNotIn(b"hpcai-train 0", file.read_bytes()[:12], file)
                self.assertIn("done", (run / "log.txt").read_text())

    def test_a_full_disk_behind_the_output_is_74_for_every_command(self):
        self.train(WAVEFORM, "run", *SHORT.split())
        commands = ("keys", "keys --json", "keys --schema", "--help", "--version", "predict --help", "info", "info --json",
                    "info --config $C --json", "check --config $C", "check --config $C --json", "evaluate --run-dir run --json",
                    "plan --config $C --nodes 2 --ranks-per-node 2", "plan --config $C --nodes 2 --ranks-per-node 2 --script")
        for command in commands:
            with self.subTest(command=command):
                status, err = self.status(f"$H {command} > /dev/full")
                self.assertEqual(status, 74, err)
                self.assertIn("cannot write to the standard output: No space left on device", err)
        status, err = self.status("$H keys --nonsense > /dev/full")
        self.assertEqual(status, 2, "the first failure counts")
        status, err = self.status("$H keys >&-")
        self.assertEqual(status, 74, err)
        self.assertIn("it is closed", err)

    def test_a_reader_of_the_output_that_goes_away_is_no_failure(self):
        for command in ("keys", "keys --schema", "--help", "info --json"):
            with self.subTest(command=command):
                done = self.shell(f"$H {command} | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}")
                self.assertEqual(done.stdout.strip(), "0")
                self.assertEqual(done.stderr, "")

    def test_a_reader_of_the_log_that_goes_away_ends_no_rank(self):
        for ranks in (1, 2):
            with self.subTest(ranks=ranks):
                run = self.folder / f"run{ranks}"
                done = self.shell(f"$H --config $C --nproc {ranks} --run-dir {run} 2>&1 | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}")
                self.assertEqual(done.stdout.strip(), "0")
                self.assertEqual(self.summary(run)["status"], "finished")
                self.assertIn("done", (run / "log.txt").read_text())

    def test_a_full_disk_behind_the_log_ends_nothing(self):
        status, _ = self.status(f"$H --config $C $S --run-dir run 2> /dev/full")
        self.assertEqual(status, 0)
        self.assertIn("done", (self.folder / "run" / "log.txt").read_text())

    def test_failures_keep_their_status_without_streams(self):
        status, _ = self.status("$H --config none.yaml >&- 2>&-")
        self.assertEqual(status, 66)


if __name__ == "__main__":
    main()
