"""What a trained model says of faces it was given (`models.inputs`): one row a face and variant, and nothing else."""

import time
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import tta as augmentation
from dfdc_utils.evaluation.aggregation import PLAIN
from dfdc_utils.evaluation.predictions import load as load  # `predict.load` reads what `predict.predict` wrote
from dfdc_utils.evaluation.predictions import made_of
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.models import features, record
from dfdc_utils.models.inputs import positions
from dfdc_utils.models.sequences import PADDING, padded
from dfdc_utils.profiles import Profile
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
    model=None,
) -> pd.DataFrame:
    """The predictions of model `name` for all faces of some splits, also written to the workspace.

    Args:
        name: of a trained model.
        workspace: with the study's table, faces and that model.
        splits: of "train", "validation", "test", "unlabelled".
        tta: also predicts the profile's test-time augmentations, for `AUGMENTED_SPLITS`.
        saved_as: the name under which the model was saved, and its predictions are; by default `name`.
        model: as it was loaded from there; by default it is loaded where it is needed.

    Returns:
        Columns model, video, track, frame, variant ("plain" or an augmentation's name), p_fake. For a
        sequence model a row is a window, and `frame` is its first. Its `attrs["seconds_per_face"]` says, by
        variant, how long changing and scoring a face took. What is there already, made from the same model, table,
        faces, settings and code, is read.

    Raises FileNotFoundError where the table, faces or the model are missing, and made_from.NotCurrent where one
    of them does not fit the workspace, naming the notebook to run.
    """
    profile, saved_as = workspace.profile, saved_as or name
    record.require_current(name, workspace, saved_as=saved_as)
    table, store, path = open_study_table(workspace), open_store(workspace), workspace.predictions(saved_as)
    made = made_of(name, workspace, table, splits, profile.tta_variants if tta else 0, saved_as)
    if made_from.difference(workspace, path, made) is None:
        print(f"{models.title(name, profile)}: predictions of the same model and faces are there already.", flush=True)
        return pd.read_parquet(path)
    model = model or models.load(workspace.model(saved_as))
    faces = store.faces(["video", "track", "frame"], table["video"]).merge(table[["video", "split"]], on="video")
    variants = augmentation.variants(profile.tta_variants) if tta else {}
    predictions, seconds = [], dict[str, float]()
    for split in splits:
        rows = faces[faces["split"] == split].reset_index(drop=True)
        of_split = variants if split in AUGMENTED_SPLITS else {}
        if name in models.SEQUENCE_MODELS and len(rows):
            in_windows, places, seen = features_of_windows(name, model, rows, store, workspace, of_split, split)
            of_windows = score_windows(model, places, seen, list(_with_plain(of_split)))
            scored = as_table(name, in_windows.iloc[places[:, 0]], of_windows)
            if not seconds.keys() >= of_split.keys() | {PLAIN}:
                # What a look costs is measured with the whole network, on a few windows.
                some = rows[rows["video"].isin(rows["video"].unique()[:_TIMED])].reset_index(drop=True)
                seconds |= score_faces(name, model, some, store.crops, profile, of_split).attrs["seconds_per_face"]
        else:
            scored = score_faces(
                name, model, rows, store.crops, profile, of_split, description=f"{saved_as}, {split}"
            )
            seconds |= scored.attrs["seconds_per_face"]
        predictions.append(scored)
    result = pd.concat(predictions, ignore_index=True).assign(model=saved_as)
    result.attrs["seconds_per_face"] = seconds
    with whole(path) as temporary:
        result.to_parquet(temporary, index=False)
    made_from.record(workspace, path, made)
    # As whoever finds it there gets it.
    return pd.read_parquet(path)


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
    changes = _with_plain(variants)
    scores: dict[str, list] = {variant: [] for variant in changes}
    seconds: dict[str, list] = {variant: [] for variant in changes}
    with tqdm(
        total=(places != PADDING).sum() * len(changes), desc=description, unit="face", mininterval=1.0,
        disable=description is None,
    ) as progress:
        for start in range(0, len(places), size):
            batch = places[start:start + size]
            pixels = read(faces.iloc[batch[batch != PADDING]])
            for variant, change in changes.items():
                began = time.perf_counter()
                # A window's frames all change in the same way: variants are fixed. Padding is added to what came
                # of them, since they know nothing of it.
                seen = change(pixels) if batch.ndim == 1 else padded(change(pixels), batch)
                scores[variant].append(_p_fake(model, seen, fill=size if start else 0))
                seconds[variant].append((time.perf_counter() - began) / len(pixels))
                progress.update(len(pixels))
    result = as_table(name, faces.loc[first], scores)
    # The median passes over the first batches, in which the network is compiled.
    result.attrs["seconds_per_face"] = {
        variant: float(np.median(of_batches)) for variant, of_batches in seconds.items() if of_batches
    }
    return result


