"""What runs on GPUs, as far as a CPU can tell."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from made_up_study import make_study

from dfdc_utils import backend, models, profiles
from dfdc_utils.training import fit

HERE = Path(__file__).parent


def test_two_devices_and_xla_find_what_one_device_finds(tmp_path):
    done = subprocess.run(
        [sys.executable, HERE / "two_devices.py", tmp_path], capture_output=True, text=True, timeout=300, check=False,
        # Where the made-up study lies.
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert len(set(found["one"])) == 3
    assert found["two"] == pytest.approx(found["one"], rel=1e-5)
    assert found["xla"] == pytest.approx(found["one"], rel=1e-4)
    assert found["apart"] < 1e-3


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_half_precision_trains_and_is_loaded_in_single_precision_without_a_gpu(policy, tmp_path, monkeypatch):
    study = make_study(tmp_path, monkeypatch, precision=policy)
    training = fit.train("meso4", study, verbose=False, epochs=1, per_video=2, batch_size=16, accumulation=2)
    assert np.isfinite(training.history["loss"]).all()
    assert keras.config.dtype_policy().name == "float32"
    saved = keras.models.load_model(study.model("meso4"))
    assert saved.layers[-2].compute_dtype == policy.removeprefix("mixed_")
    assert saved.layers[-1].compute_dtype == "float32"  # a probability near 1 has no room in half precision
    loaded = models.load(study.model("meso4"))
    assert {layer.compute_dtype for layer in loaded.layers} == {"float32"}
    faces = np.random.default_rng(1).integers(0, 256, (8, 32, 32, 3)).astype(np.uint8)
    found, expected = (model.predict(faces, verbose=0) for model in (loaded, saved))
    np.testing.assert_allclose(found, expected, atol=0.02)
    assert (found != expected).any()


def test_every_part_of_a_sequence_model_is_loaded_in_single_precision(tmp_path):
    profile = profiles.get("tiny", face_side=32, lstm_units=4)
    with backend.precision("mixed_float16"):
        model = models.build("resnet50_afw", profile)
    head = model.get_layer("head")
    assert head.get_layer("p_weighted").compute_dtype == "float32"  # it has a loss
    model.save(tmp_path / "m.keras")
    left = [
        layer.path for layer in models.load(tmp_path / "m.keras")._flatten_layers() if layer.compute_dtype == "float16"
    ]
    assert not left


def test_batches_prepared_by_several_threads_are_those_of_one(tmp_path, monkeypatch):
    study = make_study(tmp_path, monkeypatch)
    histories = []
    for workers in (1, 3):
        monkeypatch.setattr(fit, "_workers", lambda workers=workers: workers)
        training = fit.train("meso4", study, verbose=False, epochs=3, per_video=2, batch_size=8, augmentation=1.0)
        histories.append(training.history.drop(columns="seconds"))
    pd.testing.assert_frame_equal(*histories)


def test_auto_is_half_precision_on_a_gpu_only(monkeypatch):
    for number, expected in ((0, "float32"), (1, "mixed_float16")):
        monkeypatch.setattr(backend, "gpus", lambda number=number: number)
        with backend.precision("auto"):
            assert keras.layers.Dense(1).dtype_policy.name == expected
    assert keras.layers.Dense(1).dtype_policy.name == "float32"
    assert profiles.get("full").precision == "auto"

