"""How faces are cut: all that decides which faces are found in a video and what their crops look like.

A face store is named by it and holds it in clear text, and so can a model that was trained on such faces.
"""

import hashlib
import json

from dfdc_utils.profiles import Profile

METHOD = 7
"""Counts up when the code of this room begins to find other faces with the same numbers."""

# The numbers of a profile on which faces depend, and no others.
SETTINGS = (
    "min_frames", "frames_per_video", "detection_width", "face_margin", "face_shift", "face_side", "max_people",
    "boxes",
)


def cutting(profile: Profile) -> dict:
    """How `profile` wants faces to be cut, as plain values: the method's version, whether they come from "videos" or
    are existing "crops" (`source`), and the profile's numbers."""
    source = "crops" if profile.source == "crops" else "videos"
    return {"method": METHOD, "source": source} | {name: getattr(profile, name) for name in SETTINGS}


def folder_name(cutting: dict) -> str:
    """A folder for faces that are cut so, and no others: "96px-3f2a1b9c"."""
    digest = hashlib.sha256(json.dumps(cutting, sort_keys=True).encode()).hexdigest()
    return f"{cutting['face_side']}px-{digest[:8]}"


def difference(found: dict, wanted: dict) -> str:
    """Where two ways of cutting differ, for people: "face_side=96 (now 64)"; empty where they do not."""
    return ", ".join(
        f"{key}={found.get(key)} (now {wanted.get(key)})"
        for key in sorted(found.keys() | wanted.keys())
        if found.get(key) != wanted.get(key)
    )
