"""What a trained model says of faces it was given: one row a face and variant, and nothing but that.

The faces of a person are taken as in validation: of so many equal stretches of the track the middle of each,
in order. A frame model scores them one by one, each once; a sequence model takes them as one window, in which
a short track is padded (`models.sequences`).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import models
from dfdc_utils.data.metadata import open_study_table
from dfdc_utils.evaluation import tta as augmentation
from dfdc_utils.evaluation.aggregation import PLAIN, THRESHOLD, video_scores
from dfdc_utils.faces import crops
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.models.published import load_published, published_profile
from dfdc_utils.models.sequences import PADDING, padded, spread
from dfdc_utils.profiles import Profile
from dfdc_utils.training import features
from dfdc_utils.training.batches import fingerprint
from dfdc_utils.workspace import Workspace, whole

_FACE = ["video", "track", "frame"]
COLUMNS = ("model", *_FACE, "variant", "p_fake")

AUGMENTED_SPLITS = ("test", "unlabelled")
"""Only these are looked at in several ways: augmentation at test time is to better the answer, and nobody
asks for an answer on the other splits."""

_BATCH = 64
"""Faces that go through a network at once."""
_TIMED = 20
"""Videos on which it is measured what a sequence model's look at a face costs."""


def predict(
    name: str,
    workspace: Workspace,
    *,
    splits: Sequence[str] = ("test",),
    tta: bool = True,
    saved_as: str | None = None,
) -> pd.DataFrame:
    """The predictions of model `name` for all faces of some splits, also written to the workspace.

    Args:
        name: of a trained model.
        workspace: with the study's table, faces and that model.
        splits: of "train", "validation", "test", "unlabelled".
        tta: also predicts the profile's test-time augmentations, for `AUGMENTED_SPLITS`.
        saved_as: the name under which the model was saved, and its predictions are; by default `name`.

    Returns:
        Columns model, video, track, frame, variant ("plain" or an augmentation's name), p_fake. For a
        sequence model a row is a window, and `frame` is its first. Its `attrs["seconds_per_face"]` says, by
        variant, how long changing and scoring a face took.

    Raises FileNotFoundError where the table, the faces or the model are missing, naming the notebook to run.
    """
    profile, saved_as = workspace.profile, saved_as or name
    model = models.load(workspace.model(saved_as))
    table, store = open_study_table(workspace), FaceStore(workspace.faces)
    faces = store.faces(["video", "track", "frame"]).merge(table[["video", "split"]], on="video")
    faces = faces.sort_values(["video", "track", "frame"], ignore_index=True)
    variants = augmentation.variants(profile.tta_variants) if tta else {}
    predictions, seconds = [], {}
    for split in splits:
        rows = faces[faces["split"] == split].reset_index(drop=True)
        ways = variants if split in AUGMENTED_SPLITS else {}
        if name in models.SEQUENCE_MODELS and len(rows):
            scored = _score_windows(name, model, rows, store, workspace, ways, split)
            if not seconds.keys() >= ways.keys() | {PLAIN}:
                # What a look costs is measured with the whole network, on a few windows.
                some = rows[rows["video"].isin(rows["video"].unique()[:_TIMED])].reset_index(drop=True)
                seconds |= score_faces(name, model, some, store.crops, profile, ways).attrs["seconds_per_face"]
        else:
            scored = score_faces(
                name, model, rows, store.crops, profile, ways, description=f"{saved_as}, {split}"
            )
            seconds |= scored.attrs["seconds_per_face"]
        predictions.append(scored)
    result = pd.concat(predictions, ignore_index=True).assign(model=saved_as)
    result.attrs["seconds_per_face"] = seconds
    with whole(workspace.predictions(saved_as)) as temporary:
        result.to_parquet(temporary, index=False)
    return result


def load(workspace: Workspace, name: str) -> pd.DataFrame:
    """What `predict` wrote for model `name`. Raises FileNotFoundError where it has not been called."""
    path = workspace.predictions(name)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: run notebook 07_evaluate_with_tta first.")
    return pd.read_parquet(path)


