"""Where a layer is active on real and on fake faces, on average (report, looking inside)."""

from dataclasses import dataclass

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import maps_of
from dfdc_utils.models.sequences import are_faces


@dataclass(frozen=True)
class MeanActivations:
    """Maps are float32 (height, width) of the layer; faces uint8 (side, side, 3)."""

    layer: str
    real: np.ndarray
    """Mean over the real faces and the layer's channels."""
    fake: np.ndarray
    real_face: np.ndarray
    """The mean of the real faces themselves, to lay the maps over."""
    fake_face: np.ndarray

    @property
    def difference(self) -> np.ndarray:
        """Fake minus real: above zero where the layer is more active on fakes."""
        return self.fake - self.real


def mean_activations(
    model: keras.Model, layer: keras.layers.Layer, real: np.ndarray, fake: np.ndarray
) -> MeanActivations:
    """The mean activation of `layer` over a batch of real and over a batch of fake faces.

    Args:
        model: a face model.
        layer: one of its `all_layers` whose output is a map; the report's is the last (`layers.last_maps`).
        real, fake: batches of the model's own input, RGB 0–255, (n, side, side, 3) or, for a sequence model,
            (n, frames, side, side, 3).

    Raises ValueError for an empty batch.
    """
    if not len(real) or not len(fake):
        raise ValueError("Both real and fake faces are needed for a difference.")

    def mean_map(faces: np.ndarray) -> np.ndarray:
        return maps_of(model, layer, faces)[are_faces(faces).ravel()].mean(axis=(0, 3))

    def mean_face(faces: np.ndarray) -> np.ndarray:
        return faces[are_faces(faces)].mean(axis=0).round().astype(np.uint8)

    return MeanActivations(layer.name, mean_map(real), mean_map(fake), mean_face(real), mean_face(fake))
