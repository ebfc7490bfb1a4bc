"""DenseNet121 (Huang et al., CVPR 2017): ImageNet backbone, global average pooling, dense sigmoid.

Trained whole, as in the report: only its ResNet50 is frozen.
"""

from dfdc_utils.backend import keras, layers
from dfdc_utils.models import backbones
from dfdc_utils.profiles import Profile

PUBLISHED = backbones.Published("DenseNet121", "densenet", "30ee3e1110167f948a6b9946edeeb738")

_BLOCKS = (6, 12, 24, 16)
"""Layers of each dense block."""


def densenet121(profile: Profile) -> keras.Model:
    """One flat graph: pre-processing, 121 layers, the average of each of the last channels, one sigmoid unit.

    Each layer of a dense block adds 32 channels to those before it, times `profile.backbone_width`; 1,024 are left.
    Raises WeightsUnavailable as `backbones.start` does.
    """
    faces, x = backbones.preprocessed_input(profile, backbones.standardise)
    growth = max(4, round(32 * profile.backbone_width))
    x = backbones.stem(x, 2 * growth, bias=False)
    for block, count in enumerate(_BLOCKS, start=2):
        if block > 2:
            x = _transition(x, f"pool{block - 1}_")
        for layer in range(1, count + 1):
            x = _dense_layer(x, growth, f"conv{block}_block{layer}_")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(backbones.normalised_relu(x, ""))
    backbone = keras.Model(faces, x)
    backbones.start(backbone, PUBLISHED, profile)

    p_fake = layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
    model = keras.Model(faces, p_fake, name="densenet121")
    model.weights_start = backbone.weights_start
    return model


def _dense_layer(x, growth: int, prefix: str):
    """`x`, and what two convolutions see in it."""
    new = backbones.normalised_relu(x, f"{prefix}0_")
    new = layers.Conv2D(4 * growth, 1, use_bias=False, name=f"{prefix}1_conv")(new)
    new = backbones.normalised_relu(new, f"{prefix}1_")
    new = layers.Conv2D(growth, 3, padding="same", use_bias=False, name=f"{prefix}2_conv")(new)
    return layers.Concatenate(name=f"{prefix}concat")([x, new])


def _transition(x, prefix: str):
    """Half of the channels, and half of the side."""
    x = backbones.normalised_relu(x, prefix)
    x = layers.Conv2D(x.shape[-1] // 2, 1, use_bias=False, name=f"{prefix}conv")(x)
    return layers.AveragePooling2D(2, name=f"{prefix}pool")(x)
