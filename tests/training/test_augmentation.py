import concurrent.futures

import numpy as np
import pytest

from dfdc_utils.training import augmentation
from dfdc_utils.training.augmentation import augment

import imgaug  # isort: skip  (NumPy 2 needs what the line above puts in place)


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    ramp = np.linspace(40, 215, 48, dtype=np.float32)
    face = np.stack([np.tile(ramp, (48, 1)), np.tile(ramp[:, None], (1, 48)), np.full((48, 48), 128.0)], axis=-1)
    return np.stack([face.astype(np.uint8)] * 24)


def test_the_seed_alone_decides(faces):
    first = augment(faces, (1, 2, 3))
    imgaug.seed(99)
    np.random.seed(99)
    np.testing.assert_array_equal(augment(faces, (1, 2, 3)), first)
    assert (augment(faces, (1, 2, 4)) != first).any()


def test_threads_do_not_disturb_each_other(faces):
    expected = [augment(faces, (7, number)) for number in range(12)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: augment(faces, (7, number)), range(12)))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_faces_stay_faces(faces):
    before = faces.copy()
    augmented = augment(faces, (5,))
    np.testing.assert_array_equal(faces, before)
    assert augmented.shape == faces.shape and augmented.dtype == np.uint8
    # Lightly changed: none is far from its face or from its mirror image.
    for face, copy in zip(faces.astype(float), augmented, strict=True):
        distance = min(np.abs(face - copy).mean(), np.abs(face[:, ::-1] - copy).mean())
        assert distance < 35
    # About half of them mirrored.
    mirrored = [np.corrcoef(copy[:, :, 0].mean(axis=0), np.arange(48))[0, 1] < 0 for copy in augmented]
    assert 4 <= sum(mirrored) <= 20


def test_sequences_of_one_seed_differ_from_face_to_face(faces):
    augmented = augment(faces, (5,))
    assert len({copy.tobytes() for copy in augmented}) > 12


def test_strength_scales_what_is_changed(faces):
    changes = [np.abs(augment(faces, (3,), strength).astype(float) - faces).mean() for strength in (0, 0.2, 1, 2)]
    assert changes[0] == 0
    # Mirroring alone changes these faces by a lot, and does not depend on the strength.
    assert changes[1] < changes[2] < changes[3]


def test_eyes_nose_or_mouth_of_some_faces_are_covered_where_they_are(faces):
    landmarks = np.tile(np.float32([[16, 18], [32, 18], [24, 26], [18, 34], [30, 34]]), (24, 1, 1))
    covered, struck = np.zeros((48, 48), int), 0
    for seed in range(40):
        found = augmentation._cover(faces, landmarks, np.random.default_rng(seed))
        changed = (found != faces).any(axis=3)
        struck += changed.any(axis=(1, 2)).sum()
        covered += changed.sum(axis=0)
        # The other member of a pair is covered in the same places.
        other = augmentation._cover(faces // 2, landmarks, np.random.default_rng(seed))
        np.testing.assert_array_equal(changed.any(axis=(1, 2)), (other != faces // 2).any(axis=(1, 2, 3)))
    assert struck == pytest.approx(0.1 * 40 * 24, abs=30)
    assert min(covered[18, 10], covered[20, 37], covered[28, 24], covered[36, 30]) > 10
    assert covered[:12].sum() == covered[40:].sum() == covered[:, :9].sum() == covered[:, 38:].sum() == 0


def test_landmarks_decide_what_is_covered_and_nothing_else(faces):
    landmarks = np.tile(np.float32([[16, 18], [32, 18], [24, 26], [18, 34], [30, 34]]), (24, 1, 1))
    plain = augment(faces, (3,))
    np.testing.assert_array_equal(augment(faces, (3,), landmarks=np.full_like(landmarks, np.nan)), plain)
    struck = (augment(faces, (3,), landmarks=landmarks) != plain).any(axis=(1, 2, 3))
    assert 0 < struck.sum() < 10


def test_each_augmentation_can_be_shown_alone_and_is_as_strong_as_it_gets(faces):
    landmarks = np.float32([[16, 18], [32, 18], [24, 26], [18, 34], [30, 34]])
    shown = augmentation.examples(faces[0], (1,), 1.0, landmarks)
    assert list(shown)[:2] == ["as it is", "mirrored"] and list(shown)[-1] == "covered"
    np.testing.assert_array_equal(shown["as it is"], faces[0])
    weak = augmentation.examples(faces[0], (1,), 0.3)
    assert "covered" not in weak
    # However low the strength, what is covered is covered: both eyes.
    low = augmentation.examples(faces[0], (1,), 0.3, landmarks)["covered"]
    assert (low[18, [16, 32]] != faces[0][18, [16, 32]]).any(axis=1).all()
    for name in set(weak) - {"as it is", "mirrored"}:
        strong, mild = (np.abs(one[name].astype(float) - faces[0]).mean() for one in (shown, weak))
        assert strong > mild or name in ("blur", "downscaling"), name  # a ramp has no detail to lose
    # As strong as it gets: the same however chance would have it.
    other = augmentation.examples(faces[0], (2,), 1.0, landmarks)
    for name in ("moved", "blur", "JPEG", "downscaling", "covered"):
        np.testing.assert_array_equal(shown[name], other[name])


def test_faces_of_one_family_change_alike_whatever_else_is_in_the_batch(faces):
    landmarks = np.tile(np.float32([[16, 18], [32, 18], [24, 26], [18, 34], [30, 34]]), (24, 1, 1))
    families = np.repeat([5, 2, 9, 7], 6)
    changed = augment(faces, (3,), 1.0, landmarks, families)
    for family in (5, 2, 9, 7):
        frames = changed[families == family]
        # The same face in, the same face out: nothing flickers.
        assert (frames == frames[0]).all()
        alone = augment(faces[:2], (3,), 1.0, landmarks[:2], np.array([family, family]))
        np.testing.assert_array_equal(alone, frames[:2])
    assert len({changed[families == family].tobytes() for family in (5, 2, 9, 7)}) > 1
    covered = [augment(faces[:1], (seed,), 1.0, landmarks[:1], np.array([1])) for seed in range(40)]
    plain = [augment(faces[:1], (seed,), 1.0, None, np.array([1])) for seed in range(40)]
    assert 0 < sum((one != other).any() for one, other in zip(covered, plain, strict=True)) < 20
