"""Reads video files: what is in them, some evenly spaced frames, or frame after frame.

Colour is converted here, once: everything that leaves this file is RGB uint8, height x width x 3, and
upright, however the camera was held.
"""

import contextlib
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter

# FFmpeg also opens playlists and scripts that name further files and addresses; a video has no need of those.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,h264,hevc,asf,ogg,gif"
_MOST_PIXELS = 8192 * 8192


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
        with _opened(path) as (container, stream):
            scan = _scan(container, stream)
        with _opened(path) as (container, stream):
            for frame in _decoded(container, stream):
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


def sample(path: str | Path, count: int, *, threads: int = 0) -> Frames:
    """At most `count` evenly spaced frames of `path`, first and last among them.

    A video with fewer frames gives each of them once. The whole file is decoded, in order: DFDC clips have a
    key frame or two in ten seconds, so seeking would decode most of it several times. A damaged packet costs
    the frames up to the next key frame, and the spacing is that of the frames that are left.

    Args:
        path: a video file.
        count: frames wanted, at least 1.
        threads: of the decoder; 0 is one a core, right for one video at a time.

    Raises:
        UnreadableVideo: no frame can be decoded.
    """
    with _opened(path) as (container, stream):
        scan = _scan(container, stream)
    expected = scan.packets
    while True:
        wanted = set(spread(expected, count).tolist())
        picked, decoded = [], 0
        with _opened(path, threads) as (container, stream):
            to_rgb = _Converter(threads)
            for frame in _decoded(container, stream):
                if not decoded:
                    info = _info(path, container, stream, frame, scan)
                    start = frame.time
                if decoded in wanted:
                    picked.append((decoded, _seconds(frame, start, decoded, info), to_rgb(frame)))
                decoded += 1
        if not decoded:
            raise _nothing_decodes(path, scan.packets)
        # Fewer frames than packets: the file is damaged, and what was picked is not evenly spaced. Once more,
        # over what there is; never a third time, for then a frame more or less changes nothing.
        if decoded == expected or expected != scan.packets:
            break
        expected = decoded
    info = VideoInfo(**{**vars(info), "frames": decoded})
    indices, seconds, images = zip(*picked)
    return Frames(info=info, indices=list(indices), seconds=list(seconds), images=list(images))


def iterate(
    path: str | Path, *, start: int = 0, stop: int | None = None, stride: int = 1
) -> Iterator[tuple[int, float, np.ndarray]]:
    """Yields (index, seconds, RGB uint8 image) of every `stride`-th frame from `start` to before `stop`.

    Raises UnreadableVideo where the file cannot be opened; ends early where it is damaged.

    Example:
        >>> for index, seconds, image in iterate("clip.mp4", stride=30): ...
    """
    with _opened(path) as (container, stream):
        scan = _scan(container, stream)
    with _opened(path, threads=0) as (container, stream):
        to_rgb = _Converter(threads=0)
        for index, frame in enumerate(_decoded(container, stream)):
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


