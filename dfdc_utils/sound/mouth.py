"""How far a mouth is open, moment by moment: measured in every second picture or so, between faces of the store."""

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from scipy.stats import skew
from tqdm import tqdm

from dfdc_utils import made_from
from dfdc_utils.faces import frames
from dfdc_utils.faces.store import open_store
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.models.record import study_inputs
from dfdc_utils.swap import aligned
from dfdc_utils.workspace import Workspace

PER_SECOND = 16
"""Values of a series; clips show about as many pictures that differ from one another."""
_MOUTH = slice(46, 58), slice(25, 39)
"""Rows and columns of the mouth in an aligned face."""
_FEWEST = 4
"""With fewer faces in a clip nobody knows where the mouth is in between."""


def of_clips(workspace: Workspace, table: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """How far the mouth of the main person is open in the clips of a table (`opening`), by video.

    And, of those of which nothing can be said, why, by video. What was measured before of the same faces is read.
    """
    wanted = made_from.MadeFrom(inputs=study_inputs(workspace, table), code=made_from.code_of(__name__))
    rows = made_from.table(workspace, workspace.mouths, wanted, lambda: _measure(workspace, table))
    known = rows["reason"].isna()
    series = {row.video: np.asarray(row.opening, np.float32) for row in rows[known].itertuples()}
    return series, dict(rows.loc[~known, ["video", "reason"]].itertuples(index=False))


def _measure(workspace: Workspace, table: pd.DataFrame) -> pd.DataFrame:
    faces = open_store(workspace).faces(["video", "track", "frame", "seconds", "landmarks"], table["video"])
    of_video = dict(list(faces[faces["track"] == 0].groupby("video")))
    rows: list[tuple] = []
    for row in tqdm(table.itertuples(), total=len(table), desc="Mouths", unit="clip", mininterval=1.0):
        found = of_video.get(row.video)
        if found is None or len(found) < _FEWEST:
            rows.append((row.video, None, f"a face was found in fewer than {_FEWEST} pictures"))
            continue
        try:
            landmarks = np.stack(found["landmarks"].to_numpy()).reshape(-1, 5, 2)
            known = found["frame"].to_numpy()
            rate = np.ptp(known) / np.ptp(found["seconds"])
            stride = max(1, round(rate / PER_SECOND))
            rows.append((row.video, opening(row.path, known, landmarks, stride=stride), None))
        except UnreadableVideo as error:
            rows.append((row.video, None, str(error)))
    return pd.DataFrame(rows, columns=["video", "opening", "reason"])


def opening(path: str | Path, known: np.ndarray, landmarks: np.ndarray, *, stride: int) -> np.ndarray:
    """How far a mouth is open, `PER_SECOND` values from the first frame on; their mean is 0 and their spread 1.

    The five landmarks say where a mouth is, and not how far it is open. So the mouth is cut out of each picture, in
    the same place of an aligned face, and the way in which it changes most is found (its first principal component).
    A mouth is shut more often than wide open, which tells one direction from the other.

    Args:
        known: places in the video, from 0, of the frames in which the landmarks are known (n,).
        landmarks: (n, 5, 2), in pixels of the frames; in between they move evenly.
        stride: every so many frames are looked at.

    Raises UnreadableVideo as `frames.iterate` does.
    """
    columns = landmarks.reshape(len(known), -1).T
    times, mouths = [], []
    for index, seconds, image in frames.iterate(path, stride=stride):
        at = np.array([np.interp(index, known, column) for column in columns]).reshape(5, 2)
        face = aligned.cut(image, aligned.similarity(at))
        times.append(seconds)
        mouths.append(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)[_MOUTH].astype(np.float32).ravel())
    apart = np.stack(mouths) - np.mean(mouths, axis=0)
    main = apart @ np.linalg.svd(apart, full_matrices=False)[2][0]
    main = np.interp(np.arange(0, times[-1], 1 / PER_SECOND), times, main)
    main = main * (np.sign(skew(main)) or 1.0)
    return ((main - main.mean()) / max(main.std(), 1e-6)).astype(np.float32)
