"""Checks of notebook 11: the right answer, and wrong ones that are told what is wrong about them."""

import pandas as pd
import pytest
from answers import right, says

from dfdc_utils.classroom.checks import exploring as check


@pytest.fixture
def test_clips():
    return pd.DataFrame(
        {"label": ["REAL", "FAKE", "FAKE", "FAKE"], "one": [0.2, 0.05, 0.4, 0.9], "two": [0.6, 0.8, 0.3, 0.7]},
        index=["real.mp4", "a.mp4", "b.mp4", "c.mp4"],
    )


def test_the_fake_that_fools_all(test_clips):
    right(check.hardest_fake("b.mp4", test_clips, ["one", "two"]))
    says(check.hardest_fake("a.mp4", test_clips, ["one", "two"]), "another one does find it")
    says(check.hardest_fake("real.mp4", test_clips, ["one", "two"]), "original")
    says(check.hardest_fake("c.mp4", test_clips, ["one", "two"]), "2 fakes are lower")
    says(check.hardest_fake("d.mp4", test_clips, ["one", "two"]), "no test clip")


def test_what_mistakes_cost_moves_the_threshold():
    clips = pd.DataFrame({
        "label": ["REAL", "REAL", "REAL", "FAKE", "REAL", "FAKE", "FAKE"], "one": [0.1, 0.2, 0.3, 0.25, 0.7, 0.8, 0.6],
    })
    right(check.cheapest_threshold(0.25, clips, "one", cost_of_a_miss=20))
    says(check.cheapest_threshold(0.8, clips, "one", cost_of_a_miss=20), "*false alarm*")
    says(check.cheapest_threshold(0.6, clips, "one", cost_of_a_miss=20), "fewest mistakes")
    says(check.cheapest_threshold(0.1, clips, "one", cost_of_a_miss=20), "Another threshold costs less")
    says(check.cheapest_threshold("low", clips, "one", cost_of_a_miss=20), "one number")


def test_the_share_of_verdicts_that_a_frame_changes():
    rows = pd.DataFrame({
        "video": ["a", "a", "b", "b", "c", "c", "c"], "track": [0, 0, 0, 0, 0, 0, 1], "frame": [5, 0, 0, 5, 0, 5, 0],
        "p_fake": [0.9, 0.2, 0.1, 0.2, 0.1, 0.2, 0.8],
    })
    scores = pd.Series({"a": 0.55, "b": 0.15, "c": 0.8})
    right(check.changed_verdicts(1 / 3, rows, scores))
    says(check.changed_verdicts(1, rows, scores), "*number*")
    says(check.changed_verdicts(2 / 3, rows, scores), "keep")
    says(check.changed_verdicts(0.0, rows, scores), "last frame")
