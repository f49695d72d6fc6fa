"""Fetches images over HTTP: a rate that all threads share, retries, and checks of every answer."""
import email.utils
import http.client
import random
import threading
import time
import urllib.error
import urllib.request

from cutouts.picture import Damaged, Picture, inspect

LONGEST_WAIT_S, LONGEST_RETRY_AFTER_S = 60.0, 3600.0
LARGEST_ANSWER = 64 << 20  # bytes
TEMPORARY = {408, 425, 429}  # besides 5xx


class Stopped(Exception):
    """A signal came while a thread waited."""


class Final(Exception):
    """The service has no image of this object."""


class Temporary(Exception):
    """May succeed later, not before `wait_s` if that is given."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class Unreachable(Temporary):
    """No connection to the service."""


class Rate:
    """Spaces the requests of all threads evenly; a service that asks for a pause gets it from all of them."""

    def __init__(self, requests_per_s: float, stop: threading.Event) -> None:
        self._interval, self._stop, self._lock = 1 / requests_per_s, stop, threading.Lock()
        self._next = self._pause_end = time.monotonic()
        self.requests = 0

    def sleep_until(self, moment: float) -> None:
        if self._stop.wait(max(0.0, moment - time.monotonic())):
            raise Stopped

    def wait(self) -> None:
        """Returns when the caller may send a request."""
        while True:
            with self._lock:
                turn = max(self._next, time.monotonic())
                self._next = turn + self._interval
            self.sleep_until(turn)
            with self._lock:
                if time.monotonic() >= self._pause_end:
                    self.requests += 1
                    return

    def pause(self, seconds: float) -> None:
        with self._lock:
            self._pause_end = max(self._pause_end, time.monotonic() + seconds)
            self._next = max(self._next, self._pause_end)


class SpacedRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is one more request, and takes its turn."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate

    def redirect_request(self, *arguments, **options):
        self._rate.wait()
        return super().redirect_request(*arguments, **options)


def retry_after_s(text: str | None) -> float | None:
    """Seconds of a Retry-After header: a number, or a date."""
    if text is None:
        return None
    if text.strip().isdecimal():
        seconds = float(text)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_S)


def body_of(answer: http.client.HTTPResponse, deadline: float) -> bytes:
    content = bytearray()
    while chunk := answer.read1(1 << 16):
        content += chunk
        if len(content) > LARGEST_ANSWER:
            raise Final(f"more than {LARGEST_ANSWER >> 20} MiB")
        if time.monotonic() > deadline:
            raise TimeoutError
    length = answer.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) != len(content):
        raise Temporary(f"{len(content)} of {length} bytes")
    return bytes(content)


class Fetcher:
    """Gets images with retries. `expected_side` in pixels is checked if it is given.

    >>> rate = Rate(2, threading.Event())
    >>> content, picture = Fetcher(rate, retries=5, timeout_s=30).fetch("https://...")  # doctest: +SKIP
    """

    def __init__(self, rate: Rate, *, retries: int, timeout_s: float, backoff_s: float = 1.0, expected_side: int | None = None) -> None:
        self._rate, self._retries, self._timeout_s = rate, retries, timeout_s
        self._backoff_s, self._expected_side = backoff_s, expected_side
        self._opener = urllib.request.build_opener(SpacedRedirects(rate))
        self._opener.addheaders = [("User-Agent", "hpcai-train download_galaxies"), ("Accept", "image/jpeg, image/png")]

    def fetch(self, url: str) -> tuple[bytes, Picture]:
        """Raises Final, Temporary when no try is left, or Stopped."""
        for attempt in range(self._retries + 1):
            try:
                content = self._get(url)
                return content, self._checked(content)
            except Temporary as trouble:
                if trouble.wait_s is not None:
                    self._rate.pause(trouble.wait_s)
                if attempt == self._retries:
                    raise
                backoff_s = min(LONGEST_WAIT_S, self._backoff_s * 2**attempt) * random.uniform(0.5, 1.5)
                self._rate.sleep_until(time.monotonic() + max(backoff_s, trouble.wait_s or 0.0))
        raise AssertionError("unreachable")

    def _get(self, url: str) -> bytes:
        self._rate.wait()
        try:
            with self._opener.open(url, timeout=self._timeout_s) as answer:
                return body_of(answer, time.monotonic() + self._timeout_s)
        except urllib.error.HTTPError as error:
            with error:
                if error.code in TEMPORARY or error.code >= 500:
                    raise Temporary(f"HTTP {error.code}", retry_after_s(error.headers.get("Retry-After"))) from None
                raise Final(f"HTTP {error.code}") from None
        except urllib.error.URLError as error:
            raise Unreachable(str(error.reason)) from None
        except TimeoutError:
            raise Temporary(f"no whole answer within {self._timeout_s:g} s") from None
        except (http.client.HTTPException, OSError) as error:
            raise Temporary(f"the connection was cut ({type(error).__name__})") from None

    def _checked(self, content: bytes) -> Picture:
        try:
            picture = inspect(content)
        except Damaged as error:
            raise Temporary(str(error)) from None
        if picture.one_colour:
            raise Final("an image of one colour")
        side = self._expected_side
        if side and (picture.width, picture.height) != (side, side):
            raise Final(f"{picture.width} x {picture.height} pixels instead of {side} x {side}")
        return picture
