"""Extraction against decoding alone and against the plain loop, on clips of DFDC's shape.

    make bench
    DFDC_BENCH_VIDEOS=folder make bench     # videos of one's own instead of drawn ones
"""

import os
import time
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from mtcnn import MTCNN

from dfdc_utils import profiles
from dfdc_utils.data import mini
from dfdc_utils.faces.detector import FaceDetector
from dfdc_utils.faces.extraction import extract_video
from dfdc_utils.faces.frames import spread

PROFILE = profiles.get("full", frames_per_video=32, min_frames=20)


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Path]:
    if folder := os.environ.get("DFDC_BENCH_VIDEOS"):
        return sorted(Path(folder).rglob("*.mp4"))
    found = []
    for width, height in ((1920, 1080), (1280, 720)):
        root = tmp_path_factory.mktemp("bench") / f"{height}"
        size = dict(clip_width=width, clip_height=height, clip_frames=300)
        small = dict(parts=1, clips_per_part=2, originals_per_part=1, unlabelled_clips=1)
        mini.draw(root, profiles.get("tiny", **size, **small))
        found += sorted(root.rglob("*.mp4"))[:2]
    return found


def decode(path: Path) -> None:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass


def plain_loop(path: Path, detector: MTCNN) -> dict[int, list]:
    """What most notebooks do: OpenCV's reader, and the detector on one full frame after the other."""
    capture = cv2.VideoCapture(str(path))
    wanted = set(spread(int(capture.get(cv2.CAP_PROP_FRAME_COUNT)), PROFILE.frames_per_video).tolist())
    faces, index = {}, 0
    while capture.grab():
        if index in wanted:
            _, image = capture.retrieve()
            found = detector.detect_faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
            faces[index] = [(x, y, x + w, y + h) for x, y, w, h in (face["box"] for face in found)]
        index += 1
    return faces


def seconds(function, *arguments, times: int = 3) -> tuple[float, object]:
    """The least time of several, and the result."""
    best = np.inf
    for _ in range(times):
        begin = time.perf_counter()
        result = function(*arguments)
        best = min(best, time.perf_counter() - begin)
    return best, result


def iou(one, other) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    common = max(width, 0) * max(height, 0)
    return common / (sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)) - common)


def test_extraction_side_by_side(videos):
    ours, plain = FaceDetector(width=PROFILE.detection_width), MTCNN()
    extract_video(videos[0], "warm-up", ours, PROFILE)
    print(f"\n{'clip':15} decode   ours  ratio   plain  faster  frames with the face: ours, plain, agreeing")
    ratios, speed_ups = [], []
    for path in videos:
        decoding, _ = seconds(decode, path)
        took, (faces, account) = seconds(extract_video, path, path.name, ours, PROFILE)
        plain_took, expected = seconds(plain_loop, path, plain, times=1)
        corners = faces.set_index("frame")[["x0", "y0", "x1", "y1"]]
        boxes = {frame: corners.loc[[frame]].values.tolist() for frame in corners.index}
        # The faces the plain loop finds in at least two frames of three: its false alarms come and go.
        usual = int(np.median([len(found) for found in expected.values()]))
        with_face = [index for index, found in expected.items() if usual and len(found) >= usual]
        agree = [
            index for index in with_face
            if any(iou(one, other) > 0.5 for one in expected[index] for other in boxes.get(index, []))
        ]
        ratios.append(took / decoding)
        speed_ups.append(plain_took / took)
        print(
            f"{path.name:15} {decoding:6.2f} {took:6.2f} {ratios[-1]:6.2f} {plain_took:7.2f}"
            f" {speed_ups[-1]:7.1f}  {len(boxes)}, {len(with_face)}, {len(agree)}"
        )
        assert len(boxes) >= len(with_face) == len(agree), account
    print(f"{'mean':15} {'':6} {'':6} {np.mean(ratios):6.2f} {'':7} {np.mean(speed_ups):7.1f}")
    assert min(speed_ups) > 5
