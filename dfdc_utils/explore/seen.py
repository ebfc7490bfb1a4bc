"""What trained models make of one clip: P(fake) of its faces, and where they look."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dfdc_utils import models
from dfdc_utils.evaluation.predict import score_faces
from dfdc_utils.explain import gradcam
from dfdc_utils.explain.over_time import over_time
from dfdc_utils.explore.one_clip import OneClip
from dfdc_utils.models.inputs import positions
from dfdc_utils.models.sequences import PADDING, padded
from dfdc_utils.workspace import Workspace

_MODELS_IN_MEMORY = 8


def scores(clip: OneClip, name: str, workspace: Workspace) -> pd.DataFrame:
    """P(fake) of what model `name` looks at in a clip: rows as `evaluation.predict.predict` gives them."""
    model, _ = _loaded(workspace, name)
    return score_faces(name, model, clip.faces.reset_index(drop=True), clip.read, clip.profile, {})


def heat(clip: OneClip, name: str, workspace: Workspace) -> tuple[dict[str, Any], list[bytes]]:
    """What model `name` makes of the main person of a clip (`explain.over_time`), ready to be sent.

    Returns numbers for JSON, and the heat as bytes of float32.

    Raises ValueError for a clip without a face, FileNotFoundError where the model was not trained.
    """
    model, explain = _loaded(workspace, name)
    faces = clip.faces[clip.faces["track"] == 0].reset_index(drop=True)
    if faces.empty:
        raise ValueError(f"No face was found in {clip.video}: {clip.account.get('reason') or 'nobody has looked yet'}.")
    places = positions(faces, name, clip.profile)
    rows = faces.iloc[places[places != PADDING]].reset_index(drop=True)
    pixels = clip.read(rows)
    found = over_time(model, explain, pixels if places.ndim == 1 else padded(pixels, places), rows["seconds"])
    told = {
        "seconds": found.seconds.tolist(), "p_fake": _listed(found.p_fake), "squares": clip.squares(rows),
        "heat_shape": list(found.heat.shape), "influence": _listed(found.influence), "weights": _listed(found.weights),
    }
    return told, [np.ascontiguousarray(found.heat, np.float32).tobytes()]


def _listed(values: np.ndarray | None) -> list[float] | None:
    return None if values is None else np.asarray(values, float).tolist()


def _loaded(workspace: Workspace, name: str) -> tuple:
    path = workspace.model(name)
    if not path.is_file():
        raise FileNotFoundError(f"{models.title(name)} is not trained in this study: run notebooks 03 to 06.")
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(_MODELS_IN_MEMORY)
def _read(path: Path, changed: int) -> tuple:
    """A model and its explainer; read again where its file changed."""
    model = models.load(path)
    return model, gradcam.explainer(model)
