"""A small real study: drawn clips, real faces, a real (untrained) network and what it says of them."""

import os
import shutil
import socket
import subprocess
import sys
import time

import nbformat
import numpy as np
import pytest
from explore_study import HOSTILE, MODEL

from dfdc_utils import made_from, models
from dfdc_utils.data import metadata, splits
from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.evaluation import predict, predictions
from dfdc_utils.faces import extraction
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.places import project_root
from dfdc_utils.workspace import Workspace, whole, write_json

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


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
    if CHROMIUM is None:
        pytest.skip("There is no Chromium.")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        # Root has no sandbox.
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def lab(explored, tmp_path_factory):
    """The address of a JupyterLab in whose folder notebook 11 lies, for the small study."""
    folder = tmp_path_factory.mktemp("lab")
    notebook = nbformat.read(project_root() / "notebooks" / "11_explore.ipynb", as_version=4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = cell.source.replace('"mini"', '"tiny"')
    nbformat.write(notebook, folder / "11_explore.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}",
        "--IdentityProvider.token=t", f"--ServerApp.root_dir={folder}", "--LabApp.news_url=None",
    ]
    settings = {
        "JUPYTER_CONFIG_DIR": str(folder / ".config"), "PYTHONPATH": str(project_root()),
        "DFDC_HOME": str(explored.home), "MPLBACKEND": "",  # or figures would be drawn as for the tests
    }
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(command, env=os.environ | settings, stdout=log, stderr=log)
    end = time.monotonic() + 90
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.3)
    yield f"http://127.0.0.1:{port}/lab/tree/11_explore.ipynb?token=t&reset"
    server.terminate()
    server.wait(30)
