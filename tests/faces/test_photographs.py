import cv2
import numpy as np
import pytest

from dfdc_utils.faces.photographs import is_photograph, read_photograph
from dfdc_utils.faces.video_file import UnreadableVideo


@pytest.fixture
def picture():
    """Red at the top left, dark elsewhere: RGB uint8."""
    picture = np.full((40, 60, 3), 30, np.uint8)
    picture[:15, :20] = (220, 20, 20)
    return picture


@pytest.mark.parametrize(("suffix", "codec"), [(".jpg", "mjpeg"), (".png", "png"), (".webp", "webp")])
def test_colours_and_size(tmp_path, picture, suffix, codec):
    path = tmp_path / f"photo{suffix}"
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    frames = read_photograph(path)
    assert (frames.info.width, frames.info.height, frames.info.frames, frames.info.codec) == (60, 40, 1, codec)
    assert np.abs(frames.images[0][5, 5].astype(int) - (220, 20, 20)).max() < 25
    # A download is often called by another format's name.
    other = path.rename(tmp_path / "other.jpeg")
    assert read_photograph(other).info.codec == codec


def test_a_photograph_that_was_taken_upright_is_upright(tmp_path, picture):
    path = tmp_path / "turned.jpg"
    cv2.imwrite(str(path), cv2.cvtColor(np.rot90(picture), cv2.COLOR_RGB2BGR))
    # EXIF orientation 6: turn it clockwise to see it upright.
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    data = path.read_bytes()
    path.write_bytes(data[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2) + exif + data[2:])
    frames = read_photograph(path)
    assert (frames.info.width, frames.info.height) == (60, 40)
    assert frames.images[0][5, 5, 0] > 180


@pytest.mark.parametrize(("name", "content", "reason"), [
    ("a.jpg", b"", "empty"), ("a.png", b"no picture", "not a JPEG, PNG or WebP"),
    ("a.jpg", b"\xff\xd8\xff" + b"x" * 50, "damaged"), ("a.heic", b"x", "format of .heic are not read"),
    ("gone.png", None, "no such file"),
])
def test_what_cannot_be_read_says_why(tmp_path, name, content, reason):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    assert is_photograph(path)
    with pytest.raises(UnreadableVideo, match=reason):
        read_photograph(path)
