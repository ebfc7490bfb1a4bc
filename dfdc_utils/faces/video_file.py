"""Opens video files in whatever state they are, and gives their packets and intact frames. A JPEG is one frame."""

import contextlib
import math
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import av
from av.stream import Disposition

# FFmpeg also opens playlists and scripts that name further files and addresses; a video has no need of those.
_CONTAINERS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,h264,hevc,asf,ogg,gif"
# A JPEG is a video of one frame, but only under its own name: what is called mp4 and is none is broken.
PICTURE = "jpeg_pipe"
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


class TimeIsUp(UnreadableVideo):
    """Reading a video took longer than it was allowed to."""


class Deadline:
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
def opened(path: str | Path, threads: int = 1, deadline: Deadline | None = None) -> Iterator[tuple]:
    """The container at `path` and its first moving picture; FFmpeg's errors become UnreadableVideo."""
    path = Path(path)
    deadline = deadline or Deadline(path, math.inf)
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
        picture = PICTURE if _is_jpeg(path) else None
        options = {"format_whitelist": picture or _CONTAINERS, "max_pixels": str(_MOST_PIXELS)}
        with av.open(
            str(path.resolve()), format=picture, options=options, metadata_errors="replace", timeout=deadline.left
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


def packets_of(container, stream, deadline: Deadline) -> Iterator:
    """The packets of `stream` up to the end of the file or of what can be read of it."""
    try:
        for packet in container.demux(stream):
            deadline.check()
            yield packet
    except av.error.ExitError:
        raise
    except av.error.FFmpegError:
        return


def intact_frames(container, stream, deadline: Deadline) -> Iterator:
    """The intact frames of `stream`, in order.

    After a damaged packet FFmpeg goes on and paints over the gap; such frames look forged without being
    fakes. So nothing is yielded from there to the next key frame, which depends on nothing before it.
    """
    intact = True
    for packet in packets_of(container, stream, deadline):
        try:
            frames = packet.decode()
        except av.error.FFmpegError:
            intact = False
            continue
        for frame in frames:
            intact = (intact or frame.key_frame) and not frame.is_corrupt
            if intact:
                yield frame


def nothing_decodes(path: str | Path, packets: int) -> UnreadableVideo:
    cause = f"none of its {packets} packets can be decoded" if packets else "it holds no picture data"
    return UnreadableVideo(path, cause, "Download or copy it again.")
