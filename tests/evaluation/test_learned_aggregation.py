import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from dfdc_utils.evaluation import aggregation
from dfdc_utils.evaluation.learned_aggregation import fit_aggregation


def _flickering(videos, generator):
    """Of a fake one frame in ten gives it away, slightly; otherwise frames say nothing and vary."""
    table, rows = [], []
    for number in range(videos):
        video, split = f"{number}.mp4", "validation" if number < videos // 2 else "test"
        fake = bool(generator.integers(2))
        table.append((video, "FAKE" if fake else "REAL", split))
        p_fake = np.clip(generator.normal(0.35, 0.05, 10), 0.01, 0.99)
        # What is brighter as a whole is not more fake.
        p_fake = np.clip(p_fake + generator.normal(0, 0.1), 0.01, 0.99)
        if fake:
            p_fake[generator.integers(10)] += 0.25
        rows += [("meso4", video, 0, frame, "plain", p) for frame, p in enumerate(np.clip(p_fake, 0, 1))]
    columns = ["model", "video", "track", "frame", "variant", "p_fake"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(table, columns=["video", "label", "split"])


def test_it_finds_what_none_of_the_six_can_see():
    """The distance of the highest frame from the others gives a fake away: neither mean nor maximum is that."""
    predictions, table = _flickering(400, np.random.default_rng(0))
    labels = table.set_index("video")["label"] == "FAKE"
    test = predictions[predictions["video"].isin(table.loc[table["split"] == "test", "video"])]

    def auc(method):
        scores = aggregation.video_scores(test, method=method)
        return roc_auc_score(labels[scores.index], scores)

    learned = auc(fit_aggregation(predictions, table))
    assert learned > 0.95
    assert learned > max(auc(method) for method in aggregation.METHODS) + 0.05


def test_it_never_looks_at_the_test_split():
    predictions, table = _flickering(60, np.random.default_rng(1))
    frames = np.array([0.2, 0.4, 0.9])
    before = fit_aggregation(predictions, table)(frames)
    test = table["split"] == "test"
    swapped = table.assign(label=table["label"].where(~test, table["label"].map({"FAKE": "REAL", "REAL": "FAKE"})))
    changed = predictions.assign(
        p_fake=predictions["p_fake"].where(~predictions["video"].isin(table.loc[test, "video"]), 0.5)
    )
    assert fit_aggregation(changed, swapped)(frames) == before


def test_of_two_people_it_learns_from_and_answers_by_the_one_who_looks_most_fake():
    predictions, table = _flickering(200, np.random.default_rng(2))
    # A second person in every video, of whom nothing looks fake.
    quiet = predictions.assign(track=1, p_fake=0.01)
    both = pd.concat([predictions, quiet], ignore_index=True)
    frames = np.array([0.3] * 9 + [0.6])
    learned = fit_aggregation(both, table)
    assert learned(frames) == pytest.approx(fit_aggregation(predictions, table)(frames))
    scores = aggregation.video_scores(both, method=learned)
    first = aggregation.video_scores(predictions, method=learned)
    second = aggregation.video_scores(quiet, method=learned)
    pd.testing.assert_series_equal(scores, np.maximum(first, second))


def test_one_kind_of_validation_video_is_refused():
    predictions, table = _flickering(20, np.random.default_rng(3))
    with pytest.raises(ValueError, match="real and fake validation"):
        fit_aggregation(predictions, table.assign(label="FAKE"))
    with pytest.raises(ValueError, match="real and fake validation"):
        fit_aggregation(predictions, table.assign(split="test"))
