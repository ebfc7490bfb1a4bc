"""How good the scores are: numbers at frame and at video level, with and without test-time augmentation.

Everything is computed from the predictions table, never inside training. Labels: 1 = fake. Scores: P(fake).
"""

import json

import numpy as np
import pandas as pd
from sklearn import metrics as sk
from sklearn.utils.class_weight import compute_sample_weight

from dfdc_utils import made_from, models
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import aggregation, bootstrap, calibration
from dfdc_utils.evaluation.bootstrap import CLIP
from dfdc_utils.evaluation.predictions import require_current
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace, whole, write_json

REPORT_TABLE = pd.DataFrame(
    [
        ("custom_cnn", 0.8523, 0.8057),
        ("resnet50_lstm", 0.9795, 0.9463),
        ("meso4", 0.9568, 0.8997),
        ("densenet121", 0.9699, 0.9181),
    ],
    columns=["model", "report_train_accuracy", "report_test_accuracy"],
).set_index("model")
"""The report's headline table, on the real DFDC: another data set than the synthetic one, so another
question. Its line "MesoNet" stands at meso4."""


def score(labels, p_fake) -> dict:
    """The measures of one set of scores.

    Args:
        labels: 1 for fake, 0 for real, (n,).
        p_fake: scores in [0, 1], (n,).

    Returns:
        count, fakes; log_loss (clipped at `CLIP`) and balanced_log_loss (both classes weighing the same: the
        log loss on a balanced set); accuracy and balanced_accuracy at `aggregation.THRESHOLD`; auc,
        average_precision, equal_error_rate (where as many reals are called fake as fakes real), brier,
        calibration_error (`calibration.expected_calibration_error`). What
        is not defined is None: everything but log loss, accuracy and Brier score where only one class is
        present.

    Raises ValueError for an empty set, labels other than 0 and 1, and scores that are not in [0, 1].
    """
    labels, p_fake = np.asarray(labels), np.asarray(p_fake, dtype=np.float64)
    if len(labels) == 0 or labels.shape != p_fake.shape:
        raise ValueError(f"{labels.shape} labels and {p_fake.shape} scores: one of each per item is needed.")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("Labels are 1 (fake) and 0 (real).")
    # Written so that NaN fails too.
    if not ((p_fake >= 0) & (p_fake <= 1)).all():
        raise ValueError("Scores are probabilities, so between 0 and 1.")

    labels = labels.astype(int)
    clipped = np.clip(p_fake, CLIP, 1 - CLIP)
    called_fake = (p_fake >= aggregation.THRESHOLD).astype(int)
    result = {
        "count": len(labels),
        "fakes": int(labels.sum()),
        "log_loss": sk.log_loss(labels, clipped, labels=[0, 1]),
        "balanced_log_loss": None,
        "accuracy": sk.accuracy_score(labels, called_fake),
        "balanced_accuracy": None,
        "auc": None,
        "average_precision": None,
        "equal_error_rate": None,
        "brier": sk.brier_score_loss(labels, p_fake, pos_label=1),
        "calibration_error": calibration.expected_calibration_error(labels, p_fake),
    }
    if 0 < result["fakes"] < result["count"]:
        weights = compute_sample_weight("balanced", labels)
        result |= {
            "balanced_log_loss": sk.log_loss(labels, clipped, sample_weight=weights, labels=[0, 1]),
            "balanced_accuracy": sk.balanced_accuracy_score(labels, called_fake),
            "auc": sk.roc_auc_score(labels, p_fake),
            "average_precision": sk.average_precision_score(labels, p_fake),
            "equal_error_rate": equal_error_rate(labels, p_fake),
        }
    # Plain Python numbers, for JSON.
    return {key: value.item() if isinstance(value, np.generic) else value for key, value in result.items()}


def equal_error_rate(labels: np.ndarray, p_fake: np.ndarray) -> float:
    """Where the ROC curve, drawn with straight lines, crosses "false positives = false negatives"."""
    false_positives, true_positives, _ = sk.roc_curve(labels, p_fake, drop_intermediate=False)
    # Every threshold adds a real or a fake video, so this rises strictly from -1 to 1.
    difference = false_positives - (1 - true_positives)
    return float(np.interp(0.0, difference, false_positives))


