"""The file that Kaggle's Deepfake Detection Challenge asks for: filename,label for all of `test_videos`."""

from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import aggregation
from dfdc_utils.faces.store import open_store
from dfdc_utils.workspace import Workspace, whole

LIMITS = (0.01, 0.99)
"""Scores are clipped to these. Log loss punishes one wrong certainty more than a hundred right ones reward:
a score of 0.99 that is wrong costs 4.6, one of 0.999999 costs 13.8."""


def write(workspace: Workspace, scores: pd.Series) -> pd.DataFrame:
    """Writes the submission to `workspace.submission` and returns it: columns filename, label = P(fake).

    Args:
        workspace: with the study's table and video account.
        scores: P(fake) by video, from `aggregation.video_scores` or one of `ensembles`. Videos without a face get
            the training prior.

    The rows are those of `sample_submission.csv` where that lies in or beside the folder of the videos, else the
    table's: a name there without a video in the study gets the training prior, a video that is not named is left out,
    and a line says how many. Raises ValueError where there are no unlabelled videos.
    """
    table = open_study_table(workspace)
    unlabelled = table[table["split"] == "unlabelled"]
    if unlabelled.empty:
        raise ValueError(
            "There are no unlabelled videos to make a submission of: is test_videos in the data set?"
        )
    account = open_store(workspace).account(table["video"])
    videos = aggregation.every_video(scores, table, account, split="unlabelled")
    submission = pd.DataFrame({"filename": videos["video"], "label": videos["p_fake"].clip(*LIMITS)})
    if sample := _sample(unlabelled["path"]):
        prior = float((table.loc[table["split"] == "train", "label"] == "FAKE").mean())
        submission = _in_order(submission, pd.read_csv(sample)["filename"], sample, prior)
    with whole(workspace.submission) as temporary:
        submission.to_csv(temporary, index=False, float_format="%.6f")
    return submission


def _sample(paths: pd.Series) -> Path | None:
    folders = sorted({Path(path).parent for path in paths})
    for folder in folders:
        for place in (folder, folder.parent):
            if (place / "sample_submission.csv").is_file():
                return place / "sample_submission.csv"
    return None


def _in_order(submission: pd.DataFrame, names: pd.Series, sample: Path, prior: float) -> pd.DataFrame:
    names = names.drop_duplicates()
    missing = sorted(set(names) - set(submission["filename"]))
    unknown = sorted(set(submission["filename"]) - set(names))
    if missing or unknown:
        print(
            f"{len(missing)} names of {sample.name} have no video in this study and get the training prior "
            f"{prior:.3f}{_some(missing)}; {len(unknown)} videos are not named there and left out{_some(unknown)}."
        )
    found = submission.set_index("filename")["label"].reindex(names)
    return found.fillna(np.clip(prior, *LIMITS)).rename_axis("filename").reset_index()


def _some(names: list[str]) -> str:
    return f" ({', '.join(names[:3])}{', …' if len(names) > 3 else ''})" if names else ""
