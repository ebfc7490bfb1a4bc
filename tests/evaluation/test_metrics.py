import json
import math

import keras
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk
from trained_models import save_as_trained, save_predictions

from dfdc_utils.evaluation import aggregation, metrics
from dfdc_utils.made_from import NotCurrent
from dfdc_utils.workspace import Workspace


def test_scores_by_hand():
    # Called fake: 0.9, 0.5 (the threshold itself), 0.6. Right: 0.9, 0.5, 0.2.
    measured = metrics.score([1, 1, 0, 0], [0.9, 0.5, 0.6, 0.2])
    assert measured["count"] == 4 and measured["fakes"] == 2
    assert measured["accuracy"] == 0.75
    assert measured["balanced_accuracy"] == 0.75
    assert measured["log_loss"] == pytest.approx(-np.log([0.9, 0.5, 0.4, 0.8]).mean())
    assert measured["brier"] == pytest.approx((0.01 + 0.25 + 0.36 + 0.04) / 4)
    assert measured["auc"] == 0.75  # of the four pairs of a fake and a real, 0.5 against 0.6 is wrong
    assert measured["average_precision"] == pytest.approx((1 + 2 / 3) / 2)
    assert measured["equal_error_rate"] == pytest.approx(0.5)


def test_the_balanced_log_loss_weighs_both_classes_the_same():
    labels, p_fake = [1, 1, 1, 0], [0.8, 0.8, 0.8, 0.8]
    measured = metrics.score(labels, p_fake)
    assert measured["log_loss"] == pytest.approx(-(3 * math.log(0.8) + math.log(0.2)) / 4)
    assert measured["balanced_log_loss"] == pytest.approx(-(math.log(0.8) + math.log(0.2)) / 2)


def test_agreement_with_scikit_learn():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 2, 200)
    p_fake = np.clip(0.3 * labels + generator.normal(0.35, 0.2, 200), 0, 1).round(2)
    measured = metrics.score(labels, p_fake)
    assert measured["auc"] == pytest.approx(sk.roc_auc_score(labels, p_fake))
    assert measured["log_loss"] == pytest.approx(sk.log_loss(labels, np.clip(p_fake, 1e-15, 1 - 1e-15)))
    assert measured["balanced_accuracy"] == pytest.approx(sk.balanced_accuracy_score(labels, p_fake >= 0.5))
    # The equal error rate lies between the two error rates of the thresholds on either side of it.
    fpr, tpr, _ = sk.roc_curve(labels, p_fake, drop_intermediate=False)
    after = np.argmax(fpr >= 1 - tpr)
    low, high = sorted((1 - tpr[after], fpr[after]))
    assert min(low, fpr[after - 1]) <= measured["equal_error_rate"] <= max(high, 1 - tpr[after - 1])


def test_a_certain_and_wrong_score_costs_the_clip_not_infinity():
    assert metrics.score([1, 0], [0.0, 0.0])["log_loss"] == pytest.approx(-math.log(1e-15) / 2, rel=1e-6)


def test_one_class_alone_leaves_what_needs_two_undefined():
    measured = metrics.score([1, 1], [0.9, 0.4])
    assert measured["accuracy"] == 0.5
    assert measured["auc"] is measured["balanced_accuracy"] is measured["equal_error_rate"] is None


@pytest.mark.parametrize(
    ("labels", "p_fake", "match"),
    [([], [], "one of each"), ([1, 0], [0.5], "one of each"), ([1, 2], [0.5, 0.5], "Labels"),
     ([1, 0], [0.5, float("nan")], "between 0 and 1"), ([1, 0], [0.5, 1.5], "between 0 and 1")],
)
def test_what_cannot_be_scored_is_refused(labels, p_fake, match):
    with pytest.raises(ValueError, match=match):
        metrics.score(labels, p_fake)


def test_constant_baselines_on_the_distribution_of_the_dfdc():
    """FACTS of the data: 99,992 of 119,146 videos are fake; 0.6931 for 0.5 and 0.441 for the prior 0.839."""
    labels = ["FAKE"] * 9999 + ["REAL"] * 1915
    table = pd.DataFrame({"split": ["train"] * len(labels) + ["test"] * len(labels), "label": labels * 2})
    baselines = metrics.constant_baselines(table)
    assert baselines["log_loss"].tolist() == pytest.approx([0.6931, 0.4409], abs=2e-4)
    assert baselines.loc["always 0.5", "balanced_log_loss"] == pytest.approx(math.log(2))
    assert baselines.loc["training prior", "balanced_log_loss"] == pytest.approx(1.0013, abs=1e-3)
    assert baselines["balanced_accuracy"].tolist() == [0.5, 0.5]
    assert baselines["auc"].tolist() == [0.5, 0.5]


def test_evaluate_at_both_levels_with_and_without_tta(predictions, table, account):
    result = metrics.evaluate(predictions, table, account)
    assert result["model"] == "meso4" and result["training_prior"] == 0.75
    assert "train" not in result and "validation" not in result
    test = result["test"]
    # Six videos: 0.2 real, 0.7 fake, 0.6 fake, and three times the prior 0.75: one fake, two reals.
    assert test["video"]["plain"]["count"] == 6
    assert test["video"]["plain"]["accuracy"] == pytest.approx(4 / 6)
    assert test["video"]["plain"]["log_loss"] == pytest.approx(
        -np.log([0.8, 0.7, 0.6, 0.75, 0.25, 0.25]).mean()
    )
    assert test["video"]["tta"]["log_loss"] == pytest.approx(
        -np.log([0.7, 0.65, 0.8, 0.75, 0.25, 0.25]).mean()
    )
    assert test["frame"]["plain"]["count"] == 6 and test["frame"]["plain"]["fakes"] == 4
    assert [row["video"] for row in test["unjudged"]] == ["no_face.mp4", "short.mp4", "broken.mp4"]
    low, high = test["video"]["plain"]["auc_interval"]
    assert 0 <= low <= test["video"]["plain"]["auc"] <= high <= 1


