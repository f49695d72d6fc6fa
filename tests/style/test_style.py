"""The rules of the source tree: which module may include which, where each library lives, how long a file may be."""
import pathlib
import re
import shutil
import subprocess
import unittest

SOURCE = pathlib.Path(__file__).resolve().parent.parent.parent
LIB = SOURCE / "lib" / "hpcai"

# core <- config <- {simulate, data, models, kernels, optim, distributed, draw} <- {checkpoint, metrics} <- tasks <- runs <- trainer <- {scaling, search} <- apps; jobs uses core only
MIDDLE = {"simulate", "data", "models", "kernels", "optim", "distributed", "draw"}
BASE = {"core", "config"}
ALLOWED = {
    "core": set(),
    "config": {"core"},
    **{module: set(BASE) for module in MIDDLE},
    "checkpoint": BASE | MIDDLE,
    "metrics": BASE | MIDDLE,
    "tasks": BASE | MIDDLE | {"checkpoint", "metrics"},
    "inference": BASE | MIDDLE | {"checkpoint", "metrics", "tasks"},
    "runs": BASE | MIDDLE | {"checkpoint", "metrics", "tasks"},
    "jobs": {"core"},
    "trainer": BASE | MIDDLE | {"checkpoint", "metrics", "tasks", "runs"},
    "scaling": BASE | MIDDLE | {"checkpoint", "metrics", "tasks", "runs", "trainer", "jobs"},
    "search": BASE | MIDDLE | {"checkpoint", "metrics", "tasks", "runs", "trainer", "jobs"},
    "apps": BASE | MIDDLE | {"checkpoint", "metrics", "tasks", "inference", "runs", "trainer", "jobs", "scaling", "search"},
}
ALLOWED["data"].add("simulate")
ALLOWED["models"].add("kernels")
ALLOWED["optim"].add("kernels")

# library headers and the only places that may include them
CONTAINED = {
    r"yaml-cpp/": {"config"},
    r"H5\w*\.h|hdf5\.h": {"data"},
    r"jpeglib\.h|png\.h|turbojpeg\.h|zlib\.h": {"data"},
    r"fitsio\.h|nanoflann\.hpp": {"data"},
    r"torch/csrc/distributed|gloo/|nccl\.h": {"distributed"},
    r"CLI/": {"apps"},
    r"spdlog/": {"core"},
    r"openssl/": {"core"},
    r"hwy/": {"kernels"},
}
# what is written once, and where
ONLY_IN = {
    r"\bfrom_chars\(": "lib/hpcai/core/text",
    r'\? "" : "s"': "lib/hpcai/core/text",
    r"\b(execve?|fork)\(": "lib/hpcai/core/process",
    r"\benviron\b": "lib/hpcai/core/process",
    r"\bflock\(": "lib/hpcai/core/folder_lock",
    r"using NamedTensors = ": "lib/hpcai/core/named_tensors",
    r"<svg ": "lib/hpcai/draw/svg",
}
# modules whose sources all have a header of their name, where a reader looks for them
PAIRED = {"core", "config", "draw", "models", "optim", "simulate"}
LONGEST_FILE = 400
LONGEST_LINE = 150


def sources():
    for root in (LIB, SOURCE / "apps"):
        yield from (p for p in sorted(root.rglob("*")) if p.suffix in (".h", ".cpp", ".cu"))


def module_of(path):
    return path.relative_to(LIB).parts[0] if LIB in path.parents else "apps"


def includes(path):
    return re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(), re.M)


def balanced(text, start):
    """What stands between the bracket before `start` and the one that closes it."""
    depth = 1
    for end in range(start, len(text)):
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        if depth == 0:
            return text[start:end]
    return text[start:]


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

    def test_what_core_has_is_not_written_again(self):
        wrong = []
        for pattern, home in ONLY_IN.items():
            wrong += [f"{p.relative_to(SOURCE)}: {pattern}" for p in sources()
                      if not str(p.relative_to(LIB.parent.parent)).startswith(home) and re.search(pattern, p.read_text())]
        self.assertEqual(wrong, [])

    def test_a_source_has_a_header_of_its_name(self):
        alone = [str(p.relative_to(SOURCE)) for p in sources()
                 if p.suffix == ".cpp" and module_of(p) in PAIRED and not p.with_suffix(".h").exists()]
        self.assertEqual(alone, [])
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

    def test_no_file_system_question_throws_a_foreign_exception(self):
        """core/paths.h and core/file.h ask with an Error that has an exit status; elsewhere the call takes an error_code."""
        calls = ("absolute|canonical|copy|copy_file|create_director(?:y|ies)|create_symlink|current_path|exists|file_size|is_directory|is_empty|"
                 "is_regular_file|is_symlink|last_write_time|permissions|read_symlink|relative|remove|remove_all|rename|space|status|"
                 "symlink_status|temp_directory_path|weakly_canonical|(?:recursive_)?directory_iterator")
        wrong = []
        for path in sources():
            if path.name in ("paths.cpp",) and module_of(path) == "core":
                continue
            text = path.read_text()
            for match in re.finditer(rf"(?:fs|filesystem)::(?:{calls})(?: \w+)?\(", text):
                arguments = balanced(text, match.end())
                if not re.search(r"\b(code|ignored|reason|ec|error)\b|^status$|^fs::status|symlink_status", arguments):
                    wrong.append(f"{path.relative_to(SOURCE)}:{text.count(chr(10), 0, match.start()) + 1}: {match[0]}{arguments})")
        self.assertEqual(wrong, [])

    def test_json_becomes_text_in_one_place(self):
        """json_text() of core/json.h: dump() throws for bytes that are not UTF-8, which names of files and classes may hold."""
        wrong = [f"{path.relative_to(SOURCE)}:{i}" for path in sources() if path.relative_to(LIB.parent.parent).as_posix() != "lib/hpcai/core/json.cpp"
                 for i, line in enumerate(path.read_text().splitlines(), 1) if re.search(r"\.dump\(", line)]
        self.assertEqual(wrong, [])

    def test_names_of_test_cases_reach_ctest_whole(self):
        faults = [f"{path.relative_to(SOURCE)}: {name}" for path in sorted((SOURCE / "tests").rglob("*.cpp"))
                  for name in re.findall(r'TEST_CASE\("([^"]*)"', path.read_text()) if ";" in name]
        self.assertEqual(faults, [], "a semicolon separates the elements of CMake's lists")

    def test_shell_scripts_parse(self):
        for path in sorted((SOURCE / "scripts").rglob("*.sh")):
            subprocess.run(["bash", "-n", str(path)], check=True)
            self.assertIn("set -euo pipefail", path.read_text(), path.name)


if __name__ == "__main__":
    unittest.main()
