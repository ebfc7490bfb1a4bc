"""Voices: syllables, the sound they make, and the mouth that makes them."""

import functools

import cv2
import numpy as np

from dfdc_utils.data.mini.shapes import blur, noise

SAMPLE_RATE = 44100
_STEPS = 200
"""Envelopes are kept at this many values per second."""

# Vowel: first and second formant in Hz; how far the mouth opens (0 to 1) and spreads (-1 to 1).
_VOWELS = {
    "a": (800, 1250, 1.0, 0.1), "e": (500, 1900, 0.55, 0.6), "i": (300, 2300, 0.3, 1.0),
    "o": (480, 850, 0.6, -0.7), "u": (320, 750, 0.25, -1.0), "@": (550, 1450, 0.4, 0.0),
}
_THIRD_FORMANT = 2700


class Speech:
    """`seconds` of one voice saying nothing in particular. Silent people have loudness 0."""

    def __init__(self, seed: tuple[int, ...], seconds: float):
        rng = np.random.default_rng(seed)
        self.seconds = seconds
        steps = int(seconds * _STEPS) + 1
        self._loudness, self._hiss = np.zeros(steps, np.float32), np.zeros(steps, np.float32)
        self._open, self._wide = np.zeros(steps, np.float32), np.zeros(steps, np.float32)
        self._formants = np.tile(np.array([[550], [1450]], np.float32), (1, steps))
        self._pitch = rng.uniform(95, 220)
        pace = rng.uniform(0.85, 1.2)
        at = rng.uniform(0.0, 0.4)
        while at < seconds:
            for _ in range(rng.integers(4, 12)):
                at += self._syllable(rng, at, rng.uniform(0.13, 0.26) / pace)
            at += rng.uniform(0.15, 0.6)
        for envelope in (self._loudness, self._open, self._wide):
            envelope[:] = _smooth(envelope, 0.02)
        self._formants = np.stack([_smooth(formant, 0.03) for formant in self._formants])
        self._melody = 1.0 + 0.12 * noise(rng, 1, steps, 0.3 * _STEPS)[0]
        self._seed = seed

    def mouth(self, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far the mouth is open (0 to 1) and spread (-1 to 1) at the times `seconds`."""
        at = np.arange(len(self._open)) / _STEPS
        return np.interp(seconds, at, self._open), np.interp(seconds, at, self._wide)

    def loudness(self, seconds: np.ndarray) -> np.ndarray:
        """0 (silent) to 1 (loud) at the times `seconds`."""
        return np.interp(seconds, np.arange(len(self._loudness)) / _STEPS, self._loudness)

    @functools.cached_property
    def sound(self) -> np.ndarray:
        """float32 mono samples at SAMPLE_RATE, -1 to 1."""
        rng = np.random.default_rng((*self._seed, 1))
        count = int(self.seconds * SAMPLE_RATE)
        # No harmonic lies above 4500 Hz, so a quarter of the samples holds the voice.
        quarter = -(-count // 4)
        harmonics = np.arange(1, int(4500 / self._pitch), dtype=np.float32)[:, None]
        pitch = self._pitch * self._melody[None]
        levels = _resonance(harmonics * pitch, *self._formants) / harmonics**0.6 * self._loudness
        turns = np.cumsum(_stretched(pitch, quarter), dtype=np.float64) * (4 / SAMPLE_RATE) % 1
        waves = np.sin(2 * np.pi * harmonics * turns.astype(np.float32))
        waves *= _stretched(levels, quarter)
        total = _stretched(waves.sum(axis=0)[None], count)[0]
        total *= 0.5 / max(np.abs(total).max(), 1e-9)
        total += 0.03 * np.diff(rng.standard_normal(count + 1, np.float32)) * _stretched(self._hiss[None], count)[0]
        return total + 0.0015 * rng.standard_normal(count, np.float32)

    def _syllable(self, rng, start: float, length: float) -> float:
        first, second, opened, wide = _VOWELS[rng.choice(list(_VOWELS))]
        stress = rng.uniform(0.55, 1.0)
        where = slice(int(start * _STEPS), int((start + length) * _STEPS))
        steps = len(self._loudness[where])
        rise = np.sin(np.pi * (np.arange(steps) + 0.5) / max(steps, 1)) ** 0.7
        self._loudness[where] = stress * rise
        self._open[where] = stress * opened * rise
        self._wide[where] = wide * rise
        self._formants[0, where], self._formants[1, where] = first, second
        if rng.uniform() < 0.35:
            self._hiss[max(0, where.start - 12) : where.start] = stress
        return length


def _resonance(frequency, first, second):
    def peak(center, width):
        return 1.0 / (1.0 + ((frequency - center) / width) ** 2)

    return peak(first, 90) + 0.6 * peak(second, 130) + 0.25 * peak(_THIRD_FORMANT, 200) + 0.01


def _stretched(curves: np.ndarray, count: int) -> np.ndarray:
    """`curves`, (n, values), as float32 with `count` values each."""
    return cv2.resize(curves.astype(np.float32), (count, len(curves)))


def _smooth(envelope: np.ndarray, seconds: float) -> np.ndarray:
    return blur(envelope[None].astype(np.float32), seconds * _STEPS)[0]
