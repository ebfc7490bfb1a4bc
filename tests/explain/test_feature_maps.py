import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.explain import feature_maps, layers


@pytest.fixture(scope="module")
def meso4():
    return models.build("meso4", profiles.get("tiny"))


def test_layers_from_the_first_convolution_to_the_last_maps(meso4):
    face = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    found = feature_maps.at_depths(meso4, face, depths=4)
    assert [part.layer for part in found] == ["conv1", "conv2", "conv3", "norm4"]
    assert [part.maps.shape for part in found] == [(8, 64, 64), (8, 32, 32), (8, 16, 16), (8, 8, 8)]
    assert [part.layer for part in feature_maps.at_depths(meso4, face, depths=2)] == ["conv1", "norm4"]


def test_the_channels_that_vary_most_come_first(frame_model, faces):
    (found,) = feature_maps.at_depths(frame_model, faces[0], channels=3)
    maps = layers.maps_of(frame_model, frame_model.get_layer("leaky"), faces[:1])[0]
    assert found.channels.tolist() == np.argsort(-maps.std(axis=(0, 1)))[:3].tolist()
    np.testing.assert_allclose(found.maps[0], maps[:, :, found.channels[0]], rtol=1e-5)


def test_a_sequence_models_frames_all_show_the_face(sequence_model, faces):
    (found,) = feature_maps.at_depths(sequence_model, faces[0], channels=9)
    assert found.layer == "conv" and found.maps.shape == (4, 14, 14)
