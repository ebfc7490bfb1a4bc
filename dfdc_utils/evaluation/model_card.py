"""What is known of the detector for real faces, in numbers, and the card that tells it to whoever uses it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import balanced_accuracy_score

from dfdc_utils.data.study_table import original_of
from dfdc_utils.evaluation import bootstrap
from dfdc_utils.evaluation.aggregation import THRESHOLD
from dfdc_utils.evaluation.calibration import expected_calibration_error, scaled, weights_for
from dfdc_utils.evaluation.metrics import score

SIZES = (0, 100, 150, 200, 100_000)
"""Bounds of the groups of faces by size, in pixels of the video."""


def judge(test: pd.DataFrame, calibration: Mapping[str, Any], widths: pd.Series, *, seed: int) -> dict:
    """How good a calibrated detector is on videos whose originals it has never seen.

    Args:
        test: rows of `aggregation.every_video`, of the test split.
        calibration: of `calibration.fit`, on the validation split.
        widths: how wide the face is in pixels of the video, by video.
        seed: of the intervals.

    Returns:
        Ready for JSON: the measures of `metrics.score` of the scores as they come; "originals"; "auc_interval" and
        "balanced_accuracy_interval", 95 % over originals; "calibration_errors": {"before", "after"} scaling, at the
        calibration's prior; "decided": the share of the videos, weighed by the prior, outside the uncertain scores, and
        "right": the share of these on the right side; "by_size": for each group of `SIZES` its "pixels", "count",
        "auc", "auc_interval" and "balanced_accuracy".
    """
    labels, p_fake = (test["label"] == "FAKE").to_numpy(dtype=int), test["p_fake"].to_numpy()
    weights, after = weights_for(labels, calibration["prior"]), scaled(p_fake, calibration["temperature"])
    low, high = calibration["uncertain"]
    decided = (after < low) | (after >= high)
    right = decided & ((after >= high) == (labels == 1))
    errors = {
        when: expected_calibration_error(labels, scores, weights=weights)
        for when, scores in (("before", p_fake), ("after", after))
    }
    groups = test.groupby(pd.cut(test["video"].map(widths), SIZES, right=False), observed=True)
    return {
        **score(labels, p_fake),
        "originals": int(original_of(test).nunique()),
        "auc_interval": bootstrap.interval(test, seed=seed),
        "balanced_accuracy_interval": bootstrap.interval(test, _balanced_accuracy, seed=seed),
        "calibration_errors": errors,
        "decided": float(weights[decided].sum()),
        "right": float(weights[right].sum() / weights[decided].sum()) if decided.any() else None,
        "by_size": [_of_size(group, members, seed) for group, members in groups],
    }


def _of_size(group: pd.Interval, members: pd.DataFrame, seed: int) -> dict:
    fake = (members["label"] == "FAKE").to_numpy(dtype=int)
    both, p_fake = 0 < fake.sum() < len(fake), members["p_fake"].to_numpy()
    pixels = f"{group.left} and more" if group.right == SIZES[-1] else f"{group.left} to {group.right - 1}"
    return {
        "pixels": pixels if group.left else f"below {group.right}", "count": len(members),
        "auc": bootstrap.auc(fake, p_fake) if both else None,
        "auc_interval": bootstrap.interval(members, seed=seed) if both else None,
        "balanced_accuracy": _balanced_accuracy(fake, p_fake) if both else None,
    }


def _balanced_accuracy(labels: np.ndarray, p_fake: np.ndarray) -> float:
    return float(balanced_accuracy_score(labels, p_fake >= THRESHOLD))


def model_card(figures: Mapping[str, Any], *, name: str, command: str) -> str:
    """The card, in Markdown, of a detector called `name` that `command` has made.

    Args:
        figures: of `judge`; and "calibration", "training" (`training.fit.Training` as a mapping), "faces"
            (`models.record.faces_of`) and "videos" (real and fake ones by split).
    """
    training, calibration, faces = figures["training"], figures["calibration"], figures["faces"]
    errors, (low, high) = figures["calibration_errors"], calibration["uncertain"]
    return _CARD.format(
        name=name, command=command, title=training["title"], parameters=training["parameters"],
        videos="\n".join(f"| {split} | {of['REAL']:,} | {of['FAKE']:,} |" for split, of in figures["videos"].items()),
        epochs=len(training["history"]), best=training["best_epoch"], minutes=training["seconds"] / 60,
        rate=training["faces_per_second"], count=figures["count"], originals=figures["originals"],
        auc=_with_interval(figures["auc"], figures["auc_interval"]),
        accuracy=_with_interval(figures["balanced_accuracy"], figures["balanced_accuracy_interval"]),
        loss=figures["balanced_log_loss"], before=errors["before"], after=errors["after"],
        sizes="\n".join(_size_row(of) for of in figures["by_size"]),
        temperature=calibration["temperature"], prior=calibration["prior"], fitted_on=calibration["fitted_on"],
        low=low, high=high, wanted=calibration["right"], decided=figures["decided"],
        right="none of them" if figures["right"] is None else f"{figures['right']:.0%} of them",
        side=faces["face_side"], share=1 + faces["face_margin"], shift=faces["face_shift"],
    )


def _with_interval(value: float, interval: tuple[float, float]) -> str:
    return f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"


def _size_row(of: Mapping[str, Any]) -> str:
    if of["auc"] is None:
        return f"| {of['pixels']} | {of['count']:,} | - | - |"
    auc = _with_interval(of["auc"], of["auc_interval"])
    return f"| {of['pixels']} | {of['count']:,} | {auc} | {of['balanced_accuracy']:.3f} |"


_CARD = """# Model card: {name}

