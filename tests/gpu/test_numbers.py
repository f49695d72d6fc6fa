"""Kernels, networks, update rules and exchanges on a GPU, against the same references as on the CPU."""
import os
import pathlib
import subprocess
import unittest

import machine

TESTS = pathlib.Path(os.environ["HPCAI_TESTS"])


class Numbers(unittest.TestCase):
    def run_on_gpu(self, program, *words):
        library = machine.PROGRAM.parent / "libhpcai_cuda.so"
        env = {"HPCAI_CUDA_LIBRARY": str(library), **os.environ, "HPCAI_TEST_DEVICE": "cuda"}
        done = subprocess.run([TESTS / program, *words], env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
        self.assertEqual(done.returncode, 0, done.stdout)
        return done.stdout

    def test_kernels(self):
        self.run_on_gpu("test_kernels", "[gpu]")

    def test_networks_are_those_of_pytorch(self):
        self.run_on_gpu("test_parity")

    def test_update_rules(self):
        self.run_on_gpu("test_optim")

    def test_ranks_exchange_through_nccl(self):
        ranks = 1
        while ranks <= machine.count():
            for scenario in ("collectives", "gradients"):
                with self.subTest(ranks=ranks, scenario=scenario):
                    self.run_on_gpu("ranks", "--nproc", str(ranks), scenario)
            ranks *= 2


if __name__ == "__main__":
    machine.skip_without()
    unittest.main()
