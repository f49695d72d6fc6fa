"""What cmake --install leaves: a folder that can be moved, and a library that another project finds, builds with and trains with."""
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])
CONFIG = SOURCE / "tests/cli/configs/waveform.yaml"
# The C and C++ run time, which every Linux has.
SYSTEM = ("linux-vdso", "ld-linux", "libc.so", "libm.so", "libdl.so", "libpthread.so", "librt.so", "libutil.so", "libresolv.so", "libgcc_s.so",
          "libstdc++.so")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=600,
                          env={name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}, **options)
    if done.returncode:
        raise AssertionError(f"{command} ended with status {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done.stdout


class Install(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-install-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def install(self, component):
        run("cmake", "--install", BUILD, "--prefix", self.folder / "new", "--component", component)

    def test_a_program_that_was_moved_needs_nothing_but_the_c_library(self):
        self.install("program")
        place = self.folder / "moved"
        (self.folder / "new").rename(place)
        for program in (place / "bin/hpcai-train", place / "libexec/hpcai-train"):
            for line in run("ldd", program).splitlines():
                name, _, found = line.strip().partition(" => ")
                if not name.split("/")[-1].startswith(SYSTEM):
                    self.assertTrue(os.path.realpath(found.split(" (")[0]).startswith(f"{place}/lib/"), line)
        self.assertIn("hpcai-train", run(place / "bin/hpcai-train", "--version"))
        run(place / "bin/hpcai-train", "--config", CONFIG, "--run-dir", self.folder / "run", "--nproc", 2, cwd=self.folder)
        for name in ("hpcai-train/configs/galaxy/quickstart.yaml", "man/man1/hpcai-train.1.gz", "bash-completion/completions/hpcai-train",
                     "zsh/site-functions/_hpcai-train", "fish/vendor_completions.d/hpcai-train.fish"):
            self.assertTrue((place / "share" / name).stat().st_size > 0, name)

    def test_another_project_trains_with_the_library(self):
        self.install("library")
        build = self.folder / "build"
        run("cmake", "-S", SOURCE / "tests/places/consumer", "-B", build, "-G", "Ninja", f"-Dhpcai_DIR={self.folder / 'new/lib/cmake/hpcai'}")
        run("ninja", "-C", build)
        lines = run(build / "train", CONFIG, "1e-3", "3e-3", cwd=self.folder).splitlines()
        self.assertEqual([line.split()[0] for line in lines], ["1e-3", "3e-3"])
        self.assertNotEqual(lines[0].split()[1], lines[1].split()[1])


if __name__ == "__main__":
    unittest.main()
