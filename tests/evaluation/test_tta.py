import cv2
import numpy as np
import pytest

from dfdc_utils.evaluation import tta


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


def test_gamma_lightens_and_darkens_but_keeps_black_and_white():
    grey = np.array([0, 128, 255], dtype=np.uint8).reshape(1, 1, 3, 1).repeat(3, axis=3)
    lighter, darker = (tta.variants(8)[name](grey)[0, 0, :, 0] for name in ("lighter", "darker"))
    assert lighter[1] == 142 and darker[1] == 112  # 255 (128/255)^0.85 and ^1.2
    assert lighter[[0, 2]].tolist() == darker[[0, 2]].tolist() == [0, 255]


def test_shift_moves_by_a_fraction_of_the_side_and_replicates_the_border():
    face = np.zeros((1, 50, 50, 3), np.uint8)
    face[:, :, 0] = 200
    face[:, 20, 30] = 255
    shifted = tta.variants(8)["shift"](face)[0]
    assert shifted[21, 32].tolist() == [255, 255, 255]  # 0.02 and 0.04 of 50
    assert (shifted[:, :3] == 200).all()
