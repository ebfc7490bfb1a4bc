"""A way from frames to a video that is learned, beside the six of `aggregation.METHODS`."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dfdc_utils.evaluation.aggregation import frame_scores
from dfdc_utils.evaluation.calibration import logits

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)


def fit_aggregation(predictions: pd.DataFrame, table: pd.DataFrame) -> Callable[[np.ndarray], float]:
    """A method for `aggregation.video_scores`: a logistic regression on the quantiles of a person's frame logits.

    It is fitted on the validation split and on nothing else. The least and the most fake-looking frame and what
    lies between them tell it apart whether a forgery is steady or flickers; of two people it learns from the one
    who looks most fake on average.

    Args:
        predictions: of one model, those of the validation videos among them.
        table: the study's table, for splits and labels.

    Raises ValueError where the predicted validation videos are not of both labels.
    """
    labels = table[(table["split"] == "validation") & table["label"].notna()].set_index("video")["label"] == "FAKE"
    frames = frame_scores(predictions[predictions["video"].isin(labels.index)])
    people = frames.groupby(["video", "track"])["p_fake"].agg(lambda p_fake: _features(p_fake.to_numpy()))
    looks = people.map(np.mean).groupby("video").idxmax()
    fake = labels[looks.index].to_numpy(dtype=int)
    if len(np.unique(fake)) < 2:
        raise ValueError("Aggregation is learned from real and fake validation videos; here is one kind at most.")
    regression = make_pipeline(StandardScaler(), LogisticRegression())
    regression.fit(np.stack(people[looks].to_list()), fake)
    return lambda p_fake: float(regression.predict_proba(_features(p_fake)[None])[0, 1])


def _features(p_fake: np.ndarray) -> np.ndarray:
    return np.quantile(logits(p_fake), _QUANTILES)
