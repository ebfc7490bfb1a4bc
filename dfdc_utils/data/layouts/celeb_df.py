"""Celeb-DF, versions 1 and 2 (Li et al., 2020, arXiv 1909.12962).

    Celeb-real/id0_0000.mp4               interviews
    Celeb-synthesis/id0_id1_0000.mp4      the face of id1 in Celeb-real/id0_0000.mp4
    YouTube-real/00000.mp4                more real videos
    List_of_testing_videos.txt            "1 Celeb-real/id0_0001.mp4": here 1 is REAL and 0 FAKE

What is on the list is the official test split; who trains and who validates is left to `splits.assign`. The names say
whose video it is: `person` is id0 in all of the above but the last.
"""

from pathlib import Path

from dfdc_utils.data.layouts import names
from dfdc_utils.data.layouts.rows import Names, folders_in, problem, row, videos_in

HOLDS = "videos"

_LABEL_OF = {"Celeb-real": "REAL", "YouTube-real": "REAL", "Celeb-synthesis": "FAKE"}
_LIST = "List_of_testing_videos.txt"
# The other way round than everywhere else in this project.
_ON_LIST = {"1": "REAL", "0": "FAKE"}


def folders(root: Path) -> list[Path]:
    """`root`, where the list lies, and the folders of videos."""
    found = _folders(root)
    return [root, *found] if found else []


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    testing = _testing(root)
    rows = []
    for folder, name in _folders(root).items():
        label = _LABEL_OF[name]
        present = videos_in(folder)
        on_disk = Names(present)
        listed = {}
        for video in [path for path in testing if path.lower().startswith(f"{name.lower()}/")]:
            found = on_disk.find(video.partition("/")[2])
            if found is not None:
                listed[found] = testing.pop(video)
        for video in present:
            if listed.get(video, label) != label:
                detail = f"{listed[video]} in {_LIST}, but {name} holds {label} videos"
                problems.append(problem("unknown label", folder, video, detail))
                continue
            stem, ending = Path(video).stem, Path(video).suffix
            original = names.original_of(stem) if label == "FAKE" else None
            rows.append(row(
                folder / video, label, original and original + ending, person=names.person_of(stem),
                split="test" if video in listed else None,
            ))
    for path in testing:
        folder_name, _, video = path.rpartition("/")
        problems.append(problem("absent", root / folder_name, video, f"named in {_LIST}, but no such video"))
    return "celeb-df", rows


def _folders(root: Path) -> dict[Path, str]:
    """Its folders of videos, each with the name that its authors gave it."""
    known = {name.lower(): name for name in _LABEL_OF}
    found = {known[folder.name.lower()]: folder for folder in folders_in(root) if folder.name.lower() in known}
    return {found[name]: name for name in _LABEL_OF if name in found}


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
        labels[video.strip().replace("\\", "/")] = _ON_LIST[flag]
    return labels
