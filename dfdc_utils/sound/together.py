"""Picture and sound together: P(something in the clip is fake), and what listening adds to looking."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table, original_of
from dfdc_utils.evaluation import aggregation, bootstrap, metrics
from dfdc_utils.evaluation.calibration import logits
from dfdc_utils.evaluation.predict import score_faces
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace, write_json

SIGNS = ("picture", "voice", "lips")
"""P(fake) by a network that sees; P(rebuilt by a machine) by `artefacts`; P(another voice) by `sync`."""
NAME = "picture_and_sound"
_CODE = tuple(f"dfdc_utils.sound.{module}" for module in ("together", "artefacts", "sync", "forged", "voices"))
_HELD = 0.05
"""How strongly a sign's weight is held near 1: a validation split has few clips."""
_MOST = 6.0


def best_on_validation(workspace: Workspace) -> str:
    """Of the trained models that fit the study, the one with the least validation loss when it was trained."""
    losses = {}
    for name in record.current(workspace):
        history = json.loads(workspace.training(name).read_text(encoding="utf-8"))["history"]
        losses[name] = min(epoch["val_loss"] for epoch in history)
    return min(losses, key=lambda name: losses[name])


def picture(workspace: Workspace, name: str, videos: pd.Series) -> pd.Series:
    """P(fake) by model `name`, which sees faces alone, by video; those without a face are not there."""
    store = open_store(workspace)
    faces = store.faces(["video", "track", "frame"], videos)
    rows = score_faces(
        name, models.load(workspace.model(name)), faces, store.crops, workspace.profile, {}, description=name
    )
    return aggregation.video_scores(rows)


@dataclass(frozen=True, kw_only=True)
class Together:
    """1 − Π (1 − p): something is fake unless the picture, the voice and the lips are all in order.

    Each p is a sign's score on a scale of its own, σ(weight · logit + bias); a sign that a clip does not have is left
    out of the product.
    """

    weights: tuple[float, ...]
    biases: tuple[float, ...]

    def __call__(self, signs: pd.DataFrame) -> np.ndarray:
        """P(something in the clip is fake) for rows with columns `SIGNS`, NaN where a sign is missing."""
        values = signs[[*SIGNS]].to_numpy(float)
        with np.errstate(invalid="ignore"):
            each = expit(np.array(self.weights) * logits(values) + np.array(self.biases))
        return 1 - np.prod(1 - np.where(np.isnan(values), 0.0, each), axis=1)


def fit(signs: pd.DataFrame, labels: np.ndarray) -> Together:
    """The `Together` with the least log loss on the **validation** split, so that what it says is calibrated there.

    Args:
        signs: columns `SIGNS`, a row a clip.
        labels: 1 for fake, (n,).
    """
    count = len(SIGNS)

    def made(numbers: np.ndarray) -> Together:
        return Together(weights=tuple(numbers[:count].tolist()), biases=tuple(numbers[count:].tolist()))

    def loss(numbers: np.ndarray) -> float:
        held = _HELD * np.mean((numbers[:count] - 1) ** 2)
        return bootstrap.log_loss(labels, np.clip(made(numbers)(signs), 1e-6, 1 - 1e-6)) + held

    begin = np.array([1.0] * count + [-1.0] * count)
    bounds = [(0.0, _MOST)] * count + [(-_MOST, _MOST)] * count
    return made(minimize(loss, begin, method="L-BFGS-B", bounds=bounds).x)


def gain(videos: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """What both come to on the test split, and what is gained: rows "picture", "picture and sound", "gain".

    Args:
        videos: video, label, original, picture and p_fake (of both), for every clip.
        seed: of the intervals, for which originals are drawn anew.

    Returns:
        auc and log_loss, each with its 95 % interval _low and _high; NaN where all clips are of one original.
    """
    columns = {"picture": videos["picture"], "picture and sound": videos["p_fake"]}
    alone = {name: videos[["video", "label", "original"]].assign(p_fake=p_fake) for name, p_fake in columns.items()}
    labels = (videos["label"] == "FAKE").to_numpy(int)
    rows: dict[str, dict[str, float]] = {name: {} for name in (*columns, "gain")}
    several = original_of(videos).nunique() > 1
    for measure, statistic in (("auc", bootstrap.auc), ("log_loss", bootstrap.log_loss)):
        for name, rows_of in alone.items():
            low, high = bootstrap.interval(rows_of, statistic, seed=seed) if several else (np.nan, np.nan)
            value = statistic(labels, rows_of["p_fake"].to_numpy())
            rows[name] |= {measure: value, f"{measure}_low": low, f"{measure}_high": high}
        both, one = alone["picture and sound"], alone["picture"]
        value, low, high = bootstrap.paired_difference(both, one, statistic, seed=seed)
        low, high = (low, high) if several else (np.nan, np.nan)
        rows["gain"] |= {measure: value, f"{measure}_low": low, f"{measure}_high": high}
    return pd.DataFrame(rows).T


def save(workspace: Workspace, name: str, videos: pd.DataFrame, together: Together, *, parameters: int) -> None:
    """Writes what picture and sound together say of the test split, and how good that is.

    Args:
        name: of the model that sees.
        videos: as of `gain`, and whatever else is known of each clip.
        parameters: of the networks that listen.
    """
    measures = metrics.score(videos["label"] == "FAKE", videos["p_fake"])
    low, high = bootstrap.interval(videos, seed=workspace.profile.seed)
    seen = json.loads(workspace.training(name).read_text(encoding="utf-8"))
    row = {
        "model": NAME, "title": f"{models.title(name, workspace.profile)}, and sound",
        "test_accuracy": measures["accuracy"], "test_balanced_accuracy": measures["balanced_accuracy"],
        "test_auc": measures["auc"], "test_auc_low": low, "test_auc_high": high,
        "test_log_loss": measures["log_loss"], "parameters": seen["parameters"] + parameters, "seeds": 1,
    }
    texts = videos.astype(object).where(videos.notna(), None)
    write_json(workspace.listened, {
        "row": row, "seen_by": name, "together": dataclasses.asdict(together), "videos": texts.to_dict("records"),
    })
    made = dataclasses.replace(_made_from(workspace, name), code=made_from.code_of(*_CODE))
    made_from.record(workspace, workspace.listened, made)


def row(workspace: Workspace) -> pd.DataFrame:
    """The row of picture and sound together for the table of `metrics.comparison`.

    None where notebook 13 has not run, or ran on something else than is there now; which is said.
    """
    path = workspace.listened
    if not path.is_file():
        print("Notebook 13 has not run: picture and sound together are not in the table.")
        return pd.DataFrame()
    content: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    reason = made_from.difference(workspace, path, _made_from(workspace, content["seen_by"]))
    if reason:
        print(f"Picture and sound together are left out: {reason}. Run notebook 13 again.")
        return pd.DataFrame()
    return pd.DataFrame([content["row"]])


def _made_from(workspace: Workspace, name: str) -> made_from.MadeFrom:
    model = workspace.model(name)
    return made_from.MadeFrom(
        settings={key: getattr(workspace.profile, key) for key in ("seed", "sound_steps")},
        inputs={
            "the model": made_from.identity(workspace, model) if model.is_file() else "none",
            **record.study_inputs(workspace, open_study_table(workspace)),
        },
    )
