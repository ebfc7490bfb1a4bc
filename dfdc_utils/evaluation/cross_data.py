"""Trained on one set, tested on another: how much of what a detector learnt is the set, and not the forgery."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfdc_utils import models
from dfdc_utils.data.metadata import open_study_table
from dfdc_utils.data.splits import original_of
from dfdc_utils.evaluation import aggregation, bootstrap, metrics
from dfdc_utils.evaluation.predict import score_faces
from dfdc_utils.faces import crops
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.workspace import Workspace, whole


def cross_data(
    trained: Workspace, tested: Workspace, *, names: Sequence[str] | None = None, split: str = "test"
) -> pd.DataFrame:
    """How the models of one study do on the faces of another, beside how they do on their own.

    Faces of another size than a model's are scaled to it. Videos whose original the models were trained on (two
    copies of DFDC share names) are left out. Every other labelled video of the split counts; one without a face gets
    the training prior of `trained`.

    Args:
        trained: the study whose models are asked.
        tested: the study whose table and face store are judged.
        names: of trained models; by default all that there are.
        split: of `tested`.

    Returns:
        One row a model, also written to `trained.cross_data(tested.profile.name)`: model, title, trained_on, tested_on
        (profiles), videos, left_out, auc, auc_low, auc_high (95 % by bootstrap over originals), balanced_accuracy,
        log_loss, and own_auc (on its own test split, where notebook 07 measured it; else NaN).

    Raises:
        FileNotFoundError: a model, a table or the faces are missing.
        ValueError: no video is left to be tested on, or they are all of one label.
    """
    names = list(names or (name for name in models.names() if trained.model(name).is_file()))
    if not names:
        raise FileNotFoundError(f"There is no trained model in {trained.run}: run notebooks 03 to 06 first.")
    table, learnt = open_study_table(tested), open_study_table(trained)
    known = original_of(learnt[learnt["split"] == "train"])
    wanted = (table["split"] == split) & table["label"].notna()
    seen = wanted & original_of(table).isin(known)
    table = table[wanted & ~seen]
    if table["label"].nunique() < 2:
        raise ValueError(
            f"The {split} split of {tested.profile.name} has no real and fake videos that {trained.profile.name} "
            f"was not trained on; {int(seen.sum())} were left out because it was."
        )
    store = FaceStore(tested.faces)
    faces = store.faces(["video", "track", "frame"])
    faces = faces[faces["video"].isin(table["video"])].sort_values(["video", "track", "frame"], ignore_index=True)
    # `every_video` takes the prior from the training videos of the table that it is given.
    judged = pd.concat([table, learnt[learnt["split"] == "train"]], ignore_index=True)
    # So many faces as the other study scores; as long a sequence as the model was trained on.
    profile = trained.profile.replace(evaluation_frames=tested.profile.evaluation_frames)

    rows = []
    for name in names:
        model = models.load(trained.model(name))
        side = model.input_shape[-2]
        predictions = score_faces(
            name, model, faces, lambda some, side=side: _scaled(store.crops(some), side), profile, {},
            description=f"{name} on {tested.profile.name}",
        )
        scores = aggregation.video_scores(predictions)
        videos = aggregation.every_video(scores, judged, store.account(), split=split)
        measured = metrics.score(videos["label"] == "FAKE", videos["p_fake"])
        low, high = bootstrap.interval(videos, seed=trained.profile.seed)
        own = metrics.load(trained, name)["test"]["video"]["plain"]["auc"] if trained.metrics(name).is_file() else None
        rows.append({
            "model": name, "title": models.title(name), "trained_on": trained.profile.name,
            "tested_on": tested.profile.name, "videos": len(videos), "left_out": int(seen.sum()),
            "auc": measured["auc"], "auc_low": low, "auc_high": high,
            "balanced_accuracy": measured["balanced_accuracy"], "log_loss": measured["log_loss"],
            "own_auc": np.nan if own is None else own,
        })
    result = pd.DataFrame(rows)
    with whole(trained.cross_data(tested.profile.name)) as temporary:
        result.to_csv(temporary, index=False)
    return result


def _scaled(pixels: np.ndarray, side: int) -> np.ndarray:
    if pixels.shape[1] == side:
        return pixels
    box = (0, 0, pixels.shape[2], pixels.shape[1])
    return np.stack([crops.cut(face, box, side) for face in pixels])
