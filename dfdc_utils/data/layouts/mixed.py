"""Several sets as one, such as the report's mixed set of DFDC and FaceForensics++.

    sets.txt       "dfdc /data/dfdc", a line a set: its name here, and its folder, absolute or seen from this one

Two sets may use one name for different videos, so videos, parts and originals are called "<set>_<name>"; unlabelled
videos keep the name under which a submission wants them. The table has one more column here: `set`.
"""

import re
from pathlib import Path
from types import ModuleType

from dfdc_utils.data import layouts

HOLDS = "videos"

_LIST = "sets.txt"
_LINE = re.compile(r"(?P<name>[A-Za-z0-9-]+)\s+(?P<folder>\S.*)")


def folders(root: Path) -> list[Path]:
    """`root`, where the list lies, and the folders of all sets."""
    if not whole(root):
        return []
    return [root, *(folder for path, layout in _sets(root).values() for folder in layout.folders(path))]


def whole(root: Path) -> bool:
    return (root / _LIST).is_file()


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    rows = []
    for name, (path, layout) in _sets(root).items():
        for row in layout.read(path, problems)[1]:
            named = ("video", "part", "original", "person") if row["label"] else ("part",)
            rows.append(row | {key: f"{name}_{row[key]}" for key in named if row[key] is not None} | {"set": name})
    return "mixed", rows


def _sets(root: Path) -> dict[str, tuple[Path, ModuleType]]:
    """The folder and the layout of each set by its name."""
    path, found = root / _LIST, {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        match = _LINE.fullmatch(line.strip())
        if not match:
            raise ValueError(f'{where}: expected "name folder" (a name of letters, digits and "-"), not {line!r}.')
        name, folder = match["name"], (root / Path(match["folder"]).expanduser()).resolve()
        if name in found:
            raise ValueError(f"{where}: there is a set {name} already.")
        if whole(folder):
            raise ValueError(f"{where}: {folder} is a mixed set itself: name the sets that it is made of.")
        layout = layouts.of(folder)
        if layout is None or layout.HOLDS != HOLDS:
            raise ValueError(f"{where}: {folder} holds {'face crops, not' if layout else 'no'} videos.")
        found[name] = folder, layout
    if not found:
        raise ValueError(f'{path} names no set: write "name folder", a line a set.')
    return found
