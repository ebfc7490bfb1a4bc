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

from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.rewriting import encode_again
from dfdc_utils.faces.video_file import UnreadableVideo

_BAD = 40
"""x264's constant rate factor of a clip that went through many hands."""
_FRAMES = 3
"""Evenly spaced ones of a clip are hashed; the distance of two clips is the mean over them."""


def _cropped(share: float) -> Callable[[np.ndarray], np.ndarray]:
    def crop(image: np.ndarray) -> np.ndarray:
        height, width = image.shape[:2]
        top, left = round(height * share / 2), round(width * share / 2)
        return image[top:height - top, left:width - left]

    return crop


CHANGES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = types.MappingProxyType({
    "darker": lambda image: cv2.convertScaleAbs(image, alpha=0.6),
    "5 % cropped away": _cropped(0.05),
    "20 % cropped away": _cropped(0.2),
    "mirrored": lambda image: np.ascontiguousarray(image[:, ::-1]),
})
"""What may have happened to a clip before it is looked up."""


def clip_hashes(paths: Iterable[Path], *, description: str) -> tuple[list[Path], np.ndarray]:
    """The perceptual hashes of some clips.

    Returns the clips, and bits (clips, frames, 64), bool. A clip that cannot be read is named and left out.
    """
    read, found = _hashes(paths, {"": lambda image: image}, description)
    return read, found[""]


def _hashes(
    paths: Iterable[Path], changes: Mapping[str, Callable[[np.ndarray], np.ndarray]], description: str
) -> tuple[list[Path], dict[str, np.ndarray]]:
    """As `clip_hashes`, of each clip as it looks after every one of `changes`."""
    found: dict[str, list[list[np.ndarray]]] = {name: [] for name in changes}
    read = []
    for path in tqdm(list(paths), desc=description, unit="clip", mininterval=1.0, disable=not description):
        try:
            images = sample(path, _FRAMES, exact=False).images
        except UnreadableVideo as error:
            tqdm.write(f"Left out. {error}")
            continue
        read.append(path)
        # A clip of fewer frames counts its last one more often.
        images += images[-1:] * (_FRAMES - len(images))
        for name, change in changes.items():
            found[name].append([imagehash.phash(Image.fromarray(change(image))).hash.ravel() for image in images])
    return read, {name: np.array(each, bool).reshape(-1, _FRAMES, 64) for name, each in found.items()}


def distances(queries: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Bits by which clips differ, the mean over their frames: (queries, known), 0 to 64."""
    return (queries[:, None] != known[None]).sum(axis=3).mean(axis=2)


def retrieval(found: np.ndarray, wanted: np.ndarray, thresholds: np.ndarray) -> pd.DataFrame:
    """How well clips are found by their nearest known clip, where only one within a threshold counts.

    Each clip is looked up twice: among all known clips, and among those without its own. The second time every answer
    is wrong, as for a clip that nobody has seen before.

    Args:
        found: `distances` of clips from known clips.
        wanted: for each clip, which known clip is right.
        thresholds: in bits.

    Returns:
        One row a threshold: threshold, answers (of both times), precision (share of the answers that are right; NaN
        without any), recall (share of the clips whose own is found).
    """
    own = np.arange(found.shape[1]) == wanted[:, None]
    others = np.where(own, np.inf, found).min(axis=1)
    right_one = found[own]
    rows = []
    for threshold in thresholds:
        right = int(((right_one <= threshold) & (right_one < others)).sum())
        answers = int((np.minimum(right_one, others) <= threshold).sum() + (others <= threshold).sum())
        rows.append({
            "threshold": threshold, "answers": answers, "precision": right / answers if answers else np.nan,
            "recall": right / len(wanted),
        })
    return pd.DataFrame(rows)


def changed(
    paths: Iterable[Path], scratch: Path, *, description: str
) -> dict[str, tuple[list[Path], np.ndarray]]:
    """Some clips after each of `CHANGES`, and after being encoded again, badly: as `clip_hashes` gives them, by change.

    Args:
        scratch: the file through which each clip goes when it is encoded again; nothing is left of it.
    """
    paths = list(paths)
    read, hashes = _hashes(paths, CHANGES, description)
    again: list[np.ndarray] = []
    for path in tqdm(read, desc="encoded again", unit="clip", mininterval=1.0):
        encode_again(path, scratch, crf=_BAD)
        again.append(clip_hashes([scratch], description="")[1])
        scratch.unlink()
    result = {"encoded again": (read, np.concatenate(again))} if again else {}
    return result | {name: (read, bits) for name, bits in hashes.items()}
