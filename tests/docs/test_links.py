"""Links of the pages lead to files, to folders and to headings that exist; every page is in the index. No network is used."""
import re
import unittest

from pages import SOURCE, headings, links, pages, spans

FOLDERS = ("apps", "configs", "data", "docs", "lib", "scripts", "tests")
INSTALLED = "lib/hpcai-train"  # in the folder of scripts/install.sh


class Links(unittest.TestCase):
    maxDiff = None

    def test_they_lead_somewhere(self):
        wrong = []
        for page in pages():
            for line, target in links(page):
                if re.match(r"https?://|mailto:", target):
                    continue
                path, _, anchor = target.partition("#")
                file = (SOURCE / page).parent / path if path else SOURCE / page
                if not file.exists():
                    wrong.append(f"{page}:{line}: no file {target}")
                elif anchor and anchor not in headings(file.resolve().relative_to(SOURCE)):
                    wrong.append(f"{page}:{line}: no heading {target}")
        self.assertEqual(wrong, [])

    def test_paths_in_the_text_exist(self):
        """`configs/galaxy/paper.yaml`, `tests/launch` and the like, from the folder of the source."""
        wrong = []
        for page in pages():
            for line, text in spans(page):
                if not re.fullmatch(rf"(?:{'|'.join(FOLDERS)})/[\w./*-]+", text):
                    continue
                if text == INSTALLED or page.name.startswith("adding_"):  # these pages name files that a person adds
                    continue
                if not any(SOURCE.glob(text.rstrip("/"))):
                    wrong.append(f"{page}:{line}: no {text}")
        self.assertEqual(wrong, [])

    def test_every_page_is_in_the_index(self):
        index = {(SOURCE / "docs" / target.partition("#")[0]).resolve() for _, target in links(SOURCE / "docs/README.md")}
        missing = [str(page) for page in sorted((SOURCE / "docs").glob("*.md")) if page.name != "README.md" and page not in index]
        self.assertEqual(missing, [])


if __name__ == "__main__":
    unittest.main()
