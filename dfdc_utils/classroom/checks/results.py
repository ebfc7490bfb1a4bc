"""Checks of notebooks 07 to 10: measures, thresholds, maps, ensembles, pseudo-labels."""

from collections.abc import Collection, Mapping

import cv2
import numpy as np
import pandas as pd

from dfdc_utils.classroom.checks.verdict import check, is_a, number, wrong
from dfdc_utils.evaluation import bootstrap, ensembles
from dfdc_utils.evaluation.metrics import score

_NOT_BETTER = 1e-9


@check
def least_balanced_log_loss(answer: str, by_model: pd.DataFrame) -> str:
    """07: the title of the model with the least balanced log loss on the test videos."""
    losses = by_model["balanced_log_loss"]
    _is_one_of(answer, losses.index)
    if losses[answer] == losses.min():
        return "A loss: less is better. Balanced: reals and fakes weigh the same."
    if losses[answer] == losses.max():
        wrong("That is the largest. A loss is better when it is smaller.")
    if answer == by_model["log_loss"].idxmin():
        wrong("That is the one with the least log loss. Look at the *balanced* log loss.")
    wrong(f"{(losses < losses[answer]).sum()} models have a smaller balanced log loss.")


@check
def threshold(answer, validation: pd.DataFrame, test: pd.DataFrame) -> str:
    """07: the threshold with the best balanced accuracy on the validation videos."""
    is_a(answer, (int, float, np.number), "one number")
    if not 0 <= answer <= 1:
        wrong("A threshold is compared with probabilities, so it lies between 0 and 1.")

    def reached(videos: pd.DataFrame, value: float) -> float:
        fake, called = videos["label"] == "FAKE", videos["p_fake"] >= value
        return (called[fake].mean() + (~called[~fake]).mean()) / 2

    best = {}
    for name, videos in (("validation", validation), ("test", test)):
        best[name] = max(reached(videos, value) for value in [0, 1, *videos["p_fake"]])
    if reached(validation, answer) >= best["validation"] - _NOT_BETTER:
        return "The best on validation. The test split tells afterwards what it is worth."
    if reached(test, answer) >= best["test"] - _NOT_BETTER:
        wrong("This is the best threshold for the *test* split. Chosen there, the test is no exam any more.")
    wrong("On the split on which you may choose, another threshold has a better balanced accuracy.")


@check
def auc_by_pairs(answer, videos: pd.DataFrame) -> str:
    """07: the share of pairs of a fake and a real video in which the fake scores higher; ties count one half."""
    fake = videos["label"] == "FAKE"
    auc = bootstrap.auc(fake.to_numpy(), videos["p_fake"].to_numpy())
    number(answer, auc, {
        "This is the share of pairs in which the *real* video scores higher.": 1 - auc,
        "That is the accuracy at 0.5. The AUC has no threshold.": ((videos["p_fake"] >= 0.5) == fake).mean(),
    }, tolerance=0.001)
    return "No threshold was needed: the AUC asks for the order of the videos only."


@check
def best_above_elsewhere(answer, more: pd.DataFrame) -> str:
    """08: of all networks the title of the one whose Grad-CAM lies most above "elsewhere"."""
    rows = more.xs("Grad-CAM", level=1)
    above = rows["above elsewhere"].dropna()
    _is_one_of(answer, rows.index)
    if above.empty or answer == above.idxmax():
        return "It finds the altered place of *this* clip best. See whether its interval holds zero."
    if answer == rows["above chance"].idxmax():
        wrong("That is the best above *chance*. A map of the middle of the face can be that for every clip.")
    wrong(f"{(above > above.get(answer, -np.inf)).sum()} networks lie further above elsewhere.")


@check
def blurred_occlusion(answer: np.ndarray, faces: np.ndarray, grey: np.ndarray) -> str:
    """08: occlusion maps (n, cells, cells) of `faces` with blurred patches; `grey` are those with grey ones."""
    is_a(answer, np.ndarray, "maps: what an explainer gives when it is called with faces")
    if answer.shape != grey.shape:
        wrong(f"Its shape is {answer.shape}; {len(faces)} faces in {grey.shape[1]} × {grey.shape[2]} cells give "
              f"{grey.shape}.")
    if np.allclose(answer, grey):
        wrong("These are the maps of grey patches.")
    if np.allclose(answer, -grey):
        wrong("The sign was turned. A map is above zero where hiding makes the logit fall.")
    return "Where both kinds of patches agree, the face speaks. Where they differ, the patch does."


@check
def heat_inside(answer, heat: np.ndarray, place: np.ndarray) -> str:
    """08: the share of the heat above zero, enlarged to the size of `place` (side, side), that lies in it."""
    heat = cv2.resize(heat, place.shape, interpolation=cv2.INTER_LINEAR)
    positive = heat.clip(min=0)
    share, area = positive[place].sum() / positive.sum(), place.mean()
    number(answer, share, {
        "Heat below zero speaks for REAL. Set it to zero before you divide.": heat[place].sum() / heat.sum(),
        "That is the share of the *area*: what even heat would have.": area,
        "That is the share outside of the place.": 1 - share,
    }, tolerance=0.002)
    return f"Even heat would have {area:.3f} there."


@check
def undecided(answer: Collection[str], differences: pd.DataFrame) -> str:
    """09: the titles of the models whose difference to the best may be 0, by its interval."""
    is_a(answer, (list, tuple, set, pd.Index), "a list of titles")
    low, high = differences["from"], differences["to (95 %)"]
    expected = set(differences.index[(low <= 0) & (high >= 0)])
    if unknown := sorted(set(answer) - set(differences.index)):
        wrong(f"No model of the table is called {unknown[0]}.")
    if set(answer) == set(differences.index) - expected:
        wrong("For these models the difference *is* proven: their intervals do not contain 0.")
    if missing := len(expected - set(answer)):
        wrong(f"{missing} more intervals contain 0.")
    if too_many := len(set(answer) - expected):
        wrong(f"{too_many} of these intervals do not contain 0.")
    return "For these, the test split is too small to say which model is better."


