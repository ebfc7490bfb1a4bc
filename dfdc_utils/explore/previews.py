"""Preview clips, made when one is asked for and kept in the workspace."""

from pathlib import Path

import cv2
import numpy as np

from dfdc_utils.faces import crops, files
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.previews import SIDE, write_preview
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.workspace import Workspace

_EDITION = 4
"""Raised when the same clip would give another preview."""
LONGEST = 60.0
"""Seconds that are shown of a clip."""
_PATIENCE = 120.0
_THUMBNAIL = 56


def preview(workspace: Workspace, path: str | Path, *, threads: int = 0) -> Path:
    """The preview of the video at `path`, made by so many `threads` where it is not there yet.

    Of a long video only the beginning is shown. Raises UnreadableVideo as `faces.previews.write_preview` does.
    """
    digest = files.digest(path)
    if digest is None:
        raise UnreadableVideo(path, "there is no such file, or this user may not read it", "Check the path.")
    target = workspace.previews / f"{digest}-{_EDITION}.mp4"
    if not target.is_file():
        write_preview(path, target, longest=LONGEST, time_limit=_PATIENCE, threads=threads)
    return target


def still(path: str | Path, side: int = SIDE) -> np.ndarray:
    """The first frame of a video, RGB uint8, small. Raises UnreadableVideo where there is none."""
    for _, _, image in iterate(path, stop=1):
        scale = min(1.0, side / min(image.shape[:2]))
        return cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    raise UnreadableVideo(path, "none of its frames can be decoded", "Download or copy it again.")


def thumbnail(crop: np.ndarray, side: int = _THUMBNAIL) -> bytes:
    """A face crop as a small JPEG."""
    return crops.encode(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))
