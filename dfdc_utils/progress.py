"""How far a study is, and how much memory it takes, while it runs."""

import threading
import time
from typing import TextIO

import psutil

_TICK = 1.0
_LOG_EVERY = 60.0


def clock(seconds: float) -> str:
    """Seconds as "1:05" or "1:02:05"."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


class Watch:
    """Once a second, in a thread of its own: samples memory and says where the study stands.

    On a terminal that is one line, kept fresh; elsewhere a line a minute, so that a log stays readable.
    """

    def __init__(self, out: TextIO):
        self.peak_bytes = 0
        """Most resident memory seen of this process and all processes under it, added up."""
        self._notebook_bytes = 0
        self._out = out
        self._name = None
        self._stop = threading.Event()
        # Both threads write the line.
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def where(self) -> str:
        """"cell 7 of 24", or "start-up" before the first."""
        return f"cell {self._cell} of {self._cells}" if self._cell else "start-up"

    def start(self, name: str, reason: str) -> None:
        """A notebook starts."""
        with self._lock:
            self._name, self._began, self._cell, self._cells = name, time.monotonic(), 0, 0
            self._said, self._notebook_bytes = self._began, 0
            self._write(name, reason, last=not self._out.isatty())

    def cells(self, count: int) -> None:
        """It has so many cells."""
        self._cells = count

    def cell(self, number: int) -> None:
        """It is at cell `number`, counted from 1."""
        self._cell = number

    def finish(self, word: str) -> None:
        """It is over."""
        with self._lock:
            took, memory = clock(time.monotonic() - self._began), self._notebook_bytes / 1e9
            self._write(self._name, f"{word:<18}{took:>8}{memory:>8.1f} GB", last=True)
            self._name = None

    def say(self, name: str, words: str) -> None:
        """A line about a notebook that does not run."""
        with self._lock:
            self._write(name, words, last=True)

    def _run(self) -> None:
        while True:
            memory = _resident_bytes()
            self.peak_bytes = max(self.peak_bytes, memory)
            with self._lock:
                self._notebook_bytes = max(self._notebook_bytes, memory)
                if self._name:
                    self._tick()
            if self._stop.wait(_TICK):
                return

    def _tick(self) -> None:
        now = time.monotonic()
        terminal = self._out.isatty()
        if terminal or now - self._said >= _LOG_EVERY:
            self._said = now
            self._write(self._name, f"{self.where:<18}{clock(now - self._began):>8}", last=not terminal)

    def _write(self, name: str, words: str, *, last: bool) -> None:
        line = f"{name:<30}{words}"
        if self._out.isatty():
            # Padded, so that nothing of a longer line stays behind; no wider than a narrow terminal.
            line = f"\r{line:<78.78}"
        self._out.write(line + ("\n" if last else ""))
        self._out.flush()


def _resident_bytes() -> int:
    process = psutil.Process()
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            # Proportional set size where there is one (Linux): the libraries that workers and kernels share
            # would otherwise be counted once for each of them.
            memory = one.memory_full_info()
            total += getattr(memory, "pss", memory.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            # It ended between being listed and being asked, as workers and kernels do.
            pass
    return total
