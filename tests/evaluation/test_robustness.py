import dataclasses
import shutil

import cv2
import keras
import numpy as np
import pandas as pd
import pytest
from trained_models import save_as_trained

from dfdc_utils.evaluation import robustness
from dfdc_utils.evaluation.robustness import CORRUPTIONS


def _corrupted(name, faces, strength, seed=0):
    kind = CORRUPTIONS[name]
    return kind.apply(faces, kind.levels[strength - 1], np.random.default_rng(seed))


@pytest.fixture(scope="module")
def person():
    """Six faces: a smooth picture with detail, brighter from frame to frame; an odd side."""
    generator = np.random.default_rng(0)
    coarse = generator.integers(0, 160, (5, 5, 3), dtype=np.uint8)
    picture = cv2.resize(coarse, (65, 65), interpolation=cv2.INTER_CUBIC).astype(int)
    picture += generator.integers(-15, 16, picture.shape)
    return np.stack([np.clip(picture + 15 * frame, 0, 255) for frame in range(6)]).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_a_corruption_changes_faces_more_at_every_strength_and_repeats_itself(name, person):
    before = person.copy()
    distances = []
    for strength in range(1, 6):
        changed = _corrupted(name, person, strength)
        assert changed.shape == person.shape and changed.dtype == np.uint8
        np.testing.assert_array_equal(changed, _corrupted(name, person, strength))
        distances.append(np.abs(changed.astype(int) - person).mean())
    assert distances[0] > 0.3
    assert (np.diff(distances) > 0).all(), distances
    np.testing.assert_array_equal(person, before, "the faces given are not to be written on")


def test_encoding_again_keeps_order_and_colour(person):
    changed = _corrupted("h264", person, 1)
    # Each frame is brighter than the one before it, and keeps its own colour.
    np.testing.assert_allclose(changed.mean(axis=(1, 2)), person.mean(axis=(1, 2)), atol=4)
    assert (np.diff(changed.mean(axis=(1, 2, 3))) > 10).all()
    # At CRF 40 fine detail is gone, as a second pass through the encoder of a platform would have it.
    detail = [cv2.Laplacian(faces[0], cv2.CV_64F).var() for faces in (changed, _corrupted("h264", person, 5))]
    assert detail[1] < 0.5 * detail[0]


def test_darkness_and_noise_by_hand():
    grey = np.full((2, 64, 64, 3), 100, np.uint8)
    assert [_corrupted("darkness", grey, s).max() for s in range(1, 6)] == [70, 50, 35, 20, 10]
    for strength, sigma in enumerate(CORRUPTIONS["noise"].levels[:3], start=1):
        assert _corrupted("noise", grey, strength).std() == pytest.approx(sigma, rel=0.03)
    assert (_corrupted("noise", grey, 1, seed=1) != _corrupted("noise", grey, 1, seed=2)).any()


@pytest.fixture
def sharp_study(study):
    """With a "meso4" that takes sharp faces for fake: of the made-up crops, those of fakes get a pattern."""
    side = study.profile.face_side
    face = keras.Input((side, side, 3))
    grey = keras.ops.mean(face, axis=-1, keepdims=True) / 255
    edges = keras.ops.abs(grey[:, :, 1:] - grey[:, :, :-1])
    unit = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(face, unit(keras.ops.mean(edges, axis=(1, 2))))
    unit.set_weights([np.array([[40.0]]), np.array([-2.0])])
    save_as_trained(model, study, "meso4")
    return study


def _patterned(store_crops, fakes):
    """The store's crops with noise on those of fakes, and less on those of reals."""
    generator = np.random.default_rng(0)
    pattern = generator.integers(0, 90, (64, 64, 1))

    def crops(store, rows):
        pixels = store_crops(store, rows).astype(int)
        strengths = np.array([1.0 if video in fakes else 0.8 for video in rows["video"]])
        return np.clip(pixels + strengths[:, None, None, None] * pattern, 0, 255).astype(np.uint8)

    return crops


