"""How a face swap is learned: both people rebuild their own faces out of warped ones."""

import time
from collections.abc import Callable

import cv2
import numpy as np
from tqdm import tqdm

from dfdc_utils.backend import keras, ops
from dfdc_utils.swap.aligned import SIDE
from dfdc_utils.swap.putting_back import oval
from dfdc_utils.swap.network import Swapper

import os
_RATE = float(os.environ.get("R","1e-3"))
_B1=float(os.environ.get("B1","0.5"))
_WARPX=1
_GRID, _WARP = 5, float(os.environ.get("W","1.0"))
"""Faces are warped by shifting the knots of a grid, by about so many pixels."""


def warped(faces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each of `faces` (n, SIDE, SIDE, 3), its parts shifted a little, at random.

    Who sees the face warped and must show it straight learns how faces look, not how to copy pixels.
    """
    straight = np.stack(np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 2), axis=2)
    shifts = rng.normal(0, _WARP, (len(faces), _GRID, _GRID, 2)).astype(np.float32)
    result = np.empty_like(faces)
    for place, (face, shift) in enumerate(zip(faces, shifts, strict=True)):
        moved = straight + cv2.resize(shift, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
        nothing = np.empty(0, np.float32)
        result[place] = cv2.remap(face, moved, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    return result


def learn(
    swapper: Swapper,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    steps: int,
    seed: int,
    batch_size: int = 16,
    previews: int = 0,
    show: Callable[[int, float, np.ndarray], None] | None = None,
    description: str | None = None,
) -> list[float]:
    """Trains `swapper` on two people's faces, from whatever it knows; returns the loss of each step.

    Args:
        faces: of both people, RGB uint8 (n, SIDE, SIDE, 3).
        steps: updates.
        seed: of the draw, the warping and the mirroring of faces.
        batch_size: faces of each person in a step.
        previews: how often `show` is called, with the step, its loss, and a face of the first person as it is swapped.
        description: of the progress bar; None shows none.
    """
    rng = np.random.default_rng(seed)
    # The same update for every pair: its tracing takes longer than the training of one.
    if not swapper.model.compiled:
        swapper.model.compile(optimizer=keras.optimizers.Adam(_RATE, beta_1=_B1), loss=_inside)
    for variable in swapper.model.optimizer.variables:
        variable.assign(np.zeros(variable.shape))
    losses = []
    shown = set(np.linspace(1, steps, previews).round().astype(int)) if show else set()
    for step in tqdm(range(1, steps + 1), desc=description, unit="step", mininterval=1.0, disable=not description):
        swapper.model.optimizer.learning_rate = _RATE * (0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * step / steps)))
        inputs, targets = zip(*(_batch(each, batch_size, rng) for each in faces), strict=True)
        losses.append(float(swapper.model.train_on_batch(list(inputs), list(targets))[0]) / 2)
        if step in shown and show:
            show(step, losses[-1], swapper.swap(0, faces[0][:1])[0])
    return losses


def _inside(wanted, rebuilt):
    """The mean absolute error of what is put back."""
    return ops.mean(ops.abs(wanted - rebuilt) * (oval() / oval().mean())[..., None], axis=(1, 2, 3))


def _batch(faces: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    chosen = faces[rng.integers(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    chosen[mirrored] = chosen[mirrored, :, ::-1]
    return warped(chosen, rng).astype(np.float32) / 255, chosen.astype(np.float32) / 255
