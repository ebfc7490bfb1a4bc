"""The architectures of the study, by name (report, section on models).

Every model takes RGB faces with values 0 to 255 and answers P(fake); pre-processing is part of the model.
A frame model takes `(n, side, side, 3)`, a sequence model `(n, frames, side, side, 3)`; both give `(n, 1)`.
Shorter sequences are padded (`sequences.padded`), which changes nothing about the answer.
All are made of Keras 3 layers and operations, so a saved model loads under any backend, in safe mode.

Keras is imported by `build` and `load`, not before: a command line can list the models at once.
"""

import importlib
import math
from pathlib import Path
from typing import TYPE_CHECKING

from dfdc_utils.models.download import WeightsUnavailable
from dfdc_utils.profiles import Profile

if TYPE_CHECKING:
    from dfdc_utils.backend import keras

__all__ = [
    "FRAME_MODELS", "SEQUENCE_MODELS", "WeightsUnavailable", "build", "load", "names", "title", "trainable_count",
]

FRAME_MODELS = ("custom_cnn", "meso4", "mesoinception4", "densenet121")
SEQUENCE_MODELS = ("resnet50_lstm", "resnet50_deep_lstm", "resnet50_afw")

# Name: (title, file of this folder).
_ARCHITECTURES = {
    "custom_cnn": ("Custom CNN", "custom_cnn"),
    "meso4": ("Meso4", "mesonet"),
    "mesoinception4": ("MesoInception4", "mesonet"),
    "densenet121": ("DenseNet121", "densenet121"),
    "resnet50_lstm": ("ResNet50 + LSTM", "resnet50_lstm"),
    "resnet50_deep_lstm": ("ResNet50 + deep LSTM", "resnet50_deep_lstm"),
    "resnet50_afw": ("ResNet50 + AFW", "resnet50_afw"),
}


def names() -> list[str]:
    """The models there are: those that look at single frames first."""
    return list(_ARCHITECTURES)


def title(name: str) -> str:
    """What people call the model `name`. Raises ValueError for a name that no model has."""
    return _architecture(name)[0]


def build(name: str, profile: Profile) -> "keras.Model":
    """The model `name` at the sizes of `profile`, not compiled.

    `model.weights_start` says where its weights come from: "imagenet" or "random" for the models with an
    ImageNet backbone, "none" for those that have no such thing and always start at random.

    Raises:
        ValueError: there is no model `name`.
        WeightsUnavailable: `profile.weights` is "imagenet" and the weights can be neither found nor downloaded.
    """
    module = importlib.import_module(f"{__name__}.{_architecture(name)[1]}")
    return getattr(module, name)(profile)


def trainable_count(model: "keras.Model") -> int:
    """How many of the model's parameters training changes."""
    return sum(math.prod(weights.shape) for weights in model.trainable_weights)


def load(path: Path | str) -> "keras.Model":
    """A model saved by `training.fit.train`. Raises FileNotFoundError where there is none.

    What was trained in half precision on a GPU computes in single precision where there is no GPU.
    """
    from dfdc_utils.backend import gpus, keras

    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no model at {path}: train it first (notebooks 03 to 06).")
    model = keras.models.load_model(path, safe_mode=True)
    if not gpus():
        _compute_in("float32", model)
    return model


def _compute_in(policy: str, layer: "keras.Layer") -> None:
    layer.dtype_policy = policy
    # What is inside a Bidirectional and inside an LSTM has policies of its own.
    recurrent = (getattr(layer, name, None) for name in ("forward_layer", "backward_layer", "cell"))
    for inner in (*getattr(layer, "layers", ()), *filter(None, recurrent)):
        _compute_in(policy, inner)


def _architecture(name: str) -> tuple[str, str]:
    if name not in _ARCHITECTURES:
        raise ValueError(f"There is no model '{name}'. Models: {', '.join(_ARCHITECTURES)}.")
    return _ARCHITECTURES[name]
