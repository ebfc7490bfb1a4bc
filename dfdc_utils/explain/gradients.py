"""The one place that differentiates, under every Keras backend the project runs on."""

from collections.abc import Callable

import numpy as np

from dfdc_utils.backend import keras


def value_and_gradient(function: Callable) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """`function` compiled together with its gradient.

    Args:
        function: of one float32 tensor of any shape (images, for one), written in Keras layers and
            `keras.ops`; returns a scalar. It is traced once for each shape.

    Returns:
        A function of one array that returns the scalar and its gradient, which has the array's shape; zeros
        where the scalar does not depend on it.

    Raises NotImplementedError under a backend other than TensorFlow and JAX.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        both = _tensorflow(function)
    elif backend == "jax":
        import jax

        both = jax.jit(jax.value_and_grad(function))
    else:
        raise NotImplementedError(f"Gradients are taken under TensorFlow or JAX, not under {backend}.")
    return lambda array: tuple(np.array(result) for result in both(np.asarray(array, dtype=np.float32)))


def _tensorflow(function: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def both(array):
        with tf.GradientTape() as tape:
            tape.watch(array)
            value = function(array)
        return value, tape.gradient(value, array, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return lambda array: both(tf.convert_to_tensor(array))
