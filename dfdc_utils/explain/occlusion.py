"""Occlusion: how the verdict changes when a part of the face is hidden (Zeiler and Fergus, ECCV 2014).

Slower than a gradient, and simpler to believe: nothing but the network's own answers goes into it. But what
hides a part is itself something the network has never seen: a grey patch has an edge, a blurred one is
smooth, as many fakes are. So there are both.
"""

from collections.abc import Callable

import cv2
import numpy as np
from tqdm import tqdm

from dfdc_utils.backend import keras
from dfdc_utils.explain.layers import logits_of

FILLS = ("grey", "blur")
"""What a hidden part shows: the mean colour of the face, or the face so blurred that no feature is left."""


def explainer(
    model: keras.Model, *, cells: int = 7, fill: str = "grey"
) -> Callable[[np.ndarray], np.ndarray]:
    """Occlusion of `model`, to be called with faces.

    The face is divided into `cells` × `cells`; a patch is two cells wide and goes from cell to cell, over
    whose middle it lies. So a face goes through the model `cells`² + 1 times.

    Args:
        model: a face model that ends in a dense sigmoid unit.
        cells: along either side of the face.
        fill: one of `FILLS`.

    Returns:
        A function of a batch of the model's own input, RGB 0–255, (n, side, side, 3) or, of a sequence
        model, (n, frames, side, side, 3). It gives a map for each face, float32 (n, cells, cells) or
        (n, frames, cells, cells): by how much the logit of P(fake) falls when the place is hidden; above zero
        where the face speaks for FAKE, below zero where it speaks for REAL. All frames of a window are
        hidden at once, so they share a map.

    Raises ValueError for an unknown `fill`.
    """
    if fill not in FILLS:
        raise ValueError(f"A hidden part is filled with one of {', '.join(FILLS)}, not with {fill!r}.")

    def heat(faces: np.ndarray) -> np.ndarray:
        covers = _covers(faces, fill)
        before = logits_of(model, faces)
        heats = np.empty((len(faces), cells, cells), "float32")
        patches = [_patch(cell, cells, faces.shape[-2]) for cell in range(cells)]
        for row in tqdm(range(cells), desc=f"{model.name}, occlusion", unit="row", mininterval=1.0):
            # A row of cells at once, for the network likes full batches.
            hidden = np.repeat(faces[None], cells, axis=0)
            for column in range(cells):
                place = (..., patches[row], patches[column], slice(None))
                hidden[column][place] = covers[place]
            after = logits_of(model, hidden.reshape(-1, *faces.shape[1:])).reshape(cells, len(faces))
            heats[:, row] = before[:, None] - after.T
        of_frames = heats.reshape(len(faces), *[1] * (faces.ndim - 4), cells, cells)
        return np.broadcast_to(of_frames, (*faces.shape[:-3], cells, cells))

    return heat


def _patch(cell: int, cells: int, side: int) -> slice:
    """The pixels of a cell and of half a cell around it, as far as there are any."""
    return slice(max(round((cell - 0.5) * side / cells), 0), round((cell + 1.5) * side / cells))


def _covers(faces: np.ndarray, fill: str) -> np.ndarray:
    """What each face shows where it is hidden: as many pictures as `faces`, of their type."""
    if fill == "grey":
        means = faces.mean(axis=(-3, -2), keepdims=True)
        return np.broadcast_to(means.astype(faces.dtype), faces.shape)
    side = faces.shape[-2]
    blurred = [cv2.GaussianBlur(face, (0, 0), side / 16) for face in faces.reshape(-1, side, side, 3)]
    return np.stack(blurred).reshape(faces.shape)
