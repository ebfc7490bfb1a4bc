"""How a model's answers hold when the faces it is given get worse: six corruptions, five strengths each.

A clip that goes through a messenger or a video platform is compressed, shrunk and encoded again; one filmed at
night is dark and noisy. Each corruption is laid on the test faces as they lie in the store, and the model looks
at them again (the idea is that of Hendrycks and Dietterich, Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations, ICLR 2019).
"""

import functools
import types
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import av
import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import bootstrap, metrics
from dfdc_utils.evaluation.aggregation import PLAIN, video_scores
from dfdc_utils.evaluation.predict import as_table, in_memory, score_faces, score_windows
from dfdc_utils.evaluation.tta import each
from dfdc_utils.faces import crops
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.models import features, record
from dfdc_utils.models.inputs import positions
from dfdc_utils.models.sequences import PADDING
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

_ROUNDS = 200
"""Draws for an interval: there are 36 to a curve."""


@dataclass(frozen=True)
class Corruption:
    """One way in which faces get worse."""

    unit: str
    """What a level measures."""
    levels: tuple[float, float, float, float, float]
    """At strength 1 to 5."""
    apply: Callable[[np.ndarray, float, np.random.Generator], np.ndarray]
    """Takes the faces of one person in the order of time, RGB uint8 (faces, side, side, 3), a level, and a source
    of chance; returns faces of the same shape."""


def _jpeg(faces, quality, rng):
    def compress(face):
        # With the chroma subsampling that is JPEG's default, and so everybody's.
        data = cv2.imencode(".jpg", face[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, int(quality)))[1]
        return crops.decode(data.tobytes())

    return each(compress)(faces)


