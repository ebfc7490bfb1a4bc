"""Detectors that were trained on simulated swaps, asked about learned ones (`swap.many`): an unseen kind of forgery."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import made_from, models
from dfdc_utils.evaluation import aggregation, bootstrap
from dfdc_utils.evaluation.predict import score_faces
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.predict.asked import find, network
from dfdc_utils.predict.files import Named
from dfdc_utils.predict.judge import judge
from dfdc_utils.swap.many import AGAIN, SWAPPED
from dfdc_utils.workspace import Workspace, whole

REAL = "original"
_SETTINGS = ("evaluation_frames", "sequence_frames", "frames_per_video", "detection_width")


def score(swaps: pd.DataFrame, table: pd.DataFrame, truth: pd.DataFrame, workspace: Workspace) -> pd.DataFrame:
    """What every trained model says of learned swaps, of the same clips encoded again, and of the set's test clips.

    Kept in the workspace, and read where models, clips, faces, settings and code are the same.

    Args:
        swaps: of `many.make`.
        table: the study's.
        truth: of `data.mini.truth`.

    Returns:
        One row a model and clip: title, video, original, kind (`SWAPPED`, `AGAIN`, `REAL`, or the method of one of the
        set's own forgeries), p_fake (NaN where no face was found), reason (why; None where one was).
    """
    names = record.current(workspace)
    clips = sorted((Path(clip).name, made_from.identity(workspace, Path(clip))) for clip in swaps["path"].dropna())
    wanted = made_from.MadeFrom(
        settings={setting: getattr(workspace.profile, setting) for setting in _SETTINGS},
        inputs={name: made_from.identity(workspace, workspace.model(name)) for name in names} | {
            "the swaps": made_from.digest(clips, swaps[["video", "kind", "reason"]].to_numpy().tolist()),
            "the methods": made_from.digest(truth[["video", "method"]].to_numpy().tolist()),
            **record.study_inputs(workspace, table),
        },
        code=made_from.code_of(__name__),
    )
    return made_from.table(
        workspace, workspace.swaps / "scores.parquet", wanted, lambda: _score(names, swaps, table, truth, workspace)
    )


def _score(
    names: Sequence[str], swaps: pd.DataFrame, table: pd.DataFrame, truth: pd.DataFrame, workspace: Workspace
) -> pd.DataFrame:
    store = open_store(workspace)
    test = table[(table["split"] == "test") & table["label"].notna()].merge(truth[["video", "method"]], on="video")
    own = test[["video", "original"]].assign(kind=test["method"].replace("", REAL))
    own["original"] = own["original"].where(own["original"].notna(), own["video"])
    faces = store.faces(["video", "track", "frame"], own["video"])
    asked, paths = find(names, workspace), swaps["path"].dropna()
    said = {
        Path(path).name: judge(Named(Path(path)), asked).row for path in tqdm(paths, desc="Judging swaps", unit="clip")
    }
    results = []
    for name, model in zip(names, asked, strict=True):
        rows = score_faces(name, network(model), faces, store.crops, workspace.profile, {}, description=name)
        scored = own.assign(p_fake=own["video"].map(aggregation.video_scores(rows)))
        scored["reason"] = scored["p_fake"].isna().map({True: "no face in the store", False: None})
        of_swaps = swaps[["video", "original", "kind", "reason"]].copy()
        # A model's own score, as for the test clips: a temperature would change no order, but be fitted on others.
        raw = {video: row["scores"][name]["raw"] for video, row in said.items() if row["scores"]}
        of_swaps["p_fake"] = of_swaps["video"].map(raw).astype(float)
        of_swaps["reason"] = of_swaps["reason"].fillna(
            of_swaps["video"].map({video: row["reason"] for video, row in said.items()})
        )
        both = pd.concat([of_swaps, scored], ignore_index=True)
        results.append(both.assign(title=models.title(name, workspace.profile)))
    return pd.concat(results, ignore_index=True)


def aucs(scores: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """How well each kind of forgery is told from originals, by model.

    The learned swaps are set against the originals of the test split, as the set's own forgeries are, and against the
    same clips encoded again, so that a network that finds a second encoding does not pass for one that finds a swap.

    Args:
        scores: of `score`; clips without a face do not count.
        seed: of the intervals.

    Returns:
        One row a model and comparison: title, kind (of the forgery), against (`REAL` or `AGAIN`), fakes, auc, and its
        95 % interval low and high (bootstrap over originals). A kind of which there are no clips has no row.
    """
    judged = scores.dropna(subset="p_fake")
    own = [kind for kind in judged["kind"].unique() if kind not in (SWAPPED, AGAIN, REAL)]
    comparisons = [(SWAPPED, REAL), (SWAPPED, AGAIN), (AGAIN, REAL), *((kind, REAL) for kind in sorted(own))]
    rows = []
    for title, of_model in judged.groupby("title", sort=False):
        for kind, against in comparisons:
            some = of_model[of_model["kind"].isin((kind, against))]
            videos = some.assign(label=np.where(some["kind"] == kind, "FAKE", "REAL"))
            if videos["label"].nunique() < 2:
                continue
            auc = bootstrap.auc((videos["label"] == "FAKE").to_numpy(int), videos["p_fake"].to_numpy())
            low, high = bootstrap.interval(videos, seed=seed) if videos["original"].nunique() > 1 else (np.nan, np.nan)
            rows.append({
                "title": title, "kind": kind, "against": against, "fakes": int((videos["label"] == "FAKE").sum()),
                "auc": auc, "low": low, "high": high,
            })
    return pd.DataFrame(rows)


def verdict(found: pd.DataFrame) -> str:
    """What `aucs` says, in two sentences that follow from its numbers alone."""
    learned = found[found["kind"] == SWAPPED].set_index("title")
    if learned.empty:
        return "No face was found in any learned swap, so nothing can be said of them."
    # Both kinds of forgery against originals; the second encoding alone is another question.
    drawn = found[found["kind"] == "autoencoder"].set_index("title")["auc"]
    learned, control = (learned[learned["against"] == against] for against in (REAL, AGAIN))
    worse = [title for title in learned.index if title in drawn and learned.loc[title, "auc"] < drawn[title]]
    first = (
        f"{(control['low'] > 0.5).sum()} of {len(control)} networks tell learned swaps from clips that were only "
        f"{AGAIN}, as far as their intervals say"
    )
    if not len(drawn):
        return f"{first}."
    mean = learned["auc"].mean(), drawn.mean()
    return (
        f"{first}. Against originals the mean AUC is {mean[0]:.3f} for learned swaps, and {mean[1]:.3f} for the set's "
        f"own fakes of the same kind; {len(worse)} of {len(learned)} do worse on the learned ones."
    )


def save(found: pd.DataFrame, workspace: Workspace) -> None:
    """Writes what `aucs` found to `workspace.learned_swaps`."""
    with whole(workspace.learned_swaps) as temporary:
        found.to_csv(temporary, index=False)
