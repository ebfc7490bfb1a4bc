"""Kaggle's "deepfake-faces": one face crop of 224 pixels of each of 95,634 videos of DFDC.

    metadata.csv           videoname, original_width, original_height, label, original
    faces_224/<name>.jpg   <name> as in videoname, without its .mp4

https://www.kaggle.com/datasets/dagnelies/deepfake-faces. The crops of an original and of its fakes show the same
moment in the same place.
"""

from pathlib import Path

import pandas as pd

from dfdc_utils.data.layouts.rows import files_in, label_of, problem, row, unsafe

HOLDS = "crops"

_LIST, _FACES = "metadata.csv", "faces_224"
_COLUMNS = ("videoname", "label", "original")


def folders(root: Path) -> list[Path]:
    """`root` and its folder of crops, which a broken copy may lack."""
    # Many sets have a metadata.csv; this one's starts with "videoname".
    if not (root / _LIST).is_file():
        return []
    with open(root / _LIST, encoding="utf-8-sig", errors="replace") as file:
        named = file.readline().startswith(_COLUMNS[0])
    return [folder for folder in (root, root / _FACES) if folder.is_dir()] if named else []


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    faces = root / _FACES
    present = set(files_in(faces, ".jpg"))
    if not present:
        raise FileNotFoundError(f"{root / _LIST} is there, but no face crop in {faces}: unpack the set again.")
    try:
        lines = pd.read_csv(root / _LIST, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{root / _LIST} is not a CSV file ({error}). Download it again.") from error
    if missing := set(_COLUMNS) - set(lines.columns):
        raise ValueError(f"{root / _LIST} lacks the column {', '.join(sorted(missing))}. Download it again.")
    rows: list[dict] = []
    named: dict[str, str] = {}
    for video, label, original in zip(*(lines[column] for column in _COLUMNS), strict=True):
        # Two videos that differ in nothing but their ending would share a crop.
        crop = Path(video).stem + ".jpg"
        if bad := unsafe(video, original):
            problems.append(problem("unsafe name", faces, video, f"{bad!r} in {_LIST}"))
        elif crop in named:
            detail = f"its crop is already that of {named[crop]}, which is kept"
            problems.append(problem("duplicate name", faces, video, detail))
        elif label_of(label) is None:
            problems.append(problem("unknown label", faces, video, f"label {label!r}, not FAKE or REAL"))
        elif crop not in present:
            problems.append(problem("absent", faces, video, f"named in {_LIST}, but there is no {crop}"))
        else:
            rows.append(row(faces / crop, label_of(label), original or None, video=video))
        named.setdefault(crop, video)
    for crop in sorted(present - named.keys()):
        problems.append(problem("unnamed", faces, crop, f"present, but not named in {_LIST}"))
    return "crops", sorted(rows, key=lambda found: found["video"])
