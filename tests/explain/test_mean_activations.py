import numpy as np
import pytest

from dfdc_utils.explain import layers
from dfdc_utils.explain.mean_activations import mean_activations
from dfdc_utils.models.sequences import PADDING


def test_means_over_faces_and_channels_and_their_difference(frame_model, faces):
    layer = frame_model.get_layer("leaky")
    result = mean_activations(frame_model, layer, faces[:12], faces[12:])
    maps = layers.maps_of(frame_model, layer, faces)
    np.testing.assert_allclose(result.real, maps[:12].mean(axis=(0, 3)), rtol=1e-5)
    np.testing.assert_allclose(result.difference, maps[12:].mean(axis=(0, 3)) - result.real, atol=1e-6)
    assert result.layer == "leaky"
    assert result.real_face.dtype == np.uint8
    np.testing.assert_allclose(result.fake_face, faces[12:].mean(axis=0), atol=0.51)


def test_a_sequence_models_frames_all_count(sequence_model, windows):
    result = mean_activations(sequence_model, layers.find(sequence_model, "conv"), windows[:2], windows[2:])
    assert result.real.shape == (14, 14) and result.real_face.shape == (16, 16, 3)


def test_padding_does_not_count(sequence_model, windows):
    layer = layers.find(sequence_model, "conv")
    padded = windows.astype("float32")
    padded[0, 1:] = PADDING
    result = mean_activations(sequence_model, layer, padded[:1], windows[1:])
    still = np.repeat(windows[:1, :1], windows.shape[1], axis=1)
    expected = mean_activations(sequence_model, layer, still, windows[1:])
    np.testing.assert_allclose(result.real, expected.real, rtol=1e-5)
    np.testing.assert_array_equal(result.real_face, windows[0, 0])


def test_both_kinds_are_needed(frame_model, faces):
    with pytest.raises(ValueError, match="Both real and fake"):
        mean_activations(frame_model, frame_model.get_layer("conv"), faces, faces[:0])
