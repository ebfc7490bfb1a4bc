"""One trace of a forgery at a time, in real H.264 files."""

import dataclasses
import itertools

import cv2
import numpy as np
import pytest

from dfdc_utils import profiles
from dfdc_utils.data.mini import dissected
from dfdc_utils.faces import frames

PROFILE = profiles.get(
    "tiny", clip_width=480, clip_height=270, parts=8, clips_per_part=6, originals_per_part=3
)


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """Of four originals the first frame in each way, hardly compressed, with where the fake is another face."""
    cases = []
    for take, fake in itertools.islice(dissected.swaps(PROFILE), 4):
        fake = dataclasses.replace(fake, crf=8, strength=0.9)
        files = dissected.film_apart(tmp_path_factory.mktemp("apart"), take, fake, 6)
        shown = {treatment: [image for _, _, image in frames.iterate(path)] for treatment, path in files.items()}
        assert {len(images) for images in shown.values()} == {6}, "every frame, and no more"
        first = {treatment: images[0].astype(np.float32) for treatment, images in shown.items()}
        apart = np.abs(first[dissected.WHOLE] - first[dissected.UNTOUCHED]).mean(axis=2)
        face = (cv2.GaussianBlur(apart, (0, 0), 3) > 4).astype(np.uint8)
        assert 0.01 < face.mean() < 0.3
        cases.append((first, face))
    return cases


def grown(mask, pixels):
    kernel = np.ones((2 * abs(pixels) + 1,) * 2, np.uint8)
    return (cv2.dilate if pixels > 0 else cv2.erode)(mask, kernel).astype(bool)


def mean_of(filmed, treatment, measure):
    return np.mean([measure(shown[treatment], shown[dissected.UNTOUCHED], face) for shown, face in filmed])


def test_the_seam_alone_leaves_the_face_its_detail_and_the_inside_alone_takes_it(filmed):
    def detail(image, original, face):
        sharp = [cv2.Laplacian(each.mean(axis=2), cv2.CV_32F)[grown(face, -6)].std() for each in (image, original)]
        return sharp[0] / sharp[1]

    assert mean_of(filmed, dissected.SEAM, detail) > 0.9
    assert mean_of(filmed, dissected.INSIDE, detail) < 0.75
    assert mean_of(filmed, dissected.WHOLE, detail) < 0.75


def test_the_seam_shows_at_the_edge_and_without_it_the_face_meets_its_surroundings(filmed):
    def step(image, original, face):
        smooth = cv2.GaussianBlur(image - original, (0, 0), 2)
        return np.abs(smooth[grown(face, 2) & ~grown(face, -3)]).mean()

    whole = mean_of(filmed, dissected.WHOLE, step)
    assert mean_of(filmed, dissected.SEAM, step) > 0.7 * whole
    assert mean_of(filmed, dissected.INSIDE, step) < 0.8 * whole


def test_nothing_else_is_touched(filmed):
    def outside(image, original, face):
        return np.abs(image - original)[~grown(face, 15)].mean()

    for treatment in (dissected.SEAM, dissected.INSIDE, dissected.WHOLE):
        assert mean_of(filmed, treatment, outside) < 1


def test_only_plain_swaps_of_one_person_are_taken_apart():
    swaps = list(dissected.swaps(profiles.get("mini")))
    assert len(swaps) > 50
    for take, fake in swaps:
        assert fake.method == "autoencoder" and fake.donor and len(take.setting.people) == 1 and not fake.wart
