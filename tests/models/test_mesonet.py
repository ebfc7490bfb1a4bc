"""Meso4 and MesoInception4 against the authors' own networks."""

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles

FULL = profiles.get("full", face_side=256)


@pytest.mark.parametrize(("name", "parameters"), [("meso4", 28_073), ("mesoinception4", 28_725)])
def test_parameters_at_256(name, parameters):
    assert models.build(name, FULL).count_params() == parameters


def test_the_layers_of_meso4_in_the_order_of_the_paper():
    layers = models.build("meso4", FULL).layers
    block = ["Conv2D", "BatchNormalization", "MaxPooling2D"]
    head = ["Flatten", "Dropout", "Dense", "LeakyReLU", "Dropout", "Dense"]
    assert [type(layer).__name__ for layer in layers] == ["InputLayer", "Rescaling", *block * 4, *head]

    convolutions = [layer for layer in layers if isinstance(layer, keras.layers.Conv2D)]
    assert [(c.filters, c.kernel_size[0]) for c in convolutions] == [(8, 3), (8, 5), (16, 5), (16, 5)]
    assert all(c.use_bias and c.padding == "same" and c.activation is keras.activations.relu for c in convolutions)
    pools = [layer for layer in layers if isinstance(layer, keras.layers.MaxPooling2D)]
    assert [(p.pool_size[0], p.padding) for p in pools] == [(2, "same"), (2, "same"), (2, "same"), (4, "same")]
    assert [layer.rate for layer in layers if isinstance(layer, keras.layers.Dropout)] == [0.5, 0.5]
    assert [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)] == [16, 1]
    assert [layer.negative_slope for layer in layers if isinstance(layer, keras.layers.LeakyReLU)] == [
        pytest.approx(0.1)
    ]


@pytest.mark.parametrize(("name", "count"), [("meso4", 4), ("mesoinception4", 4)])
def test_every_batch_normalisation_is_used_once(name, count):
    layers = [x for x in models.build(name, FULL).layers if isinstance(x, keras.layers.BatchNormalization)]
    assert len(layers) == count
    assert all(len(layer._inbound_nodes) == 1 for layer in layers)


def test_the_branches_of_an_inception_module():
    model = models.build("mesoinception4", FULL)
    for number, filters in ((1, (1, 4, 4, 2)), (2, (2, 4, 4, 2))):
        branches = [tensor._keras_history.operation for tensor in model.get_layer(f"inception{number}").input]
        assert [branch.filters for branch in branches] == list(filters)
        assert [branch.kernel_size[0] for branch in branches] == [1, 3, 3, 3]
        assert [branch.dilation_rate[0] for branch in branches] == [1, 1, 2, 3]
        for branch in branches[1:]:
            reduction = branch.input._keras_history.operation
            assert (reduction.kernel_size, reduction.filters) == ((1, 1), branch.filters)
        assert all(branch.use_bias and branch.activation is keras.activations.relu for branch in branches)


def test_a_face_enters_the_network_between_0_and_1():
    model = models.build("meso4", profiles.get("tiny"))
    seen = keras.Model(model.input, model.layers[1].output)
    white = np.full((1, 64, 64, 3), 255, np.uint8)
    np.testing.assert_allclose(seen.predict(white, verbose=0), 1.0, atol=1e-6)
