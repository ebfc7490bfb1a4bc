"""Whether a score is the probability it claims to be, and how to make it one.

Calibrated means: of the videos that get 0.8, eight in ten are fake (Guo et al., On Calibration of Modern Neural
Networks, ICML 2017). Temperature scaling divides every logit by one number, fitted on the validation split and
never on the test split. The order of the videos, and so the AUC, stays as it is.
"""

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar
from scipy.special import expit, logit
from sklearn.metrics import log_loss

_LIMIT = 1e-6
"""Scores are held this far from 0 and 1, where logits end."""
_WIDEST = 4.0
"""Temperatures are looked for between exp(-4) and exp(4)."""


def reliability(labels, p_fake, *, bins: int = 10) -> pd.DataFrame:
    """What the scores say and what is so, in `bins` intervals of equal width.

    Args:
        labels: 1 for fake, 0 for real, (n,).
        p_fake: scores in [0, 1], (n,).

    Returns:
        One row for each interval with a score in it: low, high, count, p_fake (their mean), fakes (the share of
        fakes among them).
    """
    labels, p_fake = np.asarray(labels, dtype=float), np.asarray(p_fake, dtype=float)
    # A score of 1 belongs to the last interval.
    place = np.minimum((p_fake * bins).astype(int), bins - 1)
    table = pd.DataFrame({"place": place, "p_fake": p_fake, "fakes": labels}).groupby("place")
    result = table.agg(count=("p_fake", "size"), p_fake=("p_fake", "mean"), fakes=("fakes", "mean")).reset_index()
    result.insert(0, "low", result["place"] / bins)
    result.insert(1, "high", (result["place"] + 1) / bins)
    return result.drop(columns="place")


def expected_calibration_error(labels, p_fake, *, bins: int = 10) -> float:
    """The mean distance between score and share of fakes over the intervals of `reliability`, by their counts."""
    table = reliability(labels, p_fake, bins=bins)
    return float(np.average((table["p_fake"] - table["fakes"]).abs(), weights=table["count"]))


def fit_temperature(videos: pd.DataFrame) -> float:
    """The temperature with the least log loss.

    Above 1 a model was too sure of itself, below 1 not sure enough.

    Args:
        videos: rows of `aggregation.every_video`, of the **validation** split. Those without a face do not count: no
            model saw them.

    Raises ValueError where one class is missing.
    """
    videos = videos[videos["judged"]]
    labels = (videos["label"] == "FAKE").to_numpy(dtype=int)
    if len(np.unique(labels)) < 2:
        raise ValueError("A temperature is fitted on real and fake videos; here is one kind only.")

    def loss(log_temperature: float) -> float:
        return log_loss(labels, scaled(videos["p_fake"], np.exp(log_temperature)), labels=[0, 1])

    return float(np.exp(minimize_scalar(loss, bounds=(-_WIDEST, _WIDEST), method="bounded").x))


def scaled(p_fake, temperature: float):
    """`p_fake` with its logits divided by `temperature`; of the type of `p_fake` (array or Series)."""
    if temperature <= 0:
        raise ValueError(f"A temperature is above 0, not {temperature}.")
    return expit(logits(p_fake) / temperature)


def logits(p_fake):
    """The logits of `p_fake`, finite also where a score is 0 or 1."""
    return logit(np.clip(p_fake, _LIMIT, 1 - _LIMIT))
