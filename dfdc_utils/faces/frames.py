"""Reads pictures out of video files: some evenly spaced frames, or frame after frame.

Colour is converted here, once: everything that leaves this file is RGB uint8, height x width x 3, and
upright, however the camera was held.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pandas as pd

from dfdc_utils.faces.colour import Converter
from dfdc_utils.faces.probe import Scan, VideoInfo, is_reference, length_prefix, scan_packets, video_info
from dfdc_utils.faces.video_file import Deadline, UnreadableVideo, intact_frames, nothing_decodes, opened

_MOST_BYTES = 3 << 30
"""Of the frames of one video that are held at a time: thirty of 8K, the largest there is, would need that."""


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
    deadline = Deadline(path, time_limit)
    with opened(path, deadline=deadline) as (container, stream):
        scan = scan_packets(container, stream, deadline)
    found = None if exact or not scan.references else _sample_references(path, count, threads, scan, deadline)
    return found or _sample_all(path, count, threads, scan, deadline)


def first_readable(table: pd.DataFrame, count: int) -> tuple:
    """The first row of `table` whose video can be read, and `count` frames of it (`sample`).

    Raises the UnreadableVideo of the last where none can.
    """
    if table.empty:
        raise ValueError("There are no videos in the table.")
    for clip in table.itertuples():
        try:
            return clip, sample(clip.path, count)
        except UnreadableVideo as error:
            print(f"{clip.video}: {error.cause}; the next one is taken.")
            last = error
    raise last


def _sample_all(path, count: int, threads: int, scan: Scan, deadline: Deadline) -> Frames:
    """Counts the frames as they come out of the decoder."""
    expected = scan.packets
    while True:
        wanted = set(spread(expected, count).tolist())
        picked, decoded = _Picked(path, threads), 0
        with opened(path, threads, deadline) as (container, stream):
            for frame in intact_frames(container, stream, deadline):
                if not decoded:
                    info = video_info(path, container, stream, frame, scan)
                    start = frame.time
                if decoded in wanted:
                    picked.add(decoded, _seconds(frame, start, decoded, info), frame)
                decoded += 1
        if not decoded:
            raise nothing_decodes(path, scan.packets)
        # Fewer frames than packets: the file is damaged, and what was picked is not evenly spaced. Once more,
        # over what there is; never a third time, for then a frame more or less changes nothing.
        if decoded == expected or expected != scan.packets:
            break
        expected = decoded
    return picked.frames(VideoInfo(**{**vars(info), "frames": decoded}))


def _sample_references(path, count: int, threads: int, scan: Scan, deadline: Deadline) -> Frames | None:
    """Frames on which others depend, told apart by their times. None where anything is damaged.

    The others are kept from the decoder altogether. Told to skip them (`skip_frame`) it is a third slower: its
    threads take packets in turns, and those that got one to skip idle.
    """
    wanted = spread(scan.packets, count).tolist()
    place_of = {moment: place for place, moment in enumerate(scan.times)}
    # FFmpeg may keep silent about a frame that it cannot decode, so each of them must come.
    missing = set(scan.references)
    picked, before = _Picked(path, threads), None
    with opened(path, threads, deadline) as (container, stream):
        prefix, info = length_prefix(stream), None
        try:
            for packet in container.demux(stream):
                deadline.check()
                if packet.size and not is_reference(packet, prefix):
                    continue
                for frame in packet.decode():
                    place = place_of.get(frame.pts)
                    if frame.is_corrupt or place is None:
                        return None
                    missing.discard(frame.pts)
                    if info is None:
                        info = video_info(path, container, stream, frame, scan)
                        start = frame.time
                    # The wanted places between the frame before and this one go to the nearer of the two.
                    while wanted and wanted[0] <= place:
                        target = wanted.pop(0)
                        nearer = before if before and target - before[0] < place - target else (place, frame)
                        picked.add(nearer[0], _seconds(nearer[1], start, nearer[0], info), nearer[1])
                    before = place, frame
        except av.error.FFmpegError:
            return None
        if missing or info is None or before is None:
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
    forever = Deadline(path, math.inf)
    with opened(path) as (container, stream):
        scan = scan_packets(container, stream, forever)
    with opened(path, threads=0) as (container, stream):
        to_rgb = Converter(threads=0)
        for index, frame in enumerate(intact_frames(container, stream, forever)):
            if stop is not None and index >= stop:
                return
            if index == 0:
                info = video_info(path, container, stream, frame, scan)
                first = frame.time
            if index >= start and (index - start) % stride == 0:
                yield index, _seconds(frame, first, index, info), to_rgb(frame)


def spread(total: int, count: int) -> np.ndarray:
    """At most `count` evenly spaced, distinct, rising indices out of `range(total)`, both ends included."""
    return np.unique(np.linspace(0, total - 1, num=min(count, total)).round().astype(int))


def _seconds(frame, start: float | None, index: int, info: VideoInfo) -> float:
    if frame.time is not None and start is not None:
        return frame.time - start
    return index / info.rate if info.rate > 0 else 0.0


class _Picked:
    """The frames that were chosen so far, as pictures."""

    def __init__(self, path: str | Path, threads: int):
        self._path, self._to_rgb, self._bytes = path, Converter(threads), 0
        self._frames: list[tuple[int, float, np.ndarray]] = []

    def add(self, index: int, seconds: float, frame) -> None:
        """Adds a frame, unless it was the last one added."""
        if self._frames and self._frames[-1][0] == index:
            return
        self._bytes += 3 * frame.width * frame.height
        if self._bytes > _MOST_BYTES:
            cause = f"its frames of {frame.width} x {frame.height} pixels are too large to hold"
            raise UnreadableVideo(self._path, cause, "Shrink it, or take fewer frames of each video.")
        self._frames.append((index, seconds, self._to_rgb(frame)))

    def frames(self, info: VideoInfo) -> Frames:
        indices, seconds, images = map(list, zip(*self._frames, strict=True))
        return Frames(info=info, indices=indices, seconds=seconds, images=images)
