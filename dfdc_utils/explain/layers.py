"""Reaching into a model: its layers, however deep they are nested, and what flows out of them.

A layer is tapped while the whole model runs, so everything works the same for a flat model, for one that
holds a backbone as a layer, and for a sequence model that folds its frames into the batch.
"""

import contextlib
from collections.abc import Iterator

import numpy as np

from dfdc_utils.backend import keras

_BATCH = 32
"""Faces that go through a network at once: enough for two cores, little memory."""

_POOLING = (
    keras.layers.MaxPooling2D,
    keras.layers.AveragePooling2D,
    keras.layers.GlobalMaxPooling2D,
    keras.layers.GlobalAveragePooling2D,
)


def all_layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers of `model` from input to output, those of nested models in place of these."""
    layers = []
    for layer in model.layers:
        layers.extend(all_layers(layer) if isinstance(layer, keras.Model) else [layer])
    return layers


def find(model: keras.Model, name: str) -> keras.layers.Layer:
    """The layer called `name`, however deep. Raises ValueError, listing what there is, if there is none."""
    layers = {layer.name: layer for layer in all_layers(model)}
    if name not in layers:
        raise ValueError(f"Model {model.name} has no layer '{name}'. Its layers: {', '.join(layers)}.")
    return layers[name]


def last_maps(model: keras.Model) -> keras.layers.Layer:
    """The layer whose maps (n, height, width, channels) are the last before they are pooled into one vector.

    That is the last convolution with what belongs to it (batch normalisation, activation): the point where
    the network still knows where in the face something is.
    """
    maps = [
        layer
        for layer in all_layers(model)
        if len(layer.output.shape) == 4 and not isinstance(layer, (*_POOLING, keras.layers.InputLayer))
    ]
    if not maps:
        raise ValueError(f"Model {model.name} has no layer whose output is a map.")
    return maps[-1]


@contextlib.contextmanager
def tapped(layer: keras.layers.Layer, added=None) -> Iterator[list]:
    """While open, every output of `layer` is appended to the yielded list, after `added` was added to it."""
    seen = []
    original = layer.call

    def call(*args, **kwargs):
        output = original(*args, **kwargs)
        if added is not None:
            output = output + keras.ops.cast(added, output.dtype)
        seen.append(output)
        return output

    layer.call = call
    try:
        yield seen
    finally:
        layer.call = original


@contextlib.contextmanager
def logits(model: keras.Model) -> Iterator[keras.Model]:
    """While open, `model` gives the logit of P(fake): a sigmoid near 0 or 1 would flatten every gradient.

    Raises ValueError where the model does not end in a dense sigmoid unit.
    """
    last = all_layers(model)[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.sigmoid:
        raise ValueError(f"Model {model.name} ends in layer '{last.name}', not in a dense sigmoid unit.")
    last.activation = keras.activations.linear
    try:
        yield model
    finally:
        last.activation = keras.activations.sigmoid


def batches(inputs: np.ndarray) -> Iterator[np.ndarray]:
    """A model's inputs, faces (n, side, side, 3) or windows (n, frames, side, side, 3), float32, a few at a time."""
    size = _BATCH if inputs.ndim == 4 else max(1, _BATCH // inputs.shape[1])
    for start in range(0, len(inputs), size):
        yield inputs[start:start + size].astype("float32")


def maps_of(model: keras.Model, layer: keras.layers.Layer, faces: np.ndarray) -> np.ndarray:
    """What `layer` makes of `faces`: its maps, float32 (n, height, width, channels), or whatever it gives.

    Args:
        model: a face model.
        layer: one of its `all_layers`.
        faces: a batch of the model's own input, RGB 0–255. Of a sequence model's windows (n, frames, …) every
            frame gives maps: n × frames of them.
    """
    parts = []
    with tapped(layer) as seen:
        for batch in batches(faces):
            model(batch, training=False)
            parts.append(keras.ops.convert_to_numpy(seen.pop()).astype("float32"))
    return np.concatenate(parts)


def logits_of(model: keras.Model, faces: np.ndarray) -> np.ndarray:
    """The logit of P(fake) of each input: float32 (n,). Raises ValueError as `logits` does.

    Args:
        model: a face model.
        faces: a batch of its own input, RGB 0–255.
    """
    with logits(model):
        outputs = [keras.ops.convert_to_numpy(model(batch, training=False)) for batch in batches(faces)]
    return np.concatenate(outputs)[:, 0]
