import numpy as np
import pytest

from dfdc_utils.faces import crops


def gradient(height=200, width=300) -> np.ndarray:
    """Red rises from left to right, green from top to bottom, one level a pixel (modulo 256)."""
    y, x = np.mgrid[:height, :width]
    return np.dstack([x % 256, y % 256, np.full_like(x, 77)]).astype(np.uint8)


@pytest.mark.parametrize("box", [
    (10, 20, 50, 100), (10, 20, 90, 60), (-30, -20, 40, 60), (0.4, 0.6, 33.3, 51.7),
])
@pytest.mark.parametrize("margin", [0, 0.3, 1])
def test_the_margin_is_the_same_everywhere(box, margin):
    x0, y0, x1, y1 = crops.square(box, margin)
    longer = max(box[2] - box[0], box[3] - box[1])
    assert x1 - x0 == pytest.approx(longer * (1 + margin))
    assert y1 - y0 == pytest.approx(longer * (1 + margin))
    assert (x0 + x1, y0 + y1) == pytest.approx((box[0] + box[2], box[1] + box[3]))


@pytest.mark.parametrize("shift", [-0.25, 0.12, 0.5])
def test_a_shift_moves_the_square_down_by_a_share_of_the_boxs_height(shift):
    x0, y0, x1, y1 = crops.square((10, 20, 50, 100), -0.13)
    assert crops.square((10, 20, 50, 100), -0.13, shift) == pytest.approx((x0, y0 + 80 * shift, x1, y1 + 80 * shift))


def test_a_crop_at_its_own_size_is_the_image():
    image = gradient()
    assert (crops.cut(image, (50, 60, 114, 124), 64) == image[60:124, 50:114]).all()


@pytest.mark.parametrize("box", [
    (-40, 50, 60, 150), (250, 50, 350, 150), (100, -40, 200, 60), (100, 150, 200, 250),
    (-50, -50, 50, 50), (-100, -150, 400, 350), (-60.4, 10.2, 3.7, 74.3),
])
def test_at_the_edge_of_the_frame_nothing_is_empty_stretched_or_moved(box):
    image = gradient()
    side = round(box[2] - box[0])
    crop = crops.cut(image, box, side)
    assert crop.shape == (side, side, 3) and crop.dtype == np.uint8
    # What is inside the frame stands where it stood; what is outside repeats the nearest pixel.
    left, top = round(box[0]), round(box[1])
    rows = np.clip(np.arange(top, top + side), 0, 199)
    columns = np.clip(np.arange(left, left + side), 0, 299)
    assert (crop == image[np.ix_(rows, columns)]).all()


def test_a_box_outside_the_frame_is_an_error():
    for box in [(-50, 10, -10, 50), (310, 10, 350, 50), (10, 210, 50, 250), (20, 20, 20, 20)]:
        with pytest.raises(ValueError, match="nothing of an image of 300 x 200"):
            crops.cut(gradient(), box, 32)


def test_shrinking_averages():
    stripes = np.zeros((160, 160, 3), np.uint8)
    stripes[:, ::2] = 200
    assert crops.cut(stripes, (0, 0, 160, 160), 40) == pytest.approx(100, abs=1)


def test_jpeg_keeps_colour_edges():
    image = np.zeros((64, 64, 3), np.uint8)
    image[:, 1::2] = (255, 0, 0)
    image[:, ::2] = (0, 0, 255)
    back = crops.decode(crops.encode(image)).astype(int)
    # With chroma subsampling, neighbouring columns of red and blue would both come back purple.
    assert np.abs(back - image).mean() < 12
    assert len(crops.encode(image)) > 100


def test_what_is_no_picture_is_an_error():
    with pytest.raises(ValueError, match="not a JPEG"):
        crops.decode(b"nothing of the kind")
