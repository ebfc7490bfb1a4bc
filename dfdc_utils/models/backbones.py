"""What ResNet50 and DenseNet121 share: pre-processing, stem, normalisation, and the weights that they start from.

Both are built here layer by layer, as in their papers and in Keras, so that they can have fewer channels: a network
of full width takes ImageNet's weights as Keras publishes them, any other starts at random.
"""

import types
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from dfdc_utils.backend import keras, layers, ops
from dfdc_utils.models.download import WeightsUnavailable, cache, fetch
from dfdc_utils.profiles import Profile

_HOST = "https://storage.googleapis.com/tensorflow/keras-applications/"

# Mean and standard deviation of ImageNet's pixels, RGB, of values 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Published:
    """Where Keras publishes a network's ImageNet weights, and the MD5 sum of the file."""

    network: str
    folder: str
    md5: str

    @property
    def file(self) -> str:
        return f"{self.network.lower()}_weights_tf_dim_ordering_tf_kernels_notop.h5"


def standardise(faces):
    """RGB 0 to 255 to zero mean and unit deviation over ImageNet (the report's reading A)."""
    return layers.Rescaling(
        scale=[1 / (255 * deviation) for deviation in STANDARD_DEVIATION],
        offset=[-mean / deviation for mean, deviation in zip(MEAN, STANDARD_DEVIATION, strict=True)],
        name="standardise",
    )(faces)


def subtract_mean(faces):
    """RGB 0 to 255 to BGR with ImageNet's mean colour taken off: what Keras's ResNet50 was trained on."""
    bgr = ops.flip(faces, axis=-1)
    return layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="subtract_mean")(bgr)


def stretch_to_range(faces):
    """Each face from its least to its greatest value, over all three colours, to 0 to 1 (the report's reading B)."""
    axes = (1, 2, 3)
    least, greatest = (extreme(faces, axis=axes, keepdims=True) for extreme in (ops.min, ops.max))
    # A face of one value, such as padding, is 0 throughout.
    return (faces - least) / ops.clip(greatest - least, 1.0, 255.0)


NORMALISATIONS = types.MappingProxyType({"imagenet": standardise, "min_max": stretch_to_range})
"""By their names in `Profile.normalisation`, beside "own"."""


def preprocessed_input(profile: Profile, own: Callable):
    """The input of a backbone, faces `(n, side, side, 3)`, and what its first layer is shown of them.

    `own` is what the network's published weights expect: weights other than random get nothing else.
    """
    faces = keras.Input((profile.face_side, profile.face_side, 3), name="faces")
    normalise = NORMALISATIONS.get(profile.normalisation, own) if profile.weights == "random" else own
    return faces, normalise(faces)


def stem(x, channels: int, *, bias: bool):
    """The first layers: a quarter of the side is left after a convolution of 7×7 and a maximum over 3×3."""
    x = layers.ZeroPadding2D(3, name="conv1_pad")(x)
    x = layers.Conv2D(channels, 7, strides=2, use_bias=bias, name="conv1_conv")(x)
    x = normalised_relu(x, "conv1_")
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    return layers.MaxPooling2D(3, strides=2, name="pool1_pool")(x)


def normalised(x, prefix: str):
    """Batch normalisation, with the epsilon of the published weights."""
    return layers.BatchNormalization(epsilon=1.001e-5, name=f"{prefix}bn")(x)


def normalised_relu(x, prefix: str):
    """Batch normalisation and ReLU."""
    return layers.Activation("relu", name=f"{prefix}relu")(normalised(x, prefix))


def start(network: keras.Model, published: Published, profile: Profile) -> None:
    """Gives a network without its top the weights that `profile.weights` asks for; `weights_start` says which it got.

    Raises WeightsUnavailable where these are ImageNet's alone and they can be neither found nor downloaded.
    """
    try:
        weights = None if profile.weights == "random" else _imagenet(published, profile.backbone_width)
    except WeightsUnavailable as error:
        if profile.weights == "imagenet":
            raise
        _say_loudly(published.network, error)
        weights = None
    if weights:
        network.load_weights(weights)
    else:
        _start_at_random(network)
    network.weights_start = "imagenet" if weights else "random"


def _imagenet(published: Published, width: float):
    if width != 1:
        raise WeightsUnavailable(f"There are none for a network of {width:g} times the channels.")
    url = f"{_HOST}{published.folder}/{published.file}"
    return fetch(url, cache() / published.file, checksum=f"md5:{published.md5}")


def _start_at_random(network: keras.Model) -> None:
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            # Keras's 0.99 follows over thousands of batches, made for ImageNet. The averages of an untrained
            # network change fast, and a small study has a hundred batches until they are used.
            layer.momentum = 0.9
            if layer.name.endswith("_3_bn"):
                # The last of a residual block of ResNet50: with a scale of zero the block begins as the identity,
                # and the network learns from the first batch on (Goyal et al., 2017, section 5.1).
                layer.gamma.assign(ops.zeros(layer.gamma.shape))


def _say_loudly(name: str, error: WeightsUnavailable) -> None:
    """On the notebook's page as well as among the warnings: the results depend on it."""
    print(f"NO IMAGENET WEIGHTS: {name} starts at random. Expect less of it than of the report's.\n{error}")
    warnings.warn(f"{name} starts at random, without ImageNet weights", stacklevel=2)