def test_a_model_that_looks_for_sharp_detail_loses_it_to_blur_and_not_to_darkness(sharp_study, table, monkeypatch):
    monkeypatch.setattr(
        robustness.FaceStore, "crops", _patterned(robustness.FaceStore.crops, {"fake.mp4", "two_people.mp4"})
    )
    predictions = robustness.predict_corrupted("meso4", sharp_study)
    written = pd.read_parquet(sharp_study.robustness("meso4"))
    pd.testing.assert_frame_equal(written, predictions, check_dtype=False)
    assert list(predictions.columns) == ["model", "video", "track", "frame", "variant", "p_fake"]
    assert predictions["variant"].nunique() == 1 + 6 * 5
    mean = predictions.groupby("variant")["p_fake"].mean()
    for name in ("blur", "down_scaling", "jpeg"):
        # Whatever takes detail away makes this model see fewer fakes; JPEG's blocks may put some back.
        assert mean[f"{name}_5"] < mean["plain"] - 0.05, name
    blurred = [mean["plain"], *(mean[f"blur_{strength}"] for strength in range(1, 6))]
    assert (np.diff(blurred) < 0).all()
    noisy = [mean["plain"], *(mean[f"noise_{strength}"] for strength in range(1, 6))]
    assert (np.diff(noisy) > 0).all()

    curves = robustness.curves(predictions, table).set_index(["corruption", "strength"])
    assert len(curves) == 6 * 6
    assert (curves.xs(0, level="strength")["auc"] == 1).all() and (curves["count"] == 3).all()
    assert curves.loc[("darkness", 3), "auc"] == 1
    assert curves.loc[("blur", 3), "level"] == 2 and np.isnan(curves.loc[("blur", 0), "level"])
    # Strong noise drowns the difference in level: everything is called fake.
    assert curves.loc[("noise", 5), "balanced_accuracy"] == 0.5


def test_the_number_of_videos_is_limited_by_the_profile_and_both_labels_are_drawn(sharp_study):
    few = dataclasses.replace(
        sharp_study, profile=sharp_study.profile.replace(robustness_videos=2, robustness_frames=2)
    )
    rows = robustness.predict_corrupted("meso4", few).query("variant == 'plain'")
    videos = set(rows["video"])
    assert len(videos) == 2 and "real.mp4" in videos
    assert rows.groupby(["video", "track"]).size().max() == 2
    again = robustness.predict_corrupted("meso4", few)
    assert set(again["video"]) == videos


def test_what_was_asked_before_is_read_and_another_model_is_asked_anew(sharp_study, monkeypatch):
    first = robustness.predict_corrupted("meso4", sharp_study)
    model = keras.models.load_model(sharp_study.model("meso4"))
    with monkeypatch.context() as patch:
        patch.setattr(robustness, "score_faces", None)
        pd.testing.assert_frame_equal(robustness.predict_corrupted("meso4", sharp_study), first)
    model.layers[-1].set_weights([np.array([[-40.0]]), np.array([2.0])])
    save_as_trained(model, sharp_study, "meso4")
    second = robustness.predict_corrupted("meso4", sharp_study)
    np.testing.assert_allclose(second["p_fake"], 1 - first["p_fake"], atol=1e-5)


def test_a_sequence_model_is_shown_whole_windows_whose_features_another_finds_there(sequence_study, table, monkeypatch):
    """Of a model that takes red for fake: darkness makes it see fewer fakes, and what the backbone saw is shared."""
    first = robustness.predict_corrupted("resnet50_lstm", sequence_study)
    assert first["variant"].nunique() == 31
    mean = first.groupby("variant")["p_fake"].mean()
    assert (np.diff([mean["plain"], *(mean[f"darkness_{s}"] for s in range(1, 6))]) < 0).all()
    curves = robustness.curves(first, table)
    assert (curves["auc_low"] <= curves["auc"]).all() and (curves["auc"] <= curves["auc_high"]).all()

    # Another model on the same backbone, without looking at a single face again.
    shutil.copy(sequence_study.model("resnet50_lstm"), sequence_study.model("resnet50_afw"))
    save_as_trained(keras.models.load_model(sequence_study.model("resnet50_afw")), sequence_study, "resnet50_afw")
    monkeypatch.setattr(keras.Model, "predict", None)
    second = robustness.predict_corrupted("resnet50_afw", sequence_study)
    np.testing.assert_allclose(second["p_fake"], first["p_fake"], atol=1e-6)
