"""The one place that differentiates, under every Keras backend the project runs on."""

from collections.abc import Callable

import numpy as np

from dfdc_utils.backend import keras


def value_and_gradient(function: Callable) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """`function` compiled together with its gradient.

    Args:
        function: of one or more float32 tensors of any shape (images, for one), written in Keras layers and
            `keras.ops`; returns a scalar. It is traced once for each shape.

    Returns:
        A function of as many arrays that returns the scalar and its gradient with respect to the first of
        them, which has its shape; zeros where the scalar does not depend on it.

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
    return lambda *arrays: tuple(np.array(result) for result in both(*(np.asarray(a, np.float32) for a in arrays)))


def _tensorflow(function: Callable) -> Callable:
    import tensorflow as tf

    @tf.function(reduce_retracing=True)
    def both(array, *others):
        with tf.GradientTape() as tape:
            tape.watch(array)
            value = function(array, *others)
        return value, tape.gradient(value, array, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    return lambda *arrays: both(*map(tf.convert_to_tensor, arrays))
