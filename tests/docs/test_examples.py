"""The code that docs/adding_a_*.md print compiles, together, as a person would add it: a model, a source, a task and a command.

The pages' new files and their edits of existing headers are laid over the source in a folder of their own, and one unit that includes
everything a new alternative must satisfy is compiled without producing code.
"""
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import unittest

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["HPCAI_BUILD"])


def blocks(page):
    return re.findall(r"```cpp\n(.*?)```", (SOURCE / "docs" / page).read_text(), re.S)


def replace_once(text, old, new):
    if text.count(old) != 1:
        raise AssertionError(f"'{old}' stands {text.count(old)} times in the header that a page edits")
    return text.replace(old, new)


def with_alternatives(text, name, line):
    """The header with `line` in place of the one that lists the alternatives of the variant `name`."""
    text, count = re.subn(rf"using {name} =\s*std::variant<[^;]*;", lambda _: line, text)
    if count != 1:
        raise AssertionError(f"the variant {name} is defined {count} times")
    return text


def compile_command():
    """The flags of a source of the tasks, which include everything that the examples need."""
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        if "hpcai_tasks.dir" in entry["command"]:
            words = shlex.split(entry["command"])
            words = words[next(i for i, word in enumerate(words) if word.endswith("++")):]
            begin = words.index("-o")
            # The precompiled header is for optimised code.
            header = [i + 1 for i, word in enumerate(words) if word == "-include" and "cmake_pch" in words[i + 1]]
            unwanted = {*header, *(i - 1 for i in header)}
            return [word for i, word in enumerate(words[:begin])
                    if i not in unwanted and word not in ("-c", "-fpch-preprocess", "-Winvalid-pch")]
    raise AssertionError("compile_commands.json has no source of the tasks")


class Examples(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-docs-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def put(self, path, text):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def edit(self, path, change, root=SOURCE / "lib"):
        self.put(path, change((root / path).read_text()))

    def add_model(self):
        settings, declaration, network = blocks("adding_a_model.md")
        struct, using = settings.split("using ModelConfig")
        self.edit("hpcai/models/config.h", lambda text: with_alternatives(text, "ModelConfig", f"{struct}using ModelConfig{using.strip()}"))
        self.edit("hpcai/models/model.h", lambda text: text[:text.rindex("}  // namespace")] + declaration + text[text.rindex("}  // namespace"):])
        self.put("perceptron.cpp", network)

    def add_source(self):
        header, source = blocks("adding_a_source.md")[:2]
        self.put("hpcai/data/sources/sines.h", header)
        self.put("sines.cpp", source)
        include = '#include "hpcai/data/sources/simulated_waveforms.h"'
        self.edit("hpcai/data/config.h", lambda text: replace_once(
            replace_once(text, include, include + '\n#include "hpcai/data/sources/sines.h"'), "std::variant<", "std::variant<SinesConfig, "))

    def add_task(self):
        header, using, source = blocks("adding_a_task.md")
        self.put("hpcai/tasks/focal.h", header)
        self.put("focal.cpp", source)
        include = '#include "hpcai/tasks/metric.h"'
        self.edit("hpcai/tasks/tasks.h", lambda text: with_alternatives(
            replace_once(text, include, '#include "hpcai/tasks/focal.h"\n' + include), "TaskConfig", using.strip()))

    def add_command(self):
        self.put("hello.cpp", blocks("adding_a_command.md")[0])
        self.edit("commands.h", lambda text: text[:text.rindex("}  // namespace")] + "void add_hello(CommandLine& line);\n" +
                  text[text.rindex("}  // namespace"):], SOURCE / "apps/hpcai-train")

    def test_the_code_of_the_pages_compiles(self):
        self.add_model()
        self.add_source()
        self.add_task()
        self.add_command()
        visitors = ["hpcai/trainer/judgements.cpp", "hpcai/data/open.cpp", "hpcai/tasks/tasks.cpp", "hpcai/trainer/experiment.cpp"]
        self.put("all.cpp", "".join(f'#include "{name}"\n' for name in ("perceptron.cpp", "sines.cpp", "focal.cpp", "hello.cpp", *visitors)))
        compiler, *flags = compile_command()
        command = [compiler, f"-I{self.folder}", f"-I{SOURCE / 'apps/hpcai-train'}", *flags, "-O0", "-fsyntax-only", str(self.folder / "all.cpp")]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        self.assertEqual(done.returncode, 0, done.stderr[-5000:])
        self.assertNotIn("warning:", done.stderr)


if __name__ == "__main__":
    unittest.main()
