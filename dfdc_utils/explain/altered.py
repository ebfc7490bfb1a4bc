"""Where a fake was altered, and how much of a map's heat lies there.

A fake shares its frames with its original but for what the forger touched. So the difference of the two, at
the same frame and in the same place, shows what was altered, above the noise of two compressions. That is
known of a set that names its originals, and of no other fake.
"""

from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

from dfdc_utils.data import metadata
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces import crops, frames
from dfdc_utils.faces.schemas import BOX
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.models.inputs import inputs_with_faces
from dfdc_utils.models.sequences import are_faces
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

NOISE_FACTOR = 2.5
"""A place counts as altered where the smoothed difference is so many times that at the rim of the crop, where
only compression differs. On the synthetic fakes this agreed best with what was really altered."""
LEAST_AREA = 0.02
"""Share of the crop below which nothing counts as altered: of a fake of sound alone, of the other person, of
an alteration too faint to be told from compression."""
_SMOOTH = 1 / 32
"""Standard deviation of the smoothing, as a share of the crop's side."""


def altered_fakes(
    name: str, workspace: Workspace, videos: Sequence[str]
) -> tuple[pd.DataFrame, np.ndarray, np.ndarray]:
    """What model `name` is given of some fakes, and where it was altered, those first in which that shows.

    Args:
        name: of a model: a frame model gets the middle face of each video, a sequence model one window.
        workspace: with the study's table and faces; the videos themselves are read too.
        videos: fakes. Those without a face are left out.

    Returns:
        The rows of the store (the first face of each window), the faces, RGB 0–255 (n, side, side, 3) or
        (n, frames, side, side, 3), and the altered places, bool of the same shape without the colours: all
        False where nothing shows, or the original is not in the table.
    """
    rows, faces = inputs_with_faces(name, workspace, videos, per_video=1)
    seen = are_faces(faces)
    places: np.ndarray = np.zeros(faces.shape[:-1], bool)
    pairs = metadata.pairs(open_study_table(workspace))
    places[seen] = altered_places(rows, pairs, workspace.profile)
    # By the middle frame, so that frame and sequence models get the clips in about the same order.
    middle = places[:, places.shape[1] // 2] if faces.ndim == 5 else places
    order = np.argsort(~middle.any(axis=(1, 2)), kind="stable")
    counts = seen.reshape(len(faces), -1).sum(axis=1)
    first = rows.iloc[counts.cumsum() - counts]
    return first.iloc[order].reset_index(drop=True), faces[order], places[order]


def altered_places(faces: pd.DataFrame, pairs: pd.DataFrame, profile: Profile) -> np.ndarray:
    """Where the crops of `faces` were altered: bool (n, side, side), all False where nothing shows.

    Args:
        faces: rows of the face store: video, frame, the box and its confidence. A crop that no detector cut
            out (confidence NaN) was not cut like its original's, so nothing is known of it.
        pairs: of `metadata.pairs`; nothing is known of faces of other videos.
        profile: of its margin and side, as the crops were cut.
    """
    side = profile.face_side
    places = np.zeros((len(faces), side, side), bool)
    pairs = pairs.set_index("video")
    for video, positions in faces.groupby("video").indices.items():
        if video not in pairs.index or faces["confidence"].iloc[positions].isna().any():
            continue
        wanted = faces["frame"].iloc[positions]
        try:
            fake, original = (_frames(pairs.at[video, path], wanted) for path in ("path", "original_path"))
        except UnreadableVideo:
            # Raw videos may be gone when faces are there: then nothing is known.
            continue
        for position, index in zip(positions, wanted, strict=True):
            # Of another size, it is not in the same place: Celeb-DF has fakes that are two rows higher.
            if index in fake and index in original and fake[index].shape == original[index].shape:
                box = crops.square(faces.iloc[position][list(BOX)], profile.face_margin, profile.face_shift)
                both = crops.cut(fake[index], box, side), crops.cut(original[index], box, side)
                places[position] = difference(*both)
    return places


def difference(fake: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Where a crop of a fake differs from that of its original by more than compression: bool (side, side).

    The one connected place with the largest difference; none if it is smaller than `LEAST_AREA`.

    Args:
        fake, original: RGB uint8 (side, side, 3).
    """
    side = fake.shape[0]
    apart = np.abs(fake.astype("float32") - original).mean(axis=2)
    apart = cv2.GaussianBlur(apart, (0, 0), _SMOOTH * side)
    rim = np.ones_like(apart, bool)
    rim[side // 12:-(side // 12), side // 12:-(side // 12)] = False
    # Much of the rim can be the same to the bit, where the encoder repeated it: hence the upper quartile. Two equal
    # rims are no noise at all: a level of grey at least must differ.
    strong = apart > NOISE_FACTOR * max(np.quantile(apart[rim], 0.75), 0.4)
    count, labels = cv2.connectedComponents(strong.astype(np.uint8))
    if count == 1:
        return strong
    sums = np.bincount(labels.ravel(), weights=apart.ravel())
    place = labels == 1 + np.argmax(sums[1:])
    return place if place.mean() >= LEAST_AREA else np.zeros_like(place)


def heat_shares(maps: np.ndarray, places: np.ndarray) -> pd.DataFrame:
    """Share of the heat above zero, which speaks for FAKE, that lies in the altered places: a row a fake.

    Fakes in which no altered place is known have no row.

    Args:
        maps: (n, height, width) or (n, frames, height, width); enlarged to the size of the faces.
        places: bool (n, side, side) or (n, frames, side, side).

    Returns:
        All from 0 to 1: `share`, NaN where nothing speaks for FAKE; `elsewhere`, the mean share of the same
        heat in the altered places of the other fakes, which a map that always lights up the middle of the face
        has too; `area`, the share of the place in the face: what even heat would have.
    """
    side = places.shape[-1]
    flat = maps.reshape(-1, *maps.shape[-2:]).astype("float32")
    large = np.stack([cv2.resize(one, (side, side), interpolation=cv2.INTER_LINEAR) for one in flat])
    heat, places = large.clip(min=0).reshape(len(places), -1), places.reshape(len(places), -1)
    known = places.any(axis=1)
    heat, places = heat[known], places[known]
    total = heat.sum(axis=1, keepdims=True)
    # A row a map, a column a fake's places.
    shares = np.divide(heat @ places.T, total, out=np.full((len(heat), len(heat)), np.nan), where=total > 0)
    own = np.diagonal(shares)
    elsewhere = (shares.sum(axis=1) - own) / max(len(own) - 1, 1) if len(own) > 1 else np.nan
    return pd.DataFrame({"share": own, "elsewhere": elsewhere, "area": places.mean(axis=1)})


def _frames(path: str, wanted) -> dict[int, np.ndarray]:
    """The frames of a video with these indices, as far as it has them."""
    wanted = set(wanted)
    reading = frames.iterate(path, start=min(wanted), stop=max(wanted) + 1)
    return {index: image for index, _, image in reading if index in wanted}
