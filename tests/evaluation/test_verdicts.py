import json

import cv2
import keras
import numpy as np
import pytest

from dfdc_utils import models
from dfdc_utils.evaluation import verdicts
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace


def save(workspace, name, model=None):
    """A model as it lies in a study, with what its record says of faces."""
    workspace.model(name).parent.mkdir(parents=True, exist_ok=True)
    (model or models.build(name, workspace.profile)).save(workspace.model(name))
    workspace.training(name).write_text(json.dumps({"faces": record.faces_of(workspace.profile)}))


@pytest.mark.slow
def test_video_files_are_scored_end_to_end(workspace, tiny_dfdc):
    """A real model, real H.264 and the real detector; a file that is no video says so and has no score."""
    save(workspace, "meso4")
    clips = sorted(tiny_dfdc.glob("dfdc_train_part_*/*.mp4"))
    broken = workspace.home / "broken.mp4"
    broken.write_bytes(b"no video")
    found = verdicts.score_videos([*clips[:4], broken], ["meso4"], workspace)
    assert [verdict.path for verdict in found] == [*clips[:4], broken]
    assert found[-1].p_fake is None and found[-1].label is None and found[-1].reason
    judged = [verdict for verdict in found if verdict.p_fake is not None]
    assert judged, [verdict.reason for verdict in found]
    for verdict in judged:
        assert 0 <= verdict.p_fake <= 1 and verdict.p_fake != 0.5 and verdict.reason is None
        assert 1 <= verdict.faces <= 2 * workspace.profile.evaluation_frames
        assert verdict.label == ("FAKE" if verdict.p_fake >= 0.5 else "REAL")


@pytest.mark.slow
def test_faces_are_cut_as_each_model_was_trained_whatever_the_profile_says_now(workspace, tiny_dfdc, monkeypatch):
    """Two models of one network that see the share of skin in their faces: a tight crop has more than a wide one."""
    clip = next(path for path in sorted(tiny_dfdc.glob("dfdc_train_part_*/*.mp4")))
    seen = {}
    save(Workspace.open("tiny", face_margin=1.5), "meso4")
    save(Workspace.open("tiny", face_margin=-0.13, face_shift=0.12), "custom_cnn")

    def keep(name, model, faces, read, profile, variants, **_):
        seen[name] = read(faces), faces, profile
        return score_faces(name, model, faces, read, profile, variants)

    score_faces = verdicts.score_faces
    monkeypatch.setattr(verdicts, "score_faces", keep)
    # min_frames of the study does not matter to a verdict: a video needs a face.
    found = verdicts.score_videos([clip], ["meso4", "custom_cnn"], Workspace.open("tiny", min_frames=500))
    assert [(verdict.model, verdict.reason) for verdict in found] == [("meso4", None), ("custom_cnn", None)]
    wide, tight = seen["meso4"][0], seen["custom_cnn"][0]
    assert wide.shape == tight.shape
    # The middle of the wide crop, of 0.87 of 2.5 of its side, is what the tight one shows, a little lower.
    side = wide.shape[1]
    half, centre = round(side * 0.87 / 2.5 / 2), side // 2
    down = round(0.12 * side / 2.5)
    middle = wide[0][centre + down - half:centre + down + half, centre - half:centre + half]
    again = cv2.resize(middle, (side, side), interpolation=cv2.INTER_CUBIC)
    other = cv2.resize(wide[0], (side, side))
    assert np.abs(again.astype(int) - tight[0]).mean() < 0.6 * np.abs(other.astype(int) - tight[0]).mean()


def test_a_model_of_crops_judges_as_many_frames_as_others(workspace):
    crops = Workspace.open("crops", "kaggle")
    save(crops, "meso4", keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(1)]))
    profile = record.as_trained("meso4", crops)
    assert (profile.frames_per_video, profile.evaluation_frames, profile.max_people) == (30, 10, 2)
    assert (profile.face_margin, profile.face_shift, profile.face_side) == (-0.13, 0.12, 112)
    assert profile.source == "dfdc"


def test_a_record_that_does_not_say_how_faces_were_cut_is_refused(workspace):
    save(workspace, "meso4")
    workspace.training("meso4").write_text("{}")
    with pytest.raises(ValueError, match="does not say how the faces were cut: train Meso4 again"):
        record.as_trained("meso4", workspace)
