"""What a vocoder leaves in a voice: a small network that looks at mel spectrograms."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from dfdc_utils.backend import keras, layers
from dfdc_utils.faces.sound_track import SoundTrack
from dfdc_utils.sound.learning import learn, longer, pieces, told_apart
from dfdc_utils.sound.voices import RATE

_SPAN = 2 * RATE
"""Samples that the network hears at a time."""
_PIECES = 3
_PAIRS, _RATE = 12, 3e-3
_LOUDER = 6.0
"""Training: the volume is turned up or down by at most so many dB."""


def network(*, seed: int) -> keras.Model:
    """Says P(rebuilt by a machine) of two seconds of sound at RATE, (samples,): a light CNN on a mel spectrogram."""
    keras.utils.set_random_seed(seed)
    sound = layers.Input((_SPAN,))
    x = layers.MelSpectrogram(
        fft_length=512, sequence_stride=160, sequence_length=400, sampling_rate=RATE, num_mel_bins=80, min_freq=20,
        max_freq=RATE // 2,
    )(sound)
    x = layers.Reshape((*x.shape[1:], 1))(layers.Rescaling(1 / 40)(x))
    for width, strides in ((16, (2, 1)), (32, 1), (48, 1)):
        x = layers.Conv2D(width, 3, strides=strides, padding="same", use_bias=False)(x)
        # So few steps are no time for the usual slow averages.
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        x = layers.MaxPooling2D(2)(x)
    x = layers.Dropout(0.2)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(sound, layers.Dense(1, activation="sigmoid")(x))


def train(
    model: keras.Model,
    reals: Mapping[str, SoundTrack],
    fakes: Sequence[Mapping[str, SoundTrack]],
    *,
    steps: int,
    seed: int,
    description: str = "artefacts",
) -> list[float]:
    """Trains a `network` on real sounds and as many that were rebuilt, of each way in `fakes` in turn.

    Args:
        reals: by video.
        fakes: for each way of rebuilding, sounds by video.
    """
    names = list(reals)
    ways = [(some, list(some)) for some in fakes]

    def cut(sound: SoundTrack, rng) -> np.ndarray:
        samples = longer(sound.samples, _SPAN)
        start = rng.integers(len(samples) - _SPAN + 1)
        return samples[start:start + _SPAN] * 10 ** (rng.uniform(-_LOUDER, _LOUDER) / 20)

    def draw(rng: np.random.Generator):
        batch = []
        for number in range(_PAIRS):
            rebuilt, videos = ways[number % len(ways)]
            batch.append(cut(reals[names[rng.integers(len(names))]], rng))
            batch.append(cut(rebuilt[videos[rng.integers(len(videos))]], rng))
        return np.stack(batch).astype(np.float32), np.tile((0, 1), _PAIRS)

    return learn(model, draw, steps=steps, rate=_RATE, seed=seed, description=description)


def scores(model: keras.Model, sounds: Mapping[str, SoundTrack]) -> dict[str, float]:
    """P(rebuilt by a machine) by video: the mean over a few pieces of each sound."""
    if not sounds:
        return {}
    heard = np.concatenate([pieces(sound.samples, _SPAN, _PIECES) for sound in sounds.values()])
    found = model.predict(heard, batch_size=64, verbose=0).reshape(-1, _PIECES).mean(axis=1)
    return dict(zip(sounds, found.astype(float).tolist(), strict=True))


def transfer(
    networks: Mapping[str, keras.Model],
    reals: Mapping[str, SoundTrack],
    rebuilt: Mapping[str, Mapping[str, SoundTrack]],
    changes: Mapping[str, Callable[[SoundTrack], SoundTrack]],
    *,
    seed: int,
) -> pd.DataFrame:
    """How well networks tell rebuilt sounds from real ones when both went through the same change.

    Args:
        networks: by what they are called.
        reals: real sounds by video.
        rebuilt: by vocoder, the same sounds rebuilt.
        changes: by name, such as `voices.CHANGES`.
        seed: of the intervals.

    Returns:
        One row a network, change and vocoder: detector, change, vocoder, what `learning.told_apart` gives, and
        reals_called (the share of real sounds that are called rebuilt, from 0.5 on).
    """
    rows = []
    for change, apply in changes.items():
        changed = {video: apply(sound) for video, sound in reals.items()}
        fakes = {name: {video: apply(sound) for video, sound in some.items()} for name, some in rebuilt.items()}
        for detector, model in networks.items():
            real = scores(model, changed)
            called = float(np.mean(np.array(list(real.values())) >= 0.5))
            for name, some in fakes.items():
                found = told_apart(real, [scores(model, some)], seed=seed)
                rows.append({"detector": detector, "change": change, "vocoder": name, **found, "reals_called": called})
    return pd.DataFrame(rows)
