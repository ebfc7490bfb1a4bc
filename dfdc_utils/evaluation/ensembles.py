"""One score out of several models'. Scores come by the model's title, each as of `aggregation.video_scores`."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dfdc_utils.evaluation.bootstrap import CLIP

_ROUNDS = 10_000
_STILL = 1e-9


def mean(scores: Mapping[str, pd.Series]) -> pd.Series:
    """The mean of the models' probabilities. Raises ValueError where they did not score the same videos."""
    return _together(scores).mean(axis=1).rename("p_fake")


def by_rank(scores: Mapping[str, pd.Series]) -> pd.Series:
    """The mean of the places that the models give a video among all that are scored, from 0 to 1.

    A model that is too sure of itself weighs no more than another. A place is no probability: it can be judged by
    its AUC, and depends on the other videos. Raises ValueError as `mean` does.
    """
    together = _together(scores)
    return ((together.rank() - 0.5) / len(together)).mean(axis=1).rename("p_fake")


def weighted(scores: Mapping[str, pd.Series], weights: pd.Series) -> pd.Series:
    """The mean of the models' probabilities with the weights of `fit_weights`. Raises ValueError as `mean` does."""
    return (_together(scores)[weights.index] @ weights).rename("p_fake")


def fit_weights(scores: Mapping[str, pd.Series], videos: pd.DataFrame) -> pd.Series:
    """The weights by title, none below 0 and 1 together, with which the mean has the least log loss.

    Args:
        scores: as above.
        videos: rows as of `aggregation.every_video`, of the **validation** split. Those without a face do not
            count: no model saw them.

    Raises ValueError as `mean` does.
    """
    videos = videos[videos["judged"]]
    p_fake = _together(scores).loc[videos["video"]]
    fake = (videos["label"] == "FAKE").to_numpy()[:, None]
    # What each model gave to what is so. The log loss of a mixture has one minimum, to which expectation
    # maximisation climbs without a step size, and without ever leaving the weights that are allowed.
    right = np.clip(np.where(fake, p_fake, 1 - p_fake), CLIP, None)
    weights = np.full(right.shape[1], 1 / right.shape[1])
    for _ in range(_ROUNDS):
        shares = weights * right
        before, weights = weights, (shares / shares.sum(axis=1, keepdims=True)).mean(axis=0)
        if np.abs(weights - before).max() < _STILL:
            break
    return pd.Series(weights, index=p_fake.columns, name="weight")


def _together(scores: Mapping[str, pd.Series]) -> pd.DataFrame:
    together = pd.DataFrame(scores)
    missing = together.index[together.isna().any(axis=1)]
    if len(missing):
        raise ValueError(f"{len(missing)} videos are not scored by every model, {missing[0]} for one.")
    return together
