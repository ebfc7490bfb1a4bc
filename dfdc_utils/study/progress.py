"""How far a study is, and how much memory it takes, while it runs."""

import threading
import time
from dataclasses import dataclass, field
from typing import TextIO

import psutil

_TICK = 1.0
_EXACT_EVERY = 10.0
_LOG_EVERY = 60.0
_WIDTH = 78


def clock(seconds: float) -> str:
    """Seconds as "1:05" or "1:02:05"."""
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@dataclass
class _Running:
    """A notebook that runs."""

    began: float = field(default_factory=time.monotonic)
    cell: int = 0
    """The one it is at, from 1; 0 before the first."""
    cells: int = 0

    def __str__(self) -> str:
        where = f"cell {self.cell} of {self.cells}" if self.cell else "start-up"
        return f"{where:<18}{clock(time.monotonic() - self.began):>8}"


class Watch:
    """Once a second, in a thread of its own: samples memory and says where the study stands.

    On a terminal that is one line for all that run, kept fresh; elsewhere a line a minute for each of them, so that a
    log stays readable.
    """

    def __init__(self, out: TextIO):
        self.peak_bytes = 0
        """Most resident memory seen of this process and all processes under it, added up."""
        self._most, self._asked = 0, 0.0
        self._out = out
        self._running: dict[str, _Running] = {}
        self._said = time.monotonic()
        self._stop = threading.Event()
        # Several threads write.
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()

    def start(self, name: str, reason: str) -> None:
        """A notebook starts."""
        with self._lock:
            self._running[name] = _Running()
            self._line(name, reason)

    def news(self, name: str, cell: int, cells: int) -> None:
        """A notebook is at that cell, counted from 1, of so many."""
        with self._lock:
            if running := self._running.get(name):
                running.cell, running.cells = cell, cells

    def finish(self, name: str, word: str) -> None:
        """A notebook is over."""
        with self._lock:
            running = self._running.pop(name)
            self._line(name, f"{word:<18}{clock(time.monotonic() - running.began):>8}")

    def say(self, name: str, words: str) -> None:
        """A line about a notebook that does not run."""
        with self._lock:
            self._line(name, words)

    def _run(self) -> None:
        while True:
            self._sample_memory()
            with self._lock:
                self._tick()
            if self._stop.wait(_TICK):
                return

    def _sample_memory(self) -> None:
        """The exact sum takes as long as the kernels have memory, and holds them up: only where there may be a peak."""
        resident, now = _bytes(exact=False), time.monotonic()
        due = resident > self.peak_bytes and now - self._asked >= _EXACT_EVERY
        if due or resident > self._most:
            self._most, self._asked = max(self._most, resident), now
            self.peak_bytes = max(self.peak_bytes, _bytes(exact=True))

    def _tick(self) -> None:
        if self._out.isatty():
            # "03 7/24 1:05": as many as run side by side fit.
            now = time.monotonic()
            told = [f"{n[:2]} {r.cell}/{r.cells or '?'} {clock(now - r.began)}" for n, r in self._running.items()]
            if told:
                self._out.write(f"\r{'   '.join(told):<{_WIDTH}.{_WIDTH}}")
                self._out.flush()
        elif time.monotonic() - self._said >= _LOG_EVERY:
            self._said = time.monotonic()
            for name, running in self._running.items():
                self._line(name, str(running))

    def _line(self, name: str, words: str) -> None:
        line = f"{name:<32}{words}"
        if self._out.isatty():
            # Padded, so that nothing of what stood there stays behind.
            line = f"\r{line:<{_WIDTH}}"
        self._out.write(f"{line}\n")
        self._out.flush()


def _bytes(*, exact: bool) -> int:
    """Resident memory of this process and all under it; what they share, such as libraries, once only if `exact`."""
    process = psutil.Process()
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            # Proportional set size where there is one (Linux).
            memory = one.memory_full_info() if exact else one.memory_info()
            total += getattr(memory, "pss", memory.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            # It ended between being listed and being asked, as workers and kernels do.
            pass
    return total
