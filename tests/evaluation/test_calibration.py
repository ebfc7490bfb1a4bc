import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import log_loss, roc_auc_score

from dfdc_utils.evaluation.calibration import (
    expected_calibration_error,
    fit,
    fit_temperature,
    reliability,
    scaled,
    weights_for,
)


def test_reliability_by_hand():
    table = reliability([0, 1, 1, 1, 0], [0.05, 0.15, 0.95, 1.0, 0.1])
    assert table["low"].tolist() == pytest.approx([0, 0.1, 0.9])
    assert table["high"].tolist() == pytest.approx([0.1, 0.2, 1])
    assert table["count"].tolist() == [1, 2, 2]
    assert table["p_fake"].tolist() == pytest.approx([0.05, 0.125, 0.975])
    assert table["fakes"].tolist() == [0, 0.5, 1]
    expected = (1 * 0.05 + 2 * 0.375 + 2 * 0.025) / 5
    assert expected_calibration_error([0, 1, 1, 1, 0], [0.05, 0.15, 0.95, 1.0, 0.1]) == pytest.approx(expected)


@pytest.fixture(scope="module")
def too_sure():
    """Labels drawn by the true probabilities; a model that gives their logits three times over."""
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 1.5, 20_000)
    labels = (generator.random(len(logits)) < expit(logits)).astype(int)
    return labels, expit(logits), expit(3 * logits)


def videos(labels, p_fake, judged=True):
    names = np.where(np.asarray(labels) == 1, "FAKE", "REAL")
    return pd.DataFrame({"label": names, "p_fake": p_fake, "judged": judged})


def test_a_model_that_is_three_times_too_sure_gets_temperature_three(too_sure):
    labels, true, sure = too_sure
    temperature = fit_temperature(videos(labels, sure))
    assert temperature == pytest.approx(3, rel=0.05)
    mended = scaled(sure, temperature)
    assert expected_calibration_error(labels, sure) > 0.1
    assert expected_calibration_error(labels, mended) < 0.015
    assert log_loss(labels, mended) == pytest.approx(log_loss(labels, true), abs=0.002)
    # The order stays.
    assert roc_auc_score(labels, mended) == pytest.approx(roc_auc_score(labels, sure), abs=1e-4)
    assert fit_temperature(videos(labels, true)) == pytest.approx(1, rel=0.05)


def test_videos_that_no_model_judged_do_not_count(too_sure):
    """They have the training prior for a score, which says nothing about a model."""
    labels, _, sure = too_sure
    faceless = videos(np.zeros(5000), np.full(5000, 0.84), judged=False)
    both = pd.concat([videos(labels, sure), faceless], ignore_index=True)
    assert fit_temperature(both) == pytest.approx(fit_temperature(videos(labels, sure)))


def test_scores_of_zero_and_one_stay_finite_and_a_series_stays_one():
    scores = pd.Series([0.0, 0.5, 1.0], index=["a", "b", "c"])
    mended = scaled(scores, 2)
    assert list(mended.index) == ["a", "b", "c"]
    assert 0 < mended["a"] < 0.01 and mended["b"] == pytest.approx(0.5) and 0.99 < mended["c"] < 1


def test_what_cannot_be_calibrated():
    with pytest.raises(ValueError, match="one kind only"):
        fit_temperature(videos([1, 1], [0.5, 0.6]))
    with pytest.raises(ValueError, match="above 0"):
        scaled([0.5], 0)


def shifted(labels, share, seed=0):
    """Which of the videos to keep so that `share` of them are fake."""
    generator, fakes = np.random.default_rng(seed), np.flatnonzero(labels == 1)
    reals = np.flatnonzero(labels == 0)
    return np.concatenate([reals, generator.choice(fakes, round(len(reals) * share / (1 - share)))])


def test_scores_are_calibrated_for_the_prior_that_is_stated_whatever_that_of_the_set(too_sure):
    labels, _, sure = too_sure
    many = shifted(labels, 0.83)
    wanted = fit_temperature(videos(labels[many], sure[many]), prior=0.5)
    assert wanted == pytest.approx(3, rel=0.07)
    mended, weights = scaled(sure[many], wanted), weights_for(labels[many], 0.5)
    assert weights.sum() == pytest.approx(1)
    assert weights[labels[many] == 1].sum() == pytest.approx(0.5)
    assert expected_calibration_error(labels[many], mended, weights=weights) < 0.02
    assert expected_calibration_error(labels[many], mended) > 0.1


def test_weights_of_one_for_all_change_nothing(too_sure):
    labels, _, sure = too_sure
    table = reliability(labels, sure)
    by_hand = np.average((table["p_fake"] - table["fakes"]).abs(), weights=table["count"])
    assert expected_calibration_error(labels, sure) == pytest.approx(by_hand)
    assert expected_calibration_error(labels, sure, weights=np.full(len(labels), 7.0)) == pytest.approx(by_hand)


def test_outside_the_uncertain_scores_as_many_are_right_as_was_asked_for(too_sure):
    labels, true, sure = too_sure
    found = fit(videos(labels, sure), right=0.8)
    low, high = found["uncertain"]
    assert 0.2 < low < 0.5 < high < 0.8, "at 0.8 alone eight in ten are fake, above it more"
    mended = scaled(sure, found["temperature"])
    assert labels[mended >= high].mean() == pytest.approx(0.8, abs=0.01)
    assert 1 - labels[mended < low].mean() == pytest.approx(0.8, abs=0.01)
    assert (found["prior"], found["right"]) == (0.5, 0.8)
    assert f"{(labels == 1).sum():,} fake" in found["fitted_on"]


def test_a_model_that_knows_nothing_decides_nothing_and_one_that_knows_all_everything():
    labels = np.arange(200) % 2
    generator = np.random.default_rng(3)
    low, high = fit(videos(labels, np.full(200, 0.5)))["uncertain"]
    assert low <= 0.5 < high
    nearly_all = expit(np.where(labels == 1, 3, -3) + generator.normal(0, 1.5, 200))
    low, high = fit(videos(labels, nearly_all))["uncertain"]
    assert low == high
