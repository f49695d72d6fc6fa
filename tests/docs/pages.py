"""The pages of the documentation: their headings, links, blocks of code and commands."""
import dataclasses
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PROGRAMS = r"build/bin/hpcai-train|~/hpcai-train/bin/hpcai-train|hpcai-train"  # as the pages call the program
LEADING_PROGRAM = re.compile(rf"^(?:{PROGRAMS})(?=\s|$)")


def pages():
    """All pages, as paths relative to the source."""
    found = [SOURCE / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    for folder in ("docs", "data", "scripts", "lib"):
        found += sorted((SOURCE / folder).rglob("*.md"))
    return [path.relative_to(SOURCE) for path in found]


@dataclasses.dataclass
class Block:
    page: pathlib.Path
    line: int  # of its first line of code, from 1
    language: str
    text: str


def blocks(page, text=None):
    """The blocks between lines of three back quotes."""
    text = (SOURCE / page).read_text() if text is None else text
    for match in re.finditer(r"^```([\w]*)\n(.*?)^```$", text, re.S | re.M):
        yield Block(page, text.count("\n", 0, match.start(2)) + 1, match[1], match[2])


def prose(page):
    """The page with its blocks of code blanked, so that numbers of lines stay."""
    text = (SOURCE / page).read_text()
    return re.sub(r"^```\w*\n.*?^```$", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)


def without_comment(line):
    """A line of the shell without its comment."""
    quote = None
    for i, letter in enumerate(line):
        if quote:
            quote = None if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter == "#" and (i == 0 or line[i - 1].isspace()):
            return line[:i].rstrip()
    return line.rstrip()


@dataclasses.dataclass
class Command:
    page: pathlib.Path
    line: int
    text: str  # as a shell takes it

    @property
    def where(self):
        return f"{self.page}:{self.line}"

    @property
    def plain(self):
        """With the program under one name."""
        return LEADING_PROGRAM.sub("hpcai-train", self.text)


def commands(page):
    """The commands of the blocks of sh: one a line, several lines where one ends in a backslash or a loop begins."""
    for block in blocks(page):
        if block.language != "sh":
            continue
        pending, first = [], 0
        for number, line in enumerate(block.text.splitlines(), block.line):
            line = without_comment(line)
            if not line.strip():
                continue
            first = first or number
            pending.append(line)
            in_loop = pending[0].startswith("for ") and line.strip() != "done"
            if not line.endswith("\\") and not in_loop:
                yield Command(page, first, "\n".join(pending))
                pending, first = [], 0
        if pending:
            raise AssertionError(f"{page}:{first}: the command does not end")


def spans(page):
    """Texts between back quotes in prose, with their lines."""
    text = prose(page)
    for match in re.finditer(r"(?<!`)`([^`]+)`(?!`)", text):
        yield text.count("\n", 0, match.start()) + 1, " ".join(match[1].split())


def headings(page):
    """The anchors that GitHub gives to the headings of a page."""
    seen, anchors = {}, []
    for title in re.findall(r"^#{1,6} +(.*?) *#*$", prose(page), re.M):
        title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title)
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        seen[anchor] = seen.get(anchor, -1) + 1
        anchors.append(anchor if seen[anchor] == 0 else f"{anchor}-{seen[anchor]}")
    return anchors


def links(page):
    """Targets of links and pictures, with their lines."""
    text = prose(page)
    for match in re.finditer(r"\]\(([^)\s]+)(?: \"[^\"]*\")?\)|<(?:img|a)\b[^>]*?(?:src|href)=\"([^\"]+)\"", text):
        yield text.count("\n", 0, match.start()) + 1, match[1] or match[2]
