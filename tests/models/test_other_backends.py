"""A model that was saved under TensorFlow says the same under Keras's other backends, where one is installed."""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles

# Of the normalisations min_max is the one that is not a layer.
PROFILE = profiles.get("tiny", face_side=48, normalisation="min_max")

# Run in a process of its own: Keras chooses its backend once, when it is imported.
SCORE = """
import sys
import numpy as np
from dfdc_utils import models
from dfdc_utils.backend import keras

folder = sys.argv[1]
for name in models.names():
    model = models.load(f"{folder}/{name}.keras")
    np.save(f"{folder}/{name}.npy", model.predict(np.load(f"{folder}/{name}_faces.npy"), verbose=0))
print(keras.backend.backend())
"""


@pytest.mark.parametrize("backend", ["jax", "torch"])
def test_every_model_says_the_same(backend, tmp_path):
    if importlib.util.find_spec(backend) is None:
        pytest.skip(f"{backend} is not installed")
    keras.utils.set_random_seed(3)
    expected = {}
    for name in models.names():
        model = models.build(name, PROFILE)
        faces = np.random.default_rng(1).integers(0, 256, (2, *model.input_shape[1:])).astype(np.float32)
        if name in models.SEQUENCE_MODELS:
            # A short track, for masks are what backends disagree about.
            faces[0, -1] = -1
        expected[name] = model.predict(faces, verbose=0)
        model.save(tmp_path / f"{name}.keras")
        np.save(tmp_path / f"{name}_faces.npy", faces)
    done = subprocess.run(
        [sys.executable, "-c", SCORE, str(tmp_path)],
        env=os.environ | {"KERAS_BACKEND": backend}, capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == backend
    for name, scores in expected.items():
        np.testing.assert_allclose(np.load(tmp_path / f"{name}.npy"), scores, atol=1e-5, err_msg=name)
