"""Self-training: a model learns on from videos without a label, from the answers it is sure of itself.

A trained model, the teacher, scores the unlabelled videos. Those of which it is sure get its answer as their label
(Lee, Pseudo-Label, ICML 2013 workshop), and it goes on training with them among the others. Whether that helps is
only to be seen beside the same model that went on just as long without them: more epochs alone change a model too.
"""

import pandas as pd

from dfdc_utils.training.fit import Training, train
from dfdc_utils.training.recipe import Recipe
from dfdc_utils.workspace import Workspace

_EPOCHS, _RATE = 1 / 8, 1 / 10
"""Of the teacher's recipe: it goes on for this share of its epochs, at this share of its learning rate."""


def choose(videos: pd.DataFrame, *, confidence: float) -> pd.DataFrame:
    """The videos whose score is beyond `confidence` on either side, with the label that the score says.

    Args:
        videos: rows of `aggregation.every_video`. The scores should be calibrated: what is chosen by scores that are
            too sure of themselves is wrong more often than they say.
        confidence: above 0.5 and up to 1. A video is FAKE from this score on, and REAL up to 1 minus it.

    Returns:
        Columns video, label, p_fake; the surest first. Videos without a face are never among them.

    Raises ValueError for a confidence that would let a video be both.
    """
    if not 0.5 < confidence <= 1:
        raise ValueError(f"A confidence is above 0.5 and at most 1, not {confidence}.")
    sure = (videos["p_fake"] - 0.5).abs() >= confidence - 0.5
    chosen = videos.loc[videos["judged"] & sure, ["video", "p_fake"]]
    chosen = chosen.assign(label=(chosen["p_fake"] > 0.5).map({True: "FAKE", False: "REAL"}))
    surest = (chosen["p_fake"] - 0.5).abs().sort_values(ascending=False, kind="stable").index
    return chosen.loc[surest, ["video", "label", "p_fake"]].reset_index(drop=True)


def joined(table: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """`table` with the unlabelled videos in `chosen` among the training videos, under the label given there.

    Raises ValueError for a video that is not an unlabelled one of the table: a label that is known is never replaced.
    """
    labels = chosen.set_index("video")["label"]
    unlabelled = set(table.loc[table["split"] == "unlabelled", "video"])
    if wrong := [video for video in labels.index if video not in unlabelled]:
        raise ValueError(f"Only unlabelled videos get a pseudo-label; {wrong[0]} is not one of the table's.")
    result = table.copy()
    rows = result["video"].isin(labels.index)
    result.loc[rows, "label"] = result.loc[rows, "video"].map(labels)
    result.loc[rows, "split"] = "train"
    return result


def go_on(
    name: str, workspace: Workspace, table: pd.DataFrame, *, saved_as: str, verbose: bool = True
) -> Training:
    """Lets the trained model `name` learn on from `table`, and saves what comes of it as `saved_as`.

    Videos are drawn as many of either label, rather than in pairs: a pseudo-labelled fake has no known original.
    Arguments, errors and resuming are those of `fit.train`.
    """
    recipe = Recipe.for_model(name, workspace.profile)
    return train(
        name, workspace, table=table, start=name, saved_as=saved_as, verbose=verbose, draw="balanced",
        schedule="constant", epochs=max(1, round(recipe.epochs * _EPOCHS)), learning_rate=recipe.learning_rate * _RATE,
    )
