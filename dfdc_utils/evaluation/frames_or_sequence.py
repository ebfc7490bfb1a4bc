"""Does the order of frames help? A sequence model beside the plain mean over single frames, on the same features."""

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import aggregation, predict
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace

MEAN = "mean over frames"
_VIDEOS = 2000
"""More teach a logistic regression nothing, and would not fit in memory."""


def judge(name: str, workspace: Workspace, *, split: str = "validation") -> dict[str, pd.DataFrame]:
    """What a sequence model, and what the mean over its frames says of the videos of a split.

    The mean is that of a logistic regression, fitted on the features that the model's frozen backbone gives for single
    faces, evenly spaced, of the training videos (2,000 of them at most). It judges the very faces that the model
    judges, and is told nothing of their order.

    Args:
        name: of a trained sequence model.
        workspace: with the study's table, faces and that model.
        split: whose videos are judged.

    Returns:
        Rows as of `aggregation.every_video`, by the title of the model and `MEAN`.

    Raises FileNotFoundError and made_from.NotCurrent as `record.require_current` does.
    """
    record.require_current(name, workspace)
    table, store, model = open_study_table(workspace), open_store(workspace), models.load(workspace.model(name))
    account = store.account(table["video"])
    faces = store.faces(["video", "track", "frame"], table["video"]).merge(
        table[["video", "split", "label"]], on="video"
    )
    learnt, judged = (faces[faces["split"] == one].reset_index(drop=True) for one in ("train", split))
    videos = np.random.default_rng(workspace.profile.seed).permutation(sorted(learnt["video"].unique()))[:_VIDEOS]
    learnt = learnt[learnt["video"].isin(videos)].reset_index(drop=True)
    rows, _, seen = predict.features_of_windows(name, model, learnt, store, workspace, {}, "train")
    regression = make_pipeline(
        StandardScaler(), LogisticRegression(C=0.01, class_weight="balanced", max_iter=2000)
    ).fit(np.float32(seen.values[0]), rows["label"] == "FAKE")
    rows, places, seen = predict.features_of_windows(name, model, judged, store, workspace, {}, split)
    of_frames = predict.as_table(name, rows, {aggregation.PLAIN: [regression.predict_proba(seen.values[0])[:, 1]]})
    first = rows.iloc[places[:, 0]]
    of_windows = predict.as_table(name, first, predict.score_windows(model, places, seen, [aggregation.PLAIN]))
    return {
        title: aggregation.every_video(aggregation.video_scores(scored), table, account, split=split)
        for title, scored in ((models.title(name, workspace.profile), of_windows), (MEAN, of_frames))
    }
