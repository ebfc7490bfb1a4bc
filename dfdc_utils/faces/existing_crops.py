"""Face crops that somebody else cut out, one a video, taken over into the face store."""

import math
import time
from pathlib import Path

import pandas as pd

from dfdc_utils.faces import crops, files
from dfdc_utils.faces.schemas import FACES, no_account


def take_over(path: str | Path, video: str, side: int) -> tuple[pd.DataFrame, dict]:
    """The one face in a picture, and its row of the account, as `one_video.extract_video` gives them.

    A JPEG that is a square of `side` pixels goes into the store byte by byte, since compressing it again would
    cost evidence; any other picture is cut to the square in its middle, scaled, and compressed as all crops are.
    The box is the whole picture; there are no landmarks (NaN), and the confidence is unknown (NaN).

    A file that holds no picture is an outcome, not an exception.
    """
    began = time.perf_counter()
    account = no_account(video) | files.identity(path)
    try:
        data = Path(path).read_bytes()
        picture = crops.decode(data) if data else None
    except (OSError, ValueError) as error:
        picture, reason = None, getattr(error, "strerror", None) or "it is not a JPEG picture"
    else:
        reason = "the file is empty"
    if picture is None:
        return pd.DataFrame(columns=FACES.names), account | {"outcome": "unreadable", "reason": reason}
    height, width = picture.shape[:2]
    if (height, width) != (side, side):
        length = min(height, width)
        left, top = (width - length) // 2, (height - length) // 2
        data = crops.encode(crops.cut(picture, (left, top, left + length, top + length), side))
    face = {
        "video": video, "track": 0, "frame": 0, "seconds": 0.0, "x0": 0.0, "y0": 0.0, "x1": width, "y1": height,
        "confidence": math.nan, "landmarks": [math.nan] * 10, "jpeg": data,
    }
    return pd.DataFrame([face], columns=FACES.names), account | {
        "frames": 1, "width": width, "height": height, "codec": "mjpeg", "frames_read": 1,
        "faces": 1, "tracks": 1, "elapsed": time.perf_counter() - began,
    }
