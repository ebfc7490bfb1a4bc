"""What all sequence models keep to: which faces they see, and that padding changes nothing."""

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.models import sequences
from dfdc_utils.training.recipe import Recipe
from dfdc_utils.training.weighting import part_to_fit

SHORT, LONG = 3, 5
PROFILE = profiles.get("tiny", face_side=32, sequence_frames=LONG, lstm_units=8)


def small_backbone(profile: profiles.Profile, *, name: str) -> keras.Model:
    """In place of ResNet50, which takes seconds for each of many graphs; `test_features` has the real one."""
    face = keras.Input((profile.face_side, profile.face_side, 3))
    x = keras.layers.Conv2D(16, 3, strides=2, activation="relu")(keras.layers.Rescaling(1 / 255)(face))
    model = keras.Model(face, keras.layers.GlobalAveragePooling2D()(x), name=name)
    model.weights_start = profile.weights
    return model


@pytest.fixture(scope="module", params=models.SEQUENCE_MODELS)
def twins(request):
    """The same network for tracks of up to three and of up to five faces."""
    keras.utils.set_random_seed(4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sequences, "resnet50", small_backbone)
        short, long = (models.build(request.param, PROFILE.replace(sequence_frames=n)) for n in (SHORT, LONG))
    # Away from the start of the weights of AFW, where all frames weigh the same.
    generator = np.random.default_rng(4)
    head = long.get_layer("head")
    head.set_weights([w + generator.normal(0, 0.1, w.shape).astype(w.dtype) for w in head.get_weights()])
    short.set_weights(long.get_weights())
    return short, long


def made_up(shape) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape).astype("float32")


def lengthened(frames: np.ndarray) -> np.ndarray:
    places = np.tile([*range(SHORT), *[sequences.PADDING] * (LONG - SHORT)], (len(frames), 1))
    return sequences.padded(frames.reshape(-1, *frames.shape[2:]), places)


def test_faces_are_spread_over_a_track_and_a_short_one_is_padded():
    found = sequences.spread(np.array([9, 4, 2, 1]), 4)
    assert found.tolist() == [[1, 3, 5, 7], [0, 1, 2, 3], [0, 1, -1, -1], [0, -1, -1, -1]]
    assert sequences.spread(np.array([8]), 4, 0.0).tolist() == [[0, 2, 4, 6]]
    within = np.array([0.0, 0.99, 0.5, 0.99])
    assert sequences.spread(np.array([8, 3]), 4, within).tolist() == [[0, 3, 5, 7], [0, 1, 2, -1]]


def test_no_face_is_left_out_or_seen_twice_whatever_the_length_of_the_track():
    for wanted in (1, 3, 7, 10):
        for count in range(1, 40):
            for within in (0.0, 0.5, 1 - 1e-9):
                places = sequences.spread(np.array(count), wanted, within)
                seen = places[places != sequences.PADDING]
                assert len(seen) == min(count, wanted) == len(set(seen.tolist()))
                assert seen.min() >= 0 and seen.max() < count and (np.diff(seen) > 0).all()


def test_a_padded_track_is_judged_as_the_track_itself(twins):
    short, long = twins
    faces = made_up((4, SHORT, 32, 32, 3))
    expected = short.predict(faces, verbose=0)
    np.testing.assert_allclose(long.predict(lengthened(faces), verbose=0), expected, atol=1e-6)


def test_padding_stays_padding_where_faces_are_stretched_to_their_range():
    model = models.build("resnet50_lstm", PROFILE.replace(normalisation="min_max", face_side=32, sequence_frames=2))
    given_to_head = model.get_layer("head")._inbound_nodes[-1].input_tensors[0]
    faces = np.concatenate([made_up((1, 1, 32, 32, 3)), np.full((1, 1, 32, 32, 3), sequences.PADDING)], axis=1)
    features = keras.Model(model.input, given_to_head).predict(faces, verbose=0)[0]
    assert np.isfinite(features[0]).all() and (features[0] != sequences.PADDING).any()
    assert (features[1] == sequences.PADDING).all()


def test_a_black_face_is_a_face(twins):
    _, long = twins
    faces = lengthened(made_up((2, SHORT, 32, 32, 3)))
    black = faces.copy()
    black[:, SHORT] = 0
    assert (np.abs(long.predict(black, verbose=0) - long.predict(faces, verbose=0)) > 1e-6).all()


def test_training_on_padded_tracks_is_training_on_the_tracks_themselves(twins):
    """The same loss, and after three steps the same weights: so the same gradients. Without the luck of dropout."""
    features, labels = np.random.default_rng(1).uniform(size=(6, SHORT, 16)), np.array([[0.0], [1.0]] * 3)
    losses, weights = [], []
    for model, inputs in zip(twins, (features, lengthened(features)), strict=True):
        head = model.get_layer("head")
        head.get_layer("dropout").rate = 0.0
        part = part_to_fit(head)
        Recipe(learning_rate=0.01).compile(part, 1)
        part.run_eagerly = True  # a graph would take longer than three steps
        losses.append([part.train_on_batch(inputs, labels)[0] for _ in range(3)])
        weights.append(part.get_weights())
    np.testing.assert_allclose(losses[0], losses[1], atol=1e-6)
    assert losses[0][0] != losses[0][2]
    for one, other in zip(*weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
