"""What can be said of a video without a network: the numbers of the EDA, and how far they alone get one.

A data set whose fakes can be told by file size or brightness teaches a network file size and brightness.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from dfdc_utils import parallel
from dfdc_utils.faces import crops, files
from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.one_video import worker_detector
from dfdc_utils.faces.planning import plan
from dfdc_utils.faces.probe import VideoInfo
from dfdc_utils.faces.tracking import link
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import whole

NUMBERS = (
    "size_bytes", "bit_rate", "width", "height", "rate", "frames", "seconds",
    "face_brightness", "face_contrast", "face_laplacian",
)
KINDS = ("picture_size", "frame_rate", "codec", "pixel_format", "audio_codec", "encoder", "rotation")
"""What is one of a few: also sizes and rates, since fakes may be two rows higher than their originals, whatever the
size of these."""
FEATURES = (*NUMBERS, *KINDS)
"""All that a file says of itself, and of three trivial statistics of its faces."""

_FRAMES = 4
"""Frames of each video that are looked at: brightness and sharpness hardly change within ten seconds."""

_CROPS_TOGETHER = 256
"""Ready-made crops of one task: to hand them out one by one takes longer than to measure them."""

_METHOD = 2
"""Counts up when the code below begins to measure something else with the same numbers."""
_FILE = ("mtime_ns", "digest")
"""With its size, by these a file is known again."""
_INFO = tuple(field.name for field in dataclasses.fields(VideoInfo) if field.name != "path")
_MEASURED = ("brightness", "face_brightness", "face_contrast", "face_laplacian", "reason")


def clip_statistics(
    table: pd.DataFrame,
    profile: Profile,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
) -> pd.DataFrame:
    """Opens every video of `table` once and measures it, on all cores.

    Args:
        table: the one table.
        profile: gives the width for detection, the margin and the side of the crops; where these are ready-made,
            each is measured as it is, and frames, rate and duration say nothing.
        cache: a Parquet file (`workspace.videos`); videos that it holds, of the same size on disk and
            measured with the same numbers, are not opened again.
        workers, scheduler: as in `parallel.run`.

    Returns:
        One row a video, in the table's order: video, part, label; the fields of `VideoInfo` but its path;
        brightness (mean grey of whole frames, 0 to 255); of a few face crops face_brightness (mean grey),
        face_contrast (standard deviation of grey), face_laplacian (variance of the Laplacian: sharpness), NaN
        where no face was found; reason (why the file cannot be read, else None).
    """
    numbers = "source", "detection_width", "face_margin", "face_shift", "face_side"
    settings = " ".join(str(number) for number in (_METHOD, *(getattr(profile, name) for name in numbers)))
    known = _known(cache, settings)
    tasks = [(row.video, row.path, profile) for row in table.itertuples()]
    stale = plan(table, known).reasons
    measured = {video: row for video, row in known.to_dict("index").items() if video not in stale}
    missing = [task for task in tasks if task[0] not in measured]
    together = _CROPS_TOGETHER if profile.source == "crops" else 1
    groups = [missing[start:start + together] for start in range(0, len(missing), together)]
    for rows in parallel.run(
        _measure_group, groups, description="Looking into the videos", unit="clip", amount=len,
        workers=workers, scheduler=scheduler,
    ):
        measured.update((row["video"], row) for row in rows)
    rows = pd.DataFrame([measured[task[0]] for task in tasks], columns=["video", *_INFO, *_MEASURED, *_FILE])
    # Text columns as objects with None, as in the table.
    texts = ["video", "codec", "pixel_format", "audio_codec", "encoder", "reason", "digest"]
    rows[texts] = rows[texts].astype(object).where(rows[texts].notna(), None)
    if cache and missing:
        with whole(cache) as temporary:
            rows.assign(settings=settings).to_parquet(temporary, index=False)
    rows = rows.drop(columns=[*_FILE])
    return table[["video", "part", "label"]].merge(rows, on="video", how="left", validate="one_to_one")


@dataclass(frozen=True)
class TrivialBaseline:
    """A logistic regression on `FEATURES`, fitted on the training videos, applied to the test videos."""

    auc: float
    alone: pd.Series
    """By feature, the test AUC of the same regression on nothing else, the most telling first."""
    videos: pd.DataFrame
    """The test videos: video, label, p_fake."""

    @property
    def telling(self) -> pd.Series:
        """Those of `alone` that give the label away."""
        return self.alone[self.alone >= GIVEN_AWAY]

    @property
    def verdict(self) -> str:
        """A sentence: which single feature tells most, and whether that gives the label away."""
        if self.telling.empty:
            name, auc = self.alone.index[0], self.alone.iloc[0]
            best = f"the best, {name}, has a test AUC of {auc:.2f}"
            return f"No single property of the files and faces tells the label: {best}."
        named = ", ".join(f"{name} ({auc:.2f})" for name, auc in self.telling.items())
        return (
            f"Single properties of the files and faces tell the label on the test split (AUC): {named}. Networks may "
            "go by them too, and find nothing of the kind in other sets."
        )


GIVEN_AWAY = 0.7
"""Test AUC from which on a single property of the files is said to tell the label."""


def trivial_baseline(statistics: pd.DataFrame, table: pd.DataFrame) -> TrivialBaseline:
    """How far `FEATURES` alone get one on the test split, and each of them by itself.

    Every labelled test video counts: what could not be measured of it is taken to be the training median.
    Sizes and rates go in as logarithms. Raises ValueError where a split lacks one of the labels.
    """
    rows = table.loc[table["label"].notna(), ["video", "label", "split"]].merge(
        _described(statistics)[["video", *FEATURES]], on="video", how="left"
    )
    for column in ("size_bytes", "bit_rate", "face_laplacian"):
        rows[column] = np.log1p(rows[column])
    fake = (rows["label"] == "FAKE").to_numpy(dtype=int)
    train, test = (rows["split"] == "train").to_numpy(), (rows["split"] == "test").to_numpy()
    for split, of_split in (("train", train), ("test", test)):
        if len(set(fake[of_split])) < 2:
            raise ValueError(f"The {split} split needs real and fake videos.")

    def p_fake(*features: str) -> np.ndarray:
        regression = _regression(features)
        return regression.fit(rows[train], fake[train]).predict_proba(rows[test])[:, 1]

    alone = pd.Series({feature: roc_auc_score(fake[test], p_fake(feature)) for feature in FEATURES})
    scores = p_fake(*FEATURES)
    return TrivialBaseline(
        auc=float(roc_auc_score(fake[test], scores)),
        alone=alone.sort_values(ascending=False, kind="stable"),
        videos=rows.loc[test, ["video", "label"]].assign(p_fake=scores).reset_index(drop=True),
    )


def _described(statistics: pd.DataFrame) -> pd.DataFrame:
    """`statistics` with `NUMBERS` as numbers, and `KINDS` as text."""
    whole = statistics[["width", "height"]].astype("Float64").round().astype("Int64").astype(str)
    rows = statistics.assign(
        picture_size=whole["width"] + "×" + whole["height"], frame_rate=statistics["rate"].astype(float).round(2)
    )
    numbers, kinds = rows[list(NUMBERS)].astype(float), rows[list(KINDS)].astype(object)
    return rows.assign(**numbers, **kinds.where(kinds.notna(), "none").astype(str))


def _regression(features: Sequence[str]):
    numbers, kinds = ([name for name in some if name in features] for some in (NUMBERS, KINDS))
    columns = make_column_transformer(
        # Columns that are empty everywhere stay.
        (make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, max_categories=20), kinds),
    )
    return make_pipeline(columns, LogisticRegression(class_weight="balanced", max_iter=1000))


def _known(cache: Path | None, settings: str) -> pd.DataFrame:
    """What was measured before, by video, as `planning.plan` takes it."""
    rows = pd.DataFrame(columns=["video", "size_bytes", "settings", *_FILE])
    if cache is not None and cache.is_file():
        rows = pd.read_parquet(cache).reindex(columns=list(dict.fromkeys([*rows, *_INFO, *_MEASURED])))
    rows = rows[rows.pop("settings") == settings]
    return rows.drop_duplicates("video").set_index("video", drop=False).assign(outcome="ok")


def _measure_group(tasks: list[tuple[str, str, Profile]]) -> list[dict]:
    """Rows of `clip_statistics`, in a worker process."""
    return [_measure(*task) for task in tasks]


def _measure(video: str, path: str, profile: Profile) -> dict:
    row = dict.fromkeys((*_INFO, *_MEASURED)) | {"video": video} | files.identity(path)
    try:
        # One thread: there is a worker on every core.
        frames = sample(path, _FRAMES, exact=False, threads=1)
    except UnreadableVideo as error:
        return row | {"reason": error.cause}
    row |= {field: getattr(frames.info, field) for field in _INFO}
    row["brightness"] = float(np.mean([_grey(image).mean() for image in frames.images]))
    faces = [_grey(face) for face in _faces(frames.images, profile)]
    if faces:
        row |= {
            "face_brightness": float(np.mean([face.mean() for face in faces])),
            "face_contrast": float(np.mean([face.std() for face in faces])),
            "face_laplacian": float(np.mean([cv2.Laplacian(face, cv2.CV_64F).var() for face in faces])),
        }
    return row


def _faces(images: list[np.ndarray], profile: Profile) -> list[np.ndarray]:
    """The crops of the main person in some frames; ready-made ones as they are."""
    if profile.source == "crops":
        return images
    return [
        crops.cut(
            images[place], crops.square(detection.box, profile.face_margin, profile.face_shift), profile.face_side
        )
        for track in link(worker_detector(profile.detection_width).detect(images), max_people=1)
        for place, detection in zip(track.frames, track.detections, strict=True)
    ]


def _grey(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
