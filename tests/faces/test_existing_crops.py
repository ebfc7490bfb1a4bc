"""Crops that others cut out: real JPEG files, through the extraction that every set goes through."""

import cv2
import numpy as np
import pytest
from set_files import make_crops

from dfdc_utils import profiles
from dfdc_utils.data import metadata
from dfdc_utils.evaluation import baselines
from dfdc_utils.faces import extraction, frames
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.faces.video_file import UnreadableVideo

LABELS = {f"real{n}": ("REAL", "") for n in range(3)} | {f"fake{n}": ("FAKE", f"real{n}") for n in range(3)}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The set: one crop is broken, one empty, one not square."""
    root = make_crops(tmp_path_factory.mktemp("set"), LABELS, side=64)
    (root / "faces_224" / "fake0.jpg").write_bytes(b"no picture")
    (root / "faces_224" / "real1.jpg").write_bytes(b"")
    wide = np.zeros((64, 96, 3), np.uint8)
    wide[:, :12], wide[:, 84:] = (255, 0, 0), (0, 0, 255)
    cv2.imwrite(str(root / "faces_224" / "real2.jpg"), wide)
    return metadata.read(root)


@pytest.fixture(scope="module", params=[64, 32])
def extracted(request, found, tmp_path_factory):
    profile = profiles.get("crops", face_side=request.param)
    folder = tmp_path_factory.mktemp("faces")
    return request.param, extraction.extract(found.table, folder, profile, workers=1), FaceStore(folder)


def test_every_video_has_its_outcome(extracted):
    side, account, store = extracted
    rows = account.set_index("video")
    assert rows["outcome"].to_dict() == {
        "fake0.mp4": "unreadable", "fake1.mp4": "ok", "fake2.mp4": "ok", "real0.mp4": "ok",
        "real1.mp4": "unreadable", "real2.mp4": "ok",
    }
    assert rows.loc["fake0.mp4", "reason"] == "it is not a JPEG picture"
    assert rows.loc["real1.mp4", "reason"] == "the file is empty"
    faces = store.faces()
    assert set(faces["video"]) == {"fake1.mp4", "fake2.mp4", "real0.mp4", "real2.mp4"}
    assert store.crops(faces).shape == (4, side, side, 3)


def test_a_crop_of_the_right_size_is_taken_over_byte_by_byte(extracted, found):
    side, _, store = extracted
    pictures = {row.video: row.path for row in found.table.itertuples()}
    faces = store.faces(["video", "jpeg"])
    for row in faces[faces["video"] != "real2.mp4"].itertuples():
        same = row.jpeg == open(pictures[row.video], "rb").read()
        assert same == (side == 64)


def test_a_crop_of_another_size_is_shrunk_and_keeps_its_colours(extracted):
    side, _, store = extracted
    stored = store.crops_of("fake1.mp4")[0].astype(int)
    middle, corner = stored[side // 2, side // 2], stored[2, 2]
    original = store.crops(store.faces().query("video == 'fake1.mp4'"))[0]
    assert stored.shape == (side, side, 3)
    assert np.array_equal(original, stored)
    assert np.abs(middle - corner).max() > 0


def test_of_a_picture_that_is_not_square_the_middle_is_kept(extracted):
    _, _, store = extracted
    # The blue and the red stripe at its ends are outside.
    assert store.crops_of("real2.mp4").max() < 40


def test_a_jpeg_is_a_video_of_one_frame(found):
    path = found.table.set_index("video").loc["real0.mp4", "path"]
    sampled = frames.sample(path, 5)
    expected = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
    assert sampled.indices == [0]
    assert np.abs(sampled.images[0].astype(int) - expected).mean() < 3
    assert sampled.info.frames == 1
    assert np.isnan(sampled.info.rate)
    assert sampled.info.seconds == 0


def test_the_name_of_a_picture_is_no_pattern(found, tmp_path):
    for name in ("face%d.jpg", "face1.jpg"):
        (tmp_path / name).write_bytes(open(found.table["path"].iloc[-3], "rb").read())
    (tmp_path / "face1.jpg").write_bytes(b"another")
    assert frames.sample(tmp_path / "face%d.jpg", 1).info.frames == 1


def test_crops_of_any_size_are_read(tmp_path):
    # Given a choice, FFmpeg takes small and large JPEG files for different formats.
    for side in (8, 64, 224, 600):
        noise = np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f"{side}.jpg"), noise)
        assert frames.sample(tmp_path / f"{side}.jpg", 1).images[0].shape == (side, side, 3)


def test_what_is_called_mp4_and_is_a_jpeg_stays_unreadable(found, tmp_path):
    (tmp_path / "a.mp4").write_bytes(open(found.table["path"].iloc[-2], "rb").read())
    with pytest.raises(UnreadableVideo):
        frames.sample(tmp_path / "a.mp4", 1)


def test_statistics_are_those_of_the_crops_and_no_detector_is_asked(found):
    statistics = baselines.clip_statistics(found.table, profiles.get("crops"), workers=1).set_index("video")
    grey = cv2.imread(found.table.set_index("video").loc["fake1.mp4", "path"], cv2.IMREAD_GRAYSCALE)
    assert statistics.loc["fake1.mp4", "face_brightness"] == pytest.approx(grey.mean(), abs=2)
    assert statistics.loc["fake1.mp4", "frames"] == 1
    assert statistics.loc["fake0.mp4", "reason"]
    assert np.isnan(statistics.loc["fake1.mp4", "bit_rate"])
