"""Does every model of a study fit into this machine's memory, and how long would its training take?

Each is built at its full size, in a process of its own, and takes two steps on made-up faces: minutes, before a
study takes hours.
"""

import concurrent.futures
import multiprocessing
import re
import resource
import sys
import time
from concurrent.futures.process import BrokenProcessPool

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

_STEPS = 2
_OUT_OF_MEMORY = re.compile("RESOURCE_EXHAUSTED|OOM|out of memory", re.IGNORECASE)

# Real and fake videos, as published, for estimates before the data are there. Three of five are trained on.
_PUBLISHED = {"sample": (77, 323), "full": (19_154, 99_992)}


def report(workspace: Workspace) -> bool:
    """Prints a dry run of the study of `workspace`, with the hours it would train. True if every model fits."""
    profile, videos = workspace.profile, _training_videos(workspace)
    result = dry_run(profile)
    shown = pd.DataFrame({
        "model": [models.title(name, profile) for name in result["model"]],
        "parameters": result["parameters"].map("{:,.0f}".format),
        "trainable": result["trainable"].map("{:,.0f}".format),
        "batch": result["batch"].map("{:.0f}".format),
        "memory": (result["memory"] / 1e9).map("{:.1f} GB".format),
        "trained": result["trained"].map("{:,.1f}/s".format),
        "scored": result["predicted"].map("{:,.1f}/s".format),
    })
    if videos:
        shown["hours"] = [f"{hours(row, profile, *videos):.1f}" for _, row in result.iterrows()]
    fits = result["problem"].isna()
    print(shown[fits].to_string(index=False))
    for row in result[~fits].itertuples():
        print(f"{models.title(row.model, profile)}: {row.problem}")
    print("\nFaces a second, made up, in training (of a sequence model: of cached features) and in scoring.")
    if videos:
        print(
            f"Hours of training to the last epoch on {videos[0]:,} real and {videos[1]:,} fake videos; extraction, "
            "validation and reading are not in it."
        )
    return bool(fits.all())


def dry_run(profile: Profile) -> pd.DataFrame:
    """Builds, trains for two steps and runs each model at the sizes of `profile`; no data and no weights needed.

    Returns:
        One row a model: model, parameters, trainable, batch (faces, or sequences), memory (the most that its
        process held on the GPU, where there is none in main memory, in bytes), trained and predicted (faces a
        second; a sequence model is trained on cached features) and problem: None, or what went wrong. The
        numbers are missing where something did.
    """
    rows = []
    for name in tqdm(models.names(), desc="Dry run", unit="model"):
        # Spawned: a process that TensorFlow was started in must not be forked, and its memory is its own.
        context = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as process:
            trial = process.submit(_try, name, profile.replace(weights="random"))
            error = trial.exception()
        if error is None:
            rows.append(trial.result() | {"problem": None})
        elif isinstance(error, (BrokenProcessPool, MemoryError)) or _OUT_OF_MEMORY.search(str(error)):
            rows.append({"model": name, "problem": "out of memory: set smaller batches"})
        else:
            raise error
    columns = ["model", "parameters", "trainable", "batch", "memory", "trained", "predicted", "problem"]
    return pd.DataFrame(rows, columns=columns)


def hours(result: pd.Series, profile: Profile, real: int, fake: int) -> float:
    """Estimated hours of training a model to its last epoch, from its row of `dry_run`.

    Args:
        real, fake: videos in the training split. Where features are cached, all faces go through the backbone;
            validation and reading the faces are not in it.
    """
    from dfdc_utils.training.recipe import Recipe

    recipe = Recipe.for_model(result["model"], profile)
    videos = {"balanced": 2 * min(real, fake), "natural": real + fake}.get(recipe.draw, 2 * real)
    seconds = recipe.epochs * recipe.rounds * videos * recipe.per_video / result["trained"]
    if result["model"] in models.SEQUENCE_MODELS:
        faces = (real + fake) * profile.frames_per_video * (1 + recipe.augmented_copies)
        seconds += faces / result["predicted"]
    return seconds / 3600


def _training_videos(workspace: Workspace) -> tuple[int, ...] | None:
    """Real and fake videos of the training split: counted, else as published, else unknown."""
    try:
        table = open_study_table(workspace)
    except FileNotFoundError:
        published = _PUBLISHED.get(workspace.profile.name)
        return published and tuple(round(0.6 * count) for count in published)
    labels = table.loc[table["split"] == "train", "label"]
    return int((labels == "REAL").sum()), int((labels == "FAKE").sum())


def _try(name: str, profile: Profile) -> dict:
    # Imported in the process that needs it.
    from dfdc_utils.backend import precision, replicas
    from dfdc_utils.training.recipe import Recipe
    from dfdc_utils.training.weighting import part_to_fit

    recipe = Recipe.for_model(name, profile)
    generator = np.random.default_rng(profile.seed)
    with precision(profile.precision), replicas() as strategy:
        if strategy:
            recipe = recipe.at_once()
        model = models.build(name, profile)
        sequences = name in models.SEQUENCE_MODELS
        fitted = part_to_fit(model.get_layer("head")) if sequences else model
        seeing = model.get_layer("backbone") if sequences else model
        recipe.compile(fitted, _STEPS)
        inputs = generator.normal(size=(recipe.batch_size, *fitted.input_shape[1:])).astype(np.float32)
        if not sequences:
            inputs = (inputs * 40 + 128).clip(0, 255).astype(np.uint8)
        labels = np.arange(recipe.batch_size).reshape(-1, 1) % 2
        faces = generator.integers(0, 256, (recipe.batch_size, *seeing.input_shape[1:])).astype(np.uint8)
        a_step = _seconds(lambda: fitted.train_on_batch(inputs, labels))
        a_look = _seconds(lambda: seeing.predict_on_batch(faces))
    return {
        "model": name,
        "parameters": model.count_params(),
        "trainable": models.trainable_count(model),
        "batch": recipe.batch_size,
        "memory": _most_memory(),
        "trained": recipe.batch_size * (recipe.per_video if sequences else 1) / a_step,
        "predicted": len(faces) / a_look,
    }


def _seconds(step) -> float:
    """Of one step, after a first one, in which it is compiled."""
    step()
    begin = time.perf_counter()
    for _ in range(_STEPS):
        step()
    return (time.perf_counter() - begin) / _STEPS


def _most_memory() -> int:
    """Bytes: of the GPU, or, where there is none, of this process."""
    from dfdc_utils.backend import gpus, keras

    if gpus() and keras.backend.backend() == "tensorflow":
        import tensorflow

        return tensorflow.config.experimental.get_memory_info("GPU:0")["peak"]
    if gpus() and keras.backend.backend() == "jax":
        import jax

        return jax.local_devices()[0].memory_stats()["peak_bytes_in_use"]
    if gpus() and keras.backend.backend() == "torch":
        import torch

        return torch.cuda.max_memory_allocated()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
