"""Reads video files: what is in them, some evenly spaced frames, or frame after frame. A JPEG is one frame.

Colour is converted here, once: everything that leaves this file is RGB uint8, height x width x 3, and
upright, however the camera was held.
"""

import contextlib
import math
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

# FFmpeg also opens playlists and scripts that name further files and addresses; a video has no need of those.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,h264,hevc,asf,ogg,gif"
# A JPEG is a video of one frame, but only under its own name: what is called mp4 and is none is broken.
_PICTURE = "jpeg_pipe"
# Types of the units in an H.264 packet (Table 7-1).
_SLICES, _PARAMETERS = (1, 2, 5), (7, 8)
_MOST_PIXELS = 8192 * 8192
_MOST_BYTES = 3 << 30
"""Of the frames of one video that are held at a time: thirty of 8K, the largest there is, would need that."""


class UnreadableVideo(Exception):
    """A file that holds no video that can be decoded. Its text names the file, the cause and a way out.

    Attributes:
        path: the file.
        cause: why it cannot be read, without the path: what the video account keeps.
    """

    def __init__(self, path: str | Path, cause: str, way_out: str):
        # All arguments go to Exception, so that it survives the way back from a worker process.
        super().__init__(str(path), cause, way_out)
        self.path, self.cause, self.way_out = str(path), cause, way_out

    def __str__(self) -> str:
        return f"Cannot read {self.path}: {self.cause}. {self.way_out}"


class TimeIsUp(UnreadableVideo):
    """Reading a video took longer than it was allowed to."""


@dataclass(frozen=True, kw_only=True)
class VideoInfo:
    """What is in a video file, measured from its packets rather than believed from its header."""

    path: str
    size_bytes: int
    width: int
    """Of the upright picture, in pixels."""
    height: int
    rotation: int
    """Degrees by which the stored picture is turned anticlockwise to be upright: 0, 90, 180 or 270."""
    frames: int
    """Video packets in the file; after decoding (`sample`), the frames that came out of them intact."""
    rate: float
    """Mean frames per second; NaN where a file has no times."""
    seconds: float
    """Length of the picture; 0.0 where a file has no times."""
    codec: str
    pixel_format: str
    bit_rate: float
    """Of the picture alone, in bits per second; NaN where a file has no times."""
    audio_codec: str | None

    @classmethod
    def from_path(cls, path: str | Path) -> "VideoInfo":
        """Looks into `path`, decoding no more than its first frame. Raises UnreadableVideo."""
        forever = _Deadline(path, math.inf)
        with _opened(path) as (container, stream):
            scan = _scan(container, stream, forever)
        with _opened(path) as (container, stream):
            for frame in _decoded(container, stream, forever):
                return _info(path, container, stream, frame, scan)
        raise _nothing_decodes(path, scan.packets)


@dataclass(frozen=True, kw_only=True)
class Frames:
    """Frames of one video, in order."""

    info: VideoInfo
    indices: list[int]
    """Place of each frame in the video, from 0."""
    seconds: list[float]
    """Time of each frame from the first."""
    images: list[np.ndarray]
    """RGB uint8, height x width x 3."""


def sample(
    path: str | Path, count: int, *, exact: bool = True, threads: int = 0, time_limit: float = math.inf
) -> Frames:
    """At most `count` evenly spaced frames of `path`, first and last among them.

    A video with fewer frames gives each of them once. The whole file is decoded, in order: DFDC clips have a
    key frame or two in ten seconds, so seeking would decode most of it several times. A damaged packet costs
    the frames up to the next key frame, and the spacing is that of the frames that are left.

    Args:
        path: a video file.
        count: frames wanted, at least 1.
        exact: False takes the nearest frames on which others depend, one or two away from the even spacing.
            The rest, about half of the frames in an ordinary mp4 file of H.264, is then not decoded at all.
            Other formats and damaged files are read as if it were True.
        threads: of the decoder; 0 is one a core, right for one video at a time.
        time_limit: seconds for all of it.

    Raises:
        UnreadableVideo: no frame can be decoded, or the frames are too large to be held.
        TimeIsUp: it took too long.
    """
    deadline = _Deadline(path, time_limit)
    with _opened(path, deadline=deadline) as (container, stream):
        scan = _scan(container, stream, deadline)
    found = None if exact or not scan.references else _sample_references(path, count, threads, scan, deadline)
    return found or _sample_all(path, count, threads, scan, deadline)


