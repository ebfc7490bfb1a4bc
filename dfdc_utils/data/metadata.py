"""Any layout of DFDC becomes one table: one row a video.

Read are (report, section on data):

- a tree of parts, `dfdc_train_part_0 … 49`, each holding mp4 files and one `metadata.json`;
- one such part alone;
- Kaggle's sample, `train_sample_videos/` with labels and `test_videos/` without;
- a test part with `labels.csv` (`filename,label`) in place of `metadata.json`;
- a folder of mp4 files without any labels.

No video is opened here: whether a file can be read is found out when its faces are looked for.
"""

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dfdc_utils import environment, profiles
from dfdc_utils.workspace import Workspace, whole

COLUMNS = ("video", "path", "part", "label", "original", "split")
PROBLEM_COLUMNS = ("problem", "part", "video", "detail")

DRAWN = "drawn.json"
"""Lies in a synthetic data set, and only there."""

_PART = re.compile(r"dfdc_train_part_\d+", re.IGNORECASE)
_DFDC_FOLDER = re.compile(rf"{_PART.pattern}|train_sample_videos|test_videos", re.IGNORECASE)
# What could lead out of the part's folder, on any system: a name comes from a file that strangers wrote.
_UNSAFE = ("/", "\\", "..", ":", "\0")
_LABELS = {"FAKE": "FAKE", "REAL": "REAL", "1": "FAKE", "0": "REAL", "1.0": "FAKE", "0.0": "REAL"}


@dataclass(frozen=True)
class Dataset:
    """A data set as it was found on disk."""

    root: Path
    layout: str
    """"parts", "part", "sample" or "videos" (no labels)."""
    table: pd.DataFrame
    """One row a video, sorted by part number and name. Columns, all text, None where there is none: `video`
    (file name), `path` (absolute), `part` (name of its folder), `label` ("FAKE", "REAL"), `original` (of a
    fake: the name of the video it was made from, which need not be here), `split` ("unlabelled" or None)."""
    problems: pd.DataFrame
    """What is wrong with it, one row a video: `problem` ("duplicate name", "unsafe name", "unknown label",
    "absent", "unnamed"), `part`, `video`, `detail`. None of these is in the table, save the first of a
    duplicate."""


def part_key(part: str) -> tuple:
    """Sorts parts by their number, so that part 10 comes after part 9; folders without a number come last."""
    number = re.search(r"(\d+)$", part)
    return (0, int(number[1]), part) if number else (1, 0, part)


def read(root: Path) -> Dataset:
    """The videos under `root`, in any of the layouts above.

    Raises:
        FileNotFoundError: if there is no video under `root`.
        ValueError: if a `metadata.json` or `labels.csv` cannot be understood at all.
    """
    root = Path(root).expanduser().resolve()
    folders = sorted(_part_folders(root), key=lambda folder: part_key(folder.name))
    if not folders:
        raise FileNotFoundError(
            f"No videos in {root}: expected folders such as dfdc_train_part_0 with mp4 files, or mp4 files."
        )
    rows, problems, seen = [], [], {}
    for folder in folders:
        for row in _read_part(folder, problems):
            # Every later step tells videos apart by name alone.
            first = seen.setdefault(row["video"], folder)
            if first is folder:
                rows.append(row)
            else:
                problems.append(_problem("duplicate name", folder, row["video"], f"first in {first.name}"))
    return Dataset(
        root=root,
        layout=_layout(root, folders, labelled=any(row["label"] for row in rows)),
        # dtype=object keeps None as None.
        table=pd.DataFrame(rows, columns=COLUMNS, dtype=object),
        problems=pd.DataFrame(problems, columns=PROBLEM_COLUMNS, dtype=object),
    )


