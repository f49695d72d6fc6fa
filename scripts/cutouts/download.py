"""Fetches what is missing with several threads, and stops cleanly."""
import sys
import threading
import time
from collections import deque

from cutouts.catalogue import Galaxy
from cutouts.fetch import Fetcher, Final, Stopped, Temporary, Unreachable
from cutouts.problem import CANNOT_WRITE, UNREACHABLE, Problem, shown
from cutouts.store import FAILED, NO_IMAGE, Store, image_entry, missing_entry

MOST_FAILURES = 20  # objects in a row that no retry could fetch


class Progress:
    """A line on stderr: in place on a terminal, else every 10 s."""

    def __init__(self, todo: int) -> None:
        self._todo, self._begin, self._terminal = todo, time.monotonic(), sys.stderr.isatty()
        self._next = self._begin

    def show(self, done: int, failed: int, last: bool = False) -> None:
        now = time.monotonic()
        if now < self._next and not last:
            return
        self._next = now + (1 if self._terminal else 10)
        rate = done / max(now - self._begin, 1e-3)
        left = f"{(self._todo - done) / rate / 60:.0f} min" if done else "?"
        line = f"{done} of {self._todo} fetched, {failed} without an image, {rate:.2f} a second, {left} left"
        print(f"\r{line:<78}" if self._terminal else line, end="" if self._terminal and not last else "\n", file=sys.stderr, flush=True)


class Download:
    """The objects of `todo`, each with its address. `stop` ends it after the requests in flight."""

    def __init__(self, store: Store, fetcher: Fetcher, todo: list[tuple[Galaxy, str]], stop: threading.Event) -> None:
        self._store, self._fetcher, self._stop = store, fetcher, stop
        self._todo, self._lock = deque(todo), threading.Lock()
        self._failures = 0
        self.total, self.fetched, self.without = len(todo), 0, 0
        self.problem: BaseException | None = None

    def run(self, workers: int) -> None:
        """Returns when all is done, or after `stop`; raises the first problem."""
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(min(workers, self.total))]
        progress, told = Progress(self.total), False
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(0.1)
                if self._stop.is_set() and not told:
                    told = True
                    print("stopping after the requests in flight", file=sys.stderr, flush=True)
                progress.show(self.fetched + self.without, self.without)
        if self.total:
            progress.show(self.fetched + self.without, self.without, last=True)
        if self.problem:
            raise self.problem

    def _work(self) -> None:
        try:
            while not self._stop.is_set():
                with self._lock:
                    if not self._todo:
                        return
                    galaxy, url = self._todo.popleft()
                self._one(galaxy, url)
        except Stopped:
            pass
        except OSError as error:
            self._end(Problem(CANNOT_WRITE, f"{self._store.folder}: {error.strerror or error}",
                              "Make room or choose another folder; the same command goes on."))
        except BaseException as error:  # raised again by run()
            self._end(error)

    def _end(self, problem: BaseException) -> None:
        with self._lock:
            self.problem = self.problem or problem
        self._stop.set()

    def _one(self, galaxy: Galaxy, url: str) -> None:
        place = (galaxy.id, galaxy.ra, galaxy.dec, url)
        try:
            content, picture = self._fetcher.fetch(url)
        except Unreachable as error:
            raise Problem(UNREACHABLE, f"{shown(url, 200)}: no connection: {shown(str(error), 200)}",
                          "Check the network, and https_proxy if there is a proxy. The same command goes on.") from None
        except Temporary as error:
            self._store.add(missing_entry(*place, FAILED, str(error)))
            self._count_failure(url, str(error))
        except Final as error:
            self._store.add(missing_entry(*place, NO_IMAGE, str(error)))
            self._count(without=1)
        else:
            self._store.add(image_entry(*place, picture.suffix, content), content)
            self._count(fetched=1)

    def _count(self, fetched: int = 0, without: int = 0) -> None:
        with self._lock:
            self.fetched += fetched
            self.without += without
            self._failures = 0

    def _count_failure(self, url: str, reason: str) -> None:
        with self._lock:
            self.without += 1
            self._failures += 1
            if self._failures < MOST_FAILURES:
                return
        raise Problem(UNREACHABLE, f"{MOST_FAILURES} objects in a row could not be fetched, the last from {shown(url, 200)}: {reason}",
                      "The service seems to be down: try later. The same command goes on.")
