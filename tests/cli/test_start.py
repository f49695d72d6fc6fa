"""bin/hpcai-train answers without LibTorch what needs none, and becomes libexec/hpcai-train for all else."""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

from harness import PROGRAM, WAVEFORM, Case, environment, main

FOLDER = pathlib.Path(PROGRAM).resolve().parent.parent
WHOLE = FOLDER / "libexec" / "hpcai-train"
NO_TENSOR = (("--help",), ("-h",), ("--version",), ("predict", "--help"), ("generate", "galaxies", "-h"), ("keys",), ("keys", "optimizer"),
             ("keys", "--json"), ("keys", "--schema"), ("info",), ("info", "--json"), ("info", "--system"),
             ("info", "--system", "--json"), ("man",), ("completion", "bash"), ("completion", "zsh"),
             ("completion", "fish"), ("explain", "optimizer.lr"), ("explain", "training.stages[0].epochs"), ("explain", "optimizer"))
OF_RUNS = (("status", "runs/one run"), ("runs", "list"), ("runs", "list", "--json"), ("runs", "list", "--where", "optimizer.lr<0.1"),
           ("runs", "list", "runs", "--sort", "-validation.loss", "--columns", "training.stages[].epochs,status"),
           ("runs", "show", "runs/one run"), ("runs", "diff", "runs/one run", "runs/b"), ("runs", "compare", "runs/one run", "runs/b"),
           ("runs", "compare", "runs/one run", "runs/b", "--json"))


