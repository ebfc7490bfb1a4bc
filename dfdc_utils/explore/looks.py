"""The faces of a study as the face view shows them: strips of tracks, what the detector rejected, faces in order."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import pandas as pd

from dfdc_utils.explore import previews
from dfdc_utils.explore.clips import Clips
from dfdc_utils.faces import crops
from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.one_video import worker_detector
from dfdc_utils.faces.shots import shots
from dfdc_utils.faces.store import open_store
from dfdc_utils.faces.tracking import link
from dfdc_utils.workspace import Workspace

_STRIP, _FACE = 64, 72
_MEASURED = 3000
"""Faces of the store, at most, that are put in order: brightness needs their pictures."""
_FRAMES = 8


class Looks:
    """Answers about faces; see `answers`."""

    def __init__(self, workspace: Workspace, clips: Clips):
        self._workspace, self._clips, self._store = workspace, clips, open_store(workspace)

    def strips(self, video: str) -> tuple[Any, Sequence[bytes]]:
        """The faces of each track of a clip, small, in the order of time."""
        video = self._clips.row(video)["video"]
        known = self._store.known()
        if video not in known.index:
            return {"tracks": [], "reason": None}, ()
        faces = self._store.faces(videos=[video])
        faces["side"] = _sides(faces)
        tracks = [
            {"track": int(track), "faces": rows[["seconds", "confidence", "side"]].astype(float).to_dict("records")}
            for track, rows in faces.groupby("track")
        ]
        pictures = [previews.thumbnail(crop, _STRIP) for crop in self._store.crops(faces)]
        return {"tracks": tracks, "reason": known.at[video, "reason"]}, pictures

    def detections(self, video: str) -> tuple[Any, Sequence[bytes]]:
        """What the detector finds in some frames of a clip now, which of it belongs to a track, and these frames."""
        profile = self._workspace.profile
        if profile.source == "crops":
            raise ValueError("This set has ready-made crops: no detector was used.")
        frames = sample(self._clips.row(video)["path"], profile.frames_per_video)
        found = worker_detector(profile.detection_width).detect(frames.images)
        kept = {
            (place, face.box)
            for track in link(found, max_people=profile.max_people, shots=shots(frames.images))
            for place, face in zip(track.frames, track.detections, strict=True)
        }
        told, pictures = [], []
        for place in range(0, len(frames.images), max(1, len(frames.images) // _FRAMES)):
            image = frames.images[place]
            scale = previews.SIDE / max(image.shape[:2])
            pictures.append(crops.encode(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)))
            told.append({
                "seconds": frames.seconds[place], "width": image.shape[1], "height": image.shape[0],
                "faces": [
                    {"box": [float(side) for side in face.box], "confidence": float(face.confidence),
                     "accepted": (place, face.box) in kept}
                    for face in found[place]
                ],
            })
        total = sum(map(len, found))
        return {"frames": told, "accepted": len(kept), "rejected": total - len(kept)}, pictures

    def faces(self, by: str, start: int, count: int, total: int = 0) -> tuple[Any, Sequence[bytes]]:
        """Faces of the store, from the least size, confidence or brightness on."""
        if by not in ("side", "confidence", "brightness"):
            raise ValueError(f"Faces are sorted by side, confidence or brightness, not by {by!r}.")
        faces = self._measured
        some = faces.sort_values(by, kind="stable").iloc[max(0, int(start)):][:min(int(count), 100)]
        told = [{"video": row.video, "value": float(getattr(row, by))} for row in some.itertuples()]
        pictures = [previews.thumbnail(crop, _FACE) for crop in self._store.crops(some)]
        return {"faces": told, "total": len(faces), "of": int(self._of)}, pictures

    @property
    def _of(self) -> int:
        return int(self._known["faces"].sum())

    @property
    def _known(self) -> pd.DataFrame:
        known = self._store.known()
        return known[known.index.isin(self._clips.places) & (known["outcome"] == "ok")]

    @cached_property
    def _measured(self) -> pd.DataFrame:
        if self._known.empty:
            raise ValueError("No faces have been cut out yet: run notebook 02.")
        seed, known = self._workspace.profile.seed, self._known
        # Of as many clips as surely have enough faces.
        clips = known.sample(min(len(known), _MEASURED), random_state=seed)
        clips = clips[clips["faces"].cumsum() - clips["faces"] < _MEASURED]
        faces = self._store.faces(videos=sorted(clips.index))
        faces = faces.sample(min(len(faces), _MEASURED), random_state=seed).sort_values(["shard", "group", "row"])
        means = [self._store.crops(faces.iloc[at:at + 256]).mean(axis=(1, 2, 3)) for at in range(0, len(faces), 256)]
        return faces.assign(side=_sides(faces), brightness=np.concatenate(means))


def _sides(faces: pd.DataFrame) -> pd.Series:
    """The longer side of each box, in pixels."""
    return pd.concat([faces["x1"] - faces["x0"], faces["y1"] - faces["y0"]], axis=1).max(axis=1)
