"""Training one model of a study, from the face store to a saved model and the record of how it got there."""

import dataclasses
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dfdc_utils import made_from, models
from dfdc_utils.backend import gpus, keras, precision, replicas
from dfdc_utils.data.study_table import identity as table_identity
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.models import features, record
from dfdc_utils.parallel import cores
from dfdc_utils.training.batches import IN_ORDER, Crops, FaceBatches, faces_of
from dfdc_utils.training.checkpoint import Checkpoint
from dfdc_utils.training.recipe import Recipe
from dfdc_utils.training.warmup import warm_up
from dfdc_utils.training.weighting import part_to_fit
from dfdc_utils.workspace import Workspace, whole, write_json


@dataclass(frozen=True, kw_only=True)
class Training:
    """How a model was trained."""

    model: str
    history: pd.DataFrame
    """One row an epoch: epoch (from 1), loss, accuracy, val_loss, val_accuracy, seconds. The two labels count
    equally in all of them, so a constant answer has accuracy 0.5. Those of training are running means over the
    epoch, of augmented faces and with dropout; seconds are of training, without validation."""
    best_epoch: int
    """The epoch whose weights were kept: the best validation accuracy, of several the one of least loss."""
    seconds: float
    parameters: int
    trainable_parameters: int
    weights_start: str
    """"imagenet", "random", or "none" for a model without an ImageNet backbone; or the trained model from whose
    weights this one went on."""
    faces_per_second: float
    """In training, without validation; for a sequence model, the faces whose cached features it read."""
    videos: dict
    """How many videos with a face "train" and "validation" had."""
    warmup: dict | None
    """What the warm-up of a backbone that started at random came to: batches, loss, accuracy, seconds. It may have
    been done for another model, and is then no part of this one's seconds."""
    recipe: dict
    faces: dict | None = None
    """How the faces were cut on which it was trained, and how many of a person it looks at (`record.faces_of`); None
    in records of an older version."""
    title: str = ""
    """What people call it, with the width of its backbone; empty in records of an older version."""
    calibration: dict | None = None
    """How its scores become probabilities (`record.write_calibration`); None where nobody has found out."""

    def verdict(self) -> str:
        """What to make of it, in a sentence or two, from the numbers alone."""
        best = self.history.set_index("epoch").loc[self.best_epoch]
        gap = best["accuracy"] - best["val_accuracy"]
        return (
            f"{self.title or models.title(self.model)}: epoch {self.best_epoch} of {len(self.history)} is kept, with a "
            f"balanced validation accuracy of {best['val_accuracy']:.3f} for single predictions (a coin: 0.500); in "
            f"training it had {best['accuracy']:.3f}, so the gap is {gap:+.3f}. {self.parameters:,} parameters, start: "
            f"{self.weights_start}, {self.seconds:.0f} s, {self.faces_per_second:.0f} faces a second. "
            f"The validation split has {self.videos['validation']} videos with a face."
        )


