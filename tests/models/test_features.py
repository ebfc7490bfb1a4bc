import keras
import numpy as np
import pytest

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import features
from dfdc_utils.training.batches import Crops, faces_of


@pytest.fixture
def parts(study):
    """A backbone small enough for a test, and the faces of the validation split."""
    keras.utils.set_random_seed(1)
    entrance = keras.Input((32, 32, 3))
    x = keras.layers.Rescaling(1 / 255)(entrance)
    x = keras.layers.Conv2D(6, 5, strides=2, activation="relu")(x)
    backbone = keras.Model(entrance, keras.layers.GlobalAveragePooling2D()(x))
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "validation")
    return backbone, store, faces, study.features


def compute(parts, *, augmented=0, **changes):
    backbone, store, faces, folder = parts
    sets = [Crops(store, faces)] + [Crops(store, faces, augmentation=1.0)] * augmented
    return features.compute(
        backbone, sets, store.identity_of_rows(faces), folder, "validation", **{"seed": 4, "verbose": False} | changes
    )


def test_they_are_what_the_backbone_makes_of_each_face(parts):
    backbone, store, faces, _ = parts
    values = compute(parts).values
    assert values.shape == (1, len(faces), 6) and values.dtype == np.float16
    expected = backbone.predict(store.crops(faces.iloc[[0, 70, 150]]), verbose=0)
    np.testing.assert_allclose(values[0, [0, 70, 150]], expected, atol=2e-3)


def test_they_are_read_by_position_as_crops_are(parts):
    found = compute(parts)
    at = np.array([[5, 9, 9], [0, 1, 2]])
    read = found(at, (0, 1))
    assert read.shape == (2, 3, 6) and read.dtype == np.float32
    np.testing.assert_array_equal(read, found.values[0][at].astype(np.float32))
    np.testing.assert_array_equal(
        found(np.array([[5, 9, -1], [0, -1, -1]]), (0, 1)),
        np.stack([[*read[0, :2], [-1] * 6], [read[1, 0], [-1] * 6, [-1] * 6]]),
    )


def test_of_several_sets_a_sequence_comes_from_one_and_the_seed_says_which(parts):
    found = compute(parts, augmented=2)
    at = np.tile(np.arange(4), (40, 1))
    read = found(at, (7,))
    np.testing.assert_array_equal(read, found(at, (7,)))
    which = [
        [number for number in range(3) if (found.values[number, :4] == sequence).all()] for sequence in read
    ]
    assert {number for (number,) in which} == {0, 1, 2}
    assert (found.values[1] != found.values[2]).any()


def test_they_are_computed_once(parts, monkeypatch):
    first = compute(parts)
    monkeypatch.setattr(features, "_write", None)
    np.testing.assert_array_equal(compute(parts).values, first.values)


def test_another_backbone_or_other_faces_replace_them(parts):
    backbone, store, faces, folder = parts
    compute(parts)
    (before,) = folder.iterdir()
    backbone.set_weights([weights + 0.1 for weights in backbone.get_weights()])
    compute(parts)
    (after,) = folder.iterdir()
    assert before != after
    compute((backbone, store, faces.iloc[8:].reset_index(drop=True), folder))
    assert after not in folder.iterdir() and len(list(folder.iterdir())) == 1


def test_a_strength_that_leaves_the_first_faces_as_they_are_is_another_all_the_same(parts):
    """The key was once that of the first 64 faces' pixels, which faint augmentation need not change."""
    backbone, store, faces, folder = parts
    keys = set()
    for strength in (0.0, 1e-9, 0.5):
        crops = Crops(store, faces, augmentation=strength)
        keys.add(features.key(backbone, [crops], "the same"))
    assert len(keys) == 3


def test_the_head_says_of_features_what_the_whole_model_says_of_faces(study):
    keras.utils.set_random_seed(2)
    model = models.build("resnet50_lstm", study.profile)
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "test").iloc[:12].reset_index(drop=True)
    crops = Crops(store, faces)
    found = features.compute(
        model.get_layer("backbone"), [crops], store.identity_of_rows(faces), study.features, "test", seed=0,
        verbose=False,
    )
    at = np.array([[0, 1, 2, 3], [4, 5, 6, -1], [8, -1, -1, -1]])
    of_features = model.get_layer("head").predict(found(at, (0,)), verbose=0)
    np.testing.assert_allclose(of_features, model.predict(crops(at, (0,)), verbose=0), atol=1e-3)
