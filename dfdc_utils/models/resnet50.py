"""ResNet50 (He et al., CVPR 2016) without its top: what the sequence models see in every face."""

from dfdc_utils.backend import keras, layers
from dfdc_utils.models import backbones
from dfdc_utils.profiles import Profile

PUBLISHED = backbones.Published("ResNet50", "resnet", "4d473c1dd8becc155b73f8504c6f6626")

_STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
"""Of each stage the channels inside a block, at full width, and how many blocks it has."""


def resnet50(profile: Profile, *, name: str) -> keras.Model:
    """Faces `(n, side, side, 3)` to features `(n, 2048)`; of another `profile.backbone_width`, so many times as many.

    Raises WeightsUnavailable as `backbones.start` does.
    """
    faces, x = backbones.preprocessed_input(profile, backbones.subtract_mean)
    x = backbones.stem(x, _channels(64, profile), bias=True)
    for stage, (channels, blocks) in enumerate(_STAGES, start=2):
        for block in range(1, blocks + 1):
            # The stem has halved the side twice already.
            stride = 2 if block == 1 and stage > 2 else 1
            x = _bottleneck(x, _channels(channels, profile), stride, f"conv{stage}_block{block}_")
    network = keras.Model(faces, layers.GlobalAveragePooling2D(name="avg_pool")(x), name=name)
    backbones.start(network, PUBLISHED, profile)
    return network


def _channels(number: int, profile: Profile) -> int:
    """In eights, as processors compute them."""
    return max(1, round(number * profile.backbone_width / 8)) * 8


def _bottleneck(x, channels: int, stride: int, prefix: str):
    """Few channels, a convolution of 3×3, four times as many channels; and a way around all three."""
    shortcut = x
    if x.shape[-1] != 4 * channels or stride > 1:
        shortcut = layers.Conv2D(4 * channels, 1, strides=stride, name=f"{prefix}0_conv")(x)
        shortcut = backbones.normalised(shortcut, f"{prefix}0_")
    x = layers.Conv2D(channels, 1, strides=stride, name=f"{prefix}1_conv")(x)
    x = backbones.normalised_relu(x, f"{prefix}1_")
    x = layers.Conv2D(channels, 3, padding="same", name=f"{prefix}2_conv")(x)
    x = backbones.normalised_relu(x, f"{prefix}2_")
    x = layers.Conv2D(4 * channels, 1, name=f"{prefix}3_conv")(x)
    x = backbones.normalised(x, f"{prefix}3_")
    x = layers.Add(name=f"{prefix}add")([shortcut, x])
    return layers.Activation("relu", name=f"{prefix}out")(x)
