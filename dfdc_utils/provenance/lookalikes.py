"""Finds the known clip that a clip looks like, by perceptual hashes (ImageHash).

A cryptographic hash changes wholly with one bit. A perceptual hash changes little where the picture changes little, so
that the distance of two hashes, in bits, says how alike two pictures are.
"""

import types
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import cv2
import imagehash
import numpy as np
import pandas as pd
from PIL import Image
from tqdm import tqdm

from dfdc_utils.faces import crops
from dfdc_utils.faces.frames import sample

_FRAMES = 3
"""Evenly spaced ones of a clip are hashed; the distance of two clips is the mean over them."""


def _encoded_badly(image: np.ndarray) -> np.ndarray:
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    data = cv2.imencode(".jpg", small[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, 30))[1]
    return crops.decode(data.tobytes())


def _cropped(share: float) -> Callable[[np.ndarray], np.ndarray]:
    def crop(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        top, left = round(height * share / 2), round(width * share / 2)
        return image[top:height - top, left:width - left]

    return crop


CHANGES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = types.MappingProxyType({
    "as it is": lambda image: image,
    "half size, bad JPEG": _encoded_badly,
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.6),
    "5 % cropped away": _cropped(0.05),
    "20 % cropped away": _cropped(0.2),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
})
"""What may have happened to a clip before it is looked up."""


def clip_hashes(
    paths: Iterable[Path], changes: Mapping[str, Callable[[np.ndarray], np.ndarray]] = CHANGES, *, description: str
) -> dict[str, np.ndarray]:
    """The perceptual hashes of some clips, each as it looks after every one of `changes`.

    Returns, by change, bits (clips, frames, 64), bool. Raises UnreadableVideo as `sample` does.
    """
    found: dict[str, list[list[np.ndarray]]] = {name: [] for name in changes}
    for path in tqdm(list(paths), desc=description, unit="clip", mininterval=1.0):
        images = sample(path, _FRAMES, exact=False).images
        # A clip of fewer frames counts its last one more often.
        images += images[-1:] * (_FRAMES - len(images))
        for name, change in changes.items():
            found[name].append([imagehash.phash(Image.fromarray(change(image))).hash.ravel() for image in images])
    return {name: np.array(each, bool).reshape(-1, _FRAMES, 64) for name, each in found.items()}


def distances(queries: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Bits by which clips differ, the mean over their frames: (queries, known), 0 to 64."""
    return (queries[:, None] != known[None]).sum(axis=3).mean(axis=2)


def retrieval(found: np.ndarray, wanted: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    """How well clips are found by their nearest known clip, where only one nearer than a threshold counts.

    Args:
        found: `distances` of queries from known clips.
        wanted: for each query, which known clip is right; -1 where none is.
        thresholds: in bits.

    Returns:
        One row a threshold: threshold, answered (queries that get an answer), precision (share of the answers that
        are right; NaN without any), recall (share of the queries that have a right clip and get it).
    """
    nearest, nearness = found.argmin(axis=1), found.min(axis=1)
    rows = []
    for threshold in thresholds:
        answered = nearness <= threshold
        right = int((answered & (nearest == wanted)).sum())
        rows.append({
            "threshold": threshold,
            "answered": int(answered.sum()),
            "precision": right / answered.sum() if answered.any() else np.nan,
            "recall": right / max(int((wanted >= 0).sum()), 1),
        })
    return pd.DataFrame(rows)