def inputs(name: str, workspace: Workspace, videos: Sequence[str]) -> np.ndarray:
    """What model `name` is given of the main person of some videos: RGB 0–255, a batch of its own input.

    (faces, side, side, 3) uint8, several a video, or (windows, frames, side, side, 3) float32, padded, one a
    video. Videos without a face give none.
    """
    return shown(name, workspace, videos)[1]


def shown(
    name: str, workspace: Workspace, videos: Sequence[str], *, per_video: int | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """The `inputs` of model `name`, and before them the rows of the face store that they were made of.

    The rows stand in the order of the inputs, those of a window one after the other; padding has none.
    `per_video` is how many faces of a video a frame model gets; by default as many as are scored.
    """
    profile = workspace.profile.replace(evaluation_frames=per_video or workspace.profile.evaluation_frames)
    store = FaceStore(workspace.faces)
    faces = store.faces()
    faces = faces[faces["video"].isin(videos) & (faces["track"] == 0)]
    faces = faces.sort_values(["video", "frame"], ignore_index=True)
    places = positions(faces, name, profile)
    rows = faces.iloc[places[places != PADDING]].reset_index(drop=True)
    pixels = store.crops(rows)
    return rows, pixels if places.ndim == 1 else padded(pixels, places)


@dataclass(frozen=True)
class Verdict:
    """What a model says of one video file."""

    path: Path
    p_fake: float | None
    """None where the video could not be judged."""
    faces: int
    """Faces that were scored."""
    reason: str | None
    """Why the video could not be judged; None where it was."""

    @property
    def label(self) -> str | None:
        """"FAKE" from a score of 0.5 on, else "REAL"; None where the video could not be judged."""
        if self.p_fake is None:
            return None
        return "FAKE" if self.p_fake >= THRESHOLD else "REAL"


def score_videos(
    paths: Sequence[str | Path], name: str, workspace: Workspace, *, published: str | None = None
) -> list[Verdict]:
    """Finds the faces in video files and scores them with model `name`, one verdict a file, in order.

    The steps and their numbers (frames, detection width, margin) are those of the study that trained the
    model, or, with `published` weights ("DF", "F2F"), those of the workspace's profile.
    """
    from dfdc_utils.faces.detector import FaceDetector
    from dfdc_utils.faces.extraction import extract_video

    if published:
        profile, model = published_profile(workspace.profile), load_published(name, published)
    else:
        profile, model = workspace.profile, models.load(workspace.model(name))
    detector = FaceDetector(width=profile.detection_width)
    verdicts = []
    for path in map(Path, paths):
        faces, account = extract_video(path, path.name, detector, profile)
        if account["outcome"] != "ok":
            verdicts.append(Verdict(path, None, 0, account["reason"]))
            continue
        pixels = np.stack([crops.decode(jpeg) for jpeg in faces["jpeg"]])
        rows = score_faces(name, model, faces, lambda rows, pixels=pixels: pixels[rows.index], profile, {})
        scored = int((positions(faces, name, profile) != PADDING).sum())
        verdicts.append(Verdict(path, float(video_scores(rows).iloc[0]), scored, None))
    return verdicts


def positions(faces: pd.DataFrame, name: str, profile: Profile) -> np.ndarray:
    """Which rows of `faces` model `name` is given: (faces,) or, for a sequence model, (windows, frames), padded.

    Args:
        faces: columns video and track; the rows of a person stand together, in the order of time.
    """
    sequences = name in models.SEQUENCE_MODELS
    wanted = profile.sequence_frames if sequences else profile.evaluation_frames
    counts = faces.groupby(["video", "track"], sort=False).size().to_numpy()
    places = spread(counts, wanted)
    windows = np.where(places == PADDING, PADDING, places + (counts.cumsum() - counts)[:, None])
    return windows if sequences else windows[windows != PADDING]


def score_faces(
    name: str,
    model,
    faces: pd.DataFrame,
    read: Callable[[pd.DataFrame], np.ndarray],
    profile: Profile,
    variants: dict[str, augmentation.Transformation],
    *,
    description: str | None = None,
) -> pd.DataFrame:
    """Predictions for the people in `faces`: what `predict` returns.

    Args:
        name, model: which model, and itself.
        faces: columns video, track and frame, index 0, 1, …; the rows of a person together, in the order of time.
        read: gives the pictures of some rows of `faces`, RGB uint8 (rows, side, side, 3).
        profile: says how many faces of a person are scored.
        variants: ways in which they are looked at beside the plain one.
        description: of the progress bar; None shows none.
    """
    places = positions(faces, name, profile)
    first = places if places.ndim == 1 else places[:, 0]
    size = _BATCH if places.ndim == 1 else max(1, _BATCH // places.shape[1])
    ways = _ways(variants)
    scores, seconds = {variant: [] for variant in ways}, {variant: [] for variant in ways}
    with tqdm(
        total=(places != PADDING).sum() * len(ways), desc=description, unit="face", mininterval=1.0,
        disable=description is None,
    ) as progress:
        for start in range(0, len(places), size):
            batch = places[start:start + size]
            pixels = read(faces.iloc[batch[batch != PADDING]])
            for variant, change in ways.items():
                began = time.perf_counter()
                # A window's frames all change in the same way: variants are fixed. Padding is added to what came
                # of them, since they know nothing of it.
                seen = change(pixels) if batch.ndim == 1 else padded(change(pixels), batch)
                scores[variant].append(np.asarray(model.predict_on_batch(seen))[:, 0])
                seconds[variant].append((time.perf_counter() - began) / len(pixels))
                progress.update(len(pixels))
    result = _as_table(name, faces.loc[first], scores)
    # The median passes over the first batches, in which the network is compiled.
    result.attrs["seconds_per_face"] = {
        variant: float(np.median(of_batches)) for variant, of_batches in seconds.items() if of_batches
    }
    return result


def _ways(variants: dict[str, augmentation.Transformation]) -> dict[str, augmentation.Transformation]:
    return {PLAIN: lambda pixels: pixels, **variants}


def _as_table(name: str, rows: pd.DataFrame, scores: dict[str, list[np.ndarray]]) -> pd.DataFrame:
    """What `predict` returns, of `scores` in parts by variant, each in the order of `rows`."""
    rows = rows[_FACE].reset_index(drop=True)
    tables = [
        rows.assign(model=name, variant=variant, p_fake=np.concatenate([np.empty(0), *parts]))
        for variant, parts in scores.items()
    ]
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


class _Changed:
    """Some faces as a variant shows them, by their position among them; reads like `training.batches.Crops`."""

    def __init__(self, faces: pd.DataFrame, store: FaceStore, change: augmentation.Transformation):
        self._faces, self._store, self._change = faces, store, change

    def __len__(self) -> int:
        return len(self._faces)

    def __call__(self, positions: np.ndarray, seed: tuple[int, ...], *, alike: bool = True) -> np.ndarray:
        return self._change(self._store.crops(self._faces.iloc[positions]))


def _score_windows(
    name: str,
    model,
    faces: pd.DataFrame,
    store: FaceStore,
    workspace: Workspace,
    variants: dict[str, augmentation.Transformation],
    split: str,
) -> pd.DataFrame:
    """What `score_faces` gives for a sequence model, from the features of its frozen backbone: these are computed
    once for each face and variant, kept in the workspace, and shared by all models with that backbone.
    """
    places = positions(faces, name, workspace.profile)
    ways, rows = _ways(variants), faces.loc[places[:, 0]]
    # Of a long track a window takes some faces only.
    used = np.unique(places[places != PADDING])
    places = np.where(places == PADDING, PADDING, np.searchsorted(used, places))
    in_windows = faces.iloc[used]
    cached = features.compute(
        model.get_layer("backbone"), [_Changed(in_windows, store, change) for change in ways.values()],
        fingerprint(in_windows, tuple(_FACE)), workspace.features, f"resnet50-seen-{split}", seed=0, verbose=True,
    )
    head, batches = model.get_layer("head"), np.split(places, range(_BATCH, len(places), _BATCH))
    return _as_table(name, rows, {
        variant: [
            np.asarray(head.predict_on_batch(padded(values[batch[batch != PADDING]], batch)))[:, 0]
            for batch in batches
        ]
        for variant, values in zip(ways, cached.values, strict=True)
    })
