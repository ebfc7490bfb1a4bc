"""What an extraction has to read: the videos of a table that a store lacks, or has from another file."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfdc_utils.faces import files
from dfdc_utils.faces.schemas import TRIED_AGAIN

_AT_ONCE, _IN_TURN = 32, 256
"""Threads that look at files, and files that each looks at in turn: on a network's disk each takes a thousandth of a
second, or many."""


@dataclass(frozen=True)
class Plan:
    """What is to be done for the videos of a table."""

    reasons: dict[str, str]
    """Why a video has to be read: "new", "changed" or "tried again"; the others are in the store."""
    copied: dict[str, int]
    """Videos whose file has another time than the store knows (here it is: mtime_ns), but is the same."""


def plan(table: pd.DataFrame, known: pd.DataFrame, *, retry: bool = False) -> Plan:
    """Compares a table with what a store knows.

    A file of the same size and time is the same, and one of another time if its `files.digest` is. A file that is not
    there any more is none that has changed. Where a mask tells who was altered, it is a file of the video too.

    Args:
        table: columns video and path; perhaps mask.
        known: of `FaceStore.known`; without a column mask, masks do not count.
        retry: whether videos that failed for want of memory or time are read again.
    """
    columns = ["size_bytes", "mtime_ns", "digest", "outcome", "mask"]
    rows = dict(zip(known.index, known.reindex(columns=columns).itertuples(index=False), strict=True))
    masks_count = "mask" in known

    def look_at(video: str, path: str, mask: str | None) -> str | int | None:
        """The reason, or the new time of a file that is the same, or None."""
        there = rows.get(video)
        if there is None:
            return "new"
        file = files.status(path)
        if file is None:
            return None
        if retry and there.outcome in TRIED_AGAIN:
            return "tried again"
        if masks_count and mask and files.status(mask):
            if files.digest(mask) != (there.mask if isinstance(there.mask, str) else None):
                return "changed"
        has_digest = isinstance(there.digest, str)
        if has_digest and (file.st_size, file.st_mtime_ns) == (there.size_bytes, there.mtime_ns):
            return None
        # A file that could not be read then has no digest; perhaps it can be now.
        digest = files.digest(path) if file.st_size == there.size_bytes else "another"
        if digest != (there.digest if has_digest else None):
            return "changed"
        return file.st_mtime_ns if has_digest else None

    def look_at_some(some: pd.DataFrame) -> dict[str, str | int | None]:
        of_each = zip(some["video"], some["path"], masks_of(some), strict=True)
        return {video: look_at(video, path, mask) for video, path, mask in of_each}

    parts = [table.iloc[start:start + _IN_TURN] for start in range(0, len(table), _IN_TURN)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = {video: what for some in pool.map(look_at_some, parts) for video, what in some.items()}
    return Plan(
        reasons={video: what for video, what in found.items() if isinstance(what, str)},
        copied={video: what for video, what in found.items() if isinstance(what, int)},
    )


def masks_of(table: pd.DataFrame) -> list[str | None]:
    """The clip for each video of `table` that shows where it was altered, None where there is none."""
    if "mask" not in table:
        return [None] * len(table)
    return table["mask"].astype(object).where(table["mask"].notna(), None).to_list()


def with_older_boxes(table: pd.DataFrame, known: pd.DataFrame) -> set[str]:
    """Fakes that were cut out before their original was read, or read again, and would now be cut otherwise.

    Args:
        table: fakes that are to have the boxes of their originals; columns video, path and original.
        known: of `FaceStore.known`.
    """
    fakes = known.reindex(table["video"]).dropna(subset="video")
    originals = known.reindex(table.set_index("video").loc[fakes.index, "original"]).set_index(fakes.index)
    borrowed = fakes["boxes_of"] == originals["video"]
    as_large = (fakes["width"] == originals["width"]) & (fakes["height"] == originals["height"])
    could = as_large & (originals["faces"] > 0) & fakes["outcome"].isin(["ok", "no_face"])
    found = fakes.index[(fakes["shard"] < originals["shard"]) & (borrowed | could)]
    paths = table.set_index("video").loc[found, "path"]
    return set(found[np.array([files.status(path) is not None for path in paths], bool)])
