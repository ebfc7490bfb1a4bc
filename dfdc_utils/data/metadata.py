"""Any layout of DFDC, and of some other sets, becomes one table: one row a video.

The layouts are in `layouts/`, one file each; what is on disk says which it is. No video is opened here: whether a
file can be read is found out when its faces are looked for.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd

from dfdc_utils import profiles
from dfdc_utils.data import ignored, layouts
from dfdc_utils.data.study_table import COLUMNS
from dfdc_utils.places import kaggle_mounts
from dfdc_utils.workspace import Workspace

_WHERE_KNOWN = ("set", "person", "mask")
"""Columns of the table that are there where something is known."""
PROBLEM_COLUMNS = ("problem", "part", "video", "detail")

NAMES = {
    "parts": "DFDC, a folder of parts",
    "part": "DFDC, one part",
    "sample": "DFDC, Kaggle's sample",
    "dfdc-splits": "DFDC with its official splits",
    "dfdc-preview": "DFDC's preview",
    "crops": "Kaggle's deepfake-faces",
    "faceforensics": "FaceForensics++",
    "celeb-df": "Celeb-DF",
    "fakeavceleb": "FakeAVCeleb",
    "mixed": "a mixed set",
    "csv": "videos named by a CSV file",
    "real-fake": "folders of real and of fake videos",
    "videos": "videos without labels",
}
"""What each layout is, for people."""

DRAWN = "drawn.json"
"""Lies in a synthetic data set, and only there."""

_CROPS_MISSING = (
    "This profile wants Kaggle's set deepfake-faces (metadata.csv and faces_224/, 0.5 GB): download it from "
    "https://www.kaggle.com/datasets/dagnelies/deepfake-faces (it needs an account), unpack it to data/deepfake-faces, "
    "or say where it is: --data DIR, or DFDC_DATA."
)


@dataclass(frozen=True)
class Dataset:
    """A data set as it was found on disk."""

    root: Path
    layout: str
    """A key of `NAMES`."""
    table: pd.DataFrame
    """One row a video, sorted by part number and name. Columns, all text, None where there is none: `video`
    (file name), `path` (absolute), `part` (name of its folder), `label` ("FAKE", "REAL"), `original` (of a
    fake: the name of the video it was made from, which need not be here), `split` (None, "unlabelled", or what
    official lists say: "train", "validation", "test"). Where the names or lists tell: `person` (whose video it is,
    original or fake); of a mixed set: `set`; where masks show who was altered: `mask` (the path of a fake's)."""
    problems: pd.DataFrame
    """What is wrong with it, one row a video or a folder: `problem` ("duplicate name", "unsafe name",
    "unknown label", "absent", "unnamed", "no labels", "not readable"), `part`, `video`, `detail`. None of these is in
    the table, save the first of a duplicate."""


def read(root: Path) -> Dataset:
    """The videos under `root`, in any of the layouts above.

    Raises:
        FileNotFoundError: if there is no video under `root`.
        ValueError: if a `metadata.json` or `labels.csv` cannot be understood at all.
    """
    root = Path(root).expanduser().resolve()
    found = _sets(root)
    if not found:
        raise FileNotFoundError(
            f"No videos in {root}: expected a layout of data/README.md, such as folders dfdc_train_part_0 or real and "
            f"fake with videos in them, or videos ({', '.join(layouts.rows.VIDEOS)}). There: {ignored.summary(root)}."
        )
    _require_one(found)
    (root, layout), = found.items()
    rows: dict[str, dict] = {}
    problems: list[dict] = []
    name, read_rows = layout.read(root, problems)
    if not read_rows and not problems:
        raise FileNotFoundError(f"The folders are those of {NAMES[name]}, but there is no video in them: {root}.")
    for row in read_rows:
        folder, video = Path(row["path"]).parent, row["video"]
        try:
            row["path"].encode()
        except UnicodeEncodeError:
            # No table, and no file format of this project, could hold it.
            shown = os.fsencode(video).decode(errors="backslashreplace")
            problems.append(layouts.rows.problem("unsafe name", folder, shown, "it is not UTF-8: rename the file"))
            continue
        # Every later step tells videos apart by name alone.
        first = rows.setdefault(video, row)
        if first is not row:
            problems.append(layouts.rows.problem("duplicate name", folder, video, f"first in {first['part']}"))
    problems.extend(ignored.unreadable(root))
    table = pd.DataFrame(list(rows.values()), columns=[*COLUMNS, *_WHERE_KNOWN], dtype=object)
    return Dataset(
        root=root,
        layout=name,
        # dtype=object keeps None as None.
        table=table.drop(columns=[column for column in _WHERE_KNOWN if table[column].isna().all()]),
        problems=pd.DataFrame(problems, columns=PROBLEM_COLUMNS, dtype=object),
    )


def fingerprint(root: Path) -> list[tuple[str, int, int]]:
    """(path below `root`, size in bytes, time of the last change in nanoseconds) of every file in its parts.

    Two equal fingerprints mean that the data has not changed; no file is opened.
    """
    files = []
    for folder in [folder for path, layout in _sets(root).items() for folder in layout.folders(path)]:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    status = entry.stat()
                    files.append((os.path.relpath(entry.path, root), status.st_size, status.st_mtime_ns))
    return sorted(files)


def locate(workspace: Workspace) -> Path:
    """The root of the data set that a study reads.

    A synthetic profile reads what was drawn for it. Otherwise the places are, in this order: `$DFDC_DATA`, the set
    that the study has worked on, Kaggle's mounts, `data/`; the first that holds a data set is taken. In a folder of
    several data sets, the one named like the profile is.

    Raises FileNotFoundError, listing where was looked, if there is none, and ValueError if there are several.
    """
    profile = workspace.profile
    if profile.source == "synthetic":
        if layouts.of(workspace.synthetic) is None:
            raise FileNotFoundError(
                f"The synthetic data set is not in {workspace.synthetic}. Draw it: "
                f"python -m dfdc_utils make-mini --profile {profile.name} --out {workspace.synthetic}"
            )
        return workspace.synthetic
    if os.environ.get("DFDC_DATA"):
        # A place that was asked for must hold the data: falling back on another would surprise.
        places = [workspace.data]
    elif workspace.data_set and workspace.data_set.exists():
        # A notebook that is opened later works on the set that its study was given.
        places = [workspace.data_set]
    else:
        places = [*kaggle_mounts(), workspace.data]
    holds = "crops" if profile.source == "crops" else "videos"
    others: list[Path] = []
    for place in places:
        # What this project drew is nobody's data set, unless it was asked for.
        found = {path: one for path, one in layouts.below(place).items() if path == place or not _is_drawn(path)}
        if fitting := [folder for folder, layout in found.items() if layout.HOLDS == holds]:
            return _choose(fitting, profile.name)
        others.extend(found)
    mend = _CROPS_MISSING if holds == "crops" else (
        "Pass --data DIR, or set DFDC_DATA to a folder of one of the layouts in data/README.md."
    )
    if others and holds == "videos":
        mend = f"{others[0]} holds face crops, not videos: choose --profile crops. {mend}"
    raise FileNotFoundError(f"No data set found; looked in {', '.join(str(place) for place in places)}. {mend}")


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Every fake whose original is in the table too: video, path, original, original_path, in the table's order."""
    originals = table[["video", "path"]].add_prefix("original_")
    fakes = table.loc[table["label"] == "FAKE", ["video", "path", "original"]]
    merged = fakes.merge(originals, left_on="original", right_on="original_video")
    return merged.drop(columns="original_video")


def name_of(workspace: Workspace) -> str:
    """What people call the data set of a study: "Celeb-DF"; its folder's name where it is not there any more."""
    if workspace.profile.source == "synthetic":
        return "synthetic faces"
    root = workspace.data_set
    if root is None or not root.exists():
        return root.name if root else "an unknown set"
    return NAMES[read(root).layout]


def example(table: pd.DataFrame, number: int) -> dict[str, str]:
    """Paths to look at, by label: pair `number` (they are counted round) of a fake and its original; without a pair a
    real and a fake video that have nothing to do with each other, as far as there are."""
    found = pairs(table)
    if len(found):
        pair = found.iloc[number % len(found)]
        return {"REAL": pair["original_path"], "FAKE": pair["path"]}
    first = table.dropna(subset="label").drop_duplicates("label").set_index("label")["path"]
    return {label: first[label] for label in ("REAL", "FAKE") if label in first}


def _sets(root: Path) -> dict[Path, ModuleType]:
    """The data set at `root`, else those below it, with their layouts."""
    layout = layouts.of(root)
    return {root: layout} if layout else layouts.below(root)


def _choose(found: list[Path], profile: str) -> Path:
    """The one of several data sets side by side that belongs to `profile`."""
    named = [folder for folder in found if folder.name == profile]
    others = [folder for folder in found if folder.name not in profiles.names()]
    chosen = named or others or found
    _require_one(chosen)
    return chosen[0]


def _require_one(found: Collection[Path]) -> None:
    if len(found) > 1:
        place = os.path.commonpath(found)
        raise ValueError(
            f"Several data sets in {place}: {', '.join(os.path.relpath(folder, place) for folder in found)}. "
            "Say which one: --data DIR, or DFDC_DATA."
        )


def _is_drawn(folder: Path) -> bool:
    return (folder / DRAWN).is_file()
