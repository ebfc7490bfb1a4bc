"""Whether a voice is the one that these lips speak: loudness and sound against the opening of the mouth."""

from collections.abc import Mapping, Sequence

import numpy as np

from dfdc_utils.backend import keras, layers, ops
from dfdc_utils.faces.sound_track import SoundTrack
from dfdc_utils.sound.learning import learn, longer, pieces
from dfdc_utils.sound.mouth import PER_SECOND
from dfdc_utils.sound.voices import RATE, loudness

LAGS = 2
"""Sound may be early or late by so many values of a series: an eighth of a second, as when a clip is badly cut."""
_WINDOW = 3 * PER_SECOND
"""Values of both series that the network sees at a time."""
_PIECES = 3
_BANDS, _CURVES, _WIDTH = 16, 4, 16
_PAIRS, _RATE = 32, 4e-3
_SHIFTED = 0.25
"""Share of the forgeries to learn from that are the person's own voice, late or early by up to a second."""
_NOISE, _LOUDER = 0.5, 6.0
"""Training: noise on the opening (spread 1), and the volume that is turned up or down, in dB."""
_TOGETHER = 32


def series(sounds: Mapping[str, SoundTrack]) -> dict[str, np.ndarray]:
    """How loud sounds are in `_BANDS` bands, in dB: (values, bands) by video, `PER_SECOND` values."""
    stride = RATE // PER_SECOND
    bands = layers.MelSpectrogram(
        fft_length=2048, sequence_stride=stride, sequence_length=2 * stride, sampling_rate=RATE, num_mel_bins=_BANDS,
        min_freq=100, max_freq=5000,
    )
    names, result = sorted(sounds, key=lambda video: len(sounds[video].samples)), {}
    for start in range(0, len(names), _TOGETHER):
        some = [sounds[video].samples for video in names[start:start + _TOGETHER]]
        filled = np.stack([np.pad(samples, (0, len(some[-1]) - len(samples))) for samples in some])
        found = ops.convert_to_numpy(bands(filled)).transpose(0, 2, 1)
        for video, values, samples in zip(names[start:], found, some, strict=False):
            result[video] = values[:max(1, len(samples) // stride)]
    return result


def correlations(opening: np.ndarray, sound: SoundTrack, *, lags: int = LAGS) -> np.ndarray:
    """The correlation of the opening of a mouth with the loudness of a sound, at each lag from -`lags` to `lags`.

    At a lag above 0 the sound comes later than the mouth. NaN where one of them does not change.
    """
    loud = np.log(loudness(sound.samples) + 0.01)
    at = np.arange(len(opening)) * (100 / PER_SECOND)
    at = at[at < len(loud)]
    loud, opening = np.interp(at, np.arange(len(loud)), loud), opening[:len(at)]
    found = []
    for lag in range(-lags, lags + 1):
        one, other = opening[max(0, -lag):len(opening) - max(0, lag)], loud[max(0, lag):len(loud) - max(0, -lag)]
        constant = not len(one) or one.std() < 1e-6 or other.std() < 1e-6
        found.append(np.nan if constant else np.corrcoef(one, other)[0, 1])
    return np.array(found)


def mismatch(opening: np.ndarray, sound: SoundTrack) -> float:
    """How little a mouth goes with a sound: minus the correlation at the best lag; 0 where nothing changes."""
    found = correlations(opening, sound)
    return 0.0 if np.isnan(found).all() else -float(np.nanmax(found))


def network(*, seed: int) -> keras.Model:
    """Says P(another voice) of an opening (values, 1) and the bands of a sound (values, bands), side by side.

    Each is turned into a few curves, and what counts is how well the curves of both go together.
    """
    keras.utils.set_random_seed(seed)
    opening, bands = layers.Input((_WINDOW, 1)), layers.Input((_WINDOW, _BANDS))
    x = layers.Conv1D(8, 5, padding="same", activation="relu")(opening)
    x = layers.Conv1D(_CURVES, 3, padding="same")(x)
    y = layers.Conv1D(_WIDTH, 5, padding="same", activation="relu")(layers.Rescaling(1 / 20, 0.5)(bands))
    y = layers.SpatialDropout1D(0.3)(y)
    y = layers.Conv1D(_WIDTH, 3, padding="same", activation="relu")(y)
    y = layers.Conv1D(_CURVES, 3, padding="same")(y)
    x, y = (curves - ops.mean(curves, axis=1, keepdims=True) for curves in (x, y))
    alike = ops.sum(x * y, axis=1) / ops.sqrt(ops.sum(x * x, axis=1) * ops.sum(y * y, axis=1) + 1e-6)
    # At first a good match says "real", for any curve.
    against = keras.initializers.Constant(-3.0)
    return keras.Model((opening, bands), layers.Dense(1, activation="sigmoid", kernel_initializer=against)(alike))


def train(
    model: keras.Model, openings: Mapping[str, np.ndarray], bands: Mapping[str, np.ndarray], *, steps: int, seed: int
) -> list[float]:
    """Trains a `network` on originals; forgeries are made of them, by another's voice or a shifted one.

    Args:
        openings, bands: by video, of the same originals.

    Raises ValueError for fewer than two originals: there is no other voice.
    """
    names = list(openings)
    if len(names) < 2:
        raise ValueError("To learn which voice belongs to which mouth takes two originals at least.")

    def cut(values: np.ndarray, start: int) -> np.ndarray:
        values = longer(values, _WINDOW)
        return values[min(max(0, start), len(values) - _WINDOW):][:_WINDOW]

    def draw(rng: np.random.Generator):
        mouths, sounds = [], []
        for number in rng.integers(len(names), size=_PAIRS):
            own, other = names[number], names[(number + rng.integers(1, len(names))) % len(names)]
            start = int(rng.integers(max(1, len(openings[own]) - _WINDOW + 1)))
            late = int(rng.choice((-1, 1)) * rng.integers(5, PER_SECOND + 1))
            fake = cut(bands[other], int(rng.integers(max(1, len(bands[other]) - _WINDOW + 1))))
            if rng.uniform() < _SHIFTED and 0 <= start + late <= len(bands[own]) - _WINDOW:
                fake = cut(bands[own], start + late)
            mouths += [cut(openings[own], start)] * 2
            sounds += [cut(bands[own], start), fake]
        noise = _NOISE * rng.standard_normal((len(mouths), _WINDOW), np.float32)
        louder = rng.uniform(-_LOUDER, _LOUDER, (len(sounds), 1, 1)).astype(np.float32)
        return ((np.stack(mouths) + noise)[..., None], np.stack(sounds) + louder), np.tile((0, 1), _PAIRS)

    return learn(model, draw, steps=steps, rate=_RATE, seed=seed, description="sync")


def scores(
    model: keras.Model,
    openings: Mapping[str, np.ndarray],
    bands: Mapping[str, np.ndarray],
    pairs: Sequence[tuple[str, str]],
) -> np.ndarray:
    """P(another voice) for pairs (the video of the mouth, the video of the sound): (pairs,), in (0, 1)."""
    mouths, sounds = [], []
    for mouth, sound in pairs:
        length = min(len(openings[mouth]), len(bands[sound]))
        mouths.append(pieces(openings[mouth][:length], _WINDOW, _PIECES))
        sounds.append(pieces(bands[sound][:length], _WINDOW, _PIECES))
    if not pairs:
        return np.empty(0)
    inputs = np.concatenate(mouths)[..., None], np.concatenate(sounds)
    return model.predict(inputs, batch_size=256, verbose=0).reshape(len(pairs), _PIECES).mean(axis=1)
