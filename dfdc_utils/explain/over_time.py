"""One clip over time: what a model says of each of its faces, where it looks, and which faces count."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import all_layers, find, logits_of, maps_of
from dfdc_utils.models.sequences import are_faces

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
    """Of a sequence model with a layer `WEIGHTS`: `frame_weights` of the window."""


def over_time(
    model: keras.Model, explain: Callable[[np.ndarray], np.ndarray], faces: np.ndarray, seconds: Sequence[float]
) -> OverTime:
    """What `model` makes of one clip.

    Args:
        model: a face model.
        explain: `gradcam.explainer(model)`, or another.
        faces: what the model is given of the clip (`models.inputs.inputs_with_faces`): RGB 0–255, (n, side, side, 3)
            or, for a sequence model, one window, (1, frames, side, side, 3), which may be padded.
        seconds: the time of each face.
    """
    times, heat = np.asarray(seconds), explain(faces)
    if faces.ndim == 4:
        return OverTime(times, faces, _sigmoid(logits_of(model, faces)), heat)
    seen = are_faces(faces)[0]
    shown = faces[0, seen].astype(np.uint8)
    p_fake = _sigmoid(logits_of(model, np.repeat(shown[:, None], len(seen), axis=1)))
    weighs = any(layer.name == WEIGHTS for layer in all_layers(model))
    weights = frame_weights(model, faces)[0, seen] if weighs else None
    return OverTime(times, shown, p_fake, heat[0, seen], influences(model, faces[0]), weights)


def frame_weights(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """The share of each frame in the weighted verdict, float32 (n, frames): 1 over a track, 0 for padding.

    Args:
        model: a sequence model with a layer `WEIGHTS`.
        faces: a batch of its input (n, frames, side, side, 3), RGB 0–255.

    Raises ValueError for a model without that layer.
    """
    weights = maps_of(model, find(model, WEIGHTS), faces)[..., 0]
    return weights / weights.sum(axis=1, keepdims=True)


def influences(model: keras.Model, window: np.ndarray) -> np.ndarray:
    """By how much each face of a window moves the verdict: (faces,), in units of the logit of P(fake).

    How far the logit falls when the one before stands in the frame's place (for the first, the one after):
    above zero, the frame speaks for FAKE. The number and the order of the others stay, so this works for any
    sequence model.

    Args:
        model: a sequence model.
        window: RGB 0–255, (frames, side, side, 3), two frames at least; it may be padded.
    """
    count = are_faces(window).sum()
    without = np.repeat(window[None], count, axis=0)
    for index in range(count):
        without[index, index] = window[index - 1 if index else 1]
    return logits_of(model, window[None]) - logits_of(model, without)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    # By the hyperbolic tangent, which does not overflow.
    return (1 + np.tanh(logits / 2)) / 2
