"""Which clips are listened to, and what was forged in them."""

from collections.abc import Container, Mapping, Sequence

import numpy as np
import pandas as pd

from dfdc_utils.data.study_table import original_of
from dfdc_utils.evaluation import bootstrap

ORIGINAL = "original"
_SOUND = "sound"


def to_hear(table: pd.DataFrame, *, most: int) -> pd.DataFrame:
    """The labelled clips of a study that notebook 13 needs: of the training split at most `most` originals and no
    fake, of the validation and the test split all."""
    labelled = table[table["label"].notna()]
    train = labelled[(labelled["split"] == "train") & (labelled["label"] == "REAL")].head(most)
    return pd.concat([train, labelled[labelled["split"].isin(("validation", "test"))]], ignore_index=True)


def originals(clips: pd.DataFrame, split: str, *known: Container[str]) -> list[str]:
    """Names of the originals of a split that are in all of `known`."""
    chosen = clips[(clips["split"] == split) & (clips["label"] == "REAL")]["video"]
    return [video for video in chosen if all(video in each for each in known)]


def kinds(clips: pd.DataFrame, truth: pd.DataFrame | None) -> pd.Series:
    """What was forged in each clip, by video: `ORIGINAL`, a method of the drawn set, or "sound: " and whose voice.

    `truth`: of `data.mini.truth`; None, as of a set of real people, tells originals from "fake" only.
    """
    if truth is None:
        found = clips["label"].map({"REAL": ORIGINAL, "FAKE": "fake"})
        return pd.Series(found.to_numpy(), index=clips["video"])
    known = truth.set_index("video").loc[clips["video"]]
    method = known["method"].replace("", ORIGINAL).str.replace("_", " ")
    return method.where(method != _SOUND, "sound: " + known["voice"])


def against_originals(
    scores: Mapping[str, float] | pd.Series, clips: pd.DataFrame, kind: pd.Series, chosen: Sequence[str], *, seed: int
) -> dict[str, float]:
    """How well scores tell some kinds of forgery from originals: auc, low, high (95 %), fakes (how many).

    What cannot be said of so few clips is NaN.

    Args:
        scores: by video, the larger the more fake; clips without one do not count.
        clips: with the video, label and original of each.
        kind: of `kinds`.
        chosen: the kinds.
    """
    some = clips[clips["video"].map(kind).isin([ORIGINAL, *chosen])]
    some = some.assign(p_fake=some["video"].map(scores), original=original_of(some)).dropna(subset="p_fake")
    labels = (some["label"] == "FAKE").to_numpy(int)
    found = {"auc": np.nan, "low": np.nan, "high": np.nan, "fakes": int(labels.sum())}
    if 0 < labels.sum() < len(labels):
        found["auc"] = bootstrap.auc(labels, some["p_fake"].to_numpy(float))
        # Of a single clip of a kind nothing can be drawn anew.
        if some.groupby("label")["original"].nunique().min() > 1:
            found["low"], found["high"] = bootstrap.interval(some, seed=seed)
    return found


def by_kind(signs: pd.DataFrame, clips: pd.DataFrame, kind: pd.Series, *, seed: int) -> pd.DataFrame:
    """AUC of each sign (a column of `signs`, by video) for each kind of forgery (a row) against originals."""
    clips = clips[clips["video"].isin(signs.index)]
    counts = kind[kind.index.isin(clips["video"])].value_counts(sort=False)
    names = sorted(name for name in counts.index if name != ORIGINAL)
    rows = {
        f"{name} ({counts[name]})": {
            sign: against_originals(signs[sign], clips, kind, [name], seed=seed)["auc"] for sign in signs
        }
        for name in names
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(signs))
