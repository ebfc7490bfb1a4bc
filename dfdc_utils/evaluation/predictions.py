"""What models said, as `predict.predict` wrote it down: read without a network, and so without loading Keras."""

import dataclasses
from collections.abc import Sequence

import pandas as pd

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace


def require_current(workspace: Workspace, name: str) -> None:
    """Raises FileNotFoundError or made_from.NotCurrent unless `load` has something to read for model `name`."""
    wanted = made_of(name, workspace, open_study_table(workspace), (), workspace.profile.tta_variants, name)
    settings = {key: value for key, value in wanted.settings.items() if key != "splits"}
    made_from.require(
        workspace, workspace.predictions(name), dataclasses.replace(wanted, code="", settings=settings), notebook="07",
        what=f"What {models.title(name, workspace.profile)} predicted",
    )


def load(workspace: Workspace, name: str) -> pd.DataFrame:
    """What `predict` wrote for model `name`.

    Raises FileNotFoundError where it has not been called, and made_from.NotCurrent where model, table, faces or
    settings have changed since.
    """
    require_current(workspace, name)
    return pd.read_parquet(workspace.predictions(name))


def made_of(
    name: str, workspace: Workspace, table: pd.DataFrame, splits: Sequence[str], variants: int, saved_as: str
) -> made_from.MadeFrom:
    """What the predictions of a model for `splits` are made from, with so many `variants` of each face."""
    looked_at = "sequence_frames" if name in models.SEQUENCE_MODELS else "evaluation_frames"
    model = workspace.model(saved_as)
    return made_from.MadeFrom(
        settings={
            looked_at: getattr(workspace.profile, looked_at), "tta_variants": variants, "splits": list(splits),
        },
        inputs={
            "the model": made_from.identity(workspace, model) if model.is_file() else "none",
            **record.study_inputs(workspace, table),
        },
        code=made_from.code_of("dfdc_utils.evaluation.predict"),
    )
