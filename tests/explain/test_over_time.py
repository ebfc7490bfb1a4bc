import keras
import numpy as np
import pytest

from dfdc_utils.explain import gradcam
from dfdc_utils.explain.over_time import WEIGHTS, influences, over_time
from dfdc_utils.models.sequences import PADDING

FRAMES, SIDE = 3, 8


def _sequence_model(counts=(1.0, 2.0, -1.0)):
    """The logit is the mean red of each frame, 0 to 1, each times a number of its own; the numbers' layer is
    called as that of a model which weighs its frames."""
    faces = keras.Input((FRAMES, SIDE, SIDE, 3))
    x = keras.ops.reshape(faces, (-1, SIDE, SIDE, 3))
    conv = keras.layers.Conv2D(1, 1, use_bias=False, name="red")
    x = keras.layers.GlobalAveragePooling2D()(conv(x))
    x = keras.layers.Reshape((FRAMES, 1), name=WEIGHTS)(keras.ops.reshape(x, (-1, FRAMES, 1)))
    output = keras.layers.Dense(1, activation="sigmoid", use_bias=False, name="p_fake")
    model = keras.Model(faces, output(keras.layers.Flatten()(x)))
    conv.set_weights([np.array([1 / 255, 0, 0], "float32")[None, None, :, None]])
    output.set_weights([np.array(counts, "float32")[:, None]])
    return model


@pytest.fixture
def window():
    """Its frames are red by 51, 102 and 204: 0.2, 0.4 and 0.8."""
    window = np.zeros((FRAMES, SIDE, SIDE, 3), np.uint8)
    window[..., 0] = np.array([51, 102, 204])[:, None, None]
    return window


def test_influences_by_hand(window):
    # With the frame before in its place (the second in that of the first) the red falls by -0.2, 0.2 and 0.4.
    np.testing.assert_allclose(influences(_sequence_model(), window), [-0.2, 0.4, -0.4], atol=1e-5)


def test_a_window_over_time(window):
    model = _sequence_model()
    result = over_time(model, gradcam.explainer(model), window[None], [0.0, 1.0, 2.0])
    # A still window of one frame: its red times 1 + 2 - 1.
    np.testing.assert_allclose(result.p_fake, 1 / (1 + np.exp(-2 * np.array([0.2, 0.4, 0.8]))), rtol=1e-5)
    np.testing.assert_allclose(result.weights, np.array([0.2, 0.4, 0.8]) / 1.4, rtol=1e-5)
    np.testing.assert_allclose(result.heat.sum(axis=(1, 2)), [0.2, 0.8, -0.8], rtol=1e-4)
    np.testing.assert_array_equal(result.faces, window)


def test_padding_is_no_moment_of_a_clip(window):
    model, padded = _sequence_model(), window.astype("float32")
    padded[2] = PADDING
    result = over_time(model, gradcam.explainer(model), padded[None], [0.0, 1.0])
    np.testing.assert_array_equal(result.faces, window[:2])
    assert result.faces.dtype == np.uint8 and len(result.heat) == 2
    # A still window has no padding.
    np.testing.assert_allclose(result.p_fake, 1 / (1 + np.exp(-2 * np.array([0.2, 0.4]))), rtol=1e-5)
    np.testing.assert_allclose(result.influence, [-0.2, 0.4], atol=1e-5)
    # The made-up weight of padding is its red; that of a real network is 0.
    np.testing.assert_allclose(result.weights, np.array([0.2, 0.4]) / (0.6 - 1 / 255), rtol=1e-5)


def test_faces_of_a_frame_model_over_time(frame_model, faces):
    result = over_time(frame_model, gradcam.explainer(frame_model), faces[:6], np.arange(6) / 30)
    np.testing.assert_allclose(
        result.p_fake, np.asarray(frame_model(faces[:6].astype("float32")))[:, 0], rtol=1e-5
    )
    assert result.heat.shape == (6, 14, 14)
    assert result.influence is None and result.weights is None
