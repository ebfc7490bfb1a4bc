import json

import pytest
from judged_files import calibrated, save_model

from dfdc_utils.models import record
from dfdc_utils.predict import asked
from dfdc_utils.workspace import Workspace, write_json


def test_between_two_bounds_a_score_decides_nothing():
    model = calibrated((0.3, 0.7))
    assert [model.verdict(p) for p in (0.29, 0.3, 0.69, 0.7)] == ["REAL", "uncertain", "uncertain", "FAKE"]
    assert [calibrated((0.4, 0.4)).verdict(p) for p in (0.49, 0.5)] == ["REAL", "FAKE"], "from 0.5 on, as everywhere"
    assert "From 0.30 to 0.70 it is uncertain" in model.told() and "50% of the videos" in model.told()


def test_models_of_this_study_of_another_and_its_best(studies):
    write_json(studies.base / "last_run.json", {"data_set": "/d", "profile": "tiny", "settings": {}})
    names = ["meso4", "tiny/custom_cnn", "meso4"]
    assert [model.name for model in asked.find(names, studies)] == ["meso4", "tiny/custom_cnn"]
    meso, custom = asked.find(names, studies)
    assert meso.calibration is not None and meso.calibration.temperature == 2.0 and custom.calibration is None
    assert "not calibrated" in custom.told()
    for name in ("xception", "nowhere/meso4"):
        with pytest.raises(ValueError, match=f"'{name}' is neither a model .* nor a study that was run.*Studies: tiny"):
            asked.find([name], studies)


def test_a_model_that_is_trained_again_has_to_be_calibrated_again(studies, tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    workspace = Workspace.open("tiny")
    save_model(workspace, "meso4")
    record.write_calibration("meso4", workspace, {"temperature": 3.0})
    assert record.calibration("meso4", workspace) == {"temperature": 3.0}
    assert "faces" in json.loads(workspace.training("meso4").read_text()), "what was there stays"
    save_model(workspace, "meso4")
    assert record.calibration("meso4", workspace) is None
