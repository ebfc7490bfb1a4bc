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


def expected_calibration_error(labels, p_fake, *, bins: int = 10, weights=None) -> float:
    """The mean distance between score and share of fakes over the intervals of `reliability`, by their counts.

    With `weights` (n,) a video counts as much as they say (`weights_for`).
    """
    labels, p_fake = np.asarray(labels, dtype=float), np.asarray(p_fake, dtype=float)
    weights = np.ones(len(labels)) if weights is None else weights
    place = np.minimum((p_fake * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(place, weights * (p_fake - labels))).sum() / weights.sum())


def weights_for(labels: np.ndarray, prior: float) -> np.ndarray:
    """Weights with which real and fake videos (0, 1) count as if the share `prior` of them were fake; their sum is 1.

    Raises ValueError where one class is missing.
    """
    counts = np.bincount(labels, minlength=2)
    if not counts.all():
        raise ValueError("Calibration needs real and fake videos; here is one kind only.")
    return (np.array([1 - prior, prior]) / counts)[labels]


def fit_temperature(videos: pd.DataFrame, *, prior: float | None = None) -> float:
    """The temperature with the least log loss.

    Above 1 a model was too sure of itself, below 1 not sure enough.

    Args:
        videos: rows of `aggregation.every_video`, of the **validation** split. Those without a face do not count: no
            model saw them.
        prior: the share of fakes among the videos that scores are to be probabilities for; by default that of `videos`.

    Raises ValueError where one class is missing.
    """
    videos = videos[videos["judged"]]
    labels = (videos["label"] == "FAKE").to_numpy(dtype=int)
    weights = weights_for(labels, labels.mean() if prior is None else prior)

    def loss(log_temperature: float) -> float:
        scores = scaled(videos["p_fake"], np.exp(log_temperature))
        return log_loss(labels, scores, sample_weight=weights, labels=[0, 1])

    return float(np.exp(minimize_scalar(loss, bounds=(-_WIDEST, _WIDEST), method="bounded").x))


def fit(videos: pd.DataFrame, *, prior: float = 0.5, right: float = 0.9) -> dict:
    """How a model's scores become probabilities, and which of them decide nothing.

    Args:
        videos, prior: as in `fit_temperature`. Say which prior where a score is shown: where fakes are rarer, fewer of
            the videos with this score are fake.
        right: of the videos above the uncertain scores at least so many are to be fake, of those below them real.

    Returns:
        {"temperature", "prior", "right", "uncertain": [low, high], "fitted_on"}, ready for a model's record
        (`models.record.write_calibration`). `low` and `high` are scores after scaling. With [0, 1] no score decides
        anything, with low = high every one does.
    """
    videos = videos[videos["judged"]]
    labels = (videos["label"] == "FAKE").to_numpy(dtype=int)
    temperature, weights = fit_temperature(videos, prior=prior), weights_for(labels, prior)
    scores = scaled(videos["p_fake"].to_numpy(), temperature)
    high = _reliable_from(scores, labels, weights, right)
    low = 1 - _reliable_from(1 - scores, 1 - labels, weights, right)
    if low > high:
        low = high = (low + high) / 2
    counts = ", ".join(f"{(labels == label).sum():,} {kind}" for label, kind in ((0, "real"), (1, "fake")))
    return {
        "temperature": temperature, "prior": prior, "right": right, "uncertain": [float(low), float(high)],
        "fitted_on": f"{counts} videos of the validation split",
    }


def _reliable_from(scores: np.ndarray, labels: np.ndarray, weights: np.ndarray, right: float) -> float:
    """The lowest score of which it is so that, by weight, `right` of the videos from there on have label 1; or 1."""
    order = np.argsort(-scores, kind="stable")
    share = np.cumsum((weights * labels)[order]) / np.cumsum(weights[order])
    # Of equal scores all or none.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    enough = ends[share[ends] >= right]
    return float(scores[order][enough[-1]]) if len(enough) else 1.0


def scaled(p_fake, temperature: float):
    """`p_fake` with its logits divided by `temperature`; of the type of `p_fake` (array or Series)."""
    if temperature <= 0:
        raise ValueError(f"A temperature is above 0, not {temperature}.")
    return expit(logits(p_fake) / temperature)


def logits(p_fake):
    """The logits of `p_fake`, finite also where a score is 0 or 1."""
    return logit(np.clip(p_fake, _LIMIT, 1 - _LIMIT))
