"""The sound of a file, video or sound alone, decoded."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np


class NoSound(ValueError):
    """A file has no sound, or none that can be decoded. The text names the file and the cause."""


@dataclass(frozen=True, kw_only=True)
class SoundTrack:
    """What is heard, and how much the file spends on it."""

    samples: np.ndarray
    """float32, mono, -1 to 1."""
    rate: int
    """Samples per second."""
    kbits: float
    """Thousand bits per second of sound, as encoded."""


def decode(source: str | Path | BinaryIO, rate: int) -> SoundTrack:
    """The first sound track of a file, at `rate` samples per second.

    Raises NoSound. Of a damaged file what comes before the damage is taken.
    """
    size, parts = 0, []
    try:
        with av.open(str(source) if isinstance(source, (str, Path)) else source, "r") as container:
            if not container.streams.audio:
                raise NoSound(f"{source} has no sound.")
            resampler = av.AudioResampler(format="fltp", layout="mono", rate=rate)
            try:
                for packet in container.demux(container.streams.audio[0]):
                    size += packet.size
                    parts += [part for frame in packet.decode() for part in resampler.resample(frame)]
                parts += resampler.resample(None)
            except av.error.FFmpegError:
                if not parts:
                    raise
    except (av.error.FFmpegError, FileNotFoundError) as error:
        raise NoSound(f"The sound of {source} cannot be read: {error.strerror}.") from error
    if not parts:
        raise NoSound(f"The sound of {source} is empty.")
    samples = np.concatenate([part.to_ndarray()[0] for part in parts])
    return SoundTrack(samples=samples, rate=rate, kbits=size * 8 / 1000 / (len(samples) / rate))
