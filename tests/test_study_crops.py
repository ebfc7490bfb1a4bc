"""A study on ready-made crops: the cells of its notebooks, one after the other, on real JPEG files.

Run in this process: kernels, and papermill, are what test_study_tiny is for.
"""

import json

import numpy as np
import pandas as pd
import pytest
from set_files import make_crops

from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces.store import open_store
from dfdc_utils.places import project_root
from dfdc_utils.workspace import Workspace

NUMBERS = {
    "face_side": 32, "epochs": 2, "patience": 2, "batch_size": 16, "tta_variants": 1, "videos": 80,
    "videos_per_shard": 50, "weights": "random", "robustness_videos": 8, "lstm_units": 16,
}


def run_notebook(number, study, **changes):
    """Runs the code cells of the notebook, with other numbers, and puts its variables into `study`."""
    path = next((project_root() / "notebooks").glob(f"{number}_*.ipynb"))
    variables = {}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        # What a study leaves out: exercises are for people.
        if cell["cell_type"] == "code" and "lesson" not in cell["metadata"].get("tags", []):
            exec("".join(cell["source"]), variables)
            if "parameters" in cell["metadata"].get("tags", []):
                variables |= {"PROFILE": "crops", "OVERRIDES": NUMBERS | changes}
    study[number] = variables


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    labels = {f"real{n:02}": ("REAL", "") for n in range(30)}
    labels |= {f"fake{n:02}": ("FAKE", f"real{n % 30:02}") for n in range(70)}
    make_crops(home / "data" / "deepfake-faces", labels, side=48)
    variables = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFDC_HOME", str(home))
        patch.delenv("DFDC_DATA", raising=False)
        patch.delenv("DFDC_RUNS", raising=False)
        for number in ("01", "02", "03", "06", "07", "08", "09", "10", "13"):
            run_notebook(number, variables)
        yield Workspace.open("crops", **NUMBERS), variables


def test_every_crop_is_a_face_of_the_store(study):
    workspace, _ = study
    store, table = open_store(workspace), open_study_table(workspace)
    # About 80 of the set's 100 videos: whole families of them.
    assert 70 <= len(table) == len(store.faces()) <= 80
    assert (store.account()["outcome"] == "ok").all()
    assert table.groupby(table["original"].fillna(table["video"]))["split"].nunique().max() == 1


def test_a_set_in_one_part_is_compared_under_the_splits_that_it_has(study):
    _, variables = study
    assert list(variables["01"]["compared"]) == ["original", "random"]
    assert len(variables["01"]["statistics"]) == len(open_study_table(study[0]))


def test_pictures_have_no_sound_and_nothing_is_said_of_it(study):
    workspace, variables = study
    assert variables["13"]["heard"] == {} and variables["13"]["both_senses"] is None
    assert not workspace.listened.exists() and "picture_and_sound" not in set(variables["09"]["shown"]["model"])


def test_the_leaking_split_can_be_studied_too(study, tmp_path, monkeypatch):
    # Reading B of the report, and an exercise of the notebook.
    monkeypatch.setenv("DFDC_DATA", str(study[0].data))
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    run_notebook("01", {}, split="random")
    table = open_study_table(Workspace.open("crops", **NUMBERS, split="random"))
    assert table.groupby(table["original"].fillna(table["video"]))["split"].nunique().max() > 1


def test_the_frame_model_is_trained_and_judged_and_the_sequence_model_is_not(study):
    workspace, variables = study
    assert workspace.model("custom_cnn").is_file()
    assert not workspace.model("resnet50_lstm").exists()
    assert "training" not in variables["06"]
    comparison = pd.read_csv(workspace.comparison)
    assert comparison["model"].tolist() == ["custom_cnn"]
    assert np.isfinite(comparison["test_auc"]).all()
    assert not workspace.submission.exists(), "no video of the set is unlabelled"
