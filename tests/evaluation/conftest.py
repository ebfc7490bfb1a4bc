"""A made-up study of six test videos, small enough to score by hand."""

import pandas as pd
import pytest


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
        ("real.mp4", 0, 0, "plain", 0.1), ("real.mp4", 0, 0, "zoom", 0.3),
        ("real.mp4", 0, 9, "plain", 0.3), ("real.mp4", 0, 9, "zoom", 0.5),
        ("fake.mp4", 0, 0, "plain", 0.9), ("fake.mp4", 0, 0, "zoom", 0.7),
        ("fake.mp4", 0, 9, "plain", 0.5), ("fake.mp4", 0, 9, "zoom", 0.5),
        ("two_people.mp4", 0, 0, "plain", 0.2), ("two_people.mp4", 0, 0, "zoom", 0.2),
        ("two_people.mp4", 1, 0, "plain", 0.6), ("two_people.mp4", 1, 0, "zoom", 1.0),
    ]
    frame = pd.DataFrame(rows, columns=["video", "track", "frame", "variant", "p_fake"])
    return frame.assign(model="meso4")
