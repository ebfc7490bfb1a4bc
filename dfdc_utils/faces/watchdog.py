"""Keeps one video from costing others, in the process that extracts a shard.

A file can be made so that a decoder crashes on it or never comes back, and then no exception is raised that
could be caught. Dask starts another process for one that died and gives it the same shard again; what the
watchdog wrote down beforehand tells that process which video to leave out.
"""

import contextlib
import faulthandler
import json
import os
from collections.abc import Iterator
from pathlib import Path

from dfdc_utils.workspace import write_json

_MOST_DEATHS = 2
"""The first may be anybody's fault: a machine that was taken away, or ran out of memory over something else."""


class Watchdog:
    """Watches over the videos of one shard, across the deaths of the processes that work on it.

    Args:
        path: of its notes, a hidden file beside the shard.
        time_limit: seconds after which a process that is still busy with one video is ended.
    """

    def __init__(self, path: Path, time_limit: float):
        self._path, self._time_limit = path, time_limit
        self._deaths: dict[str, int] = {}
        if path.is_file():
            notes = json.loads(path.read_text(encoding="utf-8"))
            self._deaths = notes["deaths"]
            # Whoever wrote that did not come to the end of it.
            self._deaths[notes["in_hand"]] = self._deaths.get(notes["in_hand"], 0) + 1

    def gives_up(self, video: str) -> bool:
        """Whether so many processes died over `video` that it is to be left out."""
        return self._deaths.get(video, 0) >= _MOST_DEATHS

    @property
    def reason(self) -> str:
        """Why a video was given up, for the account."""
        return (
            f"{_MOST_DEATHS} processes ended while they worked on it: it crashes the decoder, takes more memory "
            f"than {_memory()}, or more than {self._time_limit:g} seconds"
        )

    @contextlib.contextmanager
    def over(self, video: str) -> Iterator[None]:
        """Works on `video`, in the process's only thread that extracts."""
        write_json(self._path, {"in_hand": video, "deaths": self._deaths})
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            # A thread of C's: it ends the process also where the decoder never lets Python run again.
            faulthandler.dump_traceback_later(self._time_limit, exit=True, file=nowhere)
            try:
                yield
            finally:
                faulthandler.cancel_dump_traceback_later()

    def close(self) -> None:
        """The shard is written: the notes are not needed any more."""
        self._path.unlink(missing_ok=True)


def _memory() -> str:
    """How much memory this process may take, and whose limit that is."""
    from dask.distributed import get_worker
    from distributed.system import MEMORY_LIMIT

    try:
        limit = get_worker().memory_manager.memory_limit
    except ValueError:  # not a worker of Dask's
        limit = None
    if limit:
        return f"the limit of Dask's worker, {limit / 1e9:.1f} GB"
    return f"there is, {MEMORY_LIMIT / 1e9:.1f} GB in all"
