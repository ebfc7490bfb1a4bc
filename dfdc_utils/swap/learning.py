"""How a face swap is learned: both people's faces are rebuilt out of warped ones."""

from collections.abc import Callable

import cv2
import numpy as np
from tqdm import tqdm

from dfdc_utils.backend import keras, ops
from dfdc_utils.swap.aligned import SIDE
from dfdc_utils.swap.colour import evened, oval
from dfdc_utils.swap.network import Swapper

_RATE = 3e-3
_GRID, _WARP = 5, 1.0
"""Faces are warped by shifting the knots of a grid, by about so many pixels."""


def learn(
    swapper: Swapper,
    faces: tuple[np.ndarray, np.ndarray],
    *,
    steps: int,
    seed: int,
    batch_size: int = 16,
    description: str | None = None,
    previews: int = 0,
    show: Callable[[int, np.ndarray], object] = lambda step, picture: None,
) -> list[float]:
    """Trains `swapper` on two people's faces, from whatever it knows; returns the loss of each step.

    Args:
        faces: of both people, RGB uint8 (n, SIDE, SIDE, 3).
        steps: updates; the learning rate falls over them.
        seed: of the draw, the warping and the mirroring of faces.
        batch_size: faces of each person in a step.
        description: of the progress bar; None shows none.
        previews: how often `show` is called meanwhile, with the step and a picture, RGB uint8: some faces of the first
            person above the same faces swapped.
    """
    rng, known = np.random.default_rng(seed), [evened(each) for each in faces]
    model = swapper.model
    if not model.compiled:
        model.compile(optimizer=keras.optimizers.Adam(_RATE), loss=_error_inside)
    # One compiled update serves pair after pair: tracing it takes longer than training a pair.
    for variable in model.optimizer.variables:
        variable.assign(ops.zeros_like(variable))
    some = faces[0][np.linspace(0, len(faces[0]) - 1, 6).round().astype(int)]
    shown = set(np.linspace(1, steps, previews).round().astype(int).tolist())
    losses = []
    for step in tqdm(range(1, steps + 1), desc=description, unit="step", mininterval=1.0, disable=description is None):
        model.optimizer.learning_rate = _RATE * (1 + np.cos(np.pi * (step - 1) / steps)) / 2
        inputs, targets = zip(*(_batch(each, batch_size, rng) for each in known), strict=True)
        # Of both people together, first in the list; the mean over them.
        losses.append(float(np.ravel(model.train_on_batch(list(inputs), list(targets)))[0]) / 2)
        if step in shown:
            show(step, np.vstack([np.hstack(list(each)) for each in (some, swapper.swap(0, some))]))
    return losses


def warped(faces: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each of `faces` (n, SIDE, SIDE, 3), its parts shifted a little, at random.

    Who sees a face warped and must show it straight learns how it looks, not how to copy pixels.
    """
    straight = np.stack(np.meshgrid(*[np.arange(SIDE, dtype=np.float32)] * 2), axis=2)
    shifts = rng.normal(0, _WARP, (len(faces), _GRID, _GRID, 2)).astype(np.float32)
    moved = [straight + cv2.resize(shift, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for shift in shifts]
    nothing = np.empty(0, np.float32)
    return np.stack([
        cv2.remap(face, places, nothing, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        for face, places in zip(faces, moved, strict=True)
    ])


def _batch(faces: np.ndarray, size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """What is shown and what is wanted, float32 between 0 and 1."""
    chosen = faces[rng.integers(len(faces), size=size)]
    mirrored = rng.uniform(size=size) < 0.5
    chosen[mirrored] = chosen[mirrored, :, ::-1]
    return warped(chosen, rng).astype(np.float32) / 255, chosen.astype(np.float32) / 255


def _error_inside(wanted, rebuilt):
    """The mean absolute error of each face, weighted by how much of a pixel is put back."""
    weights = (oval() / oval().mean())[..., None]
    return ops.mean(ops.abs(wanted - rebuilt) * weights, axis=(1, 2, 3))
