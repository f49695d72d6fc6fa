"""The steps of scripts/containers/Dockerfile, run in a bare Debian 12 of debootstrap instead of a container.

They run as they are, with three replacements: LibTorch comes from this checkout's .deps instead of pip. The build of scripts/install.sh is
only configured and begun; then the program that this build folder holds is installed. The last training is a short one."""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import chroot

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])
DOCKERFILE = SOURCE / "scripts/containers/Dockerfile"
LIBTORCH = SOURCE / ".deps"
# CMake finds all that scripts/setup.sh has installed. Then a part of the module `config` is compiled, which needs no LibTorch.
BEGUN = "cmake --preset release >/dev/null && ninja -C build lib/CMakeFiles/hpcai_config.dir/Unity/unity_0_cxx.cxx.o"


def stages(text):
    """The instructions of each stage: pairs of a word and its text."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text, flags=re.M)).splitlines()
    instructions = [tuple(line.split(maxsplit=1)) for line in lines if line.strip()]
    starts = [i for i, (word, _) in enumerate(instructions) if word == "FROM"] + [len(instructions)]
    return [instructions[a:b] for a, b in zip(starts, starts[1:])]


class Machine:
    """What a stage has become: a bare Debian, and the settings of its instructions."""

    def __init__(self, folder, others):
        self.debian = chroot.Chroot(folder)
        self.others = others
        self.working_folder = "/"
        self.variables = {}
        self.entrypoint = []

    def follow(self, word, text):
        getattr(self, f"do_{word.lower()}")(text)

    def do_run(self, text):
        script, *arguments = shlex.split(text)
        if script == "scripts/install.sh":
            return self.install(arguments)
        mounts = {f"{self.working_folder}/.deps": LIBTORCH} if script == "scripts/setup.sh" else {}
        self.debian.run(text, self.working_folder, self.path(), mounts)

    def install(self, arguments):
        option, prefix = arguments
        if option != "--prefix":
            raise AssertionError(f"scripts/install.sh {arguments}: this test knows --prefix alone")
        self.debian.run(BEGUN, self.working_folder, self.path(), {f"{self.working_folder}/.deps": LIBTORCH})
        subprocess.run(["cmake", "--install", BUILD, "--prefix", f"{self.debian.folder}{prefix}", "--component", "program"], check=True, capture_output=True)

    def do_copy(self, text):
        *options, source, target = shlex.split(text)
        place = pathlib.Path(f"{self.debian.folder}{target}")
        if options:
            other = self.others[options[0].removeprefix("--from=")]
            shutil.copytree(f"{other.debian.folder}{source}", place, symlinks=True)
        else:  # what git knows; .dockerignore leaves out what git ignores
            place.mkdir(parents=True)
            names = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=SOURCE, capture_output=True, check=True).stdout
            subprocess.run(f"tar --null -T - -cf - | tar -xf - -C '{place}'", shell=True, input=names, cwd=SOURCE, check=True)

    def do_workdir(self, text):
        self.working_folder = text

    def do_env(self, text):
        for setting in shlex.split(text):
            name, _, value = setting.partition("=")
            self.variables[name] = value.replace("$PATH", self.path()["PATH"])

    def do_label(self, text):
        pass

    def do_entrypoint(self, text):
        self.entrypoint = re.findall(r'"([^"]*)"', text)

    def path(self):
        return {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", **self.variables}


class Dockerfile(unittest.TestCase):
    def test_its_steps_make_a_program_that_trains(self):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-docker-"))
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        text = DOCKERFILE.read_text()
        machines = {}
        for number, instructions in enumerate(stages(text)):
            image, _, name = instructions[0][1].partition(" AS ")
            self.assertEqual(image, "debian:12-slim", "the bare Debian of this test is Debian 12")
            machine = machines[name] = Machine(folder / str(number), machines)
            for word, rest in instructions[1:]:
                machine.follow(word, rest)
        arguments = re.search(r"docker run .* hpcai-train:[0-9.]+ (.*)", text).group(1)
        command = shlex.join(machine.entrypoint) + f" {arguments} --run-dir run --set training.max_steps=20"
        machine.debian.run(f"{command} && test -s run/summary.json", machine.working_folder, machine.path())


if __name__ == "__main__":
    reason = chroot.reason_to_skip() or (None if list(LIBTORCH.glob("torch-*")) else ".deps has no LibTorch")
    if reason:
        print(f"SKIPPED: the steps of the Dockerfile: {reason}")
        sys.exit(77)
    unittest.main()
