"""Grad-CAM: which places of a face moved the verdict, and which way (Selvaraju et al., ICCV 2017).

The weight of a channel is the gradient of the logit with respect to its map, averaged over the map; the heat
at a place is the sum of all channels there, each times its weight. The paper keeps what lies above zero, the
evidence for one class out of many. Here one logit stands between two classes, so both signs are kept.
"""

from collections.abc import Callable

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.gradients import value_and_gradient
from dfdc_utils.explain.layers import batches, find, last_maps, logits, maps_of, tapped


def explainer(model: keras.Model, layer: str | None = None) -> Callable[[np.ndarray], np.ndarray]:
    """Grad-CAM of `model`, to be called with faces; it follows the model's weights when they change.

    Args:
        model: a face model that ends in a dense sigmoid unit.
        layer: name of a layer whose output is a map, however deep it is nested; by default the last of them
            (`layers.last_maps`).

    Returns:
        A function of a batch of the model's own input, RGB 0–255, (n, side, side, 3) or, of a sequence
        model, (n, frames, side, side, 3). It gives a map for each face, float32 (n, height, width) or
        (n, frames, height, width) in the layer's size: above zero where the face speaks for FAKE, below zero
        where it speaks for REAL, in units of the logit of P(fake).

    Raises ValueError for a layer that is not there or whose output is no map.
    """
    tap = find(model, layer) if layer else last_maps(model)
    if len(tap.output.shape) != 4:
        raise ValueError(f"Layer '{tap.name}' gives {tap.output.shape}, not maps (n, height, width, channels).")

    def logit_of(added, batch):
        with tapped(tap, added=added), logits(model):
            return keras.ops.sum(model(batch, training=False))

    rising = value_and_gradient(logit_of, model)

    def heat(faces: np.ndarray) -> np.ndarray:
        parts = []
        for batch in batches(faces):
            maps = maps_of(model, tap, batch)
            weights = rising(np.zeros_like(maps), batch)[1].mean(axis=(1, 2), keepdims=True)
            parts.append((weights * maps).sum(axis=-1))
        heats = np.concatenate(parts)
        return heats.reshape(*faces.shape[:-3], *heats.shape[1:])

    return heat
