"""How the small networks of this room are trained, and how well they tell fakes from originals."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils.backend import keras
from dfdc_utils.evaluation import bootstrap
from dfdc_utils.evaluation.metrics import equal_error_rate

_ROUNDS = 300


def learn(
    model: keras.Model,
    draw: Callable[[np.random.Generator], tuple],
    *,
    steps: int,
    rate: float,
    seed: int,
    description: str,
) -> list[float]:
    """Trains `model` to say P(fake), at a learning rate that falls from `rate` to 0; returns the loss of each step.

    Args:
        draw: gives a batch, as (inputs, labels (n,), 1 for fake).
    """
    rng = np.random.default_rng(seed)
    falling = keras.optimizers.schedules.CosineDecay(rate, max(1, steps))
    model.compile(optimizer=keras.optimizers.Adam(falling), loss="binary_crossentropy")
    losses = []
    for _ in tqdm(range(steps), desc=description, unit="step", mininterval=1.0):
        inputs, labels = draw(rng)
        losses.append(float(model.train_on_batch(inputs, np.asarray(labels, np.float32)[:, None])))
    return losses


def pieces(values: np.ndarray, length: int, count: int) -> np.ndarray:
    """`count` evenly spaced pieces of a series (n, ...), each `length` long; a shorter series is mirrored at its end.

    One piece more or less alike is no harm: every series gives as many.
    """
    values = longer(values, length)
    return np.stack([values[start:start + length] for start in np.linspace(0, len(values) - length, count).astype(int)])


def longer(values: np.ndarray, length: int) -> np.ndarray:
    """A series (n, ...) of at least `length` values: a shorter one is mirrored at its end."""
    missing = max(0, length - len(values))
    return np.pad(values, [(0, missing), *[(0, 0)] * (values.ndim - 1)], mode="reflect") if missing else values


def told_apart(
    reals: Mapping[str, float], fakes: Sequence[Mapping[str, float]], *, seed: int
) -> dict[str, float]:
    """How well scores tell forged sounds from real ones: AUC and equal error rate with their 95 % intervals.

    Args:
        reals: scores by video, the larger the more fake; of any range.
        fakes: the same of forgeries, by the video whose sound was forged.
        seed: of the intervals, for which the videos are drawn anew, each with its forgeries.

    Returns:
        auc, auc_low, auc_high, eer, eer_low, eer_high, fakes (how many). The ends are NaN where all are of one video.
    """
    rows = [(video, "REAL", score) for video, score in reals.items()]
    rows += [(video, "FAKE", score) for some in fakes for video, score in some.items()]
    videos = pd.DataFrame(rows, columns=["original", "label", "p_fake"]).assign(video=np.arange(len(rows)))
    labels, scores = (videos["label"] == "FAKE").to_numpy(int), videos["p_fake"].to_numpy(float)
    result: dict[str, float] = {}
    for name, statistic in (("auc", bootstrap.auc), ("eer", equal_error_rate)):
        ends = np.nan, np.nan
        if videos["original"].nunique() > 1:
            ends = bootstrap.interval(videos, statistic, seed=seed, rounds=_ROUNDS)
        result |= {name: statistic(labels, scores), f"{name}_low": ends[0], f"{name}_high": ends[1]}
    return result | {"fakes": int(labels.sum())}
