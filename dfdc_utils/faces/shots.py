"""Where the picture cuts: frames of one shot show one place, and a face may be followed through them only."""

from collections.abc import Sequence

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

_FURTHER = 0.25
"""Distance of the colours of two frames, 0 to 1, from which on there may be a cut between them. Frames of one drawn
clip, half a second apart, are at most 0.06 from each other; those of different clips 0.47 on average."""
_SUDDEN = 3.0
"""A cut is also so many times as far as neighbouring frames usually are: a camera that pans changes all the time."""
_BINS, _SMOOTH = 32, 1.7
"""Of each colour, and over how many of them what is counted is spread: noise moves nothing from one to the next."""
_MEAN, _GAIN = 100.0, (0.5, 2.0)
"""Frames are made equally bright, within bounds, since light that goes on or an eye that adjusts is no cut."""
_SIZE = (96, 54)


def shots(images: Sequence[np.ndarray]) -> list[int]:
    """The number of the shot, from 0, that each of some frames of a video (RGB uint8, in order) belongs to."""
    colours = [_colours(image) for image in images]
    gaps = [
        cv2.compareHist(before, after, cv2.HISTCMP_BHATTACHARYYA)
        for before, after in zip(colours, colours[1:], strict=False)
    ]
    if not gaps:
        return [0] * len(images)
    # Between most frames there is no cut, unless there are very few of them.
    usual = float(np.median(gaps)) if len(gaps) > 3 else 0.0
    cuts = np.array(gaps) > max(_FURTHER, min(_SUDDEN * usual, 2 * _FURTHER))
    return [0, *np.cumsum(cuts).tolist()]


def _colours(image: np.ndarray) -> np.ndarray:
    """How often each colour occurs, as shares."""
    # Not by hue: what is nearly black or grey has any, and the noise of the encoding would make a cut in the dark.
    small = cv2.resize(image, _SIZE, interpolation=cv2.INTER_AREA)
    small = cv2.convertScaleAbs(small, alpha=float(np.clip(_MEAN / max(small.mean(), 1.0), *_GAIN)))
    counts = cv2.calcHist([small], [0, 1, 2], None, [_BINS] * 3, [0, 256] * 3)
    return gaussian_filter(counts / counts.sum(), _SMOOTH, mode="nearest")
