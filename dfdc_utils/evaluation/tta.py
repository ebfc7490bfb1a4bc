"""Test-time augmentation: the same face looked at in several ways, the answers averaged (report, evaluation).

The transformations are others than training's (`training.augmentation`: mirrored, turned, scaled, moved, light and
tint of the whole face, blur, noise, JPEG, down-scaling, covered), as the report asks, and they are fixed: the same
face gives the same variants every time.
"""

from collections.abc import Callable

import cv2
import numpy as np

Transformation = Callable[[np.ndarray], np.ndarray]
"""Takes and returns a batch of RGB uint8 faces, (faces, side, side, 3)."""


def each(change: Transformation) -> Transformation:
    """A transformation of one face as one of a batch."""
    return lambda batch: np.stack([change(face) for face in batch]) if len(batch) else batch


def _stretch(wider: float) -> Transformation:
    """The face `wider` times as wide and so much less high; below 1 taller. What leaves the picture is lost."""

    def change(face: np.ndarray) -> np.ndarray:
        middle = (face.shape[0] - 1) / 2
        matrix = np.array([[wider, 0, middle * (1 - wider)], [0, 1 / wider, middle * (1 - 1 / wider)]])
        return cv2.warpAffine(face, matrix, face.shape[:2], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)

    return each(change)


def _saturate(amount: float) -> Transformation:
    """Colours `amount` times as far from the grey that is as light; 0 is a grey face."""

    def change(face: np.ndarray) -> np.ndarray:
        grey = cv2.cvtColor(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
        return cv2.addWeighted(face, amount, grey, 1 - amount, 0)

    return each(change)


def _unsharp(amount: float, sigma: float) -> Transformation:
    """The face plus `amount` of what a blur takes away, of standard deviation `sigma`, in pixels."""

    def change(face: np.ndarray) -> np.ndarray:
        return cv2.addWeighted(face, 1 + amount, cv2.GaussianBlur(face, (0, 0), sigma), -amount, 0)

    return each(change)


def _light_from_left(amount: float) -> Transformation:
    """The left edge lighter by the share `amount`, the right one darker, evenly in between; below 0 from the right."""

    def change(face: np.ndarray) -> np.ndarray:
        light = np.linspace(1 + amount, 1 - amount, face.shape[1])[:, None]
        return (face * light).round().clip(0, 255).astype(np.uint8)

    return each(change)


# In the order in which they are taken: the first four already cover geometry, colour, sharpness and light.
_TRANSFORMATIONS: dict[str, Transformation] = {
    "wider": _stretch(1.05),
    "pale": _saturate(0.7),
    "sharp": _unsharp(0.5, 1.0),
    "lit_left": _light_from_left(0.15),
    "taller": _stretch(1 / 1.05),
    "vivid": _saturate(1.3),
    "clear": _unsharp(0.3, 6.0),
    "lit_right": _light_from_left(-0.15),
}


def variants(count: int) -> dict[str, Transformation]:
    """The first `count` test-time augmentations by name; none for 0.

    Each takes a batch of RGB uint8 faces (faces, side, side, 3) and returns a new one of the same shape.
    Raises ValueError where `count` is negative or more than there are.
    """
    if not 0 <= count <= len(_TRANSFORMATIONS):
        raise ValueError(f"There are 0 to {len(_TRANSFORMATIONS)} test-time augmentations, not {count}.")
    return dict(list(_TRANSFORMATIONS.items())[:count])
