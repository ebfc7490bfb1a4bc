"""The sounds of a set's clips, what can be said of them without a network, and what happens to them on their way."""

import io
import types
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import av
import numpy as np
import pandas as pd
from scipy.signal import resample_poly
from tqdm import tqdm

from dfdc_utils.faces.sound_track import NoSound, SoundTrack, decode

RATE = 16000
"""Samples per second; as in ASVspoof."""
_FRAME = RATE // 100
_SILENT = 0.05
"""What is less loud than this share of the loudest moment counts as silence."""
TRIVIAL = ("leading silence", "level", "bit rate")


def of_clips(table: pd.DataFrame, *, description: str) -> tuple[dict[str, SoundTrack], dict[str, str]]:
    """The sounds of the clips of a table, at RATE; and, of those that have none, why. Both by video."""
    heard: dict[str, SoundTrack] = {}
    reasons: dict[str, str] = {}
    for row in tqdm(table.itertuples(), total=len(table), desc=description, unit="clip", mininterval=1.0):
        try:
            heard[row.video] = decode(row.path, RATE)
        except NoSound as error:
            reasons[row.video] = str(error)
    return heard, reasons


def trivial(sounds: Iterable[SoundTrack]) -> pd.DataFrame:
    """What is known of sounds without listening: one row a sound, columns `TRIVIAL` in seconds, dB and kbit/s."""
    rows = []
    for sound in sounds:
        loud = loudness(sound.samples)
        first = int((loud > _SILENT * loud.max()).argmax()) * _FRAME / sound.rate
        level = 10 * np.log10(np.mean(np.square(sound.samples, dtype=float)) + 1e-10)
        rows.append((first, level, sound.kbits))
    return pd.DataFrame(rows, columns=[*TRIVIAL])


def loudness(samples: np.ndarray) -> np.ndarray:
    """The root mean square of every hundredth of a second."""
    whole = len(samples) // _FRAME * _FRAME
    return np.sqrt(np.mean(np.square(samples[:whole].reshape(-1, _FRAME)), axis=1))


def encoded(sound: SoundTrack, kbits: int) -> SoundTrack:
    """`sound` after AAC at so many kbit/s, in step with what it was before."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        options = {"b": str(1000 * kbits), "aac_coder": "fast"}
        stream = container.add_stream("aac", rate=sound.rate, layout="mono", options=options)
        frame = av.AudioFrame.from_ndarray(sound.samples[None], format="fltp", layout="mono")
        frame.sample_rate = sound.rate
        container.mux([*stream.encode(frame), *stream.encode()])
    file.seek(0)
    again = decode(file, sound.rate)
    # The encoder begins with a block that holds nothing yet.
    late = len(again.samples) - len(sound.samples)
    return replace(again, samples=again.samples[min(1024, max(0, late)):][:len(sound.samples)])


def _noisy(sound: SoundTrack) -> SoundTrack:
    """With white noise at a tenth of its level: 20 dB."""
    rng = np.random.default_rng(len(sound.samples))
    level = 0.1 * np.sqrt(np.mean(np.square(sound.samples)))
    return replace(sound, samples=sound.samples + level * rng.standard_normal(len(sound.samples), np.float32))


def _through_a_telephone(sound: SoundTrack) -> SoundTrack:
    """Half of the samples per second, and back: nothing is left above 4 kHz."""
    return replace(sound, samples=resample_poly(resample_poly(sound.samples, 1, 2), 2, 1)[:len(sound.samples)])


CHANGES: Mapping[str, Callable[[SoundTrack], SoundTrack]] = types.MappingProxyType({
    "as it is": lambda sound: sound,
    "AAC, 32 kbit/s": lambda sound: encoded(sound, 32),
    "noise, 20 dB": _noisy,
    "8 kHz and back": _through_a_telephone,
})
"""What happens to a sound on its way to a listener."""