def test_evaluate_counts_the_training_split_where_it_was_predicted(predictions, table, account):
    train = pd.DataFrame({"video": table.loc[table["split"] == "train", "video"], "track": 0, "frame": 0,
                          "variant": "plain", "p_fake": 0.8, "model": "meso4"})
    result = metrics.evaluate(pd.concat([predictions, train]), table, account)
    assert result["train"]["video"]["plain"]["accuracy"] == 0.75
    assert "tta" not in result["train"]["video"]


def test_a_split_that_was_predicted_in_part_only_is_an_error(predictions, table, account):
    with pytest.raises(ValueError, match="two_people.mp4"):
        metrics.evaluate(predictions[predictions["video"] != "two_people.mp4"], table, account)


@pytest.fixture
def predicted(study, predictions):
    """The study with those predictions on disk, as if its model had made them."""
    def write(name, rows):
        model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        save_as_trained(model, study, name)
        save_predictions(rows, study, name)
        return study

    return write


def test_metrics_survive_the_disk_and_are_not_read_for_other_predictions(predictions, table, account, predicted):
    study = predicted("meso4", predictions)
    result = metrics.evaluate(predictions, table, account)
    metrics.save(study, "meso4", result)
    assert metrics.load(study, "meso4") == json.loads(json.dumps(result))
    predicted("meso4", predictions.assign(p_fake=0.5))
    with pytest.raises(NotCurrent, match="another version of the predictions.*--only 07"):
        metrics.load(study, "meso4")


def test_a_model_that_was_not_evaluated_names_the_notebook(study):
    with pytest.raises(FileNotFoundError, match="meso4.*notebook 07"):
        metrics.load(study, "meso4")


def test_every_split_keeps_its_videos_without_a_face(predictions, table, account):
    every = aggregation.every_video(aggregation.video_scores(predictions), table, account)
    assert len(every) == (table["split"] == "test").sum()


def test_the_comparison_has_a_row_for_each_evaluated_model_best_first(predictions, table, account, predicted):
    for name, shift in (("meso4", 0.0), ("custom_cnn", -0.45)):
        # The custom network is fooled by one fake.
        rows = predictions.assign(model=name)
        rows.loc[rows["video"] == "two_people.mp4", "p_fake"] += shift
        rows["p_fake"] = rows["p_fake"].clip(0, 1)
        study = predicted(name, rows)
        metrics.save(study, name, metrics.evaluate(rows, table, account))
    compared = metrics.comparison(study)
    assert compared["model"].tolist() == ["meso4", "custom_cnn"]
    assert compared["title"].tolist() == ["Meso4", "Custom CNN"]
    assert compared["test_accuracy"].tolist() == pytest.approx([4 / 6, 3 / 6])
    assert compared["train_accuracy"].isna().all()
    assert compared["parameters"].tolist() == [5, 5]
    assert compared["weights_start"].tolist() == ["none", "none"]
    # The report's own figures, from the real DFDC.
    assert compared["report_test_accuracy"].tolist() == [0.8997, 0.8057]
    assert (compared["test_auc_low"] <= compared["test_auc"]).all()


def test_the_comparison_has_mean_and_deviation_over_training_seeds(predictions, table, account, predicted, capsys):
    def evaluate(study, wrong):
        rows = predictions.copy()
        rows.loc[rows["video"] == "fake.mp4", "p_fake"] = 0.05 if wrong else 0.9
        keras_model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        save_as_trained(keras_model, study, "meso4")
        save_predictions(rows, study, "meso4")
        metrics.save(study, "meso4", metrics.evaluate(rows, table, account))
        return metrics.load(study, "meso4")["test"]["video"]["plain"]["auc"]

    study = predicted("meso4", predictions)
    aucs = [evaluate(study, False), evaluate(study.of_seed(1), True), evaluate(study.of_seed(2), False)]
    row = metrics.comparison(study).iloc[0]
    assert row["test_auc"] == aucs[0] != aucs[1]
    assert row["seeds"] == 3
    assert row["test_auc_mean"] == pytest.approx(np.mean(aucs))
    assert row["test_auc_sd"] == pytest.approx(np.std(aucs, ddof=1))

    # A seed under other settings is another study: it is left out, and that is said.
    save_as_trained(
        keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]),
        Workspace.open(study.of_seed(2).profile.replace(epochs=9), study.name), "meso4",
    )
    capsys.readouterr()
    row = metrics.comparison(study).iloc[0]
    assert row["seeds"] == 2 and row["test_auc_mean"] == pytest.approx(np.mean(aucs[:2]))
    said = capsys.readouterr().out
    assert "Training seed 2 is left out" in said and "epochs=9 (now" in said

    # So is one that was trained anew and not evaluated since.
    save_as_trained(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), study.of_seed(1), "meso4")
    assert metrics.comparison(study).iloc[0]["seeds"] == 1
    assert "Training seed 1 is left out" in capsys.readouterr().out


def test_the_reports_table_is_as_printed():
    assert metrics.REPORT_TABLE.loc["densenet121"].tolist() == [0.9699, 0.9181]
    assert metrics.REPORT_TABLE.loc["resnet50_lstm"].tolist() == [0.9795, 0.9463]
    assert "mesoinception4" not in metrics.REPORT_TABLE.index


def test_nothing_evaluated_names_the_notebook(predicted, predictions):
    with pytest.raises(FileNotFoundError, match="notebook 07"):
        metrics.comparison(predicted("meso4", predictions))