@contextlib.contextmanager
def _opened(path: str | Path, threads: int = 1) -> Iterator[tuple]:
    """The container at `path` and its first moving picture; FFmpeg's errors become UnreadableVideo."""
    path = Path(path)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise UnreadableVideo(path, "it is a folder", "Name the video files in it.")
        if not stat.S_ISREG(status.st_mode):
            raise UnreadableVideo(path, "it is a pipe or a device", "Name a file.")
        if status.st_size == 0:
            raise UnreadableVideo(path, "the file is empty", "Download or copy it again.")
        options = {"format_whitelist": _CONTAINERS}
        with av.open(str(path.resolve()), options=options, metadata_errors="replace") as container:
            pictures = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
            if not pictures:
                raise UnreadableVideo(path, "it has no picture, only sound or data", "Is it the right file?")
            stream = pictures[0]
            if stream.codec_context is None:
                raise UnreadableVideo(path, "there is no decoder for its codec", "Convert it to H.264.")
            if stream.codec_context.width * stream.codec_context.height > _MOST_PIXELS:
                raise UnreadableVideo(path, "its header declares an absurd frame size", "Download it again.")
            stream.thread_type = "AUTO"
            stream.codec_context.thread_count = threads
            yield container, stream
    except FileNotFoundError:
        way_out = "Check the path, or the link it leads through."
        raise UnreadableVideo(path, "there is no such file", way_out) from None
    except PermissionError:
        raise UnreadableVideo(path, "this user may not read it", "Change its permissions.") from None
    except (av.error.InvalidDataError, av.error.EOFError):
        cause = "it is not a video, or its index is missing, as after a download that broke off"
        raise UnreadableVideo(path, cause, "Download or copy it again.") from None
    except (av.error.FFmpegError, OSError) as error:
        cause = f"FFmpeg says: {error.strerror}"
        raise UnreadableVideo(path, cause, "Try to play it; download it again.") from error


@dataclass(frozen=True, kw_only=True)
class _Scan:
    packets: int
    seconds: float
    bits: int


def _scan(container, stream) -> _Scan:
    """Counts the packets of the picture without decoding them: headers lie, and this takes milliseconds."""
    count = bits = 0
    first, last = None, None
    for packet in _packets(container, stream):
        if packet.size and not packet.is_discard:
            count += 1
            bits += packet.size * 8
            if packet.pts is not None:
                first = packet.pts if first is None else min(first, packet.pts)
                end = packet.pts + (packet.duration or 0)
                last = end if last is None else max(last, end)
    seconds = float((last - first) * stream.time_base) if count and last is not None else 0.0
    return _Scan(packets=count, seconds=seconds, bits=bits)


def _packets(container, stream) -> Iterator:
    """The packets of `stream` up to the end of the file or of what can be read of it."""
    try:
        yield from container.demux(stream)
    except av.error.FFmpegError:
        return


def _decoded(container, stream) -> Iterator:
    """The intact frames of `stream`, in order.

    After a damaged packet FFmpeg goes on and paints over the gap; such frames look forged without being
    fakes. So nothing is yielded from there to the next key frame, which depends on nothing before it.
    """
    intact = True
    for packet in _packets(container, stream):
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
    rotation = frame.rotation % 360
    if rotation in (90, 270):
        width, height = height, width
    timed = scan.seconds > 0
    audio = container.streams.audio
    return VideoInfo(
        path=str(path),
        size_bytes=Path(path).stat().st_size,
        width=width,
        height=height,
        rotation=rotation,
        frames=scan.packets,
        rate=scan.packets / scan.seconds if timed else float("nan"),
        seconds=scan.seconds,
        codec=stream.codec_context.name,
        pixel_format=frame.format.name,
        bit_rate=scan.bits / scan.seconds if timed else float("nan"),
        audio_codec=audio[0].codec_context.name if audio and audio[0].codec_context else None,
    )


def _seconds(frame, start: float | None, index: int, info: VideoInfo) -> float:
    if frame.time is not None and start is not None:
        return frame.time - start
    return index / info.rate if info.rate > 0 else 0.0


class _Converter:
    """Turns decoded frames into upright RGB arrays. One a video: it keeps FFmpeg's tables between frames."""

    def __init__(self, threads: int):
        self._reformatter = VideoReformatter()
        self._threads = threads

    def __call__(self, frame) -> np.ndarray:
        image = self._reformatter.reformat(frame, format="rgb24", threads=self._threads).to_ndarray()
        # Rows can be padded in FFmpeg's buffer; contiguous arrays are what everyone else expects.
        return np.ascontiguousarray(np.rot90(image, frame.rotation // 90))


def _nothing_decodes(path: str | Path, packets: int) -> UnreadableVideo:
    cause = f"none of its {packets} packets can be decoded" if packets else "it holds no picture data"
    return UnreadableVideo(path, cause, "Download or copy it again.")
