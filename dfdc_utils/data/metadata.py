"""Any layout of DFDC, and of some other sets, becomes one table: one row a video.

The layouts are in `layouts/`, one file each; what is on disk says which it is. No video is opened here: whether a
file can be read is found out when its faces are looked for.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pandas as pd

from dfdc_utils import profiles
from dfdc_utils.data import layouts
from dfdc_utils.data.study_table import COLUMNS
from dfdc_utils.workspace import Workspace, kaggle_mounts

PROBLEM_COLUMNS = ("problem", "part", "video", "detail")

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
    """"parts", "part", "sample" or "videos" (no labels) of DFDC, "crops", "faceforensics", "celeb-df" or "mixed"."""
    table: pd.DataFrame
    """One row a video, sorted by part number and name. Columns, all text, None where there is none: `video`
    (file name), `path` (absolute), `part` (name of its folder), `label` ("FAKE", "REAL"), `original` (of a
    fake: the name of the video it was made from, which need not be here), `split` (None, "unlabelled", or what
    official lists say: "train", "validation", "test")."""
    problems: pd.DataFrame
    """What is wrong with it, one row a video: `problem` ("duplicate name", "unsafe name", "unknown label",
    "absent", "unnamed"), `part`, `video`, `detail`. None of these is in the table, save the first of a
    duplicate."""


def read(root: Path) -> Dataset:
    """The videos under `root`, in any of the layouts above.

    Raises:
        FileNotFoundError: if there is no video under `root`.
        ValueError: if a `metadata.json` or `labels.csv` cannot be understood at all.
    """
    root = Path(root).expanduser().resolve()
    layout = layouts.of(root)
    if layout is None:
        raise FileNotFoundError(
            f"No videos in {root}: expected folders such as dfdc_train_part_0 with mp4 files, or mp4 files."
        )
    rows, first = [], {}
    problems: list[dict] = []
    name, found = layout.read(root, problems)
    if not found and not problems:
        raise FileNotFoundError(f"The folders are those of {name}, but there is no video in them: {root}.")
    for row in found:
        # Every later step tells videos apart by name alone.
        if row["video"] not in first:
            first[row["video"]] = row["part"]
            rows.append(row)
        else:
            detail = f"first in {first[row['video']]}"
            problems.append(layouts.rows.problem("duplicate name", Path(row["path"]).parent, row["video"], detail))
    return Dataset(
        root=root,
        layout=name,
        # dtype=object keeps None as None.
        table=pd.DataFrame(rows, columns=[*COLUMNS, "set"] if name == "mixed" else COLUMNS, dtype=object),
        problems=pd.DataFrame(problems, columns=PROBLEM_COLUMNS, dtype=object),
    )


def fingerprint(root: Path) -> list[tuple[str, int, int]]:
    """(path below `root`, size in bytes, time of the last change in nanoseconds) of every file in its parts.

    Two equal fingerprints mean that the data has not changed; no file is opened.
    """
    files = []
    layout = layouts.of(root)
    for folder in layout.folders(root) if layout else []:
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
    elif workspace.data_set and workspace.data_set.is_dir():
        # A notebook that is opened later works on the set that its study was given.
        places = [workspace.data_set]
    else:
        places = [*kaggle_mounts(), workspace.data]
    holds = "crops" if profile.source == "crops" else "videos"
    others: list[Path] = []
    for place in places:
        found = _data_sets(place)
        if fitting := [folder for folder, layout in found.items() if layout.HOLDS == holds]:
            return _choose(fitting, profile.name)
        others.extend(found)
    mend = _CROPS_MISSING if holds == "crops" else (
        "Pass --data DIR, or set DFDC_DATA to the folder with dfdc_train_part_0 (or mp4 files) in it."
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


def _choose(found: list[Path], profile: str) -> Path:
    """The one of several data sets side by side that belongs to `profile`."""
    named = [folder for folder in found if folder.name == profile]
    others = [folder for folder in found if folder.name not in profiles.names()]
    chosen = named or others or found
    if len(chosen) > 1:
        raise ValueError(
            f"Several data sets in {chosen[0].parent}: {', '.join(folder.name for folder in chosen)}. "
            "Say which one: --data DIR, or DFDC_DATA."
        )
    return chosen[0]


def _data_sets(place: Path) -> dict[Path, ModuleType]:
    """`place` itself where it is a data set, else the data sets in it, save what this project drew; their layouts."""
    layout = layouts.of(place)
    if layout is None or not layout.whole(place):
        sets = {folder: found for folder in layouts.rows.folders_in(place) if (found := layouts.of(folder))}
        # Folders of mp4 files and nothing deeper are the parts of one data set.
        if any(found.folders(folder) != [folder] for folder, found in sets.items()):
            return {folder: found for folder, found in sets.items() if not (folder / DRAWN).is_file()}
    return {place: layout} if layout else {}
