"""A swapped face taken apart: the seam without the swap, the swap without the seam, both, and neither.

No real set has that. It tells what of a forgery a detector answers to.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from dfdc_utils.data.mini.dataset import Clip, Take, plan
from dfdc_utils.data.mini.forgeries import JITTER, Autoencoder, Forgery, forge, poisson
from dfdc_utils.data.mini.scenes import Scene
from dfdc_utils.data.mini.shapes import blend
from dfdc_utils.data.mini.speech import SAMPLE_RATE
from dfdc_utils.data.mini.videos import VideoWriter
from dfdc_utils.profiles import Profile

UNTOUCHED, AGAIN = "untouched", "encoded again"
SEAM, INSIDE, WHOLE = "seam alone", "inside alone", "whole fake"
"""What is done to an original: nothing; nothing but a second encoding; the face blended with itself, a pixel off and
in the fake's wrong colour; the other face, smooth as it is, without any seam; and the fake itself."""


class _Seam(Autoencoder):
    """Every pixel stays the target's own."""

    def _forge(self, index, fake, moment) -> None:
        lookup, cover = moment.lookup.cut_to(moment.lookup.apply(self._oval))
        own = fake[lookup.where.slices]
        # Whole pixels: anything else would smooth the face, and smooth it is inside.
        dx, dy = self.rng.choice([-1, 1], 2)
        moved = cv2.warpAffine(
            own, np.array([[1, 0, dx], [0, 1, dy]], np.float32), own.shape[1::-1], flags=cv2.INTER_NEAREST,
            borderMode=cv2.BORDER_REPLICATE,
        )
        blend(own, np.clip(moved + self._off, 0, 255).astype(np.uint8), cover)


class _Inside(Autoencoder):
    """In the very place, in the very colour, and met without a seam all around."""

    def _knob(self, ends) -> float:
        return 0.0 if ends is JITTER else super()._knob(ends)

    def _color_off(self) -> np.ndarray:
        return np.zeros(3, np.float32)

    def _lay_over(self, index, fake, patch, where, cover) -> None:
        patch = poisson(patch.astype(np.float32), fake[where.slices], cover)
        super()._lay_over(index, fake, patch, where, cover)


def swaps(profile: Profile) -> Iterator[tuple[Take, Clip]]:
    """Takes of one person, with nothing odd about them, that the set swaps by the autoencoder; and one such fake."""
    for take in plan(profile):
        fakes = [clip for clip in take.clips if clip.method == "autoencoder"]
        if fakes and len(take.setting.people) == 1 and not any(clip.wart for clip in take.clips):
            yield take, fakes[0]


def film_apart(folder: Path, take: Take, fake: Clip, frames: int) -> dict[str, Path]:
    """Films the first frames of a take as `UNTOUCHED`, `SEAM`, `INSIDE` and `WHOLE`; returns the files."""
    scene = Scene(take.setting)
    assert fake.donor, "a face is swapped (`swaps`)"
    made: dict[str, Forgery] = {
        UNTOUCHED: Forgery(scene, take.target, fake.strength, fake.seed),
        SEAM: _Seam(scene, take.target, fake.strength, fake.seed, fake.donor),
        INSIDE: _Inside(scene, take.target, fake.strength, fake.seed, fake.donor),
        WHOLE: forge(fake.method, scene, take.target, fake.strength, fake.seed, fake.donor),
    }
    pictures: dict[str, list[np.ndarray]] = {treatment: [] for treatment in made}
    for index, frame, moments in scene.frames():
        if index >= frames:
            break
        for treatment, forgery in made.items():
            pictures[treatment] += [forgery.alter(index, frame, moments)] * take.setting.hold
    files = {treatment: folder / f"{take.original}-{number}.mp4" for number, treatment in enumerate(made)}
    for treatment, path in files.items():
        write(path, pictures[treatment], take, fake)
    return files


def write(path: Path, pictures: Iterable[np.ndarray], take: Take, fake: Clip) -> None:
    """Writes pictures, RGB uint8, one a frame, encoded as `fake` is, without its sound."""
    silence = np.zeros(SAMPLE_RATE // 10, np.float32)
    with VideoWriter(path, take.setting.width, take.setting.height, take.setting.rate, fake.crf, silence) as writer:
        for picture in pictures:
            writer.write(picture)
