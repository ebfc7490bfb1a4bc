import keras
import numpy as np
import pytest

from dfdc_utils.explain.kernels import first_kernels


def test_kernels_are_scaled_about_grey(frame_model):
    kernel = np.zeros((3, 3, 3, 4), "float32")
    kernel[1, 1, 0, 0], kernel[0, 0, 2, 0] = 4.0, -2.0
    kernel[:, :, :, 1] = -0.1
    frame_model.get_layer("conv").kernel.assign(kernel)
    pictures = first_kernels(frame_model)["conv"]
    assert pictures.shape == (4, 3, 3, 3)
    assert pictures[0, 1, 1].tolist() == [1.0, 0.5, 0.5]
    assert pictures[0, 0, 0].tolist() == [0.5, 0.5, 0.25]
    assert (pictures[1] == 0).all(), "each kernel has its own scale"
    assert (pictures[2] == 0.5).all(), "a kernel of zeros is grey"


def test_kernels_of_a_nested_backbone(sequence_model):
    assert list(first_kernels(sequence_model)) == ["conv"]


def test_a_model_that_does_not_read_colours_is_refused():
    face = keras.Input((8, 8, 1))
    with pytest.raises(ValueError, match="three colour channels"):
        first_kernels(keras.Model(face, keras.layers.Conv2D(2, 3)(face)))
