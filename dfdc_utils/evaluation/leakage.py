"""What a leaking split does to a result, in numbers: the same models under a random and an honest split.

Notebook 03 trains a network under either (`dealt_at_random`). One training is one throw of the dice, so two models
stand beside it that are fitted in a second, again and again. Both see a coarse map of how much fine detail each place
of a face has (forgeries are smoother, rooms and cameras differ too) and nothing else: a logistic regression, and the
five nearest neighbours, which can do little but recognise what they have seen.
"""

import cv2
import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from dfdc_utils.data.study_table import original_of
from dfdc_utils.evaluation import bootstrap
from dfdc_utils.faces.store import FaceStore

_FACES, _CELLS, _FOLDS = 4, 16, 5
_ORIGINALS = 500
"""At most so many originals are drawn, each with its fakes."""
_MODELS = {
    "logistic regression": lambda: LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000),
    "nearest neighbours": lambda: KNeighborsClassifier(5),
}


def dealt_at_random(table: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The study's table with its splits dealt out anew, whatever the originals: it leaks.

    Each split keeps its number of reals and of fakes, so that who stands with whom is all that changes.
    """
    table, generator = table.copy(), np.random.default_rng(seed)
    for _, rows in table[table["label"].notna()].sort_values("video").groupby("label"):
        table.loc[rows.index, "split"] = generator.permutation(rows["split"].to_numpy())
    return table


def detail(faces: np.ndarray) -> np.ndarray:
    """(n, 256): the logarithm of the mean fine detail in 16 × 16 cells of RGB uint8 faces (n, side, side, 3)."""
    maps = []
    for face in faces.astype(np.float32):
        fine = np.abs(face - cv2.GaussianBlur(face, (0, 0), 1.5)).mean(axis=-1)
        maps.append(cv2.resize(fine, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA).ravel())
    return np.log1p(np.stack(maps))


def compare_splits(table: pd.DataFrame, store: FaceStore, *, by: str, seed: int, repeats: int = 5) -> pd.DataFrame:
    """The AUC of the small models under both splits.

    Every video is tested once: five folds, four of which train. The two splits differ in one thing: at random, the
    brothers of a test video (those of the same original) may train; honestly, they may not.

    Args:
        table: the study's table; the labelled videos that have faces take part.
        store: their faces.
        by: what the honest split keeps together: "part" or "original".
        seed: of the draws.
        repeats: draws of the folds.

    Returns:
        One row for each model, split ("random" or "by part", "by original") and draw: model, split, draw, auc.
    """
    videos = table[table["label"].notna()].assign(original=original_of)
    drawn = np.random.default_rng(seed).permutation(sorted(videos["original"].unique()))[:_ORIGINALS]
    videos = videos.loc[videos["original"].isin(drawn), ["video", "part", "original", "label"]]
    faces = store.faces(["video", "track", "frame"], videos["video"]).query("track == 0").merge(videos, on="video")
    of_video = [rows for _, rows in faces.groupby("video")]
    faces = pd.concat([rows.iloc[:: max(1, len(rows) // _FACES)] for rows in of_video], ignore_index=True)
    pixels, fake = detail(store.crops(faces)), (faces["label"] == "FAKE").to_numpy(dtype=int)
    rows = []
    for draw in range(repeats):
        for split, kept_together in (("random", "video"), (f"by {by}", by)):
            folds = StratifiedGroupKFold(_folds(faces, by), shuffle=True, random_state=seed + draw)
            folds = list(folds.split(pixels, fake, faces[kept_together]))
            for name, build in _MODELS.items():
                scores = np.zeros(len(faces))
                for train, test in folds:
                    model = make_pipeline(StandardScaler(), build()).fit(pixels[train], fake[train])
                    scores[test] = model.predict_proba(pixels[test])[:, 1]
                judged = faces.assign(p_fake=scores, fake=fake).groupby("video")[["fake", "p_fake"]].mean()
                auc = bootstrap.auc(judged["fake"].to_numpy(), judged["p_fake"].to_numpy())
                rows.append({"model": name, "split": split, "draw": draw, "auc": auc})
    return pd.DataFrame(rows)


def _folds(faces: pd.DataFrame, by: str) -> int:
    """As many as small sets allow: each needs a group, a real and a fake of its own."""
    of_a_label = faces.groupby("label")["video"].nunique()
    return max(2, min(_FOLDS, faces[by].nunique(), of_a_label.min()))
