"""FaceForensics++ and the DeepFakeDetection set that comes with it (Rössler et al., 2019, arXiv 1901.08971).

    original_sequences/{youtube,actors}/{c23,c40,raw}/videos/071.mp4
    manipulated_sequences/{Deepfakes,Face2Face,FaceSwap,…}/{c23,c40,raw}/videos/071_054.mp4
    train.json, val.json, test.json    pairs such as ["071", "054"]; here or in splits/, if present

071_054 is 071 with the face of 054. The methods give their fakes the same names, so here a fake is called
"Deepfakes_071_054.mp4". Of several compressions one is read, the first of c23, c40 and raw that is there: the same
video twice would leak.
"""

import json
import re
from pathlib import Path

from dfdc_utils.data.layouts.rows import folders_in, problem, row, videos_in

HOLDS = "videos"

_COMPRESSIONS = ("c23", "c40", "raw")
_KINDS = {"original_sequences": "REAL", "manipulated_sequences": "FAKE"}
_LISTS = {"train": "train.json", "validation": "val.json", "test": "test.json"}
_PAIR = re.compile(r"(\d+)_\d+")
# DeepFakeDetection: actor 01 with the face of 02, in a scene that has a name; the last word is a key.
_SCENE = re.compile(r"(\d+)_\d+__(.+)__\w+")


def folders(root: Path) -> list[Path]:
    """`root` and its lists' folder, and every folder of videos of the compression that is read."""
    if not any((root / kind).is_dir() for kind in _KINDS):
        return []
    sets = _sets(root)
    compression = _compression(sets)
    found = [folder / compression / "videos" for folder in sets if compression]
    lists = [root, root / "splits"]
    return [folder for folder in (*lists, *found) if folder.is_dir()]


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    split_of = _official(root)
    rows, sets = [], _sets(root)
    compression = _compression(sets)
    for source in sets:
        there = [c for c in _COMPRESSIONS if (source / c / "videos").is_dir()]
        if compression not in there:
            if there:
                detail = f"it is there as {' and '.join(there)} only, and {compression} is read of this set"
                problems.append(problem("other compression", source, "", detail))
            continue
        folder = source / compression / "videos"
        label = _KINDS[source.parent.name]
        for video in videos_in(folder):
            stem = Path(video).stem
            if label == "REAL":
                rows.append(row(folder / video, label, part=source.name, split=split_of.get(stem)))
                continue
            original = _original_of(stem)
            if original is None:
                detail = "its name does not say of which original it is, as 071_054.mp4 does"
                problems.append(problem("unnamed", source, video, detail))
                continue
            rows.append(row(
                folder / video, label, f"{original}.mp4",
                video=f"{source.name}_{video}", part=source.name, split=split_of.get(original),
            ))
    if rows and not split_of:
        # 071_054 and 054_071 show one pair of people; the official lists keep such pairs together.
        detail = (
            "train.json, val.json and test.json are not there: any other split keeps a fake with the video that was "
            "altered, but not with the person whose face was put in"
        )
        problems.append(problem("no official lists", root, "", detail))
    return "faceforensics", rows


def _sets(root: Path) -> list[Path]:
    """The folders of the originals and of every method."""
    return [folder for kind in _KINDS for folder in folders_in(root / kind)]


def _compression(sets: list[Path]) -> str | None:
    """The one that is read of all of them; None where there is none."""
    return next((c for c in _COMPRESSIONS if any((folder / c / "videos").is_dir() for folder in sets)), None)


def _original_of(stem: str) -> str | None:
    if pair := _PAIR.fullmatch(stem):
        return pair[1]
    scene = _SCENE.fullmatch(stem)
    return f"{scene[1]}__{scene[2]}" if scene else None


def _official(root: Path) -> dict[str, str]:
    """The split of each original by its number, from the official lists; empty where they are missing."""
    splits: dict[str, str] = {}
    for split, name in _LISTS.items():
        path = next((folder / name for folder in (root, root / "splits") if (folder / name).is_file()), None)
        if path is None:
            continue
        try:
            pairs = json.loads(path.read_text(encoding="utf-8-sig"))
            splits |= {number: split for pair in pairs for number in map(str, pair)}
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError) as error:
            raise ValueError(f'{path} is no list of pairs such as [["071", "054"], …]: {error}.') from error
    return splits
