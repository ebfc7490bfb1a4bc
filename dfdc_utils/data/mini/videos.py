"""Writes mp4 files that browsers play: H.264 and AAC, index first."""

import struct
from pathlib import Path

import av
import cv2
import numpy as np

from dfdc_utils.data.mini.speech import SAMPLE_RATE


class VideoWriter:
    """One mp4 file being written; use it in a `with` block.

    Args:
        path: of the file.
        width, height: of the stored picture, in pixels, both even.
        rate: frames per second.
        crf: x264's constant rate factor; more is worse.
        sound: float32 mono samples at SAMPLE_RATE, -1 to 1.
    """

    def __init__(self, path: Path, width: int, height: int, rate: int, crf: int, sound: np.ndarray):
        self._container = av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})
        # One thread: clips are written side by side, and the result must not depend on the machine. CABAC leaves the
        # pictures as they are and takes a seventh of the bytes away, at a tenth more time to write.
        options = {"crf": str(crf), "preset": "ultrafast", "deblock": "0:0", "coder": "cabac", "threads": "1"}
        self._picture = self._container.add_stream("libx264", rate=rate, options=options)
        self._picture.width, self._picture.height, self._picture.pix_fmt = width, height, "yuv420p"
        self._written = 0
        options = {"b": "64000", "aac_coder": "fast"}
        self._sound = self._container.add_stream("aac", rate=SAMPLE_RATE, layout="mono", options=options)
        self._write_sound(sound)

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is None:
            self._container.mux(self._picture.encode())
        self._container.close()

    def write(self, picture: np.ndarray, frames: int = 1) -> None:
        """Appends a picture, uint8 RGB, that is shown for so many frames."""
        planes: np.ndarray = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        for _ in range(frames):
            frame.pts, self._written = self._written, self._written + 1
            self._container.mux(self._picture.encode(frame))

    def _write_sound(self, sound: np.ndarray) -> None:
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        self._container.mux([*self._sound.encode(frame), *self._sound.encode()])


def turn_on_playback(path: Path) -> None:
    """Marks the picture of the mp4 file at `path` to be turned by 90 degrees clockwise when it is played.

    That is what a telephone held upright writes. The mark is the matrix in the track's header (`tkhd`, ISO
    14496-12, 8.3.2), which PyAV does not write; the first track is the picture.
    """
    content = bytearray(path.read_bytes())
    header = content.index(b"tkhd")
    # A version 0 header: width and height, then nothing, end the box; the matrix stands before them.
    height = struct.unpack_from(">I", content, header + 84)[0]
    one, unit = 1 << 16, 1 << 30
    # x' = height - y, y' = x: the stored picture's height is the upright one's width.
    struct.pack_into(">9i", content, header + 44, 0, one, 0, -one, 0, 0, height, 0, unit)
    path.write_bytes(content)
