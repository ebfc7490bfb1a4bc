import numpy as np
import pandas as pd
import pytest
from made_up_study import make_study

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.evaluation import aggregation, predict
from dfdc_utils.faces.store import open_store
from dfdc_utils.training import fit, pseudo_labels

QUICK = {"per_video": 8, "batch_size": 16, "verbose": False}


def judged(**p_fake) -> pd.DataFrame:
    return pd.DataFrame({"video": list(p_fake), "p_fake": list(p_fake.values()), "judged": True})


def test_only_what_is_sure_is_chosen_the_surest_first():
    videos = judged(a=0.5, b=0.91, c=0.02, d=0.89, e=0.1, f=0.9)
    chosen = pseudo_labels.choose(videos, confidence=0.9)
    assert chosen[["video", "label"]].values.tolist() == [["c", "REAL"], ["b", "FAKE"], ["e", "REAL"], ["f", "FAKE"]]


def test_a_video_without_a_face_is_never_chosen():
    # It has the training prior as its score, which says nothing about the video.
    videos = judged(seen=0.95, unseen=0.95).assign(judged=[True, False])
    assert pseudo_labels.choose(videos, confidence=0.9)["video"].tolist() == ["seen"]


@pytest.mark.parametrize("confidence", [0.5, 0.2, 1.01, float("nan")])
def test_a_confidence_that_decides_nothing_is_refused(confidence):
    with pytest.raises(ValueError, match="above 0.5"):
        pseudo_labels.choose(judged(a=0.5), confidence=confidence)


def test_a_label_that_is_known_is_never_replaced():
    table = pd.DataFrame({"video": ["a", "b"], "split": ["test", "unlabelled"], "label": ["REAL", None]})
    with pytest.raises(ValueError, match="a is not one of the table's"):
        pseudo_labels.joined(table, pd.DataFrame({"video": ["b", "a"], "label": ["FAKE", "FAKE"]}))
    joined = pseudo_labels.joined(table, pd.DataFrame({"video": ["b"], "label": ["FAKE"]}))
    assert joined[["split", "label"]].values.tolist() == [["test", "REAL"], ["train", "FAKE"]]
    assert table["label"].isna().tolist() == [False, True], "the study's table is left as it was"


def test_a_teacher_finds_labels_and_goes_on_with_them(tmp_path, monkeypatch):
    study = make_study(
        tmp_path, monkeypatch, originals=(14, 6, 4), frames_per_epoch=8, batch_size=16, epochs=8
    )
    truth = open_study_table(study).set_index("video")["label"]
    # Of the training people, eight have no label.
    table = open_study_table(study)
    hidden = (table["split"] == "train") & table["part"].isin([f"dfdc_train_part_{n}" for n in range(7, 15)])
    table.loc[hidden, ["split", "label", "original"]] = ["unlabelled", None, None]
    save_study_table(study, table)
    fit.train("custom_cnn", study)
    before = models.load(study.model("custom_cnn")).get_weights()

    rows = predict.predict("custom_cnn", study, splits=("unlabelled",), tta=False)
    account = open_store(study).account()
    scored = aggregation.every_video(aggregation.video_scores(rows), table, account, split="unlabelled")
    chosen = pseudo_labels.choose(scored, confidence=0.8)
    assert len(chosen) >= 8
    assert (chosen["label"] == chosen["video"].map(truth)).mean() > 0.8

    without = pseudo_labels.go_on("custom_cnn", study, table, saved_as="without", verbose=False)
    joined = pseudo_labels.joined(table, chosen)
    student = pseudo_labels.go_on("custom_cnn", study, joined, saved_as="with", verbose=False)
    assert student.videos["train"] == without.videos["train"] + len(chosen)
    assert student.videos["validation"] == without.videos["validation"]
    assert student.weights_start == "custom_cnn" and student.model == "custom_cnn"
    weights = {name: models.load(study.model(name)).get_weights() for name in ("custom_cnn", "with", "without")}
    assert all(np.array_equal(*pair) for pair in zip(before, weights["custom_cnn"], strict=True)), "the teacher stays"
    assert not np.array_equal(weights["with"][0], weights["without"][0])

    predicted = predict.predict("custom_cnn", study, tta=False, saved_as="with")
    assert set(predicted["model"]) == {"with"}
    pd.testing.assert_frame_equal(pd.read_parquet(study.predictions("with")), predicted)


def test_it_goes_on_from_the_weights_of_the_teacher(study):
    fit.train("meso4", study, **QUICK, epochs=1)
    fit.train("meso4", study, **QUICK, epochs=1, start="meso4", saved_as="again", learning_rate=1e-9)
    teacher, student = (models.load(study.model(name)) for name in ("meso4", "again"))
    for one, other in zip(teacher.trainable_weights, student.trainable_weights, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)
    with pytest.raises(FileNotFoundError, match="nobody.keras"):
        fit.train("meso4", study, **QUICK, start="nobody")
