"""Some stretches of a video, without what lies between them. Frames tell their own time by their lightness."""

import av
import numpy as np
import pytest

from dfdc_utils.faces import frames as room
from dfdc_utils.faces.frames import length, sample_stretches

SECONDS, RATE = 80, 10


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Its lightness rises by 3 each second; a key frame every four seconds."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    with av.open(str(path), "w") as container:
        options = {"g": "40", "keyint_min": "40", "sc_threshold": "0", "crf": "10"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for index in range(SECONDS * RATE):
            image = np.full((64, 96, 3), 3 * index // RATE, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def test_stretches_are_spread_over_the_film_and_their_times_are_true(film):
    assert length(film) == pytest.approx(SECONDS, abs=0.2)
    frames, stretches = sample_stretches(film, 8, 4)
    assert sorted(set(stretches)) == list(range(8)) and all(stretches.count(number) == 4 for number in range(8))
    for seconds, image in zip(frames.seconds, frames.images, strict=True):
        assert image.mean() / 3 == pytest.approx(np.floor(seconds + 0.05), abs=1.4)
    begins = [frames.seconds[stretches.index(number)] for number in range(8)]
    assert begins == sorted(begins) and begins[0] <= 5 and begins[-1] >= 72
    assert all(begin % 4 == pytest.approx(0, abs=0.02) for begin in begins), "each begins with a key frame"
    assert np.diff(frames.indices).min() >= 1
    assert frames.info.seconds == pytest.approx(SECONDS, abs=0.2) and frames.info.frames == SECONDS * RATE


def test_what_lies_between_is_not_decoded(film, monkeypatch):
    decoded = []
    intact_frames = room.intact_frames

    def count(*arguments):
        for frame in intact_frames(*arguments):
            decoded.append(frame)
            yield frame

    monkeypatch.setattr(room, "intact_frames", count)
    sample_stretches(film, 8, 4)
    assert len(decoded) < 8 * 1.5 * RATE < SECONDS * RATE / 4


def test_a_file_that_cannot_be_sought_in_is_left_to_others(film, tmp_path):
    broken = tmp_path / "cut.mkv"
    with av.open(str(film)) as old, av.open(str(broken), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None and packet.pts * packet.time_base < 10:
                packet.stream = stream
                new.mux(packet)
    # Its header still claims what it was.
    assert sample_stretches(broken, 8, 4) is None or length(broken) < 15