def train(
    name: str,
    workspace: Workspace,
    *,
    table: pd.DataFrame | None = None,
    start: str | None = None,
    saved_as: str | None = None,
    stop_after: int | None = None,
    verbose: bool = True,
    **changes,
) -> Training:
    """Trains model `name` on the face store of `workspace`; writes the model and its record there.

    It runs on all GPUs there are, in the profile's precision. A training that was cut off is taken up at the
    epoch where it stood. On a CPU the same seed gives the same weights, cut off or not. Where the model is there
    already, made from the same settings, table, faces and code, it is taken as it is.

    Args:
        name: one of `models.names()`.
        workspace: with the study's table and faces.
        table: says which videos train and validate, and their labels, in place of the study's table.
        start: the name under which a trained model of this kind was saved there; it goes on from its weights.
        saved_as: the name under which the model and its record are saved; by default `name`.
        stop_after: epochs after which it ends, with the learning rates of one that goes on to the recipe's last.
        verbose: prints one line an epoch.
        changes: to the model's `Recipe`.

    Raises:
        FileNotFoundError: the table, faces or the model to start from is missing.
        made_from.NotCurrent: the table was made with other settings.
        ValueError: a split lacks faces of one label, or a change is not one to a recipe.
        models.WeightsUnavailable: the profile wants ImageNet weights and there are none.
    """
    recipe = Recipe.for_model(name, workspace.profile, **changes)
    study_table = open_study_table(workspace)
    table, saved_as = study_table if table is None else table, saved_as or name
    made = record.made_from(
        name, workspace, study_table, changes=changes | ({"stop_after": stop_after} if stop_after else {}),
        inputs=_inputs(workspace, table, start),
    )
    if made_from.difference(workspace, workspace.model(saved_as), made) is None:
        if verbose:
            title = models.title(name, workspace.profile)
            other = f" ({saved_as})" if saved_as != name else ""
            print(f"{title}{other} is there already, made from the same settings, faces and code.", flush=True)
        return load_training(workspace, saved_as)
    with precision(workspace.profile.precision), replicas() as strategy:
        if strategy:
            recipe = recipe.at_once()
        return _train(
            name, workspace, recipe, made, table=table, start=start, saved_as=saved_as, stop_after=stop_after,
            verbose=verbose,
        )


def _inputs(workspace: Workspace, table: pd.DataFrame, start: str | None) -> dict[str, str]:
    """Identities of what one training is given, beside the study's table and faces."""
    used = table[table["split"].isin(("train", "validation")) & table["label"].notna()]
    inputs = {
        "its own table": table_identity(used), "its own faces": open_store(workspace).identity(used["video"]),
    }
    if start:
        inputs["the model it goes on from"] = made_from.identity(workspace, workspace.model(start))
    return inputs


def _train(
    name: str, workspace: Workspace, recipe: Recipe, made: made_from.MadeFrom, *, table: pd.DataFrame,
    start: str | None, saved_as: str, stop_after: int | None, verbose: bool,
) -> Training:
    started = time.perf_counter()
    profile = workspace.profile
    keras.utils.set_random_seed(profile.training_seed)
    _make_repeatable()

    store = open_store(workspace)
    faces = {split: faces_of(store, table, split) for split in ("train", "validation")}
    model = models.build(name, profile)
    weights_start = start or model.weights_start
    if start:
        model.set_weights(models.load(workspace.model(start)).get_weights())
    sequences, warmup = name in models.SEQUENCE_MODELS, None
    if sequences:
        # The backbone is frozen: it looks at each face once, and the head alone is fitted.
        backbone, fitted = model.get_layer("backbone"), part_to_fit(model.get_layer("head"))
        if weights_start == "random" and recipe.warmup_batches:
            warmup = warm_up(
                backbone, store, faces["train"], recipe, workspace.features, seed=profile.training_seed, verbose=verbose
            )
        read = _features(backbone, store, faces, recipe, workspace, verbose)
    else:
        fitted = model
        if recipe.freeze:
            for layer in model.layers[:-1]:
                layer.trainable = False
        read = {
            split: Crops(store, rows, augmentation=recipe.augmentation if split == "train" else 0.0)
            for split, rows in faces.items()
        }

    batches, validation = (
        FaceBatches(
            faces[split], read[split], draw=draw, per_video=per_video, sequences=sequences,
            batch_size=recipe.batch_size, seed=profile.training_seed, workers=_workers(), rounds=rounds,
        )
        for split, draw, per_video, rounds in (
            ("train", recipe.draw, recipe.per_video, recipe.rounds),
            ("validation", IN_ORDER, recipe.per_video if sequences else profile.evaluation_frames, 1),
        )
    )
    recipe.compile(fitted, len(batches))
    # Another set of weights to start from is another training.
    task = made_from.digest(dataclasses.asdict(made), weights_start)
    checkpoint = Checkpoint(workspace.progress(saved_as), task, recipe.patience, batches, verbose=verbose)
    first = checkpoint.take_up(fitted)
    before = sum(row["seconds"] for row in checkpoint.history)
    if not checkpoint.done:
        fitted.fit(
            batches, validation_data=validation, initial_epoch=first,
            epochs=min(recipe.epochs, stop_after or recipe.epochs),
            callbacks=[checkpoint], shuffle=False, verbose=0,
        )
    checkpoint.finish(fitted)

    history = pd.DataFrame(checkpoint.history)
    training = Training(
        model=name,
        history=history,
        best_epoch=checkpoint.best_epoch,
        seconds=before + time.perf_counter() - started,
        parameters=model.count_params(),
        trainable_parameters=models.trainable_count(model),
        weights_start=weights_start,
        faces_per_second=batches.faces_per_epoch * len(history) / history["seconds"].sum(),
        videos={split: int(rows["video"].nunique()) for split, rows in faces.items()},
        warmup=warmup,
        recipe=dataclasses.asdict(recipe),
        faces=record.faces_of(profile),
        title=models.title(name, profile),
    )
    with whole(workspace.model(saved_as)) as temporary:
        # The network alone, without the optimiser's memory, which would treble the file.
        keras.Model(model.input, model.output, name=model.name).save(temporary)
    write_json(workspace.training(saved_as), _as_json(training))
    made_from.record(workspace, workspace.model(saved_as), made)
    checkpoint.forget()
    return training


