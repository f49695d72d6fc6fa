#!/usr/bin/env python3
"""Fetches colour cut-outs of the galaxies of a catalogue into a folder that `data.type: image_folder` reads.

  scripts/download_galaxies.py --catalogue galaxies.csv --out sdss --survey sdss --scale-column petroRad_r --scale-factor 0.024
  scripts/download_galaxies.py --catalogue des.csv --out des --survey des --scale 0.262 --size 256
  scripts/download_galaxies.py --catalogue g.csv --out im --url 'https://HOST/cutout?ra={ra}&dec={dec}&scale={scale}&size={size}'

Needs Python 3.11 alone. The folder gets an image for each row, ID.jpg or ID.png; labels.csv, which has the rows of the catalogue whose
images are there; manifest.csv, which tells the state, size, SHA-256 and address of each; and SHA256SUMS for `sha256sum -c`. The same
command goes on after a stop, a kill or a failure: it fetches what is missing, has changed on the disk, or has another address than
before. Objects of which the service has no image are asked for again with --retry-failed only. http_proxy, https_proxy and no_proxy
count. The exit statuses are those of hpcai-train; 69 also stands for objects that no retry could fetch.
"""
import argparse
import collections
import json
import math
import os
import pathlib
import re
import signal
import sys
import threading
import time
import traceback
import urllib.parse
from dataclasses import dataclass

from cutouts.catalogue import LARGEST_SCALE, SMALLEST_SCALE, Catalogue, Columns, Galaxy, read_catalogue
from cutouts.download import Download
from cutouts.fetch import Fetcher, Rate
from cutouts.problem import CANNOT_WRITE, INTERNAL_ERROR, STOPPED, UNREACHABLE, Problem
from cutouts.store import FAILED, LABELS, MANIFEST, NO_IMAGE, OK, Store


@dataclass(frozen=True)
class Survey:
    url: str
    scale: float                             # arcsec a pixel of the survey's own images
    sides: tuple[int, int] = (8, 20000)      # that the service makes


LEGACY = "https://www.legacysurvey.org/viewer/jpeg-cutout?ra={ra}&dec={dec}&pixscale={scale}&size={size}&layer="
SURVEYS = {
    "sdss": Survey("https://skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg?ra={ra}&dec={dec}&scale={scale}&width={size}&height={size}",
                   0.396, (64, 2048)),
    "des": Survey(LEGACY + "des-dr1", 0.262),
    "legacy": Survey(LEGACY + "ls-dr10", 0.262),
}
PLACEHOLDERS = {"ra", "dec", "scale", "size", "id"}


