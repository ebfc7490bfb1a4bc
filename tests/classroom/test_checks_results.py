"""Checks of notebooks 07 to 10: the right answer, and wrong ones that are told what is wrong about them."""

import numpy as np
import pandas as pd
import pytest
from answers import right, says

from dfdc_utils.classroom.checks import results as check
from dfdc_utils.evaluation import bootstrap, ensembles, metrics


def rows(p_fake, labels, *, judged=True):
    names = [f"{number}.mp4" for number in range(len(p_fake))]
    return pd.DataFrame({
        "video": names, "label": labels, "original": None, "p_fake": np.array(p_fake, float), "judged": judged,
    })


def test_the_least_balanced_log_loss():
    by_model = pd.DataFrame(
        {"balanced_log_loss": [0.5, 0.3, 0.4], "log_loss": [0.6, 0.5, 0.2]}, index=["A", "B", "C"]
    )
    right(check.least_balanced_log_loss("B", by_model))
    says(check.least_balanced_log_loss("A", by_model), "largest")
    says(check.least_balanced_log_loss("C", by_model), "*balanced*")
    says(check.least_balanced_log_loss("D", by_model), "No model", "A, B, C")


def test_a_threshold_is_chosen_on_validation():
    labels = ["REAL", "REAL", "FAKE", "FAKE"]
    validation, test = rows([0.1, 0.6, 0.7, 0.9], labels), rows([0.1, 0.2, 0.4, 0.9], labels)
    right(check.threshold(0.7, validation, test))
    says(check.threshold(0.4, validation, test), "*test*", "no exam")
    says(check.threshold(0.95, validation, test), "another threshold has a better")
    says(check.threshold(7, validation, test), "between 0 and 1")


def test_the_auc_by_pairs():
    videos = rows([0.1, 0.6, 0.6, 0.9], ["REAL", "REAL", "FAKE", "FAKE"])
    right(check.auc_by_pairs(3.5 / 4, videos))
    says(check.auc_by_pairs(0.5 / 4, videos), "*real*")
    says(check.auc_by_pairs(0.75, videos), "accuracy")


def test_the_map_that_lies_most_above_elsewhere():
    gains = pd.DataFrame(
        {"above chance": [0.3, 0.1], "above elsewhere": [0.0, 0.05]},
        index=pd.MultiIndex.from_tuples([("A", "Grad-CAM"), ("B", "Grad-CAM")]),
    )
    right(check.best_above_elsewhere("B", gains))
    says(check.best_above_elsewhere("A", gains), "*chance*")
    says(check.best_above_elsewhere("C", gains), "No model")


def test_maps_of_blurred_patches():
    faces, grey = np.zeros((2, 32, 32, 3)), np.random.default_rng(0).normal(size=(2, 5, 5))
    right(check.blurred_occlusion(grey + 0.5, faces, grey))
    says(check.blurred_occlusion(grey, faces, grey), "grey patches")
    says(check.blurred_occlusion(grey[0], faces, grey), "(5, 5)")
    says(check.blurred_occlusion(-grey, faces, grey), "sign")


def test_the_heat_inside_a_place():
    heat, place = np.array([[4.0, 0], [0, -2]]).repeat(4, 0).repeat(4, 1), np.zeros((8, 8), bool)
    place[:4, :6] = True
    right(check.heat_inside(1.0, heat, place))
    says(check.heat_inside(2.0, heat, place), "speaks for REAL")
    says(check.heat_inside(24 / 64, heat, place), "*area*")


def test_models_that_cannot_be_told_apart():
    differences = pd.DataFrame({"from": [-0.1, 0.02, -0.02], "to (95 %)": [0.1, 0.2, 0.3]}, index=["A", "B", "C"])
    right(check.undecided(["C", "A"], differences))
    says(check.undecided(["B"], differences), "do not contain 0")
    says(check.undecided(["A"], differences), "1 more")
    says(check.undecided(["A", "B", "C"], differences), "1 of these")


