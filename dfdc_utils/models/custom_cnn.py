"""The study's own CNN (the report's "custom model"): small, and trained from scratch.

The traces of a forgery are pixels wide, so the first convolution looks at the face at full resolution. Shortcuts
and batch normalisation let it learn within minutes; the mean and the maximum of each channel over the face tell
how much of a trace there is, and whether there is any at all.
"""

import types

from dfdc_utils.backend import keras, layers
from dfdc_utils.models import backbones
from dfdc_utils.profiles import Profile

# Channels, side of the kernel and stride of the first convolution; then the channels of the residual blocks. With a
# stride of 2 a face of 160 pixels costs less than one of 112 without.
_SIZES = types.MappingProxyType({
    "small": ((16, 3, 1), (32, 64, 96, 128)),
    "large": ((32, 5, 2), (32, 64, 128, 192)),
})


def custom_cnn(profile: Profile) -> keras.Model:
    """A convolution, four residual blocks with a pooling between them, mean and maximum, one sigmoid unit.

    By `profile.cnn_size`: "small" has 489,713 parameters, "large" 889,953, whatever the size of the faces.
    """
    (first, kernel, stride), channels = _SIZES[profile.cnn_size]
    faces = keras.Input((profile.face_side, profile.face_side, 3), name="faces")
    x = backbones.NORMALISATIONS.get(profile.normalisation, backbones.standardise)(faces)
    x = _convolution(x, first, "stem", kernel=kernel, stride=stride)
    x = layers.MaxPooling2D(name="pool0")(x)
    for number, filters in enumerate(channels, start=1):
        x = _residual(x, filters, f"block{number}")
        if number < len(channels):
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.Concatenate(name="average_and_maximum")(
        [layers.GlobalAveragePooling2D(name="average")(x), layers.GlobalMaxPooling2D(name="maximum")(x)]
    )
    x = layers.Dropout(0.3, name="dropout")(x)
    p_fake = layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
    model = keras.Model(faces, p_fake, name="custom_cnn")
    model.weights_start = "none"
    return model


def _convolution(x, filters: int, name: str, *, kernel: int = 3, stride: int = 1, active: bool = True):
    x = layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_relu")(x) if active else x


def _residual(x, filters: int, name: str):
    """Two convolutions beside a shortcut."""
    shortcut = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_shortcut")(x)
    x = _convolution(x, filters, f"{name}a")
    x = _convolution(x, filters, f"{name}b", active=False)
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.LeakyReLU(negative_slope=0.1, name=f"{name}_relu")(x)
