"""Puts swapped faces back into the clip that they were cut from: place, edge, encoding, the old sound."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.faces.rewriting import size_and_rate, sound_of
from dfdc_utils.swap.aligned import SIDE, Aligned, with_frames
from dfdc_utils.swap.colour import oval
from dfdc_utils.workspace import whole


def put_back(frame: np.ndarray, face: np.ndarray, to_aligned: np.ndarray) -> np.ndarray:
    """A copy of `frame` (RGB uint8) with the aligned `face` in the place that `to_aligned` was made for."""
    corners = np.array([[0, 0], [SIDE, 0], [0, SIDE], [SIDE, SIDE]], np.float32)[None]
    reached = cv2.transform(corners, cv2.invertAffineTransform(to_aligned))[0]
    x0, y0 = np.maximum(np.floor(reached.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(reached.max(0)).astype(int) + 1, frame.shape[1::-1])
    result = frame.copy()
    if x0 < x1 and y0 < y1:
        # Only there: most of a frame has no face in it.
        here = to_aligned + np.column_stack([np.zeros((2, 2)), to_aligned[:, :2] @ [x0, y0]])
        size, back = (int(x1 - x0), int(y1 - y0)), cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        cover = np.clip(cv2.warpAffine(oval(), here, size, flags=back), 0, 1)[..., None]
        patch = cv2.warpAffine(face, here, size, flags=back, borderMode=cv2.BORDER_REPLICATE)
        under = result[y0:y1, x0:x1]
        under[:] = cover * patch + (1 - cover) * under + 0.5
    return result


def write_swap(faces: Aligned, swapped: np.ndarray, out: Path, *, crf: int, compare: Path | None = None) -> None:
    """Writes the clip of `faces` with `swapped` faces in their places to `out`, in H.264, with its sound.

    Args:
        swapped: aligned, in the colours of the clip (`Swapper.swap`), RGB uint8, as many as `faces` has.
        crf: x264's constant rate factor.
        compare: also writes original, swap and four times their difference, beside one another, into this file.

    Files appear when they are finished.
    """
    (width, height, rate), sound = size_and_rate(faces.path), sound_of(faces.path)
    with contextlib.ExitStack() as stack:
        fakes = stack.enter_context(_writer(out, width, height, rate, crf, sound))
        beside = stack.enter_context(_writer(compare, 3 * width, height, rate, 20, sound)) if compare else None
        for _, frame, place in with_frames(faces):
            fake = frame if place is None else put_back(frame, swapped[place], faces.to_aligned[place])
            fakes.write(fake)
            if beside:
                beside.write(np.hstack([frame, fake, cv2.convertScaleAbs(cv2.absdiff(frame, fake), alpha=4)]))


@contextlib.contextmanager
def _writer(path: Path, *picture_and_sound) -> Iterator[VideoWriter]:
    with whole(path) as temporary, VideoWriter(temporary, *picture_and_sound) as writer:
        yield writer
