"""How far a number could move with other videos of the same kind: intervals by redrawing the originals."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy.stats import rankdata

from dfdc_utils.data.study_table import original_of

CLIP = 1e-15
"""Log loss is computed of scores clipped to [CLIP, 1 - CLIP], as Kaggle's was: a score of exactly 0 or 1 that
is wrong costs 34.5, not infinity."""


def auc(labels: np.ndarray, p_fake: np.ndarray) -> float:
    """scikit-learn's `roc_auc_score` of labels 0 and 1, by ranks: ten times as fast, for thousands of draws."""
    fakes = labels.sum()
    ranks = rankdata(p_fake)[labels == 1].sum()
    return float((ranks - fakes * (fakes + 1) / 2) / (fakes * (len(labels) - fakes)))


def log_loss(labels: np.ndarray, p_fake: np.ndarray) -> float:
    """scikit-learn's `log_loss` of labels 0 and 1, clipped at `CLIP`, for thousands of draws."""
    p_fake = np.clip(p_fake, CLIP, 1 - CLIP)
    return float(-np.log(np.where(labels == 1, p_fake, 1 - p_fake)).mean())


def interval(
    videos: pd.DataFrame,
    statistic: Callable[[np.ndarray, np.ndarray], float] = auc,
    *,
    seed: int,
    rounds: int = 1000,
    confidence: float = 0.95,
) -> tuple[float, float]:
    """The percentile interval of `statistic(labels, p_fake)` under redrawing the *originals*.

    A real video and the fakes made from it share the person and the room, so they are drawn together;
    treating them as independent would make the interval too narrow.

    Args:
        videos: rows as of `aggregation.every_video`: video, label, original, p_fake.
        statistic: of labels and scores; the AUC by default.
        seed: of the draws.
        rounds: draws. Those that hold one class only are left out.
        confidence: of the interval.

    Raises ValueError where one class is missing altogether.
    """
    labels = (videos["label"] == "FAKE").to_numpy(dtype=int)
    if labels.min() == labels.max():
        raise ValueError("An interval needs real and fake videos.")
    p_fake = videos["p_fake"].to_numpy()
    groups = list(videos.groupby(original_of(videos)).indices.values())
    generator = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        rows = np.concatenate([groups[group] for group in generator.integers(len(groups), size=len(groups))])
        if labels[rows].min() < labels[rows].max():
            drawn.append(statistic(labels[rows], p_fake[rows]))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return float(low), float(high)


def mean_interval(values: np.ndarray, *, seed: int, rounds: int = 1000) -> tuple[float, float, float]:
    """The mean of some values (n,), and its 95 % interval when they are drawn anew; values that are NaN do not count.

    All three are NaN where no value is left.
    """
    values = np.asarray(values, dtype=float)
    values = values[~np.isnan(values)]
    if not len(values):
        return np.nan, np.nan, np.nan
    drawn = np.random.default_rng(seed).choice(values, (rounds, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(values.mean()), float(low), float(high)


def paired_difference(
    one: pd.DataFrame,
    other: pd.DataFrame,
    statistic: Callable[[np.ndarray, np.ndarray], float] = auc,
    *,
    seed: int,
    rounds: int = 1000,
    confidence: float = 0.95,
) -> tuple[float, float, float]:
    """How much better model `one` is than model `other` on the same videos: difference, and its interval.

    Both are scored on the same redrawn originals, so what makes a draw easy or hard for both falls out; two
    separate intervals may overlap widely where the difference is certain. Zero outside the interval means that
    the two differ, at that confidence.

    Args:
        one, other: rows as of `aggregation.every_video`, of two models.
        statistic, seed, rounds, confidence: as in `interval`.

    Raises ValueError where the two are not of the same videos.
    """
    together = one[["video", "label", "original", "p_fake"]].merge(
        other[["video", "p_fake"]], on="video", suffixes=("", "_other"), validate="one_to_one"
    )
    if not len(together) == len(one) == len(other):
        raise ValueError("Two models are compared on the same videos; these were scored on different ones.")
    other_scores = together["p_fake_other"].to_numpy()
    # Scores are looked up by position, so that both models see each draw.
    positions = together.assign(p_fake=np.arange(len(together)))
    scores = together["p_fake"].to_numpy()

    def difference(labels: np.ndarray, rows: np.ndarray) -> float:
        return statistic(labels, scores[rows]) - statistic(labels, other_scores[rows])

    labels = (together["label"] == "FAKE").to_numpy(dtype=int)
    low, high = interval(positions, difference, seed=seed, rounds=rounds, confidence=confidence)
    return float(difference(labels, np.arange(len(together)))), low, high