def _sample_all(path, count: int, threads: int, scan: "_Scan", deadline: "_Deadline") -> Frames:
    """Counts the frames as they come out of the decoder."""
    expected = scan.packets
    while True:
        wanted = set(spread(expected, count).tolist())
        picked, decoded = _Picked(path, threads), 0
        with _opened(path, threads, deadline) as (container, stream):
            for frame in _decoded(container, stream, deadline):
                if not decoded:
                    info = _info(path, container, stream, frame, scan)
                    start = frame.time
                if decoded in wanted:
                    picked.add(decoded, _seconds(frame, start, decoded, info), frame)
                decoded += 1
        if not decoded:
            raise _nothing_decodes(path, scan.packets)
        # Fewer frames than packets: the file is damaged, and what was picked is not evenly spaced. Once more,
        # over what there is; never a third time, for then a frame more or less changes nothing.
        if decoded == expected or expected != scan.packets:
            break
        expected = decoded
    return picked.frames(VideoInfo(**{**vars(info), "frames": decoded}))


def _sample_references(path, count: int, threads: int, scan: "_Scan", deadline: "_Deadline") -> Frames | None:
    """Frames on which others depend, told apart by their times. None where anything is damaged.

    The others are kept from the decoder altogether. Told to skip them (`skip_frame`) it is a third slower: its
    threads take packets in turns, and those that got one to skip idle.
    """
    wanted = spread(scan.packets, count).tolist()
    place_of = {moment: place for place, moment in enumerate(scan.times)}
    # FFmpeg may keep silent about a frame that it cannot decode, so each of them must come.
    missing = set(scan.references)
    picked, before = _Picked(path, threads), None
    with _opened(path, threads, deadline) as (container, stream):
        prefix, info = _length_prefix(stream), None
        try:
            for packet in container.demux(stream):
                deadline.check()
                if packet.size and not _is_reference(packet, prefix):
                    continue
                for frame in packet.decode():
                    place = place_of.get(frame.pts)
                    if frame.is_corrupt or place is None:
                        return None
                    missing.discard(frame.pts)
                    if info is None:
                        info = _info(path, container, stream, frame, scan)
                        start = frame.time
                    # The wanted places between the frame before and this one go to the nearer of the two.
                    while wanted and wanted[0] <= place:
                        target = wanted.pop(0)
                        nearer = before if before and target - before[0] < place - target else (place, frame)
                        picked.add(nearer[0], _seconds(nearer[1], start, nearer[0], info), nearer[1])
                    before = place, frame
        except av.error.FFmpegError:
            return None
        if missing:
            return None
        if wanted:
            picked.add(before[0], _seconds(before[1], start, before[0], info), before[1])
    return picked.frames(info)


