"""What the settings of a profile that are words may say."""

import typing
from typing import Literal, get_args

Source = Literal["synthetic", "dfdc", "crops"]
Split = Literal["part", "original", "random"]
Balance = Literal["natural", "balanced"]
Boxes = Literal["own", "original"]
Weights = Literal["imagenet", "auto", "random"]
Normalisation = Literal["own", "imagenet", "min_max"]
Loss = Literal["binary_crossentropy", "squared_error"]
Schedule = Literal["constant", "cosine", "steps"]
Draw = Literal["pairs", "self_blended", "balanced", "natural"]
Precision = Literal["auto", "float32", "mixed_float16", "mixed_bfloat16"]
Compiler = Literal["none", "xla"]
Size = Literal["small", "large"]


def check_choices(settings) -> None:
    """Raises ValueError for a field of a dataclass whose type names the choices there are, where it has another."""
    for key, kind in typing.get_type_hints(type(settings)).items():
        allowed = get_args(kind)
        if allowed and getattr(settings, key) not in allowed:
            raise ValueError(f"Setting '{key}' is one of {', '.join(allowed)}, not {getattr(settings, key)!r}.")
