"""Files that are broken, that lie, or that are merely unusual, each with what should come of it.

Where there is a picture to be seen, it is the one of `walking_spot`: a bright square on dark noise, a pixel
further right in each of 48 frames. The outcomes hold for a detector of bright squares and a profile that
wants 20 frames.
"""

import os
import re
import struct
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from video_files import write_sound, write_video

FRAMES = 48
START, MIDDLE = 40, 32
"""Column of the square's centre in the first frame, and its row in all."""


@dataclass(frozen=True)
class Hostile:
    """One file, and what `extract_video` may say of it."""

    path: Path
    outcomes: frozenset[str]
    says: str
    """Regular expression that the reason matches, unless the outcome is ok."""
    shows_spot: bool
    """Whether all of `walking_spot` is in it, frame by frame."""


def walking_spot(count: int = FRAMES, height: int = 64, width: int = 112) -> list[np.ndarray]:
    """The noise is faint but hard to compress: packets are large enough to be broken in the middle."""
    noise = np.random.default_rng(0).integers(0, 40, (count, height, width, 3), dtype=np.uint8)
    for frame, image in enumerate(noise):
        image[MIDDLE - 10:MIDDLE + 10, START + frame - 10:START + frame + 10] = 240
    return list(noise)


class _Corpus:
    """Hands out paths in one folder, and remembers what should come of each."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: dict[str, Hostile] = {}

    def add(
        self, name: str, *outcomes: str, content: bytes | None = None, says: str = "", spot: bool = False
    ) -> Path:
        """Expects `outcomes` of the file `name`, which the caller writes unless its `content` is given."""
        path = self.folder / name
        if content is not None:
            path.write_bytes(content)
        self.files[name] = Hostile(path, frozenset(outcomes), says, spot)
        return path


def write_hostile(folder: Path) -> dict[str, Hostile]:
    """Writes all of them into `folder`. Returns them by name."""
    corpus = _Corpus(folder)
    images = walking_spot()
    # Index last, as an encoder writes it, and index first, as a website wants it.
    last = write_video(corpus.add("index_last.mp4", "ok", spot=True), images, sound=True).read_bytes()
    first = corpus.add("index_first.mp4", "ok", spot=True)
    write_video(first, images, options={"movflags": "faststart"})
    _no_videos(corpus)
    _not_files(corpus)
    _truncated(corpus, last, first.read_bytes())
    _misnamed(corpus, last, images)
    _lying_boxes(corpus, last)
    _lying_headers(corpus, last)
    _lying_tables(corpus, last)
    _broken_packets(corpus, first)
    _absurd_pictures(corpus, last, images)
    _changing_size(corpus, images)
    _odd_times(corpus, last, images)
    _turned(corpus, last, images)
    _formats(corpus, images)
    return corpus.files


def _no_videos(corpus: _Corpus) -> None:
    random = np.random.default_rng(1)
    no_video = "it is not a video"
    corpus.add("empty.mp4", "unreadable", content=b"", says="the file is empty")
    corpus.add("one_byte.mp4", "unreadable", content=b"\0", says=no_video)
    corpus.add("random_bytes.mp4", "unreadable", content=random.bytes(50_000), says=no_video)
    corpus.add("zero_bytes.mp4", "unreadable", content=bytes(50_000), says=no_video)
    corpus.add("text.mp4", "unreadable", content=b"This is not a video.\n" * 99, says=no_video)
    corpus.add("web_page.mp4", "unreadable", content=b"<!DOCTYPE html><p>404 Not Found</p>", says=no_video)
    picture = random.integers(0, 255, (64, 112, 3), dtype=np.uint8)
    for kind in ("jpg", "png"):
        corpus.add(f"{kind}.mp4", "unreadable", content=cv2.imencode(f".{kind}", picture)[1].tobytes())
    corpus.add("zip.mp4", "unreadable", content=b"PK\3\4" + random.bytes(5_000), says=no_video)
    write_sound(corpus.add("sound_only.mp4", "unreadable", says="only sound"))
    _write_cover(corpus.add("cover_picture_and_sound.mp4", "unreadable", says="only sound"))
    # Were one of these followed, it would be "ok": the file that they name is a good video.
    other = corpus.folder / "index_first.mp4"
    playlists = {
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:2,\n{other}\n#EXT-X-ENDLIST\n",
        "concat": f"ffconcat version 1.0\nfile '{other.name}'\n",
        "dash": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period>'
            f'<AdaptationSet mimeType="video/mp4"><Representation id="0"><BaseURL>{other}</BaseURL>'
            "</Representation></AdaptationSet></Period></MPD>"
        ),
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n"
               "a=rtpmap:96 H264/90000\n",
    }
    for kind, text in playlists.items():
        corpus.add(f"{kind}_playlist.mp4", "unreadable", content=text.encode())


def _not_files(corpus: _Corpus) -> None:
    good = corpus.folder / "index_first.mp4"
    corpus.add("folder.mp4", "unreadable", says="it is a folder").mkdir()
    corpus.add(f"{good.name}/below_a_file.mp4", "unreadable")
    corpus.add("never_there.mp4", "unreadable", says="no such file")
    corpus.add("link.mp4", "ok", spot=True).symlink_to(good.name)
    corpus.add("link_to_nowhere.mp4", "unreadable", says="no such file").symlink_to("gone.mp4")
    corpus.add("link_to_itself.mp4", "unreadable", says="FFmpeg says").symlink_to("link_to_itself.mp4")
    corpus.add("link_to_zeros.mp4", "unreadable", says="a pipe or a device").symlink_to("/dev/zero")
    if hasattr(os, "mkfifo"):
        os.mkfifo(corpus.add("pipe.mp4", "unreadable", says="a pipe or a device"))
    if hasattr(os, "geteuid"):
        root = os.geteuid() == 0  # who may read everything
        locked = corpus.add("locked.mp4", "ok" if root else "unreadable", says="may not read", spot=root)
        locked.write_bytes(good.read_bytes())
        locked.chmod(0)
    # A gigabyte that takes no place on the disk.
    with open(corpus.add("gigabyte_of_zeros.mp4", "unreadable", says="it is not a video"), "wb") as file:
        file.truncate(1 << 30)


def _truncated(corpus: _Corpus, last: bytes, first: bytes) -> None:
    for percent in range(5, 100, 10):
        corpus.add(
            f"index_last_cut_at_{percent}_percent.mp4", "unreadable", says="its index is missing",
            content=last[:len(last) * percent // 100],
        )
    index = first.index(b"mdat")
    corpus.add("index_first_cut_in_index.mp4", "unreadable", content=first[:index // 2])
    corpus.add("index_first_cut_after_index.mp4", "unreadable", content=first[:index + 4])
    # A quarter of the file holds too few frames, three quarters hold enough.
    for percent, outcomes in {25: ["too_short"], 50: ["ok", "too_short"], 75: ["ok"], 95: ["ok"]}.items():
        corpus.add(
            f"index_first_cut_at_{percent}_percent.mp4", *outcomes, says="frames; at least 20",
            content=first[:len(first) * percent // 100],
        )
    corpus.add("index_first_start_lost.mp4", "unreadable", content=first[len(first) // 3:])
    corpus.add("index_last_start_lost.mp4", "unreadable", content=last[len(last) // 3:])
    # Its sum of sizes is right: a copy that went wrong in the middle.
    half = len(first) // 2
    corpus.add("block_left_out.mp4", "ok", "too_short", content=first[:half] + first[half + 4096:])


def _misnamed(corpus: _Corpus, last: bytes, images: list[np.ndarray]) -> None:
    names = ["mp4_called.jpg", "mp4_called.txt", "mp4_called.m3u8", "mp4_called_nothing"]
    if os.name == "posix":
        names += ["-100%d ä\n'.mp4", "file:concat:a|b.mp4"]
    for name in names:
        corpus.add(name, "ok", content=last, spot=True)
    avi = write_video(corpus.folder / "scratch.avi", images, codec="mpeg4")
    avi.rename(corpus.add("avi_called.mp4", "ok", spot=True))
    if sys.platform == "linux":
        # A name from a disk whose names are Latin-1; Python gives the byte back as a lone surrogate.
        latin = corpus.folder / os.fsdecode(b"caf\xe9.mp4")
        latin.write_bytes(last)
        corpus.files["name_not_utf8.mp4"] = Hostile(latin, frozenset({"ok"}), "", True)


def _lying_boxes(corpus: _Corpus, last: bytes) -> None:
    """Boxes of an mp4 that are missing, that end elsewhere than they say, or that never end."""
    moov = last.rindex(b"moov") - 4
    mdat = last.index(b"mdat") - 4
    corpus.add("no_index.mp4", "unreadable", says="its index is missing", content=last[:moov])
    corpus.add("index_called_skip.mp4", "unreadable", content=last.replace(b"moov", b"skip"))
    # FFmpeg knows programs that leave the index in a box called free, and looks there.
    corpus.add("index_called_free.mp4", "ok", content=last.replace(b"moov", b"free"), spot=True)
    corpus.add("no_sample_sizes.mp4", "unreadable", content=last.replace(b"stsz", b"free"))
    corpus.add("no_sample_description.mp4", "unreadable", content=last.replace(b"stsd", b"free"))
    corpus.add("no_chunk_offsets.mp4", "unreadable", content=last.replace(b"stco", b"free"))
    corpus.add("unknown_codec.mp4", "unreadable", content=last.replace(b"avc1", b"zzzz"))
    corpus.add("no_decoder_configuration.mp4", "unreadable", content=last.replace(b"avcC", b"free"))
    for name, size in {"largest": 0xFFFFFFFF, "negative": 0x80000000, "three": 3, "seven": 7}.items():
        # Of the last box, all that counts is where it begins; one must have room for its own head.
        outcome = "ok" if size > 7 else "unreadable"
        corpus.add(f"index_size_{name}.mp4", outcome, content=_put(last, moov, ">I", size))
        corpus.add(f"picture_size_{name}.mp4", "unreadable", content=_put(last, mdat, ">I", size))
        # Of the sound, so that the picture can do without.
        table = last.rindex(b"stsd") - 4
        corpus.add(f"sound_table_size_{name}.mp4", "ok", content=_put(last, table, ">I", size), spot=True)
    long = struct.pack(">I4sq", 1, b"free", -1)
    corpus.add("box_of_negative_64_bits.mp4", "unreadable", content=last[:mdat] + long + last[mdat:])
    nested = b""
    for _ in range(5000):
        nested = _box(b"moov", nested)
    corpus.add("boxes_in_boxes.mp4", "unreadable", content=last[:mdat] + nested)
    corpus.add("many_empty_boxes.mp4", "ok", content=last + _box(b"moov", b"") * 50_000, spot=True)


def _lying_headers(corpus: _Corpus, last: bytes) -> None:
    """Sizes and times in an mp4's headers that are not those of its picture."""
    def track(width: int, height: int) -> bytes:
        return _edited(last, b"tkhd", lambda body: _put(body, 76, ">2I", width << 16, height << 16))

    def entry(width: int, height: int) -> bytes:
        return _edited(last, b"avc1", lambda body: _put(body, 24, ">2H", width, height))

    # What counts is the picture, not what is said of it.
    corpus.add("track_twice_as_large.mp4", "ok", spot=True, content=track(224, 128))
    corpus.add("track_of_no_size.mp4", "ok", spot=True, content=track(0, 0))
    corpus.add("entry_twice_as_large.mp4", "ok", spot=True, content=entry(224, 128))
    corpus.add("entry_of_no_size.mp4", "ok", spot=True, content=entry(0, 0))
    corpus.add("entry_of_one_pixel.mp4", "ok", spot=True, content=entry(1, 1))
    corpus.add("entry_absurdly_large.mp4", "ok", spot=True, content=entry(65535, 65535))
    latin = _box(b"udta", _box(b"\xa9nam", struct.pack(">HH", 4, 0) + b"\xff\xfe\xe9\x80"))
    titled = _edited(last, b"moov", lambda body: body + latin)
    corpus.add("title_not_utf8.mp4", "ok", spot=True, content=titled)


