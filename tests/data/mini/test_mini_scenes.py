import dataclasses
import hashlib
import subprocess
import sys

import numpy as np
import pytest

from dfdc_utils import profiles
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting
from dfdc_utils.data.mini.speech import SAMPLE_RATE, Speech
from dfdc_utils.faces.detector import FaceDetector

_IN_ANOTHER_PROCESS = """
import hashlib
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting

person = Identity.draw("a", (3,), 0.4)
scene = Scene(Setting(seed=(5, 6), people=(person,), width=160, height=120, frames=4, rate=2))
print(hashlib.sha256(b"".join(frame.tobytes() for _, frame, _ in scene.frames())).hexdigest())
"""


def _pixels(scene):
    return [frame for _, frame, _ in scene.frames()]


def test_frames_are_upright_rgb(scene, setting):
    frames = _pixels(scene)
    assert len(frames) == 12
    assert all(frame.shape == (240, 320, 3) and frame.dtype == np.uint8 for frame in frames)


def test_the_same_seed_gives_the_same_pixels_again_and_in_another_process(scene, setting):
    first = _pixels(scene)
    assert all(np.array_equal(a, b) for a, b in zip(first, _pixels(scene), strict=True))
    assert all(np.array_equal(a, b) for a, b in zip(first, _pixels(Scene(setting)), strict=True))

    person = Identity.draw("a", (3,), 0.4)
    here = Scene(Setting(seed=(5, 6), people=(person,), width=160, height=120, frames=4, rate=2))
    digest = hashlib.sha256(b"".join(frame.tobytes() for frame in _pixels(here))).hexdigest()
    # A fresh process has another seed for hash().
    output = subprocess.run(
        [sys.executable, "-c", _IN_ANOTHER_PROCESS], capture_output=True, text=True, check=True
    ).stdout
    assert output.strip() == digest


def test_another_seed_gives_another_scene(setting):
    other = Scene(dataclasses.replace(setting, seed=(1, 2, 4)))
    assert not np.array_equal(_pixels(other)[0], _pixels(Scene(setting))[0])


def test_heads_move_blink_and_speak(people):
    scene = Scene(Setting(seed=(9,), people=people[:1], width=160, height=120, frames=150, rate=30))
    moments = [moments[0] for _, _, moments in scene.frames()]
    assert np.ptp([m.pose.yaw for m in moments]) > 0.2
    assert np.ptp([m.pose.x for m in moments]) > 2
    assert max(m.expression.blink for m in moments) > 0.9
    assert max(m.expression.mouth_open for m in moments) > 0.3
    assert min(m.expression.mouth_open for m in moments) < 0.05


def test_the_mouth_follows_the_sound():
    speech = Speech((4,), 5.0)
    sound = speech.sound
    assert sound.shape == (5 * SAMPLE_RATE,) and np.abs(sound).max() < 1
    seconds = np.arange(150) / 30
    opened, wide = speech.mouth(seconds)
    assert 0 <= opened.min() and opened.max() <= 1 and -1 <= wide.min() and wide.max() <= 1
    loudness = np.sqrt((sound.reshape(150, -1) ** 2).mean(axis=1))
    assert np.corrcoef(loudness, opened)[0, 1] > 0.5
    assert np.array_equal(sound, Speech((4,), 5.0).sound)


def test_landmarks_and_boxes_follow_the_head(scene):
    actor = scene.actors[0]
    for _, _, moments in scene.frames():
        pose = moments[0].pose
        left, right, nose, mouth_left, mouth_right = actor.face.landmarks(pose)
        assert left[0] < right[0] and mouth_left[0] < mouth_right[0]
        assert left[1] < nose[1] < mouth_left[1]
        x0, y0, x1, y1 = actor.face.box(pose)
        assert x0 < min(left[0], mouth_left[0]) and max(right[0], mouth_right[0]) < x1
        assert y0 < left[1] and mouth_left[1] < y1


def test_the_room_may_be_empty(setting):
    scene = Scene(dataclasses.replace(setting, people=(), frames=2))
    assert [moments for _, _, moments in scene.frames()] == [(), ()]
    assert scene.distance == "none"


@pytest.mark.slow
def test_the_detector_finds_the_faces_where_they_are():
    mini = profiles.get("mini")
    detector, found, seen = FaceDetector(width=mini.detection_width), 0, 0
    for k in range(12):
        person = Identity.draw(f"p{k}", (77, k), (k + 0.5) / 12)
        size = dict(width=mini.clip_width, height=mini.clip_height)
        scene = Scene(Setting(seed=(6, k), people=(person,), **size, frames=5, rate=1))
        frames, moments = zip(*[(frame, moments[0]) for _, frame, moments in scene.frames()], strict=True)
        for detections, moment in zip(detector.detect(list(frames)), moments, strict=True):
            x0, y0, x1, y1 = scene.actors[0].face.box(moment.pose)
            assert 60 < y1 - y0 < 135
            marks = scene.actors[0].face.landmarks(moment.pose)
            seen += 1
            found += any(
                d.confidence > 0.9 and np.abs(d.landmarks - marks).max() < 0.2 * (y1 - y0) for d in detections
            )
    assert found / seen >= 0.9
