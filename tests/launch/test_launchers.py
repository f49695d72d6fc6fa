"""One training, several launchers, several numbers of ranks: always the weights of --nproc. And launchers inside each other."""
import functools
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

from harness import Case, environment, free_port, main

MPIRUN = shutil.which("mpirun")
WORLDS = (2, 4)
OPEN_MPI = MPIRUN is not None and "Open MPI" in subprocess.run([MPIRUN, "--version"], text=True, capture_output=True).stdout
WITHOUT_OPEN_MPI = "Open MPI's mpirun is not installed (scripts/setup.sh --tests installs it from Debian)"
WITHOUT_TORCHRUN = "no torchrun works (scripts/setup.sh --tests fetches one for Python 3.11; else pip install torch, or set HPCAI_TORCHRUN)"


def mpirun(ranks):
    root = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    return [MPIRUN, *root, "--oversubscribe", "--bind-to", "none", "-np", str(ranks)]


@functools.cache
def find_torchrun():
    """The command: HPCAI_TORCHRUN, or the first that works of those in PATH and beside LibTorch. None if there is no such."""
    if os.environ.get("HPCAI_TORCHRUN"):
        return [os.environ["HPCAI_TORCHRUN"]]
    in_path = [shutil.which("torchrun") or "false"]
    beside_libtorch = [sys.executable, str(pathlib.Path(__file__).with_name("torchrun.py"))]
    for command in in_path, beside_libtorch:
        if subprocess.run([*command, "--help"], capture_output=True).returncode == 0:
            return command
    return None


def torchrun(ranks, *options):
    return [*find_torchrun(), *options, "--log-dir=logs", f"--nproc-per-node={ranks}", "--no-python"]


class Table(Case):
    """One launcher at each world size."""

    @staticmethod
    def missing():
        """Why these tests cannot run here; None if they can."""
        return None

    def assert_like_nproc(self, name, launcher):
        for ranks in WORLDS:
            with self.subTest(launcher=name, ranks=ranks):
                run = f"{name}-{ranks}"
                self.run_all(launcher(run, ranks))
                self.assertEqual(self.result(run), self.reference(ranks))

    def refusal(self, command, **variables):
        """What a run says that must not start."""
        run = self.folder / "refused"
        shutil.rmtree(run, ignore_errors=True)
        output, = self.run_all([(command, environment(**variables))], status=None)
        self.assertFalse(run.exists(), "nothing is written")
        return output


class Variables(Table):
    def test_the_usual_ones(self):
        def launch(run, ranks):
            port = str(free_port())
            return [(self.training(run), environment(RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=port))
                    for rank in range(ranks)]
        self.assert_like_nproc("variables", launch)

    def test_those_of_torchrun_whose_agent_keeps_no_store(self):
        def launch(run, ranks):
            port = str(free_port())
            return [(self.training(run), environment(
                RANK=str(rank), WORLD_SIZE=str(ranks), LOCAL_RANK=str(rank), LOCAL_WORLD_SIZE=str(ranks), GROUP_RANK="0",
                GROUP_WORLD_SIZE="1", ROLE_RANK=str(rank), ROLE_WORLD_SIZE=str(ranks), MASTER_ADDR="localhost", MASTER_PORT=port,
                TORCHELASTIC_RUN_ID=f"test-{port}", TORCHELASTIC_RESTART_COUNT="0", TORCHELASTIC_MAX_RESTARTS="0",
                TORCHELASTIC_USE_AGENT_STORE="False")) for rank in range(ranks)]
        self.assert_like_nproc("torchrun-variables", launch)

    def test_those_of_a_pytorchjob(self):
        def launch(run, ranks):
            port = str(free_port())
            return [(self.training(run), environment(
                MASTER_ADDR="127.0.0.1", MASTER_PORT=port, WORLD_SIZE=str(ranks), RANK=str(rank), PYTHONUNBUFFERED="1", PET_NNODES=str(ranks),
                PET_NODE_RANK=str(rank), PET_NPROC_PER_NODE="auto", PET_MASTER_ADDR="127.0.0.1", PET_MASTER_PORT=port))
                for rank in range(ranks)]
        self.assert_like_nproc("pytorchjob", launch)

    def test_those_of_a_trainjob(self):
        def launch(run, ranks):
            port = str(free_port())
            return [(self.training(run), environment(
                PET_NNODES=str(ranks), PET_NPROC_PER_NODE="1", PET_NODE_RANK=str(rank), PET_MASTER_ADDR="127.0.0.1", PET_MASTER_PORT=port))
                for rank in range(ranks)]
        self.assert_like_nproc("trainjob", launch)

    def test_a_trainjob_with_several_ranks_in_a_pod(self):
        output = self.refusal(self.training("refused"), PET_NNODES="2", PET_NODE_RANK="0", PET_NPROC_PER_NODE="4")
        self.assertIn("PET_NPROC_PER_NODE=4 asks for several ranks in a pod", output)
        self.assertIn("Set trainer.numProcPerNode to 1", output)

    def test_nproc_inside_a_world(self):
        output = self.refusal(self.training("refused", "--nproc", "2"), RANK="0", WORLD_SIZE="4", MASTER_ADDR="localhost")
        self.assertIn("--nproc 2 inside a world of 4 ranks", output)
        self.assertIn("Leave out --nproc", output)


