"""What is in a video file, found without decoding more than its first frame."""

import math
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils.faces.colour import orientation
from dfdc_utils.faces.video_file import PICTURE, Deadline, intact_frames, nothing_decodes, opened, packets_of

# Types of the units in an H.264 packet (Table 7-1).
_SLICES, _PARAMETERS = (1, 2, 5), (7, 8)
# Tags in which programs and telephones name themselves.
_WRITERS = (
    "encoder", "ENCODER", "handler_name", "vendor_id", "com.apple.quicktime.make", "com.apple.quicktime.model",
    "com.apple.quicktime.software", "com.android.version",
)


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
    encoder: str | None
    """What the file says it was written with: the tags of the container and of the picture."""

    @classmethod
    def from_path(cls, path: str | Path) -> "VideoInfo":
        """Looks into `path`, decoding no more than its first frame. Raises UnreadableVideo."""
        forever = Deadline(path, math.inf)
        with opened(path) as (container, stream):
            scan = scan_packets(container, stream, forever)
        with opened(path) as (container, stream):
            for frame in intact_frames(container, stream, forever):
                return video_info(path, container, stream, frame, scan)
        raise nothing_decodes(path, scan.packets)


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What the packets of a video's picture say."""

    packets: int
    times: list[int]
    """Of the packets, rising, in the stream's units."""
    references: list[int]
    """Times of the frames on which others depend; none where that, or any time, is not known for certain."""
    seconds: float
    bits: int


def scan_packets(container, stream, deadline: Deadline) -> Scan:
    """Counts the packets of the picture without decoding them: headers lie, and this takes milliseconds."""
    times, references, end, bits = [], [], None, 0
    prefix = length_prefix(stream)
    for packet in packets_of(container, stream, deadline):
        if packet.size and not packet.is_discard:
            bits += packet.size * 8
            times.append(packet.pts)
            if prefix and is_reference(packet, prefix):
                references.append(packet.pts)
            if packet.pts is not None:
                ends = packet.pts + (packet.duration or 0)
                end = ends if end is None else max(end, ends)
    known = sorted(moment for moment in times if moment is not None)
    return Scan(
        packets=len(times),
        times=known,
        references=references if len(set(known)) == len(times) else [],
        # Where all times are the same, there are none to speak of.
        seconds=float((end - known[0]) * stream.time_base) if len(set(known)) > 1 or len(known) == 1 else 0.0,
        bits=bits,
    )


def length_prefix(stream) -> int:
    """Bytes of the length before each unit of an H.264 packet, as mp4 files have them (ISO 14496-15, 5.3.3.1).

    0 where the stream is of another kind."""
    header = stream.codec_context.extradata
    known = stream.codec_context.name == "h264" and header and len(header) > 6 and header[0] == 1
    return (header[4] & 3) + 1 if known else 0


def is_reference(packet, prefix: int) -> bool:
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


def video_info(path: str | Path, container, stream, frame, scan: Scan) -> VideoInfo:
    """What is in the video at `path`, from its packets and its first frame."""
    width, height = frame.width, frame.height
    rotation = rotation_of(frame)
    if rotation in (90, 270):
        width, height = height, width
    # FFmpeg gives a picture a twenty-fifth of a second.
    timed = scan.seconds > 0 and container.format.name != PICTURE
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
        encoder=_encoder(container, stream),
    )


def _encoder(container, stream) -> str | None:
    tags = [container.metadata, stream.metadata]
    said = [tag[key] for tag in tags for key in ("major_brand", *_WRITERS) if tag.get(key, "").strip()]
    # A telephone's name may be long; no table needs more.
    return ", ".join(dict.fromkeys(text.strip() for text in said))[:200] or None


def rotation_of(frame) -> int:
    """0, 90, 180 or 270 degrees: of a picture that is mirrored, 90 where its sides are swapped, else 0."""
    transposed, mirrored, upside_down = orientation(frame)
    if transposed:
        return 270 if mirrored and not upside_down else 90
    return 180 if mirrored and upside_down else 0
