import numpy as np
import pytest
from explore_study import HOSTILE, MODEL

from dfdc_utils.evaluation import aggregation, predict
from dfdc_utils.explore import clips
from dfdc_utils.explore.answers import Answers
from dfdc_utils.faces.store import open_store


@pytest.fixture(scope="module")
def answers(explored):
    return Answers(explored, clips.of_study(explored))


def test_no_path_can_be_asked_for(answers):
    for ask, args in (("preview", {"video": "/etc/passwd"}), ("clip", {"video": "upload/../x"}), ("_one", {})):
        with pytest.raises(ValueError, match="There is no"):
            answers(ask, args)


def test_a_name_that_looks_like_markup_is_a_name(answers):
    told, _ = answers("clip", {"video": HOSTILE})
    assert told["video"] == HOSTILE
    assert told["playable"] and told["original_here"] and told["boxes"]
    assert answers("preview", {"video": HOSTILE})[1][0][4:8] == b"ftyp"


def test_curves_are_the_predictions(answers, explored):
    told, _ = answers("curves", {"video": HOSTILE})
    rows = predict.load(explored, MODEL)
    expected = aggregation.frame_scores(rows[rows["video"] == HOSTILE])
    assert [face[2] for face in told["models"][MODEL]["faces"]] == pytest.approx(list(expected["p_fake"]))
    assert told["models"][MODEL]["video"] == pytest.approx(expected["p_fake"].mean())


def test_scores_are_every_video_of_the_split(answers, explored):
    told, buffers = answers("scores", {"model": MODEL})
    labels, scores = np.frombuffer(buffers[0], np.int8), np.frombuffer(buffers[1], np.float64)
    table = clips.of_study(explored).table
    expected = aggregation.every_video(
        aggregation.video_scores(predict.load(explored, MODEL)), table, open_store(explored).account(table["video"])
    ).set_index("video")
    at = [list(table["video"]).index(video) for video in expected.index]
    assert scores[at] == pytest.approx(expected["p_fake"].to_numpy(), abs=0)
    assert list(labels[at] == 1) == list(expected["label"] == "FAKE")
    assert told["splits"][np.frombuffer(buffers[3], np.int16)[at[0]]] == "test"


def test_heat_lies_on_the_faces(answers, explored):
    told, buffers = answers("heat", {"video": HOSTILE, "model": MODEL})
    heat = np.frombuffer(buffers[0], np.float32).reshape(told["heat_shape"])
    assert len(heat) == len(told["seconds"]) == len(told["squares"])
    faces = open_store(explored).faces(videos=[HOSTILE])
    for seconds, (x0, y0, x1, y1) in zip(told["seconds"], told["squares"], strict=True):
        face = faces.iloc[(faces["seconds"] - seconds).abs().argmin()]
        assert x0 < face.x0 < face.x1 < x1
        assert y0 < face.y0 < face.y1 < y1


def test_faces_come_in_order(answers):
    for by in ("side", "confidence", "brightness"):
        told, pictures = answers("faces", {"by": by, "start": 0, "count": 30})
        values = [face["value"] for face in told["faces"]]
        assert values == sorted(values) and len(pictures) == len(values)


def test_the_detector_says_what_it_kept(answers, explored):
    told, pictures = answers("detections", {"video": HOSTILE})
    assert told["accepted"] == len(open_store(explored).faces(videos=[HOSTILE]))
    assert len(pictures) == len(told["frames"])


def test_a_clip_of_ones_own_is_judged_and_deleted(answers, explored, tiny_dfdc):
    source = next(path for path in sorted(tiny_dfdc.glob("dfdc_train_part_1/*.mp4")))
    content = source.read_bytes()
    upload = answers("upload_begin", {"name": "<b>mine</b>.mp4", "size": len(content)})[0]["upload"]
    half = len(content) // 2
    answers("upload_part", {"upload": upload}, [content[:half]])
    answers("upload_part", {"upload": upload}, [content[half:]])
    entry = answers("upload_end", {"upload": upload})[0]
    assert entry["name"] == "<b>mine</b>.mp4"
    # The same file, the same faces, the same answer as in the study.
    known = open_store(explored).account([source.name]).iloc[0]
    assert entry["faces"] == known["faces"]
    curve = answers("curves", {"video": entry["video"]})[0]["models"][MODEL]
    assert 0 <= curve["video"] <= 1 and len(curve["faces"]) == explored.profile.evaluation_frames
    assert answers("clip", {"video": entry["video"]})[0]["title"] == "<b>mine</b>.mp4"
    stranger = explored.uploads / upload / "notes.txt"
    stranger.write_text("not ours")
    answers("upload_delete", {"video": entry["video"]})
    assert answers("uploads", {})[0]["uploads"] == []
    assert [path.name for path in (explored.uploads / upload).iterdir()] == ["notes.txt"]


def test_an_upload_that_is_no_video_has_a_reason(answers):
    upload = answers("upload_begin", {"name": "x.mp4", "size": 7})[0]["upload"]
    answers("upload_part", {"upload": upload}, [b"nothing"])
    entry = answers("upload_end", {"upload": upload})[0]
    assert "not a video" in entry["reason"]
    answers("upload_delete", {"video": entry["video"]})


def test_more_than_was_said_is_refused(answers):
    with pytest.raises(ValueError, match="Cut it shorter"):
        answers("upload_begin", {"name": "x.mp4", "size": 1 << 40})
    upload = answers("upload_begin", {"name": "x.mp4", "size": 3})[0]["upload"]
    with pytest.raises(ValueError, match="larger"):
        answers("upload_part", {"upload": upload}, [b"four"])
