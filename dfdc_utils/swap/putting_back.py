"""Puts swapped faces back into the clip that they were cut from: place, edge, encoding, the old sound."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from dfdc_utils.data.mini.speech import SAMPLE_RATE
from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.faces.frames import iterate
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
    (width, height, rate), sound = _stream(faces.path), sound_of(faces.path)
    with contextlib.ExitStack() as stack:
        fakes = stack.enter_context(_writer(out, width, height, rate, crf, sound))
        beside = stack.enter_context(_writer(compare, 3 * width, height, rate, 20, sound)) if compare else None
        for _, frame, place in with_frames(faces):
            fake = frame if place is None else put_back(frame, swapped[place], faces.to_aligned[place])
            fakes.write(fake)
            if beside:
                beside.write(np.hstack([frame, fake, cv2.convertScaleAbs(cv2.absdiff(frame, fake), alpha=4)]))


def encode_again(path: Path, out: Path, *, crf: int) -> None:
    """Writes the clip at `path` to `out`, as `write_swap` does, with no face swapped: what encoding alone does."""
    with _writer(out, *_stream(path), crf, sound_of(path)) as writer:
        for _, _, frame in iterate(path):
            writer.write(frame)


def sound_of(path: Path) -> np.ndarray:
    """The sound of a clip, float32 mono at SAMPLE_RATE; a moment of silence where it has none."""
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return np.zeros(SAMPLE_RATE // 10, np.float32)
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=SAMPLE_RATE)
        heard = [part for frame in container.decode(audio=0) for part in resampler.resample(frame)]
        heard += resampler.resample(None)
        return np.concatenate([part.to_ndarray()[0] for part in heard])


@contextlib.contextmanager
def _writer(path: Path, *picture_and_sound) -> Iterator[VideoWriter]:
    with whole(path) as temporary, VideoWriter(temporary, *picture_and_sound) as writer:
        yield writer


def _stream(path: Path) -> tuple[int, int, int]:
    """Width, height and rate of an upright clip of a drawn set."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height, round(float(video.average_rate or 30))
