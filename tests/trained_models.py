"""Models that were never trained, recorded as if `training.fit.train` had made them for a study."""

import json

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.models import record


def save_as_trained(model, workspace, name: str) -> None:
    """Saves `model` as the trained model `name` of the study in `workspace`, with its record.

    A name that no architecture has, such as "meso4_student", is that of a model that went on from another.
    """
    workspace.model(name).parent.mkdir(parents=True, exist_ok=True)
    model.save(workspace.model(name))
    training = {"weights_start": "none", "parameters": model.count_params(), "seconds": 1.0}
    workspace.training(name).write_text(json.dumps(training | {"faces": record.faces_of(workspace.profile)}))
    architecture, table = name.partition("_student")[0], open_study_table(workspace)
    made = record.made_from(architecture, workspace, table, changes={}, inputs={})
    made_from.record(workspace, workspace.model(name), made)


def save_predictions(rows, workspace, name: str) -> None:
    """Saves `rows` as if `evaluation.predict.predict` had made them with the model `name` that lies there."""
    path = workspace.predictions(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows.to_parquet(path)
    looked_at = "sequence_frames" if name in models.SEQUENCE_MODELS else "evaluation_frames"
    made_from.record(workspace, path, made_from.MadeFrom(
        settings={name: getattr(workspace.profile, name) for name in (looked_at, "tta_variants")},
        inputs={
            "the model": made_from.identity(workspace, workspace.model(name)),
            **record.study_inputs(workspace, open_study_table(workspace)),
        },
    ))
