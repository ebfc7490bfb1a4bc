"""What the backend is told before it starts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow

GROWTH = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}

# What C++ sees, not what Python remembers, at the moment at which Keras is imported.
SEEN = """
import ctypes, importlib.abc, json, sys
getenv = ctypes.CDLL(None).getenv
getenv.restype = ctypes.c_char_p
seen = {}

class Watch(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in ("keras", "tensorflow", "jax"):
            seen.setdefault(name, {key: (getenv(key.encode()) or b"").decode() for key in sys.argv[1:]})

sys.meta_path.insert(0, Watch())
import dfdc_utils.backend
print(json.dumps(seen))
"""


@pytest.mark.parametrize("chosen", [{}, dict.fromkeys(GROWTH, "chosen by the user")])
def test_a_gpus_memory_is_taken_as_needed_unless_the_user_says_otherwise(chosen):
    environment = {name: value for name, value in os.environ.items() if name not in GROWTH} | chosen
    done = subprocess.run(
        [sys.executable, "-c", SEEN, *GROWTH], env=environment, check=True, capture_output=True, text=True
    )
    seen = json.loads(done.stdout.splitlines()[-1])
    assert {"keras", "tensorflow"} <= set(seen)
    assert all(found == GROWTH | chosen for found in seen.values())


def test_tensorflow_still_reads_that_variable():
    """No GPU is needed to notice that a release has dropped it."""
    libraries = Path(tensorflow.__file__).parent.glob("libtensorflow_framework*")
    assert any(b"TF_FORCE_GPU_ALLOW_GROWTH" in library.read_bytes() for library in libraries)
