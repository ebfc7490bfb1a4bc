import importlib.util
import os
import subprocess
import sys
import textwrap

import keras
import numpy as np
import pytest

from dfdc_utils.explain.gradients import value_and_gradient


def test_a_gradient_by_hand():
    value, gradient = value_and_gradient(lambda x: keras.ops.sum(x**2))(np.array([[1.0, -2.0], [0.5, 0.0]]))
    assert value == pytest.approx(5.25)
    np.testing.assert_allclose(gradient, [[2, -4], [1, 0]])


def test_what_does_not_depend_on_the_array_has_a_gradient_of_zeros():
    _, gradient = value_and_gradient(lambda x: keras.ops.sum(keras.ops.ones((2,))))(np.ones((3, 2)))
    np.testing.assert_array_equal(gradient, np.zeros((3, 2)))


def test_a_models_gradient_agrees_with_finite_differences(frame_model, faces):
    picture = faces[:1].astype("float64")
    climb = value_and_gradient(lambda x: keras.ops.sum(frame_model(x, training=False)))
    _, gradient = climb(picture)
    direction = np.random.default_rng(1).normal(size=picture.shape)
    rise = (climb(picture + direction)[0] - climb(picture - direction)[0]) / 2
    assert rise == pytest.approx((gradient * direction).sum(), rel=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_the_same_under_another_backend(backend):
    """In a process of its own, since Keras chooses its backend once. Needs the other beside TensorFlow."""
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    script = """
        import keras, numpy as np
        from dfdc_utils.explain import activation_maximisation, gradcam, layers
        from dfdc_utils.explain.gradients import value_and_gradient

        assert keras.backend.backend() == "BACKEND"
        value, gradient = value_and_gradient(lambda x: keras.ops.sum(x**2))(np.array([1.0, -2.0]))
        assert value == 5 and gradient.tolist() == [2, -4]
        _, gradient = value_and_gradient(lambda x: keras.ops.sum(keras.ops.ones((2,))))(np.ones((3, 2)))
        assert gradient.tolist() == [[0, 0]] * 3
        face = keras.Input((16, 16, 3))
        x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(face)
        x = keras.layers.Dropout(0.5)(
            keras.layers.GlobalAveragePooling2D()(keras.layers.BatchNormalization()(x))
        )
        model = keras.Model(face, keras.layers.Dense(1, activation="sigmoid", name="p_fake")(x))
        faces = np.random.default_rng(0).integers(0, 256, (6, 16, 16, 3), dtype=np.uint8)
        result = activation_maximisation.maximised(
            model, layers.find(model, "conv"), faces, seed=0, count=4, steps=4
        )
        assert result.pictures.shape == (len(result.weights), 16, 16, 3)
        # Batch normalisation at its start divides by sqrt(1 + 0.001).
        expected = keras.ops.convert_to_numpy(model.layers[-1].kernel)[result.weights.index, 0] / np.sqrt(1.001)
        np.testing.assert_allclose(result.weights, expected, rtol=1e-4)

        model.layers[-1].bias.assign([0.0])
        explain = gradcam.explainer(model)
        heat = explain(faces)
        assert heat.shape == (6, 14, 14)
        logits = layers.logits_of(model, faces)
        np.testing.assert_allclose(heat.sum(axis=(1, 2)), logits, rtol=1e-3, atol=1e-5)
        model.layers[-1].kernel.assign(-model.layers[-1].kernel)
        np.testing.assert_allclose(explain(faces), -heat, rtol=1e-4, atol=1e-6)
    """
    script = textwrap.dedent(script).replace("BACKEND", backend)
    environment = {**os.environ, "KERAS_BACKEND": backend}
    subprocess.run([sys.executable, "-c", script], check=True, env=environment, timeout=120)
