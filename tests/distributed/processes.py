"""Ranks as processes with an environment of their own, for tests that need sockets or network namespaces beside them."""
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from ports import free_port  # in tests/

RANKS = os.environ["HPCAI_RANKS"]
LAUNCHER_VARIABLES = ("SLURM_", "OMPI_", "PMI_", "RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_", "HPCAI_", "TORCHELASTIC_")
SKIPPED = 77


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-ranks-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, rank, size, port, words, prefix=(), **variables):
        """One rank, as a launcher would start it that sets RANK and its like."""
        env = {k: v for k, v in os.environ.items() if not k.startswith(LAUNCHER_VARIABLES) or k == "HPCAI_CUDA_LIBRARY"}
        env.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), OMP_NUM_THREADS="1")
        env.update({k: str(v) for k, v in variables.items()})
        process = subprocess.Popen([*prefix, RANKS, *map(str, words)], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()

    def finish(self, process, timeout=60):
        """Exit status and output."""
        try:
            out, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            out, _ = process.communicate()
            self.fail(f"no end within {timeout} s:\n{out}")
        return process.returncode, out

    def wait_for(self, condition, what, timeout=60):
        end = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what}: not within {timeout} s")
            time.sleep(0.02)

    def wait_for_listener(self, port, address="127.0.0.1"):
        def listens():
            with socket.socket() as probe:
                return probe.connect_ex((address, port)) == 0
        self.wait_for(listens, f"a listener at port {port}")

    def wait_for_files(self, count):
        self.wait_for(lambda: all((self.folder / str(rank)).exists() for rank in range(count)), "all ranks")
