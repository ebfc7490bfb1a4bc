"""One clip over time: what a model says of each of its faces, where it looks, and which faces count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import all_layers, find, logits_of, maps_of

WEIGHTS = "frame_weights"
"""The layer of a model that weighs frames itself: (n, frames, 1)."""


@dataclass(frozen=True)
class OverTime:
    """The main person's faces in one clip, in order; every array has one entry a face."""

    seconds: np.ndarray
    faces: np.ndarray
    """RGB uint8 (n, side, side, 3)."""
    p_fake: np.ndarray
    """Of this face alone; a sequence model is shown a window in which it stands still."""
    heat: np.ndarray
    """(n, height, width), above zero where the face speaks for FAKE."""
    influence: np.ndarray | None = None
    """Of a sequence model: `influences` of the window."""
    weights: np.ndarray | None = None
    """Of a sequence model with a layer `WEIGHTS`: what this gives, as shares of their sum."""


def over_time(
    model: keras.Model, explain: Callable[[np.ndarray], np.ndarray], faces: np.ndarray, seconds: Sequence[float]
) -> OverTime:
    """What `model` makes of one clip.

    Args:
        model: a face model.
        explain: `gradcam.explainer(model)`, or another.
        faces: what the model is given of the clip (`evaluation.predict.shown`): RGB 0–255, (n, side, side, 3)
            or, for a sequence model, one window, (1, n, side, side, 3).
        seconds: the time of each face.
    """
    seconds, heat = np.asarray(seconds), explain(faces)
    if faces.ndim == 4:
        return OverTime(seconds, faces, _sigmoid(logits_of(model, faces)), heat)
    window = faces[0]
    still = np.repeat(window[:, None], len(window), axis=1)
    weights = None
    if any(layer.name == WEIGHTS for layer in all_layers(model)):
        weights = maps_of(model, find(model, WEIGHTS), faces).ravel()
        weights /= max(weights.sum(), 1e-12)
    p_fake = _sigmoid(logits_of(model, still))
    return OverTime(seconds, window, p_fake, heat[0], influences(model, window), weights)


def influences(model: keras.Model, window: np.ndarray) -> np.ndarray:
    """By how much each frame of a window moves the verdict: (frames,), in units of the logit of P(fake).

    How far the logit falls when the one before stands in the frame's place (for the first, the one after):
    above zero, the frame speaks for FAKE. The number and the order of the others stay, so this works for any
    sequence model.

    Args:
        model: a sequence model.
        window: RGB 0–255, (frames, side, side, 3), two frames at least.
    """
    without = np.repeat(window[None], len(window), axis=0)
    for index in range(len(window)):
        without[index, index] = window[index - 1 if index else 1]
    return logits_of(model, window[None]) - logits_of(model, without)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    # By the hyperbolic tangent, which does not overflow.
    return (1 + np.tanh(logits / 2)) / 2
