"""The weights that the authors of MesoNet published: a detector one can try without training anything.

Meso4 and MesoInception4, each trained on faces swapped by autoencoders ("DF") and on faces reenacted by
Face2Face ("F2F"), at 256 x 256 (Afchar et al., WIFS 2018; github.com/DariusAf/MesoNet, Apache-2.0).
"""

import re
import types
from pathlib import Path
from typing import TYPE_CHECKING

from dfdc_utils import models, profiles
from dfdc_utils.models.download import cache, fetch
from dfdc_utils.profiles import Profile

if TYPE_CHECKING:
    import numpy as np

    from dfdc_utils.backend import keras

SIDE = 256
FORGERIES = ("DF", "F2F")
"""What the networks were trained on: "DF", swapped faces; "F2F", reenacted ones."""

_ADDRESS = "https://raw.githubusercontent.com/DariusAf/MesoNet/master/weights/"
_FILES = types.MappingProxyType({
    ("meso4", "DF"): (
        "Meso4_DF.h5", "sha256:036ed30d04ffd9c7506f825b97c86aa64915f5818931da96817b169aad790af5"
    ),
    ("meso4", "F2F"): (
        "Meso4_F2F.h5", "sha256:bcfda015d217b9f8d6557693edbdf9f4e79cfd22672541968dd0e2954462b5d7"
    ),
    ("mesoinception4", "DF"): (
        "MesoInception_DF.h5", "sha256:234586d40058e76ef8b6f27ca4b63c06e31c2a5a69c0d8ba6f30b1468ab7bafa"
    ),
    ("mesoinception4", "F2F"): (
        "MesoInception_F2F.h5", "sha256:d4533ac8a3197dc35c47405d23d99e888c1d0135e267e03540c7451feaccff3f"
    ),
})

# The layers with weights in the order in which the authors' code creates them, by Keras's name of their kind.
_BRANCHES = ("a", "b1", "b2", "c1", "c2", "d1", "d2")
_CONVOLUTIONS = {
    "meso4": [f"conv{number}" for number in (1, 2, 3, 4)],
    "mesoinception4": [f"inception{number}_{branch}" for number in (1, 2) for branch in _BRANCHES]
    + ["conv3", "conv4"],
}
_NORMS = [f"norm{number}" for number in (1, 2, 3, 4)]
_DENSE = ["dense", "p_fake"]
_WEIGHTS = {
    "conv2d": ("kernel", "bias"),
    "batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance"),
    "dense": ("kernel", "bias"),
}


def load_published(name: str, forgery: str, *, path: str | Path | None = None) -> "keras.Model":
    """`meso4` or `mesoinception4` with the authors' weights.

    Args:
        name: of the model.
        forgery: one of `FORGERIES`.
        path: of a file with these weights; by default they are downloaded once, and checked.

    Returns:
        A frame model as `models.build` makes it: RGB faces (n, 256, 256, 3), 0 to 255, to P(fake). The
        authors' networks answer P(real); the sign of the last layer is turned.

    Raises:
        ValueError: there are no such weights, or `path` holds those of another network.
        WeightsUnavailable: they can be neither found nor downloaded.
        FileNotFoundError: there is no file at `path`.
    """
    if (name, forgery) not in _FILES:
        known = ", ".join(f"{model} {kind}" for model, kind in _FILES)
        raise ValueError(f"There are no published weights of '{name}' for '{forgery}'. Published: {known}.")
    file, checksum = _FILES[name, forgery]
    if path is None:
        path = fetch(_ADDRESS + file, cache() / file, checksum=checksum)
    model = models.build(name, published_profile())
    layers, weights = _layers(model, name), _read(Path(path))
    shapes = [[tuple(array.shape) for array in layer.weights] for layer in layers]
    if shapes != [[array.shape for array in values] for values in weights]:
        raise ValueError(f"{path} holds the weights of another network than {models.title(name)}.")
    for layer, values in zip(layers, weights, strict=True):
        layer.set_weights(values)
    last = model.get_layer("p_fake")
    last.set_weights([-values for values in last.get_weights()])
    return model


def published_profile(profile: Profile | None = None) -> Profile:
    """`profile` with faces of the size that these networks take."""
    return (profile or profiles.get("full")).replace(face_side=SIDE)


def _layers(model: "keras.Model", name: str) -> list:
    """The layers of `model` that have weights: by kind, and each kind in the order of creation."""
    return [model.get_layer(layer) for layer in (*_CONVOLUTIONS[name], *_NORMS, *_DENSE)]


def _read(path: Path) -> "list[list[np.ndarray]]":
    """The weights of each layer in a legacy Keras file, in the order of `_layers`.

    Such a file lists its layers by their depth in the network, in which branches of equal shape stand in any
    order. What tells them apart are the numbers in their names, which count up as layers are created.
    """
    import h5py

    if not path.is_file():
        raise FileNotFoundError(f"There is no file at {path}.")
    found = []
    try:
        with h5py.File(path) as file:
            for kind, names in _WEIGHTS.items():
                numbers = {
                    int(match[1] or 0): group for group in file if (match := re.fullmatch(rf"{kind}(?:_(\d+))?", group))
                }
                for _, group in sorted(numbers.items()):
                    found.append([file[f"{group}/{group}/{name}:0"][()] for name in names])
    except (OSError, KeyError) as error:
        raise ValueError(f"{path} is not a file of weights as Keras 2 wrote them: {error}.") from error
    return found

