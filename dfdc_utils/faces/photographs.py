"""Reads a photograph as a video of one frame."""

from pathlib import Path

import cv2
import numpy as np

from dfdc_utils.faces.frames import Frames
from dfdc_utils.faces.probe import VideoInfo
from dfdc_utils.faces.video_file import UnreadableVideo

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
NOT_READ = (".heic", ".heif", ".avif")
"""What telephones also write."""
_MOST_PIXELS = 8192 * 8192


def is_photograph(path: str | Path) -> bool:
    """Whether a file is called like a picture: what is called like a video and is none is broken."""
    return Path(path).suffix.lower() in (*SUFFIXES, *NOT_READ)


def read_photograph(path: str | Path) -> Frames:
    """The JPEG, PNG or WebP picture at `path`, upright (EXIF). Of one that moves the first frame.

    Raises UnreadableVideo.
    """
    path = Path(path)
    if path.suffix.lower() in NOT_READ:
        raise UnreadableVideo(path, f"pictures in the format of {path.suffix} are not read", "Save it as JPEG or PNG.")
    if path.is_dir():
        raise UnreadableVideo(path, "it is a folder", "Name the pictures in it.")
    if path.exists() and not path.is_file():
        raise UnreadableVideo(path, "it is a pipe or a device", "Name a file.")
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableVideo(path, "there is no such file", "Check the path.") from None
    except PermissionError:
        raise UnreadableVideo(path, "this user may not read it", "Change its permissions.") from None
    except OSError as error:
        raise UnreadableVideo(path, error.strerror or "it cannot be read", "Download or copy it again.") from error
    codec = _codec(data)
    if codec is None:
        cause = "the file is empty" if not data else "it is not a JPEG, PNG or WebP picture"
        raise UnreadableVideo(path, cause, "Download or copy it again.")
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        image = None
    if image is None:
        raise UnreadableVideo(path, "its picture data are damaged or too large", "Download or copy it again.")
    height, width = image.shape[:2]
    if height * width > _MOST_PIXELS:
        raise UnreadableVideo(path, f"{width} x {height} pixels are too large", "Shrink it.")
    info = VideoInfo(
        path=str(path), size_bytes=len(data), width=width, height=height, rotation=0, frames=1, rate=float("nan"),
        seconds=0.0, codec=codec, pixel_format="rgb24", bit_rate=float("nan"), audio_codec=None, encoder=None,
    )
    return Frames(info=info, indices=[0], seconds=[0.0], images=[image])


def _codec(data: bytes) -> str | None:
    """What FFmpeg calls the format of a picture, by its first bytes, whatever its name ends in."""
    if data.startswith(b"\xff\xd8\xff"):
        return "mjpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    return "webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else None
