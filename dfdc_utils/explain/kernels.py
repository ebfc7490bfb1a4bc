"""The first layer's kernels as pictures (report, looking inside)."""

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import all_layers


def first_kernels(model: keras.Model) -> dict[str, np.ndarray]:
    """The kernels of every convolution that reads the face itself, as pictures.

    Returns:
        By layer name, float32 (kernels, height, width, 3) in [0, 1]. Grey 0.5 is a weight of zero; each
        kernel is scaled by its own largest weight, so that the pattern shows, not the size. The first layer
        of an inception module has several such convolutions, of 1 × 1: each kernel is one colour.

    Raises ValueError where no convolution reads three colour channels.
    """
    pictures = {}
    for layer in all_layers(model):
        if isinstance(layer, keras.layers.Conv2D) and layer.kernel.shape[2] == 3:
            kernels = layer.get_weights()[0].astype("float32").transpose(3, 0, 1, 2)
            largest = np.abs(kernels).max(axis=(1, 2, 3), keepdims=True)
            # A kernel of zeros stays grey.
            pictures[layer.name] = 0.5 + kernels / (2 * np.maximum(largest, np.finfo("float32").tiny))
    if not pictures:
        raise ValueError(f"Model {model.name} has no convolution over three colour channels.")
    return pictures