def iterate(
    path: str | Path, *, start: int = 0, stop: int | None = None, stride: int = 1
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yields (index, seconds, RGB uint8 image) of every `stride`-th frame from `start` to before `stop`.

    Raises UnreadableVideo where the file cannot be opened; ends early where it is damaged.

    Example:
        >>> for index, seconds, image in iterate("clip.mp4", stride=30): ...
    """
    forever = _Deadline(path, math.inf)
    with _opened(path) as (container, stream):
        scan = _scan(container, stream, forever)
    with _opened(path, threads=0) as (container, stream):
        to_rgb = _Converter(threads=0)
        for index, frame in enumerate(_decoded(container, stream, forever)):
            if stop is not None and index >= stop:
                return
            if index == 0:
                info = _info(path, container, stream, frame, scan)
                first = frame.time
            if index >= start and (index - start) % stride == 0:
                yield index, _seconds(frame, first, index, info), to_rgb(frame)


def spread(total: int, count: int) -> np.ndarray:
    """At most `count` evenly spaced, distinct, rising indices out of `range(total)`, both ends included."""
    return np.unique(np.linspace(0, total - 1, num=min(count, total)).round().astype(int))


class _Deadline:
    """The moment by which a video must have been read."""

    def __init__(self, path: str | Path, seconds: float):
        self._path, self._seconds, self._end = path, seconds, time.monotonic() + seconds

    @property
    def left(self) -> float | None:
        """Seconds until then, as FFmpeg wants them; None for ever."""
        return None if math.isinf(self._seconds) else max(self._end - time.monotonic(), 0.001)

    def error(self) -> TimeIsUp:
        cause = f"reading it took longer than {self._seconds:g} seconds"
        return TimeIsUp(self._path, cause, "Is its disk slow? Allow it more time, or leave it out.")

    def check(self) -> None:
        if time.monotonic() > self._end:
            raise self.error()


@contextlib.contextmanager
def _opened(path: str | Path, threads: int = 1, deadline: _Deadline | None = None) -> Iterator[tuple]:
    """The container at `path` and its first moving picture; FFmpeg's errors become UnreadableVideo."""
    path = Path(path)
    timeout = deadline.left if deadline else None
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableVideo(path, "it is a folder", "Name the video files in it.")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableVideo(path, "it is a pipe or a device", "Name a file.")
        if status.st_size == 0:
            raise UnreadableVideo(path, "the file is empty", "Download or copy it again.")
        # The second also for what FFmpeg decodes while it finds out what kind of file it has.
        # Left to choose, FFmpeg may take a picture's name for a pattern that many pictures fit.
        picture = _PICTURE if _is_jpeg(path) else None
        options = {"format_whitelist": picture or _CONTAINERS, "max_pixels": str(_MOST_PIXELS)}
        with av.open(
            str(path.resolve()), format=picture, options=options, metadata_errors="replace", timeout=timeout
        ) as container:
            pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not pictures:
                raise UnreadableVideo(path, "it has no picture, only sound or data", "Is it the right file?")
            stream = pictures[0]
            if stream.codec_context is None:
                raise UnreadableVideo(path, "there is no decoder for its codec", "Convert it to H.264.")
            if stream.codec_context.width * stream.codec_context.height > _MOST_PIXELS:
                raise UnreadableVideo(path, "its header declares an absurd frame size", "Download it again.")
            # A picture may grow in the middle of a file.
            stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            yield container, stream
    except av.error.ExitError:
        # FFmpeg itself was stopped in the middle of a call. Only a deadline stops it.
        raise deadline.error() from None
    except FileNotFoundError:
        way_out = "Check the path, or the link it leads through."
        raise UnreadableVideo(path, "there is no such file", way_out) from None
    except PermissionError:
        raise UnreadableVideo(path, "this user may not read it", "Change its permissions.") from None
    except (av.error.InvalidDataError, av.error.EOFError):
        cause = "it is not a video, or its index is missing, as after a download that broke off"
        raise UnreadableVideo(path, cause, "Download or copy it again.") from None
    except av.error.ArgumentError:
        cause = "it is in none of the formats that are read here"
        raise UnreadableVideo(path, cause, "Is it a video? Convert it to H.264 in mp4.") from None
    except (av.error.FFmpegError, OSError) as error:
        cause = f"FFmpeg says: {error.strerror}"
        raise UnreadableVideo(path, cause, "Try to play it; download it again.") from error


def _is_jpeg(path: Path) -> bool:
    if path.suffix.lower() not in (".jpg", ".jpeg"):
        return False
    with open(path, "rb") as file:
        return file.read(3) == b"\xff\xd8\xff"


@dataclass(frozen=True, kw_only=True)
class _Scan:
    packets: int
    times: list[int]
    """Of the packets, rising, in the stream's units."""
    references: list[int]
    """Times of the frames on which others depend; none where that, or any time, is not known for certain."""
    seconds: float
    bits: int


def _scan(container, stream, deadline: _Deadline) -> _Scan:
    """Counts the packets of the picture without decoding them: headers lie, and this takes milliseconds."""
    times, references, end, bits = [], [], None, 0
    prefix = _length_prefix(stream)
    for packet in _packets(container, stream, deadline):
        if packet.size and not packet.is_discard:
            bits += packet.size * 8
            times.append(packet.pts)
            if prefix and _is_reference(packet, prefix):
                references.append(packet.pts)
            if packet.pts is not None:
                ends = packet.pts + (packet.duration or 0)
                end = ends if end is None else max(end, ends)
    known = sorted(moment for moment in times if moment is not None)
    return _Scan(
        packets=len(times),
        times=known,
        references=references if len(set(known)) == len(times) else [],
        # Where all times are the same, there are none to speak of.
        seconds=float((end - known[0]) * stream.time_base) if len(set(known)) > 1 or len(known) == 1 else 0.0,
        bits=bits,
    )


def _length_prefix(stream) -> int:
    """Bytes of the length before each unit of an H.264 packet, as mp4 files have them (ISO 14496-15, 5.3.3.1).

    0 where the stream is of another kind."""
    header = stream.codec_context.extradata
    known = stream.codec_context.name == "h264" and header and len(header) > 6 and header[0] == 1
    return (header[4] & 3) + 1 if known else 0


def _is_reference(packet, prefix: int) -> bool:
    """Whether others depend on what is in an H.264 packet: on its frame, by `nal_ref_idc` of the slices (H.264,
    7.4.1), or on new parameters before it."""
    content, at = memoryview(packet), 0
    while at + prefix < len(content):
        length, unit = int.from_bytes(content[at:at + prefix]), content[at + prefix]
        if unit & 31 in _PARAMETERS:
            return True
        if unit & 31 in _SLICES:
            return bool(unit & 0b1100000)
        at += prefix + length
    return False


def _packets(container, stream, deadline: _Deadline) -> Iterator:
    """The packets of `stream` up to the end of the file or of what can be read of it."""
    try:
        for packet in container.demux(stream):
            deadline.check()
            yield packet
    except av.error.ExitError:
        raise
    except av.error.FFmpegError:
        return


def _decoded(container, stream, deadline: _Deadline) -> Iterator:
    """The intact frames of `stream`, in order.

    After a damaged packet FFmpeg goes on and paints over the gap; such frames look forged without being
    fakes. So nothing is yielded from there to the next key frame, which depends on nothing before it.
    """
    intact = True
    for packet in _packets(container, stream, deadline):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            intact = False
            continue
        for frame in frames:
            intact = (intact or frame.key_frame) and not frame.is_corrupt
            if intact:
                yield frame


def _info(path: str | Path, container, stream, frame, scan: _Scan) -> VideoInfo:
    width, height = frame.width, frame.height
    rotation = _rotation(frame)
    if rotation in (90, 270):
        width, height = height, width
    # FFmpeg gives a picture a twenty-fifth of a second.
    timed = scan.seconds > 0 and container.format.name != _PICTURE
    audio = container.streams.audio
    return VideoInfo(
        path=str(path),
        size_bytes=Path(path).stat().st_size,
        width=width,
        height=height,
        rotation=rotation,
        frames=scan.packets,
        rate=scan.packets / scan.seconds if timed else float("nan"),
        seconds=scan.seconds if timed else 0.0,
        codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        bit_rate=scan.bits / scan.seconds if timed else float("nan"),
        audio_codec=audio[0].codec_context.name if audio and audio[0].codec_context else None,
    )


def _rotation(frame) -> int:
    """0, 90, 180 or 270 degrees. A matrix that turns by anything else is broken, and not obeyed."""
    return frame.rotation % 360 if frame.rotation % 90 == 0 else 0


def _seconds(frame, start: float | None, index: int, info: VideoInfo) -> float:
    if frame.time is not None and start is not None:
        return frame.time - start
    return index / info.rate if info.rate > 0 else 0.0


class _Picked:
    """The frames that were chosen so far, as pictures."""

    def __init__(self, path: str | Path, threads: int):
        self._path, self._to_rgb = path, _Converter(threads)
        self._indices, self._seconds, self._images, self._bytes = [], [], [], 0

    def add(self, index: int, seconds: float, frame) -> None:
        """Adds a frame, unless it was the last one added."""
        if self._indices and self._indices[-1] == index:
            return
        self._bytes += 3 * frame.width * frame.height
        if self._bytes > _MOST_BYTES:
            cause = f"its frames of {frame.width} x {frame.height} pixels are too large to hold"
            raise UnreadableVideo(self._path, cause, "Shrink it, or take fewer frames of each video.")
        self._indices.append(index)
        self._seconds.append(seconds)
        self._images.append(self._to_rgb(frame))

    def frames(self, info: VideoInfo) -> Frames:
        return Frames(info=info, indices=self._indices, seconds=self._seconds, images=self._images)


class _Converter:
    """Turns decoded frames into upright RGB arrays. One a video: it keeps FFmpeg's tables between frames."""

    def __init__(self, threads: int):
        self._reformatter = VideoReformatter()
        self._threads = threads

    def __call__(self, frame) -> np.ndarray:
        image = self._reformatter.reformat(frame, format="rgb24", threads=self._threads).to_ndarray()
        # Rows can be padded in FFmpeg's buffer; contiguous arrays are what everyone else expects.
        return np.ascontiguousarray(np.rot90(image, _rotation(frame) // 90))


def _nothing_decodes(path: str | Path, packets: int) -> UnreadableVideo:
    cause = f"none of its {packets} packets can be decoded" if packets else "it holds no picture data"
    return UnreadableVideo(path, cause, "Download or copy it again.")
