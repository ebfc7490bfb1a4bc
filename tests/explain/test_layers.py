import keras
import numpy as np
import pytest

from dfdc_utils.explain import layers


def test_nested_layers_are_found_in_order(sequence_model):
    names = [layer.name for layer in layers.all_layers(sequence_model)]
    assert names.index("conv") < names.index("p_fake") == len(names) - 1
    assert "backbone" not in names and "head" not in names
    assert layers.find(sequence_model, "conv").filters == 4


def test_a_layer_that_is_not_there_lists_those_that_are(frame_model):
    with pytest.raises(ValueError, match="no layer 'block9'.*conv.*p_fake"):
        layers.find(frame_model, "block9")


def test_the_last_maps_come_after_the_activation_and_before_the_pooling(frame_model, sequence_model):
    assert layers.last_maps(frame_model).name == "leaky"
    assert layers.last_maps(sequence_model).name == "conv"


def test_maps_of_every_frame(frame_model, sequence_model, faces, windows):
    maps = layers.maps_of(sequence_model, layers.find(sequence_model, "conv"), windows)
    assert maps.shape == (15, 14, 14, 4)
    model = keras.Model(frame_model.input, frame_model.get_layer("leaky").output)
    # Twenty faces are two batches.
    expected = model.predict(faces.astype("float32"), verbose=0)
    np.testing.assert_allclose(
        layers.maps_of(frame_model, frame_model.get_layer("leaky"), faces), expected, atol=1e-5
    )


def test_a_tap_is_taken_off_even_after_an_error(frame_model, faces):
    before = frame_model.predict_on_batch(faces)
    with pytest.raises(RuntimeError), layers.tapped(frame_model.get_layer("conv"), added=100.0) as seen:
        frame_model(faces)
        raise RuntimeError
    assert len(seen) == 1
    frame_model(faces)
    assert len(seen) == 1
    np.testing.assert_array_equal(frame_model.predict_on_batch(faces), before)


def test_logits_are_those_of_the_score_and_only_while_asked_for(sequence_model, windows):
    p_fake = np.asarray(sequence_model(windows, training=False))
    logits = layers.logits_of(sequence_model, windows)
    assert logits.shape == (5,)
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), p_fake[:, 0], rtol=1e-5)
    np.testing.assert_array_equal(np.asarray(sequence_model(windows, training=False)), p_fake)


def test_a_model_without_a_sigmoid_unit_has_no_logits():
    face = keras.Input((4, 4, 3))
    model = keras.Model(face, keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(face)))
    with pytest.raises(ValueError, match="sigmoid"), layers.logits(model):
        pass