def fingerprint(root: Path) -> list[tuple[str, int, int]]:
    """(path below `root`, size in bytes, time of the last change in nanoseconds) of every file in its parts.

    Two equal fingerprints mean that the data has not changed; no file is opened.
    """
    files = []
    for folder in _part_folders(root):
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_file() and not entry.name.startswith("."):
                    status = entry.stat()
                    files.append((os.path.relpath(entry.path, root), status.st_size, status.st_mtime_ns))
    return sorted(files)


def locate(workspace: Workspace, data: str | Path | None = None) -> Path:
    """The root of the data set that a study reads.

    A synthetic profile reads what was drawn for it. Otherwise the places are, in this order: `data`,
    `$DFDC_DATA`, Kaggle's mounts, `data/`; the first that holds a data set is taken. In a folder of several
    data sets, the one named like the profile is.

    Raises FileNotFoundError, listing where was looked, if there is none, and ValueError if there are several.
    """
    if data is None and workspace.profile.source == "synthetic":
        if not _part_folders(workspace.synthetic):
            name = workspace.profile.name
            raise FileNotFoundError(
                f"The synthetic data set is not in {workspace.synthetic}. Draw it: "
                f"python -m dfdc_utils make-mini --profile {name} --out {workspace.synthetic}"
            )
        return workspace.synthetic
    if data is not None:
        places = [Path(data).expanduser().resolve()]
    elif os.environ.get("DFDC_DATA"):
        # A place that was asked for must hold the data: falling back on another would surprise.
        places = [workspace.data]
    else:
        places = [*environment.kaggle_mounts(), workspace.data]
    for place in places:
        if found := _data_sets(place):
            return _choose(found, workspace.profile.name)
    raise FileNotFoundError(
        f"No data set found; looked in {', '.join(str(place) for place in places)}. "
        "Pass --data DIR, or set DFDC_DATA to the folder with dfdc_train_part_0 (or mp4 files) in it."
    )


def pairs(table: pd.DataFrame) -> pd.DataFrame:
    """Every fake whose original is in the table too: video, path, original, original_path, in the table's order."""
    originals = table[["video", "path"]].add_prefix("original_")
    fakes = table.loc[table["label"] == "FAKE", ["video", "path", "original"]]
    merged = fakes.merge(originals, left_on="original", right_on="original_video")
    return merged.drop(columns="original_video")


def save_study_table(workspace: Workspace, table: pd.DataFrame) -> None:
    """Writes the one table of a study, splits included."""
    with whole(workspace.table) as temporary:
        table.to_parquet(temporary, index=False)


def open_study_table(workspace: Workspace) -> pd.DataFrame:
    """The one table of a study, as notebook 01 left it, with None where there is nothing."""
    if not workspace.table.is_file():
        raise FileNotFoundError(f"{workspace.table} is missing: run notebook 01_explore_the_data first.")
    table = pd.read_parquet(workspace.table)
    texts = table[list(COLUMNS)].astype(object)
    table[list(COLUMNS)] = texts.where(texts.notna(), None)
    return table


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


def _data_sets(place: Path) -> list[Path]:
    """`place` itself where it is a data set, else the data sets in it, save what this project drew."""
    folders = _folders_in(place)
    if not _is_part(place) and not any(_DFDC_FOLDER.fullmatch(folder.name) for folder in folders):
        sets = [folder for folder in folders if _part_folders(folder)]
        # Folders of mp4 files and nothing deeper are the parts of one data set.
        if any(_part_folders(folder) != [folder] for folder in sets):
            return [folder for folder in sets if not (folder / DRAWN).is_file()]
    return [place] if _part_folders(place) else []


def _folders_in(folder: Path) -> list[Path]:
    """Its folders by name, hidden ones left out: what is being written is hidden until it is whole."""
    if not folder.is_dir():
        return []
    return sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))


def _part_folders(root: Path) -> list[Path]:
    """The folders of `root` that hold videos: itself, those in it, and parts unpacked one folder deeper."""
    folders = [root]
    for folder in _folders_in(root):
        folders.append(folder)
        if _PART.fullmatch(folder.name):
            folders.extend(_folders_in(folder))
    return [folder for folder in folders if _is_part(folder)]


