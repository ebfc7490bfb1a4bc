import keras
import numpy as np
import pandas as pd
import pytest

from dfdc_utils.cli import main
from dfdc_utils.data import metadata
from dfdc_utils.evaluation.cross_data import cross_data
from dfdc_utils.faces import crops
from dfdc_utils.faces.store import FaceStore, no_account
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
    study.model("meso4").parent.mkdir(parents=True)
    model.save(study.model("meso4"))
    return study


@pytest.fixture
def tested(trained):
    """Another set, with faces of 96 pixels."""
    workspace = Workspace.open("mini")
    table = pd.DataFrame(
        [(video, None, "part", label, original, split) for video, label, original, split, _ in OTHERS],
        columns=metadata.COLUMNS, dtype=object,
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
    store = FaceStore(workspace.faces)
    store.begin({"face_side": 96}, "other", 1)
    store.write(0, pd.DataFrame(faces), pd.DataFrame(account))
    metadata.save_study_table(workspace, table)
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
    table = metadata.open_study_table(tested)
    metadata.save_study_table(tested, table[table["video"].isin(["f.mp4", "g.mp4"])])
    with pytest.raises(ValueError, match="no real and fake videos that tiny was not trained on; 1 were left out"):
        cross_data(trained, tested)


def test_without_a_trained_model(workspace):
    with pytest.raises(FileNotFoundError, match="no trained model in .*tiny"):
        cross_data(workspace, Workspace.open("mini"))
