"""A small real study: drawn clips, real faces, a real (untrained) network and what it says of them."""

import shutil

import nbformat
import numpy as np
import pytest
from explore_study import HOSTILE, MODEL
from in_browser import chromium, jupyterlab

from dfdc_utils import made_from, models
from dfdc_utils.classroom import lesson
from dfdc_utils.data import metadata, splits
from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.evaluation import predict, predictions
from dfdc_utils.faces import extraction
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.places import project_root
from dfdc_utils.workspace import Workspace, whole, write_json


@pytest.fixture(scope="session")
def explored(tiny_dfdc, tmp_path_factory):
    """Its workspace. One clip bears a name that would be markup in a careless page."""
    home = tmp_path_factory.mktemp("explored")
    root = home / "data" / "tiny"
    shutil.copytree(tiny_dfdc, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFDC_HOME", str(home))
        patch.delenv("DFDC_DATA", raising=False)
        patch.delenv("DFDC_RUNS", raising=False)
        workspace = Workspace.open("tiny")
        profile = workspace.profile
        table = splits.assign(metadata.read(root).table, profile.split, balance=profile.balance, seed=profile.seed)
        first = table.index[(table["split"] == "test") & (table["label"] == "FAKE")][0]
        path = root / table.at[first, "part"] / HOSTILE
        shutil.move(table.at[first, "path"], path)
        table.loc[first, ["video", "path"]] = HOSTILE, str(path)
        save_study_table(workspace, table)
        extraction.extract(table, open_store(workspace).folder, profile, workers=1)
        workspace.claim(root)
        _network(workspace)
        yield workspace


def _network(workspace):
    """An untrained network and its predictions, written down as notebook 07 does."""
    profile, table, store = workspace.profile, open_study_table(workspace), open_store(workspace)
    model = models.build(MODEL, profile)
    workspace.model(MODEL).parent.mkdir(parents=True)
    model.save(workspace.model(MODEL))
    write_json(workspace.training(MODEL), {"faces": record.faces_of(profile)})
    faces = store.faces(["video", "track", "frame"], table["video"])
    rows = predict.score_faces(MODEL, model, faces, store.crops, profile, {})
    # Its weights are random, so its answers are near 0.5: drawn apart, in the same order.
    rows["p_fake"] = 0.02 + 0.96 * np.argsort(np.argsort(rows["p_fake"])) / len(rows)
    rows["model"] = MODEL
    with whole(workspace.predictions(MODEL)) as temporary:
        rows.to_parquet(temporary, index=False)
    wanted = predictions.made_of(MODEL, workspace, table, (), profile.tta_variants, MODEL)
    made_from.record(workspace, workspace.predictions(MODEL), wanted)


@pytest.fixture(scope="session")
def executed(explored):
    """Notebook 11, run by papermill as a study runs it."""
    from dfdc_utils.study.notebook import Task, execute

    notebook = project_root() / "notebooks" / "11_explore.ipynb"
    copy = explored.notebooks / notebook.name
    outcome = execute(Task(notebook=notebook, copy=copy, parameters={"PROFILE": "tiny"}))
    assert outcome.failure is None
    return copy


@pytest.fixture(scope="package")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="package")
def lab(explored, tmp_path_factory):
    """The address of a JupyterLab in whose folder notebook 11 lies, for the small study."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(project_root() / "notebooks" / "11_explore.ipynb", as_version=4)
    nbformat.write(lesson.with_parameters(notebook, {"PROFILE": "tiny"}), folder / "11_explore.ipynb")
    with jupyterlab(folder, {"DFDC_HOME": str(explored.home)}) as address:
        yield address("11_explore.ipynb")
