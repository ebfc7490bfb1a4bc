"""All that can be shown of one clip without a network: its file and its faces."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from dfdc_utils.faces import crops
from dfdc_utils.faces.probe import VideoInfo
from dfdc_utils.faces.schemas import BOX
from dfdc_utils.faces.store import open_store
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

_TOLD = ("outcome", "reason", "rate", "seconds", "width", "height", "frames", "codec", "second_pass")


@dataclass(frozen=True)
class OneClip:
    """A clip of a study, or one that somebody uploaded."""

    video: str
    path: str
    account: dict[str, Any]
    """Its row of the video account; {} where nobody has looked for its faces."""
    faces: pd.DataFrame
    """Of `faces.schemas.FACES` without the pictures, by track and frame."""
    read: Callable[[pd.DataFrame], np.ndarray]
    """The pictures of some rows of `faces`, RGB uint8 (rows, side, side, 3)."""
    profile: Profile
    """How its faces were cut, and how many of them are looked at."""

    def info(self) -> dict[str, Any]:
        """What a player needs to know of it, ready for JSON; `playable` says whether there is anything to play."""
        told = {name: plain(self.account.get(name)) for name in _TOLD} | {"video": self.video, "playable": True}
        if not told["width"]:
            try:
                found = vars(VideoInfo.from_path(self.path))
                told |= {key: plain(value) for key, value in found.items() if key in told}
            except UnreadableVideo as error:
                told |= {"playable": False, "reason": told["reason"] or error.cause}
        boxes = self.faces[["track", "frame", "seconds", *BOX, "confidence"]].astype(float).round(3)
        return told | {"boxes": boxes.to_numpy().tolist()}

    def squares(self, rows: pd.DataFrame) -> list[list[float]]:
        """What was cut out for some rows of `faces`: (x0, y0, x1, y1) in pixels of the upright frame."""
        boxes = rows[[*BOX]].to_numpy(float).tolist()
        if self.profile.source == "crops":
            return boxes
        return [list(crops.square(box, self.profile.face_margin, self.profile.face_shift)) for box in boxes]


def of_study(workspace: Workspace, video: str, path: str) -> OneClip:
    """A clip of the study; without faces where none have been looked for."""
    store = open_store(workspace)
    known = store.known()
    if video not in known.index:
        nothing = pd.DataFrame(columns=["video", "track", "frame", "seconds", *BOX, "confidence"])
        return OneClip(video, path, {}, nothing, store.crops, workspace.profile)
    return OneClip(video, path, known.loc[video].to_dict(), store.faces(videos=[video]), store.crops, workspace.profile)


def plain(value: Any) -> Any:
    """A value out of a table for JSON: what is missing, or no number, is None."""
    if value is None or isinstance(value, (str, bool)):
        return value
    return None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value