def _p_fake(model, seen: np.ndarray, *, fill: int) -> np.ndarray:
    """What `model` says of each of `seen`, which is filled up to `fill`: Keras compiles seconds for another size."""
    filled = np.resize(seen, (max(fill, len(seen)), *seen.shape[1:]))
    return np.asarray(model.predict_on_batch(filled))[:len(seen), 0]


def in_memory(pixels: np.ndarray) -> Callable[[pd.DataFrame], np.ndarray]:
    """For `score_faces`: reads from `pixels`, which are those of all of its faces."""
    return lambda rows: pixels[rows.index]


def _with_plain(variants: dict[str, augmentation.Transformation]) -> dict[str, augmentation.Transformation]:
    return {PLAIN: lambda pixels: pixels, **variants}


def as_table(name: str, rows: pd.DataFrame, scores: dict[str, list[np.ndarray]]) -> pd.DataFrame:
    """What `predict` returns, of `scores` in parts by variant, each in the order of `rows`."""
    rows = rows[_FACE].reset_index(drop=True)
    tables = [
        rows.assign(model=name, variant=variant, p_fake=np.concatenate([np.empty(0), *parts]))
        for variant, parts in scores.items()
    ]
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]


class _Changed:
    """Some faces as a variant shows them: `features.Pixels`."""

    def __init__(self, faces: pd.DataFrame, store: FaceStore, variant: str, change: augmentation.Transformation):
        self.kind = f"{variant}, {made_from.code_of(augmentation.__name__)}" if variant != PLAIN else PLAIN
        self._faces, self._store, self._change = faces, store, change

    def __len__(self) -> int:
        return len(self._faces)

    def __call__(self, positions: np.ndarray, seed: tuple[int, ...], *, alike: bool = True) -> np.ndarray:
        return self._change(self._store.crops(self._faces.iloc[positions]))


def features_of_windows(
    name: str,
    model,
    faces: pd.DataFrame,
    store: FaceStore,
    workspace: Workspace,
    variants: dict[str, augmentation.Transformation],
    split: str,
) -> tuple[pd.DataFrame, np.ndarray, features.Features]:
    """What the frozen backbone of a sequence model sees in the faces that it is given.

    Computed once for each face and variant, kept in the workspace, and shared by all models with that backbone.

    Args:
        faces: rows of a split, as in `score_faces`.
        variants: beside the plain look.

    Returns:
        The rows of the faces in a window; which of them each window holds, (windows, frames), padded; and their
        features, those of the plain look first.
    """
    places = positions(faces, name, workspace.profile)
    # Of a long track a window takes some faces only.
    used = np.unique(places[places != PADDING])
    places = np.where(places == PADDING, PADDING, np.searchsorted(used, places))
    in_windows = faces.iloc[used].reset_index(drop=True)
    seen = [_Changed(in_windows, store, variant, change) for variant, change in _with_plain(variants).items()]
    cached = features.compute(
        model.get_layer("backbone"), seen,
        store.identity_of_rows(in_windows), workspace.features, f"resnet50-seen-{split}", seed=0, verbose=True,
    )
    return in_windows, places, cached


def score_windows(
    model, places: np.ndarray, seen: features.Features, variants: Sequence[str]
) -> dict[str, list[np.ndarray]]:
    """P(fake) of each window, in parts, by variant: what the head of a sequence model makes of features."""
    head, batches = model.get_layer("head"), np.split(places, range(_BATCH, len(places), _BATCH))
    return {
        variant: [
            _p_fake(head, padded(values[batch[batch != PADDING]], batch), fill=_BATCH if number else 0)
            for number, batch in enumerate(batches)
        ]
        for variant, values in zip(variants, seen.values, strict=True)
    }
