"""What lies in a data set's folder and is not read, and why: for the doctor, and for messages."""

import collections
import os
from pathlib import Path

import pandas as pd

from dfdc_utils.data import layouts
from dfdc_utils.data.layouts.rows import UNREADABLE, is_left_out, problem, videos_in

_DEEPEST = 4
_LISTS = (".json", ".csv", ".txt")


def ignored(root: Path, table: pd.DataFrame) -> list[tuple[str, str]]:
    """(path below `root`, why it is not read) of what is there beside the videos of `table`.

    A folder stands for all that is in it. Of files, those that are no videos and no lists are counted by their endings.
    """
    read = {Path(path).parent for path in table["path"].unique()}
    layout = layouts.of(root)
    reasons = getattr(layout, "NOT_READ", {})
    known = {*read, *(layout.folders(root) if layout else [])}
    found: list[tuple[str, str]] = []

    def walk(folder: Path, depth: int) -> None:
        files: collections.Counter[str] = collections.Counter()
        for path in sorted(folder.iterdir()):
            place = os.path.relpath(path, root)
            if not path.is_dir():
                ending = path.suffix.lower()
                if not path.name.startswith(".") and ending not in (*layouts.rows.VIDEOS, *_LISTS):
                    files[ending or "no ending"] += 1
            elif why := is_left_out(path):
                if why != "hidden":
                    found.append((f"{place}/", why))
            elif path in known or any(path in deeper.parents for deeper in known):
                walk(path, depth + 1)
            elif depth < _DEEPEST:
                found.append((f"{place}/", reasons.get(path.name) or _why(path)))
        # Crops are JPEG files, and named by their set's list.
        if files and folder not in read:
            found.append((os.path.relpath(folder, root) + "/", f"no videos: {_counted(files)}"))
        elif folder in read and getattr(layout, "HOLDS", "") == "videos" and files:
            found.append((os.path.relpath(folder, root) + "/", f"beside the videos: {_counted(files)}"))

    if root.is_dir():
        walk(root, 0)
    return found


def unreadable(root: Path) -> list[dict]:
    """A problem for each folder in `root` that this user may not read."""
    if not root.is_dir():
        return []
    return [
        problem("not readable", folder, "", "this user may not read the folder: change its permissions")
        for folder in sorted(root.iterdir())
        if folder.is_dir() and is_left_out(folder) == UNREADABLE
    ]


def summary(root: Path) -> str:
    """What is in `root`, in few words."""
    if not root.exists():
        return "no such folder"
    if not os.access(root, os.R_OK | os.X_OK):
        return "a folder that this user may not read"
    if root.is_file():
        return "a file"
    names = sorted(f"{path.name}/" if path.is_dir() else path.name for path in root.iterdir())
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "") or "nothing"


def _why(folder: Path) -> str:
    if videos_in(folder) or layouts.rows.folders_with_videos(folder):
        return "it has videos, but this layout has none there"
    files = collections.Counter(path.suffix.lower() or "no ending" for path in folder.iterdir() if path.is_file())
    return f"no videos: {_counted(files)}" if files else "no videos in it"


def _counted(files: collections.Counter[str]) -> str:
    return ", ".join(f"{count} {ending}" for ending, count in files.most_common(4))