@check
def two_best(
    answer: pd.Series, members: Mapping[str, pd.Series], validation_losses: Mapping[str, float],
    test: Mapping[str, pd.DataFrame],
) -> str:
    """09: the mean of the two models with the least log loss on validation, by video; `test` are their test videos."""
    is_a(answer, pd.Series, "scores by video, as `ensembles.mean` gives them")

    def pair(losses: Mapping[str, float]) -> pd.Series:
        return ensembles.mean({title: members[title] for title in sorted(losses, key=losses.__getitem__)[:2]})

    expected = pair(validation_losses)
    if set(answer.index) != set(expected.index):
        wrong("It should have a score for each video that the models have scored.")
    if np.allclose(answer[expected.index], expected):
        return "Chosen on validation. Whether it is better on test is now a fair question."
    losses = {title: score(test[title]["label"] == "FAKE", test[title]["p_fake"])["log_loss"] for title in members}
    if np.allclose(answer[expected.index], pair(losses)):
        wrong("These two are the best on the *test* split. Who chooses there has seen the exam.")
    if np.allclose(answer[expected.index], ensembles.mean(members)):
        wrong("This is the mean of all models.")
    wrong("This is the mean of other models, or no mean. Take the two with the least log loss on validation.")


@check
def accuracy_interval(answer: tuple[float, float], videos: pd.DataFrame, *, seed: int) -> str:
    """09: the ends of the 95 % interval of the accuracy at 0.5, with originals drawn anew."""
    is_a(answer, (list, tuple, np.ndarray), "two numbers: the lower end and the upper end")

    def accuracy(labels: np.ndarray, p_fake: np.ndarray) -> float:
        return ((p_fake >= 0.5) == (labels == 1)).mean()

    low, high = bootstrap.interval(videos, accuracy, seed=seed)
    reached = score(videos["label"] == "FAKE", videos["p_fake"])["accuracy"]
    if len(answer) != 2 or not answer[0] <= reached <= answer[1]:
        wrong("Two numbers are wanted, and the accuracy itself lies between them.")
    width, expected = answer[1] - answer[0], high - low
    if abs(answer[0] - low) > 0.03 or abs(answer[1] - high) > 0.03:
        wrong(f"Your interval is too {'wide' if width > expected else 'narrow or lies elsewhere'}. Draw whole "
              "originals with all their clips, and take the quantiles 0.025 and 0.975 of many draws.")
    return "Draws of originals, not of clips: clips of one original are right or wrong together."


@check
def wrong_labels(answer, trial: pd.DataFrame, table: pd.DataFrame) -> str:
    """10: the share of wrong labels among those that the validation videos would be given."""
    truth = trial["video"].map(table.set_index("video")["label"])
    share = (trial["label"] != truth).mean()
    number(answer, share, {
        "That is the share of the right ones.": 1 - share,
        "That is how many there are. Divide by the number of labels given.": (trial["label"] != truth).sum(),
    })
    return "The share of wrong labels that a student would be given, if new videos are like these."


@check
def more_videos(answer, unlabelled: pd.DataFrame, *, before: float, after: float) -> str:
    """10: how many more videos get a label when the confidence falls from `before` to `after`."""
    sure = unlabelled.loc[unlabelled["judged"], "p_fake"].map(lambda p_fake: max(p_fake, 1 - p_fake))
    number(answer, (sure >= after).sum() - (sure >= before).sum(), {
        f"That is how many get one at {after}. How many *more* was asked.": (sure >= after).sum(),
        "More videos, so the number is not below zero.": (sure >= before).sum() - (sure >= after).sum(),
    }, tolerance=0.5)
    return "More videos to learn from, and each of them less sure."


@check
def chosen_by_hand(answer: pd.DataFrame, unlabelled: pd.DataFrame, *, confidence: float) -> str:
    """10: columns video and label of the videos whose score is beyond `confidence` on either side."""
    is_a(answer, pd.DataFrame, "a table with the columns video and label")
    if not {"video", "label"} <= set(answer):
        wrong("It should have the columns video and label.")
    rows, given = unlabelled.set_index("video"), answer.set_index("video")["label"]
    if not set(given.index) <= set(rows.index):
        wrong("There are videos in it that are not unlabelled ones.")
    if not rows.loc[given.index, "judged"].all():
        wrong("There is a video in it that no network saw (`judged` is False): its score is only the training prior.")
    sure = rows[rows["judged"] & ((rows["p_fake"] - 0.5).abs() >= confidence - 0.5)]
    if missing := len(set(sure.index) - set(given.index)):
        wrong(f"{missing} more videos are as sure. Count both sides: sure of FAKE, and sure of REAL.")
    if len(given) > len(sure):
        wrong(f"{len(given) - len(sure)} of these are not that sure.")
    if not (given == np.where(rows.loc[given.index, "p_fake"] > 0.5, "FAKE", "REAL")).all():
        wrong("Some labels are on the wrong side: a score is P(fake).")
    return "Sure on either side, judged, and labelled by the side on which they lie."


def _is_one_of(answer, titles: Collection[str]) -> None:
    is_a(answer, str, "the title of one model")
    if answer not in titles:
        wrong(f"No model of the table is called {answer}. Titles: {', '.join(titles)}.")