{title}, {parameters:,} parameters, trained from scratch on single faces of real videos. It answers P(fake). Made by

    {command}

## Data

Kaggle's "deepfake-faces" (https://www.kaggle.com/datasets/dagnelies/deepfake-faces): one face crop a video of the
Deepfake Detection Challenge Dataset (Dolhansky et al., 2020, arXiv 2006.07397), whose people are paid actors who
agreed. **Terms:** DFDC is for those who agreed to its terms, which limit with whom it may be shared. Before you pass
this network on, read what they say of networks trained on it. A fake and its original stand in the same split:

| split | real | fake |
| --- | --- | --- |
{videos}

Actors may be seen in several originals, and so in more than one split: nobody published who they are.

## How good it is

On {count:,} test crops of {originals:,} originals that no training crop shows; intervals are 95 % over originals.

| measure | value |
| --- | --- |
| AUC | {auc} |
| balanced accuracy at 0.5 | {accuracy} |
| log loss, both labels weighing the same | {loss:.3f} |
| calibration error before temperature scaling | {before:.3f} |
| calibration error after it | {after:.3f} |

| width of the face, pixels | crops | AUC | balanced accuracy |
| --- | --- | --- | --- |
{sizes}

Epoch {best} of {epochs} was kept, by validation accuracy; {minutes:.0f} minutes in all, {rate:.0f} faces a second in
training.

## Calibration

Logits are divided by {temperature:.3f} (fitted on {fitted_on}). A score is then a
probability **where {prior:.0%} of the faces are fake**; where fewer are, it is too high. Scores from {low:.3f} to
{high:.3f} are *uncertain*: outside them at least {wanted:.0%} of the validation crops were on the right side. Of the
test crops {decided:.0%} lie outside, {right} on the right side (both weighed by that share). This was measured on
single crops; the mean over the frames of a video is another quantity.

## How faces are cut

{side} pixels wide. In other videos a square of {share:.2f} times the longer side of MTCNN's box, its centre lower by
{shift:.2f} of the box's height. That is about how the crops of the set lie, which another detector cut. (Five public
DFDC clips were cut with a share of 0.87 and a shift of 0.12. The set's own squares, found again in them, overlap with
these by 0.68 to 0.90 of their union. With the margin of 0.3 that is usual elsewhere it is 0.40 to 0.52.)

## What it was never tested on

Forgeries younger than 2020, faces that are generated as a whole, other data sets, films and calls with their own
compression, children, and people of whom DFDC has few. Sound is not listened to. A score is no proof.
"""
