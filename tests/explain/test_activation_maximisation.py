import keras
import numpy as np
import pandas as pd
import pytest

from dfdc_utils.explain import layers
from dfdc_utils.explain.activation_maximisation import (
    channel_weights,
    maximise,
    maximised,
    strongest_channels,
)


def _red_green(model):
    """Makes channel 0 of "conv" like red alone and channel 1 green alone."""
    conv = layers.find(model, "conv")
    kernel = np.zeros(conv.kernel.shape, "float32")
    kernel[1, 1, :, 0] = 1, -0.5, -0.5
    kernel[1, 1, :, 1] = -0.5, 1, -0.5
    conv.kernel.assign(kernel)
    conv.bias.assign([0.1] * 4)
    return conv


def test_weights_after_an_average_are_the_output_units(frame_model, faces):
    weights = channel_weights(frame_model, frame_model.get_layer("leaky"), faces)
    np.testing.assert_allclose(weights, np.asarray(frame_model.layers[-1].kernel)[:, 0], rtol=1e-4)


def test_weights_after_average_and_maximum_joined_are_the_sum_of_both(faces):
    face = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(keras.layers.Rescaling(1 / 255)(face))
    pools = [keras.layers.GlobalAveragePooling2D()(x), keras.layers.GlobalMaxPooling2D()(x)]
    x = keras.layers.Concatenate()(pools)
    model = keras.Model(face, keras.layers.Dense(1, activation="sigmoid")(x))
    kernel = np.asarray(model.layers[-1].kernel)[:, 0]
    weights = channel_weights(model, model.get_layer("conv"), faces)
    np.testing.assert_allclose(weights, kernel[:4] + kernel[4:], rtol=1e-4)


def test_weights_through_a_nested_head_count_every_frame(sequence_model, windows):
    weights = channel_weights(sequence_model, layers.find(sequence_model, "conv"), windows)
    expected = np.asarray(layers.find(sequence_model, "p_fake").kernel)[:, 0]
    np.testing.assert_allclose(weights, expected, rtol=1e-4)


def test_a_saturated_score_still_has_weights(frame_model, faces):
    frame_model.layers[-1].bias.assign([200.0])
    assert (np.asarray(frame_model(faces)) == 1).all()
    weights = channel_weights(frame_model, frame_model.get_layer("leaky"), faces)
    np.testing.assert_allclose(weights, np.asarray(frame_model.layers[-1].kernel)[:, 0], rtol=1e-4)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(4, [3, 0, 2, 5]), (6, [3, 0, 4, 1, 2, 5]), (2, [3, 5]), (9, [3, 0, 4, 1, 2, 5])],
)
def test_the_strongest_channels_of_both_signs(count, expected):
    weights = pd.Series([-2.0, 0.1, 0.5, -3.0, -0.2, 4.0, 0.0])
    assert strongest_channels(weights, count).index.tolist() == expected


def test_pictures_show_what_excites_the_channel(frame_model):
    conv = _red_green(frame_model)
    red, green = maximise(frame_model, conv, [0, 1], seed=0, steps=20).astype(float).mean(axis=(1, 2))
    assert red[0] > 200 and red[1] < 110 and red[2] < 110
    assert green[1] > 200 and green[0] < 110 and green[2] < 110


def test_ascent_ascends_and_repeats_itself(frame_model):
    leaky = frame_model.get_layer("leaky")

    def excitation(pictures):
        return layers.maps_of(frame_model, leaky, pictures).mean(axis=(1, 2))[[0, 1, 2, 3], [0, 1, 2, 3]]

    pictures = maximise(frame_model, leaky, [0, 1, 2, 3], seed=0, steps=16)
    assert pictures.shape == (4, 16, 16, 3) and pictures.dtype == np.uint8
    flat = np.full((4, 16, 16, 3), 127, np.uint8)
    assert (excitation(pictures) > excitation(flat)).all()
    np.testing.assert_array_equal(pictures, maximise(frame_model, leaky, [0, 1, 2, 3], seed=0, steps=16))
    assert (pictures != maximise(frame_model, leaky, [0, 1, 2, 3], seed=1, steps=16)).any()


def test_a_sequence_models_frames_are_the_pictures(sequence_model):
    """Four pictures do not fill two windows of three."""
    pictures = maximise(sequence_model, _red_green(sequence_model), [0, 1, 0, 1], seed=0, steps=20)
    assert pictures.shape == (4, 16, 16, 3)
    means = pictures.astype(float).mean(axis=(1, 2))
    assert means[:, :2].argmax(axis=1).tolist() == [0, 1, 0, 1]


def test_a_layer_behind_the_pooling(frame_model):
    """The output unit likes red, and nothing else: so does its picture."""
    _red_green(frame_model)
    frame_model.get_layer("p_fake").kernel.assign([[1.0], [0], [0], [0]])
    (picture,) = maximise(frame_model, frame_model.get_layer("p_fake"), [0], seed=0, steps=20)
    red, green, blue = picture.astype(float).mean(axis=(0, 1))
    assert red > 200 and green < 110 and blue < 110


def test_a_layer_that_sees_whole_windows(sequence_model):
    _red_green(sequence_model)
    output = layers.find(sequence_model, "p_fake")
    output.kernel.assign([[0.0], [1], [0], [0]])
    pictures = maximise(sequence_model, output, [0, 0], seed=0, steps=20)
    assert pictures.shape == (2, 16, 16, 3)
    assert (pictures.astype(float).mean(axis=(1, 2)).argmax(axis=1) == 1).all()


def test_channels_that_never_change_are_passed_over(frame_model, faces):
    conv = _red_green(frame_model)  # channels 2 and 3 are constant
    result = maximised(frame_model, conv, faces, seed=0, count=4, steps=2)
    assert sorted(result.weights.index) == [0, 1]
    assert result.weights.is_monotonic_increasing
    assert result.pictures.shape == (2, 16, 16, 3)


def test_a_channel_that_is_not_there_is_refused(frame_model):
    with pytest.raises(ValueError, match="channels 0 to 3"):
        maximise(frame_model, frame_model.get_layer("conv"), [1, 4], seed=0)
