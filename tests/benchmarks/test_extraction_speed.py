"""Extraction against decoding alone and against the plain loop, on clips of DFDC's shape.

    make bench
    DFDC_BENCH_VIDEOS=folder make bench     # videos of one's own instead of drawn ones

Drawn clips compress better than filmed ones, and would be decoded too fast for a fair comparison. They are
encoded again at the bit rate of DFDC's: 472 GB for 119,154 clips of ten seconds, 3.2 Mbit/s at 1080p.
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
from dfdc_utils.data.mini.identities import Identity
from dfdc_utils.data.mini.scenes import Scene, Setting
from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.faces.detector import FaceDetector
from dfdc_utils.faces.frames import spread
from dfdc_utils.faces.one_video import extract_video

PROFILE = profiles.get("full", frames_per_video=32, min_frames=20)
BITS_PER_SECOND = 3.2e6
"""At 1920 x 1080."""


@pytest.fixture(scope="module")
def videos(tmp_path_factory) -> list[Path]:
    if folder := os.environ.get("DFDC_BENCH_VIDEOS"):
        return sorted(Path(folder).rglob("*.mp4"))
    found = []
    for width, height in ((1920, 1080), (1280, 720)):
        folder = tmp_path_factory.mktemp(f"bench{height}")
        size = dict(clip_width=width, clip_height=height, clip_frames=300)
        small = dict(parts=1, clips_per_part=2, originals_per_part=1, unlabelled_clips=0)
        mini.draw(folder / "drawn", profiles.get("tiny", **size, **small))
        for number, clip in enumerate(sorted((folder / "drawn").rglob("*.mp4"))):
            found.append(encoded_again(clip, folder / f"{height}p_{number}.mp4", width * height))
    found.append(two_people(tmp_path_factory.mktemp("bench_two") / "1080p_two.mp4"))
    return found


def encoded_again(source: Path, path: Path, pixels: int) -> Path:
    with av.open(str(source)) as old, av.open(str(path), "w") as new:
        stream = new.add_stream("libx264", rate=30, options={"preset": "medium"})
        picture = old.streams.video[0]
        stream.width, stream.height, stream.pix_fmt = picture.width, picture.height, "yuv420p"
        # One slice a frame, as FFmpeg encodes: several decode faster.
        stream.thread_type = "FRAME"
        stream.bit_rate = int(BITS_PER_SECOND * pixels / (1920 * 1080))
        for frame in old.decode(picture):
            frame.pict_type = 0
            new.mux(stream.encode(frame))
        new.mux(stream.encode())
    return path


def two_people(path: Path) -> Path:
    people = tuple(Identity.draw(f"p{k}", (70, k), (k + 0.5) / 2) for k in range(2))
    scene = Scene(Setting(seed=(9, 0), people=people, width=1920, height=1080, frames=300, rate=30))
    drawn = path.with_stem("drawn")
    with VideoWriter(drawn, 1920, 1080, 30, 20, scene.speech.sound) as writer:
        for _, frame, _ in scene.frames():
            writer.write(frame)
    return encoded_again(drawn, path, 1920 * 1080)


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
        # Ours may take the frame before or after an evenly spaced one.
        nearest = {index: min(boxes, key=lambda frame, index=index: abs(frame - index)) for index in with_face}
        agree = [
            index for index in with_face
            if any(iou(one, other) > 0.5 for one in expected[index] for other in boxes[nearest[index]])
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
