"""Light that falls on a scene."""

from dataclasses import dataclass

import numpy as np

# Name: how often, brightness of the lamp, brightness of the light that is everywhere.
_KINDS = {
    "soft": (0.45, 0.45, 0.62),
    "side": (0.25, 0.72, 0.38),
    "overhead": (0.15, 0.58, 0.48),
    "dim": (0.15, 0.40, 0.42),
}


@dataclass(frozen=True)
class Light:
    """One lamp, and the light that is everywhere."""

    name: str
    """"soft", "side", "overhead" or "dim"."""
    direction: tuple[float, float, float]
    """Towards the lamp: x right, y down, z to the camera; of any length."""
    key: float
    ambient: float
    color: tuple[float, float, float]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Light":
        name = str(rng.choice(list(_KINDS), p=[share for share, _, _ in _KINDS.values()]))
        _, key, ambient = _KINDS[name]
        sideways = rng.choice([-1, 1]) * (rng.uniform(0.7, 1.3) if name == "side" else rng.uniform(0, 0.5))
        down = rng.uniform(-1.3, -0.9) if name == "overhead" else rng.uniform(-0.7, -0.2)
        warm, level = rng.normal(0, 0.03), rng.uniform(0.92, 1.06)
        color = (1 + warm, 1.0, 1 - 1.3 * warm)
        return cls(name, (float(sideways), float(down), 0.9), key * level, ambient * level, color)

    @property
    def unit(self) -> np.ndarray:
        """The direction, of length 1."""
        return np.array(self.direction) / np.linalg.norm(self.direction)
