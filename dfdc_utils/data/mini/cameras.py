"""What a camera makes of the scene: exposure, colour cast, softness, noise, a hand that shakes."""

import cv2
import numpy as np

from dfdc_utils.data.mini.shapes import blur, curve

_PLAY = 64
"""The noise picture is larger than a frame by this much, and each frame shows another cutting."""


class Camera:
    """One camera, its settings drawn from `rng`. Pictures are uint8 RGB.

    Args:
        seconds: the time of each frame.
        dark: underexposed and noisy, as a clip filmed at night.
    """

    def __init__(self, rng: np.random.Generator, width: int, height: int, seconds: np.ndarray, *, dark: bool):
        self._unit = min(width, height) / 360
        exposure = rng.uniform(0.26, 0.34) if dark else rng.uniform(0.85, 1.15)
        gamma, lift = rng.uniform(0.8, 1.1), rng.uniform(0, 18) * (not dark)
        warmth, green = rng.normal(0, 0.035), rng.normal(0, 0.012)
        levels = np.arange(256)[:, None] / 255
        gains = exposure * np.array([1 + warmth, 1 + green, 1 - warmth])
        table = lift + (255 - lift) * (np.minimum(levels * gains, 1.0) ** gamma)
        self._table = np.clip(table, 0, 255).astype(np.uint8)[None]
        # Softness and noise differ so much between cameras that they say nothing about a forgery.
        self._softness = rng.uniform(0.0, 1.3) * self._unit
        self._sigma = rng.uniform(4.0, 7.0) if dark else rng.uniform(0.5, 5.0)
        grain = rng.standard_normal((height + _PLAY, width + _PLAY, 3), np.float32)
        # Half the noise is in the brightness, and neighbouring pixels share some of it.
        grain = grain * 0.6 + grain.mean(axis=2, keepdims=True) * 1.2
        grain = blur(grain, rng.uniform(0.3, 0.8) * self._unit)
        self._noise = np.round(grain * (self._sigma / grain.std())).astype(np.int16)
        self._offsets = rng.integers(0, _PLAY, (len(seconds), 2))
        # Half of the cameras stand on something.
        reach = rng.uniform(2.0, 7.0) * self._unit * (rng.uniform() < 0.5)
        sway = [curve(rng, seconds, 0.7) + 0.3 * curve(rng, seconds, 0.2) for _ in "xy"]
        self.shake = reach * np.stack(sway, axis=1)
        """(frames, 2): by how many pixels the picture is displaced."""

    def develop(self, scene: np.ndarray) -> np.ndarray:
        """The picture of `scene`, or of a cutting of it, before noise."""
        picture = cv2.LUT(np.ascontiguousarray(scene), self._table)
        return blur(picture, self._softness) if self._softness > 0.3 else picture

    def noise(self, index: int, where: tuple[slice, slice]) -> np.ndarray:
        """The noise (int16) of frame `index` in a rectangle of it."""
        down, right = self._offsets[index]
        rows, columns = where
        return self._noise[down + rows.start : down + rows.stop, right + columns.start : right + columns.stop]

    def add_noise(self, picture: np.ndarray, index: int) -> np.ndarray:
        height, width = picture.shape[:2]
        return cv2.add(picture, self.noise(index, (slice(0, height), slice(0, width))), dtype=cv2.CV_8U)
