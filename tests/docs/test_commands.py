"""Every command that the pages show works: it is run on small data, or, for the reason in rules.py, its parts are looked up."""
import pathlib
import re
import shutil
import tempfile
import unittest

from pages import LEADING_PROGRAM, SOURCE, commands, pages, prose, spans
from parse import faults, help_of, options_in, subcommands
from rules import RULES
from workspace import Workspace

SHOWN = [page for page in pages() if page.name != "CHANGELOG.md"]


def rule_of(command):
    return next((rule for rule in RULES if rule.matches(command)), None)


class Commands(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="hpcai-docs-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.prepared = Workspace(cls.folder / "prepared")
        cls.prepared.make()

    def run_page(self, page):
        workspace = self.prepared.copy(self.folder / str(page).replace("/", "-"))
        workspace.write_configs(page)
        for command in commands(page):
            rule = rule_of(command)
            with self.subTest(command.where, command=command.text):
                self.assertIsNotNone(rule, "rules.py has no rule for it")
                if rule.parsed:
                    self.assertEqual(faults(command.text), [])
                else:
                    workspace.expect(rule.text_of(command), rule.smaller)
        shutil.rmtree(workspace.root)


class Pages(unittest.TestCase):
    maxDiff = None

    def test_every_rule_is_needed(self):
        shown = [command for page in SHOWN for command in commands(page)]
        used = {rule_of(command) for command in shown}
        self.assertEqual([rule.pattern for rule in RULES if rule not in used], [])

    def test_commands_stand_in_blocks_of_sh(self):
        """Elsewhere nothing would run them."""
        wrong = [f"{page}:{number}" for page in SHOWN for number, line in enumerate(prose(page).splitlines(), 1)
                 if re.match(r"    +\S", line) and LEADING_PROGRAM.match(line.strip())]
        self.assertEqual(wrong, [])

    def test_commands_in_the_text_have_options_that_exist(self):
        wrong = []
        for page in SHOWN:
            for line, text in spans(page):
                if re.match(r"(?:build/bin/)?hpcai-train [-a-z]", text) or re.match(r"scripts/\S+\.(?:sh|py) ", text):
                    wrong += [f"{page}:{line}: {text}: {fault}" for fault in faults(text)]
        self.assertEqual(wrong, [])

    def test_commands_in_configs_exist(self):
        wrong = []
        for path in sorted((SOURCE / "configs").rglob("*.yaml")):
            text = re.sub(r"\\\n# +", "", path.read_text())
            for line in re.findall(r"^# +((?:hpcai-train|scripts/\S+|python3 configs/\S+) .*)$", text, re.M):
                wrong += [f"{path.relative_to(SOURCE)}: {line}: {fault}" for fault in faults(line)]
        self.assertEqual(wrong, [])

    def test_the_table_of_commands_is_that_of_the_program(self):
        rows = re.findall(r"^\| (`.*?) \| (.*) \|$", (SOURCE / "README.md").read_text().partition("## Commands")[2].partition("\n## ")[0], re.M)
        listed, wrong = set(), []
        for names, text in rows:
            known = set()
            for name in re.findall(r"`([^`]*)`", names):
                command = [] if name.startswith("hpcai-train") else name.split()
                listed.update(command[:1])
                for one in [command, *([*command, more] for more in subcommands(*command) if command)]:
                    known |= options_in(help_of(*one))
            wrong += [f"{names}: {option}" for option in sorted(options_in(" ".join(re.findall(r"`([^`]*)`", text)))) if option not in known]
        self.assertEqual(wrong, [])
        self.assertEqual(sorted(listed), sorted(subcommands()))


def add_pages():
    for page in SHOWN:
        if any(True for _ in commands(page)):
            name = "test_" + re.sub(r"\W", "_", str(page.with_suffix("")))
            setattr(Commands, name, lambda self, page=page: self.run_page(page))


add_pages()
if __name__ == "__main__":
    unittest.main()
