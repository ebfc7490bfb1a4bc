"""Batches of faces for training and validation, drawn from the face store.

Only the main person of a video (track 0) is learnt from. Where two people are seen, the label FAKE does not say
which of them is swapped; and taking the second person of the real videos alone would teach that small faces at
the edge are real.
"""

import functools
from collections.abc import Callable
from typing import get_args

import numpy as np
import pandas as pd

from dfdc_utils.backend import keras
from dfdc_utils.choices import Draw
from dfdc_utils.data.study_table import original_of
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.made_from import code_of
from dfdc_utils.models.sequences import PADDING, padded, spread
from dfdc_utils.training.augmentation import augment
from dfdc_utils.training.self_blended import self_blend

DRAWS = get_args(Draw)
IN_ORDER = "in order"
"""Of validation: every video once, always the same faces of it."""

_IN_MEMORY = 2**30
"""Bytes of decoded crops that are kept; larger sets are decoded batch by batch."""
_NEIGHBOURS = 256
"""Videos among which faces are shuffled: the face store keeps that many in memory, and reads each once an epoch."""


def faces_of(store: FaceStore, table: pd.DataFrame, split: str) -> pd.DataFrame:
    """The faces of the main person of every labelled video of a split, by video and frame.

    Returns:
        Rows of `store.faces()` with `label` (1 = fake) and `original` (the video's own name where it is real, or of
        unknown origin).

    Raises ValueError where the split has no face of one of the two labels, or a video stands in the table twice.
    """
    videos = table.loc[(table["split"] == split) & table["label"].notna(), ["video", "label", "original"]]
    if table["video"].duplicated().any():
        raise ValueError(f"Video {table['video'][table['video'].duplicated()].iloc[0]} stands in the table twice.")
    videos = videos.assign(original=original_of(videos), label=(videos["label"] == "FAKE").astype(np.int8))
    faces = store.faces(["video", "track", "frame"], videos["video"])
    faces = faces[faces["track"] == 0].merge(videos, on="video")
    for label, meaning in enumerate(("REAL", "FAKE")):
        if not (faces["label"] == label).any():
            raise ValueError(
                f"The {split} split has no face of a {meaning} video: look at the video account (notebook 02) "
                "for what became of its videos, and at the splits (notebook 01)."
            )
    return faces


class Crops:
    """The pixels of some faces, by their position among them."""

    def __init__(self, store: FaceStore, faces: pd.DataFrame, *, augmentation: float = 0.0):
        """Decodes all of them at once if they fit in memory. `augmentation`: its strength (`augment`)."""
        self._store, self._faces, self._augmentation = store, faces, augmentation
        self.kind = f"augmentation {augmentation}, {code_of(augment.__module__)}" if augmentation else "plain"
        self.shape = store.crops(faces.iloc[:1]).shape[1:]
        fits = len(faces) * np.prod(self.shape) <= _IN_MEMORY
        self._pixels = store.crops(faces) if fits else None

    def __len__(self) -> int:
        return len(self._faces)

    def __call__(
        self, positions: np.ndarray, seed: tuple[int, ...], *, blended: bool = False, alike: bool = False
    ) -> np.ndarray:
        """RGB (*positions.shape, side, side, 3); `seed` decides about the augmentation.

        Faces in sequences, or `alike`, are augmented like all others of the same original, so that nothing but the
        forgery changes from frame to frame or tells a fake from its original.

        Faces at positions (n,) are uint8; sequences at positions (n, frames) are float32, padded where a position
        is `PADDING`. `blended` gives a self-blended fake of each instead (`self_blended.self_blend`).
        """
        flat = positions[positions != PADDING]
        pixels = self._store.crops(self._faces.iloc[flat]) if self._pixels is None else self._pixels[flat]
        if self._augmentation or blended:
            rows = self._faces.iloc[flat]
            landmarks = self._store.landmarks(rows) if self._pixels is None else self._landmarks[flat]
            if blended:
                pixels = self_blend(pixels, landmarks, seed)
            families = self._families[flat] if alike or positions.ndim == 2 else None
            pixels = augment(pixels, seed, self._augmentation, landmarks, families)
        return pixels if positions.ndim == 1 else padded(pixels, positions)

    @functools.cached_property
    def _families(self) -> np.ndarray:
        return pd.factorize(self._faces["original"])[0]

    @functools.cached_property
    def _landmarks(self) -> np.ndarray:
        return self._store.landmarks(self._faces)