def constant_baselines(table: pd.DataFrame) -> pd.DataFrame:
    """What the test split costs someone who gives every video the same score, without looking.

    Returns a row for "always 0.5" and one for "training prior", with p_fake and the measures of `score` (the
    balanced ones are those of the balanced set).
    """
    labels = (table.loc[table["split"] == "test", "label"] == "FAKE").to_numpy(dtype=int)
    constants = {"always 0.5": 0.5, "training prior": aggregation.training_prior(table)}
    rows = [{"p_fake": p, **score(labels, np.full(len(labels), p))} for p in constants.values()]
    return pd.DataFrame(rows, index=pd.Index(constants, name="baseline"))


def evaluate(predictions: pd.DataFrame, table: pd.DataFrame, account: pd.DataFrame, *, seed: int = 0) -> dict:
    """Everything one model's predictions say about it, ready for JSON.

    Returns:
        {"model", "log_loss_clip", "training_prior", and for each labelled split that was predicted:
        {"train" | "validation" | "test": {
            "video": {"plain": `score`, ...}, "frame": {"plain": `score`, ...},
            "unjudged": [{"video", "label", "reason"}, ...]}}}; and "calibration", how its scores become probabilities
        (`calibration.fit` on the validation split), where that has both labels.
        The test split also has "tta" beside "plain" (the same numbers where no variants were predicted), and
        at video level "auc_interval", 95 % by bootstrap over originals. At video level every video of the
        split counts, those without a face with the training prior. The frame level knows only faces; for a
        sequence model a window is its frame.
    """
    result: dict = {
        "model": str(predictions["model"].iloc[0]),
        "log_loss_clip": CLIP,
        "training_prior": aggregation.training_prior(table),
    }
    predicted = set(predictions["video"])
    labels = table.set_index("video")["label"]
    for split in ("train", "validation", "test"):
        videos = table.loc[(table["split"] == split) & table["label"].notna(), "video"]
        if predicted.isdisjoint(videos):
            continue
        rows = predictions[predictions["video"].isin(videos)]
        result[split] = {"video": {}, "frame": {}}
        for variant in ("plain", "tta") if split == "test" else ("plain",):
            tta = variant == "tta"
            every = aggregation.every_video(
                aggregation.video_scores(rows, tta=tta), table, account, split=split
            )
            measures = score(every["label"] == "FAKE", every["p_fake"])
            if split == "test" and measures["auc"] is not None:
                measures["auc_interval"] = bootstrap.interval(every, seed=seed)
            result[split]["video"][variant] = measures
            frames = aggregation.frame_scores(rows, tta=tta)
            result[split]["frame"][variant] = score(frames["video"].map(labels) == "FAKE", frames["p_fake"])
        if split == "validation" and every.loc[every["judged"], "label"].nunique() == 2:
            result["calibration"] = calibration.fit(every)
        unjudged = every.loc[~every["judged"], ["video", "label", "reason"]]
        result[split]["unjudged"] = unjudged.to_dict("records")
    return result


def save(workspace: Workspace, name: str, metrics: dict) -> None:
    """Writes what `evaluate` returned for the predictions of model `name` that lie in the workspace."""
    write_json(workspace.metrics(name), metrics)
    made_from.record(workspace, workspace.metrics(name), _made_from(workspace, name))


def load(workspace: Workspace, name: str) -> dict:
    """What `save` wrote.

    Raises FileNotFoundError, with the way out, where model `name` was not evaluated, and made_from.NotCurrent where
    the table, its faces or its predictions are not those that were evaluated.
    """
    made_from.require(
        workspace, workspace.metrics(name), _made_from(workspace, name), what=f"The evaluation of {name}", notebook="07"
    )
    return json.loads(workspace.metrics(name).read_text(encoding="utf-8"))


def _made_from(workspace: Workspace, name: str) -> made_from.MadeFrom:
    table, predictions = open_study_table(workspace), workspace.predictions(name)
    return made_from.MadeFrom(
        settings={"seed": workspace.profile.seed},
        inputs={
            "the predictions": made_from.identity(workspace, predictions) if predictions.is_file() else "none",
            **record.study_inputs(workspace, table),
        },
    )


