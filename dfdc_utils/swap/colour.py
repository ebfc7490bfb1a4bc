"""The colours of aligned faces: evened before a network sees them, and given back afterwards."""

import functools

import cv2
import numpy as np

from dfdc_utils.swap.aligned import SIDE

_MIDDLE, _RADII, _FEATHER = (0.5, 0.51), (0.38, 0.40), 0.05
"""Of the oval that is put back, and how soft its edge is, as shares of SIDE."""
_EVEN = 128.0, 40.0
"""Mean and spread of each colour of an evened face."""
_GAIN = 0.3, 4.0
"""Contrasts are changed within these bounds."""


@functools.cache
def oval() -> np.ndarray:
    """How much of each pixel of an aligned face is put back, float32 (SIDE, SIDE) from 0 to 1."""
    mask: np.ndarray = np.zeros((SIDE, SIDE), np.float32)
    middle, radii = ([round(SIDE * share) for share in pair] for pair in (_MIDDLE, _RADII))
    cv2.ellipse(mask, middle, radii, 0, 0, 360, 1.0, cv2.FILLED)
    return cv2.GaussianBlur(mask, (0, 0), _FEATHER * SIDE)


def evened(faces: np.ndarray) -> np.ndarray:
    """Faces, RGB uint8 (n, SIDE, SIDE, 3), whose colours all have the same mean and spread inside the oval.

    Then an encoder need not describe light and skin, and the faces of two people look more alike to it.
    """
    mean, spread = _statistics(faces)
    return _shifted(faces, mean, spread, *(np.full_like(mean, value) for value in _EVEN))


def matched(faces: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """`faces` with the mean and the spread that each colour of `targets` has inside the oval. All as in `evened`.

    After Reinhard et al., "Color transfer between images" (IEEE Computer Graphics and Applications, 2001), in RGB.
    """
    return _shifted(faces, *_statistics(faces), *_statistics(targets))


def detail_kept(rebuilt: np.ndarray, faces: np.ndarray) -> float:
    """How much of the fine detail of `faces` inside the oval is in `rebuilt`: 1 for all of it, 0 for none.

    Detail is the Laplacian of grey levels, a little smoothed. Of what is rebuilt only that counts which is in the face
    too: the share is the slope of the best line from one to the other. Grain that a network adds is no detail.
    """
    wanted, found = (np.stack([_laplacian(face) for face in each]) for each in (faces, rebuilt))
    return float((wanted * found * oval()).sum() / (wanted**2 * oval()).sum())


def _laplacian(face: np.ndarray) -> np.ndarray:
    grey = cv2.cvtColor(face, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return cv2.Laplacian(cv2.GaussianBlur(grey, (0, 0), 1.0), cv2.CV_32F)


def _statistics(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of each colour of each face inside the oval, both (n, 1, 1, 3)."""
    weights = (oval() / oval().sum())[..., None]
    mean = (weights * faces).sum((1, 2), keepdims=True)
    return mean, np.sqrt((weights * (faces - mean) ** 2).sum((1, 2), keepdims=True))


def _shifted(faces, mean, spread, wanted_mean, wanted_spread) -> np.ndarray:
    gain = np.clip(wanted_spread / np.maximum(spread, 1.0), *_GAIN)
    return np.clip((faces - mean) * gain + wanted_mean + 0.5, 0, 255).astype(np.uint8)
