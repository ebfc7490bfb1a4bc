import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.explain import gradcam, layers


@pytest.fixture
def red_against_green():
    """Two channels, the amount of red and of green; red speaks for FAKE twice as much as green for REAL."""
    face = keras.Input((4, 4, 3))
    x = keras.layers.Conv2D(2, 1, use_bias=False, name="conv")(keras.layers.Rescaling(1 / 255)(face))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(face, keras.layers.Dense(1, activation="sigmoid", name="p_fake")(x))
    model.get_layer("conv").set_weights([np.array([[1, 0], [0, 1], [0, 0]], "float32")[None, None]])
    model.get_layer("p_fake").set_weights([np.array([[2.0], [-1.0]]), np.array([0.5])])
    return model


def test_a_map_by_hand(red_against_green):
    face = np.zeros((1, 4, 4, 3), np.uint8)
    face[0, 0, 1, 0] = face[0, 3, 2, 1] = 255
    (heat,) = gradcam.explainer(red_against_green)(face)
    # The gradient of an average over sixteen places is a sixteenth of the output's weight.
    expected = np.zeros((4, 4))
    expected[0, 1], expected[3, 2] = 2 / 16, -1 / 16
    np.testing.assert_allclose(heat, expected, atol=1e-6)


def test_after_an_average_the_heat_adds_up_to_the_logit(frame_model, faces):
    frame_model.get_layer("p_fake").bias.assign([0.0])
    logits = layers.logits_of(frame_model, faces)
    heat = gradcam.explainer(frame_model)(faces)
    np.testing.assert_allclose(heat.sum(axis=(1, 2)), logits, rtol=1e-3, atol=1e-5)


def test_every_frame_of_a_window_has_its_map(sequence_model, windows):
    heat = gradcam.explainer(sequence_model)(windows)
    assert heat.shape == (5, 3, 14, 14)
    sequence_model.get_layer("head").get_layer("p_fake").bias.assign([0.0])
    logits = layers.logits_of(sequence_model, windows)
    np.testing.assert_allclose(heat.sum(axis=(1, 2, 3)), logits, rtol=1e-3, atol=1e-5)


def test_an_explainer_follows_the_weights(red_against_green):
    face = np.full((1, 4, 4, 3), (255, 0, 0), np.uint8)
    explain = gradcam.explainer(red_against_green)
    assert explain(face).sum() == pytest.approx(2)
    red_against_green.get_layer("p_fake").set_weights([np.array([[-3.0], [0.0]]), np.array([0.0])])
    assert explain(face).sum() == pytest.approx(-3)


def test_any_layer_that_gives_maps(frame_model, faces):
    assert gradcam.explainer(frame_model, "conv")(faces[:2]).shape == (2, 14, 14)
    with pytest.raises(ValueError, match="p_fake.*not maps"):
        gradcam.explainer(frame_model, "p_fake")
    with pytest.raises(ValueError, match="no layer 'block9'"):
        gradcam.explainer(frame_model, "block9")


@pytest.mark.parametrize(
    ("name", "shape"), [("meso4", (2, 8, 8)), ("densenet121", (2, 2, 2)), ("resnet50_lstm", (2, 4, 2, 2))]
)
def test_real_architectures(name, shape):
    keras.utils.set_random_seed(0)
    model = models.build(name, profiles.get("tiny"))
    faces = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]), dtype=np.uint8)
    heat = gradcam.explainer(model)(faces)
    assert heat.shape == shape and np.isfinite(heat).all() and heat.any()
