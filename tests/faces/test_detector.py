import contextlib

import cv2
import numpy as np
import pytest
from mtcnn import MTCNN

from dfdc_utils.data import metadata
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting
from dfdc_utils.faces.detector import FaceDetector
from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.tracking import link
from dfdc_utils.faces.video_file import UnreadableVideo


def iou(one, other) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return common / (sum(areas) - common)


@pytest.fixture(scope="module")
def detector():
    return FaceDetector(width=640)


@pytest.fixture(scope="module")
def clips(tiny_dfdc, detector) -> list[list[np.ndarray]]:
    """Twelve frames each of three clips in which every frame shows one face."""
    table = metadata.read(tiny_dfdc).table
    found = []
    for path in table["path"]:
        with contextlib.suppress(UnreadableVideo):
            images = sample(path, 12).images
            if len(images) == 12 and all(len(faces) == 1 for faces in detector.detect(images)):
                found.append(images)
        if len(found) == 3:
            return found
    raise AssertionError("The synthetic set has too few clips in which every frame shows one face.")


def plain(image) -> list[tuple]:
    """What the package's own loop finds, as (x0, y0, x1, y1)."""
    boxes = [face["box"] for face in MTCNN().detect_faces(image)]
    return [(x, y, x + width, y + height) for x, y, width, height in boxes]


def test_it_finds_what_the_package_finds(detector, clips):
    for images in clips:
        for image, faces in zip(images[::6], detector.detect(images[::6]), strict=True):
            expected = plain(image)
            assert len(faces) == len(expected) == 1
            assert faces[0].box == pytest.approx(expected[0], abs=1.5)


def test_landmarks_lie_in_the_face_and_are_named_as_seen(detector, clips):
    for faces in detector.detect([images[0] for images in clips]):
        x0, y0, x1, y1 = faces[0].box
        left_eye, right_eye, nose, mouth_left, mouth_right = faces[0].landmarks
        assert (faces[0].landmarks > (x0, y0)).all() and (faces[0].landmarks < (x1, y1)).all()
        assert left_eye[0] < right_eye[0] and mouth_left[0] < mouth_right[0]
        assert max(left_eye[1], right_eye[1]) < nose[1] < min(mouth_left[1], mouth_right[1])


def test_boxes_of_shrunken_frames_are_in_pixels_of_the_full_frame(detector, clips):
    first = [images[0] for images in clips]
    large = [cv2.resize(image, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC) for image in first]
    assert all(max(image.shape) > detector.width for image in large)
    for found, expected in zip(detector.detect(large), detector.detect(first), strict=True):
        assert iou(found[0].box, [4 * value for value in expected[0].box]) > 0.7


def test_images_of_all_sizes_share_a_call_without_harm(detector, clips):
    alone = [detector.detect([images[0]])[0][0] for images in clips]
    black, speck = np.zeros_like(clips[0][0]), np.full((8, 8, 3), 200, np.uint8)
    wide = np.pad(clips[2][0], ((0, 0), (0, 100), (0, 0)), mode="edge")
    first, nothing, second, tiny, third = detector.detect([clips[0][0], black, clips[1][0], speck, wide])
    assert nothing == tiny == []
    assert first[0].box == pytest.approx(alone[0].box, abs=0.5)
    assert second[0].box == pytest.approx(alone[1].box, abs=0.5)
    assert iou(third[0].box, alone[2].box) > 0.7


def test_faces_are_followed_between_searched_frames(detector, clips):
    for images in clips:
        everywhere = detector.detect(images)
        followed = detector.detect(images, every=4)
        assert all(iou(a[0].box, b[0].box) > 0.6 for a, b in zip(everywhere, followed, strict=True))
        assert [len(faces) for faces in followed] == [1] * 12


def test_a_face_between_searched_frames_is_not_missed(detector, clips):
    black = np.zeros_like(clips[0][0])
    images = [clips[0][k] if k in (2, 3, 6) else black for k in range(10)]
    found = detector.detect(images, every=4)
    assert [bool(faces) for faces in found] == [k in (2, 3, 6) for k in range(10)]


def test_dark_frames_need_a_second_pass(detector, clips):
    random = np.random.default_rng(0)
    images = [image * 0.1 + random.normal(0, 0.5, image.shape) for clip in clips for image in clip[::2]]
    dark = [np.clip(image, 0, 255).astype(np.uint8) for image in images]
    seen = {
        again.name: np.mean([len(faces) > 0 for faces in detector.detect(dark, detection_pass=again)])
        for again in detector.second_passes
    }
    plainly = np.mean([len(faces) > 0 for faces in detector.detect(dark)])
    assert plainly < 0.5 < seen["brighter"]


def test_second_and_later_videos_are_not_traced_again(detector, clips):
    detector.detect([clip[0] for clip in clips])
    for size in ((240, 426), (426, 240), (301, 333)):
        detector.detect([cv2.resize(clips[0][0], size)])
    graphs = detector._propose, detector._refine, detector._output
    assert [graph.experimental_get_tracing_count() for graph in graphs] == [1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_two_people_are_never_taken_for_each_other(detector, seed):
    people = tuple(Identity.draw(f"p{k}", (70 + seed, k), (k + 0.5) / 2) for k in range(2))
    scene = Scene(Setting(seed=(9, seed), people=people, width=640, height=360, frames=16, rate=4))
    frames, moments = zip(*[(frame, moments) for _, frame, moments in scene.frames()], strict=True)
    tracks = link(detector.detect(list(frames), every=8), max_people=2)
    who = []
    for track in tracks:
        boxes = {frame: face.box for frame, face in zip(track.frames, track.detections, strict=True)}
        nearest = {
            np.argmin([abs(box[0] + box[2] - 2 * moment.pose.x) for moment in moments[frame]])
            for frame, box in boxes.items()
        }
        assert len(nearest) == 1 and len(boxes) >= 12
        who += nearest
    assert sorted(who) == [0, 1]


def test_no_images_no_faces(detector):
    assert detector.detect([]) == []
    assert detector.detect([], every=4) == []
