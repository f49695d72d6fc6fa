"""Reads a catalogue: text with a header, separated by commas, tabs, semicolons or bars, as data/README.md describes tables."""
import codecs
import csv
import gzip
import io
import math
import pathlib
import re
import urllib.parse
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cutouts.problem import BAD_DATA, NO_INPUT, Problem, shown

SKY_COLUMNS = (("ra", "dec"), ("ra_deg", "dec_deg"), ("raj2000", "dej2000"), ("raj2000", "decj2000"), ("_raj2000", "_dej2000"),
               ("ra_icrs", "de_icrs"), ("alpha_j2000", "delta_j2000"), ("alphawin_j2000", "deltawin_j2000"), ("alpha", "delta"),
               ("ra_j2000", "dec_j2000"), ("ramean", "decmean"), ("right_ascension", "declination"))
ID_COLUMNS = ("objid", "dr7objid", "dr8objid", "coadd_object_id", "id", "iauname", "specobjid", "name")
LONGEST_ID = 80  # as a file name each byte may take three
SMALLEST_SCALE, LARGEST_SCALE = 0.001, 3600.0  # arcsec a pixel


@dataclass(frozen=True)
class Columns:
    """Names that the user gave; None is found by the lists above."""
    id: str | None = None
    ra: str | None = None
    dec: str | None = None
    scale: str | None = None


@dataclass(frozen=True)
class Galaxy:
    line: int            # in the catalogue, from 1
    id: str
    ra: float            # degrees, 0 to 360
    dec: float           # degrees
    scale: float         # arcsec a pixel
    cells: list[str]     # its row


@dataclass(frozen=True)
class Catalogue:
    columns: list[str]
    galaxies: list[Galaxy]


def file_stem(name: str) -> str:
    """The file name of an id, without its ending. Different ids have different names: what is no letter, digit, _ or - is escaped."""
    stem = urllib.parse.quote(name, safe="+")
    return "%2E" + stem[1:] if stem.startswith(".") else stem


def text_of(path: pathlib.Path) -> str:
    """UTF-8 or UTF-16, also compressed with gzip."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Problem(NO_INPUT, f"{path}: {error.strerror}", "Check --catalogue.") from None
    try:
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        utf16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if utf16 else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Problem(BAD_DATA, f"{path}:{line}: no text in UTF-8", "Store the catalogue as CSV in UTF-8.") from None
    except (OSError, EOFError, zlib.error) as error:
        raise Problem(BAD_DATA, f"{path}: the gzip file is damaged: {error}", "Fetch or pack it again.") from None
    if "\0" in text:
        raise Problem(BAD_DATA, f"{path}:{text.count(chr(10), 0, text.index(chr(0))) + 1}: a zero byte", "Store the catalogue as CSV.")
    return text


def separator_of(header: str) -> str | None:
    count, separator = max((header.count(c), c) for c in ",;\t|")
    return separator if count else None


def is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def records(name: str, lines: list[tuple[int, str]], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yields the number of a record's first line and its cells."""
    first = 0

    def content() -> Iterator[str]:
        nonlocal first
        open_quote = False
        for number, line in lines:
            if open_quote or line.strip() and not line.startswith("#"):
                first = first or number
                open_quote ^= line.count('"') % 2 == 1
                yield line

    try:
        for cells in csv.reader(content(), delimiter=separator, strict=True, skipinitialspace=True):
            yield first, [cell.strip() for cell in cells]
            first = 0
    except csv.Error as error:
        raise Problem(BAD_DATA, f"{name}:{first}: {error}", "Correct the quotes of the row.") from None


def read_table(path: pathlib.Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Returns the names of the columns, and the rows with their line numbers."""
    name = str(path)
    lines = list(enumerate(io.StringIO(text_of(path), newline=None), 1))
    plain = [i for i, (_, line) in enumerate(lines) if line.strip() and not line.startswith("#")]
    if not plain:
        raise Problem(BAD_DATA, f"{name}: no rows", "Give a table with a header and a row for each galaxy.")
    start = plain[0]
    given = re.fullmatch(r"sep=(.)\s*", lines[start][1], re.IGNORECASE)
    if given and len(plain) > 1:
        start = plain[1]
    header = lines[start][1]
    separator = given[1] if given else separator_of(header)
    if separator is None:
        raise Problem(BAD_DATA, f"{name}:{lines[start][0]}: no comma, semicolon, tab or bar separates columns",
                      "Store the catalogue as CSV.")
    if start > 0 and not given and any(map(is_number, header.split(separator))):  # the header is the last comment
        start -= 1
        lines[start] = (lines[start][0], lines[start][1].lstrip("# "))
    rows = records(name, lines[start:], separator)
    columns = next(rows)[1]
    return columns, checked_rows(name, columns, rows)


def checked_rows(name: str, columns: list[str], rows: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    found = []
    for line, cells in rows:
        if len(cells) != len(columns):
            raise Problem(BAD_DATA, f"{name}:{line}: {len(cells)} cells, but the header names {len(columns)} columns", "Correct the row.")
        found.append((line, cells))
    if not found:
        raise Problem(BAD_DATA, f"{name}: no rows below the header", "Give a row for each galaxy.")
    return found


def matching(columns: list[str], name: str) -> list[int]:
    """Positions of a column: the exact name, else upper and lower case are equal."""
    exact = [i for i, column in enumerate(columns) if column == name]
    return exact or [i for i, column in enumerate(columns) if column.casefold() == name.casefold()]


def position_of(table: str, columns: list[str], names: tuple[str, ...], option: str) -> int:
    """The only column of the first name that the table has."""
    for name in names:
        found = matching(columns, name)
        if len(found) > 1:
            raise Problem(BAD_DATA, f"{table}: {len(found)} columns are called {shown(name)}", f"Rename one, or choose another with {option}.")
        if found:
            return found[0]
    there = ", ".join(shown(column) for column in columns[:20])
    raise Problem(BAD_DATA, f"{table}: no column {' or '.join(map(shown, names))}; there are {there}", f"Name the column with {option}.")


def angle(text: str, unit_deg: float) -> float | None:
    """Degrees of a number, or of three parts such as 07:52:05.39 whose first one has this unit."""
    if is_number(text):
        return float(text)
    parts = re.fullmatch(r"([+-]?)(\d+)[: ]+([0-5]?\d)[: ]+([0-5]?\d(?:\.\d*)?)", text)
    if not parts:
        return None
    value = (int(parts[2]) + int(parts[3]) / 60 + float(parts[4]) / 3600) * unit_deg
    return -value if parts[1] == "-" else value


def number_within(where: str, column: str, value: float | None, cell: str, low: float, high: float, what: str) -> float:
    if value is None or not low <= value <= high:
        raise Problem(BAD_DATA, f"{where}: column {shown(column)} holds '{shown(cell)}', no {what} of {low:g} to {high:g}",
                      "Correct the row or leave it out.")
    return value


def checked_id(where: str, text: str) -> str:
    if not text or len(text.encode()) > LONGEST_ID or not text.isprintable():
        raise Problem(BAD_DATA, f"{where}: the id '{shown(text)}' is empty, longer than {LONGEST_ID} bytes, or has control characters",
                      "Correct the row, or choose another column with --id-column.")
    if re.fullmatch(r"\d([.,]\d*)?[eE]\+?\d+", text):
        raise Problem(BAD_DATA, f"{where}: the id {text} has lost its digits to a spreadsheet", "Export the catalogue with ids as text.")
    return text


def read_catalogue(path: pathlib.Path, names: Columns, scale: float) -> Catalogue:
    """The galaxies of a catalogue. `scale` is in arcsec a pixel, or with names.scale the factor of that column.

    >>> read_catalogue(pathlib.Path("galaxies.csv"), Columns(scale="petroRad_r"), 0.024).galaxies[0].scale  # doctest: +SKIP
    0.2136
    """
    table = str(path)
    columns, rows = read_table(path)
    sky = next((pair for pair in SKY_COLUMNS if all(matching(columns, name) for name in pair)), SKY_COLUMNS[0])
    id_at = position_of(table, columns, (names.id,) if names.id else ID_COLUMNS, "--id-column")
    ra_at = position_of(table, columns, (names.ra or sky[0],), "--ra and --dec")
    dec_at = position_of(table, columns, (names.dec or sky[1],), "--ra and --dec")
    scale_at = position_of(table, columns, (names.scale,), "--scale-column") if names.scale else None
    galaxies, lines = [], {}
    for line, cells in rows:
        where = f"{table}:{line}"
        name = checked_id(where, cells[id_at])
        if name in lines:
            raise Problem(BAD_DATA, f"{where}: id {shown(name)} is also in line {lines[name]}", "Leave one of the rows out.")
        lines[name] = line
        ra = number_within(where, columns[ra_at], angle(cells[ra_at], 15), cells[ra_at], -360, 360, "right ascension")
        dec = number_within(where, columns[dec_at], angle(cells[dec_at], 1), cells[dec_at], -90, 90, "declination")
        size = scale
        if scale_at is not None:
            cell = cells[scale_at]
            size = number_within(where, columns[scale_at], float(cell) * scale if is_number(cell) else None, cell, SMALLEST_SCALE,
                                 LARGEST_SCALE, f"number that times {scale:g} is a scale")
        galaxies.append(Galaxy(line, name, ra % 360, dec, size, cells))
    return Catalogue(columns, galaxies)
