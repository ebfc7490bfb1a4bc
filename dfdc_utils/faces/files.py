"""Which file a video was read from, so that one that changed is known and a copy is not taken for a change."""

import hashlib
import os
from pathlib import Path

_END = 64 << 10


def status(path: str | Path) -> os.stat_result | None:
    """Of the file, links followed; None where there is none to be seen."""
    try:
        return os.stat(path)
    except OSError:
        return None


def digest(path: str | Path) -> str | None:
    """16 hex digits of the size and the first and last 64 KiB of a file; None where it is none or cannot be read.

    In a video that was encoded again or cut, some of these differ; a whole data set takes minutes, not hours.
    """
    # A pipe would be waited for, for ever.
    if not os.path.isfile(path):
        return None
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            content = hashlib.sha256(b"%d " % size + file.read(_END))
            file.seek(max(size - _END, 0))
            content.update(file.read(_END))
    except OSError:
        return None
    return content.hexdigest()[:16]


def identity(path: str | Path, mask: str | Path | None = None) -> dict:
    """The account's columns that tell one file from another: size_bytes, mtime_ns, digest; mask, that of its mask."""
    found, of_mask = status(path), digest(mask) if mask else None
    if found is None:
        return {"size_bytes": 0, "mtime_ns": 0, "digest": None, "mask": of_mask}
    return {"size_bytes": found.st_size, "mtime_ns": found.st_mtime_ns, "digest": digest(path), "mask": of_mask}