def _features(
    backbone: keras.Model, store: FaceStore, faces: dict[str, pd.DataFrame], recipe: Recipe, workspace: Workspace,
    verbose: bool,
) -> Mapping[str, Callable[..., np.ndarray]]:
    """Of the faces of each split; of those to be trained on also augmented."""
    copies = {"train": recipe.augmented_copies, "validation": 0}
    return {
        split: features.compute(
            backbone,
            [Crops(store, rows), *[Crops(store, rows, augmentation=recipe.augmentation)] * copies[split]],
            store.identity_of_rows(rows), workspace.features, f"resnet50-{split}", seed=workspace.profile.training_seed,
            verbose=verbose,
        )
        for split, rows in faces.items()
    }


def example_batch(name: str, workspace: Workspace) -> tuple[np.ndarray, np.ndarray]:
    """The first training batch as model `name` would see it: inputs, RGB uint8, and labels (n, 1), 1 = fake.

    For a sequence model these are faces too, although training itself reads their cached features.
    """
    recipe = Recipe.for_model(name, workspace.profile)
    store = open_store(workspace)
    faces = faces_of(store, open_study_table(workspace), "train")
    batches = FaceBatches(
        faces, Crops(store, faces, augmentation=recipe.augmentation), draw=recipe.draw, per_video=recipe.per_video,
        sequences=name in models.SEQUENCE_MODELS, batch_size=recipe.batch_size, seed=workspace.profile.training_seed,
    )
    inputs, labels, _ = batches[0]
    return inputs, labels


def load_training(workspace: Workspace, name: str) -> Training:
    """What `train` wrote about model `name`. Raises FileNotFoundError where it was not trained."""
    path = workspace.training(name)
    if not path.is_file():
        title = models.title(name, workspace.profile)
        raise FileNotFoundError(f"{path} is missing: train {title} first (notebooks 03 to 06).")
    content = json.loads(path.read_text(encoding="utf-8"))
    return Training(**content | {"history": pd.DataFrame(content["history"])})


def _as_json(training: Training) -> dict:
    content = {field.name: getattr(training, field.name) for field in dataclasses.fields(training)}
    return content | {"history": training.history.to_dict("records")}


def _workers() -> int:
    """Threads that prepare batches. On a CPU the network itself keeps all cores busy; a GPU would wait for one."""
    return min(8, cores()) if gpus() else 1


def _make_repeatable() -> None:
    """Same seed, same weights: on a CPU that costs next to nothing; on a GPU much, so there it is left alone."""
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        tf.config.experimental.enable_op_determinism()
