"""Preview clips: small H.264 files that every browser plays, made when one is asked for and kept in the workspace."""

import contextlib
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter

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
        picture, last, shrink = None, -1, _Shrinker()
        rate = float(stream.average_rate or 0) or 25.0
        sounds = container.streams.audio
        sound = out.add_stream("aac", rate=44_100, layout="mono") if sounds else None
        start = None
        for number, frame in enumerate(intact_frames(container, stream, deadline)):
            start = frame.time if start is None else start
            seconds = number / rate if frame.time is None or start is None else frame.time - start
            if seconds > LONGEST:
                break
            shown = shrink(frame)
            if picture is None:
                settings = {"preset": "veryfast", "crf": "25", "g": str(max(1, round(rate / 2))), "bf": "0"}
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


class _Shrinker:
    """Makes frames upright, small and ready for H.264, all of one size: the first one's."""

    def __init__(self):
        self._reformatter = VideoReformatter()
        self._size: tuple[int, int] | None = None

    def __call__(self, frame) -> av.VideoFrame:
        turned = rotation_of(frame)
        if self._size is None:
            scale = min(1.0, SIDE / min(frame.width, frame.height))
            width, height = (max(2, 2 * math.floor(side * scale / 2)) for side in (frame.width, frame.height))
            self._size = width, height
        size: dict = {"width": self._size[0], "height": self._size[1], "interpolation": "AREA", "threads": 0}
        if not turned:
            # Without a word about it, players take small pictures for ITU-R 601.
            return self._reformatter.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU601, **size)
        image = self._reformatter.reformat(frame, format="rgb24", **size).to_ndarray()
        planes: np.ndarray = cv2.cvtColor(np.ascontiguousarray(np.rot90(image, turned // 90)), cv2.COLOR_RGB2YUV_I420)
        return av.VideoFrame.from_ndarray(planes, format="yuv420p")


def still(path: str | Path, side: int = SIDE) -> np.ndarray:
    """The first frame of a video, RGB uint8, small. Raises UnreadableVideo where there is none."""
    for _, _, image in iterate(path, stop=1):
        scale = min(1.0, side / min(image.shape[:2]))
        return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    raise UnreadableVideo(path, "none of its frames can be decoded", "Download or copy it again.")


def thumbnail(crop: np.ndarray, side: int = _THUMBNAIL) -> bytes:
    """A face crop as a small JPEG."""
    return crops.encode(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))
