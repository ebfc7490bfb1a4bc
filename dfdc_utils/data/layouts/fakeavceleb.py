"""FakeAVCeleb (Khalid et al., 2021, arXiv 2108.05080): fakes of the picture, of the sound, and of both.

    RealVideo-RealAudio/African/men/id00076/00109.mp4
    RealVideo-FakeAudio/African/men/id00076/00109_fake.mp4
    FakeVideo-RealAudio/African/men/id00076/00109_1_id00166_wavtolip.mp4
    FakeVideo-FakeAudio/…

A clip is REAL where both are. Its part is the folder of its kind, so that results can be told by it. Names recur from
person to person, so here a clip is called "id00076_00109.mp4", and a fake as its kind, too. What a fake's name begins
with is the name of its original.
"""

from pathlib import Path

from dfdc_utils.data.layouts.rows import folders_in, folders_with_videos, problem, row, videos_in

HOLDS = "videos"

_KINDS = {
    "RealVideo-RealAudio": "REAL", "RealVideo-FakeAudio": "FAKE", "FakeVideo-RealAudio": "FAKE",
    "FakeVideo-FakeAudio": "FAKE",
}
_DEEPEST = 3
"""Folders below that of a kind: of an origin, of a gender, of a person."""


def folders(root: Path) -> list[Path]:
    """The folders of all people of all kinds; none where `root` is of another layout."""
    kinds = [folder for folder in folders_in(root) if folder.name in _KINDS]
    # One alone may be somebody's folder of that name.
    if len(kinds) < 2:
        return []
    return [root, *(deeper for folder in kinds for deeper in folders_with_videos(folder, _DEEPEST))]


def whole(root: Path) -> bool:
    return bool(folders(root))


def read(root: Path, problems: list[dict]) -> tuple[str, list[dict]]:
    rows: list[dict] = []
    for kind, label in _KINDS.items():
        for folder in folders_with_videos(root / kind, _DEEPEST):
            person = folder.name
            for video in videos_in(folder):
                number, ending = Path(video).stem.split("_")[0], Path(video).suffix
                if label == "FAKE" and number == Path(video).stem:
                    detail = "its name does not say of which original it is, as 00109_fake.mp4 does"
                    problems.append(problem("unnamed", folder, video, detail))
                    continue
                named = f"{person}_{video}" if label == "REAL" else f"{kind}_{person}_{video}"
                original = f"{person}_{number}{ending}" if label == "FAKE" else None
                rows.append(row(folder / video, label, original, video=named, part=kind, person=person))
    return "fakeavceleb", rows
