"""The architectures of the study, by name (report, section on models).

Every model takes RGB faces with values 0 to 255 and answers P(fake); pre-processing is part of the model.
A frame model takes `(n, side, side, 3)`, a sequence model `(n, frames, side, side, 3)`; both give `(n, 1)`.
Shorter sequences are padded (`sequences.padded`), which changes nothing about the answer.
All are made of Keras 3 layers and operations, so a saved model loads under any backend, in safe mode.

Keras is imported by `build` and `load`, not before: a command line can list the models at once.
"""

import importlib
import math
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from dfdc_utils.models.download import WeightsUnavailable
from dfdc_utils.profiles import Profile

if TYPE_CHECKING:
    from dfdc_utils.backend import keras

__all__ = [
    "FRAME_MODELS", "SEQUENCE_MODELS", "WeightsUnavailable", "build", "load", "module_of", "names", "title",
    "trainable_count",
]

FRAME_MODELS = ("custom_cnn", "meso4", "mesoinception4", "densenet121")
SEQUENCE_MODELS = ("resnet50_lstm", "resnet50_deep_lstm", "resnet50_afw")
_WITH_BACKBONE = ("densenet121", *SEQUENCE_MODELS)

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


def title(name: str, profile: Profile | None = None) -> str:
    """What people call the model `name`; with the width of its backbone where `profile` has another than its paper.

    "ResNet50 + LSTM", or of an eighth of the channels "ResNet50 (⅛ width) + LSTM". Raises ValueError for a name that
    no model has.
    """
    title, _ = _architecture(name)
    if profile is None or profile.backbone_width == 1 or name not in _WITH_BACKBONE:
        return title
    width = next((sign for sign in "⅛¼½" if unicodedata.numeric(sign) == profile.backbone_width), None)
    network, *rest = title.split(maxsplit=1)
    return " ".join([network, f"({width or profile.backbone_width} width)", *rest])


def module_of(name: str) -> str:
    """The module in which model `name` is built. Raises ValueError as `title` does."""
    return f"{__name__}.{_architecture(name)[1]}"


def build(name: str, profile: Profile) -> "keras.Model":
    """The model `name` at the sizes of `profile`, not compiled.

    `model.weights_start` says where its weights come from: "imagenet" or "random" for the models with a
    backbone, "none" for those that have no such thing and always start at random.

    Raises:
        ValueError: there is no model `name`.
        WeightsUnavailable: `profile.weights` is "imagenet" and the weights can be neither found nor downloaded.
    """
    return getattr(importlib.import_module(module_of(name)), name)(profile)


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
