"""Writes the clips of a drawn set once more: through the encoder, as they are, or cut."""

from pathlib import Path

import av
import numpy as np

from dfdc_utils.data.mini.speech import SAMPLE_RATE
from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.sound_track import NoSound, decode
from dfdc_utils.workspace import whole


def encode_again(path: Path, out: Path, *, crf: int) -> None:
    """Writes what the clip at `path` shows and sounds like to `out`, in H.264 and AAC.

    Args:
        crf: x264's constant rate factor; more is worse.
    """
    with whole(out) as temporary, VideoWriter(temporary, *size_and_rate(path), crf, sound_of(path)) as writer:
        for _, _, frame in iterate(path):
            writer.write(frame)


def pass_on(path: Path, out: Path, *, seconds: float | None = None) -> None:
    """Copies picture and sound of the clip at `path` to a new mp4 file `out`, encoded as they are, and nothing else.

    So do many platforms: what a file says of itself is lost. `seconds`: only so long a beginning is copied.
    """
    with whole(out) as temporary, av.open(str(path)) as old, av.open(str(temporary), "w", format="mp4") as new:
        streams = {stream.index: new.add_stream_from_template(stream) for stream in old.streams}
        for packet in old.demux():
            # The last packet of each stream is empty.
            if packet.dts is None or packet.pts is None:
                continue
            if seconds is not None and packet.pts * packet.time_base >= seconds:
                continue
            packet.stream = streams[packet.stream.index]
            new.mux(packet)


def with_sound(path: Path, sound: np.ndarray, out: Path) -> None:
    """Writes the clip at `path` to a new mp4 file `out` with another sound; the picture is copied bit for bit.

    Args:
        sound: float32 mono samples at SAMPLE_RATE, -1 to 1.
    """
    with whole(out) as temporary, av.open(str(path)) as old, av.open(str(temporary), "w", format="mp4") as new:
        picture = new.add_stream_from_template(old.streams.video[0])
        audio = new.add_stream("aac", rate=SAMPLE_RATE, layout="mono", options={"b": "64000", "aac_coder": "fast"})
        frame = av.AudioFrame.from_ndarray(sound[None], format="fltp", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        new.mux([*audio.encode(frame), *audio.encode()])
        for packet in old.demux(old.streams.video[0]):
            if packet.dts is not None and packet.pts is not None:
                packet.stream = picture
                new.mux(packet)


def sound_of(path: Path) -> np.ndarray:
    """The sound of a clip, float32 mono at SAMPLE_RATE; a moment of silence where it has none."""
    try:
        return decode(path, SAMPLE_RATE).samples
    except NoSound:
        return np.zeros(SAMPLE_RATE // 10, np.float32)


def size_and_rate(path: Path) -> tuple[int, int, int]:
    """Width, height and frames per second of an upright clip."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        return video.width, video.height, round(float(video.average_rate or 30))
