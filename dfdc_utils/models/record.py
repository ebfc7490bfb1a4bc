"""What a trained model was made from: which numbers concern it, whether it fits a study, and how its faces are cut."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pandas as pd

from dfdc_utils import models, profiles
from dfdc_utils.data import study_table
from dfdc_utils.faces.cutting import SETTINGS, cutting
from dfdc_utils.faces.store import open_store
from dfdc_utils.made_from import MadeFrom, NotCurrent, code_of, require
from dfdc_utils.models.settings import settings_of
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace, write_json

_NOTEBOOKS = {"custom_cnn": "03", "meso4": "04", "mesoinception4": "04", "densenet121": "05"}


def made_from(
    name: str, workspace: Workspace, table: pd.DataFrame, *, changes: Mapping[str, Any], inputs: Mapping[str, str]
) -> MadeFrom:
    """What training model `name` in a workspace makes it from.

    Args:
        table: the study's.
        changes: to what follows from these settings, as `training.fit.train` was given them.
        inputs: more inputs, and their identities.
    """
    known = table[table["split"].isin(("train", "validation"))]
    return MadeFrom(
        settings={s: getattr(workspace.profile, s) for s in settings_of(name)} | {"changes": dict(changes)},
        inputs=study_inputs(workspace, known) | dict(inputs),
        code=code_of("dfdc_utils.training.fit", models.module_of(name)),
    )


def study_inputs(workspace: Workspace, table: pd.DataFrame) -> dict[str, str]:
    """Identities of (some rows of) the study's table and of the faces of its videos: inputs of whatever uses them."""
    return {
        "the study's table": study_table.identity(table),
        "the faces": open_store(workspace).identity(table["video"]),
    }


def require_current(name: str, workspace: Workspace, *, saved_as: str | None = None) -> None:
    """Raises NotCurrent, naming both sides and the way out, unless a trained model fits the study in `workspace`.

    A model of another name than its architecture's (`saved_as`) was trained with other settings on purpose; it too
    must have seen the training and validation videos of this study, cut as they are now, and no others.
    Raises FileNotFoundError where it, or the study's table or faces are missing.
    """
    own = saved_as in (None, name)
    wanted = made_from(name, workspace, study_table.open_study_table(workspace), changes={}, inputs={})
    # A model is used although the code that would train it anew has changed since: that is no other model.
    wanted = dataclasses.replace(wanted, code="", settings=wanted.settings if own else {})
    require(
        workspace, workspace.model(saved_as or name), wanted, notebook=_NOTEBOOKS.get(name, "06") if own else "10",
        what=f"The model {models.title(name, workspace.profile)}{'' if own else f' ({saved_as})'}",
    )


def current(workspace: Workspace) -> list[str]:
    """Names of the trained models that fit the study in `workspace`; prints which others lie there, and why not.

    Raises FileNotFoundError where no model is left, and as `open_study_table` does.
    """
    study_table.open_study_table(workspace)
    fitting = []
    for name in models.names():
        if workspace.model(name).is_file():
            try:
                require_current(name, workspace)
            except NotCurrent as error:
                print(f"Left out. {error}")
            else:
                fitting.append(name)
    if not fitting:
        raise FileNotFoundError(f"No trained model in {workspace.run} fits: run notebooks 03 to 06 first.")
    return fitting


def as_trained(name: str, workspace: Workspace) -> Profile:
    """The workspace's profile with faces cut, and as many looked at, as model `name` was trained on.

    A model that was trained on ready-made crops, one a video, looks at as many frames of a video as others do. Any
    video with a face can be judged, however short.

    Raises FileNotFoundError where the model was not trained, and NotCurrent where its record does not say so.
    """
    path, title = workspace.training(name), models.title(name, workspace.profile)
    if not path.is_file():
        notebook = _NOTEBOOKS.get(name, "06")
        raise FileNotFoundError(f"{path} is missing: train {title} first (notebook {notebook}).")
    faces = json.loads(path.read_text(encoding="utf-8")).get("faces")
    if faces is None:
        raise NotCurrent(f"{path} does not say how the faces were cut: train {title} again.")
    numbers = {setting: faces[setting] for setting in (*SETTINGS, "evaluation_frames", "sequence_frames")}
    if faces["source"] == "crops":
        others = profiles.get("full")
        numbers |= {key: getattr(others, key) for key in ("frames_per_video", "max_people", "evaluation_frames")}
    return workspace.profile.replace(**numbers | {"source": "dfdc", "min_frames": 1, "boxes": "own"})


def write_calibration(name: str, workspace: Workspace, calibration: Mapping[str, Any]) -> None:
    """Adds to the record of a trained model how its scores become probabilities (`evaluation.calibration.fit`).

    A model that is trained again has a new record, without it.
    """
    path = workspace.training(name)
    content = json.loads(path.read_text(encoding="utf-8"))
    write_json(path, content | {"calibration": dict(calibration)})


def faces_of(profile: Profile) -> dict[str, Any]:
    """What a model's record says of its faces: how they were cut, and how many of a person are looked at."""
    return cutting(profile) | {name: getattr(profile, name) for name in ("evaluation_frames", "sequence_frames")}
