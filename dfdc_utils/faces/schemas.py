"""The two tables of a face store: a row a face, and a row a video."""

import math

import pyarrow as pa

FACES = pa.schema([
    ("video", pa.string()),
    ("track", pa.int16()),  # 0 is the main person
    ("frame", pa.int32()),  # place in the video, from 0
    ("seconds", pa.float64()),  # from the first frame
    ("x0", pa.float32()),  # the detected box, in pixels of the upright frame
    ("y0", pa.float32()),
    ("x1", pa.float32()),
    ("y1", pa.float32()),
    ("confidence", pa.float32()),
    ("landmarks", pa.list_(pa.float32(), 10)),  # x, y of left eye, right eye, nose, mouth left, mouth right
    ("jpeg", pa.binary()),
])

BOX = ("x0", "y0", "x1", "y1")

ACCOUNT = pa.schema([
    ("video", pa.string()),
    # ok, too_short, no_face, unreadable, or one of TRIED_AGAIN
    ("outcome", pa.string()),
    ("reason", pa.string()),
    ("frames", pa.int64()),
    ("rate", pa.float64()),
    ("seconds", pa.float64()),
    ("width", pa.int64()),
    ("height", pa.int64()),
    ("rotation", pa.int64()),
    ("codec", pa.string()),
    ("audio_codec", pa.string()),
    ("size_bytes", pa.int64()),
    ("mtime_ns", pa.int64()),  # when the file was last changed, nanoseconds since 1970
    ("digest", pa.string()),  # of its beginning and end (`files.digest`)
    ("mask", pa.string()),  # `files.digest` of the mask that told who was altered, where there was one
    ("frames_read", pa.int64()),
    ("faces", pa.int64()),
    ("tracks", pa.int64()),
    ("second_pass", pa.string()),  # the detector's pass that found more, where the first found few faces
    ("boxes_of", pa.string()),  # the original whose boxes were used, where they were
    ("detection", pa.float64()),  # seconds in which faces were looked for
    ("elapsed", pa.float64()),  # seconds of work
])

TRIED_AGAIN = ("failed", "crashed", "timed_out")
"""Outcomes for want of memory or time: the detector or the decoder failed, the process ended, reading took too long.
On another day they can be others."""


def no_account(video: str) -> dict:
    """The account's row of a video of which nothing is known yet."""
    return dict.fromkeys(ACCOUNT.names) | {
        "video": video, "outcome": "ok", "frames": 0, "rate": math.nan, "seconds": 0.0, "width": 0,
        "height": 0, "rotation": 0, "size_bytes": 0, "mtime_ns": 0, "frames_read": 0, "faces": 0, "tracks": 0,
        "detection": 0.0, "elapsed": 0.0,
    }
