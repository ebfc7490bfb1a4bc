"""A made-up study of six test videos, small enough to score by hand."""

import keras
import numpy as np
import pandas as pd
import pytest
from trained_models import save_as_trained

from dfdc_utils.data.study_table import COLUMNS, save_study_table
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import ACCOUNT
from dfdc_utils.faces.store import open_store


@pytest.fixture
def table():
    rows = [
        ("train_real.mp4", "REAL", None, "train"),
        ("train_fake_1.mp4", "FAKE", "train_real.mp4", "train"),
        ("train_fake_2.mp4", "FAKE", "train_real.mp4", "train"),
        ("train_fake_3.mp4", "FAKE", "train_real.mp4", "train"),
        ("real.mp4", "REAL", None, "test"),
        ("fake.mp4", "FAKE", "real.mp4", "test"),
        ("two_people.mp4", "FAKE", "elsewhere.mp4", "test"),
        ("no_face.mp4", "FAKE", "elsewhere.mp4", "test"),
        ("short.mp4", "REAL", None, "test"),
        ("broken.mp4", "REAL", None, "test"),
        ("unlabelled.mp4", None, None, "unlabelled"),
    ]
    return pd.DataFrame(rows, columns=["video", "label", "original", "split"], dtype=object)


@pytest.fixture
def account(table):
    outcomes = {
        "no_face.mp4": ("no_face", None),
        "short.mp4": ("too_short", "83 frames, 150 wanted"),
        "broken.mp4": ("unreadable", "moov atom not found"),
    }
    rows = [(video, *outcomes.get(video, ("ok", None))) for video in table["video"]]
    return pd.DataFrame(rows, columns=["video", "outcome", "reason"])


@pytest.fixture
def predictions():
    """Of the three test videos that have faces, with one augmentation; and of a training video without."""
    rows = [
        ("real.mp4", 0, 0, "plain", 0.1), ("real.mp4", 0, 0, "wider", 0.3),
        ("real.mp4", 0, 9, "plain", 0.3), ("real.mp4", 0, 9, "wider", 0.5),
        ("fake.mp4", 0, 0, "plain", 0.9), ("fake.mp4", 0, 0, "wider", 0.7),
        ("fake.mp4", 0, 9, "plain", 0.5), ("fake.mp4", 0, 9, "wider", 0.5),
        ("two_people.mp4", 0, 0, "plain", 0.2), ("two_people.mp4", 0, 0, "wider", 0.2),
        ("two_people.mp4", 1, 0, "plain", 0.6), ("two_people.mp4", 1, 0, "wider", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["video", "track", "frame", "variant", "p_fake"])
    return frame.assign(model="meso4")


FRAMES = 9
"""Faces of each track of the made-up store, unless a test says otherwise."""


@pytest.fixture
def study(workspace, table, account):
    """A workspace with the table above and a face store of its videos, whose crops are flat colours.

    The red of a crop is its frame's number times ten, the green its track's times a hundred.
    """
    side = workspace.profile.face_side
    faces = []
    for video in account.loc[account["outcome"] == "ok", "video"]:
        for track in range(2 if video == "two_people.mp4" else 1):
            # The second person is seen in two frames only: fewer than a sequence needs.
            for frame in range(2 if track else FRAMES):
                crop = np.zeros((side, side, 3), np.uint8)
                crop[..., 0], crop[..., 1] = 10 * frame, 100 * track
                faces.append({
                    "video": video, "track": track, "frame": frame, "seconds": frame / 30,
                    "x0": 0, "y0": 0, "x1": side, "y1": side, "confidence": 1.0,
                    "landmarks": np.zeros(10, np.float32), "jpeg": crops.encode(crop),
                })
    store = open_store(workspace)
    with store.held():
        store.begin(cutting(workspace.profile))
    store.write(0, pd.DataFrame(faces), account.reindex(columns=ACCOUNT.names))
    save_study_table(workspace, table.reindex(columns=COLUMNS))
    return workspace


@pytest.fixture
def sequence_study(study):
    """With a "resnet50_lstm" whose P(fake) rises with the mean red of the window's last frame that is a face."""
    side, frames = study.profile.face_side, study.profile.sequence_frames
    face = keras.Input((side, side, 3))
    backbone = keras.Model(face, keras.ops.mean(face, axis=(1, 2)) / 255, name="backbone")
    # Here red rises from one frame to the next, and that of padding is below 0.
    seen, unit = keras.Input((frames, 3)), keras.layers.Dense(1, activation="sigmoid")
    head = keras.Model(seen, unit(keras.ops.max(seen, axis=1)), name="head")
    faces = keras.Input((frames, side, side, 3))
    features = backbone(keras.ops.reshape(faces, (-1, side, side, 3)))
    model = keras.Model(faces, head(keras.ops.reshape(features, (-1, frames, 3))))
    unit.set_weights([np.array([[4.0], [0.0], [0.0]]), np.array([-1.0])])
    save_as_trained(model, study, "resnet50_lstm")
    return study
