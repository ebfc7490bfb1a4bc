"""The warm-up of a backbone that starts at random, before it is frozen (report, section on training)."""

import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils.backend import keras
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.made_from import code_of
from dfdc_utils.models import features
from dfdc_utils.training.batches import Crops, FaceBatches
from dfdc_utils.training.recipe import Recipe
from dfdc_utils.workspace import whole


def warm_up(
    backbone: keras.Model, store: FaceStore, faces: pd.DataFrame, recipe: Recipe, folder: Path,
    *, seed: int, verbose: bool,
) -> dict:
    """Trains `backbone` on single frames under a head of its own, then freezes it.

    The weights are kept in `folder`: sequence models that begin alike share one warm-up, as they share the
    features that come of it. Those of another warm-up that lie there are replaced.

    Returns batches, the loss and accuracy of the last quarter of them, and seconds.
    """
    rules = dataclasses.replace(
        recipe, batch_size=recipe.warmup_batch_size, learning_rate=recipe.learning_rate * recipe.warmup_rate,
        accumulation=1, schedule="cosine", epochs=1,
    )
    # Not augmented: so few batches see no face often enough to learn it by heart.
    crops = Crops(store, faces)
    # What is kept after training does not matter to the warm-up.
    rest = f"{store.identity_of_rows(faces)} {seed} {dataclasses.replace(rules, patience=1)} {code_of(__name__)}"
    path = folder / f"warmup-{features.key(backbone, [crops], rest)}.npz"
    if path.is_file():
        with np.load(path) as kept:
            backbone.set_weights([kept[f"arr_{number}"] for number in range(len(backbone.weights))])
            result, source = json.loads(str(kept["result"])), "warm-up of another model's backbone, taken over"
    else:
        for outdated in folder.glob("warmup-*.npz"):
            outdated.unlink()
        result, source = _train(backbone, crops, faces, rules, seed), "warm-up of the backbone"
        with whole(path) as temporary:
            np.savez(temporary, *backbone.get_weights(), result=json.dumps(result))
    backbone.trainable = False
    if verbose:
        print(
            f"{source}: {result['batches']} batches of {rules.batch_size} faces, loss "
            f"{result['loss']:.3f}, accuracy {result['accuracy']:.3f}, {result['seconds']:.0f} s; frozen from here on",
            flush=True,
        )
    return result


def _train(backbone: keras.Model, crops: Crops, faces: pd.DataFrame, rules: Recipe, seed: int) -> dict:
    started = time.perf_counter()
    batches = FaceBatches(
        faces, crops, draw=rules.draw, per_video=rules.per_video, sequences=False, batch_size=rules.batch_size,
        seed=seed,
    )
    backbone.trainable = True
    p_fake = keras.layers.Dense(1, activation="sigmoid", dtype="float32")(backbone.output)
    classifier = keras.Model(backbone.input, p_fake)
    # One epoch of so many batches: the learning rate falls to 0 over them.
    rules.compile(classifier, rules.warmup_batches)
    seen = []
    for number in range(rules.warmup_batches):
        batches.epoch, index = divmod(number, len(batches))
        inputs, labels, weights = batches[index]
        classifier.reset_metrics()
        seen.append(classifier.train_on_batch(inputs, labels, sample_weight=weights))
    loss, accuracy = np.mean(seen[-max(1, len(seen) // 4):], axis=0).tolist()
    return {"batches": len(seen), "loss": loss, "accuracy": accuracy, "seconds": time.perf_counter() - started}
