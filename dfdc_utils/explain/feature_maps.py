"""What layers at several depths make of one face."""

from dataclasses import dataclass

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import all_layers, last_maps, maps_of


@dataclass(frozen=True)
class FeatureMaps:
    """The channels of one layer that vary most over the face, the most varied first."""

    layer: str
    channels: np.ndarray
    maps: np.ndarray
    """Float32 (channels, height, width)."""


def at_depths(model: keras.Model, face: np.ndarray, *, depths: int = 3, channels: int = 8) -> list[FeatureMaps]:
    """The maps of `depths` layers, evenly spaced from the first convolution to the last maps.

    Args:
        model: a face model.
        face: RGB 0–255, (side, side, 3); a sequence model sees it in all its frames.
        depths: layers, at most as many as the model has convolutions.
        channels: of each layer, at most.
    """
    last, layers = last_maps(model), all_layers(model)
    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)][:-1]
    # The last maps come after the last convolution, with the normalisation and activation that belong to it.
    places = np.unique(np.linspace(0, len(convolutions), depths).round().astype(int))
    chosen = [(*convolutions, last)[place] for place in places]
    inputs = np.broadcast_to(face, (1, *model.input_shape[1:]))
    return [_most_varied(layer, maps_of(model, layer, inputs)[0], channels) for layer in chosen]


def _most_varied(layer: keras.layers.Layer, maps: np.ndarray, count: int) -> FeatureMaps:
    strongest = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:count]
    return FeatureMaps(layer.name, strongest, maps[:, :, strongest].transpose(2, 0, 1))
