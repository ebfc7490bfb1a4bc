"""Checks of notebook 13: what eyes and ears find."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from scipy.special import expit

from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.evaluation.calibration import logits
from dfdc_utils.evaluation.metrics import equal_error_rate


@check
def best_finder(answer: str, aucs: pd.DataFrame, kind: str) -> str:
    """13: the column of `aucs` with the largest AUC for the kind of forgery in the row `kind`."""
    is_a(answer, str, "the name of one column")
    row = aucs.loc[kind].dropna()
    if answer not in aucs.columns:
        wrong(f"No column is called {answer!r}. The columns are {', '.join(aucs.columns)}.")
    if row.empty or row.get(answer) == row.max():
        return "Each detector finds what leaves the trace that it looks for."
    wrong(f"There the AUC is {row.get(answer, np.nan):.2f}, and another column of this row has more.")


@check
def shifted(answer, found: np.ndarray, later: int, lags: int) -> str:
    """13: the lag (values of a series) with the largest correlation, for a sound that was moved.

    Args:
        found: the correlations at the lags from -`lags` to `lags`.
        later: by how many values the sound was moved.
    """
    is_a(answer, (int, np.integer), "a whole number, the lag")
    best = int(np.nanargmax(found)) - lags
    if answer == best:
        near = abs(best - later) <= 1
        return "The best lag moves with the sound." if near else "In this clip another moment happens to fit better."
    if answer == best + lags:
        wrong("That is the place in the array. Lag 0 stands in its middle.")
    if answer == -best:
        wrong("The sign is the other way round: above 0 the sound is late.")
    wrong("The correlation is larger at another lag.")


@check
def error_rate(answer, reals: Mapping[str, float], fakes: Mapping[str, float]) -> str:
    """13: the equal error rate of scores of real and forged sounds, by hand."""
    scores = np.array([*reals.values(), *fakes.values()])
    labels = np.repeat([0, 1], [len(reals), len(fakes)])
    called = scores >= 0.5
    number(answer, equal_error_rate(labels, scores), {
        "That is the share of errors at 0.5. Move the threshold until both kinds of error are equally frequent.":
            float((called != labels).mean()),
        "That is the share that is right.": 1 - equal_error_rate(labels, scores),
    }, tolerance=0.5 / max(1, min(len(reals), len(fakes))))
    return "One number, without a threshold of its own: good to compare, not enough to decide."


@check
def product(answer, signs: pd.Series, weights: tuple[float, ...], biases: tuple[float, ...]) -> str:
    """13: P(something in the clip is fake) from three signs, by hand."""
    each = expit(np.array(weights) * logits(signs.to_numpy(float)) + np.array(biases))
    each = np.where(np.isnan(each), 0.0, each)
    number(answer, float(1 - np.prod(1 - each)), {
        "That is the product of the three: the chance that *all* are fake.": float(np.prod(each)),
        "That is the chance that nothing is fake.": float(np.prod(1 - each)),
        "You left out weights and biases: each sign first gets a scale of its own.":
            float(1 - np.prod(1 - signs.fillna(0).to_numpy(float))),
    })
    return "Nothing is fake only if no sign says so."