class Start(Case):
    def libraries(self, *arguments, status=0):
        """The libraries that the dynamic loader opens."""
        self.run_program(*arguments, status=status, env={"LD_DEBUG": "files", "LD_DEBUG_OUTPUT": str(self.folder / "loader")})
        traces = list(self.folder.glob("loader.*"))
        found = {name for trace in traces for name in re.findall(r"calling init: .*/([^/\s]+)", trace.read_text())}
        for trace in traces:
            trace.unlink()
        return found

    def answer_of(self, program, *arguments):
        done = subprocess.run([program, *arguments], cwd=self.folder, env=environment(), text=True, capture_output=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def copy_of_the_start(self):
        """bin/hpcai-train in a folder of its own."""
        program = self.folder / "copy" / "bin" / "hpcai-train"
        program.parent.mkdir(parents=True)
        shutil.copy(PROGRAM, program)
        return program

    def make_runs(self):
        for name, rate in (("one run", 0.1), ("b", 0.01)):
            run = self.folder / "runs" / name
            run.mkdir(parents=True)
            (run / "config.yaml").write_text(f"name: x\noptimizer:\n  type: adam\n  lr: {rate}\ntraining:\n  threads: {len(name)}\n  stages:\n    - epochs: 2\n")
            (run / "summary.json").write_text(json.dumps({"status": "finished", "steps": 5, "validation": {"loss": 1 + rate}}))
            (run / "status.json").write_text(json.dumps({"status": "finished", "step": 5, "total_steps": 5}))

    def test_what_needs_no_tensor_loads_no_libtorch(self):
        self.make_runs()
        for arguments in NO_TENSOR + OF_RUNS:
            with self.subTest(arguments=arguments):
                libraries = self.libraries(*arguments)
                self.assertIn("libc.so.6", libraries, "the trace of the loader was read")
                self.assertEqual([name for name in libraries if re.match("libtorch|libc10|libhdf5", name)], [])
        self.assertIn("libtorch_cpu.so", self.libraries("check", "--config", WAVEFORM))

    def test_both_executables_give_the_same_answers(self):
        names = re.findall(r"^  ([a-z][a-z-]+) ", self.run_program("--help")[0].split("Subcommands:")[1], re.M)
        self.assertIn("evaluate", names)
        changing = "info", "info --json", "info --system", "info --system --json"  # they hold the time, or the available memory
        self.make_runs()
        questions = [list(words) for words in NO_TENSOR + OF_RUNS if " ".join(words) not in changing] + [[name, "--help"] for name in names]
        questions += [["keys", "nonsense"], ["keys", "--nonsense"], ["--nonsense"], ["keys", "a", "b"], ["runs"], ["runs", "--help"],
                      ["runs", "list", "-h"], ["runs", "list", "--nonsense"], ["runs", "list", "nowhere"], ["runs", "show"], ["runs", "nonsense"],
                      ["runs", "list", "--where", "optimizer.lrr<1"], ["runs", "list", "--sort", "validation.los"], ["status"], ["status", "runs"],
                      ["status", "nowhere"], ["runs", "list", "runs/b", "status", "runs/one run"], ["explain"], ["explain", "nonsense"],
                      ["explain", "optimizer.lr", "--json"], ["completion", "tcsh"]]
        for words in questions:
            with self.subTest(words=words):
                self.assertEqual(self.answer_of(PROGRAM, *words), self.answer_of(WHOLE, *words))
        quick, whole = (json.loads(self.answer_of(program, "info", "--json")[1]) for program in (PROGRAM, WHOLE))
        self.assertEqual({**quick, "started": ""}, {**whole, "started": ""})
        quick, whole = (json.loads(self.answer_of(program, "info", "--system", "--json")[1]) for program in (PROGRAM, WHOLE))
        self.assertEqual({**quick, "available_memory_bytes": 0}, {**whole, "available_memory_bytes": 0})

    def test_what_does_not_fit_on_this_machine_is_told_with_a_remedy(self):
        few = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.assertNotIn("openmp", [f["about"] for f in json.loads(self.run_program("info", "--system", "--json", env=few)[0])["findings"]])
        many = {"OMP_NUM_THREADS": "1000", "MKL_NUM_THREADS": "2"}
        facts = json.loads(self.run_program("info", "--system", "--json", env=many)[0])
        found = [finding["problem"] for finding in facts["findings"] if finding["about"] == "openmp"]
        self.assertEqual(len(found), 2, found)
        self.assertIn("1000 threads", found[0])
        text, _ = self.run_program("info", "--system", env=many)
        for finding in facts["findings"]:
            self.assertIn(f"- {finding['problem']}\n  {finding['remedy']}\n", text)
        self.assertIn(f"{facts['cores']['machine']} online", text)
        self.assertEqual(facts["glibc"], os.confstr("CS_GNU_LIBC_VERSION").split()[1])
        self.assertEqual(facts["cores"]["affinity_mask"], len(os.sched_getaffinity(0)))
        self.assertEqual(facts["mpirun"] is None, shutil.which("mpirun") is None)
        self.assertIn(self.run_program("info", "--system", "--config", WAVEFORM, status=2)[1].split(".")[0], "error: --config excludes --system")

    def test_a_limit_of_instructions_reaches_all_that_computes(self):
        facts = json.loads(self.run_program("info", "--system", "--json")[0])
        if not {"avx2", "fma"} <= set(facts["instruction_sets"]):
            self.skipTest("SKIPPED: this processor has no AVX2")
        limits = (("avx2", "AVX2", "AVX2", "AVX2"), ("default", "SSE4", "DEFAULT", "SSE4_2"))
        for value, kernels, libtorch, mkl in limits:
            with self.subTest(value=value):
                limited = {"ATEN_CPU_CAPABILITY": value}
                self.assertEqual(json.loads(self.run_program("info", "--system", "--json", env=limited)[0])["instruction_set_in_use"], value)
                self.run_program("--config", WAVEFORM, "--run-dir", value, "--set", "training.max_steps=2", env=limited)
                recorded = json.loads((self.folder / value / "environment.json").read_text())
                self.assertEqual(recorded["instruction_sets"], {"kernels": kernels, "tiles": "none", "libtorch": libtorch})
                self.assertEqual(recorded["variables"]["ATEN_CPU_CAPABILITY"], value)
                self.assertEqual(recorded["variables"]["MKL_ENABLE_INSTRUCTIONS"], mkl)
        self.assertIn("computes with", self.run_program("info", "--system")[0])

    def test_a_program_that_hangs_is_asked_in_vain(self):
        for name, lines in (("mpirun", "trap '' TERM\nsleep 1000"), ("sinfo", "echo slurm 22.05.8; exit 1")):
            (self.folder / name).write_text(f"#!/bin/sh\n{lines}\n")
            (self.folder / name).chmod(0o755)
        facts = json.loads(self.run_program("info", "--system", "--json", env={"PATH": f"{self.folder}:{os.environ['PATH']}"})[0])
        self.assertEqual(facts["mpirun"], {"path": str(self.folder / "mpirun"), "version": None})
        self.assertEqual(facts["slurm"], {"path": str(self.folder / "sinfo"), "version": None})

    def test_a_folder_that_was_removed_has_no_file_system(self):
        done = subprocess.run(["sh", "-c", 'mkdir gone && cd gone && rmdir ../gone && exec "$0" info --system --json', PROGRAM], cwd=self.folder,
                              env=environment(), text=True, capture_output=True, timeout=120)
        facts = json.loads(done.stdout)
        self.assertEqual((facts["folder"], facts["file_system"], facts["locks"]), ("", "unknown", None))

    def test_without_the_whole_program_the_start_says_so(self):
        program = self.copy_of_the_start()
        self.assertEqual(self.answer_of(program, "keys", "loader")[0], 0)
        status, out, err = self.answer_of(program, "check", "--config", str(WAVEFORM))
        self.assertEqual((status, out), (66, ""))
        self.assertIn(f"cannot start {self.folder}/copy/libexec/hpcai-train: No such file or directory", err)
        self.assertIn("side by side", err)
        whole = self.folder / "copy" / "libexec" / "hpcai-train"
        whole.mkdir(parents=True)
        self.assertIn("Permission denied", self.answer_of(program, "check", "--config", str(WAVEFORM))[2])

    def test_a_link_to_the_program_finds_the_whole_program(self):
        link = self.folder / "hpcai"
        link.symlink_to(PROGRAM)
        self.assertEqual(self.answer_of(link, "check", "--config", str(WAVEFORM), "--quick")[0], 0)

    def test_the_process_and_its_arguments_stay_the_same(self):
        """A config from a pipe is read once, by the process that was started."""
        pipe = self.folder / "config.yaml"
        os.mkfifo(pipe)
        process = self.start("check", "--config", pipe, "--quick")
        with open(pipe, "w") as config:  # waits for the reader
            self.assertEqual(pathlib.Path(f"/proc/{process.pid}/exe").resolve(), WHOLE)
            words = pathlib.Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")[:-1]
            self.assertEqual(words, [os.fsencode(word) for word in (PROGRAM, "check", "--config", str(pipe), "--quick")])
            config.write(WAVEFORM.read_text())
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, out + err)

    def test_what_the_program_writes_names_the_start(self):
        script, _ = self.run_program("plan", "--config", WAVEFORM, "--nodes", "2", "--ranks-per-node", "2", "--script")
        self.assertIn(str(FOLDER / "bin" / "hpcai-train"), script)
        self.assertNotIn("libexec", script)

    def test_a_signal_waits_until_the_whole_program_heeds_it(self):
        def blocked():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

        process = self.start("--config", WAVEFORM, "--run-dir", "run", preexec_fn=blocked)
        process.send_signal(signal.SIGTERM)  # pending from the first moment
        _, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75, err)
        self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    main()
