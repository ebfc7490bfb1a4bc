"""The opening of a drawn mouth is measured in a real clip, with the landmarks of the detector."""

import numpy as np
import pytest

from dfdc_utils import profiles
from dfdc_utils.data.mini.speech import Speech
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.one_video import worker_detector
from dfdc_utils.faces.rewriting import sound_of, with_sound
from dfdc_utils.faces.tracking import link
from dfdc_utils.sound import mouth
from dfdc_utils.swap import people

PROFILE = profiles.get("mini", clip_frames=90)


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return people.film_two(tmp_path_factory.mktemp("people"), PROFILE, rooms=1)[0][0]


def test_the_opening_goes_with_that_of_the_drawn_mouth(clip):
    images = [image for _, _, image in iterate(clip)]
    looked_at = list(range(0, len(images), 9))
    (track,) = link(worker_detector(PROFILE.detection_width).detect([images[at] for at in looked_at]), max_people=1)
    known = np.array([looked_at[place] for place in track.frames])
    landmarks = np.stack([face.landmarks for face in track.detections]).reshape(-1, 5, 2)
    opening = mouth.opening(clip, known, landmarks, stride=2)
    assert len(opening) == pytest.approx(3 * mouth.PER_SECOND, abs=2)
    assert opening.mean() == pytest.approx(0, abs=1e-5) and opening.std() == pytest.approx(1, abs=1e-4)
    # The person says what the seed of the take gave her to say.
    drawn, _ = Speech((people._NOT_OF_THE_SET, people._LOOKS[0][0], 0, 1), 3.0).mouth(
        np.arange(len(opening)) / mouth.PER_SECOND
    )
    assert np.corrcoef(opening, drawn)[0, 1] > 0.6


def test_another_sound_leaves_every_pixel(clip, tmp_path):
    other = Speech((1, 2), 3.0).sound
    with_sound(clip, other, tmp_path / "other.mp4")
    before, after = ([image for _, _, image in iterate(path)] for path in (clip, tmp_path / "other.mp4"))
    assert np.array_equal(before, after)
    old, new = sound_of(clip), sound_of(tmp_path / "other.mp4")
    count = min(len(old), len(new), len(other), 30_000)
    assert np.abs(new[:count] - old[:count]).mean() > 0.01
    # An encoder begins a little late.
    fits = [np.corrcoef(new[late:count], other[:count - late])[0, 1] for late in range(0, 3000, 1)]
    assert max(fits) > 0.95
    assert [path.name for path in tmp_path.iterdir()] == ["other.mp4"]
