import numpy as np

from dfdc_utils.faces.shots import shots


def room(seed, shift=0):
    """A picture of coarse patches in a few colours, moved sideways."""
    generator = np.random.default_rng(seed)
    colours = generator.integers(0, 255, (4, 3))
    patches = colours[generator.integers(0, 4, (6, 16))]
    picture = np.kron(patches, np.ones((20, 20, 1))).astype(np.uint8)
    return np.roll(picture, shift, axis=1)


def test_a_cut_begins_a_shot_and_coming_back_another():
    images = [room(1, k) for k in range(5)] + [room(2, k) for k in range(3)] + [room(1, k) for k in range(4)]
    assert shots(images) == [0] * 5 + [1] * 3 + [2] * 4


def test_a_camera_that_moves_or_light_that_changes_slowly_is_no_cut():
    assert set(shots([room(1, 12 * k) for k in range(12)])) == {0}
    assert set(shots([(room(1) * (0.5 + 0.04 * k)).astype(np.uint8) for k in range(12)])) == {0}


def test_one_frame_and_two():
    assert shots([room(1)]) == [0]
    assert shots([room(1), room(1, 3)]) == [0, 0]
    assert shots([room(1), room(2)]) == [0, 1]
    assert shots([]) == []


def test_noise_in_the_dark_is_no_cut():
    generator = np.random.default_rng(0)
    for colour in ((0, 0, 0), (3, 2, 2), (90, 90, 90)):
        flat = [np.full((120, 320, 3), colour, np.uint8) + np.uint8(generator.integers(0, 3, 3)) for _ in range(10)]
        assert shots(flat) == [0] * 10


def test_light_that_goes_on_is_no_cut():
    assert shots([room(1) // 2] * 5 + [(room(1) * 0.8).astype(np.uint8)] * 5) == [0] * 10
