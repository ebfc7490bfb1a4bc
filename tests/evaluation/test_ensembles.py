import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss

from dfdc_utils.evaluation import ensembles


def _videos(labels, judged=True):
    names = [f"{n}.mp4" for n in range(len(labels))]
    return pd.DataFrame({"video": names, "label": np.where(labels, "FAKE", "REAL"), "judged": judged})


def _scores(p_fake):
    return pd.Series(p_fake, index=[f"{n}.mp4" for n in range(len(p_fake))])


def test_mean_and_weighted_mean_by_hand():
    scores = {"A": _scores([0.2, 0.8]), "B": _scores([0.6, 0.6])}
    assert ensembles.mean(scores).tolist() == pytest.approx([0.4, 0.7])
    assert ensembles.weighted(scores, pd.Series({"A": 0.25, "B": 0.75})).tolist() == pytest.approx([0.5, 0.65])


def test_ranks_by_hand_and_whatever_the_scale():
    scores = {"A": _scores([0.1, 0.2, 0.9, 0.2]), "B": _scores([0.50, 0.53, 0.52, 0.51])}
    # A: places 1, 2.5, 4, 2.5 of 4; B: 1, 4, 3, 2.
    expected = [(0.5 + 0.5) / 8, (2.0 + 3.5) / 8, (3.5 + 2.5) / 8, (2.0 + 1.5) / 8]
    assert ensembles.by_rank(scores).tolist() == pytest.approx(expected)
    stretched = scores | {"B": expit(40 * (scores["B"] - 0.5))}
    assert ensembles.by_rank(stretched).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("combine", [ensembles.mean, ensembles.by_rank])
def test_models_that_scored_other_videos_are_refused(combine):
    with pytest.raises(ValueError, match="1.mp4"):
        combine({"A": _scores([0.1, 0.2]), "B": _scores([0.1])})


def test_the_best_weights_of_a_mixture_are_found():
    """Labels are drawn with a probability that is 0.7 of one model's and 0.3 of another's; a third one is noise."""
    generator = np.random.default_rng(0)
    one, other, noise = expit(generator.normal(0, 2, (3, 40_000)))
    labels = generator.random(len(one)) < 0.7 * one + 0.3 * other
    scores = {"one": _scores(one), "other": _scores(other), "noise": _scores(noise)}
    weights = ensembles.fit_weights(scores, _videos(labels))
    assert weights.to_dict() == pytest.approx({"one": 0.7, "other": 0.3, "noise": 0.0}, abs=0.02)
    assert weights.sum() == pytest.approx(1) and (weights >= 0).all()
    fitted = log_loss(labels, ensembles.weighted(scores, weights))
    assert fitted < log_loss(labels, ensembles.mean(scores)) and fitted < log_loss(labels, one)


def test_a_model_that_is_always_right_gets_everything_and_one_that_is_certain_and_wrong_nothing():
    labels = np.array([True, False] * 20)
    scores = {"right": _scores(np.where(labels, 0.9, 0.1)), "wrong": _scores(np.where(labels, 0.0, 1.0))}
    weights = ensembles.fit_weights(scores, _videos(labels))
    assert weights.to_dict() == pytest.approx({"right": 1, "wrong": 0}, abs=1e-6)


def test_videos_that_no_model_saw_do_not_weigh():
    labels = np.array([True, False, True])
    scores = {"A": _scores([0.9, 0.1]), "B": _scores([0.6, 0.4])}
    weights = ensembles.fit_weights(scores, _videos(labels, judged=[True, True, False]))
    assert weights["A"] == pytest.approx(1, abs=1e-6)
