"""Clips that somebody gave to the face view: the reader, limits and account of any other, in folders of their own."""

import json
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dfdc_utils.evaluation import aggregation
from dfdc_utils.explore.clips import Clips
from dfdc_utils.explore.one_clip import OneClip, plain
from dfdc_utils.faces import crops
from dfdc_utils.faces.extraction import TIME_LIMIT
from dfdc_utils.faces.one_video import extract_video, worker_detector
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace, whole, write_json

MOST_BYTES = 200 << 20
_PREFIX = "upload/"
"""No clip of a set is called so: a name with a separator in it is not read."""
_FACES, _ACCOUNT = "faces.parquet", "account.json"


class Uploads:
    """Answers about uploaded clips; see `answers`. A clip is called "upload/" and the name of its folder."""

    def __init__(self, workspace: Workspace, clips: Clips):
        self._workspace, self._clips = workspace, clips
        self._arriving: dict[str, tuple[str, int, bytearray]] = {}
        self._curves: dict[str, dict] = {}

    def questions(self) -> list[Callable]:
        return [self.upload_begin, self.upload_part, self.upload_end, self.uploads, self.upload_delete]

    def upload_begin(self, name: str, size: int) -> tuple[Any, Sequence[bytes]]:
        """A clip is to come. Raises ValueError where it is too large."""
        if not 0 < int(size) <= MOST_BYTES:
            raise ValueError(f"{name} has {int(size):,} bytes; up to {MOST_BYTES:,} are taken. Cut it shorter.")
        upload = uuid.uuid4().hex
        # One at a time: what broke off is forgotten.
        self._arriving = {upload: (str(name), int(size), bytearray())}
        return {"upload": upload}, ()

    def upload_part(self, upload: str, parts: Sequence[bytes]) -> tuple[Any, Sequence[bytes]]:
        name, size, content = self._arrival(upload)
        for part in parts:
            content += part
        if len(content) > size:
            del self._arriving[upload]
            raise ValueError(f"{name} is larger than was said: send it again.")
        return {}, ()

    def upload_end(self, upload: str) -> tuple[Any, Sequence[bytes]]:
        """Everything has come: faces are looked for. Returns an entry of `uploads`."""
        name, size, content = self._arrival(upload)
        del self._arriving[upload]
        if len(content) != size:
            raise ValueError(f"{len(content):,} of {size:,} bytes of {name} arrived: send it again.")
        with whole(self._workspace.uploads / upload) as folder:
            folder.mkdir()
            # The reader takes a JPEG for a video of one frame under its own name only.
            path = folder / ("clip.jpg" if Path(name).suffix.lower() in (".jpg", ".jpeg") else "clip.mp4")
            path.write_bytes(content)
            profile = self._profile()
            detector = worker_detector(profile.detection_width)
            faces, account = extract_video(path, path.name, detector, profile, time_limit=TIME_LIMIT)
            faces.to_parquet(folder / _FACES, index=False)
            account = {key: plain(value) for key, value in account.items()}
            write_json(folder / _ACCOUNT, {"name": name, "file": path.name, "account": account})
        return self._entry(self._workspace.uploads / upload), ()

    def uploads(self) -> tuple[Any, Sequence[bytes]]:
        """What has been uploaded, in the order of the names."""
        folders = self._workspace.uploads.glob(f"[!.]*/{_ACCOUNT}")
        entries = [self._entry(path.parent) for path in folders]
        return {"uploads": sorted(entries, key=lambda entry: entry["name"])}, ()

    def upload_delete(self, video: str) -> tuple[Any, Sequence[bytes]]:
        """Deletes an uploaded clip and what was made of it; other files in its folder stay."""
        folder = self._folder(video)
        if folder is None:
            raise ValueError("This clip is not there any more.")
        for name in (_FACES, self._record(folder)["file"], _ACCOUNT):
            (folder / name).unlink(missing_ok=True)
        if not any(folder.iterdir()):
            folder.rmdir()
        self._curves.pop(video, None)
        return {}, ()

    def get(self, video: str) -> OneClip | None:
        """An uploaded clip; None for the name of any other."""
        folder = self._folder(video)
        if folder is None:
            return None
        known = self._record(folder)
        faces = pd.read_parquet(folder / _FACES)
        pixels = np.stack([crops.decode(jpeg) for jpeg in faces["jpeg"]]) if len(faces) else np.empty((0, 1, 1, 3))
        faces = faces.drop(columns="jpeg").reset_index(drop=True)
        path = str(folder / known["file"])
        return OneClip(video, path, known["account"], faces, lambda rows: pixels[rows.index], self._profile())

    def title(self, video: str) -> str:
        """What its owner calls it."""
        folder = self._folder(video)
        return self._record(folder)["name"] if folder else video

    def curves(self, video: str) -> dict[str, Any]:
        """What each model of the study says of an uploaded clip, as `answers.clip_curves`."""
        from dfdc_utils.explore import seen
        from dfdc_utils.explore.answers import curve_of

        clip = self.get(video)
        if clip is None or clip.faces.empty:
            return {}
        if video not in self._curves:
            found = {}
            for name in self._clips.scores:
                rows = seen.scores(clip, name, self._workspace)
                score = float(aggregation.video_scores(rows).iloc[0])
                times = clip.faces[["track", "frame", "seconds"]]
                found[name] = curve_of(rows.merge(times, on=["track", "frame"]), name, score)
            self._curves[video] = found
        return self._curves[video]

    def _profile(self):
        """How the study's models are used to see faces; all of a study see them alike."""
        names = list(self._clips.scores)
        if names:
            return record.as_trained(names[0], self._workspace)
        return self._workspace.profile.replace(min_frames=1)

    def _arrival(self, upload: str) -> tuple[str, int, bytearray]:
        if upload not in self._arriving:
            raise ValueError("This upload broke off: send the clip again.")
        return self._arriving[upload]

    def _folder(self, video: str) -> Path | None:
        name = video.removeprefix(_PREFIX)
        if name == video or len(name) != 32 or set(name) - set("0123456789abcdef"):
            return None
        folder = self._workspace.uploads / name
        return folder if (folder / _ACCOUNT).is_file() else None

    def _record(self, folder: Path) -> dict[str, Any]:
        return json.loads((folder / _ACCOUNT).read_text(encoding="utf-8"))

    def _entry(self, folder: Path) -> dict[str, Any]:
        known = self._record(folder)
        account = known["account"]
        reason = None if account["outcome"] == "ok" else account["reason"] or account["outcome"]
        return {"video": _PREFIX + folder.name, "name": known["name"], "faces": account["faces"], "reason": reason}
