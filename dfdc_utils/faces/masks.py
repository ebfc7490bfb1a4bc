"""Whose face was altered, where a set comes with masks: clips that are white where the fake of that name was altered.

In DeepFakeDetection several people can be in sight, and one of them is the fake (Rössler et al., 2019, and the set's
own page). Without the mask the largest would be taught as FAKE, whoever it is.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dfdc_utils.faces.frames import Frames, sample
from dfdc_utils.faces.tracking import Track
from dfdc_utils.faces.video_file import UnreadableVideo

_WHITE = 64
"""From this brightness on, of 255, a pixel says "altered": encoders leave noise on black."""
_ALTERED = 0.1
"""Share of a face's box that must be altered; in most fakes it is the half or more."""


def altered_first(
    tracks: Sequence[Track], mask: str | Path | None, frames: Frames, *, time_limit: float = math.inf
) -> tuple[list[Track], str | None]:
    """`tracks` with those first whom the mask says were altered, else in the same order.

    Args:
        tracks: of the fake.
        mask: the clip of the mask; it may have another size and number of frames. None where there is none.
        frames: of the fake, evenly spaced.
        time_limit: seconds for reading the mask.

    Returns:
        The tracks, and what people should know: the mask cannot be read, lies on nobody, or not on the largest person.
    """
    if mask is None:
        return list(tracks), None
    count, size = len(frames.images), (frames.info.width, frames.info.height)
    try:
        images = sample(mask, count, time_limit=time_limit).images
    except UnreadableVideo as error:
        return list(tracks), f"its mask cannot be read ({error.cause}), so the largest person counts as the fake"
    white = [image.max(axis=2) >= _WHITE for image in images]
    # Frames of the fake and of the mask lie evenly over the same seconds.
    nearest = np.linspace(0, len(white) - 1, count).round().astype(int)
    shares = [
        np.mean([
            _share(white[nearest[place]], face.box, size)
            for place, face in zip(track.frames, track.detections, strict=True)
        ])
        for track in tracks
    ]
    altered = [share >= _ALTERED for share in shares]
    if tracks and not any(altered):
        return list(tracks), "its mask lies on nobody who was found"
    # Stable, so that of several who were altered the largest stays first.
    order = sorted(range(len(tracks)), key=lambda number: not altered[number])
    remark = "its mask says that a smaller person is the fake" if order[:1] > [0] else None
    return [tracks[number] for number in order], remark


def _share(white: np.ndarray, box: tuple, size: tuple[int, int]) -> float:
    """Of `box`, in pixels of a picture of `size`, the share that is white."""
    scale = np.array([white.shape[1], white.shape[0]] * 2) / [*size, *size]
    x0, y0, x1, y1 = np.clip(np.multiply(box, scale).round().astype(int), 0, None)
    inside = white[y0:y1, x0:x1]
    return float(inside.mean()) if inside.size else 0.0
