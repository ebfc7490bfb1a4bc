import os
import pickle
import re
import struct

import av
import numpy as np
import pytest
from av.bitstream import BitStreamFilterContext
from video_files import counted, number_of, write_sound, write_video

from dfdc_utils.faces.frames import iterate, sample, spread
from dfdc_utils.faces.probe import VideoInfo, is_reference
from dfdc_utils.faces.video_file import TimeIsUp, UnreadableVideo


def red_corner(height=48, width=80) -> np.ndarray:
    """Grey, with a red patch at the top left: says which way up it is, and the order of its channels."""
    image = np.full((height, width, 3), 128, np.uint8)
    image[:16, :16] = (250, 0, 0)
    return image


def assert_red_corner(image: np.ndarray):
    assert image.dtype == np.uint8
    assert image[4:12, 4:12].mean(axis=(0, 1)) == pytest.approx([250, 0, 0], abs=8)
    assert image[-12:, -12:].mean(axis=(0, 1)) == pytest.approx([128, 128, 128], abs=8)


def turn(path, degrees: int):
    """Sets the rotation flag in an mp4's track header, as a telephone held upright does."""
    matrix = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}[degrees]
    a, b, c, d = (value * 65536 for value in matrix)
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    data[at:at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_colours_are_red_green_blue(tmp_path):
    path = write_video(tmp_path / "red.mp4", [red_corner()] * 3)
    assert_red_corner(sample(path, 1).images[0])
    assert_red_corner(next(iterate(path))[2])


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_the_rotation_flag_is_obeyed(tmp_path, degrees):
    # The camera stores the picture turned anticlockwise; players turn it back clockwise by the flag.
    path = write_video(tmp_path / "turned.mp4", [np.rot90(red_corner(), degrees // 90)] * 3)
    turn(path, degrees)
    image = sample(path, 1).images[0]
    assert image.shape == (48, 80, 3)
    assert_red_corner(image)
    info = VideoInfo.from_path(path)
    assert (info.width, info.height) == (80, 48)
    assert info.rotation == 360 - degrees


def test_what_is_in_a_file(clip):
    info = VideoInfo.from_path(clip)
    assert (info.width, info.height, info.rotation, info.frames) == (64, 48, 0, 40)
    assert info.rate == pytest.approx(30)
    assert info.seconds == pytest.approx(40 / 30)
    assert (info.codec, info.pixel_format, info.audio_codec) == ("h264", "yuv420p", "aac")
    assert info.size_bytes == clip.stat().st_size
    assert 0 < info.bit_rate < info.size_bytes * 8 / info.seconds
    assert pickle.loads(pickle.dumps(info)) == info


def test_samples_are_evenly_spaced_not_the_first(clip):
    frames = sample(clip, 5)
    assert frames.indices == [0, 10, 20, 29, 39]
    assert [number_of(image) for image in frames.images] == frames.indices
    assert frames.seconds == pytest.approx([i / 30 for i in frames.indices])


def test_a_short_clip_gives_each_frame_once(tmp_path):
    frames = sample(write_video(tmp_path / "short.mp4", counted(7)), 30)
    assert frames.indices == list(range(7))
    assert [number_of(image) for image in frames.images] == list(range(7))


@pytest.mark.parametrize("total, count", [
    (300, 30), (83, 30), (31, 30), (30, 30), (3, 30), (1, 30), (300, 1),
])
def test_spread(total, count):
    indices = spread(total, count)
    assert len(indices) == min(total, count)
    assert indices[0] == 0 and (np.diff(indices) > 0).all() and indices[-1] < total
    if len(indices) > 1:
        assert indices[-1] == total - 1
        assert np.ptp(np.diff(indices)) <= 1


def test_frame_after_frame(clip):
    got = [(index, number_of(image)) for index, _, image in iterate(clip, start=3, stop=20, stride=5)]
    assert got == [(3, 3), (8, 8), (13, 13), (18, 18)]
    assert len(list(iterate(clip))) == 40


@pytest.mark.parametrize("rate", [24, 25, 50, 60])
def test_frame_rates(tmp_path, rate):
    info = VideoInfo.from_path(write_video(tmp_path / "clip.mp4", counted(20), rate=rate))
    assert info.rate == pytest.approx(rate, rel=1e-3)
    assert info.seconds == pytest.approx(20 / rate, rel=1e-3)


def test_a_variable_frame_rate(tmp_path):
    times = [0, 10, 20, 30, 40, 500, 600, 700, 800, 1000]
    path = write_video(tmp_path / "clip.mkv", counted(10), times=times)
    frames = sample(path, 10)
    assert [number_of(image) for image in frames.images] == list(range(10))
    assert frames.seconds == pytest.approx([t / 1000 for t in times], abs=0.002)


@pytest.mark.parametrize("name, codec, pixel_format, height, width", [
    ("ten_bit.mp4", "libx264", "yuv420p10le", 48, 64),
    ("odd.mp4", "libx264", "yuv444p", 49, 63),
    ("vp9.webm", "libvpx-vp9", "yuv420p", 48, 64),
    ("alpha.webm", "libvpx-vp9", "yuva420p", 48, 64),
    ("mjpeg.avi", "mjpeg", "yuvj420p", 48, 64),
    ("upright.mp4", "libx264", "yuv420p", 160, 90),
])
def test_other_formats(tmp_path, name, codec, pixel_format, height, width):
    images = counted(12, height, width)
    frames = sample(write_video(tmp_path / name, images, codec=codec, pixel_format=pixel_format), 4)
    assert frames.info.frames == 12
    assert [image.shape for image in frames.images] == [(height, width, 3)] * 4
    assert [number_of(image) for image in frames.images] == pytest.approx([0, 4, 7, 11], abs=1)


def test_grey_becomes_three_equal_channels(tmp_path):
    images = sample(write_video(tmp_path / "grey.mp4", counted(12), pixel_format="gray"), 4).images
    assert [image.shape for image in images] == [(48, 64, 3)] * 4
    assert all(np.ptp(image, axis=2).max() == 0 for image in images)
    assert (np.diff([image.mean() for image in images]) > 5).all()


def test_a_count_that_is_not_in_the_header_is_counted(tmp_path):
    path = write_video(tmp_path / "clip.mkv", counted(25))
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == 0
    assert VideoInfo.from_path(path).frames == 25
    assert sample(path, 3).indices == [0, 12, 24]


def packets(path) -> list[tuple[int, int]]:
    with av.open(str(path)) as container:
        return [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size]


def test_damage_in_the_middle_costs_the_frames_up_to_the_next_key_frame(clip):
    data = bytearray(clip.read_bytes())
    for position, size in packets(clip)[15:18]:
        data[position + 5:position + size] = b"\xff" * (size - 5)
    clip.write_bytes(data)
    frames = sample(clip, 1000)
    # A key frame every twelve: 24 to 39 are whole, what lies between the damage and 24 is not.
    left = [number_of(image) for image in frames.images]
    assert set(range(12)) <= set(left) and set(range(24, 40)) <= set(left)
    assert not set(range(17, 24)) & set(left)
    assert frames.info.frames == len(left) < 40
    middle = left[round((len(left) - 1) / 2)]
    assert [number_of(image) for image in sample(clip, 3).images] == [0, middle, 39]


@pytest.mark.parametrize("fraction", [0.3, 0.6, 0.9])
def test_truncated_before_the_index_is_unreadable(clip, fraction):
    clip.write_bytes(clip.read_bytes()[:int(clip.stat().st_size * fraction)])
    with pytest.raises(UnreadableVideo, match="its index is missing"):
        sample(clip, 5)


@pytest.mark.parametrize("fraction", [0.5, 0.8])
def test_truncated_after_the_index_gives_what_is_there(tmp_path, fraction):
    noise = np.random.default_rng(0).integers(0, 60, (40, 48, 64, 3), dtype=np.uint8)
    images = [a // 2 + b // 4 for a, b in zip(counted(40), noise, strict=True)]
    path = write_video(tmp_path / "clip.mp4", images, options={"movflags": "faststart"})
    path.write_bytes(path.read_bytes()[:int(path.stat().st_size * fraction)])
    frames = sample(path, 5)
    assert 40 * fraction * 0.7 < frames.info.frames < 40 * fraction * 1.2
    assert frames.indices == spread(frames.info.frames, 5).tolist()


def broken_files(folder) -> dict[str, str]:
    """Files that are no videos, and what the error says of each."""
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("This is not a video.\n" * 50)
    (folder / "random.mp4").write_bytes(np.random.default_rng(0).bytes(20000))
    (folder / "playlist.mp4").write_text("#EXTM3U\n#EXTINF:1,\n/etc/hostname\n#EXT-X-ENDLIST\n")
    (folder / "script.mp4").write_text("ffconcat version 1.0\nfile /etc/hostname\n")
    (folder / "folder.mp4").mkdir()
    (folder / "nowhere.mp4").symlink_to(folder / "gone.mp4")
    (folder / "circle.mp4").symlink_to(folder / "circle.mp4")
    write_sound(folder / "sound.mp4")
    expected = {
        "empty": "the file is empty", "text": "it is not a video", "random": "it is not a video",
        "playlist": "FFmpeg says|not a video", "script": "none of the formats",
        "folder": "it is a folder", "nowhere": "no such file", "missing": "no such file",
        "circle": "FFmpeg says", "sound": "only sound",
    }
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.mp4")
        expected["pipe"] = "a pipe or a device"
    return {str(folder / f"{name}.mp4"): message for name, message in expected.items()}


def test_a_broken_file_says_which_it_is_why_and_what_to_do(tmp_path):
    for path, message in broken_files(tmp_path).items():
        for read in (VideoInfo.from_path, lambda path: sample(path, 4), lambda path: list(iterate(path))):
            with pytest.raises(UnreadableVideo, match=message) as raised:
                read(path)
            text = str(raised.value)
            assert path in text and re.search(r"\. [A-Z].*[.?]$", text), text
            assert path not in raised.value.cause


def test_the_error_survives_the_way_between_processes(tmp_path):
    error = UnreadableVideo(tmp_path / "a.mp4", "it is empty", "Copy it again.")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read(clip):
    clip.chmod(0)
    with pytest.raises(UnreadableVideo, match="may not read"):
        sample(clip, 4)


def test_one_frame(tmp_path):
    frames = sample(write_video(tmp_path / "one.mp4", counted(1)), 30)
    assert frames.indices == [0] and frames.seconds == [0.0] and frames.info.frames == 1


def references(path) -> list[int]:
    """Places of the frames on which others depend, by FFmpeg's own word."""
    with av.open(str(path)) as container:
        times = sorted(packet.pts for packet in container.demux(video=0) if packet.size)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONREF"
        return [times.index(frame.pts) for frame in container.decode(stream)]


def test_frames_that_others_depend_on_are_the_nearest_to_the_even_spacing(clip):
    frames = sample(clip, 7, exact=False)
    possible = np.array(references(clip))
    assert len(possible) < 40
    nearest = [int(np.abs(possible - wanted).min()) for wanted in spread(40, 7)]
    assert np.abs(np.array(frames.indices) - spread(40, 7)).tolist() == nearest
    assert set(frames.indices) <= set(possible.tolist())
    assert [number_of(image) for image in frames.images] == frames.indices
    every = sample(clip, 40).images
    for index, image in zip(frames.indices, frames.images, strict=True):
        np.testing.assert_array_equal(image, every[index])
    assert frames.seconds == pytest.approx([i / 30 for i in frames.indices])
    assert frames.info == sample(clip, 7).info
    # More are wanted than there are: each of them, once.
    assert sample(clip, 1000, exact=False).indices == possible.tolist()


def test_a_packet_with_new_parameters_is_kept_though_nothing_depends_on_its_frame():
    def packet(*kinds: int) -> bytes:
        return b"".join((2).to_bytes(4) + bytes([kind, 0]) for kind in kinds)

    slice_of_nobody, slice_of_others, information, parameters = 1, 1 | 2 << 5, 6, 8 | 3 << 5
    assert not is_reference(packet(information, slice_of_nobody), 4)
    assert is_reference(packet(information, slice_of_others), 4)
    assert is_reference(packet(parameters, slice_of_nobody), 4)


def test_a_damaged_file_is_read_in_the_same_way_however_it_is_asked_for(clip):
    data = bytearray(clip.read_bytes())
    for position, size in packets(clip)[15:18]:
        data[position + 5:position + size] = b"\xff" * (size - 5)
    clip.write_bytes(data)
    exact, quick = sample(clip, 6), sample(clip, 6, exact=False)
    assert (quick.info, quick.indices) == (exact.info, exact.indices)


def test_reading_ends_when_its_time_is_up(clip):
    for exact in (True, False):
        with pytest.raises(TimeIsUp, match="longer than 1e-06 seconds"):
            sample(clip, 5, exact=exact, time_limit=1e-6)


def test_frames_too_large_to_hold_are_an_error(clip, monkeypatch):
    monkeypatch.setattr("dfdc_utils.faces.frames._MOST_BYTES", 10 * 64 * 48 * 3)
    assert len(sample(clip, 10).images) == 10
    with pytest.raises(UnreadableVideo, match="64 x 48 pixels are too large to hold"):
        sample(clip, 11)


@pytest.mark.parametrize(("matrix", "stored"), [
    ((-1, 0, 0, 1), np.fliplr), ((1, 0, 0, -1), np.flipud), ((0, 1, 1, 0), lambda image: image.swapaxes(0, 1)),
    # A hair off a right angle.
    ((1 / 65536, 1, -1, 1 / 65536), np.rot90),
])
def test_a_mirrored_clip_is_mirrored_back(tmp_path, matrix, stored):
    path = write_video(tmp_path / "selfie.mp4", [np.ascontiguousarray(stored(red_corner()))] * 3)
    path.write_bytes(_with_matrix(path.read_bytes(), *matrix))
    (image, *_) = sample(path, 3).images
    assert image.shape == red_corner().shape
    np.testing.assert_allclose(image.astype(int), red_corner().astype(int), atol=40)


def _with_matrix(data, a, b, c, d):
    """`data`, an mp4, with this matrix in the header of its first track."""
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    numbers = [a, b, 0, c, d, 0, 0, 0, 16384]
    return data[:at] + b"".join(round(n * 65536).to_bytes(4, "big", signed=True) for n in numbers) + data[at + 36:]


@pytest.mark.parametrize(("transfer", "level"), [("arib-std-b67", 721), ("smpte2084", 572)])
def test_the_white_of_hdr_is_white_and_its_dark_is_dark(tmp_path, transfer, level):
    path = tmp_path / "hdr.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx265", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p10le"
        stream.options = {"x265-params": f"colorprim=bt2020:transfer={transfer}:colormatrix=bt2020nc:log-level=none"}
        frame = av.VideoFrame(64, 64, "yuv420p10le")
        for plane, value in zip(frame.planes, (level, 512, 512), strict=True):
            rows = np.full((plane.height, plane.line_size // 2), value, np.uint16)
            if plane.width == 64:
                rows[:, 32:] = 64
            plane.update(rows.tobytes())
        for number in range(3):
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    (image, *_) = sample(path, 3).images
    assert image[20:40, 8:24].min() > 230
    assert image[20:40, 40:56].max() < 12


@pytest.mark.parametrize("matrix", [3, 8, 10, 14])
def test_a_colour_matrix_that_ffmpeg_refuses_costs_no_clip(tmp_path, matrix):
    path = write_video(tmp_path / "good.mp4", counted(4))
    odd = tmp_path / "odd.mp4"
    with av.open(str(path)) as source, av.open(str(odd), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        edit = BitStreamFilterContext(f"h264_metadata=matrix_coefficients={matrix}", source.streams.video[0], stream)
        for packet in source.demux(video=0):
            for edited in edit.filter(packet):
                if edited.size:
                    edited.stream = stream
                    target.mux(edited)
    images = sample(odd, 4).images
    assert len(images) == 4 and images[0].shape == (48, 64, 3)