def _lying_tables(corpus: _Corpus, last: bytes) -> None:
    """Sample tables of an mp4 that count or point beyond what is there."""
    def table(box: bytes, place: int, form: str, *values) -> bytes:
        return _edited(last, box, lambda body: _put(body, place, form, *values), first_only=True)

    corpus.add("sample_count_largest.mp4", "unreadable", content=table(b"stsz", 8, ">I", 0xFFFFFFFF))
    corpus.add("sample_count_a_million.mp4", "unreadable", content=table(b"stsz", 8, ">I", 1_000_000))
    corpus.add("sample_count_one.mp4", "too_short", content=table(b"stsz", 8, ">I", 1))
    corpus.add("sample_count_none.mp4", "unreadable", content=table(b"stsz", 8, ">I", 0))
    corpus.add("all_samples_one_byte.mp4", "unreadable", content=table(b"stsz", 4, ">2I", 1, 1_000_000))
    corpus.add("all_samples_a_gigabyte.mp4", "unreadable", content=table(b"stsz", 4, ">2I", 1 << 30, FRAMES))
    each = f">{FRAMES}I"
    huge = [1 << 28] * FRAMES
    corpus.add("sizes_beyond_the_end.mp4", "unreadable", content=table(b"stsz", 12, each, *huge))
    corpus.add("sizes_of_nothing.mp4", "unreadable", content=table(b"stsz", 12, each, *[0] * FRAMES))
    beyond = _edited(
        last, b"stco", lambda body: body[:8] + b"\x7f\xff\xff\xff" * (len(body[8:]) // 4), first_only=True
    )
    corpus.add("offsets_beyond_the_end.mp4", "unreadable", content=beyond)
    # The first chunk is the first twelve frames or fewer; the others are where they should be.
    corpus.add("first_offset_beyond_the_end.mp4", "ok", content=table(b"stco", 8, ">I", 0x7FFFFFFF))
    corpus.add("offset_count_largest.mp4", "ok", content=table(b"stco", 4, ">I", 0xFFFFFFFF), spot=True)
    corpus.add("time_count_largest.mp4", "unreadable", content=table(b"stts", 4, ">I", 0xFFFFFFFF))
    corpus.add("chunk_count_largest.mp4", "unreadable", content=table(b"stsc", 4, ">I", 0xFFFFFFFF))
    corpus.add("chunks_of_two_billion.mp4", "too_short", content=table(b"stsc", 12, ">I", 0x7FFFFFFF))


def _broken_packets(corpus: _Corpus, good: Path) -> None:
    random = np.random.default_rng(2)
    data = good.read_bytes()
    packets = _packets(good)

    def broken(which: Iterable[int], fill: Callable[[int], bytes], skip: int = 5) -> bytes:
        spoilt = bytearray(data)
        for position, size in (packets[number] for number in which):
            spoilt[position + skip:position + size] = fill(size - skip)
        return bytes(spoilt)

    # A key frame every twelve: three packets cost at most the rest of their twelve.
    corpus.add("three_packets_random.mp4", "ok", content=broken(range(15, 18), random.bytes))
    corpus.add("three_packets_zero.mp4", "ok", content=broken(range(15, 18), bytes))
    corpus.add("three_packets_zero_lengths_too.mp4", "ok", content=broken(range(15, 18), bytes, skip=0))
    corpus.add("first_packet_random.mp4", "ok", content=broken([0], random.bytes))
    corpus.add("last_packet_random.mp4", "ok", content=broken([FRAMES - 1], random.bytes))
    few = {"unreadable", "too_short"}
    corpus.add("key_frames_random.mp4", *few, content=broken(range(0, FRAMES, 12), random.bytes))
    corpus.add("every_other_packet_random.mp4", *few, content=broken(range(1, FRAMES, 2), random.bytes))
    corpus.add("every_packet_random.mp4", *few, content=broken(range(FRAMES), random.bytes, skip=0))
    corpus.add(
        "every_packet_zero.mp4", "unreadable", says=f"none of its {FRAMES} packets",
        content=broken(range(FRAMES), bytes, skip=0),
    )
    flipped = np.frombuffer(data, np.uint8).copy()
    start = data.index(b"mdat") + 4
    flipped[random.integers(start, len(data), 20)] ^= 1 << 4
    corpus.add("twenty_bits_flipped.mp4", "ok", "too_short", "unreadable", content=flipped.tobytes())


def _absurd_pictures(corpus: _Corpus, last: bytes, images: list[np.ndarray]) -> None:
    """Sizes that the stream itself declares, in a file of a few kilobytes."""
    raw = write_video(corpus.add("raw.h264", "ok", spot=True), images).read_bytes()
    small = write_video(corpus.folder / "scratch.h264", images[:4]).read_bytes()
    (corpus.folder / "scratch.h264").unlink()
    for side in (65520, 16000):
        absurd = _resized_stream(raw, side)
        corpus.add(f"h264_of_{side}_pixels.h264", "unreadable", content=absurd)
        # Where the larger size is refused out of hand, FFmpeg goes on with the smaller, the right one.
        few = absurd[:absurd.index(b"\0\0\0\1\x01") + 9000]
        corpus.add(f"h264_grows_to_{side}_pixels.h264", "too_short", content=small + few)
        # Its header says 112 x 64.
        content = _edited(last, b"avcC", lambda body, side=side: _resized_configuration(body, side))
        corpus.add(f"header_hides_{side}_pixels.mp4", "unreadable", content=content)
    webm = write_video(corpus.folder / "scratch.webm", images, codec="libvpx-vp9")
    data = bytearray(webm.read_bytes())
    webm.unlink()
    for side in (65536, 16000):
        # The size follows the sync code and four bits on colour.
        at = data.index(b"\x49\x83\x42") + 3
        bits = int.from_bytes(data[at:at + 5], "big") & ~(0xFFFFFFFF << 4)
        data[at:at + 5] = (bits | ((side - 1) << 16 | side - 1) << 4).to_bytes(5, "big")
        corpus.add(f"vp9_of_{side}_pixels.webm", "unreadable", "too_short", content=bytes(data))
    gif = write_video(corpus.folder / "scratch.gif", images, codec="gif", pixel_format="rgb8")
    data = gif.read_bytes()
    gif.unlink()
    for side in (65535, 16000):
        corpus.add(f"gif_of_{side}_pixels.gif", "unreadable", content=_put(data, 6, "<2H", side, side))
    wide = [np.zeros((2, 4096, 3), np.uint8)] * 24
    write_video(corpus.add("two_rows.mkv", "no_face"), wide, codec="ffv1", pixel_format="yuv444p")
    dot = [np.zeros((1, 1, 3), np.uint8)] * 24
    write_video(corpus.add("one_pixel.mkv", "no_face"), dot, codec="ffv1", pixel_format="yuv444p")


def _changing_size(corpus: _Corpus, images: list[np.ndarray]) -> None:
    """Two videos of different sizes, one after the other in one stream."""
    half = [image[8:56, :96] for image in images]
    for ending in ("h264", "ts"):
        scratch = corpus.folder / f"scratch.{ending}"
        parts = [write_video(scratch, part).read_bytes() for part in (images, half)]
        scratch.unlink()
        corpus.add(f"size_changes.{ending}", "ok", content=b"".join(parts))


def _odd_times(corpus: _Corpus, last: bytes, images: list[np.ndarray]) -> None:
    write_video(corpus.add("one_frame.mp4", "too_short", says="^1 frame; at least 20"), images[:1])
    for rate in (24, 60):
        write_video(corpus.add(f"rate_{rate}.mp4", "ok", spot=True), images, rate=rate)
    write_video(corpus.add("rate_29.97.mp4", "ok", spot=True), images, rate=Fraction(30000, 1001))
    times = np.cumsum(np.random.default_rng(3).integers(1, 90, FRAMES)).tolist()
    write_video(corpus.add("variable_rate.mkv", "ok", spot=True), images, times=times)
    late = [10**12 + 33 * index for index in range(FRAMES)]
    write_video(corpus.add("begins_in_thirty_years.mkv", "ok", spot=True), images, times=late)
    # Without its edit list, which would end it after the time it took when its times were right.
    endless = last.replace(b"elst", b"free")
    timeless = endless
    for box in (b"mvhd", b"mdhd"):
        timeless = _edited(timeless, box, lambda body: _put(body, 16, ">I", 0))
    timeless = _edited(timeless, b"tkhd", lambda body: _put(body, 20, ">I", 0))
    corpus.add("durations_zero.mp4", "ok", spot=True, content=timeless)
    still = _edited(timeless, b"stts", lambda body: _put(body, 4, ">3I", 1, FRAMES, 0), first_only=True)
    corpus.add("all_times_equal.mp4", "ok", spot=True, content=still.replace(b"ctts", b"free"))
    scale = _edited(endless, b"mdhd", lambda body: _put(body, 12, ">I", 0))
    corpus.add("time_scale_zero.mp4", "ok", spot=True, content=scale)
    for name, step in {"a_frame_in_two_days": 0x7FFFFFFF, "time_runs_backwards": 0xFFFFFF00}.items():
        times = struct.pack(">3I", 1, FRAMES, step)
        steps = _edited(endless, b"stts", lambda body, times=times: body[:4] + times + body[16:], first_only=True)
        corpus.add(f"{name}.mp4", "ok", content=steps)
    edit = _edited(last, b"elst", lambda body: _put(body, 8, ">Ii", 1000, 0x7FFFFFFF), first_only=True)
    corpus.add("edit_list_beyond_the_end.mp4", "unreadable", content=edit)


def _turned(corpus: _Corpus, last: bytes, images: list[np.ndarray]) -> None:
    """Matrices in the track header; a camera stores the picture turned, and players turn it back."""
    upright = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
    for degrees, matrix in upright.items():
        path = corpus.add(f"turned_by_{degrees}.mp4", "ok", spot=True)
        data = write_video(path, [np.rot90(image, degrees // 90) for image in images]).read_bytes()
        path.write_bytes(_edited(data, b"tkhd", lambda body, matrix=matrix: _with_matrix(body, *matrix)))
    odd = {"zero": (0, 0, 0, 0), "by_45": (0.7, 0.7, -0.7, 0.7), "flat": (1, 0, 0, 0), "huge": (32767,) * 4}
    for name, matrix in odd.items():
        content = _edited(last, b"tkhd", lambda body, matrix=matrix: _with_matrix(body, *matrix))
        # No camera is held like that: the picture stays as it is stored.
        corpus.add(f"matrix_{name}.mp4", "ok", content=content, spot=True)


def _formats(corpus: _Corpus, images: list[np.ndarray]) -> None:
    """Sound videos of every kind that PyAV can write, and some of them broken."""
    kinds = [
        ("vp8.webm", "libvpx", "yuv420p"),
        ("vp9.webm", "libvpx-vp9", "yuv420p"),
        ("vp9.mp4", "libvpx-vp9", "yuv420p"),
        ("vp9_alpha.webm", "libvpx-vp9", "yuva420p"),
        ("av1.mp4", "libsvtav1", "yuv420p"),
        ("av1_ten_bit.mkv", "libsvtav1", "yuv420p10le"),
        ("hevc.mp4", "libx265", "yuv420p"),
        ("hevc_ten_bit.mkv", "libx265", "yuv420p10le"),
        ("h264_ten_bit.mp4", "libx264", "yuv420p10le"),
        ("h264_444.mp4", "libx264", "yuv444p"),
        ("h264_grey.mp4", "libx264", "gray"),
        ("h264_grey_ten_bit.mp4", "libx264", "gray10le"),
        ("h264.mov", "libx264", "yuv420p"),
        ("h264.flv", "libx264", "yuv420p"),
        ("h264.ts", "libx264", "yuv420p"),
        ("mpeg4.avi", "mpeg4", "yuv420p"),
        ("mpeg4.mp4", "mpeg4", "yuv420p"),
        ("mpeg2.mpg", "mpeg2video", "yuv420p"),
        ("wmv.asf", "wmv2", "yuv420p"),
        ("mjpeg.avi", "mjpeg", "yuvj420p"),
        ("mjpeg.mp4", "mjpeg", "yuvj444p"),
        ("gif.gif", "gif", "rgb8"),
        ("png_alpha.mov", "png", "rgba"),
        ("ffv1_alpha.mkv", "ffv1", "bgra"),
        ("ffv1_sixteen_bit.mkv", "ffv1", "gray16le"),
        ("prores.mov", "prores_ks", "yuv422p10le"),
    ]
    for name, codec, pixel_format in kinds:
        if codec in av.codecs_available:
            path = corpus.add(name, "ok", spot=True)
            write_video(path, images, codec=codec, pixel_format=pixel_format)
    odd = [image[:61, :111] for image in images]
    write_video(corpus.add("odd_size.mp4", "ok", spot=True), odd, pixel_format="yuv444p")
    write_video(corpus.add("odd_size.mkv", "ok", spot=True), odd, codec="ffv1", pixel_format="yuv420p")
    pieces = {"movflags": "frag_keyframe+empty_moov"}
    data = write_video(corpus.add("in_fragments.mp4", "ok", spot=True), images, options=pieces).read_bytes()
    corpus.add("in_fragments_cut_at_75_percent.mp4", "ok", content=data[:len(data) * 3 // 4])
    for name in ("mpeg4.avi", "variable_rate.mkv", "vp9.webm", "h264.ts"):
        data = corpus.files[name].path.read_bytes()
        stem, ending = name.split(".")
        corpus.add(f"{stem}_cut_at_90_percent.{ending}", "ok", content=data[:len(data) * 9 // 10])
        corpus.add(f"{stem}_cut_at_300_bytes.{ending}", "unreadable", content=data[:300])
        half, random = len(data) // 2, np.random.default_rng(4).bytes(2000)
        spoilt = data[:half] + random + data[half + 2000:]
        corpus.add(f"{stem}_middle_random.{ending}", "ok", "too_short", content=spoilt)


def _write_cover(path: Path) -> None:
    """Sound with a picture on its cover, as music has it."""
    write_sound(path)
    cover = cv2.imencode(".jpg", np.full((64, 64, 3), 200, np.uint8))[1].tobytes()
    data = struct.pack(">II", 13, 0) + cover
    items = _box(b"ilst", _box(b"covr", _box(b"data", data)))
    handler = _box(b"hdlr", struct.pack(">II4s4sII", 0, 0, b"mdir", b"appl", 0, 0) + b"\0")
    extra = _box(b"udta", _box(b"meta", bytes(4) + handler + items))
    path.write_bytes(_edited(path.read_bytes(), b"moov", lambda body: body + extra))


def _packets(path: Path) -> list[tuple[int, int]]:
    """Place and size of each packet of the picture, in the order of the file."""
    with av.open(str(path)) as container:
        return sorted((packet.pos, packet.size) for packet in container.demux(video=0) if packet.size)


def _put(data: bytes, place: int, form: str, *values) -> bytes:
    """`data` with `values`, in the form of `struct`, written over what is at `place`."""
    end = place + struct.calcsize(form)
    return data[:place] + struct.pack(form, *values) + data[end:]


def _with_matrix(body: bytes, a: float, b: float, c: float, d: float) -> bytes:
    a, b, c, d = (round(value * 65536) for value in (a, b, c, d))
    return _put(body, 40, ">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)


# Boxes of an mp4 that hold boxes, and the bytes that come before them.
_PARENTS = {
    b"moov": 0, b"trak": 0, b"mdia": 0, b"minf": 0, b"stbl": 0, b"edts": 0, b"stsd": 8, b"avc1": 78,
}


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _edited(data: bytes, kind: bytes, change: Callable[[bytes], bytes], *, first_only: bool = False) -> bytes:
    """An mp4 whose boxes called `kind` have a changed body; the sizes of all boxes are right.

    Where the index is last, offsets into the picture stay right too. With `first_only`, the boxes of other
    tracks than the first, which is the picture's, stay as they are.
    """
    done = False

    def boxes(data: bytes) -> bytes:
        nonlocal done
        edited = []
        while data:
            size, name = struct.unpack_from(">I4s", data)
            body, data = data[8:size], data[size:]
            if name in _PARENTS:
                head = _PARENTS[name]
                body = body[:head] + boxes(body[head:])
            if name == kind and not (done and first_only):
                body, done = change(body), True
            edited.append(_box(name, body))
        return b"".join(edited)

    edited = boxes(data)
    assert done, kind
    return edited


def _resized_stream(stream: bytes, side: int) -> bytes:
    """A raw H.264 stream that declares pictures of `side` x `side` pixels."""
    units = re.split(rb"\x00\x00\x00?\x01", stream)
    # Units of kind 7 are the sequence parameter sets.
    changed = [_resized_parameters(unit, side) if unit[0] & 31 == 7 else unit for unit in units if unit]
    return b"".join(b"\0\0\0\1" + unit for unit in changed)


def _resized_configuration(body: bytes, side: int) -> bytes:
    """As `_resized_stream`, for the decoder configuration of an mp4."""
    length, = struct.unpack_from(">H", body, 6)
    parameters = _resized_parameters(body[8:8 + length], side)
    return body[:6] + struct.pack(">H", len(parameters)) + parameters + body[8 + length:]


def _resized_parameters(unit: bytes, side: int) -> bytes:
    """The sequence parameter set of x264 with another size (H.264, section 7.3.2.1.1)."""
    plain = unit.replace(b"\0\0\3", b"\0\0")
    bits = "".join(f"{byte:08b}" for byte in plain)
    at = 32

    def number() -> int:
        nonlocal at
        zeros = bits.index("1", at) - at
        start, at = at + zeros, at + 2 * zeros + 1
        return int(bits[start:at], 2) - 1

    number()
    if plain[1] == 100:  # profile High: chroma format, two depths, two flags
        number(), number(), number()
        at += 2
    number()
    if number() == 0:  # picture order by its low bits, of which this is the count
        number()
    number()
    at += 1
    start = at
    number(), number()
    code = f"{side // 16:b}"
    code = "0" * (len(code) - 1) + code
    bits = bits[:start] + code * 2 + bits[at:].rstrip("0")
    bits += "0" * (-len(bits) % 8)
    changed = int(bits, 2).to_bytes(len(bits) // 8, "big")
    # Three zeros in a row would be taken for the start of the next unit.
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\0\0\3", changed)
