"""What a widget asks, and what the kernel answers: each public method of `Answers` is a question.

An answer is something that JSON can hold, and bytes that go beside it. Every argument comes from a browser, and so does
what is done with files: clips are named, and looked up in the study's table; no path is ever taken from a question.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from dfdc_utils import models
from dfdc_utils.evaluation import aggregation
from dfdc_utils.explore import looks, one_clip, previews
from dfdc_utils.explore.clips import Clips
from dfdc_utils.explore.one_clip import OneClip
from dfdc_utils.explore.spot_the_fake import Game
from dfdc_utils.explore.uploads import Uploads
from dfdc_utils.faces.store import open_store
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.workspace import Workspace

Answer = tuple[Any, Sequence[bytes]]

EXPECTED = (ValueError, OSError, UnreadableVideo)
"""What can be wrong with a question or a file; its text is meant for the person who asked."""


class Answers:
    """Answers for one study."""

    def __init__(self, workspace: Workspace, clips: Clips):
        self._workspace, self._clips = workspace, clips
        self._uploads, self._game = Uploads(workspace, clips), Game(workspace, clips)
        self._looks = looks.Looks(workspace, clips)
        questions: list[Callable[..., Answer]] = [
            self.page, self.thumbnails, self.clip, self.preview, self.scores, self.curves, self.heat,
            self._looks.strips, self._looks.detections, self._looks.faces, *self._uploads.questions(),
            *self._game.questions(),
        ]
        self._questions = {question.__name__: question for question in questions}

    def __call__(self, ask: str, args: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> Answer:
        """The answer to a question. Raises ValueError for one that there is not, and the errors in `EXPECTED`."""
        if ask not in self._questions:
            raise ValueError(f"There is no question {ask!r}.")
        return self._questions[ask](**args, **({"parts": buffers} if buffers else {}))

    def page(self, **query: Any) -> Answer:
        """Some rows of the table, as `Clips.page` finds them."""
        return self._clips.page(query), ()

    def thumbnails(self, videos: list[str]) -> Answer:
        """A face of the main person of each clip that has one, as JPEG; `places` says which is whose."""
        pictures = thumbnails(self._workspace, [self._clips.row(video)["video"] for video in videos])
        order = {video: number for number, video in enumerate(pictures)}
        return {"places": [order.get(video) for video in videos]}, list(pictures.values())

    def clip(self, video: str) -> Answer:
        """Its row of the table, its file, its boxes, its original and the other fakes of that."""
        uploaded = self._uploads.get(video)
        if uploaded:
            return uploaded.info() | {"label": None, "title": self._uploads.title(video)}, ()
        return clip_facts(self._workspace, self._clips, video), ()

    def preview(self, video: str) -> Answer:
        return {}, [previews.preview(self._workspace, self._one(video).path).read_bytes()]

    def scores(self, model: str) -> Answer:
        """All scores of a model, for the threshold.

        Beside the names of splits and methods go, as bytes, a number a clip: label int8 (1 fake, 0 real, -1 none),
        P(fake) float64, judged uint8, and which split and which method int16 (-1 none).
        """
        if model not in self._clips.scores:
            raise ValueError(f"There are no scores of {model!r}.")
        table = self._clips.table
        labels = table["label"].map({"FAKE": 1, "REAL": 0}).fillna(-1).to_numpy(np.int8)
        splits = pd.Categorical(table["split"])
        methods = pd.Categorical(table["method"] if "method" in table else [None] * len(table))
        buffers = [
            labels, self._clips.scores[model].astype(np.float64), self._clips.judged[model].astype(np.uint8),
            splits.codes.astype(np.int16), methods.codes.astype(np.int16),
        ]
        told = {"splits": list(splits.categories), "methods": list(methods.categories)}
        return told, [np.ascontiguousarray(values).tobytes() for values in buffers]

    def curves(self, video: str) -> Answer:
        """What each model said of the faces of a clip."""
        uploaded = self._uploads.get(video)
        if uploaded:
            return {"models": self._uploads.curves(video)}, ()
        return {"models": clip_curves(self._workspace, self._clips, video)}, ()

    def heat(self, video: str, model: str) -> Answer:
        """`seen.heat` of a clip."""
        # TensorFlow is not loaded before somebody asks for this.
        from dfdc_utils.explore import seen

        if model not in models.names():
            raise ValueError(f"There is no model {model!r}.")
        return seen.heat(self._one(video), model, self._workspace)

    def _one(self, video: str) -> OneClip:
        return self._uploads.get(video) or one_clip.of_study(self._workspace, video, self._clips.row(video)["path"])


def thumbnails(workspace: Workspace, videos: Sequence[str]) -> dict[str, bytes]:
    """A face of the main person of each clip that has one, as a small JPEG."""
    store = open_store(workspace)
    known = store.known()
    videos = [video for video in dict.fromkeys(videos) if video in known.index and known.at[video, "outcome"] == "ok"]
    if not videos:
        return {}
    faces = store.faces(["video", "track", "frame"], videos)
    faces = faces[faces["track"] == 0].groupby("video", sort=False).nth(0)
    return {
        video: previews.thumbnail(crop) for video, crop in zip(faces["video"], store.crops(faces), strict=True)
    }


def clip_facts(workspace: Workspace, clips: Clips, video: str) -> dict[str, Any]:
    """All that is known of a clip of the study, ready for JSON."""
    row = clips.row(video)
    info = one_clip.of_study(workspace, video, row["path"]).info()
    original = row.get("original")
    table = clips.table
    first = original or video
    return info | {
        **{name: row.get(name) for name in ("label", "part", "split", "method", "outcome", "original")},
        "reason": info["reason"] or row.get("reason"),
        "original_here": original if original in clips.places else None,
        "fakes": table.loc[table["original"] == first, "video"].to_list(),
    }


def clip_curves(workspace: Workspace, clips: Clips, video: str) -> dict[str, Any]:
    """By model: `faces`, rows (track, seconds, P(fake)); the score of the `video`; whether it looks at a `sequence`."""
    place = clips.places[clips.row(video)["video"]]
    files = {name: workspace.predictions(name) for name in clips.scores}
    rows = {name: _predictions(path, path.stat().st_mtime_ns, video) for name, path in files.items()}
    rows = {name: some for name, some in rows.items() if len(some)}
    if not rows:
        return {}
    faces = open_store(workspace).faces(["track", "frame", "seconds"], [video])[["track", "frame", "seconds"]]
    return {
        name: curve_of(some.merge(faces, on=["track", "frame"]), name, float(clips.scores[name][place]))
        for name, some in rows.items()
    }


def curve_of(rows: pd.DataFrame, name: str, score: float) -> dict[str, Any]:
    """One model's entry of `clip_curves`; rows with track, seconds and p_fake."""
    faces = rows.sort_values(["track", "seconds"])[["track", "seconds", "p_fake"]].to_numpy(float).tolist()
    return {"faces": faces, "video": score, "sequence": name in models.SEQUENCE_MODELS}


@lru_cache(256)
def _predictions(path, changed: int, video: str) -> pd.DataFrame:
    """Plain predictions for one clip; `changed` tells one file of that name from another."""
    filters = [("video", "=", video), ("variant", "=", aggregation.PLAIN)]
    return pq.read_table(path, columns=["track", "frame", "p_fake"], filters=filters).to_pandas()
