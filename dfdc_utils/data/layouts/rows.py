"""What the layouts share: a row of the table, a problem, and looking into folders."""

import os
import re
import unicodedata
from collections.abc import Container, Iterable
from pathlib import Path

VIDEOS = (
    ".mp4", ".mov", ".m4v", ".webm", ".mkv", ".avi", ".wmv", ".flv", ".mpg", ".mpeg", ".mts", ".m2ts", ".3gp", ".ogv"
)
"""Endings of the files that are taken for videos, in small letters."""
OF_THE_SYSTEM = ("lost+found", "System Volume Information", "$RECYCLE.BIN", "__MACOSX", "@eaDir")
"""Folders that systems make on disks of their own accord."""

UNREADABLE = "this user may not read it"
"""Why a folder is left out that is there, and would be looked into."""

_LABELS = {"FAKE": "FAKE", "REAL": "REAL", "1": "FAKE", "0": "REAL", "1.0": "FAKE", "0.0": "REAL"}
_SPLITS = {"train": "train", "training": "train", "validation": "validation", "valid": "validation",
           "val": "validation", "dev": "validation", "test": "test", "testing": "test"}
# What could lead out of a folder, on any system: a name comes from a file that strangers wrote.
_UNSAFE = ("/", "\\", "\0")


def row(
    path: Path,
    label: str | None,
    original: str | None = None,
    *,
    video: str | None = None,
    part: str | None = None,
    split: str | None = None,
    person: str | None = None,
    mask: Path | None = None,
) -> dict:
    """A row of the table. By default the video is called like its file, and the part like its folder."""
    return {
        "video": video or composed(path.name),
        "path": str(path),
        "part": part or path.parent.name,
        "label": label,
        "original": original,
        "person": person,
        "mask": str(mask) if mask else None,
        "split": split if label else "unlabelled",
    }


def problem(problem: str, folder: Path, video: str, detail: str) -> dict:
    return {"problem": problem, "part": folder.name, "video": video, "detail": detail}


def label_of(text: object) -> str | None:
    """"FAKE" or "REAL", as DFDC's lists write it ("FAKE", "1") or in small letters; None where it says neither."""
    return _LABELS.get(str(text).strip().upper())


def split_of(text: str) -> str | None:
    """"train", "validation" or "test", as folders and lists call them ("val", "Training"); None for other words."""
    return _SPLITS.get(text.strip().lower())


def unsafe(*names: str | None) -> str | None:
    """The first of some file names that is none, but a path; None where all are well."""
    return next((n for n in names if n and (n in (".", "..") or any(bad in n for bad in _UNSAFE))), None)


def composed(name: str) -> str:
    """`name` with each accent as a part of its letter: macOS writes it apart, others do not."""
    return unicodedata.normalize("NFC", name)


class Names:
    """Finds files by the names that a list gives them, which may have been written on another system: with accents
    apart from their letters, in other capitals, with blanks at the ends."""

    def __init__(self, present: Iterable[str]):
        self._present = set(present)
        self._alike: dict[str, list[str]] = {}
        for name in self._present:
            self._alike.setdefault(composed(name).casefold(), []).append(name)

    def find(self, name: str) -> str | None:
        """The name of the file on disk; None where there is none, or several are as like."""
        if name in self._present:
            return name
        alike = self._alike.get(composed(name.strip()).casefold(), [])
        return alike[0] if len(alike) == 1 else None


def distinct(path: Path, taken: Container[str]) -> str:
    """A name for the video at `path` that is not among `taken`: its file's, with folders before it if need be."""
    name = composed(path.name)
    for folder in path.parents:
        if name not in taken:
            break
        name = f"{composed(folder.name)}_{name}"
    return name


def part_key(part: str) -> tuple:
    """Sorts parts by their number, so that part 10 comes after part 9; folders without a number come last."""
    number = re.search(r"(\d+)$", part)
    return (0, int(number[1]), part) if number else (1, 0, part)


def folders_in(folder: Path) -> list[Path]:
    """Its folders by name. Left out are hidden ones (what is being written is hidden until it is whole), those of the
    system, and those that this user may not read."""
    return [Path(entry) for entry in _entries(folder) if entry.is_dir() and not is_left_out(Path(entry))]


def is_left_out(folder: Path) -> str | None:
    """Why a folder is not looked into; None where it is."""
    if folder.name.startswith("."):
        return "hidden"
    if folder.name in OF_THE_SYSTEM:
        return "a folder of the system, not of the set"
    return None if os.access(folder, os.R_OK | os.X_OK) else UNREADABLE


def videos_in(folder: Path) -> list[str]:
    """The names of its videos (`VIDEOS`), sorted; none where there is no such folder."""
    return files_in(folder, *VIDEOS)


def files_in(folder: Path, *endings: str) -> list[str]:
    """The names of its visible files with one of those endings, sorted; none where there is no such folder."""
    return [
        entry.name
        for entry in _entries(folder)
        if entry.name.lower().endswith(endings) and not entry.name.startswith(".") and entry.is_file()
    ]


def folders_with_videos(folder: Path, depth: int = 3) -> list[Path]:
    """`folder` and what lies below it, where there are videos."""
    found = [folder] if videos_in(folder) else []
    if depth:
        found.extend(deeper for below in folders_in(folder) for deeper in folders_with_videos(below, depth - 1))
    return found


def _entries(folder: Path) -> list[os.DirEntry]:
    """What is in a folder, sorted by name; nothing where there is none, or this user may not read it."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []
