"""Test-time augmentation: the same face looked at in several ways, the answers averaged (report, evaluation).

The transformations are other ones than training's (flips, JPEG, affine, light and colour, blur, noise), as
the report asks, and they are fixed: the same face gives the same variants every time.
"""

from collections.abc import Callable

import cv2
import numpy as np

Transformation = Callable[[np.ndarray], np.ndarray]
"""Takes and returns a batch of RGB uint8 faces, (faces, side, side, 3)."""


def each(change: Transformation) -> Transformation:
    """A transformation of one face as one of a batch."""
    return lambda batch: np.stack([change(face) for face in batch]) if len(batch) else batch


def _zoom(fraction: float) -> Transformation:
    """The middle of the face, with `fraction` of the side cut from every edge, back at full size."""

    def change(face: np.ndarray) -> np.ndarray:
        side = face.shape[0]
        # At least one pixel, so that the variant differs from the face however small that is.
        edge = max(1, round(fraction * side))
        return cv2.resize(face[edge:-edge, edge:-edge], (side, side), interpolation=cv2.INTER_CUBIC)

    return each(change)


def _shift(right: float, down: float) -> Transformation:
    """The face moved by fractions of its side; the border that comes into view is replicated."""

    def change(face: np.ndarray) -> np.ndarray:
        side = face.shape[0]
        move = np.array([[1, 0, round(right * side)], [0, 1, round(down * side)]], dtype=np.float64)
        return cv2.warpAffine(face, move, (side, side), borderMode=cv2.BORDER_REPLICATE)

    return each(change)


def _gamma(exponent: float) -> Transformation:
    """Mid-tones lighter (below 1) or darker (above 1); black and white stay."""
    curve = np.round(255.0 * (np.arange(256) / 255.0) ** exponent).astype(np.uint8)
    return lambda batch: curve[batch]


def rescale(fraction: float) -> Transformation:
    """Shrunk to `fraction` of the side and back: what a smaller upload of the same clip would show."""

    def change(face: np.ndarray) -> np.ndarray:
        side = face.shape[0]
        small = max(1, round(fraction * side))
        shrunk = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_CUBIC)

    return each(change)


def _sharpen(amount: float) -> Transformation:
    """Unsharp mask: the face plus `amount` of what a slight blur takes away."""

    def change(face: np.ndarray) -> np.ndarray:
        return cv2.addWeighted(face, 1 + amount, cv2.GaussianBlur(face, (0, 0), 1.0), -amount, 0)

    return each(change)


# In the order in which they are taken: the first few already cover geometry, light and sharpness.
_TRANSFORMATIONS: dict[str, Transformation] = {
    "zoom": _zoom(0.05),
    "lighter": _gamma(0.85),
    "rescale": rescale(0.75),
    "shift": _shift(0.04, 0.02),
    "darker": _gamma(1.2),
    "sharpen": _sharpen(0.5),
    "shift_back": _shift(-0.04, -0.02),
    "zoom_more": _zoom(0.1),
}


def variants(count: int) -> dict[str, Transformation]:
    """The first `count` test-time augmentations by name; none for 0.

    Each takes a batch of RGB uint8 faces (faces, side, side, 3) and returns a new one of the same shape.
    Raises ValueError where `count` is negative or more than there are.
    """
    if not 0 <= count <= len(_TRANSFORMATIONS):
        raise ValueError(f"There are 0 to {len(_TRANSFORMATIONS)} test-time augmentations, not {count}.")
    return dict(list(_TRANSFORMATIONS.items())[:count])
