"""Checks of notebook 11: clips, thresholds, verdicts over time."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.evaluation.aggregation import THRESHOLD


@check
def hardest_fake(answer: str, test: pd.DataFrame, names: Sequence[str]) -> str:
    """11: the fake whose highest score is lowest; `test` has a row for each video, a column for each model."""
    is_a(answer, str, "the name of one clip")
    if answer not in test.index:
        wrong("There is no test clip of that name.")
    fakes = test[test["label"] == "FAKE"][list(names)]
    if answer not in fakes.index:
        wrong("That clip is an original.")
    highest = fakes.max(axis=1)
    if highest[answer] <= highest.min():
        return "No network is sure of it. See its difference: is the forgery small, dark, brief, or only in the sound?"
    if fakes.loc[answer].min() <= fakes.min(axis=1).min():
        wrong("One network gives it the lowest score of all, but another one does find it.")
    wrong(f"The highest scores of {(highest < highest[answer]).sum()} fakes are lower.")


@check
def cheapest_threshold(answer: float, test: pd.DataFrame, name: str, *, cost_of_a_miss: float) -> str:
    """11: a threshold at which the test clips cost least with model `name`; a false alarm costs 1."""
    is_a(answer, (int, float, np.number), "one number")
    fake, scores = (test["label"] == "FAKE").to_numpy(), test[name].to_numpy()

    def cost(limit: float, miss: float, alarm: float) -> float:
        return miss * (fake & (scores < limit)).sum() + alarm * (~fake & (scores >= limit)).sum()

    def least(miss: float, alarm: float) -> float:
        return min(cost(limit, miss, alarm) for limit in [*scores, np.inf])

    paid, possible = cost(answer, cost_of_a_miss, 1), least(cost_of_a_miss, 1)
    if paid <= possible:
        return f"It costs {possible:g}. On other clips another threshold may cost less: choose it on validation."
    if cost(answer, 1, cost_of_a_miss) <= least(1, cost_of_a_miss):
        wrong("This is the cheapest where a *false alarm* costs that much. Which mistake is the expensive one?")
    if cost(answer, 1, 1) <= least(1, 1):
        wrong("This makes the fewest mistakes. They do not all cost the same.")
    wrong(f"These clips cost {paid:g} there. Another threshold costs less.")


@check
def changed_verdicts(answer: float, rows: pd.DataFrame, scores: pd.Series) -> str:
    """11: the share of videos with another verdict from the first frame alone.

    Args:
        rows: one row for each face: video, track, frame, p_fake.
        scores: P(fake) of each video.
    """
    def changed(of_person: pd.Series) -> float:
        clip = of_person.groupby("video").max()
        return float(((clip >= THRESHOLD) != (scores[clip.index] >= THRESHOLD)).mean())

    people = rows.sort_values("frame").groupby(["video", "track"])["p_fake"]
    share = changed(people.first())
    number(answer, share, {
        "This is the *number* of clips. Divide by how many there are.": share * rows["video"].nunique(),
        "This is the share of clips that keep their verdict.": 1 - share,
        "That is the last frame.": changed(people.last()),
    })
    return "So many verdicts hang on which frame one looks at. That is why many frames are taken."
