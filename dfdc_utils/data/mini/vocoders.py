"""Voices that a machine says again: analysed, thrown away, and rebuilt from what the analysis kept.

What is kept is a mel spectrogram, as for most systems that clone a voice. It holds how loud each band is, and neither
phases nor single harmonics of high bands. A vocoder makes them up, and that is what can be heard.
"""

import types
from collections.abc import Callable, Mapping

import numpy as np
from scipy.fft import irfft, rfft
from scipy.ndimage import median_filter

_WINDOW = 0.023
"""Seconds; the nearest power of two of samples is taken, and a quarter of it from one window to the next."""
_ROUNDS = 16
_PITCHES = 70.0, 320.0
"""Hz. Between them the source-filter vocoder looks for the pitch of a voice."""
_VOICED = 0.5
"""From this correlation of a sound with itself, a period later, it counts as voiced."""
_TOP = 22050
"""Hz. The bands below are as many as would reach up to here; of a lower rate there are fewer."""

# (at strength 0, at strength 1)
MEL_BANDS = (96, 40)
"""Griffin-Lim: bands of the mel spectrogram."""
ENVELOPE_BANDS = (40, 20)
"""Source-filter: bands of the envelope."""
FLATTENED = (0.1, 0.8)
"""Source-filter: how much of the melody is lost."""


def griffin_lim(sound: np.ndarray, rate: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    """`sound` rebuilt from its mel spectrogram, with phases that were found by trial.

    After Griffin and Lim, "Signal estimation from modified short-time Fourier transform" (IEEE Transactions on
    Acoustics, Speech, and Signal Processing, 1984): begin with any phases, go from spectrum to sound and back, and keep
    the phases that came out, again and again.

    Args:
        sound: float32 mono samples.
        rate: of them, per second.
        strength: 0 (hard to hear) to 1 (clumsy).
        rng: of the first phases.
    """
    window = _window(rate)
    wanted = _smoothed(np.abs(_spectrum(sound, window)), rate, _knob(MEL_BANDS, strength))
    phases = np.exp(2j * np.pi * rng.uniform(size=wanted.shape)).astype(np.complex64)
    for _ in range(_ROUNDS):
        found = _spectrum(_sound(wanted * phases, window, len(sound)), window)
        phases = found / np.maximum(np.abs(found), 1e-9)
    return _as_loud(_sound(wanted * phases, window, len(sound)), sound)


def source_filter(sound: np.ndarray, rate: int, strength: float, rng: np.random.Generator) -> np.ndarray:
    """`sound` rebuilt as a buzz at its pitch, or a hiss where it has none, through a filter with its envelope.

    After Dudley, "Remaking speech" (Journal of the Acoustical Society of America, 1939). Arguments as above.
    """
    window, bands = _window(rate), _knob(ENVELOPE_BANDS, strength)
    envelope = _smoothed(np.abs(_spectrum(sound, window)), rate, bands)
    pitch, voiced = _pitch(sound, rate, window)
    middle = np.median(pitch[voiced]) if voiced.any() else _PITCHES[0]
    pitch = pitch + (middle - pitch) * (FLATTENED[0] + (FLATTENED[1] - FLATTENED[0]) * strength)
    at, frames = np.arange(len(sound)), np.arange(len(pitch)) * (window // 4)
    turns = np.cumsum(np.interp(at, frames, pitch)) / rate
    share = np.interp(at, frames, voiced.astype(float))
    source = share * (turns % 1 - 0.5) + (1 - share) * rng.standard_normal(len(sound))
    source = _spectrum(source.astype(np.float32), window)
    flat = source / np.maximum(_smoothed(np.abs(source), rate, bands), 1e-9)
    return _as_loud(_sound(flat * envelope, window, len(sound)), sound)


VOCODERS: Mapping[str, Callable[[np.ndarray, int, float, np.random.Generator], np.ndarray]] = types.MappingProxyType({
    "Griffin-Lim": griffin_lim, "source-filter": source_filter,
})


def _knob(ends: tuple[int, int], strength: float) -> int:
    return round(ends[0] + (ends[1] - ends[0]) * strength)


def _window(rate: int) -> int:
    return 2 ** round(np.log2(_WINDOW * rate))


def _shape(window: int) -> np.ndarray:
    return np.hanning(window + 1)[:-1].astype(np.float32)


def _pieces(sound: np.ndarray, window: int, span: int) -> np.ndarray:
    """(frames, span): the samples around every quarter of a window."""
    hop = window // 4
    padded = np.pad(sound, (span // 2, span // 2 + hop - 1))
    return np.lib.stride_tricks.sliding_window_view(padded, span)[::hop]


def _spectrum(sound: np.ndarray, window: int) -> np.ndarray:
    """(frames, frequencies), complex64 of a float32 sound."""
    return rfft(_pieces(sound, window, window) * _shape(window))


def _sound(spectrum: np.ndarray, window: int, count: int) -> np.ndarray:
    """The way back from `_spectrum`: windows are laid over one another."""
    parts, hop = irfft(spectrum) * _shape(window), window // 4
    total: np.ndarray = np.zeros((len(parts) + 3) * hop + count, np.float32)
    for quarter in range(4):
        place = slice(quarter * hop, (quarter + len(parts)) * hop)
        total[place] += parts[:, quarter * hop:(quarter + 1) * hop].ravel()
    # The squares of four windows of Hann's that overlap sum up to 1.5.
    return total[window // 2:window // 2 + count] / 1.5


def _smoothed(magnitudes: np.ndarray, rate: int, bands: int) -> np.ndarray:
    """`magnitudes` (frames, frequencies) through mel bands and back."""
    weights = _mel_bands(magnitudes.shape[1], rate, bands)
    mel = magnitudes @ (weights / weights.sum(axis=1, keepdims=True)).T
    return mel @ (weights / weights.sum(axis=0))


def _mel_bands(frequencies: int, rate: int, bands: int) -> np.ndarray:
    """Triangles (bands, frequencies) that lie evenly on the mel scale, 2595 log10(1 + f / 700)."""
    width = _mel(_TOP) / (bands - 1)
    middles = np.arange(0, _mel(rate / 2) + width, width)
    away = np.abs(_mel(np.linspace(0, rate / 2, frequencies)) - middles[:, None])
    near = np.maximum(0, 1 - away / width)
    # A band that is narrower than the step between two frequencies takes the nearest one.
    empty = near.sum(axis=1) < 1e-6
    near[empty, away[empty].argmin(axis=1)] = 1
    return near.astype(np.float32)


def _mel(frequency):
    return 2595 * np.log10(1 + frequency / 700)


def _pitch(sound: np.ndarray, rate: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Of each frame of `_spectrum`: its pitch in Hz, and whether it has one, by the autocorrelation."""
    span = 2 * window
    power = np.abs(rfft(_pieces(sound, window, span) * _shape(span), 2 * span)) ** 2
    alike = irfft(power)[:, :span]
    first, last = (int(rate / pitch) for pitch in reversed(_PITCHES))
    best = first + alike[:, first:last].argmax(axis=1)
    strength = alike[np.arange(len(alike)), best] / np.maximum(alike[:, 0], 1e-9)
    return median_filter(rate / best, 9), median_filter(strength, 5) > _VOICED


def _as_loud(sound: np.ndarray, like: np.ndarray) -> np.ndarray:
    """float32 `sound`, as loud as `like`: loudness must not tell a fake."""
    sound = sound * np.sqrt(np.mean(np.square(like, dtype=float)) / max(np.mean(np.square(sound, dtype=float)), 1e-12))
    return (sound / max(1.0, np.abs(sound).max())).astype(np.float32)
