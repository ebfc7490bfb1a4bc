import dataclasses

import keras
import numpy as np
import pandas as pd
import pytest
from trained_models import save_as_trained

from dfdc_utils import models
from dfdc_utils.data.study_table import COLUMNS, open_study_table, save_study_table
from dfdc_utils.evaluation import aggregation, metrics, predict
from dfdc_utils.made_from import NotCurrent
from dfdc_utils.models import inputs
from dfdc_utils.training.batches import IN_ORDER, FaceBatches


@pytest.fixture
def frame_study(study):
    """With a "meso4" whose P(fake) is a sigmoid of the mean red, so that each score can be checked."""
    side = study.profile.face_side
    face = keras.Input((side, side, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(face))
    unit = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Model(face, unit(x))
    unit.set_weights([np.array([[4.0], [0.0], [0.0]]), np.array([-1.0])])
    save_as_trained(model, study, "meso4")
    return study


def _p(red):
    return 1 / (1 + np.exp(1 - 4 * np.asarray(red) / 255))


def test_the_middle_of_equal_stretches_is_scored(frame_study):
    assert frame_study.profile.evaluation_frames == 4
    rows = predict.predict("meso4", frame_study, tta=False)
    one = rows[rows["video"] == "real.mp4"]
    # Nine faces in four stretches: (k + 0.5) / 4 of nine.
    assert one["frame"].tolist() == [1, 3, 5, 7]
    assert one["p_fake"].tolist() == pytest.approx(_p([10, 30, 50, 70]), abs=0.01)
    assert set(rows["variant"]) == {"plain"} and set(rows["model"]) == {"meso4"}


def test_a_short_track_is_scored_once_a_face(frame_study):
    rows = predict.predict("meso4", frame_study, tta=False)
    second = rows[(rows["video"] == "two_people.mp4") & (rows["track"] == 1)]
    assert second["frame"].tolist() == [0, 1]


def test_a_window_is_padded_as_in_training_and_named_by_its_first_frame(sequence_study):
    rows = predict.predict("resnet50_lstm", sequence_study, tta=False)
    assert rows[["video", "track", "frame"]].values.tolist() == [
        ["fake.mp4", 0, 1], ["real.mp4", 0, 1], ["two_people.mp4", 0, 1], ["two_people.mp4", 1, 0],
    ]
    # The last face of the four frames: 7 of nine, and 1 of two.
    assert rows["p_fake"].tolist() == pytest.approx(_p([70, 70, 70, 10]), abs=0.01)


def test_windows_are_taken_as_in_validation(sequence_study):
    """The same rule as the training loader's, so that the best epoch was chosen on what is scored."""
    faces = pd.DataFrame({"video": ["a.mp4"] * 7 + ["b.mp4"] * 3, "track": 0})
    known = faces.assign(label=[1] * 7 + [0] * 3, original=faces["video"])
    frames = sequence_study.profile.sequence_frames
    loader = FaceBatches(
        known, lambda positions, seed: positions, draw=IN_ORDER, per_video=frames, sequences=True,
        batch_size=2, seed=0,
    )
    ours = inputs.positions(faces, "resnet50_lstm", sequence_study.profile)
    np.testing.assert_array_equal(ours, loader[0][0])


def test_every_variant_is_kept_and_only_where_it_is_wanted(frame_study):
    rows = predict.predict("meso4", frame_study, splits=("train", "test", "unlabelled"))
    splits = open_study_table(frame_study).set_index("video")["split"]
    variants = rows.groupby(rows["video"].map(splits))["variant"].unique()
    assert list(variants["train"]) == ["plain"]
    assert list(variants["test"]) == list(variants["unlabelled"]) == ["plain", "wider", "pale"]
    # "pale" keeps 0.7 of the way from red to its grey, 0.299 of it.
    frame = rows[(rows["video"] == "real.mp4") & (rows["frame"] == 5)].set_index("variant")["p_fake"]
    assert frame["pale"] == pytest.approx(_p(0.7 * 50 + 0.3 * 0.299 * 50), abs=0.01)


def test_tta_without_variants_equals_plain_prediction_exactly(frame_study):
    with_variants = aggregation.video_scores(predict.predict("meso4", frame_study))
    none = dataclasses.replace(frame_study, profile=frame_study.profile.replace(tta_variants=0))
    without = predict.predict("meso4", none)
    assert set(without["variant"]) == {"plain"}
    plain = predict.predict("meso4", frame_study, tta=False)
    pd.testing.assert_frame_equal(without, plain, check_exact=True)
    pd.testing.assert_series_equal(
        aggregation.video_scores(without, tta=True), with_variants, check_exact=True
    )


def test_predictions_survive_the_disk_and_are_all_that_metrics_need(frame_study, table, account):
    rows = predict.predict("meso4", frame_study, splits=("train", "test"))
    read = predict.load(frame_study, "meso4")
    pd.testing.assert_frame_equal(read, rows, check_dtype=False)
    # What each variant costs is kept too.
    assert set(read.attrs["seconds_per_face"]) == {"plain", "wider", "pale"}
    assert all(0 < seconds < 10 for seconds in read.attrs["seconds_per_face"].values())
    result = metrics.evaluate(predict.load(frame_study, "meso4"), table, account)
    assert result["test"]["video"]["plain"]["count"] == (table["split"] == "test").sum()
    assert result["train"]["video"]["plain"]["count"] == (table["split"] == "train").sum()


def test_what_is_missing_is_named_with_the_notebook(study):
    with pytest.raises(FileNotFoundError, match="notebook"):
        predict.predict("meso4", study)
    with pytest.raises(FileNotFoundError, match="--only 07"):
        predict.load(study, "meso4")


def test_inputs_are_what_the_model_is_given(frame_study, sequence_study):
    videos = ["fake.mp4", "two_people.mp4", "no_face.mp4"]
    faces = inputs.inputs("meso4", frame_study, videos)
    assert faces.shape == (8, 64, 64, 3)
    assert faces[:, 0, 0, 0].tolist() == pytest.approx([10, 30, 50, 70] * 2, abs=2)
    windows = inputs.inputs("resnet50_lstm", sequence_study, videos)
    assert windows.shape == (2, 4, 64, 64, 3)
    assert windows[0, :, 0, 0, 0].tolist() == pytest.approx([10, 30, 50, 70], abs=2)
    rows, faces = inputs.inputs_with_faces("meso4", frame_study, videos, per_video=1)
    assert rows.video.tolist() == ["fake.mp4", "two_people.mp4"] and len(faces) == 2
    rows, windows = inputs.inputs_with_faces("resnet50_lstm", sequence_study, videos, per_video=1)
    assert rows.video.tolist() == ["fake.mp4"] * 4 + ["two_people.mp4"] * 4 and windows.shape[:2] == (2, 4)


def test_a_short_window_is_padded_under_every_variant(sequence_study, monkeypatch):
    given = []
    monkeypatch.setattr(keras.Model, "predict_on_batch", lambda self, x: given.append(x) or np.zeros((len(x), 1)))
    rows = predict.predict("resnet50_lstm", sequence_study)
    short = rows[(rows["video"] == "two_people.mp4") & (rows["track"] == 1)]
    assert short["variant"].tolist() == ["plain", "wider", "pale"]
    last = [windows[-1] for windows in given[-3:]]
    assert all((window[:2] >= 0).all() and (window[2:] == -1).all() for window in last)
    assert last[2][1, ..., 1].mean() < last[0][1, ..., 1].mean()  # a paler green than plain


def test_a_sequence_model_is_scored_from_features_that_another_finds_there(sequence_study, monkeypatch):
    once = predict.predict("resnet50_lstm", sequence_study)
    kept = sorted(sequence_study.features.glob("resnet50-seen-test-*.npy"))
    assert len(kept) == 1 and np.load(kept[0]).shape[0] == 1 + sequence_study.profile.tta_variants
    # As the whole network scores them, but for the half precision in which features are kept.
    model = models.load(sequence_study.model("resnet50_lstm"))
    windows = inputs.inputs("resnet50_lstm", sequence_study, sorted(once["video"].unique()))
    plain = once[(once["variant"] == "plain") & (once["track"] == 0)].sort_values("video")
    np.testing.assert_allclose(plain["p_fake"], model.predict(windows, verbose=0)[:, 0], atol=2e-3)
    assert set(once.attrs["seconds_per_face"]) == set(once["variant"])
    monkeypatch.setattr(predict.features, "_write", None)  # nobody looks again
    # A split without a face, as a set has it that comes without unlabelled videos, gives no rows.
    table = open_study_table(sequence_study)
    nobody = table[table["split"] != "unlabelled"]
    save_study_table(sequence_study, nobody)
    again = predict.predict("resnet50_lstm", sequence_study, splits=("unlabelled", "test"))
    pd.testing.assert_frame_equal(again, once, check_dtype=False)


def test_what_does_not_fit_is_not_used_and_both_sides_are_named(frame_study, table):
    predict.predict("meso4", frame_study)
    # More faces a video: the model is the same, what it said is not.
    more = dataclasses.replace(frame_study, profile=frame_study.profile.replace(evaluation_frames=2, tta_variants=1))
    with pytest.raises(NotCurrent, match=r"tta_variants=2 \(now 1\)"):
        predict.load(more, "meso4")
    # Another split: the model may have been trained on what is tested now.
    swapped = table["split"].map({"train": "test", "test": "train"}).fillna(table["split"])
    save_study_table(frame_study, table.assign(split=swapped).reindex(columns=COLUMNS))
    with pytest.raises(NotCurrent, match="Meso4.*another version of the study's table.*--only 04"):
        predict.predict("meso4", frame_study)


def test_a_model_without_a_record_is_not_trusted(frame_study):
    frame_study.model("meso4").write_bytes(frame_study.model("meso4").read_bytes() + b" ")
    with pytest.raises(NotCurrent, match="changed by something else"):
        predict.predict("meso4", frame_study)


def test_predictions_that_are_there_are_taken_over_and_not_after_a_change(frame_study, monkeypatch):
    first = predict.predict("meso4", frame_study)
    with monkeypatch.context() as patch:
        patch.setattr(predict.models, "load", None)
        pd.testing.assert_frame_equal(predict.predict("meso4", frame_study), first)
    fewer = dataclasses.replace(frame_study, profile=frame_study.profile.replace(evaluation_frames=2))
    # The number of faces that validation looked at concerns the model, too.
    save_as_trained(models.load(fewer.model("meso4")), fewer, "meso4")
    assert len(predict.predict("meso4", fewer)) < len(first)
