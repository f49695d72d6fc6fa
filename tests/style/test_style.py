"""The rules of the source tree: which module may include which, where each library lives, how long a file may be."""
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
LIB = SOURCE / "lib" / "hpcai"

# core <- config <- {simulate, data, models, kernels, optim, distributed, draw} <- {checkpoint, metrics} <- runs <- trainer <- scaling <- apps
MIDDLE = {"simulate", "data", "models", "kernels", "optim", "distributed", "draw"}
BASE = {"core", "config"}
ALLOWED = {
    "core": set(),
    "config": {"core"},
    **{module: set(BASE) for module in MIDDLE},
    "checkpoint": BASE | MIDDLE,
    "metrics": BASE | MIDDLE,
    "runs": BASE | MIDDLE | {"checkpoint", "metrics"},
    "trainer": BASE | MIDDLE | {"checkpoint", "metrics", "runs"},
    "scaling": BASE | MIDDLE | {"checkpoint", "metrics", "runs", "trainer"},
    "apps": BASE | MIDDLE | {"checkpoint", "metrics", "runs", "trainer", "scaling"},
}
ALLOWED["data"].add("simulate")
ALLOWED["models"].add("kernels")

# library headers and the only places that may include them
CONTAINED = {
    r"yaml-cpp/": {"config"},
    r"H5\w*\.h|hdf5\.h": {"data"},
    r"jpeglib\.h|png\.h|turbojpeg\.h": {"data"},
    r"torch/csrc/distributed|gloo/|nccl\.h": {"distributed"},
    r"CLI/": {"apps"},
    r"spdlog/": {"core"},
    r"openssl/": {"core"},
    r"hwy/": {"kernels"},
}
LONGEST_FILE = 400
LONGEST_LINE = 150


def sources():
    for root in (LIB, SOURCE / "apps"):
        yield from (p for p in sorted(root.rglob("*")) if p.suffix in (".h", ".cpp", ".cu"))


def module_of(path):
    return path.relative_to(LIB).parts[0] if LIB in path.parents else "apps"


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


class Style(unittest.TestCase):
    def test_arrows_between_modules_point_one_way(self):
        wrong = []
        for path in sources():
            module = module_of(path)
            for name in includes(path):
                match = re.match(r"hpcai/(\w+)/", name)
                if match and match[1] != module and match[1] not in ALLOWED.get(module, set()):
                    wrong.append(f"{path.relative_to(SOURCE)} ({module}) includes {name}")
        self.assertEqual(wrong, [])

    def test_each_library_lives_in_one_module(self):
        wrong = []
        for path in sources():
            for name in includes(path):
                for pattern, modules in CONTAINED.items():
                    own = re.match(r"hpcai/", name)
                    if not own and re.match(pattern, name) and module_of(path) not in modules:
                        wrong.append(f"{path.relative_to(SOURCE)} includes {name}")
        self.assertEqual(wrong, [])

    def test_yaml_cpp_and_hdf5_do_not_leak_through_headers_of_other_modules(self):
        for path in LIB.rglob("*.h"):
            if module_of(path) == "config":
                self.assertFalse([n for n in includes(path) if n.startswith("yaml-cpp/")], path)

    def test_files_and_lines_are_short(self):
        long_files = [f"{p.relative_to(SOURCE)}: {n} lines" for p in sources() if (n := len(p.read_text().splitlines())) > LONGEST_FILE]
        self.assertEqual(long_files, [])
        long_lines = [f"{p.relative_to(SOURCE)}:{i}" for p in sources() for i, line in enumerate(p.read_text().splitlines(), 1)
                      if len(line) > LONGEST_LINE]
        self.assertEqual(long_lines, [])

    def test_the_layout_is_that_of_clang_format(self):
        program = shutil.which("clang-format-14")
        if not program:
            self.skipTest("SKIPPED: clang-format-14 is not installed")
        kinds = ["*.h", "*.cpp", "*.cu", "*.cuh"]
        files = subprocess.run(["git", "ls-files", *kinds], cwd=SOURCE, capture_output=True, text=True, check=True).stdout.split()
        checked = subprocess.run([program, "--dry-run", "--Werror", *files], cwd=SOURCE, capture_output=True, text=True)
        wrong = sorted({line.split(":")[0] for line in checked.stderr.splitlines() if "error:" in line})
        self.assertEqual(wrong, [], f"run: {program} -i {' '.join(wrong)}")

    def test_every_header_starts_with_pragma_once(self):
        self.assertEqual([str(p) for p in LIB.rglob("*.h") if "#pragma once" not in p.read_text()[:200] and "-inl.h" not in p.name], [])

    def test_no_pickle_is_ever_loaded(self):
        self.assertEqual([str(p) for p in sources() if re.search(r"pickle_load|jit::load|torch::load", p.read_text())], [])

    def test_shell_scripts_parse(self):
        for path in sorted((SOURCE / "scripts").rglob("*.sh")):
            subprocess.run(["bash", "-n", str(path)], check=True)
            self.assertIn("set -euo pipefail", path.read_text(), path.name)


if __name__ == "__main__":
    unittest.main()
