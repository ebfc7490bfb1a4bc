"""Whom and what a model gets wrong: by the way in which fakes were made, by skin tone, light and distance.

Only the synthetic set knows these of its clips (`data.mini.truth`); of the real DFDC nobody published them.
"""

import pandas as pd
from scipy.stats import binomtest

from dfdc_utils.evaluation import bootstrap
from dfdc_utils.evaluation.aggregation import THRESHOLD

_TONES = ("lighter", "medium", "darker")
"""Thirds of the synthetic set's range."""


def subgroups(videos: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """How one model does on each kind of test video.

    Args:
        videos: rows as of `aggregation.every_video`; all of them have labels.
        truth: of `data.mini.truth`.

    Returns:
        One row for each group with a video in it: by ("method", "skin tone", "light", "distance"), group, count,
        fakes, accuracy (the share on the right side of 0.5: of a method's fakes those found, of the originals
        those recognised), its 95 % interval low and high (Wilson's, which takes videos for independent, so
        rather too narrow where they share an original), auc (of a method's fakes against all reals; None where a
        group has one label only).

    Raises ValueError where `truth` does not know one of the videos.
    """
    known = videos.merge(truth[["video", "method", "skin_tone", "light", "distance"]], on="video", how="left")
    if known["method"].isna().any():
        missing = known.loc[known["method"].isna(), "video"]
        raise ValueError(f"The truth of {len(missing)} videos is not known, of {missing.iloc[0]} for one.")
    groups = {
        "method": known["method"].replace("", "original"),
        "skin tone": pd.cut(known["skin_tone"], [0, 1 / 3, 2 / 3, 1], labels=_TONES, include_lowest=True),
        "light": known["light"],
        "distance": known["distance"],
    }
    reals = known[known["label"] == "REAL"]
    rows = []
    for by, group in groups.items():
        for name, members in known.groupby(group, observed=True):
            compared = pd.concat([members, reals]) if by == "method" else members
            fake = (compared["label"] == "FAKE").to_numpy(dtype=int)
            auc = bootstrap.auc(fake, compared["p_fake"]) if 0 < fake.sum() < len(fake) else None
            rows.append({"by": by, "group": name, **_right(members), "auc": auc})
    return pd.DataFrame(rows)


def _right(members: pd.DataFrame) -> dict:
    fake = members["label"] == "FAKE"
    right = int((fake == (members["p_fake"] >= THRESHOLD)).sum())
    low, high = binomtest(right, len(members)).proportion_ci(method="wilson")
    accuracy = right / len(members)
    return {"count": len(members), "fakes": int(fake.sum()), "accuracy": accuracy, "low": low, "high": high}
