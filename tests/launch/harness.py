"""Launchers of every kind for the same training, and what each of them needs."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_port  # in tests/

PROGRAM = os.environ["HPCAI_TRAIN"]
SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
CONFIG = SOURCE / "tests" / "cli" / "configs" / "waveform.yaml"
SETTINGS = ("--set", "training.threads=1", "--set", "training.max_steps=12")
LAUNCHER_VARIABLES = ("SLURM_", "OMPI_", "PMI", "RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_", "TORCHELASTIC_", "HPCAI_RANK")
SKIPPED = 77  # what ctest takes for a skipped test


def environment(**extra):
    env = {k: v for k, v in os.environ.items() if not k.startswith(LAUNCHER_VARIABLES)}
    return {**env, "OMP_NUM_THREADS": "1", "PATH": env["PATH"] + ":/usr/sbin:/sbin", **extra}


def main(reason_to_skip=None):
    if reason_to_skip:
        print(f"SKIPPED: {reason_to_skip}")
        sys.exit(SKIPPED)
    unittest.main()


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-launch-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.references = {}

    def training(self, run, *arguments):
        return [PROGRAM, "--config", str(CONFIG), "--run-dir", str(self.folder / run), *SETTINGS, *arguments]

    def run_all(self, commands, status=0, timeout=120):
        """Runs (command, environment) side by side; returns what they wrote."""
        processes = [subprocess.Popen(command, env=env, text=True, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                      start_new_session=True) for command, env in commands]
        try:
            outputs = [process.communicate(timeout=timeout)[0] for process in processes]
        finally:
            for process in processes:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
                    process.communicate()
        for process, output in zip(processes, outputs):
            if status is not None:
                self.assertEqual(process.returncode, status, "\n".join(outputs))
        return outputs

    def result(self, run):
        summary = json.loads((self.folder / run / "summary.json").read_text())
        self.assertEqual(summary["steps"], 12)
        return summary["world_size"], summary["weights_sha256"]

    def reference(self, ranks):
        """World size and hash of the weights with --nproc."""
        if ranks not in self.references:
            self.run_all([(self.training(f"nproc-{ranks}", "--nproc", str(ranks)), environment())])
            self.references[ranks] = self.result(f"nproc-{ranks}")
            self.assertEqual(self.references[ranks][0], ranks)
        return self.references[ranks]
