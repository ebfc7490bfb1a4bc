"""Checks of notebooks 00 to 02: the right answer, and wrong ones that are told what is wrong about them."""

import numpy as np
import pandas as pd
import pytest
from answers import right, says

from dfdc_utils import profiles
from dfdc_utils.classroom.checks import data as check
from dfdc_utils.data import splits
from dfdc_utils.faces import crops


@pytest.fixture
def table():
    """Ten originals with two fakes each in ten parts, and two videos without a label."""
    rows = []
    for number in range(10):
        part = f"dfdc_train_part_{number}"
        rows.append((f"real{number}.mp4", part, "REAL", None))
        rows += [(f"fake{number}{letter}.mp4", part, "FAKE", f"real{number}.mp4") for letter in "ab"]
    rows += [("x.mp4", "test_videos", None, None), ("y.mp4", "test_videos", None, None)]
    table = pd.DataFrame(rows, columns=["video", "part", "label", "original"])
    return table.assign(path=table["video"], split=[None] * 30 + ["unlabelled"] * 2)


def test_an_answer_that_is_not_there_is_asked_for(table):
    says(check.share_of_fakes(..., table), "no answer yet")
    says(check.leaking_clips(1, ...), "no answer yet")


def test_an_answer_of_another_kind_is_told_so(table):
    says(check.share_of_fakes("two thirds", table), "one number", "str")
    says(check.two_fakes_of_one_original("fake0a.mp4", table), "a list of two names")


def test_share_of_fakes(table):
    right(check.share_of_fakes(2 / 3, table))
    says(check.share_of_fakes(20 / 32, table), "without a label")
    says(check.share_of_fakes(1 / 3, table), "real ones")
    says(check.share_of_fakes(20, table), "how many")
    says(check.share_of_fakes(0.9, table), "too high")


def test_no_verdict_on_a_wrong_number_holds_the_right_one(table):
    for answer in (0.1, 0.9, 20 / 32, 1 / 3, 20, 66.667):
        assert "0.66" not in check.share_of_fakes(answer, table).why


def test_two_fakes_of_one_original(table):
    right(check.two_fakes_of_one_original(["fake3a.mp4", "fake3b.mp4"], table))
    says(check.two_fakes_of_one_original(["fake3a.mp4", "fake4a.mp4"], table), "two different originals")
    says(check.two_fakes_of_one_original(["fake3a.mp4", "real3.mp4"], table), "an original")
    says(check.two_fakes_of_one_original(["fake3a.mp4", "fake3a.mp4"], table), "Two different names")
    says(check.two_fakes_of_one_original(["fake3a.mp4", "nobody.mp4"], table), "nobody.mp4")


def test_always_fake(table):
    right(check.always_fake((2 / 3, 0.5), table))
    says(check.always_fake((1 / 3, 0.5), table), "Of the accuracy")
    says(check.always_fake((2 / 3, 2 / 3), table), "mean of two shares")


def test_darkest_clip():
    statistics = pd.DataFrame({"video": ["a", "b", "c", "d"], "brightness": [90.0, 30.0, 60.0, np.nan]})
    right(check.darkest_clip("b", statistics))
    says(check.darkest_clip("a", statistics), "brightest")
    says(check.darkest_clip("c", statistics), "1 videos are darker")
    says(check.darkest_clip("d", statistics), "could not be read")


def test_leaking_clips(table):
    dealt = splits.assign(table, "random", seed=1)
    leaking = splits.leaks(dealt)
    right(check.leaking_clips(leaking["videos"], dealt))
    honest = splits.assign(table, "original", seed=1)
    says(check.leaking_clips(0, honest), "not random")
    says(check.leaking_clips(leaking["videos"] + 17, dealt), "too high")


def test_a_split_by_hand(table):
    mine = splits.assign(table, "original", seed=3)
    right(check.split_by_hand(mine, table))
    says(check.split_by_hand(splits.assign(table, "random", seed=3), table), "leaks", "originals")
    says(check.split_by_hand(mine.replace({"split": {"validation": "valid"}}), table), "valid")
    says(check.split_by_hand(mine.replace({"split": {"validation": "train"}}), table), "validation split")
    says(check.split_by_hand(mine.assign(split="train"), table), "without a label")
    says(check.split_by_hand(mine.iloc[1:], table), "same videos")
    part = {f"dfdc_train_part_{n}": "test" for n in range(6)} | {"dfdc_train_part_6": "validation"}
    most = mine.assign(split=mine["part"].map(part).fillna("train").where(mine["label"].notna(), "unlabelled"))
    says(check.split_by_hand(most, table), "about a fifth")


def test_videos_without_faces():
    account = pd.DataFrame({"outcome": ["ok", "ok", "ok", "ok", "no_face", "too_short", "unreadable"]})
    right(check.videos_without_faces(3, account))
    says(check.videos_without_faces(1, account), "one reason among several")
    says(check.videos_without_faces(4, account), "that have faces")


def test_a_wider_crop():
    profile, box = profiles.get("tiny"), (40, 30, 80, 80)
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), dtype=np.uint8)

    def cut(margin, side=profile.face_side):
        return crops.cut(image, crops.square(box, margin, profile.face_shift), side)

    right(check.wider_crop(cut(0.6), image, box, profile, margin=0.6))
    says(check.wider_crop(cut(profile.face_margin), image, box, profile, margin=0.6), "profile's own margin")
    says(check.wider_crop(cut(0.6, 32), image, box, profile, margin=0.6), "(32, 32, 3)", "(64, 64, 3)")
    says(check.wider_crop(cut(0.8), image, box, profile, margin=0.6), "another crop")


def test_coverage():
    faces = pd.DataFrame({"video": list("aaabbb"), "track": [0, 0, 1, 0, 0, 0]})
    account = pd.DataFrame({"video": ["a", "b", "c"], "frames_read": [4, 3, 4]})
    right(check.coverage(pd.Series({"a": 0.5, "b": 1.0}), faces, account))
    says(check.coverage(pd.Series({"a": 0.75, "b": 1.0}), faces, account), "frames_read")
    says(check.coverage(pd.Series({"a": 0.5, "b": 1.2}), faces, account), "second person")
    says(check.coverage(pd.Series({"a": 0.5}), faces, account), "every video")
