"""Small pictures of a face in which eyes, nose and mouth always lie in the same places."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dfdc_utils.faces import frames
from dfdc_utils.faces.tracking import link

SIDE = 64
"""Of an aligned face, in pixels."""
_PLACES = SIDE * np.array([[0.30, 0.33], [0.70, 0.33], [0.50, 0.55], [0.34, 0.76], [0.66, 0.76]])
"""Where left eye, right eye, nose and the corners of the mouth come to lie."""
_LOOKED_AT = 3
"""A face is looked for in every so many frames; in between it moves evenly."""
_SEARCHED = 8
"""Every so many of those are searched as a whole; see `FaceDetector.detect`."""


class NoFace(ValueError):
    """In a clip no face was found reliably. The text names the clip."""


@dataclass(frozen=True, kw_only=True)
class Aligned:
    """The faces of the main person of one clip, one for each frame from the first to the last in which it was found."""

    path: Path
    frames: range
    to_aligned: np.ndarray
    """(frames, 2, 3): takes pixels of a frame to pixels of its aligned face."""
    pixels: np.ndarray
    """(frames, SIDE, SIDE, 3), RGB uint8."""


def align(path: Path, detector) -> Aligned:
    """Cuts the faces of the main person out of the clip at `path`.

    Args:
        detector: a `FaceDetector`.

    Raises NoFace where none is found reliably, and UnreadableVideo as `frames.iterate` does.
    """
    images = [image for _, _, image in frames.iterate(path)]
    looked_at = sorted({*range(0, len(images), _LOOKED_AT), len(images) - 1})
    tracks = link(detector.detect([images[index] for index in looked_at], every=_SEARCHED), max_people=1)
    if not tracks:
        raise NoFace(f"No face was found reliably in {path}.")
    known = [looked_at[place] for place in tracks[0].frames]
    marks = np.stack([face.landmarks for face in tracks[0].detections])
    seen = range(known[0], known[-1] + 1)
    moved = np.stack([np.interp(seen, known, column) for column in marks.reshape(len(known), -1).T], axis=1)
    matrices = np.stack([similarity(each.reshape(-1, 2)) for each in moved])
    pixels = np.stack([cut(images[index], matrix) for index, matrix in zip(seen, matrices, strict=True)])
    return Aligned(path=path, frames=seen, to_aligned=matrices, pixels=pixels)


def similarity(landmarks: np.ndarray) -> np.ndarray:
    """The shift, turn and scale (2, 3) that takes five landmarks (5, 2) as near as possible to their places.

    It is a x − b y + c, b x + a y + d: four numbers, found by least squares.
    """
    x, y = landmarks.T
    one, zero = np.ones(len(x)), np.zeros(len(x))
    equations = np.concatenate([np.stack([x, -y, one, zero], axis=1), np.stack([y, x, zero, one], axis=1)])
    a, b, c, d = np.linalg.lstsq(equations, _PLACES.T.ravel(), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


def cut(image: np.ndarray, to_aligned: np.ndarray) -> np.ndarray:
    """The aligned face, RGB uint8 (SIDE, SIDE, 3), in an RGB uint8 image of any size."""
    # A large face is blurred first, or shrinking it would leave moiré.
    shrunk = 1 / np.hypot(*to_aligned[:, 0])
    if shrunk > 1.5:
        image = cv2.GaussianBlur(image, (0, 0), 0.4 * shrunk)
    return cv2.warpAffine(image, to_aligned, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def with_frames(faces: Aligned) -> Iterator[tuple[int, np.ndarray, int | None]]:
    """Yields (index, RGB uint8 frame, place in `faces` or None) for each frame of the clip."""
    for index, _, image in frames.iterate(faces.path):
        yield index, image, index - faces.frames[0] if index in faces.frames else None
