"""From the predictions of faces to one score a video, with no video left out.

A prediction is one row: model, video, track, frame, variant ("plain" or the name of a test-time
augmentation), p_fake. Everything here is computed from such rows alone, so that it can be redone without a
network.
"""

import types
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import trim_mean

from dfdc_utils.evaluation.calibration import logits

PLAIN = "plain"
"""The variant that is the face itself."""

THRESHOLD = 0.5
"""From here on a score means FAKE (report, evaluation)."""

_CONFIDENT = 0.8


def _logit_mean(p_fake: np.ndarray) -> float:
    return expit(logits(p_fake).mean())


def _confident(p_fake: np.ndarray) -> float:
    """The strategy of the DFDC's winner (Seferbekov, 2020): where many frames are certain, these alone count."""
    fake, real = p_fake[p_fake > _CONFIDENT], p_fake[p_fake < 1 - _CONFIDENT]
    if len(fake) > len(p_fake) / 2.5:
        return fake.mean()
    return real.mean() if len(real) > 0.9 * len(p_fake) else p_fake.mean()


METHODS: Mapping[str, Callable[[np.ndarray], float]] = types.MappingProxyType({
    "mean": np.mean,  # the report's "image aggregation"
    "logit_mean": _logit_mean,
    "median": np.median,
    "trimmed_mean": lambda p_fake: trim_mean(p_fake, 0.2),  # without the highest and the lowest fifth
    "max": np.max,
    "confident": _confident,
})
"""How the frames of a person become one score."""


def frame_scores(predictions: pd.DataFrame, *, tta: bool = False) -> pd.DataFrame:
    """One score a face: video, track, frame, p_fake.

    Args:
        predictions: of one model.
        tta: average each face's plain prediction with those of its variants; else take the plain one alone.

    Raises ValueError for rows of several models, or where a face has no plain prediction.
    """
    models = predictions["model"].unique()
    if len(models) > 1:
        raise ValueError(f"Scores are made of one model's predictions, not of {', '.join(models)} together.")
    face = ["video", "track", "frame"]
    plain = predictions.loc[predictions["variant"] == PLAIN, [*face, "p_fake"]]
    if len(plain) != len(predictions.drop_duplicates(face)):
        raise ValueError("Each face must have one plain prediction, beside those of its variants.")
    if not tta:
        return plain.sort_values(face, ignore_index=True)
    return predictions.groupby(face, as_index=False)["p_fake"].mean()


def person_scores(
    predictions: pd.DataFrame, *, tta: bool = False, method: str | Callable[[np.ndarray], float] = "mean"
) -> pd.Series:
    """P(fake) by video and track, for the videos that have predictions.

    Variants are averaged first, then the frames of a person by `method`: one of `METHODS`, or what
    `learned_aggregation.fit_aggregation` gives.
    """
    if isinstance(method, str) and method not in METHODS:
        raise ValueError(f"Frames are aggregated by {', '.join(METHODS)}, not by {method!r}.")
    combine = METHODS[method] if isinstance(method, str) else method
    frames = frame_scores(predictions, tta=tta).groupby(["video", "track"])["p_fake"]
    return frames.agg(lambda p_fake: float(combine(p_fake.to_numpy())))


def video_scores(
    predictions: pd.DataFrame, *, tta: bool = False, method: str | Callable[[np.ndarray], float] = "mean"
) -> pd.Series:
    """P(fake) by video: of its `person_scores` the highest. A label says that something in it is fake, not who."""
    return person_scores(predictions, tta=tta, method=method).groupby("video").max()


def training_prior(table: pd.DataFrame) -> float:
    """The share of fakes among the training videos: what one says of a video without looking at it."""
    labels = table.loc[table["split"] == "train", "label"].dropna()
    if labels.empty:
        raise ValueError("The table has no labelled training videos, so there is no training prior.")
    return float((labels == "FAKE").mean())


def every_video(
    scores: pd.Series, table: pd.DataFrame, account: pd.DataFrame, *, split: str = "test"
) -> pd.DataFrame:
    """One row for every video of a split, also for those that no model could look at.

    Args:
        scores: P(fake) by video, from `video_scores` or one of `ensembles`.
        table: the study's table; gives the videos of the split, their labels and the training prior.
        account: the video account of the extraction; says why a video has no face.
        split: one of the table's splits.

    Returns:
        Columns video, label ("FAKE", "REAL" or None), original, p_fake, judged (False where p_fake is only
        the training prior) and reason (why it could not be judged; None where it was), in the table's order.

    Raises ValueError for a video that was never extracted, or that has faces but no prediction: those are
    gaps in the study, not videos without a face.
    """
    videos = table.loc[table["split"] == split, ["video", "label", "original"]].reset_index(drop=True)
    videos["p_fake"] = videos["video"].map(scores)
    videos["judged"] = videos["p_fake"].notna()

    account = account.set_index("video")
    missing = videos.loc[~videos["judged"], "video"]
    unknown = missing[~missing.isin(account.index)]
    if len(unknown):
        raise ValueError(
            f"{len(unknown)} videos of the {split} split are not in the video account, {unknown.iloc[0]} for "
            "one: extract the faces again (notebook 02)."
        )
    outcomes = account.loc[missing, "outcome"]
    forgotten = outcomes.index[outcomes == "ok"]
    if len(forgotten):
        raise ValueError(
            f"{len(forgotten)} videos of the {split} split have faces but no prediction, {forgotten[0]} for "
            "one: predict again (notebook 07)."
        )
    # The account's reason is the long form ("83 frames, 150 wanted"); some outcomes need none.
    reasons = account["reason"].where(
        account["reason"].notna() & (account["reason"] != ""), account["outcome"]
    )
    reasons = videos["video"].map(reasons).astype(object)
    videos["reason"] = reasons.where(~videos["judged"], None)
    videos["p_fake"] = videos["p_fake"].fillna(training_prior(table))
    return videos


def by_split(
    predictions: pd.DataFrame, table: pd.DataFrame, account: pd.DataFrame, splits: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """`every_video` of some splits, by split, from one model's plain predictions. Raises as it does."""
    scores = video_scores(predictions)
    return {split: every_video(scores, table, account, split=split) for split in splits}
