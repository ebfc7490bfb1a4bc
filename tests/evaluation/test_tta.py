import cv2
import numpy as np
import pytest
from scipy.optimize import nnls

from dfdc_utils.evaluation import tta
from dfdc_utils.training import augmentation


@pytest.fixture
def faces():
    generator = np.random.default_rng(0)
    # Smooth pictures, as faces are: coarse noise made larger.
    coarse = generator.integers(0, 256, (3, 5, 5, 3), dtype=np.uint8)
    return np.stack([cv2.resize(picture, (64, 64), interpolation=cv2.INTER_CUBIC) for picture in coarse])


def test_no_variants_is_an_empty_mapping():
    assert tta.variants(0) == {}


@pytest.mark.parametrize("count", [-1, 9])
def test_a_count_that_does_not_exist_is_refused(count):
    with pytest.raises(ValueError, match="0 to 8"):
        tta.variants(count)


def test_fewer_variants_are_the_first_of_more():
    assert list(tta.variants(4)) == list(tta.variants(8))[:4]


@pytest.mark.parametrize("name", tta.variants(8))
def test_every_variant_keeps_the_shape_changes_the_face_and_repeats_itself(name, faces):
    before = faces.copy()
    change = tta.variants(8)[name]
    changed = change(faces)
    assert changed.shape == faces.shape and changed.dtype == np.uint8
    assert (faces == before).all(), "the faces given are not to be written on"
    assert (changed == change(faces)).all()
    # Slight: the face stays what it is, and no channel is swapped for another.
    difference = np.abs(changed.astype(int) - faces).mean()
    assert 0.2 < difference < 30
    assert (changed[1:2] == change(faces[1:2])).all(), "a face does not depend on its neighbours"


def test_a_batch_without_faces_passes(faces):
    for change in tta.variants(8).values():
        assert change(faces[:0]).shape == (0, 64, 64, 3)


def left_unexplained(changed: np.ndarray, face: np.ndarray) -> float:
    """The share of a change that no sum of what training does to the face comes near."""
    drawn = augmentation.augment(np.repeat(face[None], 400, axis=0), (1,)).astype(float) - face
    wanted = (changed.astype(float) - face).ravel()
    return nnls(drawn.reshape(len(drawn), -1).T, wanted)[1] / np.linalg.norm(wanted)


def test_no_variant_has_the_name_of_an_augmentation_of_training(faces):
    training = {name.lower() for name in (*augmentation.STRENGTHS, *augmentation.examples(faces[0], (1,)))}
    assert training >= {"shift", "moved", "scale", "downscaling", "blur"}
    assert not training & set(tta.variants(8))


@pytest.mark.parametrize("name", tta.variants(8))
def test_no_variant_is_what_training_does(name, faces):
    assert left_unexplained(tta.variants(8)[name](faces[:1])[0], faces[0]) > 0.5


@pytest.mark.parametrize(
    "own",
    [
        lambda face: cv2.warpAffine(face, np.array([[1.0, 0, 2], [0, 1, 1]]), (64, 64), borderMode=1),
        lambda face: cv2.resize(face[2:-2, 2:-2], (64, 64), interpolation=cv2.INTER_CUBIC),
        lambda face: (face * 0.9).astype(np.uint8),
        lambda face: cv2.GaussianBlur(face, (0, 0), 0.7),
    ],
    ids=["shift", "zoom", "darker", "blur"],
)
def test_what_training_does_would_be_recognised(own, faces):
    assert left_unexplained(own(faces[0]), faces[0]) < 0.4


def test_a_stretched_face_is_wider_and_lower_around_its_middle():
    face = np.zeros((1, 101, 101, 3), np.uint8)
    face[:, 10:91, 10:91] = 200
    for name, columns, rows in (("wider", 85, 77), ("taller", 77, 85)):
        seen = tta.variants(8)[name](face)[0, :, :, 0] > 100
        assert seen.sum(axis=1)[50] == columns and seen.sum(axis=0)[50] == rows
        np.testing.assert_array_equal(seen, seen[::-1, ::-1])


def test_colours_are_paler_and_more_vivid_and_a_grey_face_stays():
    grey, red = np.full((1, 8, 8, 3), 90, np.uint8), np.full((1, 8, 8, 3), (180, 90, 90), np.uint8)
    pale, vivid = (tta.variants(8)[name] for name in ("pale", "vivid"))
    np.testing.assert_array_equal(pale(grey), grey)
    np.testing.assert_array_equal(vivid(grey), grey)
    # Its grey is 0.299 · 180 + 0.701 · 90 = 117.
    assert pale(red)[0, 0, 0].tolist() == [161, 98, 98] and vivid(red)[0, 0, 0].tolist() == [199, 82, 82]


def test_light_comes_from_the_left_or_from_the_right_and_the_middle_stays():
    face = np.full((1, 65, 65, 3), 100, np.uint8)
    left, right = (tta.variants(8)[name](face)[0, 7, :, 1] for name in ("lit_left", "lit_right"))
    assert left[[0, 32, 64]].tolist() == [115, 100, 85] and right.tolist() == left[::-1].tolist()
