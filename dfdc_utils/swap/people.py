"""Who is swapped: two people drawn for it, and pairs of people of a drawn set who are in no training video."""

import os
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils.data.mini.dataset import Clip, Take, film
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Setting
from dfdc_utils.profiles import Profile

_LOOKS = ((56, 0.30), (59, 0.42))
"""Number and skin tone of the two."""
_RATE, _CRF = 30, 22
_NOT_OF_THE_SET = 12
"""Keeps their seeds apart from those of everybody in the set."""


def film_two(folder: Path, profile: Profile, *, rooms: int = 3) -> tuple[list[Path], list[Path]]:
    """Draws two people who are in no set, in some rooms each, into `folder`; returns the clips of both.

    Args:
        profile: the size and the length of its clips.
    """
    people: list[list[Path]] = []
    for name, (number, tone) in zip("ab", _LOOKS, strict=True):
        person = Identity.draw(f"person_{name}", (_NOT_OF_THE_SET, number), tone)
        people.append([])
        for room in range(rooms):
            setting = Setting(
                seed=(_NOT_OF_THE_SET, number, room), people=(person,), width=profile.clip_width,
                height=profile.clip_height, frames=profile.clip_frames, rate=_RATE, hold=2,
            )
            clip = Clip(f"{name}{room}.mp4", "", None, 0.0, _CRF, setting.seed, "")
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=".", dir=folder) as temporary:
                film(Path(temporary), Take("", clip.video, setting, 0, (clip,)))
                os.replace(Path(temporary) / clip.video, folder / clip.video)
            people[-1].append(folder / clip.video)
    return people[0], people[1]


def pairs(table: pd.DataFrame, truth: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """Whose face can be put on whom: people of a drawn set who are in no training video.

    Each test original that shows one person, nothing odd about it, gets the face of that person of another such
    original (of the validation split too, where the test split has nobody else) whose skin is most alike.

    Args:
        table: the study's.
        truth: of `data.mini.truth`.
        most: at most so many pairs.

    Returns:
        One row a pair, in the order of the table: video (that gets another face), donor (the video of that face).
    """
    known = table.merge(truth[["video", "person", "people", "wart", "skin_tone"]], on="video")
    trained_on = set(known.loc[known["split"] == "train", "person"])
    usable = known[(known["label"] == "REAL") & (known["people"] == 1) & ~known["person"].isin(trained_on)]
    usable = usable[usable["wart"] == ""]
    test, rest = usable[usable["split"] == "test"], usable[usable["split"].isin(["test", "validation"])]
    rows = []
    for target in test.itertuples():
        donors = test[test["person"] != target.person]
        if donors.empty:
            donors = rest[rest["person"] != target.person]
        if len(donors):
            nearest = np.abs(donors["skin_tone"] - target.skin_tone).argmin()
            rows.append({"video": target.video, "donor": donors["video"].iloc[nearest]})
    return pd.DataFrame(rows[:most], columns=["video", "donor"])
