"""Which files are meant by what was typed: files, folders and patterns."""

import glob
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils.faces import photographs

VIDEOS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts",
    ".3gp", ".3g2", ".mj2", ".ogv", ".gif",
)
"""Endings by which videos are known in a folder; a file that was named may be called anything."""


@dataclass(frozen=True)
class Named:
    """One file to be judged, or something that was named and is none."""

    path: Path
    missing: str | None = None
    """Why there is no such file."""

    @property
    def shown(self) -> str:
        return printable(self.path)


def find(typed: Sequence[str | Path]) -> tuple[list[Named], int]:
    """The files that were named, each once, in order; those in a folder by name.

    Args:
        typed: files; folders, which are looked through with all that are in them; patterns such as "clips/**/*.mp4".
            A name that exists is never taken for a pattern. Hidden files and folders are left out.

    Returns:
        The files, and how many in folders were left out since they are called like neither a video nor a picture.
    """
    found: dict[str, Named] = {}
    others = 0
    for name in typed:
        path = Path(name).expanduser()
        matches = [path]
        if not os.path.lexists(path) and glob.has_magic(str(path)):
            matches = [Path(match) for match in sorted(glob.glob(str(path), recursive=True))]
            if not matches:
                found.setdefault(str(name), Named(path, "no file fits this pattern"))
        for match in matches:
            if match.is_dir():
                inside, ignored = _inside(match)
                others += ignored
            else:
                inside = [Named(match, None if os.path.lexists(match) else "there is no such file")]
            for file in inside:
                found.setdefault(os.path.abspath(file.path), file)
    return list(found.values()), others


def _inside(folder: Path) -> tuple[list[Named], int]:
    files, unread, others = list[Named](), list[Named](), 0

    def refused(error: OSError) -> None:
        unread.append(Named(Path(error.filename), f"this folder cannot be read: {error.strerror}"))

    for place, folders, names in os.walk(folder, onerror=refused):
        # A data disk's lost+found is nobody's.
        folders[:] = sorted(name for name in folders if not name.startswith((".", "$")) and name != "lost+found")
        for name in sorted(names):
            if name.startswith("."):
                continue
            if Path(name).suffix.lower() in (*VIDEOS, *photographs.SUFFIXES, *photographs.NOT_READ):
                files.append(Named(Path(place, name)))
            else:
                others += 1
    if not files and not unread:
        unread.append(Named(folder, "there is no video or picture in this folder"))
    return [*files, *unread], others


def printable(path: str | Path) -> str:
    """A path as text that every terminal, table and page can show: what is no text in it, or would move the cursor,
    is written as an escape."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        sign if unicodedata.category(sign)[0] != "C" else sign.encode("unicode_escape").decode() for sign in text
    )
