"""The one command that makes a detector for real faces, on a small made set in the real layout."""

import json
import re

import numpy as np
import pytest
from set_files import make_crops

from dfdc_utils import cli, models
from dfdc_utils.evaluation import calibration
from dfdc_utils.training import fit
from dfdc_utils.workspace import Workspace

SMALL = {"face_side": 32, "epochs": 3, "rounds_per_epoch": 2, "videos_per_shard": 50, "batch_size": 16}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The command's arguments, and the workspace that it filled."""
    home = tmp_path_factory.mktemp("home")
    labels = {f"real{n:02}": ("REAL", "") for n in range(40)}
    labels |= {f"fake{n:02}": ("FAKE", f"real{n % 40:02}") for n in range(100)}
    make_crops(home / "faces", labels, side=48)
    arguments = ["train-detector", "--data", str(home / "faces"), "--workers", "2"]
    for key, value in SMALL.items():
        arguments += ["--set", f"{key}={value}"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFDC_HOME", str(home))
        for name in ("DFDC_DATA", "DFDC_RUNS"):
            patch.delenv(name, raising=False)
        assert cli.main(arguments) == 0
        yield arguments, Workspace.reopen("dfdc_faces")


def test_the_study_holds_a_trained_network_of_the_larger_kind(made):
    _, workspace = made
    assert workspace.profile.cnn_size == "large"
    model = models.load(workspace.model("custom_cnn"))
    assert model.input_shape == (None, 32, 32, 3) and model.count_params() == 889_953


def test_its_record_says_how_scores_become_probabilities(made):
    _, workspace = made
    found = json.loads(workspace.training("custom_cnn").read_text())["calibration"]
    assert set(found) >= {"temperature", "prior", "uncertain", "fitted_on"}
    low, high = found["uncertain"]
    assert found["prior"] == 0.5 and 0 <= low <= high <= 1 and found["temperature"] > 0
    # It is read back with the rest, and the network is used, not trained again.
    assert fit.load_training(workspace, "custom_cnn").calibration == found
    assert np.isfinite(calibration.scaled(np.array([0.1, 0.9]), found["temperature"])).all()


def test_its_card_says_what_was_measured(made):
    arguments, workspace = made
    card = workspace.model_card.read_text()
    figures = json.loads(workspace.metrics("dfdc_faces").read_text())
    assert "{" not in card and f"python -m dfdc_utils {' '.join(arguments)}" in card
    assert f"| AUC | {figures['auc']:.3f} ({figures['auc_interval'][0]:.3f} to" in card
    assert "| below 100 |" not in card and re.search(r"\| 100 to 149 \| \d+ \|", card), "all made faces are 129 wide"
    assert f"after it | {figures['calibration_errors']['after']:.3f} |" in card
    assert "terms" in card and "never tested" in card
    table = [line for line in card.splitlines() if line.startswith(("| train |", "| validation |", "| test |"))]
    assert len(table) == 3
    assert sum(int(number) for line in table for number in re.findall(r"\d+", line)) == 140


def test_done_again_it_trains_nothing(made, monkeypatch, capsys):
    arguments, workspace = made
    before = workspace.model("custom_cnn").stat().st_mtime_ns, workspace.model_card.read_text()
    monkeypatch.setattr(fit, "_train", lambda *_, **__: pytest.fail("it was trained again"))
    assert cli.main(arguments) == 0
    assert (workspace.model("custom_cnn").stat().st_mtime_ns, workspace.model_card.read_text()) == before
    assert "Model card: dfdc_faces" in capsys.readouterr().out


def test_without_the_set_it_says_where_to_get_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    monkeypatch.delenv("DFDC_DATA", raising=False)
    assert cli.main(["train-detector"]) == 2
    assert "kaggle.com/datasets/dagnelies/deepfake-faces" in capsys.readouterr().err
