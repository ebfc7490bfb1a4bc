"""FaceForensics++ and the DeepFakeDetection set that comes with it (Rössler et al., 2019, arXiv 1901.08971).

    original_sequences/{youtube,actors}/{c23,c40,raw}/videos/071.mp4
    manipulated_sequences/{Deepfakes,Face2Face,FaceSwap,…}/{c23,c40,raw,masks}/videos/071_054.mp4
    train.json, val.json, test.json    pairs such as ["071", "054"]; here or in splits/, if present

or, as Kaggle has it (ff-c23), a folder a method:

    original/071.mp4, Deepfakes/071_054.mp4, Face2Face/…, DeepFakeDetection/01_02__exit_phone_room__YVGY8LOK.mp4

071_054 is 071 with the face of 054. The methods give their fakes the same names, so here a fake is called
"Deepfakes_071_054.mp4". Of several compressions one is read, the first of c23, c40 and raw that is there: the same
video twice would leak.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils.data.layouts import names
from dfdc_utils.data.layouts.rows import folders_in, problem, row, videos_in

HOLDS = "videos"
NOT_READ = {
    "masks": "masks that say where fakes were altered, without the fakes",
    "csv": "lists that say what the folders say too",
} | dict.fromkeys(("c23", "c40", "raw"), "the same videos in another compression")
"""Why folders of these names are not read."""

_COMPRESSIONS = ("c23", "c40", "raw")
_KINDS = {"original_sequences": "REAL", "manipulated_sequences": "FAKE"}
_LISTS = {"train": "train.json", "validation": "val.json", "test": "test.json"}
_METHODS = ("Deepfakes", "Face2Face", "FaceSwap", "FaceShifter", "NeuralTextures", "DeepFakeDetection")
_ORIGINALS = ("original", "originals", "youtube", "actors", "real")


@dataclass(frozen=True)
class _Set:
    """The originals, or the fakes of one method."""

    folder: Path
    label: str
    videos: dict[str, Path]
    """Their folder by compression; "" where the name of none is known."""

    @property
    def masks(self) -> Path:
        """Where clips of the same names say where fakes were altered, if they are there."""
        return self.folder / "masks" / "videos"


def folders(root: Path) -> list[Path]:
    """`root` and its lists' folder, and every folder of videos of the compression that is read, and of masks."""
    sets = _sets(root)
    if not sets:
        return []
    compression = _compression(sets)
    found = [f for one in sets if (videos := one.videos.get(compression or "")) for f in (videos, one.masks)]
    return [folder for folder in (root, root / "splits", *found) if folder.is_dir()]


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    split_of = _official(root)
    rows, sets = [], _sets(root)
    compression = _compression(sets)
    for source in sets:
        name = source.folder.name
        if compression not in source.videos:
            if source.videos:
                detail = f"it is there as {' and '.join(source.videos)} only, and {compression} is read of this set"
                problems.append(problem("other compression", source.folder, "", detail))
            continue
        folder = source.videos[compression]
        for video in videos_in(folder):
            stem, ending = Path(video).stem, Path(video).suffix
            person = names.person_of(stem)
            if source.label == "REAL":
                rows.append(row(folder / video, "REAL", part=name, split=split_of.get(stem), person=person))
                continue
            original, mask = names.original_of(stem), source.masks / video
            if original is None:
                detail = "its name does not say of which original it is, as 071_054.mp4 does"
                problems.append(problem("unnamed", source.folder, video, detail))
                continue
            rows.append(row(
                folder / video, "FAKE", original + ending,
                video=f"{name}_{video}", part=name, split=split_of.get(original), person=person,
                mask=mask if mask.is_file() else None,
            ))
    if rows and not split_of:
        # 071_054 and 054_071 show one pair of people; the official lists keep such pairs together.
        detail = (
            "train.json, val.json and test.json are not there: any other split keeps a fake with the video that was "
            "altered, but not with the person whose face was put in"
        )
        problems.append(problem("no official lists", root, "", detail))
    return "faceforensics", rows


def _sets(root: Path) -> list[_Set]:
    """The originals and the fakes of every method that are in `root`; none where it is of another layout."""
    nested = [
        _Set(folder, label, {c: folder / c / "videos" for c in _COMPRESSIONS if (folder / c / "videos").is_dir()})
        for kind, label in _KINDS.items()
        for folder in folders_in(root / kind)
    ]
    if any((root / kind).is_dir() for kind in _KINDS):
        return nested
    methods, originals = ({name.lower() for name in some} for some in (_METHODS, _ORIGINALS))
    labels = {folder: "FAKE" for folder in folders_in(root) if folder.name.lower() in methods}
    # Other sets have a folder "Deepfakes" too: here the names of the fakes tell their originals.
    if not any(names.original_of(Path(video).stem) for folder in labels for video in videos_in(folder)):
        return []
    real = {folder: "REAL" for folder in folders_in(root) if folder.name.lower() in originals}
    return [_Set(folder, label, {"": folder}) for folder, label in (real | labels).items()]


def _compression(sets: list[_Set]) -> str | None:
    """The one that is read of all of them; None where there is none."""
    return next((c for c in ("", *_COMPRESSIONS) if any(c in one.videos for one in sets)), None)


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
