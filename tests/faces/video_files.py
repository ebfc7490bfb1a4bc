"""Real video files for the tests of this room, written by PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np


def write_video(
    path: Path, images, *, rate=30, codec="libx264", pixel_format="yuv420p", sound=False, options=None,
    times=None,
) -> Path:
    """Encodes `images` (RGB uint8, of one size). `times`, in milliseconds, makes the frame rate variable."""
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pixel_format
        if codec == "libx264":
            stream.options = {"crf": "12", "g": "12"}
        audio = container.add_stream("aac", rate=16000) if sound else None
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        for index, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            frame.pts = times[index] if times else index
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if audio:
            _add_tone(container, audio, seconds=len(images) / rate)
    return path


def write_sound(path: Path) -> Path:
    """A second of sound and no picture."""
    with av.open(str(path), "w") as container:
        _add_tone(container, container.add_stream("aac", rate=16000), seconds=1)
    return path


def _add_tone(container, stream, seconds: float) -> None:
    samples = (8000 * np.sin(np.arange(int(16000 * seconds)) * 0.2)).astype(np.int16)
    for start in range(0, len(samples) - 1023, 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, start:start + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts = 16000, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def counted(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Frames whose brightness says which they are: frame i is 16 + 4 i, modulo 216."""
    return [np.full((height, width, 3), 16 + 4 * i % 216, np.uint8) for i in range(count)]


def number_of(image: np.ndarray) -> int:
    """Which frame of `counted` this is (of the first 54)."""
    return round((image.mean() - 16) / 4)