def number(kind: type, low: float, high: float):
    """A type of argparse: a number within these bounds."""
    def read(text: str):
        value = kind(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise argparse.ArgumentTypeError(f"{text} is not within {low:g} and {high:g}")
        return value
    read.__name__ = kind.__name__
    return read


def template(text: str) -> str:
    """A type of argparse: the address of a service with placeholders."""
    names = set(re.findall(r"\{(\w+)\}", text))
    if not re.match(r"https?://[^/{}\s]+", text) or re.search(r"[\s\x00-\x1f]", text) or not text.isascii():
        raise argparse.ArgumentTypeError(f"'{text}' does not begin with http:// or https:// and a host, or has blanks")
    if names - PLACEHOLDERS or re.search(r"[{}]", re.sub(r"\{\w+\}", "", text)):
        raise argparse.ArgumentTypeError(f"'{text}' has other braces than {{{'}, {'.join(sorted(PLACEHOLDERS))}}}")
    if not names & {"ra", "dec", "id"}:
        raise argparse.ArgumentTypeError(f"'{text}' has neither {{ra}} and {{dec}} nor {{id}}")
    return text


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False)
    parser.add_argument("--catalogue", required=True, type=pathlib.Path, help="CSV, TSV, semicolons or bars; a row for each galaxy")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="folder of the images")
    parser.add_argument("--survey", choices=SURVEYS, help="SkyServer's SDSS DR18; DES DR1 or DR10 of the Legacy Surveys' viewer")
    parser.add_argument("--url", type=template, help="another service: its address with {ra}, {dec}, {scale}, {size} and {id}")
    parser.add_argument("--id-column", help="default: objID, dr7objid, COADD_OBJECT_ID, id, ...")
    parser.add_argument("--ra", help="column, in degrees or as hours 07:52:05.39; default: ra, RAJ2000, ALPHA_J2000, ...")
    parser.add_argument("--dec", help="column, in degrees or as 18:40:08.0")
    parser.add_argument("--scale", type=number(float, SMALLEST_SCALE, LARGEST_SCALE), help="arcsec a pixel (default: the survey's own)")
    parser.add_argument("--scale-column", help="column of a size of each galaxy in arcsec, such as petroRad_r")
    parser.add_argument("--scale-factor", type=number(float, 1e-6, 1e6), help="the scale is this times the size")
    parser.add_argument("--size", type=number(int, 8, 20000), default=423, help="side of an image in pixels (default: 423)")
    parser.add_argument("--rate", type=number(float, 0.001, 1000), default=2.0, help="requests a second of all workers (default: 2)")
    parser.add_argument("--workers", type=number(int, 1, 64), default=4, help="requests at a time (default: 4)")
    parser.add_argument("--retries", type=number(int, 0, 100), default=5, help="of an object, after a failure that may pass (default: 5)")
    parser.add_argument("--backoff", type=number(float, 0, 60), default=1.0, help="seconds before the first retry, then doubled (default: 1)")
    parser.add_argument("--timeout", type=number(float, 0.01, 3600), default=30.0, help="seconds for one answer (default: 30)")
    parser.add_argument("--limit", type=number(int, 1, 1 << 40), help="only so many rows from the first on")
    parser.add_argument("--retry-failed", action="store_true", help="ask again for objects without an image")
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    arguments = parser.parse_args()
    complete(parser, arguments)
    return arguments


