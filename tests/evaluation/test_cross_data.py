import shutil

import keras
import numpy as np
import pandas as pd
import pytest
from trained_models import save_as_trained

from dfdc_utils.cli import main
from dfdc_utils.data import metadata, splits
from dfdc_utils.data.study_table import COLUMNS, open_study_table, save_study_table
from dfdc_utils.evaluation.cross_data import cross_data
from dfdc_utils.faces import crops, extraction
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import no_account
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.workspace import Workspace

OTHERS = [
    # video, label, original, split, red of its face (None: no face)
    ("a.mp4", "REAL", None, "test", 20), ("b.mp4", "FAKE", "a.mp4", "test", 200),
    ("c.mp4", "REAL", None, "test", 220), ("d.mp4", "FAKE", "c.mp4", "test", 240),
    ("e.mp4", "FAKE", "elsewhere.mp4", "test", None),
    # Its original was trained on by the study whose model is asked.
    ("f.mp4", "FAKE", "train_real.mp4", "test", 10),
    ("g.mp4", "REAL", None, "train", 250), ("h.mp4", None, None, "unlabelled", 10),
]


@pytest.fixture
def trained(study):
    """A model of 64 pixels whose P(fake) is a sigmoid of the mean red."""
    side = study.profile.face_side
    face = keras.Input((side, side, 3))
    unit = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(face, unit(keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(face))))
    unit.set_weights([np.array([[4.0], [0.0], [0.0]]), np.array([-1.0])])
    save_as_trained(model, study, "meso4")
    return study


@pytest.fixture
def tested(trained):
    """Another set, with faces of 96 pixels, cut with the margin of the model's."""
    workspace = Workspace.open("mini", face_side=96, face_margin=trained.profile.face_margin)
    table = pd.DataFrame(
        [(video, None, "part", label, original, split) for video, label, original, split, _ in OTHERS],
        columns=COLUMNS, dtype=object,
    )
    faces = [
        {
            "video": video, "track": 0, "frame": 0, "seconds": 0.0, "x0": 0, "y0": 0, "x1": 96, "y1": 96,
            "confidence": 1.0, "landmarks": np.zeros(10, np.float32),
            "jpeg": crops.encode(np.full((96, 96, 3), (red, 0, 0), np.uint8)),
        }
        for video, *_, red in OTHERS if red is not None
    ]
    account = [no_account(video) | ({"outcome": "no_face"} if red is None else {}) for video, *_, red in OTHERS]
    store = open_store(workspace)
    with store.held():
        store.begin(cutting(workspace.profile))
    store.write(0, pd.DataFrame(faces), pd.DataFrame(account))
    save_study_table(workspace, table)
    workspace.claim(workspace.synthetic)
    return workspace


def test_a_model_is_judged_on_the_other_sets_test_videos(trained, tested):
    row = cross_data(trained, tested).iloc[0]
    # a, b, c, d by their red; e, without a face, by the training prior of the model's own study, 0.75.
    assert (row["videos"], row["left_out"]) == (5, 1)
    p_fake = 1 / (1 + np.exp(1 - 4 * np.array([20, 200, 220, 240]) / 255))
    p_fake = np.array([*p_fake, 0.75])
    fake = np.array([False, True, False, True, True])
    # c looks more fake than b and e: two of six pairs are in the wrong order.
    assert row["auc"] == pytest.approx(4 / 6)
    assert row["log_loss"] == pytest.approx(-np.log(np.where(fake, p_fake, 1 - p_fake)).mean(), abs=0.02)
    assert row["auc_low"] <= row["auc"] <= row["auc_high"]
    assert (row["trained_on"], row["tested_on"]) == ("tiny", "mini")
    assert np.isnan(row["own_auc"])


def test_the_command_prints_and_keeps_the_table(trained, tested, capsys):
    assert main(["cross-data", "--profile", "tiny", "--on", "mini"]) == 0
    printed = capsys.readouterr().out
    assert "Trained on tiny, tested on 5 videos of mini" in printed
    assert "Meso4" in printed and "0.667" in printed
    assert pd.read_csv(trained.cross_data("mini"))["model"].tolist() == ["meso4"]


def test_what_was_trained_on_alone_cannot_test(trained, tested):
    table = open_study_table(tested)
    save_study_table(tested, table[table["video"].isin(["f.mp4", "g.mp4"])])
    with pytest.raises(ValueError, match="no real and fake videos that tiny was not trained on; 1 were left out"):
        cross_data(trained, tested)


def test_without_a_trained_model(workspace):
    with pytest.raises(FileNotFoundError, match="No trained model in .*tiny|study's table"):
        cross_data(workspace, Workspace.open("mini"))


@pytest.mark.slow
def test_faces_are_cut_anew_as_the_model_was_trained(workspace, tiny_dfdc, capsys):
    """Real clips: a study that cut wide is tested with a model of tight faces, and keeps its own store."""
    table = splits.assign(metadata.read(tiny_dfdc).table, "part", seed=1)
    table = table[table["label"].notna() & (table["split"] != "unlabelled")].reset_index(drop=True)
    tight, wide = Workspace.open("tiny", "tight", face_margin=-0.1), Workspace.open("tiny", "wide", face_margin=1.0)
    for study, rows in ((tight, table[table["split"] != "test"]), (wide, table)):
        study.claim(tiny_dfdc)
        save_study_table(study, rows)
        extraction.extract(rows, open_store(study).folder, study.profile, workers=1)
    side = tight.profile.face_side
    save_as_trained(keras.Sequential([
        keras.Input((side, side, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Rescaling(1 / 255),
        keras.layers.Dense(1, activation="sigmoid"),
    ]), tight, "meso4")
    result = cross_data(tight, wide)
    assert result["videos"].tolist() == [(table["split"] == "test").sum()]
    margins = {FaceStore(folder).cutting["face_margin"] for folder in wide.faces.iterdir()}
    assert margins == {1.0, -0.1}
    # What is there is used the second time, with the videos gone.
    save_study_table(wide, table.assign(path="/gone"))
    pd.testing.assert_frame_equal(cross_data(tight, wide), result)
    gone = Workspace.open("tiny", "wide", face_margin=1.0)
    shutil.rmtree(open_store(Workspace.open("tiny", "wide", face_margin=-0.1)).folder)
    with pytest.raises(FileNotFoundError, match="must be cut anew.*not there, /gone for one"):
        cross_data(tight, gone)
