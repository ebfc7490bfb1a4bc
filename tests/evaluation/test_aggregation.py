import pandas as pd
import pytest

from dfdc_utils.evaluation import aggregation


def test_a_video_is_the_mean_of_its_frames(predictions):
    scores = aggregation.video_scores(predictions)
    assert scores["real.mp4"] == pytest.approx(0.2)
    assert scores["fake.mp4"] == pytest.approx(0.7)


def test_of_two_people_the_most_fake_looking_counts(predictions):
    assert aggregation.video_scores(predictions)["two_people.mp4"] == pytest.approx(0.6)
    assert aggregation.video_scores(predictions, tta=True)["two_people.mp4"] == pytest.approx(0.8)


def test_tta_averages_each_face_with_its_variants_first(predictions):
    frames = aggregation.frame_scores(predictions, tta=True)
    assert frames.loc[frames["video"] == "real.mp4", "p_fake"].tolist() == pytest.approx([0.2, 0.4])
    assert aggregation.video_scores(predictions, tta=True)["real.mp4"] == pytest.approx(0.3)


def test_tta_with_no_variants_equals_the_plain_scores_exactly(predictions):
    plain = predictions[predictions["variant"] == "plain"]
    pd.testing.assert_series_equal(
        aggregation.video_scores(plain, tta=True), aggregation.video_scores(predictions), check_exact=True
    )


def test_median_and_max_are_the_other_methods(predictions):
    extra = pd.DataFrame([("real.mp4", 0, 5, "plain", 0.8, "meso4")],
                         columns=["video", "track", "frame", "variant", "p_fake", "model"])
    more = pd.concat([predictions, extra])
    assert aggregation.video_scores(more, method="median")["real.mp4"] == pytest.approx(0.3)
    assert aggregation.video_scores(more, method="max")["real.mp4"] == pytest.approx(0.8)
    with pytest.raises(ValueError, match="mean, logit_mean, median"):
        aggregation.video_scores(more, method="mode")


@pytest.mark.parametrize(("method", "scores", "expected"), [
    ("logit_mean", [0.5, 0.9], 0.75),  # the odds 1 and 9 have the geometric mean 3
    ("logit_mean", [0.0, 1.0], 0.5),  # both as certain as one may be
    ("trimmed_mean", [0.0, 0.4, 0.5, 0.6, 1.0], 0.5),
    ("confident", [0.9, 0.9, 0.1, 0.5], 0.9),  # half of the frames are certain of a fake
    ("confident", [0.9, 0.1, 0.5, 0.5], 0.5),  # a quarter is too few
    ("confident", [0.1] * 19 + [0.5], 0.1),  # 95 % are certain of a real face
    ("confident", [0.1] * 8 + [0.5] * 2, 0.18),  # 80 % are too few
])
def test_the_methods_by_hand(method, scores, expected):
    rows = [("a.mp4", 0, frame, "plain", score, "meso4") for frame, score in enumerate(scores)]
    predictions = pd.DataFrame(rows, columns=["video", "track", "frame", "variant", "p_fake", "model"])
    assert aggregation.video_scores(predictions, method=method)["a.mp4"] == pytest.approx(expected)


@pytest.mark.parametrize("method", aggregation.METHODS)
def test_every_method_gives_a_single_frame_its_own_score(method):
    rows = pd.DataFrame([("a.mp4", 0, 0, "plain", 0.3, "meso4")],
                        columns=["video", "track", "frame", "variant", "p_fake", "model"])
    assert aggregation.video_scores(rows, method=method)["a.mp4"] == pytest.approx(0.3)


def test_two_models_are_not_mixed_up(predictions):
    both = pd.concat([predictions, predictions.assign(model="custom_cnn")])
    with pytest.raises(ValueError, match="meso4, custom_cnn"):
        aggregation.video_scores(both)


def test_a_face_without_its_plain_prediction_is_refused(predictions):
    with pytest.raises(ValueError, match="one plain prediction"):
        aggregation.video_scores(predictions[predictions["variant"] == "wider"], tta=True)


def test_the_training_prior_counts_training_videos_only(table):
    assert aggregation.training_prior(table) == 0.75
    with pytest.raises(ValueError, match="no labelled training videos"):
        aggregation.training_prior(table[table["split"] == "test"])


def test_no_video_is_dropped_and_those_without_a_face_get_the_prior_with_their_reason(
    predictions, table, account
):
    every = aggregation.every_video(aggregation.video_scores(predictions), table, account)
    assert every["video"].tolist() == table.loc[table["split"] == "test", "video"].tolist()
    assert every["judged"].tolist() == [True, True, True, False, False, False]
    assert every.loc[~every["judged"], "p_fake"].tolist() == [0.75] * 3
    assert every["reason"].tolist() == [
        None, None, None, "no_face", "83 frames, 150 wanted", "moov atom not found"
    ]


def test_a_video_that_was_never_extracted_is_an_error_not_a_prior(predictions, table, account):
    with pytest.raises(ValueError, match="short.mp4.*notebook 02"):
        aggregation.every_video(
            aggregation.video_scores(predictions), table, account[account["video"] != "short.mp4"]
        )


def test_a_video_with_faces_but_no_prediction_is_an_error_not_a_prior(predictions, table, account):
    with pytest.raises(ValueError, match="fake.mp4.*notebook 07"):
        aggregation.every_video(
            aggregation.video_scores(predictions[predictions["video"] != "fake.mp4"]), table, account
        )
