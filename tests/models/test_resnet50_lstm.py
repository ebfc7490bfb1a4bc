import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles

PROFILE = profiles.get("tiny", face_side=32, sequence_frames=3)


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(3)
    return models.build("resnet50_lstm", PROFILE)


def trainable(model) -> int:
    return sum(int(np.prod(weights.shape)) for weights in model.trainable_weights)


def test_the_parameters_of_the_report():
    model = models.build("resnet50_lstm", profiles.get("full", weights="random"))
    lstm = 4 * ((2048 + 2048) * 2048 + 2048)
    dense = 2048 * 2048 + 2048
    assert trainable(model) == lstm + dense + 2048 + 1
    assert model.count_params() - trainable(model) == 23_587_712  # Keras's ResNet50 without its top


def test_the_layers_of_the_head_in_the_order_of_the_report(model):
    head = model.get_layer("head")
    assert [type(layer).__name__ for layer in head.layers] == [
        "InputLayer", "LSTM", "LeakyReLU", "Dropout", "Dense", "Dense"
    ]
    assert head.get_layer("dropout").rate == 0.4
    assert head.get_layer("dense").activation is keras.activations.relu
    lstm = head.get_layer("lstm")
    # One direction; the bias is a bias.
    assert type(lstm) is keras.layers.LSTM and lstm.use_bias and lstm.units == PROFILE.lstm_units


def test_training_leaves_the_backbone_as_it_is(model):
    backbone = model.get_layer("backbone")
    assert not backbone.trainable_weights
    before = [weights.copy() for weights in backbone.get_weights()]
    model.compile("adam", "binary_crossentropy")
    faces = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3), dtype=np.uint8)
    head_before = model.get_layer("head").get_weights()
    model.fit(faces, np.array([[0.0], [1.0]]), verbose=0)
    # Its weights, and the averages of its batch normalisations.
    for old, new in zip(before, backbone.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert any((old != new).any() for old, new in zip(head_before, model.get_layer("head").get_weights(), strict=True))


def test_every_sequence_is_judged_by_its_own_frames_in_their_order(model):
    generator = np.random.default_rng(2)
    faces = generator.integers(0, 256, (4, 3, 32, 32, 3), dtype=np.uint8)
    together = model.predict(faces, verbose=0)
    backbone, head = model.get_layer("backbone"), model.get_layer("head")
    for sequence, expected in zip(faces, together, strict=True):
        features = backbone.predict(sequence, verbose=0)
        np.testing.assert_allclose(head.predict(features[None], verbose=0)[0], expected, atol=1e-5)
    assert not np.allclose(model.predict(faces[:, ::-1], verbose=0), together, atol=1e-7)
