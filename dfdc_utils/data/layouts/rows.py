"""What the layouts share: a row of the table, a problem, and looking into folders."""

import os
import re
from pathlib import Path

LABELS = {"FAKE": "FAKE", "REAL": "REAL", "1": "FAKE", "0": "REAL", "1.0": "FAKE", "0.0": "REAL"}
"""DFDC's own ways of writing a label."""

# What could lead out of a folder, on any system: a name comes from a file that strangers wrote.
_UNSAFE = ("/", "\\", "..", ":", "\0")


def row(
    path: Path,
    label: str | None,
    original: str | None = None,
    *,
    video: str | None = None,
    part: str | None = None,
    split: str | None = None,
) -> dict:
    """A row of the table. By default the video is called like its file, and the part like its folder."""
    return {
        "video": video or path.name,
        "path": str(path),
        "part": part or path.parent.name,
        "label": label,
        "original": original,
        "split": split if label else "unlabelled",
    }


def problem(problem: str, folder: Path, video: str, detail: str) -> dict:
    return {"problem": problem, "part": folder.name, "video": video, "detail": detail}


def unsafe(*names: str | None) -> str | None:
    """The first of some file names that is none, but a path; None where all are well."""
    return next((name for name in names if name and any(bad in name for bad in _UNSAFE)), None)


def part_key(part: str) -> tuple:
    """Sorts parts by their number, so that part 10 comes after part 9; folders without a number come last."""
    number = re.search(r"(\d+)$", part)
    return (0, int(number[1]), part) if number else (1, 0, part)


def folders_in(folder: Path) -> list[Path]:
    """Its folders by name, hidden ones left out: what is being written is hidden until it is whole."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def videos_in(folder: Path) -> list[str]:
    """The names of its mp4 files, sorted; none where there is no such folder."""
    return files_in(folder, ".mp4")


def files_in(folder: Path, ending: str) -> list[str]:
    """The names of its visible files with that ending, sorted; none where there is no such folder."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(ending) and not entry.name.startswith(".") and entry.is_file()
        )
