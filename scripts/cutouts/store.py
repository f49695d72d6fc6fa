"""The folder of images with its manifest.csv, labels.csv and SHA256SUMS. What has its final name is whole."""
import contextlib
import csv
import errno
import fcntl
import hashlib
import io
import os
import pathlib
import re
import threading
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields

from cutouts.catalogue import Catalogue, file_stem
from cutouts.problem import CANNOT_WRITE, Problem

OK, NO_IMAGE, FAILED = "ok", "no image", "failed"  # a status may go on with ": REASON"
MANIFEST, LABELS, CHECKSUMS = "manifest.csv", "labels.csv", "SHA256SUMS"
TEMPORARY_NAME = re.compile(r".+\.tmp-\d+")


@dataclass(frozen=True)
class Entry:
    """A row of manifest.csv."""
    id: str
    file: str
    ra: str
    dec: str
    bytes: str
    sha256: str
    status: str
    url: str

    def has_status(self, kind: str) -> bool:
        return self.status.split(":")[0] == kind


HEADER = tuple(field.name for field in fields(Entry))


def csv_text(rows: Iterable[Iterable[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content):]


def write_whole(path: pathlib.Path, content: bytes) -> None:
    """Writes under a temporary name, flushes to the disk, and renames."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def entries_of(text: str) -> dict[str, Entry]:
    """The last entry of each id. A line that a full disk or a kill has cut is left out; its image is fetched again."""
    found = {}
    for line in text.splitlines(keepends=True)[1:]:
        cells = next(csv.reader([line]), [])
        if line.endswith("\n") and len(cells) == len(HEADER):
            entry = Entry(*cells)
            if entry.file in ("", *(file_stem(entry.id) + suffix for suffix in (".jpg", ".png"))):
                found[entry.id] = entry
    return found


class Store:
    """One process at a time has the folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._lock = threading.Lock()
        self._own_folder()
        self._entries = self._load()
        self._write_manifest()
        self._manifest = os.open(folder / MANIFEST, os.O_WRONLY | os.O_APPEND)

    def _own_folder(self) -> None:
        self._folder_lock = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(self._folder_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise Problem(CANNOT_WRITE, f"{self.folder}: another download writes there", "Wait for it or end it.") from None
        for path in self.folder.iterdir():  # of a killed process
            if TEMPORARY_NAME.fullmatch(path.name):
                path.unlink()

    def _load(self) -> dict[str, Entry]:
        path = self.folder / MANIFEST
        if not path.exists():
            for name in (LABELS, CHECKSUMS):
                if (self.folder / name).exists():
                    raise Problem(CANNOT_WRITE, f"{self.folder / name} is not of this program: there is no {MANIFEST}",
                                  "Choose another folder with --out.")
            return {}
        text = path.read_text(encoding="utf-8", errors="replace")
        if not text.startswith(",".join(HEADER) + "\n"):
            raise Problem(CANNOT_WRITE, f"{path} is not of this program", "Choose another folder with --out.")
        return entries_of(text)

    def _write_manifest(self) -> None:
        rows = [HEADER, *map(astuple, self._entries.values())]
        write_whole(self.folder / MANIFEST, csv_text(rows).encode())

    def entry(self, name: str, url: str) -> Entry | None:
        """What is known of an object with this address."""
        found = self._entries.get(name)
        return found if found and found.url == url else None

    def is_whole(self, entry: Entry) -> bool:
        """Whether the image is there with the bytes that were fetched."""
        try:
            return hashlib.sha256((self.folder / entry.file).read_bytes()).hexdigest() == entry.sha256
        except OSError:
            return False

    def forget(self, entry: Entry) -> None:
        """Removes an image that has changed."""
        (self.folder / entry.file).unlink(missing_ok=True)
        del self._entries[entry.id]

    def add(self, entry: Entry, content: bytes = b"") -> None:
        """Stores an image, if there is one, and its entry."""
        before = self._entries.get(entry.id)
        if content:
            write_whole(self.folder / entry.file, content)
        if before and before.file not in ("", entry.file):
            (self.folder / before.file).unlink(missing_ok=True)
        with self._lock:
            write_all(self._manifest, csv_text([astuple(entry)]).encode())
            os.fsync(self._manifest)
            self._entries[entry.id] = entry

    def finish(self, catalogue: Catalogue, urls: dict[str, str]) -> None:
        """Writes the manifest anew, the checksums of all images, and the rows of the catalogue whose images are there."""
        self._write_manifest()
        there = {e.id: e for e in self._entries.values() if e.has_status(OK) and (self.folder / e.file).is_file()}
        columns = ["catalogue_file" if column.casefold() == "file" else column for column in catalogue.columns]
        rows = [[there[g.id].file, *g.cells] for g in catalogue.galaxies if g.id in there and there[g.id].url == urls[g.id]]
        if rows:
            write_whole(self.folder / LABELS, csv_text([["file", *columns], *rows]).encode())
            write_whole(self.folder / CHECKSUMS, "".join(f"{e.sha256}  {e.file}\n" for e in there.values()).encode())

    def close(self) -> None:
        with contextlib.suppress(OSError):
            os.close(self._manifest)
            os.close(self._folder_lock)


def image_entry(name: str, ra: float, dec: float, url: str, suffix: str, content: bytes) -> Entry:
    return Entry(name, file_stem(name) + suffix, repr(ra), repr(dec), str(len(content)), hashlib.sha256(content).hexdigest(), OK, url)


def missing_entry(name: str, ra: float, dec: float, url: str, kind: str, reason: str) -> Entry:
    return Entry(name, "", repr(ra), repr(dec), "", "", f"{kind}: {reason}", url)
