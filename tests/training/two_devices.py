"""Trains on two devices, as on two GPUs, and with XLA; a process of its own, since devices must be made first.

Prints, as JSON, the losses of one network, without anything random in it, on one device, on one with XLA and on
two, and how far apart its features on one and on two are.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)

from made_up_study import make_study

from dfdc_utils import backend, profiles
from dfdc_utils.backend import keras
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import features
from dfdc_utils.training import dry_run, fit
from dfdc_utils.training.batches import Crops, FaceBatches, faces_of
from dfdc_utils.training.recipe import Recipe

with pytest.MonkeyPatch.context() as patch:
    study = make_study(Path(sys.argv[1]), patch, originals=(6, 3, 1))
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "train")

    def losses_and_features(folder: str, compiler: str = "none") -> tuple[list[float], np.ndarray]:
        keras.utils.set_random_seed(1)
        with backend.replicas():
            entrance = keras.Input((32, 32, 3))
            x = keras.layers.Conv2D(4, 3, strides=2, activation="relu")(keras.layers.Rescaling(1 / 255)(entrance))
            pooled = keras.layers.GlobalAveragePooling2D()(x)
            model = keras.Model(entrance, keras.layers.Dense(1, activation="sigmoid")(pooled))
            crops = Crops(store, faces)
            batches = FaceBatches(faces, crops, draw="pairs", per_video=4, sequences=False, batch_size=8, seed=1)
            Recipe(epochs=3, compiler=compiler).compile(model, len(batches))
            assert model.jit_compile == (compiler == "xla")
            history = model.fit(batches, epochs=3, shuffle=False, verbose=0).history
            found = features.compute(
                keras.Model(entrance, pooled), [crops], "", study.features / folder, "f", seed=1, verbose=False
            )
            return history["loss"], found.values

    one, one_sees = losses_and_features("one")
    xla, _ = losses_and_features("xla", "xla")
    strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    patch.setattr(backend, "gpus", lambda: 2)
    patch.setattr(backend, "_mirrored", lambda: strategy)
    two, two_see = losses_and_features("two")
    apart = float(np.abs(one_sees.astype(np.float32) - two_see.astype(np.float32)).max())
    # What cannot be accumulated on several devices is one batch; the whole of `fit.train` goes through there.
    recipe = fit.train("meso4", study, verbose=False, epochs=1, batch_size=4, accumulation=2).recipe
    assert (recipe["batch_size"], recipe["accumulation"]) == (8, 1)
    patch.setattr(dry_run, "_most_memory", lambda: 0)  # of a GPU that is not there
    tried = dry_run._try("meso4", profiles.get("tiny", videos_per_update=64))
    assert tried["batch"] == 64
    print(json.dumps({"one": one, "xla": xla, "two": two, "apart": apart}))
