"""The glossary: in order, without a word twice, each word used elsewhere, and reached from the pages where readers begin."""
import re
import unittest

from pages import SOURCE, links, pages

GLOSSARY = "docs/glossary.md"


def groups():
    """The words of each group: each row may have several, separated by commas."""
    text = (SOURCE / GLOSSARY).read_text()
    sections = re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return {title: re.findall(r"^\| (?!word |---)(.*?) \|", body, re.M) for title, body in sections}


def in_use():
    """What a user reads: the pages without the glossary, the descriptions of the settings, the configs."""
    texts = [(SOURCE / page).read_text() for page in pages() if str(page) not in (GLOSSARY, "CHANGELOG.md")]
    texts += [path.read_text() for path in [SOURCE / "configs/schema.json", *(SOURCE / "configs").rglob("*.yaml")]]
    return re.sub(r"[\s_]+", " ", "\n".join(texts)).lower()


class Glossary(unittest.TestCase):
    maxDiff = None

    def test_words_are_in_alphabetical_order(self):
        found = groups()
        self.assertEqual(len(found), 4)
        for title, words in found.items():
            self.assertGreater(len(words), 20, title)
            self.assertEqual(words, sorted(words, key=lambda word: re.sub(r"[^a-z0-9]", "", word.lower())), title)

    def test_no_word_is_explained_twice(self):
        words = [word.lower() for rows in groups().values() for row in rows for word in row.split(", ")]
        self.assertEqual(sorted({word for word in words if words.count(word) > 1}), [])

    def test_every_word_is_used(self):
        text = in_use()
        unused = []
        for rows in groups().values():
            for word in (word for row in rows for word in row.split(", ")):
                short = re.search(r"\((\w+)\)", word)
                names = [re.sub(r" \(.*\)", "", word), *([short[1]] if short else [])]
                names = [re.escape(name.lower().replace("_", " ")) for name in names]
                if not any(re.search(rf"(?<![a-z]){name}", text) for name in names):
                    unused.append(word)
        self.assertEqual(unused, [])

    def test_explanations_are_short(self):
        rows = re.findall(r"^\| (?!word |---)(.*?) \| (.*) \|$", (SOURCE / GLOSSARY).read_text(), re.M)
        self.assertEqual([word for word, text in rows if len(re.findall(r"[.:] [A-Z]|\.$", text)) > 4 or len(text) > 260], [])

    def test_it_is_linked_where_readers_begin(self):
        for page in ("README.md", "docs/README.md", "docs/waveform.md", "docs/posterior.md", "docs/galaxy.md", "docs/your_own_data.md"):
            self.assertTrue(any(target.partition("#")[0].endswith("glossary.md") for _, target in links(page)), page)


if __name__ == "__main__":
    unittest.main()
