"""Keras and its backend, imported in silence.

TensorFlow 2.21 writes notes about oneDNN and CUDA to the standard error of the process while it is imported and
when it first looks for a GPU, whatever TF_CPP_MIN_LOG_LEVEL says; in a notebook they stand in red above every
result. TensorFlow and JAX also take all memory of a GPU as they start. So this is the one place that imports Keras,
and others say `from dfdc_utils.backend import keras`. The face detector needs TensorFlow under any backend, and
imports it `quietly`.
"""

import contextlib
import functools
import logging
import os
import sys
import tempfile
from collections.abc import Iterator

# Errors too (3, not 2): on a CPU without AVX-512 the mask of a sequence is called one. What does go wrong is raised.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# A GPU's memory as it is needed, so that several processes, or both libraries in one, share a card. Variables, not
# calls: they also hold for TensorFlow beside another backend, and where a program used TensorFlow before.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
# For programs of Keras 2. With it TensorFlow, and MTCNN through it, wants tf_keras, which is not installed.
os.environ.pop("TF_USE_LEGACY_KERAS", None)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Holds back what is written to file descriptor 2; an exception lets it out."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)


with quietly():
    import keras
    from keras import layers, ops

    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.list_physical_devices()
        # A notebook asks one network after the other, and each is traced once: that is no retracing to be warned of.
        logging.getLogger("tensorflow").addFilter(lambda record: "retracing" not in record.getMessage())

__all__ = ["gpus", "keras", "layers", "ops", "precision", "quietly", "replicas"]


def gpus() -> int:
    """How many GPUs the backend sees."""
    if keras.backend.backend() == "torch":
        # Keras lists no devices there.
        import torch

        return torch.cuda.device_count()
    # All devices: asked for GPUs alone, JAX raises where there are none.
    return sum("gpu" in device.lower() for device in keras.distribution.list_devices())


@contextlib.contextmanager
def precision(policy: str) -> Iterator[None]:
    """Layers made within it compute in `policy`, a Keras dtype policy; "auto": half precision on a GPU only.

    On a GPU that halves memory and time; a CPU has no half precision worth speaking of, and takes longer.
    """
    before = keras.config.dtype_policy()
    if policy == "auto":
        policy = "mixed_float16" if gpus() else "float32"
    keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def replicas():
    """A context in which models are built and trained on all GPUs at once, each with a share of every batch.

    With one GPU or none, and under other backends than TensorFlow, it changes nothing.
    """
    if keras.backend.backend() == "tensorflow" and gpus() > 1:
        return _mirrored().scope()
    return contextlib.nullcontext()


@functools.cache
def _mirrored():
    # One a process: the sums over devices of a second one are mixed up with those of the first.
    return tensorflow.distribute.MirroredStrategy()
