"""What a model is given of the faces of a person.

The faces are taken as in validation: of so many equal stretches of the track the middle of each, in order. A frame
model gets them one by one, each once; a sequence model as one window, in which a short track is padded (`sequences`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dfdc_utils import models
from dfdc_utils.faces.store import open_store
from dfdc_utils.models.sequences import PADDING, padded, spread
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace


def positions(faces: pd.DataFrame, name: str, profile: Profile) -> np.ndarray:
    """Which rows of `faces` model `name` is given: (faces,) or, for a sequence model, (windows, frames), padded.

    Args:
        faces: columns video and track; the rows of a person stand together, in the order of time.
    """
    sequences = name in models.SEQUENCE_MODELS
    wanted = profile.sequence_frames if sequences else profile.evaluation_frames
    counts = faces.groupby(["video", "track"], sort=False).size().to_numpy()
    places = spread(counts, wanted)
    windows = np.where(places == PADDING, PADDING, places + (counts.cumsum() - counts)[:, None])
    return windows if sequences else windows[windows != PADDING]


def inputs(name: str, workspace: Workspace, videos: Sequence[str]) -> np.ndarray:
    """What model `name` is given of the main person of some videos: RGB 0–255, a batch of its own input.

    (faces, side, side, 3) uint8, several a video, or (windows, frames, side, side, 3) float32, padded, one a
    video. Videos without a face give none.
    """
    return inputs_with_faces(name, workspace, videos)[1]


def inputs_with_faces(
    name: str, workspace: Workspace, videos: Sequence[str], *, per_video: int | None = None
) -> tuple[pd.DataFrame, np.ndarray]:
    """The `inputs` of model `name`, and before them the rows of the face store that they were made of.

    The rows stand in the order of the inputs, those of a window one after the other; padding has none.
    `per_video` is how many faces of a video a frame model gets; by default as many as are scored.
    """
    profile = workspace.profile.replace(evaluation_frames=per_video or workspace.profile.evaluation_frames)
    store = open_store(workspace)
    faces = store.faces(videos=videos)
    faces = faces[faces["track"] == 0].reset_index(drop=True)
    places = positions(faces, name, profile)
    rows = faces.iloc[places[places != PADDING]].reset_index(drop=True)
    pixels = store.crops(rows)
    return rows, pixels if places.ndim == 1 else padded(pixels, places)
