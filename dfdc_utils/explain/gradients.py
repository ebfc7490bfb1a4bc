"""The one place that differentiates, under every Keras backend the project runs on."""

import functools
from collections.abc import Callable

import numpy as np

from dfdc_utils.backend import keras


def value_and_gradient(
    function: Callable, model: keras.Model | None = None
) -> Callable[..., tuple[np.ndarray, np.ndarray]]:
    """`function` compiled together with its gradient.

    The gradient with respect to what a layer inside a model gives is that with respect to zeros added to it
    (`layers.tapped`).

    Args:
        function: of one or more float32 tensors of any shape (images, for one), written in Keras layers and
            `keras.ops`; returns a scalar. It is traced once for each shape.
        model: the one that `function` calls. Its weights are read anew at every call.

    Returns:
        A function of as many arrays that returns the scalar and its gradient with respect to the first of
        them, which has its shape; zeros where the scalar does not depend on it.

    Raises NotImplementedError under a backend other than TensorFlow, JAX and torch.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        both = _tensorflow(function)
    elif backend == "jax":
        both = _jax(function, model.variables if model else [])
    elif backend == "torch":
        both = _torch(function)
    else:
        raise NotImplementedError(f"Gradients are taken under TensorFlow, JAX or torch, not under {backend}.")
    return lambda *arrays: tuple(np.array(result) for result in both(*(np.asarray(a, np.float32) for a in arrays)))


def _tensorflow(function: Callable) -> Callable:
    import tensorflow as tf

    def both(function, array, *others):
        with tf.GradientTape() as tape:
            tape.watch(array)
            value = function(array, *others)
        return value, tape.gradient(value, array, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    # TensorFlow counts tracings by their code, and would warn of too many when each of several models is traced
    # once. A partial has no code of its own.
    traced = tf.function(functools.partial(both, function), reduce_retracing=True)
    return lambda *arrays: traced(*map(tf.convert_to_tensor, arrays))


def _jax(function: Callable, variables: list) -> Callable:
    import jax

    @jax.jit
    def both(weights, *arrays):
        # Handed in as arguments: JAX would write weights that a function merely sees into what it compiles.
        with keras.StatelessScope(state_mapping=zip(variables, weights, strict=True)):
            return jax.value_and_grad(function)(*arrays)

    return lambda *arrays: both([variable.value for variable in variables], *arrays)


def _torch(function: Callable) -> Callable:
    import torch

    def both(*arrays):
        # Keras puts them on the device of the weights.
        array, *others = map(keras.ops.convert_to_tensor, arrays)
        value = function(array.requires_grad_(), *others)
        if not value.requires_grad:
            return value.cpu(), torch.zeros(array.shape)
        (gradient,) = torch.autograd.grad(value, array, materialize_grads=True)
        return value.detach().cpu(), gradient.cpu()

    return both
