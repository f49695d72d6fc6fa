"""Tells whether bytes are a whole JPEG or PNG image, without decoding the pixels of a JPEG."""
import re
import struct
import zlib
from dataclasses import dataclass

SMALLEST_SIDE, MOST_PIXELS = 8, 100_000_000
START_OF_FRAME = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
START_OF_SCAN, END_OF_IMAGE = 0xDA, 0xD9
END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
PNG_START = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of the PNG colour types


class Damaged(Exception):
    """Why the bytes are no whole image."""


@dataclass(frozen=True)
class Picture:
    suffix: str       # ".jpg" or ".png"
    width: int
    height: int
    one_colour: bool  # as far as it can be told cheaply


def checked(suffix: str, width: int, height: int, one_colour: bool) -> Picture:
    if min(width, height) < SMALLEST_SIDE:
        raise Damaged(f"an image of {width} x {height} pixels")
    return Picture(suffix, width, height, one_colour)


def scans_repeat(scans: bytes) -> bool:
    """Whether the blocks of a JPEG are all alike: zlib makes their codes more than 50 times smaller. The sky's noise does not
    compress. Scans below 200 bytes are not judged."""
    return len(scans) >= 200 and len(zlib.compress(scans)) < 40 + len(scans) // 50


def rows_repeat(rows: bytes, row_bytes: int) -> bool:
    """Whether the rows of a PNG are all alike: the first differs from the others, and there are 5 filters."""
    return len({rows[i:i + row_bytes] for i in range(0, len(rows), row_bytes)}) <= 6


def inspect_jpeg(content: bytes) -> Picture:
    """Follows the markers to the end of the image."""
    at, size, scans = 2, None, []
    while at + 4 <= len(content) or content[at:at + 2] == b"\xff\xd9":
        if content[at] != 0xFF:
            raise Damaged(f"the JPEG is damaged at byte {at}")
        kind = content[at + 1]
        if kind == 0xFF:  # a fill byte
            at += 1
            continue
        if kind == END_OF_IMAGE:
            if size is None or not scans:
                raise Damaged("the JPEG has no image")
            return checked(".jpg", *size, scans_repeat(b"".join(scans)))
        length = int.from_bytes(content[at + 2:at + 4], "big")
        if kind in START_OF_FRAME and at + 9 <= len(content):
            height, width = struct.unpack_from(">HH", content, at + 5)
            size = (width, height)
        at += 2 + length
        if kind == START_OF_SCAN:
            end = END_OF_SCAN.search(content, at)
            if end is None:
                break
            scans.append(content[at:end.start()])
            at = end.start()
    raise Damaged("the JPEG ends too early")


def unpack_png(header: bytes, packed: bytes) -> Picture:
    """Of the content of IHDR and of all IDAT."""
    width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if colour not in CHANNELS or not 0 < width * height <= MOST_PIXELS:
        raise Damaged("the PNG's header is damaged")
    row_bytes = 1 + (width * CHANNELS[colour] * depth + 7) // 8
    expected = height * row_bytes
    unpacker = zlib.decompressobj()
    try:
        rows = unpacker.decompress(packed, 2 * expected + 64)
    except zlib.error as error:
        raise Damaged(f"the PNG is damaged: {error}") from None
    if not unpacker.eof or (len(rows) != expected and not interlaced):
        raise Damaged("the PNG lacks pixels")
    return checked(".png", width, height, not interlaced and rows_repeat(rows, row_bytes))


def inspect_png(content: bytes) -> Picture:
    """Checks the sum of every chunk and unpacks the pixels."""
    at, header, packed = len(PNG_START), b"", []
    while at + 12 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        if end > len(content):
            break
        if zlib.crc32(content[at + 4:end - 4]) != int.from_bytes(content[end - 4:end], "big"):
            raise Damaged(f"the PNG is damaged at byte {at}")
        if kind == b"IHDR" and length == 13:
            header = content[at + 8:end - 4]
        elif kind == b"IDAT":
            packed.append(content[at + 8:end - 4])
        elif kind == b"IEND":
            if not header:
                raise Damaged("the PNG has no header")
            return unpack_png(header, b"".join(packed))
        at = end
    raise Damaged("the PNG ends too early")


def inspect(content: bytes) -> Picture:
    """Returns what the image is; raises Damaged for everything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return inspect_jpeg(content)
    if content.startswith(PNG_START):
        return inspect_png(content)
    if not content:
        raise Damaged("an empty answer")
    is_page = re.match(rb"\s*<(!doctype|html|\?xml|head|body)", content[:200], re.IGNORECASE)
    raise Damaged("a web page instead of an image" if is_page else "neither JPEG nor PNG")
