"""The network of a face swap: an encoder that both people share, and a decoder for each (report, figure 1)."""

import math

import numpy as np

from dfdc_utils.backend import keras, layers, ops
from dfdc_utils.swap.aligned import SIDE
from dfdc_utils.swap.colour import evened, matched

_PATCH = 4
"""Pixels that the first and the last layer take or give at a time."""
_WIDTH = 64


def encoder(code: int) -> keras.Model:
    """From a face, (SIDE, SIDE, 3) between 0 and 1, to `code` numbers: all that a decoder learns of it."""
    face = layers.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(_WIDTH, _PATCH, strides=_PATCH)(layers.Rescaling(4.0, -2.0)(face))
    for _ in range(2):
        x = layers.LeakyReLU(0.1)(x)
        x = layers.Conv2D(_WIDTH, 3, strides=2, padding="same")(x)
    return keras.Model(face, layers.Dense(code)(layers.Flatten()(layers.LeakyReLU(0.1)(x))))


def decoder(code: int) -> keras.Model:
    """From `code` numbers to a face: the way back."""
    numbers, side = layers.Input((code,)), SIDE // _PATCH // 2
    x = layers.LeakyReLU(0.1)(layers.Dense(side * side * _WIDTH // 2)(numbers))
    x = layers.Conv2D(4 * _WIDTH // 2, 3, padding="same")(layers.Reshape((side, side, _WIDTH // 2))(x))
    x = layers.LeakyReLU(0.1)(ops.depth_to_space(x, 2))
    x = layers.Conv2D(3 * _PATCH * _PATCH, 3, padding="same")(x)
    return keras.Model(numbers, layers.Activation("sigmoid")(ops.depth_to_space(x, _PATCH)))


class Swapper:
    """Two people's faces in one network.

    Args:
        code: numbers between encoder and decoder, the bottleneck.
        shared: whether one encoder serves both people, as it must for a swap; False shows why.
        seed: of the first weights.
    """

    def __init__(self, code: int = 64, *, shared: bool = True, seed: int):
        keras.utils.set_random_seed(seed)
        first = encoder(code)
        self.encoders = first, first if shared else encoder(code)
        self.decoders = decoder(code), decoder(code)
        faces = [layers.Input((SIDE, SIDE, 3)) for _ in range(2)]
        parts = zip(faces, self.encoders, self.decoders, strict=True)
        rebuilt = [decode(encode(face)) for face, encode, decode in parts]
        self.model = keras.Model(faces, rebuilt)

    def encode(self, person: int, faces: np.ndarray) -> np.ndarray:
        """The codes (n, code) of aligned faces, RGB uint8, by the encoder of `person` (0 or 1)."""
        return _in_batches(self.encoders[person], evened(faces).astype(np.float32) / 255)

    def decode(self, person: int, codes: np.ndarray) -> np.ndarray:
        """The faces that the decoder of `person` makes of codes, RGB uint8, their colours evened."""
        return (255 * _in_batches(self.decoders[person], codes)).round().astype(np.uint8)

    def rebuild(self, person: int, faces: np.ndarray) -> np.ndarray:
        """Faces of `person`, through the bottleneck and back, in their own colours."""
        return matched(self.decode(person, self.encode(person, faces)), faces)

    def swap(self, person: int, faces: np.ndarray) -> np.ndarray:
        """Faces of `person`, decoded as the other one's: the other face, with this one's expression and colours."""
        return matched(self.decode(1 - person, self.encode(person, faces)), faces)


def _in_batches(network: keras.Model, values: np.ndarray, size: int = 64) -> np.ndarray:
    parts = np.array_split(values, max(1, math.ceil(len(values) / size)))
    return np.concatenate([np.asarray(network.predict_on_batch(part)) for part in parts])
