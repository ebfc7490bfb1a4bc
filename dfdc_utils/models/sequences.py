"""What all sequence models share: which faces of a track they see, how a short track is padded, and the network
around the part that differs.

A sequence model has two named parts, so that training can run the first one once and for all:

    backbone   (n, side, side, 3) faces     -> (n, d) features            frozen ResNet50, d = 2048 at full width
    head       (n, frames, d) features      -> (n, 1) P(fake)             trained

Padding is a frame that is `PADDING` throughout, faces and features alike. Both parts therefore know by themselves
which frames to leave out, and neither needs a second input. No face is taken for padding: a pixel is never below
0, not even in a black frame. Unlike NaN, the number goes through a backbone without spoiling gradients, and every
backend and precision holds it exactly.
"""

from collections.abc import Callable

import numpy as np

from dfdc_utils.backend import keras, ops
from dfdc_utils.models.resnet50 import resnet50
from dfdc_utils.profiles import Profile

PADDING = -1
"""Every value of a frame that is not there; as a position among faces, that there is none."""


def spread(counts: np.ndarray, wanted: int, within: float | np.ndarray = 0.5) -> np.ndarray:
    """Which faces of tracks with `counts` faces (at least 1 each) are seen: (*counts.shape, wanted), in order.

    A track is cut into `wanted` equal stretches, and one face of each is taken: at the fraction `within` of the
    stretch, 0 to below 1. Of a track with fewer faces all are taken, once, and the rest is `PADDING`.
    """
    stretch = np.maximum(counts / wanted, 1)[..., None]
    number = np.arange(wanted)
    places = ((number + within) * stretch).astype(np.int64)
    return np.where(number < np.minimum(counts, wanted)[..., None], places, PADDING)


def padded(frames: np.ndarray, places: np.ndarray) -> np.ndarray:
    """`frames` where `places` (n, frames) names a face, in the same order, and `PADDING` elsewhere: float32."""
    result = np.full((*places.shape, *frames.shape[1:]), PADDING, np.float32)
    result[places != PADDING] = frames
    return result


def are_faces(inputs: np.ndarray) -> np.ndarray:
    """What of a model's inputs is a face and not padding: bool (n,) for faces, (n, frames) for sequences."""
    return np.all(inputs >= 0, axis=(-3, -2, -1))


def is_padding(frames):
    """Inside a network, which frames of faces (n, frames, side, side, 3) or features (n, frames, d) are padding."""
    return ops.all(ops.equal(frames, PADDING), axis=tuple(range(2, len(frames.shape))))


def sequence_model(name: str, profile: Profile, verdict: Callable) -> keras.Model:
    """Up to `profile.sequence_frames` faces of one track, in order and padded, to P(fake).

    Args:
        name: of the model.
        profile: sizes and start of the backbone.
        verdict: from features (n, frames, d), a mask (n, frames) that is true where there is a face, and
            `profile.lstm_units` to P(fake) (n, 1), all but the number symbolic.
    """
    side, frames = profile.face_side, profile.sequence_frames
    backbone = resnet50(profile, name="backbone")
    backbone.trainable = False
    width = backbone.output_shape[-1]
    features = keras.Input((frames, width), name="features")
    p_fake = verdict(features, ops.logical_not(is_padding(features)), profile.lstm_units)
    head = keras.Model(features, p_fake, name="head")

    faces = keras.Input((frames, side, side, 3), name="faces")
    # Frames are folded into the batch; TimeDistributed would repeat the backbone's graph for each of them.
    x = ops.reshape(faces, (-1, side, side, 3))
    # training=False: the batch normalisation of a frozen network keeps its averages.
    x = backbone(x, training=False)
    x = ops.reshape(x, (-1, frames, width))
    x = ops.where(ops.expand_dims(is_padding(faces), -1), PADDING, x)
    model = keras.Model(faces, head(x), name=name)
    model.weights_start = backbone.weights_start
    return model
