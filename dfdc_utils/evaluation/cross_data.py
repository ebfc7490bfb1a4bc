"""Trained on one set, tested on another: how much of what a detector learnt is the set, and not the forgery."""

import dataclasses
import functools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table, original_of
from dfdc_utils.evaluation import aggregation, bootstrap, metrics
from dfdc_utils.evaluation.predict import score_faces
from dfdc_utils.faces import crops, extraction
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.models import record
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace, whole


def cross_data(
    trained: Workspace, tested: Workspace, *, names: Sequence[str] | None = None, split: str = "test"
) -> pd.DataFrame:
    """How the models of one study do on the faces of another, beside how they do on their own.

    Faces are cut out of the videos anew where a model was trained on faces that were cut in another way; crops that
    somebody else cut are taken as they are, and scaled to the model's size. Videos whose original the models were
    trained on (two copies of DFDC share names) are left out. Every other labelled video of the split counts; one
    without a face gets the training prior of `trained`.

    Args:
        trained: the study whose models are asked.
        tested: the study whose table and face store are judged.
        names: of trained models; by default all that there are.
        split: of `tested`.

    Returns:
        One row a model, also written to `trained.cross_data(tested.name)`: model, title, trained_on, tested_on
        (studies), videos, left_out, auc, auc_low, auc_high (95 % by bootstrap over originals), balanced_accuracy,
        log_loss, and own_auc (on its own test split, where notebook 07 measured it; else NaN).

    Raises:
        FileNotFoundError: a model, a table, or faces and the videos to cut them from are missing.
        made_from.NotCurrent: a model does not fit the table or the faces of its study.
        ValueError: no video is left to be tested on, or they are all of one label.
    """
    names = list(names or record.current(trained))
    table, learnt = open_study_table(tested), open_study_table(trained)
    known = original_of(learnt[learnt["split"] == "train"])
    wanted = (table["split"] == split) & table["label"].notna()
    seen = wanted & original_of(table).isin(known)
    table = table[wanted & ~seen]
    if table["label"].nunique() < 2:
        raise ValueError(
            f"The {split} split of {tested.name} has no real and fake videos that {trained.name} "
            f"was not trained on; {int(seen.sum())} were left out because it was."
        )
    # `every_video` takes the prior from the training videos of the table that it is given.
    judged = pd.concat([table, learnt[learnt["split"] == "train"]], ignore_index=True)

    rows = []
    for name in names:
        record.require_current(name, trained)
        model = models.load(trained.model(name))
        # As long a sequence as the model was trained on; of single faces as many as the other study scores.
        profile = record.as_trained(name, trained).replace(evaluation_frames=tested.profile.evaluation_frames)
        store = _store_cut_like(profile, tested, table)
        faces = store.faces(["video", "track", "frame"], table["video"])
        predictions = score_faces(
            name, model, faces, functools.partial(_scaled_crops, store, profile.face_side), profile, {},
            description=f"{name} on {tested.name}",
        )
        scores = aggregation.video_scores(predictions)
        videos = aggregation.every_video(scores, judged, store.account(table["video"]), split=split)
        measured = metrics.score(videos["label"] == "FAKE", videos["p_fake"])
        low, high = bootstrap.interval(videos, seed=trained.profile.seed)
        own = metrics.load(trained, name)["test"]["video"]["plain"]["auc"] if trained.metrics(name).is_file() else None
        rows.append({
            "model": name, "title": models.title(name, trained.profile),
            "trained_on": trained.name, "tested_on": tested.name, "videos": len(videos), "left_out": int(seen.sum()),
            "auc": measured["auc"], "auc_low": low, "auc_high": high,
            "balanced_accuracy": measured["balanced_accuracy"], "log_loss": measured["log_loss"],
            "own_auc": np.nan if own is None else own,
        })
    result = pd.DataFrame(rows)
    with whole(trained.cross_data(tested.name)) as temporary:
        result.to_csv(temporary, index=False)
    return result


def _store_cut_like(profile: Profile, tested: Workspace, table: pd.DataFrame) -> FaceStore:
    """The faces of the videos of `table`, cut as `profile` says: of crops that somebody else cut, as they are."""
    numbers = {name: getattr(profile, name) for name in ("face_margin", "face_shift")}
    if numbers.items() <= tested.profile.as_dict().items():
        return open_store(tested)
    if tested.profile.source == "crops":
        print(f"The crops of {tested.name} are cut in another way than the model's faces, and cannot be cut anew.")
        return open_store(tested)
    like = dataclasses.replace(tested, profile=tested.profile.replace(**numbers, face_side=profile.face_side))
    store = open_store(like)
    try:
        store.account(table["video"])
    except FileNotFoundError:
        gone = [path for path in table["path"] if not Path(path).is_file()]
        if gone:
            raise FileNotFoundError(
                f"The faces of {tested.name} must be cut anew, as the model's were, and {len(gone)} of its videos are "
                f"not there, {gone[0]} for one."
            ) from None
        extraction.extract(table, store.folder, like.profile)
    return store


def _scaled_crops(store: FaceStore, side: int, faces: pd.DataFrame) -> np.ndarray:
    pixels = store.crops(faces)
    if pixels.shape[1] == side:
        return pixels
    box = (0, 0, pixels.shape[2], pixels.shape[1])
    return np.stack([crops.cut(face, box, side) for face in pixels])