class FaceBatches(keras.utils.PyDataset):
    """Faces, or sequences of faces, with the label of their video.

    A track is cut into `per_video` equal stretches. In training one face of each is drawn at random, in
    validation the middle one is taken. A frame model gets them one by one; a track with fewer faces repeats some.
    A sequence model gets them in their order; a track with fewer faces is padded (`models.sequences`).

    Which videos make an epoch:
        "pairs"     every real video, and for each one of the fakes made from it, a new one each epoch, with the
                    faces of both taken from the same places, augmented in the same way and put in the same
                    batch. The two share person, clothes and room, so only the forgery tells them apart (GenD,
                    arXiv 2508.06248). A real video without a fake gets one whose original is not among the
                    videos, or any.
        "self_blended"
                    every real video, and beside each of its faces a fake made from that face alone
                    (`self_blended`), for detectors that are to meet unseen forgeries; the fakes are not used
        "balanced"  every video of the rarer label and as many of the other, drawn anew each epoch
        "natural"   every video, once; the rarer label weighs more

    With several `rounds` an epoch is so many such draws, one after the other.

    `IN_ORDER` is how validation takes them: every video once, in the table's order, always the same faces.

    Each batch depends on the seed, the epoch and its index alone, never on the workers that prepare it. Set
    `epoch` before an epoch begins. A remainder that does not fill a training batch is left to other epochs.

    A batch is `(inputs, labels, weights)`: inputs as `read` returns them, labels and weights float32 `(n, 1)`
    and `(n,)`. Weights make the two labels count equally; they are 1 where they are drawn equally.
    """

    def __init__(
        self,
        faces: pd.DataFrame,
        read: Callable[..., np.ndarray],
        *,
        draw: str,
        per_video: int,
        sequences: bool,
        batch_size: int,
        seed: int,
        workers: int = 1,
        rounds: int = 1,
    ):
        """
        Args:
            faces: of `faces_of`.
            read: gives the inputs for positions in `faces`, shape `(n,)` or, for sequences, `(n, per_video)`
                with `PADDING` where a track has too few faces, and a seed: `Crops`, or cached features.
            draw: one of `DRAWS`, or `IN_ORDER`.
            per_video: faces taken from each video; for sequences, their length.
            sequences: whether the faces of a video stay together.
            batch_size: faces or sequences.
            seed: of the whole training.
            workers: threads that prepare batches.
            rounds: draws of an epoch of training.
        """
        super().__init__(workers=workers, max_queue_size=8)
        if draw not in (*DRAWS, IN_ORDER):
            raise ValueError(f"Videos are drawn as {', '.join(DRAWS)}, not as {draw!r}.")
        self.epoch = 0
        self._read, self._draw, self._per_video, self._sequences = read, draw, per_video, sequences
        self._rounds = rounds
        if draw == "self_blended" and sequences:
            raise ValueError("Only single faces are blended with themselves: draw sequences as pairs.")
        # Of the real and of the fake member of a pair.
        self._reads = read, functools.partial(read, blended=True) if draw == "self_blended" else read
        # Pairs stay together, so a batch must hold whole ones.
        self._paired = draw in ("pairs", "self_blended")
        self._batch_size = batch_size + batch_size % 2 if self._paired else batch_size
        self._seed = seed

        starts = np.flatnonzero(faces["video"].to_numpy() != faces["video"].shift().to_numpy())
        self._starts, self._counts = starts, np.diff([*starts, len(faces)])
        self._labels = faces["label"].to_numpy()[starts]
        self._originals = faces["original"].to_numpy()[starts]
        self._plan = functools.lru_cache(2)(self._draw_epoch)

    def __len__(self) -> int:
        items = len(self._plan(0))
        whole, rest = divmod(items, self._batch_size)
        return whole if whole and self._draw != IN_ORDER else whole + bool(rest)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        if not 0 <= index < len(self):
            raise IndexError(f"There are {len(self)} batches, so none of index {index}.")
        items = self._plan(self.epoch)[index * self._batch_size:][:self._batch_size]
        videos = items[:, 0]
        positions = items[:, 1:] if self._sequences else items[:, 1]
        seed = (self._seed, self.epoch, index)
        labels = self._labels[videos]
        if self._paired:
            # Read apart with one seed: both members of a pair are augmented in the same way.
            members = [read(positions[member::2], seed) for member, read in enumerate(self._reads)]
            inputs = np.stack(members, axis=1).reshape(len(positions), *members[0].shape[1:])
            # The real member stands first.
            labels = np.arange(len(videos)) % 2
        else:
            inputs = self._read(positions, seed)
        return inputs, labels.astype(np.float32)[:, None], self._weights[labels]

    @property
    def faces_per_epoch(self) -> int:
        return int((self._plan(0)[:len(self) * self._batch_size, 1:] != PADDING).sum())

    @functools.cached_property
    def _weights(self) -> np.ndarray:
        """By label."""
        if self._paired:
            return np.ones(2, np.float32)
        drawn = np.bincount(self._labels[self._plan(0)[:, 0]], minlength=2)
        return (drawn.sum() / (2 * drawn)).astype(np.float32)

    def _draw_epoch(self, epoch: int) -> np.ndarray:
        """The items of an epoch in their order, one a row: a video, then the positions of its faces."""
        generator = np.random.default_rng((self._seed, epoch))
        groups = np.concatenate([self._draw_videos(generator) for _ in range(self._rounds)])
        # Groups of one video or of a pair, in neighbourhoods of so many videos that the store remembers.
        size = _NEIGHBOURS // groups.shape[1]
        parts = [self._items(groups[start:start + size], generator) for start in range(0, len(groups), size)]
        return np.concatenate(parts)

    def _draw_videos(self, generator: np.random.Generator) -> np.ndarray:
        """Videos of an epoch, (groups, 1), or pairs of them, (groups, 2)."""
        if self._draw in ("natural", IN_ORDER):
            videos = np.arange(len(self._labels))[:, None]
            return videos if self._draw == IN_ORDER else generator.permutation(videos)
        real, fake = np.flatnonzero(self._labels == 0), np.flatnonzero(self._labels == 1)
        if self._draw == "balanced":
            count = min(len(real), len(fake))
            chosen = [generator.permutation(videos)[:count] for videos in (real, fake)]
            return generator.permutation(np.concatenate(chosen))[:, None]
        if self._draw == "self_blended":
            return generator.permutation(np.column_stack([real, real]))
        partners = [generator.choice(fakes) for fakes in self._partners]
        return generator.permutation(np.column_stack([real, partners]))

    @functools.cached_property
    def _partners(self) -> list[np.ndarray]:
        """For each real video the fakes that may be paired with it."""
        real, fake = np.flatnonzero(self._labels == 0), np.flatnonzero(self._labels == 1)
        own = pd.Series(fake).groupby(self._originals[fake]).agg(np.array)
        orphans = fake[~np.isin(self._originals[fake], self._originals[real])]
        others = orphans if len(orphans) else fake
        return [own.get(self._originals[video], others) for video in real]

    def _items(self, groups: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """The items of some groups; those of a pair stand side by side, with faces from the same places."""
        in_order = self._draw == IN_ORDER
        shape = (len(groups), self._per_video)
        within = np.full(shape, 0.5) if in_order else generator.random(shape)
        # (groups, members, faces): both members of a pair show the same places of their tracks.
        within, counts, starts = within[:, None, :], self._counts[groups], self._starts[groups][:, :, None]
        if self._sequences:
            places = spread(counts, self._per_video, within)
            positions = np.where(places == PADDING, PADDING, starts + places)
            items = np.concatenate([groups[:, :, None], positions], axis=2)
        else:
            places = (np.arange(self._per_video) + within) / self._per_video
            positions = starts + (places * counts[:, :, None]).astype(np.int64)
            # (groups × faces, members, 1 + 1): each place of each group is an item of its own.
            videos = np.repeat(groups[:, None, :], self._per_video, axis=1)
            items = np.stack([videos, positions.swapaxes(1, 2)], axis=3).reshape(-1, groups.shape[1], 2)
        if not in_order:
            items = generator.permutation(items)
        return items.reshape(-1, items.shape[-1])
