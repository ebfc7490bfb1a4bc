import itertools

import cv2
import numpy as np
import pytest

from dfdc_utils.data.mini.forgeries import METHODS, forge
from dfdc_utils.data.mini.scenes import Scene, Setting
from dfdc_utils.data.mini.vocoders import VOCODERS


def _sharpness(image):
    return cv2.Laplacian(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var()


def _differences(scene, forgery, target=0):
    """Per frame: the face's box, and how much each pixel was changed (0 to 255)."""
    for index, frame, moments in scene.frames():
        before = frame.copy()
        fake = forgery.alter(index, frame, moments)
        assert np.array_equal(frame, before), "the original's frame was written on"
        assert fake.shape == frame.shape and fake.dtype == np.uint8
        box = scene.actors[target].face.box(moments[target].pose)
        yield box, np.abs(fake.astype(int) - frame).max(axis=2)


@pytest.mark.parametrize("method", ["autoencoder", "nearest_neighbour", "reenactment"])
@pytest.mark.parametrize("strength", [0.1, 1.0])
def test_only_the_face_is_altered(scene, people, method, strength):
    forgery = forge(method, scene, 0, strength, (8,), people[2])
    for (x0, y0, x1, y1), changed in _differences(scene, forgery):
        pad = 0.15 * (y1 - y0)
        rows, columns = np.nonzero(changed)
        assert x0 - pad < columns.min() and columns.max() < x1 + pad
        assert y0 - pad < rows.min() and rows.max() < y1 + pad
        if method == "reenactment":
            assert rows.min() > y0 + 0.45 * (y1 - y0)
        assert (changed > 8).sum() > 20


def test_sound_leaves_every_pixel_and_changes_the_voice(scene):
    forgery = forge("sound", scene, 0, 0.5, (8,), None)
    assert all(not changed.any() for _, changed in _differences(scene, forgery))
    assert not np.allclose(forgery.speech.sound, scene.speech.sound, atol=0.01)


@pytest.mark.parametrize("voice", sorted(VOCODERS))
def test_a_vocoder_says_the_own_words_again_and_leaves_every_pixel(scene, voice):
    forgery = forge("sound", scene, 0, 0.5, (8,), None, voice)
    assert all(not changed.any() for _, changed in _differences(scene, forgery))
    own, heard = scene.speech.sound, forgery.sound
    assert heard.shape == own.shape and heard.dtype == np.float32
    assert abs(np.corrcoef(own, heard)[0, 1]) < 0.5
    loud, again = (np.sqrt(np.square(sound[:len(sound) // 441 * 441].reshape(-1, 441)).mean(axis=1))
                   for sound in (own, heard))
    assert np.corrcoef(loud, again)[0, 1] > 0.85
    assert np.array_equal(heard, forge("sound", scene, 0, 0.5, (8,), None, voice).sound), "the same each time"


def test_an_original_is_left_alone(scene):
    forgery = forge("", scene, 0, 0.5, (8,), None)
    assert all(not changed.any() for _, changed in _differences(scene, forgery))
    assert forgery.speech is scene.speech


def test_a_swap_keeps_the_voice_and_a_reenactment_does_not(scene, people):
    assert forge("autoencoder", scene, 0, 0.5, (8,), people[2]).speech is scene.speech
    assert forge("nearest_neighbour", scene, 0, 0.5, (8,), people[2]).speech is scene.speech
    assert forge("reenactment", scene, 0, 0.5, (8,), None).speech is not scene.speech


def test_the_same_seed_gives_the_same_fake(scene, people):
    for method in METHODS:
        index, frame, moments = next(scene.frames())
        one, same = (forge(method, scene, 0, 0.7, (8,), people[2]).alter(index, frame, moments) for _ in "12")
        assert np.array_equal(one, same)


def test_the_bottleneck_makes_the_face_smoother_the_stronger_the_fake(scene, people):
    index, frame, moments = next(scene.frames())
    x0, y0, x1, y1 = (round(v) for v in scene.actors[0].face.box(moments[0].pose))
    inside = slice(y0 + (y1 - y0) // 4, y1 - (y1 - y0) // 5), slice(x0 + (x1 - x0) // 5, x1 - (x1 - x0) // 5)
    weak, strong = (
        forge("autoencoder", scene, 0, s, (8,), people[2]).alter(index, frame, moments) for s in (0.0, 1.0)
    )
    assert _sharpness(strong[inside]) < _sharpness(weak[inside])
    assert _sharpness(strong[inside]) < 0.7 * _sharpness(frame[inside])


def test_the_nearest_neighbour_flickers(people):
    """With the head held still the swapped face still changes from frame to frame."""
    scene = Scene(Setting(seed=(3, 1), people=people[1:2], width=320, height=240, frames=6, rate=300))
    forgery = forge("nearest_neighbour", scene, 0, 1.0, (8,), people[2])
    _, frame, moments = next(scene.frames())
    x0, y0, x1, y1 = (round(v) for v in scene.actors[0].face.box(moments[0].pose))
    fakes = [forgery.alter(0, frame, moments)[y0:y1, x0:x1].astype(float) for _ in range(6)]
    assert np.mean([np.abs(a - b).mean() for a, b in itertools.pairwise(fakes)]) > 1.0


def test_of_two_people_one_is_swapped(people):
    scene = Scene(Setting(seed=(4, 4), people=people[:2], width=320, height=240, frames=3, rate=3))
    forgery = forge("autoencoder", scene, 1, 0.5, (8,), people[2])
    for index, frame, moments in scene.frames():
        changed = np.abs(forgery.alter(index, frame, moments).astype(int) - frame).max(axis=2)
        x0, y0, x1, y1 = (round(v) for v in scene.actors[0].face.box(moments[0].pose))
        assert not changed[max(0, y0) : y1, max(0, x0) : x1].any()
        assert changed.any()


def test_a_room_without_people_cannot_be_swapped(setting):
    scene = Scene(Setting(seed=(4, 4), people=(), width=320, height=240, frames=2, rate=2))
    forgery = forge("sound", scene, 0, 0.5, (8,), None)
    assert all(forgery.alter(*moment) is moment[1] for moment in scene.frames())
