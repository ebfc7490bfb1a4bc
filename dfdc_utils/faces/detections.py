"""What a face detector is asked for and what it finds. The detector itself brings TensorFlow with it."""

from dataclasses import dataclass

import numpy as np


class DetectionFailed(Exception):
    """The detector's networks broke down over the frames of a video, for want of memory for example."""


@dataclass(frozen=True, kw_only=True)
class Detection:
    """One face in one frame, in pixels of that frame."""

    box: tuple[float, float, float, float]
    """(x0, y0, x1, y1); near the edge of a frame it may reach over it."""
    confidence: float
    """Between 0 and 1."""
    landmarks: np.ndarray
    """(5, 2), x and y of left eye, right eye, nose, mouth left, mouth right, as seen in the image."""


@dataclass(frozen=True, kw_only=True)
class DetectionPass:
    """How the detector goes over frames."""

    name: str = "first"
    brighter: bool = False
    """Whether dark frames are brightened."""
    scale: float = 1.0
    """How many times the detector's width."""
    easier: float = 0.0
    """By how much the three confidences that a face needs are lowered."""
