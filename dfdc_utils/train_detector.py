"""A detector for real faces: from Kaggle's deepfake-faces to a network, its calibration and its model card.

No weights come with this package: DFDC is for those who agreed to its terms, and these limit with whom it may be
shared. Whoever has the set has the detector an hour or two later.
"""

import dataclasses
from pathlib import Path

from dfdc_utils.data import metadata, splits
from dfdc_utils.data.layouts import deepfake_faces
from dfdc_utils.data.study_table import save_study_table
from dfdc_utils.evaluation import aggregation, calibration, predict
from dfdc_utils.evaluation.model_card import judge, model_card
from dfdc_utils.faces import extraction
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.training import fit
from dfdc_utils.workspace import Workspace, whole, write_json

STUDY = "dfdc_faces"
"""The name of the study, and so of the detector."""
MODEL = "custom_cnn"
SETTINGS = {"videos": 0, "face_side": 160, "cnn_size": "large", "epochs": 8, "rounds_per_epoch": 2}
"""What it has in place of the profile's numbers: all crops, larger, and as many of them as an hour or so allows."""


def train_detector(workspace: Workspace, *, command: str, workers: int | None = None) -> Path:
    """Does what is not done yet; an interrupted one goes on at the last finished epoch. Returns the model card.

    Args:
        workspace: of a study of ready-made crops.
        command: what the user typed, for the card.
        workers: processes that read the crops.

    Raises FileNotFoundError where the set is not found, and ValueError where the study is one of another set.
    """
    dataset = metadata.read(metadata.locate(workspace))
    workspace.claim(dataset.root)
    profile = workspace.profile
    table = splits.some(dataset.table, profile.videos, seed=profile.seed)
    table = splits.assign(table, profile.split, balance=profile.balance, seed=profile.seed)
    save_study_table(workspace, table)
    account = extraction.extract(table, open_store(workspace).folder, profile, workers=workers)
    training = fit.train(MODEL, workspace)
    scores = aggregation.video_scores(predict.predict(MODEL, workspace, splits=("validation", "test"), tta=False))
    validation, test = (
        aggregation.every_video(scores, table, account, split=split) for split in ("validation", "test")
    )
    calibrated = calibration.fit(validation)
    record.write_calibration(MODEL, workspace, calibrated)
    counts = table.groupby(["split", "label"]).size().unstack(fill_value=0)
    figures = judge(test, calibrated, deepfake_faces.widths(dataset.root), seed=profile.seed) | {
        "calibration": calibrated, "faces": training.faces, "videos": counts.to_dict("index"),
    }
    write_json(workspace.metrics(STUDY), figures)
    with whole(workspace.model_card) as temporary:
        text = model_card(figures | {"training": dataclasses.asdict(training)}, name=workspace.name, command=command)
        temporary.write_text(text, encoding="utf-8")
    return workspace.model_card
