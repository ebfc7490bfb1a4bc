"""What a frozen backbone sees in every face, computed once.

The report's own generator decodes videos and runs ResNet50 again in every epoch. A frozen network always gives
the same answer, so the recurrent part trains on the stored one.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from tqdm import tqdm

from dfdc_utils import made_from
from dfdc_utils.backend import keras
from dfdc_utils.models.sequences import PADDING, padded
from dfdc_utils.workspace import whole

_BATCH = 64
_READ = 8 * _BATCH
"""Faces that are read, and given to the backbone, at a time."""


class Pixels(Protocol):
    """The pixels of some faces, by their position among them, as they are or changed."""

    kind: str
    """Says how they are changed: equal only where equal faces come out equal."""

    def __len__(self) -> int: ...

    def __call__(self, positions: np.ndarray, seed: tuple[int, ...], *, alike: bool) -> np.ndarray: ...


class Features:
    """The features of some faces, by their position among them; reads like `batches.Crops`."""

    def __init__(self, values: np.ndarray):
        """`values`: (sets, faces, features). Where there are several sets of the same faces, one is drawn."""
        self.values = values

    def __call__(self, positions: np.ndarray, seed: tuple[int, ...]) -> np.ndarray:
        """float32, (n, frames, features), for positions (n, frames), padded; each sequence from one set."""
        sets = np.random.default_rng(seed).integers(len(self.values), size=len(positions))
        sequence, frame = np.nonzero(positions != PADDING)
        return padded(self.values[sets[sequence], positions[sequence, frame]], positions)


def compute(
    backbone: keras.Model, sets: Sequence[Pixels], faces: str, folder: Path, name: str, *, seed: int, verbose: bool
) -> Features:
    """The features of all faces in `sets`, from `folder` where they already lie there.

    Models that share a backbone share them.

    Args:
        backbone: faces (n, side, side, 3) to features (n, d).
        sets: the same faces, as they are or changed.
        faces: the faces' identity (`faces.store.FaceStore.identity_of_rows`).
        folder: holds the features, float16, in one file per name.
        name: of the faces; features of other faces or of another backbone that lie there under it are replaced.
        seed: of the augmentation.
        verbose: shows a progress bar.
    """
    path = folder / f"{name}-{key(backbone, sets, f'{faces} {seed}')}.npy"
    if not path.is_file():
        for outdated in folder.glob(f"{name}-*.npy"):
            outdated.unlink()
        with whole(path) as temporary:
            _write(temporary, backbone, sets, seed, name if verbose else None)
    return Features(np.load(path, mmap_mode="r"))


def _write(path: Path, backbone: keras.Model, sets: Sequence[Pixels], seed: int, title: str | None) -> None:
    count, width = len(sets[0]), backbone.output_shape[-1]
    values = np.lib.format.open_memmap(path, "w+", np.float16, (len(sets), count, width))
    with tqdm(
        total=len(sets) * count, desc=f"features {title}", unit="face", mininterval=1.0, disable=title is None
    ) as progress:
        for number, crops in enumerate(sets):
            for start in range(0, count, _READ):
                positions = np.arange(start, min(start + _READ, count))
                pixels = crops(positions, (seed, number), alike=True)
                # predict_on_batch would have each of several GPUs look at all of them.
                values[number, positions] = backbone.predict(pixels, batch_size=_BATCH, verbose=0)
                progress.update(len(positions))
    values.flush()


def key(backbone: keras.Model, sets: Sequence[Pixels], rest: str) -> str:
    """Changes with anything on which what comes of `backbone` and the faces in `sets` depends; `rest` is what else."""
    weights = hashlib.sha256()
    for values in backbone.get_weights():
        weights.update(values.tobytes())
    return made_from.digest(rest, weights.hexdigest(), [one.kind for one in sets])
