import numpy as np
import pytest

from dfdc_utils.training.self_blended import self_blend

SIDE = 96
LANDMARKS = np.tile(np.float32([[35, 38], [61, 38], [48, 52], [38, 66], [58, 66]]), (40, 1, 1))


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, 20, (40, SIDE, SIDE, 3))
    return (np.linspace(60, 190, SIDE)[None, :, None, None] + noise).clip(0, 255).astype(np.uint8)


def test_a_blend_is_like_its_face_but_not_the_same(faces):
    before = faces.copy()
    blended = self_blend(faces, LANDMARKS, (1, 2))
    np.testing.assert_array_equal(faces, before)
    assert blended.shape == faces.shape and blended.dtype == np.uint8
    apart = np.abs(blended.astype(float) - faces).mean(axis=(1, 2, 3))
    assert (apart > 0.1).all() and apart.max() < 40
    np.testing.assert_array_equal(self_blend(faces, LANDMARKS, (1, 2)), blended)
    assert (self_blend(faces, LANDMARKS, (1, 3)) != blended).any()


def test_where_the_inside_is_changed_the_outside_is_as_it_was(faces):
    corner = np.abs(self_blend(faces, LANDMARKS, (5,)).astype(float) - faces)[:, :6, :6].max(axis=(1, 2, 3))
    # In one half of the blends the copy inside the mask is the changed one, in the other the rest of the picture.
    assert 8 < (corner == 0).sum() < 32


def test_the_change_is_where_the_face_is(faces):
    change = np.abs(self_blend(faces, LANDMARKS, (5,)).astype(float) - faces)
    inside = change[change[:, :6, :6].max(axis=(1, 2, 3)) == 0].mean(axis=(0, 3))
    rows, columns = np.indices(inside.shape)
    centre = (inside * rows).sum() / inside.sum(), (inside * columns).sum() / inside.sum()
    assert centre == pytest.approx((52, 48), abs=4)
    assert inside[40:65, 40:56].mean() > 10 * inside[:, :8].mean()


def test_faces_without_landmarks_cannot_be_blended(faces):
    with pytest.raises(ValueError, match="needs landmarks"):
        self_blend(faces[:1], np.full((1, 5, 2), np.nan), (1,))
