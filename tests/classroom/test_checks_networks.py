"""Checks of notebooks 03 to 06: the right answer, and wrong ones that are told what is wrong about them."""

import numpy as np
import pandas as pd
import pytest
from answers import right, says

from dfdc_utils import models, profiles
from dfdc_utils.classroom.checks import networks as check
from dfdc_utils.explain.layers import all_layers

TINY = profiles.get("tiny")


@pytest.fixture(scope="module")
def meso4():
    return models.build("meso4", TINY)


@pytest.fixture(scope="module")
def densenet121():
    return models.build("densenet121", TINY)


@pytest.fixture
def history():
    return pd.DataFrame({
        "epoch": [1, 2, 3, 4], "accuracy": [0.5, 0.6, 0.9, 0.8], "val_accuracy": [0.5, 0.7, 0.6, 0.7],
        "val_loss": [0.7, 0.6, 0.8, 0.65],
    })


def test_the_epoch_that_was_kept(history):
    right(check.kept_epoch(2, history))
    says(check.kept_epoch(3, history), "training faces")
    says(check.kept_epoch(4, history), "last epoch")
    says(check.kept_epoch(1, history), "row number")


def test_a_network_for_larger_faces(meso4):
    custom = models.build("custom_cnn", TINY)
    right(check.larger_network(models.build("custom_cnn", TINY.replace(face_side=128)), custom))
    says(check.larger_network(models.build("custom_cnn", TINY), custom), "as large as before")
    says(check.larger_network(models.build("custom_cnn", TINY.replace(face_side=96)), custom), "(96, 96, 3)")
    says(check.larger_network(models.build("meso4", TINY.replace(face_side=128)), custom), "another architecture")
    says(check.larger_network(128, custom), "a network")


def test_training_pairs():
    table = pd.DataFrame({
        "video": ["r1", "f1", "g1", "r2", "f2", "r3", "f3"], "label": ["REAL", "FAKE", "FAKE"] + ["REAL", "FAKE"] * 2,
        "original": [None, "r1", "r1", None, "r2", None, "r3"], "split": ["train"] * 5 + ["test"] * 2,
        "path": list("abcdefg"),
    })
    rows = table.set_index("video", drop=False)
    right(check.training_pairs(rows.loc[["r1", "f1", "r2", "f2"]], table))
    says(check.training_pairs(rows.loc[["r1", "f1", "r3", "f3"]], table), "split test", "exam")
    says(check.training_pairs(rows.loc[["r1", "f1"]], table), "1 are not in it")
    says(check.training_pairs(rows.loc[["r1", "f1", "g1", "r2", "f2"]], table), "not balanced", "3 fakes")
    says(check.training_pairs(rows.loc[["r1", "f1", "r2", "g1"]], table), "not in pairs")
    says(check.training_pairs(rows.loc[["r1", "f1", "f1", "r2"]], table), "twice")


def test_the_share_of_the_first_dense_layer(meso4):
    first = meso4.get_layer("dense").count_params()
    right(check.share_of_first_dense(first / meso4.count_params(), meso4))
    says(check.share_of_first_dense(first, meso4), "Divide")
    says(check.share_of_first_dense(1 - first / meso4.count_params(), meso4), "everything else")


def test_a_network_with_dropout(meso4):
    right(check.with_dropout(models.build("meso4", TINY.replace(meso_dropout=0.25)), meso4, rate=0.25))
    says(check.with_dropout(meso4, meso4, rate=0.25), "0.25 was asked for")
    larger = models.build("meso4", TINY.replace(meso_dropout=0.25, face_side=96))
    says(check.with_dropout(larger, meso4, rate=0.25), "one thing at a time")


def test_the_receptive_field(meso4):
    right(check.receptive_field(66, meso4))
    says(check.receptive_field(15, meso4), "jump")
    says(check.receptive_field(90, meso4), "last pooling")


def test_the_gap_between_training_and_validation(history):
    right(check.gap(-0.1, history, 2))
    says(check.gap(0.1, history, 2), "")
    says(check.gap(0.1, history, 1), "last epoch")
    says(check.gap(30, history, 3), "per cent")


def test_how_a_network_grows(densenet121):
    wider = models.build("densenet121", TINY.replace(backbone_width=0.25))
    times = wider.count_params() / densenet121.count_params()
    assert times > 2
    right(check.growth(times, wider, densenet121))
    says(check.growth(1 / times, wider, densenet121), "other way round")
    says(check.growth(times, densenet121, densenet121), "as many parameters as before")


def test_the_121_layers(densenet121):
    right(check.layers_with_weights(121, densenet121))
    says(check.layers_with_weights(120, densenet121), "P(fake)")
    says(check.layers_with_weights(len(all_layers(densenet121)), densenet121), "all layers")
    says(check.layers_with_weights(7, densenet121), "too low")


def test_whether_a_sequence_helps():
    right(check.sequence_helps(False, (0.1, -0.1, 0.3)))
    right(check.sequence_helps(True, (0.1, 0.05, 0.3)))
    says(check.sequence_helps(True, (0.1, -0.1, 0.3)), "zero is in it")
    says(check.sequence_helps(False, (0.1, 0.05, 0.3)), "above zero")
    says(check.sequence_helps("no", (0.1, -0.1, 0.3)), "True or False")


@pytest.fixture
def window():
    return np.random.default_rng(0).integers(0, 256, (1, 4, 8, 8, 3)).astype("float32")


def test_half_a_window(window):
    half = window.copy()
    half[:, 2:] = -1
    right(check.half_padded(half, window))
    black = window.copy()
    black[:, 2:] = 0
    says(check.half_padded(black, window), "black picture")
    says(check.half_padded(window[:, :2], window), "shape")
    says(check.half_padded(np.full_like(window, -1), window), "first half")


def test_frames_in_another_order(window):
    right(check.shuffled(window[:, [2, 0, 3, 1]], window))
    says(check.shuffled(window, window), "the same as before")
    says(check.shuffled(window[:, [0, 0, 1, 2]], window), "not the same frames")
    says(check.shuffled(window[0], window), "shape")