def comparison(workspace: Workspace) -> pd.DataFrame:
    """One row for every model that fits the study and has been evaluated, best test AUC first.

    Columns: model, title; train_accuracy, test_accuracy, test_accuracy_tta, test_balanced_accuracy, test_auc,
    test_auc_low, test_auc_high (95 % interval), test_log_loss (all at video level, plain unless _tta);
    weights_start, parameters, seconds (of training); report_train_accuracy, report_test_accuracy
    (`REPORT_TABLE`: the report's, on the real DFDC). Where the study was trained with several training seeds (`study
    --seeds`): seeds, how many, and of train_accuracy, test_accuracy, test_accuracy_tta, test_auc and test_log_loss
    the mean over them and the standard deviation (of a sample; NaN of one) with the endings _mean and _sd. What other
    seeds came to under other settings is left out, and said.

    Raises FileNotFoundError where no model has been evaluated, and made_from.NotCurrent where one was evaluated on
    something else.
    """
    measured = _evaluations(workspace, record.current(workspace))
    if not measured:
        raise FileNotFoundError(f"No model has been evaluated in {workspace.run}: run notebook 07 first.")
    others = [_of_seed(workspace, seed) for seed in workspace.other_seeds()]
    rows = []
    for name, evaluation in measured.items():
        training = json.loads(workspace.training(name).read_text(encoding="utf-8"))
        plain = evaluation["test"]["video"]["plain"]
        low, high = plain.get("auc_interval", (None, None))
        of_seeds = pd.DataFrame([_numbers(each[name]) for each in (measured, *others) if name in each], dtype=float)
        rows.append({
            "model": name,
            "title": models.title(name, workspace.profile),
            **_numbers(evaluation),
            "test_balanced_accuracy": plain["balanced_accuracy"],
            "test_auc_low": low,
            "test_auc_high": high,
            "weights_start": training["weights_start"],
            "parameters": training["parameters"],
            "seconds": training["seconds"],
            "seeds": len(of_seeds),
            **of_seeds.mean().add_suffix("_mean"),
            **of_seeds.std().add_suffix("_sd"),
        })
    table = pd.DataFrame(rows).join(REPORT_TABLE, on="model")
    return table.sort_values("test_auc", ascending=False, ignore_index=True)


def _evaluations(workspace: Workspace, names: list[str]) -> dict[str, dict]:
    """What `evaluate` said of those of some models that have been evaluated.

    Raises made_from.NotCurrent where predictions or their evaluation do not fit the study.
    """
    result = {}
    for name in names:
        if workspace.metrics(name).exists():
            require_current(workspace, name)
            result[name] = load(workspace, name)
    return result


def _of_seed(workspace: Workspace, seed: int) -> dict[str, dict]:
    """The `_evaluations` of the same study, trained with another seed, as far as they fit it."""
    other = workspace.of_seed(seed)
    result: dict[str, dict] = {}
    for name in models.names():
        if other.model(name).is_file():
            try:
                record.require_current(name, other)
                result |= _evaluations(other, [name])
            except made_from.NotCurrent as error:
                print(f"Training seed {seed} is left out. {error}")
    return result


def _numbers(evaluation: dict) -> dict[str, float | None]:
    """Those of one model's measures that are averaged over training seeds."""
    plain, tta = (evaluation["test"]["video"][variant] for variant in ("plain", "tta"))
    return {
        "train_accuracy": evaluation.get("train", {}).get("video", {}).get("plain", {}).get("accuracy"),
        "test_accuracy": plain["accuracy"],
        "test_accuracy_tta": tta["accuracy"],
        "test_auc": plain["auc"],
        "test_log_loss": plain["log_loss"],
    }


def save_comparison(workspace: Workspace, table: pd.DataFrame) -> None:
    """Writes what `comparison` returned to `workspace.comparison`, which the study prints at its end."""
    with whole(workspace.comparison) as temporary:
        table.to_csv(temporary, index=False)
