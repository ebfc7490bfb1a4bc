"""Pictures that excite chosen channels of a layer most (report, looking inside).

Gradient ascent on the picture. Left alone it ends in high-frequency noise that excites the network and shows
nobody anything; four things make the result legible (Olah, Mordvintsev and Schubert, Feature Visualization,
Distill 2017): ascent in the frequency domain and in decorrelated colours, where coarse structure moves as
easily as fine and light as easily as hue; a small shift of the picture before each step; a total-variation
penalty; and now and then a slight blur.
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pandas as pd

from dfdc_utils.backend import keras
from dfdc_utils.explain.gradients import value_and_gradient
from dfdc_utils.explain.layers import batches, logits, maps_of, tapped
from dfdc_utils.explain.once import once
from dfdc_utils.workspace import Workspace

GREY = 127.5
_STEP = 10.0
"""Root mean square of the first step, in grey levels; the last is a tenth of it."""
_TOTAL_VARIATION = 0.15
"""Weight of the penalty's direction beside the ascent's."""
_BLUR_EVERY = 8
_COLOURS = np.array([[0.22, 0.13, 0.10], [0.13, 0.20, 0.13], [0.10, 0.13, 0.23]], dtype="float32")
"""The symmetric square root of the covariance of colours in natural pictures (Feature Visualization)."""


def channel_weights(model: keras.Model, layer: keras.layers.Layer, faces: np.ndarray) -> pd.Series:
    """How much the logit of P(fake) rises when a channel of `layer` rises by one everywhere; by channel.

    Below zero a channel speaks for REAL, above it for FAKE. Where the maps are averaged and go straight into
    the output unit this is that unit's weight, which the report sorts by. Elsewhere, in a network with a
    pooled maximum, dense or recurrent layers on top, it is the same thing to first order, averaged over
    `faces`.

    Args:
        model: a face model that ends in a dense sigmoid unit.
        layer: one of its `all_layers` whose output is a map.
        faces: a batch of the model's own input, RGB 0–255, real and fake ones.
    """
    total = np.zeros(layer.output.shape[-1])

    def logit_of(raised, batch):
        with tapped(layer, added=raised):
            return keras.ops.sum(model(batch, training=False))

    rising = value_and_gradient(logit_of, model)
    with logits(model):
        for batch in batches(faces):
            total += rising(np.zeros(total.shape), batch)[1]
    return pd.Series(total / len(faces), index=pd.RangeIndex(len(total), name="channel"), name="weight")


@dataclass(frozen=True)
class Maximised:
    """Pictures that excite channels of one layer, those that speak for REAL and those that speak for FAKE."""

    layer: str
    weights: pd.Series
    """`channel_weights` of the channels shown, strongest for REAL first, strongest for FAKE last."""
    pictures: np.ndarray
    """RGB uint8 (channels, side, side, 3), in the order of `weights`."""


def strongest_channels(weights: pd.Series, count: int) -> pd.Series:
    """The `count` channels with the largest weights: half of them of either sign, if there are so many."""
    weights = weights[weights != 0].sort_values()
    real, fake = weights[weights < 0], weights[weights > 0]
    shown_real = min(len(real), max(count // 2, count - len(fake)))
    return pd.concat([real.head(shown_real), fake.tail(count - shown_real)])


def maximise(
    model: keras.Model,
    layer: keras.layers.Layer,
    channels: list[int],
    *,
    seed: int,
    steps: int = 48,
) -> np.ndarray:
    """For each of `channels`, a picture that excites it: RGB uint8 (channels, side, side, 3).

    All pictures climb together, as one batch. What is maximised is the mean of the channel's map, or, in a
    layer behind the pooling, its one value.

    Args:
        model: a face model. Of a sequence model the frames are the pictures; for a layer that sees whole
            windows, a picture stands still in all frames of its own.
        layer: one of its `all_layers`.
        channels: indices of the layer's last axis; may repeat.
        seed: of the starting noise and the shifts.
        steps: of the ascent.

    Raises ValueError for a channel that the layer does not have.
    """
    frames, side = _frames(model, layer), model.input_shape[-2]
    # A sequence model takes whole windows only, so the last one is filled up.
    padded = list(channels) + [channels[-1]] * (-len(channels) % frames)
    climb = excitation(model, layer, padded)
    generator = np.random.default_rng(seed)
    pictures = _start(generator, len(padded), side, contrast=8)
    for step in range(steps):
        shift = generator.integers(-side // 16, side // 16 + 1, size=2)
        gradient = np.roll(climb(np.roll(pictures, shift, axis=(1, 2)))[1], -shift, axis=(1, 2))
        # A channel behind a ReLU that is silent on a picture gives no gradient: a stronger one may wake it.
        silent = ~gradient.any(axis=(1, 2, 3))
        pictures[silent] = _start(generator, silent.sum(), side, contrast=40)
        direction = _unit(_smooth(gradient)) - _TOTAL_VARIATION * _unit(_roughness(pictures))
        size = _STEP * 0.1 ** (step / steps)
        pictures = np.clip(pictures + size * _unit(direction), 0, 255)
        if step % _BLUR_EVERY == _BLUR_EVERY - 1 and step < steps - _BLUR_EVERY:
            pictures = np.stack([cv2.GaussianBlur(picture, (0, 0), 0.5) for picture in pictures])
    return pictures[:len(channels)].round().astype(np.uint8)


def excitation(
    model: keras.Model, layer: keras.layers.Layer, channels: list[int]
) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """How strongly pictures excite `channels` of a layer, one picture each, and how that changes with every pixel.

    Args:
        model, layer: as of `maximise`.
        channels: as many as pictures; of a sequence model whose `layer` sees frames, as many as fill its windows.

    Returns:
        A function of pictures, RGB 0–255 (channels, side, side, 3). It gives the sum over the channels of the mean of
        the channel's map, and its gradient, of the shape of the pictures.

    Raises ValueError for a channel that the layer does not have.
    """
    count = layer.output.shape[-1]
    if unknown := [channel for channel in channels if not 0 <= channel < count]:
        raise ValueError(f"Layer '{layer.name}' has channels 0 to {count - 1}, not {unknown}.")
    *window, side, _, _ = model.input_shape[1:]
    still = window and _frames(model, layer) == 1
    chosen = keras.ops.convert_to_tensor(np.eye(count, dtype="float32")[channels])

    def excited(pictures):
        if still:
            pictures = keras.ops.repeat(pictures, window[0], axis=0)
        with tapped(layer) as seen:
            model(keras.ops.reshape(pictures, (-1, *window, side, side, 3)), training=False)
        output = keras.ops.cast(seen.pop(), "float32")
        means = keras.ops.mean(output, axis=tuple(range(1, len(output.shape) - 1)))
        return keras.ops.sum(means * chosen)

    return value_and_gradient(excited, model)


def maximised(
    model: keras.Model,
    layer: keras.layers.Layer,
    faces: np.ndarray,
    *,
    seed: int,
    count: int = 16,
    steps: int = 48,
) -> Maximised:
    """`maximise` for the `count` channels of `layer` that weigh most, by sign (report, looking inside).

    Channels that stay the same over all of `faces` are passed over: whatever their weight, they decide
    nothing.
    """
    alive = np.ptp(maps_of(model, layer, faces), axis=(0, 1, 2)) > 0
    weights = strongest_channels(channel_weights(model, layer, faces)[alive], count)
    return Maximised(layer.name, weights, maximise(model, layer, list(weights.index), seed=seed, steps=steps))


def maximised_once(
    name: str, workspace: Workspace, model: keras.Model, layer: keras.layers.Layer, faces: np.ndarray, *, seed: int
) -> Maximised:
    """`maximised` for the trained model `name` of a study, computed `once`."""

    def compute() -> dict[str, np.ndarray]:
        result = maximised(model, layer, faces, seed=seed)
        return {"channels": result.weights.index, "weights": result.weights, "pictures": result.pictures}

    found = once("maximised", name, workspace, faces, compute, modules=(__name__,), layer=layer.name, seed=seed)
    index = pd.Index(found["channels"], name="channel")
    return Maximised(layer.name, pd.Series(found["weights"], index=index, name="weight"), found["pictures"])


def _frames(model: keras.Model, layer: keras.layers.Layer) -> int:
    """How many pictures the layer tells apart in one input: 1, or the frames of a window."""
    return len(maps_of(model, layer, np.zeros((1, *model.input_shape[1:]))))


def _start(generator: np.random.Generator, count: int, side: int, *, contrast: float) -> np.ndarray:
    """Grey with smooth noise of so many grey levels, float32 (count, side, side, 3)."""
    return GREY + contrast * _unit(_smooth(generator.normal(size=(count, side, side, 3))))


def _smooth(pictures: np.ndarray) -> np.ndarray:
    """Frequencies and colours weighed as in natural pictures: coarse above fine, light above hue.

    Applied to a gradient, this makes a step in pixels the step that one would take in the frequency domain,
    where each wave is divided by its frequency, and in decorrelated colours.
    """
    side = pictures.shape[1]
    pictures = pictures @ _COLOURS
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :])
    scale = 1 / np.maximum(frequency, 1 / side)
    spectrum = np.fft.rfft2(pictures, axes=(1, 2)) * scale[None, :, :, None]
    return np.fft.irfft2(spectrum, s=(side, side), axes=(1, 2)).astype("float32")


def _roughness(pictures: np.ndarray) -> np.ndarray:
    """The gradient of the pictures' (smoothed) total variation."""
    gradient = np.zeros_like(pictures)
    for axis in (1, 2):
        step = np.diff(pictures, axis=axis)
        # Smooth around zero, so that even surfaces do not tremble.
        slope = step / np.sqrt(step**2 + 1)
        before, after = [slice(None)] * 4, [slice(None)] * 4
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        gradient[tuple(before)] -= slope
        gradient[tuple(after)] += slope
    return gradient


def _unit(pictures: np.ndarray) -> np.ndarray:
    """Each picture with a root mean square of 1; one of zeros stays."""
    size = np.sqrt((pictures**2).mean(axis=(1, 2, 3), keepdims=True))
    return pictures / np.maximum(size, 1e-12)
