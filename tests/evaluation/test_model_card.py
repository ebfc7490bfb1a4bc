import numpy as np
import pandas as pd
import pytest

from dfdc_utils.evaluation import bootstrap, calibration
from dfdc_utils.evaluation.model_card import judge


@pytest.fixture(scope="module")
def videos():
    """Of a model that is twice too sure of itself and finds more in large faces; three fakes an original."""
    generator = np.random.default_rng(0)
    originals = np.repeat(np.arange(1500), 4)
    fake = np.arange(len(originals)) % 4 > 0
    width = generator.choice([80, 120, 160, 250], len(originals))
    # The logit of what is known, at a prior of a half.
    strength = np.select([width < 100, width < 200], [0.5, 2.0], 6.0)
    known = generator.normal(np.where(fake, strength / 2, -strength / 2), np.sqrt(strength))
    table = pd.DataFrame({
        "video": [f"v{n}" for n in range(len(originals))], "label": np.where(fake, "FAKE", "REAL"),
        "original": np.where(fake, [f"v{4 * n}" for n in originals], None), "judged": True, "reason": None,
        "p_fake": 1 / (1 + np.exp(-2 * known)), "width": width,
    })
    return table


@pytest.fixture(scope="module")
def judged(videos):
    halves = np.arange(len(videos)) < 3000
    fitted = calibration.fit(videos[halves])
    return videos[~halves], fitted, judge(videos[~halves], fitted, videos.set_index("video")["width"], seed=1)


def test_scaling_makes_scores_probabilities_on_videos_it_was_not_fitted_on(judged):
    _, fitted, figures = judged
    assert fitted["temperature"] == pytest.approx(2, rel=0.1)
    errors = figures["calibration_errors"]
    assert errors["before"] > 0.05 > 0.03 > errors["after"]


def test_the_decided_are_as_often_right_as_was_promised(judged):
    _, fitted, figures = judged
    assert figures["right"] == pytest.approx(fitted["right"], abs=0.03)
    assert 0.2 < figures["decided"] < 0.95


def test_the_intervals_hold_the_values_and_the_originals_are_counted(judged):
    test, _, figures = judged
    low, high = figures["auc_interval"]
    assert low < figures["auc"] < high and high - low < 0.06
    assert figures["auc"] == pytest.approx(bootstrap.auc((test.label == "FAKE").to_numpy(int), test.p_fake))
    assert figures["originals"] == 750 and figures["count"] == 3000


def test_faces_are_told_apart_by_their_size(judged):
    test, _, figures = judged
    sizes = {of["pixels"]: of for of in figures["by_size"]}
    assert list(sizes) == ["below 100", "100 to 149", "150 to 199", "200 and more"]
    assert sum(of["count"] for of in sizes.values()) == len(test)
    assert sizes["below 100"]["auc"] < sizes["150 to 199"]["auc"] < sizes["200 and more"]["auc"]


def test_a_size_of_one_label_has_no_auc(judged, videos):
    test, fitted, _ = judged
    widths = test.set_index("video")["label"].map({"REAL": 90, "FAKE": 300})
    sizes = judge(test, fitted, widths, seed=1)["by_size"]
    assert [(of["pixels"], of["auc"]) for of in sizes] == [("below 100", None), ("200 and more", None)]
