import pandas as pd
import pytest

from dfdc_utils.evaluation import metrics
from dfdc_utils.evaluation.ablation import tta_ablation


@pytest.fixture
def timed(predictions):
    """With a second augmentation, which calls everything the opposite of what it is."""
    wrong = predictions[predictions["variant"] == "plain"].assign(variant="wrong")
    wrong["p_fake"] = [0.9, 0.9, 0.0, 0.0, 0.0, 0.0]
    together = pd.concat([predictions, wrong], ignore_index=True)
    together.attrs["seconds_per_face"] = {"plain": 0.01, "wider": 0.02, "wrong": 0.03}
    return together


def test_each_variant_by_hand(timed, table, account):
    ablation = tta_ablation(timed, table, account, seed=0, rounds=200).set_index("variant")
    assert list(ablation.index) == ["wider", "wrong", "all"]
    labels = [0, 1, 1, 1, 0, 0]
    plain = [0.2, 0.7, 0.6, 0.75, 0.75, 0.75]
    # Of two people the one who looks more fake: 0.8 with the wide one, 0.3 with the wrong variant, 1.6 / 3 with both.
    averaged = {
        "wider": [0.3, 0.65, 0.8, 0.75, 0.75, 0.75],
        "wrong": [0.55, 0.35, 0.3, 0.75, 0.75, 0.75],
        "all": [1.5 / 3, 1.3 / 3, 1.6 / 3, 0.75, 0.75, 0.75],
    }
    for variant, scores in averaged.items():
        for measure in ("auc", "log_loss"):
            gain = metrics.score(labels, scores)[measure] - metrics.score(labels, plain)[measure]
            assert ablation.loc[variant, measure] == pytest.approx(gain), (variant, measure)
            assert ablation.loc[variant, f"{measure}_low"] <= gain <= ablation.loc[variant, f"{measure}_high"]
    assert ablation.loc["wrong", "auc"] < 0 < ablation.loc["wrong", "log_loss"]
    assert ablation["seconds_per_face"].tolist() == pytest.approx([0.02, 0.03, 0.05])


def test_a_variant_that_changes_nothing_gains_nothing(predictions, table, account):
    plain = predictions[predictions["variant"] == "plain"]
    twice = pd.concat([plain, plain.assign(variant="same")], ignore_index=True)
    twice.attrs["seconds_per_face"] = {"plain": 0.01, "same": 0.01}
    ablation = tta_ablation(twice, table, account, seed=0, rounds=50)
    columns = [f"{measure}{end}" for measure in ("auc", "log_loss") for end in ("", "_low", "_high")]
    assert ablation[columns].to_numpy() == pytest.approx(0, abs=1e-12)


def test_without_variants_there_is_nothing_to_compare(predictions, table, account):
    plain = predictions[predictions["variant"] == "plain"].copy()
    plain.attrs["seconds_per_face"] = {"plain": 0.01}
    assert tta_ablation(plain, table, account, seed=0).empty
