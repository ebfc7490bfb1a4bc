"""Is a detector more than a seam finder? Its answers to originals, and to one trace of a forgery at a time.

Detectors of single frames mainly find that something was pasted ("alpha blending", arXiv 2605.10334). Only where the
fakes are drawn can the seam be had without the swap, and the swap without the seam (`data.mini.dissected`).
"""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from dfdc_utils import made_from
from dfdc_utils.data.mini import dissected
from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.evaluation import bootstrap
from dfdc_utils.evaluation.predict import in_memory, score_faces
from dfdc_utils.faces import crops, frames
from dfdc_utils.faces.schemas import BOX
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import record
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

TREATMENTS = (dissected.AGAIN, dissected.SEAM, dissected.INSIDE, dissected.WHOLE)
_FRAMES = 45
"""Of each clip only the beginning is filmed: at 16 faces a clip, four or five of them lie there."""


def faces_apart(workspace: Workspace, *, originals: int = 20) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Faces of test originals of the synthetic set, untouched and under each treatment, in the same places.

    Args:
        workspace: of a study whose set was drawn, with its table and faces.
        originals: at most so many are filmed.

    Returns:
        The rows of the face store, several an original; and by treatment (`dissected.UNTOUCHED`, `TREATMENTS`) the
        faces, RGB uint8 (rows, side, side, 3). Empty where the set has no such fake in its test split.
    """
    profile, table, store = workspace.profile, open_study_table(workspace), open_store(workspace)
    test = table.loc[(table["split"] == "test") & (table["label"] == "REAL"), "video"]
    faces = store.faces(videos=test)
    faces = faces[(faces["track"] == 0) & (faces["frame"] < _FRAMES)]
    chosen = [(t, fake) for t, fake in dissected.swaps(profile) if t.original in set(faces["video"])][:originals]
    rows = [faces[faces["video"] == take.original] for take, _ in chosen]
    if not rows:
        return faces.iloc[:0], {}
    wanted = made_from.MadeFrom(
        settings={"originals": originals, "face_margin": profile.face_margin, "face_shift": profile.face_shift},
        inputs=record.study_inputs(workspace, table), code=made_from.code_of(__name__),
    )
    pixels = made_from.arrays(
        workspace, workspace.explained("faces_apart"), wanted, lambda: _filmed_apart(chosen, rows, profile)
    )
    return pd.concat(rows, ignore_index=True), pixels


def _filmed_apart(chosen: list[tuple], rows: list[pd.DataFrame], profile: Profile) -> dict[str, np.ndarray]:
    """By treatment the faces, in the order of `rows`, which are those of the original of each of `chosen`."""
    pixels: dict[str, list[np.ndarray]] = {treatment: [] for treatment in (dissected.UNTOUCHED, *TREATMENTS)}
    pairs = zip(chosen, rows, strict=True)
    filmed = tqdm(pairs, total=len(chosen), desc="Filming in five ways", unit="original", mininterval=1.0)
    for (take, fake), of_take in filmed:
        squares = [
            crops.square(box, profile.face_margin, profile.face_shift) for box in of_take[list(BOX)].to_numpy()
        ]
        with tempfile.TemporaryDirectory() as folder:
            files = dissected.film_apart(Path(folder), take, fake, _FRAMES)
            files[dissected.AGAIN] = Path(folder) / "again.mp4"
            seen = (image for _, _, image in frames.iterate(files[dissected.UNTOUCHED]))
            dissected.write(files[dissected.AGAIN], seen, take, fake)
            for treatment, path in files.items():
                shown = {index: image for index, _, image in frames.iterate(path)}
                for frame, square in zip(of_take["frame"], squares, strict=True):
                    # Through JPEG, as every face of the store.
                    face = crops.encode(crops.cut(shown[frame], square, profile.face_side))
                    pixels[treatment].append(crops.decode(face))
    return {treatment: np.stack(each) for treatment, each in pixels.items()}


def effects(
    name: str, model, profile: Profile, rows: pd.DataFrame, faces: dict[str, np.ndarray]
) -> pd.DataFrame:
    """By how much each treatment moves the P(fake) that model `name` gives to the same faces.

    Args:
        name, model: which trained model, and itself.
        profile: of its study.
        rows, faces: of `faces_apart`.

    Returns:
        One row a treatment: treatment, p_fake (the mean under it), change (the mean difference from the same faces
        untouched), its 95 % interval low and high (bootstrap over originals), originals.
    """
    means = {}
    for treatment, pixels in faces.items():
        scored = score_faces(name, model, rows, in_memory(pixels), profile, {})
        means[treatment] = scored.groupby("video")["p_fake"].mean()
    result = []
    for treatment in TREATMENTS:
        changes = means[treatment] - means[dissected.UNTOUCHED]
        change, low, high = bootstrap.mean_interval(changes, seed=profile.seed)
        result.append({
            "treatment": treatment, "p_fake": means[treatment].mean(), "change": change, "low": low, "high": high,
            "originals": len(changes),
        })
    return pd.DataFrame(result)
