"""Preview clips: small H.264 files that every browser plays, made when one is asked for and kept in the workspace."""

import contextlib
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from dfdc_utils.faces import crops, files
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.probe import rotation_of
from dfdc_utils.faces.video_file import Deadline, UnreadableVideo, intact_frames, opened
from dfdc_utils.workspace import Workspace, whole

_EDITION = 1
"""Raised when the same clip would give another preview."""
SIDE = 360
"""Pixels of the shorter side, at most."""
LONGEST = 60.0
"""Seconds that are shown of a clip."""
_PATIENCE = 120.0
_CLOCK = 90_000
_THUMBNAIL = 56


def preview(workspace: Workspace, path: str | Path) -> Path:
    """The preview of the video at `path`, made where it is not there yet.

    Upright, with the source's sound and the times of its frames, from 0 on; a key frame every half second, so that one
    can jump about in it. Raises UnreadableVideo as `frames.sample` does.
    """
    digest = files.digest(path)
    if digest is None:
        raise UnreadableVideo(path, "there is no such file, or this user may not read it", "Check the path.")
    target = workspace.previews / f"{digest}-{_EDITION}.mp4"
    if not target.is_file():
        with whole(target) as temporary:
            _write(Path(path), temporary)
    return target


def _write(path: Path, target: Path) -> None:
    deadline = Deadline(path, _PATIENCE)
    options = {"movflags": "+faststart"}
    with opened(path, threads=0, deadline=deadline) as (container, stream), \
            av.open(str(target), "w", format="mp4", options=options) as out:
        picture, last = None, -1
        rate = float(stream.average_rate or 0) or 25.0
        sounds = container.streams.audio
        sound = out.add_stream("aac", rate=44_100, layout="mono") if sounds else None
        start = None
        for number, frame in enumerate(intact_frames(container, stream, deadline)):
            start = frame.time if start is None else start
            seconds = number / rate if frame.time is None or start is None else frame.time - start
            if seconds > LONGEST:
                break
            image = _small(frame)
            if picture is None:
                settings = {"preset": "ultrafast", "crf": "24", "g": str(max(1, round(rate / 2))), "bf": "0"}
                picture = out.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001), options=settings)
                picture.height, picture.width = image.shape[:2]
                picture.pix_fmt, picture.codec_context.time_base = "yuv420p", Fraction(1, _CLOCK)
            if image.shape[:2] != (picture.height, picture.width):
                image = cv2.resize(image, (picture.width, picture.height), interpolation=cv2.INTER_AREA)
            planes: np.ndarray = cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420)
            shown = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            # Two frames of one time, as damaged files have them, would end the file.
            last = max(last + 1, round(seconds * _CLOCK))
            shown.pts, shown.time_base = last, Fraction(1, _CLOCK)
            out.mux(picture.encode(shown))
        if picture is None:
            raise UnreadableVideo(path, "none of its frames can be decoded", "Download or copy it again.")
        out.mux(picture.encode())
        if sound is not None:
            _copy_sound(path, out, sound, start or 0.0)


def _copy_sound(path: Path, out, sound, start: float) -> None:
    """The sound of `path`, from the first frame of its picture on. What cannot be decoded is silent."""
    resampler = av.AudioResampler("fltp", "mono", 44_100)
    with opened(path) as (container, _):
        with contextlib.suppress(av.error.FFmpegError):
            for frame in container.decode(container.streams.audio[0]):
                if frame.time is None or frame.time < start:
                    continue
                if frame.time - start > LONGEST:
                    break
                for part in resampler.resample(frame):
                    part.pts = None
                    out.mux(sound.encode(part))
    out.mux(sound.encode())


def _small(frame) -> np.ndarray:
    """A frame upright, RGB uint8, its sides even and the shorter one at most `SIDE`."""
    scale = min(1.0, SIDE / min(frame.width, frame.height))
    width, height = (max(2, 2 * math.floor(side * scale / 2)) for side in (frame.width, frame.height))
    image = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA").to_ndarray()
    return np.ascontiguousarray(np.rot90(image, rotation_of(frame) // 90))


def still(path: str | Path, side: int = SIDE) -> np.ndarray:
    """The first frame of a video, RGB uint8, small. Raises UnreadableVideo where there is none."""
    for _, _, image in iterate(path, stop=1):
        scale = min(1.0, side / min(image.shape[:2]))
        return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    raise UnreadableVideo(path, "none of its frames can be decoded", "Download or copy it again.")


def thumbnail(crop: np.ndarray, side: int = _THUMBNAIL) -> bytes:
    """A face crop as a small JPEG."""
    return crops.encode(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))
