"""ImageNet backbones: pre-processing, the network without its top, and global average pooling, in one model."""

import warnings
from dataclasses import dataclass

from dfdc_utils.backend import keras, layers
from dfdc_utils.models.download import WeightsUnavailable, cache, fetch

_HOST = "https://storage.googleapis.com/tensorflow/keras-applications/"

# Mean and standard deviation of ImageNet's pixels, RGB, of values 0 to 1.
MEAN = (0.485, 0.456, 0.406)
STANDARD_DEVIATION = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class _Weights:
    """Where Keras publishes a network's ImageNet weights, and their MD5 sum."""

    folder: str
    file: str
    md5: str


_RESNET50 = _Weights(
    "resnet", "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5", "4d473c1dd8becc155b73f8504c6f6626"
)
_DENSENET121 = _Weights(
    "densenet", "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5", "30ee3e1110167f948a6b9946edeeb738"
)


def standardise(faces):
    """RGB 0 to 255 to zero mean and unit deviation over ImageNet (the report's reading A)."""
    return layers.Rescaling(
        scale=[1 / (255 * deviation) for deviation in STANDARD_DEVIATION],
        offset=[-mean / deviation for mean, deviation in zip(MEAN, STANDARD_DEVIATION, strict=True)],
        name="standardise",
    )(faces)


def subtract_mean(faces):
    """RGB 0 to 255 to BGR with ImageNet's mean colour taken off: what Keras's ResNet50 was trained on."""
    bgr = keras.ops.flip(faces, axis=-1)
    return layers.Rescaling(1.0, offset=[-103.939, -116.779, -123.68], name="subtract_mean")(bgr)


def resnet50(side: int, weights: str, *, name: str) -> keras.Model:
    """Faces `(n, side, side, 3)` to features `(n, 2048)`; `weights` as in `Profile.weights`."""
    return _backbone(keras.applications.ResNet50, subtract_mean, _RESNET50, side, weights, name)


def densenet121(side: int, weights: str, *, name: str) -> keras.Model:
    """Faces `(n, side, side, 3)` to features `(n, 1024)`; `weights` as in `Profile.weights`."""
    return _backbone(keras.applications.DenseNet121, standardise, _DENSENET121, side, weights, name)


def _backbone(application, preprocessing, published: _Weights, side: int, weights: str, name: str) -> keras.Model:
    faces = keras.Input((side, side, 3), name="faces")
    # Given an input tensor, the application is one flat graph from the faces on: every layer can be reached.
    network = application(
        include_top=False, weights=None, input_tensor=preprocessing(faces), pooling="avg", name=name
    )
    if weights == "random":
        return _started_at_random(network)
    url, path = f"{_HOST}{published.folder}/{published.file}", cache() / published.file
    try:
        file = fetch(url, path, checksum=f"md5:{published.md5}")
    except WeightsUnavailable as error:
        if weights == "imagenet":
            raise
        _say_loudly(application.__name__, error)
        return _started_at_random(network)
    network.load_weights(file)
    network.weights_start = "imagenet"
    return network


def _started_at_random(network: keras.Model) -> keras.Model:
    for layer in network.layers:
        if isinstance(layer, layers.BatchNormalization):
            # Keras's 0.99 follows over thousands of batches, made for ImageNet. The averages of an untrained
            # network change fast, and a small study has a hundred batches until they are used.
            layer.momentum = 0.9
            if layer.name.endswith("_3_bn"):
                # The last of a residual block of ResNet50: with a scale of zero the block begins as the identity,
                # and the network learns from the first batch on (Goyal et al., 2017, section 5.1).
                layer.gamma.assign(keras.ops.zeros(layer.gamma.shape))
    network.weights_start = "random"
    return network


def _say_loudly(name: str, error: WeightsUnavailable) -> None:
    """On the notebook's page as well as among the warnings: the results depend on it."""
    print(f"NO IMAGENET WEIGHTS: {name} starts at random. Expect less of it than of the report's.\n{error}")
    warnings.warn(f"{name} starts at random, without ImageNet weights", stacklevel=2)