class Mpirun(Table):
    @staticmethod
    def missing():
        return None if OPEN_MPI else WITHOUT_OPEN_MPI

    def test_mpirun(self):
        self.assert_like_nproc("mpirun", lambda run, ranks: [(mpirun(ranks) + self.training(run), environment())])

    def test_nproc_inside(self):
        output = self.refusal(mpirun(2) + self.training("refused", "--nproc", "2"))
        self.assertIn("--nproc 2 inside a world of 2 ranks that openmpi has started", output)

    def test_variables_that_contradict_it(self):
        output = self.refusal(mpirun(2) + self.training("refused"), RANK="0", WORLD_SIZE="3", MASTER_ADDR="localhost")
        self.assertIn("RANK=0 WORLD_SIZE=3 contradicts OMPI_COMM_WORLD_RANK=", output)
        self.assertIn("Unset RANK and WORLD_SIZE", output)

    def test_a_wrapper_that_sets_the_same_numbers(self):
        port = free_port()
        wrapper = 'export RANK=$OMPI_COMM_WORLD_RANK WORLD_SIZE=$OMPI_COMM_WORLD_SIZE; exec "$@"'
        self.run_all([(mpirun(2) + ["sh", "-c", wrapper, "sh", *self.training("wrapped")],
                       environment(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)))])
        self.assertEqual(self.result("wrapped"), self.reference(2))


class Torchrun(Table):
    @staticmethod
    def missing():
        return None if find_torchrun() else WITHOUT_TORCHRUN

    def agents(self, count, ranks):
        """The command for each of `count` agents that find each other and have `ranks` ranks each."""
        port = free_port()
        return torchrun(ranks, f"--nnodes={count}", f"--rdzv-endpoint=localhost:{port}", "--rdzv-backend=c10d", f"--rdzv-id=test-{port}")

    def test_torchrun(self):
        self.assert_like_nproc("torchrun", lambda run, ranks: [(torchrun(ranks, "--standalone") + self.training(run), environment())])

    def test_two_agents(self):
        self.assert_like_nproc("torchrun-agents", lambda run, ranks: [(self.agents(2, ranks // 2) + self.training(run), environment())] * 2)

    @unittest.skipUnless(OPEN_MPI, WITHOUT_OPEN_MPI)
    def test_mpirun_inside(self):
        output = self.refusal(torchrun(1, "--standalone") + mpirun(2) + self.training("refused"))
        self.assertIn("mpirun started 2 tasks (OMPI_COMM_WORLD_SIZE=2), but torchrun connects 1 agents", output)

    @unittest.skipUnless(OPEN_MPI, WITHOUT_OPEN_MPI)
    def test_an_agent_in_each_rank_of_mpirun(self):
        self.run_all([(mpirun(2) + self.agents(2, 2) + self.training("agents"), environment())])
        self.assertEqual(self.result("agents"), self.reference(4))


if __name__ == "__main__":
    chosen = [globals()[name] for name in sys.argv[1:] if name in globals()]
    main(next(filter(None, (case.missing() for case in chosen)), None))
