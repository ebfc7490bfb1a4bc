"""Models small enough to check by hand, one flat and one that holds its backbone as a layer."""

import keras
import numpy as np
import pytest

SIDE, FRAMES, CHANNELS = 16, 3, 4


@pytest.fixture
def frame_model():
    """Four channels, their mean, one sigmoid unit: the channels' weights are that unit's."""
    keras.utils.set_random_seed(3)
    faces = keras.Input((SIDE, SIDE, 3), name="faces")
    x = keras.layers.Rescaling(1 / 255)(faces)
    x = keras.layers.Conv2D(CHANNELS, 3, name="conv")(x)
    x = keras.layers.LeakyReLU(name="leaky")(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(faces, keras.layers.Dense(1, activation="sigmoid", name="p_fake")(x), name="small")


@pytest.fixture
def sequence_model():
    """The same on each of three frames, averaged over them, in a nested head."""
    keras.utils.set_random_seed(4)
    face = keras.Input((SIDE, SIDE, 3))
    x = keras.layers.Conv2D(
        CHANNELS, 3, activation="relu", name="conv"
    )(keras.layers.Rescaling(1 / 255)(face))
    backbone = keras.Model(face, keras.layers.GlobalAveragePooling2D()(x), name="backbone")
    features = keras.Input((FRAMES, CHANNELS))
    x = keras.layers.GlobalAveragePooling1D()(features)
    head = keras.Model(features, keras.layers.Dense(1, activation="sigmoid", name="p_fake")(x), name="head")
    faces = keras.Input((FRAMES, SIDE, SIDE, 3), name="faces")
    x = backbone(keras.ops.reshape(faces, (-1, SIDE, SIDE, 3)))
    return keras.Model(faces, head(keras.ops.reshape(x, (-1, FRAMES, CHANNELS))), name="sequence")


@pytest.fixture
def faces():
    return np.random.default_rng(0).integers(0, 256, (20, SIDE, SIDE, 3), dtype=np.uint8)


@pytest.fixture
def windows():
    return np.random.default_rng(0).integers(0, 256, (5, FRAMES, SIDE, SIDE, 3), dtype=np.uint8)