def _h264(faces, crf, rng):
    """The faces as one short clip through x264 and back."""
    count, height, width, _ = faces.shape
    # Half of the chroma lines are kept, so sides must be even.
    even = np.pad(faces, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    encoder, decoder = av.CodecContext.create("libx264", "w"), av.CodecContext.create("h264", "r")
    encoder.height, encoder.width, encoder.pix_fmt = *even.shape[1:3], "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.options = {"crf": str(int(crf)), "preset": "veryfast", "threads": "1"}
    packets: list[av.Packet | None] = []
    for number, face in enumerate(even):
        frame = av.VideoFrame.from_ndarray(face, format="rgb24")
        frame.pts = number
        packets += encoder.encode(frame)
    packets += [*encoder.encode(None), None]
    decoded = [frame.to_ndarray(format="rgb24") for packet in packets for frame in decoder.decode(packet)]
    if len(decoded) != count:
        raise RuntimeError(f"{count} faces went into x264 and {len(decoded)} came back.")
    return np.stack(decoded)[:, :height, :width]


def _blur(faces, sigma, rng):
    return each(lambda face: cv2.GaussianBlur(face, (0, 0), sigma / 100 * face.shape[0]))(faces)


def _down_scaling(faces, share, rng):
    """What a smaller upload of the same clip would show."""

    def shrink(face):
        side = face.shape[0]
        small = max(1, round(share / 100 * side))
        shrunk = cv2.resize(face, (small, small), interpolation=cv2.INTER_AREA)
        return cv2.resize(shrunk, (side, side), interpolation=cv2.INTER_CUBIC)

    return each(shrink)(faces)


def _noise(faces, sigma, rng):
    return np.clip(faces + rng.normal(0, sigma, faces.shape), 0, 255).round().astype(np.uint8)


def _dark(faces, light, rng):
    return (faces * (light / 100)).round().astype(np.uint8)


CORRUPTIONS = types.MappingProxyType({
    "jpeg": Corruption("JPEG, quality", (70, 50, 30, 20, 10), _jpeg),
    "h264": Corruption("H.264, CRF", (23, 27, 31, 35, 40), _h264),
    "blur": Corruption("Blur, % of the side", (0.8, 1.3, 2, 3, 4.5), _blur),
    "noise": Corruption("Noise, of 255", (4, 8, 16, 28, 45), _noise),
    "down_scaling": Corruption("Down-scaling, % of the side", (75, 50, 35, 25, 15), _down_scaling),
    "darkness": Corruption("Darkness, % of the light", (70, 50, 35, 20, 10), _dark),
})
"""By name. Blur is a standard deviation, as is noise; CRF is x264's constant rate factor, more is worse."""


def predict_corrupted(name: str, workspace: Workspace, model=None) -> pd.DataFrame:
    """What model `name` says of corrupted test faces; kept in `workspace.robustness(name)`.

    `model` is given where it is loaded already.

    The profile's `robustness_videos` says how many test videos it is shown at each strength, of reals and fakes the
    same number as far as there are so many: a frame model `robustness_frames` faces of each person, a sequence model
    a whole window. What a frozen backbone sees is kept, and shared by all models with it.

    Returns:
        Columns as of `predict.predict`; variant is "plain", or a corruption's name with its strength: "jpeg_3".

    Raises FileNotFoundError where the table, the faces or the model are missing, naming the notebook to run.
    """
    profile = workspace.profile.replace(evaluation_frames=workspace.profile.robustness_frames)
    record.require_current(name, workspace)
    store = open_store(workspace)
    faces = _drawn_faces(name, open_study_table(workspace), store, profile)
    wanted = made_from.MadeFrom(
        settings={"seed": profile.seed, "sequence_frames": profile.sequence_frames},
        inputs={
            "the model": made_from.identity(workspace, workspace.model(name)),
            "the faces": store.identity_of_rows(faces),
        },
        code=made_from.code_of(__name__),
    )
    return made_from.table(
        workspace, workspace.robustness(name), wanted,
        lambda: _predict(name, workspace, model or models.load(workspace.model(name)), store, faces, profile),
    )


def _predict(
    name: str, workspace: Workspace, model, store: FaceStore, faces: pd.DataFrame, profile: Profile
) -> pd.DataFrame:
    # Pixels are read once. The faces of a person stand together, in the order of time.
    people = [store.crops(rows) for _, rows in faces.groupby(["video", "track"], sort=False)]
    changes = {PLAIN: lambda person: person} | {
        f"{corruption}_{strength}": _change(corruption, strength, profile.seed)
        for corruption in CORRUPTIONS
        for strength in range(1, 6)
    }

    @functools.lru_cache(maxsize=1)
    def changed(variant: str) -> np.ndarray:
        return np.concatenate([changes[variant](person) for person in people])

    if name in models.SEQUENCE_MODELS:
        places = positions(faces, name, profile)
        seen = features.compute(
            model.get_layer("backbone"), [_Corrupted(variant, len(faces), changed) for variant in changes],
            store.identity_of_rows(faces), workspace.features, "resnet50-corrupted", seed=profile.seed, verbose=True,
        )
        first = faces.iloc[places[:, 0]]
        return as_table(name, first, score_windows(model, places, seen, list(changes)))
    predictions = []
    for variant in tqdm(changes, desc=f"{name}, corrupted", unit="variant", mininterval=1.0):
        scored = score_faces(name, model, faces, in_memory(changed(variant)), profile, {})
        predictions.append(scored.assign(variant=variant))
    return pd.concat(predictions, ignore_index=True)


class _Corrupted:
    """Some faces, corrupted in one way: `features.Pixels`."""

    def __init__(self, variant: str, count: int, changed: Callable[[str], np.ndarray]):
        self.kind = f"{variant}, {made_from.code_of(__name__)}"
        self._variant, self._count, self._changed = variant, count, changed

    def __len__(self) -> int:
        return self._count

    def __call__(self, positions: np.ndarray, seed: tuple[int, ...], *, alike: bool) -> np.ndarray:
        return self._changed(self._variant)[positions]


def curves(predictions: pd.DataFrame, table: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """How the scores of videos fall with each corruption's strength, from the predictions alone.

    Args:
        predictions: of one model, from `predict_corrupted`.
        table: the study's table, for the labels.
        seed: of the draws of the intervals.

    Returns:
        One row for each corruption and strength: corruption, unit, strength (0: the same faces as they are), level
        (in that unit; NaN at strength 0), the measures of `metrics.score`, and auc_low and auc_high (95 % by bootstrap
        over originals). Videos without a face are not among them: nothing of theirs can be corrupted.
    """
    known, rows = table[["video", "label", "original"]], []
    for corruption, kind in CORRUPTIONS.items():
        for strength, level in enumerate((np.nan, *kind.levels)):
            variant = f"{corruption}_{strength}" if strength else PLAIN
            seen = predictions[predictions["variant"] == variant].assign(variant=PLAIN)
            videos = video_scores(seen).rename("p_fake").reset_index().merge(known, on="video")
            measured = metrics.score(videos["label"] == "FAKE", videos["p_fake"])
            if measured["auc"] is not None:
                interval = bootstrap.interval(videos, seed=seed, rounds=_ROUNDS)
                measured |= dict(zip(("auc_low", "auc_high"), interval, strict=True))
            step = {"corruption": corruption, "unit": kind.unit, "strength": strength, "level": level}
            rows.append(step | measured)
    return pd.DataFrame(rows)


def _drawn_faces(name: str, table: pd.DataFrame, store: FaceStore, profile: Profile) -> pd.DataFrame:
    """The faces of the test split that model `name` is shown, index 0, 1, …, those of a person together."""
    test = table[(table["split"] == "test") & table["label"].notna()]
    faces = store.faces(["video", "track", "frame"], test["video"]).merge(test[["video", "label"]], on="video")
    of_a_label = max(1, profile.robustness_videos // 2)
    # Whatever the model, the videos of a longer draw begin with those of a shorter one.
    videos = faces.drop_duplicates("video").sample(frac=1, random_state=profile.seed)
    faces = faces[faces["video"].isin(videos.groupby("label").head(of_a_label)["video"])].reset_index(drop=True)
    shown = positions(faces, name, profile)
    return faces.iloc[shown[shown != PADDING]].reset_index(drop=True)


def _change(corruption: str, strength: int, seed: int) -> Callable[[np.ndarray], np.ndarray]:
    kind = CORRUPTIONS[corruption]
    rng = np.random.default_rng([seed, strength])
    return lambda person: kind.apply(person, kind.levels[strength - 1], rng)
