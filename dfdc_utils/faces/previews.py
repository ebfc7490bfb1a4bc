"""Small H.264 copies of videos, which every browser plays."""

import contextlib
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from dfdc_utils.faces.colour import Converter
from dfdc_utils.faces.video_file import Deadline, UnreadableVideo, intact_frames, opened
from dfdc_utils.workspace import whole

SIDE = 360
"""Pixels of the shorter side, at most."""
_CLOCK = 90_000
_SOUND_RATE = 44_100


def write_preview(
    path: str | Path, target: Path, *, longest: float = math.inf, time_limit: float = math.inf, threads: int = 0
) -> None:
    """Copies the video at `path`, upright, with the times of its frames from 0 on, and with its sound.

    There is a key frame every half second, so that one can jump about in it.

    Args:
        longest: seconds that are copied of it.
        time_limit: seconds that this may take.
        threads: that work on it; 0 is one a core. Several clips at once take a fifth less with one each.

    Raises UnreadableVideo where no frame can be decoded, TimeIsUp where it took too long.
    """
    deadline = Deadline(path, time_limit)
    with whole(target) as temporary, opened(path, threads=threads, deadline=deadline) as (container, stream), \
            av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as out:
        small = Converter(threads=threads, side=SIDE)
        picture, last, start = None, -1, None
        rate = float(stream.average_rate or 0) or 25.0
        quick = {"aac_coder": "fast"}
        sound = out.add_stream("aac", _SOUND_RATE, quick, layout="mono") if container.streams.audio else None
        for number, frame in enumerate(intact_frames(container, stream, deadline)):
            start = frame.time if start is None else start
            seconds = number / rate if frame.time is None or start is None else frame.time - start
            if seconds > longest:
                break
            planes: np.ndarray = cv2.cvtColor(small(frame), cv2.COLOR_RGB2YUV_I420)
            shown = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            if picture is None:
                settings = {"preset": "veryfast", "crf": "25", "g": str(max(1, round(rate / 2))), "bf": "0"}
                settings["threads"] = str(threads or "auto")
                picture = out.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001), options=settings)
                picture.width, picture.height = shown.width, shown.height
                picture.pix_fmt, picture.codec_context.time_base = "yuv420p", Fraction(1, _CLOCK)
            # Two frames of one time, as damaged files have them, would end the file.
            last = max(last + 1, round(seconds * _CLOCK))
            shown.pts, shown.time_base = last, Fraction(1, _CLOCK)
            out.mux(picture.encode(shown))
        if picture is None:
            raise UnreadableVideo(path, "none of its frames can be decoded", "Download or copy it again.")
        out.mux(picture.encode())
        if sound is not None:
            _copy_sound(path, out, sound, start or 0.0, longest)


def _copy_sound(path: str | Path, out, sound, start: float, longest: float) -> None:
    """The sound of `path`, from the first frame of its picture on. What cannot be decoded is silent."""
    resampler = av.AudioResampler("fltp", "mono", _SOUND_RATE)
    with opened(path) as (container, _):
        with contextlib.suppress(av.error.FFmpegError):
            for frame in container.decode(container.streams.audio[0]):
                if frame.time is None or frame.time < start:
                    continue
                if frame.time - start > longest:
                    break
                for part in resampler.resample(frame):
                    part.pts = None
                    out.mux(sound.encode(part))
    out.mux(sound.encode())