def test_the_two_best_on_validation():
    labels = ["REAL", "REAL", "FAKE", "FAKE"]
    scores = {"A": [0.1, 0.2, 0.8, 0.9], "B": [0.2, 0.3, 0.7, 0.8], "C": [0.4, 0.45, 0.55, 0.5]}
    members = {title: pd.Series(each, index=[f"{n}.mp4" for n in range(4)]) for title, each in scores.items()}
    test = {title: rows(each, labels) for title, each in scores.items()}
    validation = {"A": 0.9, "B": 0.2, "C": 0.3}

    def mean(*titles):
        return ensembles.mean({title: members[title] for title in titles})

    right(check.two_best(mean("C", "B"), members, validation, test))
    says(check.two_best(mean("A", "B"), members, validation, test), "*test*", "exam")
    says(check.two_best(mean("A", "B", "C"), members, validation, test), "all models")
    says(check.two_best(mean("B", "C").iloc[1:], members, validation, test), "each video")


@pytest.fixture
def videos():
    """Thirty originals with two fakes each, on which a detector is right three times out of four."""
    generator = np.random.default_rng(0)
    labels = ["REAL", "FAKE", "FAKE"] * 30
    # Clips of one original are right or wrong together.
    good = np.repeat(generator.random(30) < 0.75, 3)
    p_fake = np.where(good == (np.array(labels) == "FAKE"), 0.8, 0.2)
    names = [f"{n}{k}.mp4" for n in range(30) for k in range(3)]
    originals = [None if k == 0 else f"{n}0.mp4" for n in range(30) for k in range(3)]
    return pd.DataFrame({"video": names, "label": labels, "original": originals, "p_fake": p_fake, "judged": True})


def test_the_interval_of_an_accuracy(videos):
    def accuracy(labels, p_fake):
        return ((p_fake >= 0.5) == (labels == 1)).mean()

    right(check.accuracy_interval(bootstrap.interval(videos, accuracy, seed=5), videos, seed=0))
    right(check.accuracy_interval(np.array(bootstrap.interval(videos, accuracy, seed=5)), videos, seed=0))
    alone = videos.assign(original=None)
    says(check.accuracy_interval(bootstrap.interval(alone, accuracy, seed=5), videos, seed=0), "narrow", "originals")
    reached = metrics.score(videos["label"] == "FAKE", videos["p_fake"])["accuracy"]
    says(check.accuracy_interval((0.0, 1.0), videos, seed=0), "wide")
    says(check.accuracy_interval((reached + 0.1, reached + 0.2), videos, seed=0), "lies between")


def test_wrong_labels():
    table = pd.DataFrame({"video": list("abcde"), "label": ["FAKE"] * 4 + ["REAL"]})
    trial = pd.DataFrame({"video": list("abcde"), "label": ["FAKE"] * 3 + ["REAL"] * 2})
    right(check.wrong_labels(0.2, trial, table))
    says(check.wrong_labels(0.8, trial, table), "right ones")
    says(check.wrong_labels(1, trial, table), "how many")


@pytest.fixture
def unlabelled():
    videos = rows([0.95, 0.05, 0.7, 0.35, 0.99], [None] * 5)
    return videos.assign(judged=[True, True, True, True, False])


def test_how_many_more_videos_get_a_label(unlabelled):
    right(check.more_videos(2, unlabelled, before=0.8, after=0.6))
    says(check.more_videos(4, unlabelled, before=0.8, after=0.6), "How many *more*")
    says(check.more_videos(-2, unlabelled, before=0.8, after=0.6), "below zero")


def test_pseudo_labels_by_hand(unlabelled):
    mine = pd.DataFrame({"video": ["0.mp4", "1.mp4"], "label": ["FAKE", "REAL"]})
    right(check.chosen_by_hand(mine, unlabelled, confidence=0.8))
    says(check.chosen_by_hand(mine.iloc[:1], unlabelled, confidence=0.8), "both sides")
    nobody = pd.concat([mine, pd.DataFrame({"video": ["4.mp4"], "label": ["FAKE"]})])
    says(check.chosen_by_hand(nobody, unlabelled, confidence=0.8), "training prior")
    says(check.chosen_by_hand(mine.assign(label=["REAL", "FAKE"]), unlabelled, confidence=0.8), "wrong side")