def _is_part(folder: Path) -> bool:
    return folder.is_dir() and (bool(_videos(folder)) or any((folder / n).is_file() for n in _LABEL_FILES))


def _videos(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        return sorted(
            entry.name
            for entry in entries
            if entry.name.lower().endswith(".mp4") and not entry.name.startswith(".") and entry.is_file()
        )


def _layout(root: Path, folders: list[Path], *, labelled: bool) -> str:
    if not labelled:
        return "videos"
    if any(folder.name == "train_sample_videos" for folder in folders):
        return "sample"
    return "part" if folders == [root] else "parts"


def _problem(problem: str, folder: Path, video: str, detail: str) -> dict:
    return {"problem": problem, "part": folder.name, "video": video, "detail": detail}


def _read_part(folder: Path, problems: list[dict]) -> list[dict]:
    """The rows of one part, sorted by name; what is wrong with it is appended to `problems`."""
    present = _videos(folder)
    source = next((folder / name for name in _LABEL_FILES if (folder / name).is_file()), None)
    if source is None:
        return [_row(folder, video, None, None) for video in present]
    rows, named, on_disk = {}, set(), set(present)
    for video, label, original in _LABEL_FILES[source.name](source):
        if video in named:
            detail = f"twice in {source.name}; the first is kept"
            problems.append(_problem("duplicate name", folder, video, detail))
            continue
        named.add(video)
        if unsafe := next((n for n in (video, original) if n and any(bad in n for bad in _UNSAFE)), None):
            problems.append(_problem("unsafe name", folder, video, f"{unsafe!r} in {source.name}"))
        elif label not in _LABELS:
            problems.append(_problem("unknown label", folder, video, f"label {label!r}, not FAKE or REAL"))
        elif video not in on_disk:
            problems.append(_problem("absent", folder, video, f"named in {source.name}, but no such mp4"))
        else:
            rows[video] = _row(folder, video, _LABELS[label], original)
    for video in present:
        if video not in named:
            problems.append(_problem("unnamed", folder, video, f"present, but not named in {source.name}"))
    return [rows[video] for video in sorted(rows)]


def _row(folder: Path, video: str, label: str | None, original: str | None) -> dict:
    return {
        "video": video,
        "path": str(folder / video),
        "part": folder.name,
        "label": label,
        "original": original,
        "split": None if label else "unlabelled",
    }


def _named_in_json(path: Path) -> list[tuple]:
    """(video, label, original) for every entry of a `metadata.json`, in its order, duplicates included."""
    try:
        # An object as a tuple of its pairs: a dictionary would silently keep the last of two equal names.
        content = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=tuple)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not JSON ({error}). Download it again.") from error
    if not isinstance(content, tuple):
        raise ValueError(f'{path} does not have the form {{"name.mp4": {{"label": "FAKE", ...}}, ...}}.')
    entries = []
    for video, fields in content:
        fields = dict(fields) if isinstance(fields, tuple) else {}
        label, original = fields.get("label"), fields.get("original")
        entries.append((
            video,
            label if isinstance(label, str) else str(label),
            original if isinstance(original, str) and original else None,
        ))
    return entries


def _named_in_csv(path: Path) -> list[tuple]:
    """(video, label, None) for every line of a `labels.csv`, whose label is FAKE or REAL, or 1 or 0."""
    try:
        lines = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not a CSV file ({error}). Download it again.") from error
    if not {"filename", "label"} <= set(lines.columns):
        raise ValueError(f"{path} has the columns {', '.join(lines.columns)}; expected filename and label.")
    return [(video, label, None) for video, label in zip(lines["filename"], lines["label"])]


# The official test part has both, and only its labels.csv has FAKE and REAL in it.
_LABEL_FILES = {"labels.csv": _named_in_csv, "metadata.json": _named_in_json}
