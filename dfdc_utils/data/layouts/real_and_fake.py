"""Two folders, one of real videos and one of fakes, as many sets are handed on.

    real/a.mp4           also "original", "originals", "genuine", …; folders in it are looked into
    fake/b.mp4           also "fakes", "deepfake", "manipulated", …

A fake is taken to be made from the real video that its name tells (`names.original_of`), or that is called like it.
"""

import re
from pathlib import Path

from dfdc_utils.data.layouts import names
from dfdc_utils.data.layouts.rows import distinct, folders_in, folders_with_videos, row, videos_in

HOLDS = "videos"

_CALLED = {
    "real": "REAL", "reals": "REAL", "original": "REAL", "originals": "REAL", "authentic": "REAL", "genuine": "REAL",
    "pristine": "REAL", "fake": "FAKE", "fakes": "FAKE", "deepfake": "FAKE", "deepfakes": "FAKE", "forged": "FAKE",
    "manipulated": "FAKE", "altered": "FAKE", "synthetic": "FAKE", "synthesis": "FAKE",
}
_FILLING = re.compile(r"videos?|clips?|sequences?|faces?|[^a-z]")


def folders(root: Path) -> list[Path]:
    return [found for folder in _sides(root) for found in folders_with_videos(folder)]


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    rows: list[dict] = []
    real: dict[str, str] = {}
    taken: set[str] = set()
    # Real ones first: they keep their names, and fakes refer to them.
    for side, label in sorted(_sides(root).items(), key=lambda item: item[1], reverse=True):
        for folder in folders_with_videos(side):
            for file in videos_in(folder):
                stem = Path(file).stem
                video = distinct(folder / file, taken)
                taken.add(video)
                original = None
                if label == "REAL":
                    real.setdefault(stem, video)
                else:
                    original = real.get(names.original_of(stem) or stem) or real.get(stem)
                rows.append(row(
                    folder / file, label, original, video=video, part=side.name, person=names.person_of(stem)
                ))
    return "real-fake", rows


def _sides(root: Path) -> dict[Path, str]:
    """The folders of `root` that are called after a label; none where one of the two labels has none."""
    called = ((folder, _CALLED.get(_FILLING.sub("", folder.name.lower()))) for folder in folders_in(root))
    found = {folder: label for folder, label in called if label}
    return found if len(set(found.values())) == 2 else {}