def complete(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Fills in what the survey says, and refuses what does not fit together."""
    if bool(arguments.survey) == bool(arguments.url):
        parser.error("give either --survey or --url")
    if bool(arguments.ra) != bool(arguments.dec):
        parser.error("--ra and --dec go together")
    if bool(arguments.scale_column) != bool(arguments.scale_factor):
        parser.error("--scale-column and --scale-factor go together")
    if arguments.scale and arguments.scale_column:
        parser.error("give either --scale or --scale-column")
    survey = SURVEYS.get(arguments.survey)
    if survey and not survey.sides[0] <= arguments.size <= survey.sides[1]:
        parser.error(f"--size: the service makes images of {survey.sides[0]} to {survey.sides[1]} pixels")
    if "{scale}" in (arguments.url or "") and not (arguments.scale or arguments.scale_column):
        parser.error("--url has {scale}: give --scale or --scale-column")
    if any(arguments.catalogue.resolve() == (arguments.out / name).resolve() for name in (LABELS, MANIFEST)):
        parser.error("--catalogue is a file that the download writes: copy it to another place")
    arguments.expected_side = arguments.size if survey else None
    arguments.url = survey.url if survey else arguments.url
    arguments.scale = arguments.scale_factor or arguments.scale or (survey.scale if survey else 1.0)


def url_of(address: str, galaxy: Galaxy, size: int) -> str:
    values = {"ra": f"{galaxy.ra:.7f}", "dec": f"{galaxy.dec:.7f}", "scale": f"{galaxy.scale:.6f}", "size": str(size),
              "id": urllib.parse.quote(galaxy.id, safe="")}
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], address)


def missing_of(store: Store, galaxies: list[Galaxy], urls: dict[str, str], retry_failed: bool) -> list[tuple[Galaxy, str]]:
    """What is to be fetched: all but whole images, and objects of which the service has none. Changed images are removed."""
    todo = []
    for galaxy in galaxies:
        entry = store.entry(galaxy.id, urls[galaxy.id])
        if entry and entry.has_status(OK):
            if store.is_whole(entry):
                continue
            store.forget(entry)
        elif entry and entry.has_status(NO_IMAGE) and not retry_failed:
            continue
        todo.append((galaxy, urls[galaxy.id]))
    return todo


def stop_at_signals(stop: threading.Event) -> None:
    """The first signal stops cleanly, a second one at once."""
    def handle(*_) -> None:
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, signal.SIG_DFL)
        stop.set()

    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, handle)


def summary_of(store: Store, galaxies: list[Galaxy], urls: dict[str, str]) -> dict:
    """Counts of the objects by their state."""
    entries = [store.entry(galaxy.id, urls[galaxy.id]) for galaxy in galaxies]
    kinds = {kind: sum(bool(e) and e.has_status(kind) for e in entries) for kind in (OK, NO_IMAGE, FAILED)}
    reasons = collections.Counter(e.status for e in entries if e and not e.has_status(OK))
    return {"objects": len(galaxies), "images": kinds[OK], "no_image": kinds[NO_IMAGE], "failed": kinds[FAILED],
            "not_tried": entries.count(None), "reasons": dict(reasons.most_common(10)), "folder": str(store.folder)}


def tell(summary: dict, as_json: bool) -> None:
    if as_json:
        print(json.dumps(summary), flush=True)
        return
    print("{images} of {objects} images are in {folder} ({fetched} fetched now, {requests} requests, {seconds:.0f} s); "
          "{no_image} objects have none, {failed} failed, {not_tried} were not tried".format(**summary))
    for reason, count in summary["reasons"].items():
        print(f"  {count:>8} {reason}")
    sys.stdout.flush()


def problem_of(summary: dict, left: int) -> Problem | None:
    """Why the set is not complete; a signal has left `left` objects."""
    again = f"The same command tries them again; {MANIFEST} tells why."
    if left:
        return Problem(STOPPED, f"stopped by a signal with {left} objects left", "The same command goes on.")
    if summary["failed"]:
        return Problem(UNREACHABLE, f"{summary['failed']} of {summary['objects']} objects could not be fetched", again)
    if not summary["images"]:
        return Problem(UNREACHABLE, "the service has no image of any object", f"Check --url, --survey and coordinates; {MANIFEST} tells why.")
    return None


def download(arguments: argparse.Namespace, catalogue: Catalogue, store: Store) -> Problem | None:
    """Fetches, writes the tables, and tells the summary. Returns why the set is not complete."""
    begin, stop = time.monotonic(), threading.Event()
    stop_at_signals(stop)
    urls = {galaxy.id: url_of(arguments.url, galaxy, arguments.size) for galaxy in catalogue.galaxies}
    galaxies = catalogue.galaxies[:arguments.limit]
    rate = Rate(arguments.rate, stop)
    fetcher = Fetcher(rate, retries=arguments.retries, timeout_s=arguments.timeout, backoff_s=arguments.backoff,
                      expected_side=arguments.expected_side)
    work = Download(store, fetcher, missing_of(store, galaxies, urls, arguments.retry_failed), stop)
    problem = None
    try:
        work.run(arguments.workers)
    except Problem as error:
        problem = error
    try:
        store.finish(catalogue, urls)
    except OSError as error:
        problem = problem or Problem(CANNOT_WRITE, f"{store.folder}: {error.strerror}", "Make room; the same command goes on.")
    summary = summary_of(store, galaxies, urls)
    problem = problem or problem_of(summary, work.total - work.fetched - work.without)
    outcome = {"status": problem.status if problem else 0, "problem": problem.what if problem else ""}
    tell({**outcome, **summary, "fetched": work.fetched, "requests": rate.requests, "seconds": round(time.monotonic() - begin, 3)}, arguments.json)
    return problem


def run() -> Problem | None:
    arguments = parse_arguments()
    names = Columns(arguments.id_column, arguments.ra, arguments.dec, arguments.scale_column)
    catalogue = read_catalogue(arguments.catalogue, names, arguments.scale)
    store = Store(arguments.out)
    try:
        return download(arguments, catalogue, store)
    finally:
        store.close()


def main() -> int:
    try:
        problem = run()
    except Problem as error:
        problem = error
    except KeyboardInterrupt:
        problem = Problem(STOPPED, "stopped before the first request", "The same command goes on.")
    except OSError as error:
        problem = Problem(CANNOT_WRITE, f"{error.filename or 'output'}: {error.strerror}", "Choose another --out, or make room.")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what stdout still holds
    except Exception:
        traceback.print_exc()
        return INTERNAL_ERROR
    if problem:
        print(f"error: {problem.what}\n{problem.remedy}", file=sys.stderr)
    return problem.status if problem else 0


if __name__ == "__main__":
    sys.exit(main())
