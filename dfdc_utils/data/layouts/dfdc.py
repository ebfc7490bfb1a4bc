"""DFDC's own layouts, and folders of videos without labels (report, section on data).

- a tree of parts, `dfdc_train_part_0 … 49`, each holding mp4 files and one `metadata.json`;
- one such part alone;
- Kaggle's sample, `train_sample_videos/` with labels and `test_videos/` without;
- a test part with `labels.csv` (`filename,label`) in place of `metadata.json`;
- a folder of videos without any labels.

A training part that lost its `metadata.json`, among others that have theirs, is left out: its clips have labels that
nobody knows, and are no test videos.
"""

import json
import re
from pathlib import Path

import pandas as pd

from dfdc_utils.data.layouts.rows import (
    Names,
    composed,
    folders_in,
    label_of,
    part_key,
    problem,
    row,
    unsafe,
    videos_in,
)

HOLDS = "videos"

_PART = re.compile(r"dfdc_train_part_\d+", re.IGNORECASE)
_TRAINING = re.compile(rf"{_PART.pattern}|train_sample_videos", re.IGNORECASE)
_DFDC_FOLDER = re.compile(rf"{_TRAINING.pattern}|test_videos", re.IGNORECASE)


def folders(root: Path) -> list[Path]:
    """The parts of `root`, by number: itself, the folders in it, and parts unpacked one folder deeper."""
    found = [root]
    for folder in folders_in(root):
        found.append(folder)
        if _PART.fullmatch(folder.name):
            found.extend(folders_in(folder))
    return sorted((folder for folder in found if _is_part(folder)), key=lambda folder: part_key(folder.name))


def whole(root: Path) -> bool:
    """Whether `root` is for certain one data set, and not a folder of several."""
    return _is_part(root) or any(_DFDC_FOLDER.fullmatch(folder.name) for folder in folders_in(root))


def has_labels(root: Path) -> bool:
    """Whether lists of labels lie in any of its parts."""
    return any(_labels_of(folder) for folder in folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    """The name of the layout ("parts", "part", "sample", or "videos" without labels) and its rows."""
    parts = folders(root)
    labelled = has_labels(root)
    rows: list[dict] = []
    for folder in parts:
        if _TRAINING.fullmatch(folder.name) and not _labels_of(folder):
            what = f"it has no metadata.json, so nobody knows the labels of its {len(videos_in(folder))} videos"
            mend = "download it again" if labelled else "they are taken for videos without labels"
            problems.append(problem("no labels", folder, "", f"{what}: {mend}"))
            if labelled:
                continue
        rows.extend(_read_part(folder, problems))
    if not any(found["label"] for found in rows):
        return "videos", rows
    if any(folder.name.lower() == "train_sample_videos" for folder in parts):
        return "sample", rows
    return "part" if parts == [root] else "parts", rows


def _labels_of(folder: Path) -> Path | None:
    """The list of the labels of a part."""
    return next((folder / name for name in _LABEL_FILES if (folder / name).is_file()), None)


def _is_part(folder: Path) -> bool:
    return folder.is_dir() and (bool(videos_in(folder)) or _labels_of(folder) is not None)


def _read_part(folder: Path, problems: list[dict]) -> list[dict]:
    """The rows of one part, sorted by name; what is wrong with it is appended to `problems`."""
    present = videos_in(folder)
    source = _labels_of(folder)
    if source is None:
        return [row(folder / video, None) for video in present]
    rows, named, on_disk = {}, set(), Names(present)
    for listed, label, original in _LABEL_FILES[source.name](source):
        found = on_disk.find(listed)
        video = found or listed
        if video in named:
            detail = f"twice in {source.name}; the first is kept"
            problems.append(problem("duplicate name", folder, video, detail))
            continue
        named.add(video)
        if bad := unsafe(video, original):
            problems.append(problem("unsafe name", folder, video, f"{bad!r} in {source.name}"))
        elif label_of(label) is None:
            problems.append(problem("unknown label", folder, video, f"label {label!r}, not FAKE or REAL"))
        elif found is None:
            problems.append(problem("absent", folder, video, f"named in {source.name}, but no such video"))
        else:
            original = original and composed(on_disk.find(original) or original.strip())
            rows[video] = row(folder / video, label_of(label), original)
    for video in present:
        if video not in named:
            problems.append(problem("unnamed", folder, video, f"present, but not named in {source.name}"))
    return [rows[video] for video in sorted(rows)]


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
    return [(video, label, None) for video, label in zip(lines["filename"], lines["label"], strict=True)]


# The official test part has both, and only its labels.csv has FAKE and REAL in it.
_LABEL_FILES = {"labels.csv": _named_in_csv, "metadata.json": _named_in_json}
