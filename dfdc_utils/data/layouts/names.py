"""What the file names of FaceForensics++, DeepFakeDetection and Celeb-DF tell: the original of a fake, and the person.

    071_054                          071 with the face of 054
    01_02__exit_phone_room__YVGY8L   actor 01 with the face of actor 02, in a scene that has a name; then a key
    id0_id1_0000                     id0_0000, of the person id0, with the face of id1
"""

import re

_PAIR = re.compile(r"(\d{3,})_\d{3,}")
_SCENE = re.compile(r"(\d{2})_\d{2}__(.+)__\w+")
_CELEBRITY = re.compile(r"(id\d+)_id\d+_(\d+)", re.IGNORECASE)
_ACTOR = re.compile(r"(\d{2})(?:_(\d{2}))?__.+")
_ID = re.compile(r"(id\d+)_(?:(id\d+)_)?\d+", re.IGNORECASE)


def original_of(stem: str) -> str | None:
    """The stem of the original of the fake with that stem; None where its name does not tell."""
    if pair := _PAIR.fullmatch(stem):
        return pair[1]
    if scene := _SCENE.fullmatch(stem):
        return f"{scene[1]}__{scene[2]}"
    swapped = _CELEBRITY.fullmatch(stem)
    return f"{swapped[1]}_{swapped[2]}" if swapped else None


def person_of(stem: str) -> str | None:
    """Whose video it is, original or fake: "actor 01" or "id0"; None where its name does not tell.

    Of a fake it is the person whose video was altered, not the one whose face was put in.
    """
    if actor := _ACTOR.fullmatch(stem):
        return f"actor {actor[1]}"
    celebrity = _ID.fullmatch(stem)
    return celebrity[1].lower() if celebrity else None
