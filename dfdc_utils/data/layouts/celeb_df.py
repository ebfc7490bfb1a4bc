"""Celeb-DF, versions 1 and 2 (Li et al., 2020, arXiv 1909.12962).

    Celeb-real/id0_0000.mp4               interviews
    Celeb-synthesis/id0_id1_0000.mp4      the face of id1 in Celeb-real/id0_0000.mp4
    YouTube-real/00000.mp4                more real videos
    List_of_testing_videos.txt            "1 Celeb-real/id0_0001.mp4": here 1 is REAL and 0 FAKE

What is on the list is the official test split; who trains and who validates is left to `splits.assign`.
"""

import re
from pathlib import Path

from dfdc_utils.data.layouts.rows import problem, row, videos_in

HOLDS = "videos"

_LABEL_OF = {"Celeb-real": "REAL", "YouTube-real": "REAL", "Celeb-synthesis": "FAKE"}
_LIST = "List_of_testing_videos.txt"
# The other way round than everywhere else in this project.
_ON_LIST = {"1": "REAL", "0": "FAKE"}
_FAKE = re.compile(r"(id\d+)_id\d+_(\d+)\.mp4", re.IGNORECASE)


def folders(root: Path) -> list[Path]:
    """`root`, where the list lies, and the folders of videos."""
    found = [root / name for name in _LABEL_OF if (root / name).is_dir()]
    return [root, *found] if found else []


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    testing = _testing(root)
    rows = []
    for name, label in _LABEL_OF.items():
        for video in videos_in(root / name):
            listed = testing.pop(f"{name}/{video}", None)
            if listed not in (None, label):
                detail = f"{listed} in {_LIST}, but {name} holds {label} videos"
                problems.append(problem("unknown label", root / name, video, detail))
                continue
            swapped = _FAKE.fullmatch(video) if label == "FAKE" else None
            original = f"{swapped[1]}_{swapped[2]}.mp4" if swapped else None
            rows.append(row(root / name / video, label, original, split="test" if listed else None))
    for path in testing:
        folder, _, video = path.rpartition("/")
        problems.append(problem("absent", root / folder, video, f"named in {_LIST}, but no such mp4"))
    return "celeb-df", rows


def _testing(root: Path) -> dict[str, str]:
    """Label by path below `root`, of the official test videos; empty where the list is missing."""
    path = root / _LIST
    if not path.is_file():
        return {}
    labels = {}
    for number, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        if not line.strip():
            continue
        flag, _, video = line.strip().partition(" ")
        if flag not in _ON_LIST or not video:
            raise ValueError(f'{path}, line {number}: expected "1 Celeb-real/name.mp4" or "0 …", not {line!r}.')
        labels[video.strip()] = _ON_LIST[flag]
    return labels
