import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from dfdc_utils.evaluation import bootstrap


def test_the_fast_measures_are_scikit_learns():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 200)
    # Rounded, so that there are ties; and some that are certain.
    p_fake = np.clip(0.3 * labels + generator.normal(0.35, 0.3, 200), 0, 1).round(2)
    assert bootstrap.auc(labels, p_fake) == pytest.approx(sk.roc_auc_score(labels, p_fake))
    expected = sk.log_loss(labels, np.clip(p_fake, bootstrap.CLIP, 1 - bootstrap.CLIP))
    assert bootstrap.log_loss(labels, p_fake) == pytest.approx(expected)


def _videos(originals, per_original, noise, generator):
    """Each original and its fakes share one error of size `noise`, as people who look odd anyway do."""
    rows = []
    for original in range(originals):
        shared = generator.normal(0, noise)
        for clip in range(per_original):
            fake = clip > 0
            p = 1 / (1 + np.exp(-(0.7 * fake + shared + generator.normal(0, 0.5))))
            label, name = ("FAKE", f"{original}_0") if fake else ("REAL", None)
            rows.append((f"{original}_{clip}", label, name, p))
    return pd.DataFrame(rows, columns=["video", "label", "original", "p_fake"])


def test_the_bootstrap_draws_originals_with_all_their_fakes():
    videos = _videos(12, 6, 1.0, np.random.default_rng(3))

    def share_of_fakes(labels, p_fake):
        return labels.mean()

    # Every original has one real clip and five fakes, so whole families drawn again have the same share.
    share = bootstrap.interval(videos, share_of_fakes, seed=0, rounds=50)
    assert share == pytest.approx((5 / 6, 5 / 6))


@pytest.mark.slow
def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(5)
    many = _videos(4000, 4, 0.8, generator)
    truth = sk.roc_auc_score(many["label"] == "FAKE", many["p_fake"])
    covered = []
    for _ in range(40):
        low, high = bootstrap.interval(_videos(40, 4, 0.8, generator), seed=1, rounds=100)
        covered.append(low <= truth <= high)
    assert 0.85 <= np.mean(covered) <= 1.0


def test_a_paired_difference_sees_what_two_intervals_do_not():
    one = _videos(60, 4, 1.5, np.random.default_rng(2))
    # The same scores, slightly disturbed: on the same draws the two models rise and fall together.
    noise = np.random.default_rng(3).normal(0, 0.04, len(one))
    other = one.assign(p_fake=np.clip(one["p_fake"] + noise, 0, 1)).sample(frac=1, random_state=0)
    difference, low, high = bootstrap.paired_difference(one, other, seed=0, rounds=300)
    labels = one["label"] == "FAKE"
    own = sk.roc_auc_score(labels, one["p_fake"])
    theirs = sk.roc_auc_score(other["label"] == "FAKE", other["p_fake"])
    assert difference == pytest.approx(own - theirs)
    assert low < difference < high
    alone = bootstrap.interval(one, seed=0, rounds=300)
    assert high - low < 0.6 * (alone[1] - alone[0]) and alone[0] < theirs < alone[1]
    # A model does not differ from itself.
    assert bootstrap.paired_difference(one, one, seed=0, rounds=20) == (0, 0, 0)


@pytest.mark.slow
@pytest.mark.parametrize("statistic", [bootstrap.auc, bootstrap.log_loss])
def test_the_interval_of_a_difference_covers_the_truth_about_as_often_as_it_says(statistic):
    generator = np.random.default_rng(6)

    def two_models(originals):
        one = _videos(originals, 4, 0.8, generator)
        logits = np.log(one["p_fake"] / (1 - one["p_fake"]))
        return one, one.assign(p_fake=1 / (1 + np.exp(-(0.8 * logits + generator.normal(0, 0.6, len(one))))))

    truth, _, _ = bootstrap.paired_difference(*two_models(4000), statistic, seed=0, rounds=2)
    covered = []
    for _ in range(60):
        _, low, high = bootstrap.paired_difference(*two_models(40), statistic, seed=1, rounds=100)
        covered.append(low <= truth <= high)
    assert 0.85 <= np.mean(covered) <= 1.0


def test_models_that_scored_different_videos_are_not_compared():
    videos = _videos(5, 3, 1.0, np.random.default_rng(0))
    with pytest.raises(ValueError, match="different ones"):
        bootstrap.paired_difference(videos, videos.iloc[1:], seed=0)


def test_the_same_seed_gives_the_same_interval():
    videos = _videos(10, 3, 0.5, np.random.default_rng(4))
    first = bootstrap.interval(videos, seed=7, rounds=100)
    assert first == bootstrap.interval(videos, seed=7, rounds=100)
    low, high = first
    assert low < sk.roc_auc_score(videos["label"] == "FAKE", videos["p_fake"]) < high
