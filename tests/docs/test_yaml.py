"""Every example of YAML on the pages is one that the program reads: all its keys and values exist. An example may be a part of a config."""
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

from pages import SOURCE, blocks, pages

PROGRAM = os.environ["HPCAI_TRAIN"]
LAYERS = "model:\n  type: network\n  layers:\n"
CATALOGUE = "data:\n  type: image_folder\n  folder: images\n"


def whole(text):
    """The example without what the page leaves out (`...`), below the sections that it belongs to."""
    text = text.replace(", ...", "")
    if text.startswith("- "):
        return LAYERS + re.sub("^", "    ", text, flags=re.M)
    return CATALOGUE + text if text.startswith("  ") else text


class Yaml(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="hpcai-docs-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for base in (SOURCE / "configs/galaxy").glob("tree_*.yaml"):
            (self.folder / base.name).symlink_to(base)

    def faults(self, text):
        """What the program says of an example, but for settings that are missing in it."""
        path = self.folder / "example.yaml"
        path.write_text(whole(text))
        if re.search(r"^parameters:", text, re.M):  # the space of a search
            words = ("search", "--config", SOURCE / "configs/own/redshifts.yaml", "--set", f"data.file={SOURCE / 'configs/own/redshifts.csv'}",
                     "--space", path, "--out", "search", "--ask", "1")
        else:
            words = ("explain", "training.seed", "--config", path)
        done = subprocess.run([PROGRAM, *map(str, words)], cwd=self.folder, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return []
        return [line for line in done.stderr.splitlines() if not re.search(r" is required\. |^\d+ problems? found", line)]

    def test_examples_are_read(self):
        found = [block for page in pages() for block in blocks(page) if block.language == "yaml"]
        self.assertGreater(len(found), 20)
        for block in found:
            with self.subTest(f"{block.page}:{block.line}"):
                self.assertEqual(self.faults(block.text), [])

    def test_a_fault_is_found(self):
        self.assertNotEqual(self.faults("loss: {type: cross_entropi}\n"), [])
        self.assertNotEqual(self.faults("- conf: {channels: 3, kernel: 3}\n"), [])


if __name__ == "__main__":
    unittest.main()
