"""Small H.264 copies of videos, which every browser plays."""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from dfdc_utils.faces.frames import iterate
from dfdc_utils.workspace import whole

SIDE = 360
"""Pixels of the shorter side, at most."""
_CLOCK = 90_000


def write_preview(path: Path, target: Path) -> None:
    """Copies the picture of the video at `path`, upright and with its times, from 0 on; without sound.

    Raises UnreadableVideo where it cannot be opened.
    """
    options = {"movflags": "+faststart"}
    with whole(target) as temporary, av.open(str(temporary), "w", format="mp4", options=options) as out:
        stream, last = None, -1
        for _, seconds, image in iterate(path):
            if stream is None:
                scale = min(1.0, SIDE / min(image.shape[:2]))
                height, width = (max(2, 2 * round(side * scale / 2)) for side in image.shape[:2])
                # A key frame every half second or so: one can jump about in it.
                options = {"preset": "ultrafast", "crf": "26", "g": "12", "bf": "0"}
                stream = out.add_stream("libx264", rate=30, options=options)
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
                stream.codec_context.time_base = Fraction(1, _CLOCK)
            small = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
            planes: np.ndarray = cv2.cvtColor(small, cv2.COLOR_RGB2YUV_I420)
            frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            # Two frames of one time, as damaged files have them, would end the file.
            last = max(last + 1, round(seconds * _CLOCK))
            frame.pts, frame.time_base = last, Fraction(1, _CLOCK)
            out.mux(stream.encode(frame))
        if stream is not None:
            out.mux(stream.encode())
