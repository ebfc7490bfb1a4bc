"""DFDC's preview of 2019 (Dolhansky et al., arXiv 1910.08854), as its archive fb_dfd_release_0.1_final unpacks.

    dataset.json                          "method_A/1033/1033_A/x.mp4": {"label": "fake", "set": "train", …}
    method_A/1033/1033_A/x.mp4            fakes of actor 1033, `target_id` in the list
    method_B/…
    original_videos/1033/y.mp4            the same actor, as he is

What the list calls "test" is the official test split; its "train" is divided into training and validation by
`splits.assign`. It does not say from which video a fake was made, but of whom.
"""

import json
from pathlib import Path

from dfdc_utils.data.layouts.rows import (
    distinct,
    files_in,
    folders_in,
    folders_with_videos,
    label_of,
    problem,
    row,
    split_of,
)

HOLDS = "videos"

_LIST = "dataset.json"


def folders(root: Path) -> list[Path]:
    if not whole(root):
        return []
    return [root, *(found for folder in folders_in(root) for found in folders_with_videos(folder))]


def whole(root: Path) -> bool:
    return (root / _LIST).is_file()


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    try:
        listed = json.loads((root / _LIST).read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{root / _LIST} is not JSON ({error}). Download it again.") from error
    if not isinstance(listed, dict) or not all(isinstance(entry, dict) for entry in listed.values()):
        raise ValueError(f'{root / _LIST} does not have the form {{"method_A/…/x.mp4": {{"label": "fake", …}}, …}}.')
    rows: list[dict] = []
    taken: set[str] = set()
    named: set[Path] = set()
    for name, entry in sorted(listed.items()):
        parts = name.replace("\\", "/").split("/")
        path = root.joinpath(*parts)
        named.add(path)
        label = label_of(entry.get("label"))
        if ".." in parts or not path.is_relative_to(root):
            problems.append(problem("unsafe name", root, name, f"it leads out of the folder of {_LIST}"))
        elif label is None:
            problems.append(problem("unknown label", path.parent, path.name, f"label {entry.get('label')!r}"))
        elif not path.is_file():
            problems.append(problem("absent", path.parent, path.name, f"named in {_LIST}, but no such video"))
        else:
            person = entry.get("target_id") or (parts[1] if len(parts) > 2 else None)
            split = split_of(str(entry.get("set", "")))
            video = distinct(path, taken)
            taken.add(video)
            rows.append(row(
                path, label, video=video, part=parts[0], split=split,
                person=str(person) if person is not None else None,
            ))
    for folder in folders(root)[1:]:
        for video in files_in(folder, ".mp4"):
            if folder / video not in named:
                problems.append(problem("unnamed", folder, video, f"present, but not named in {_LIST}"))
    return "dfdc-preview", rows
