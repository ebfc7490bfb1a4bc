"""Originals whose sound is forged on the spot: examples to learn from, and to test with."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dfdc_utils.data.mini.vocoders import VOCODERS
from dfdc_utils.faces.sound_track import SoundTrack
from dfdc_utils.sound.voices import encoded

_STRENGTHS = 0.2, 1.0
"""As in the drawn set."""
_KBITS = 48
"""Of AAC, through which every second sound goes once more, real or not: the last encoder must not tell."""


def rebuilt(sounds: Mapping[str, SoundTrack], vocoder: str, *, seed: int) -> dict[str, SoundTrack]:
    """Sounds by video, each rebuilt by the vocoder of that name (`VOCODERS`), how well is drawn at random."""
    result = {}
    for number, (video, sound) in enumerate(sounds.items()):
        rng = np.random.default_rng((seed, number))
        samples = VOCODERS[vocoder](sound.samples, sound.rate, rng.uniform(*_STRENGTHS), rng)
        result[video] = replace(sound, samples=samples)
    return result


def half_encoded(sounds: Mapping[str, SoundTrack], *, first: int) -> dict[str, SoundTrack]:
    """`sounds`, of which every second one, from number `first` on, went through an encoder again."""
    return {
        video: encoded(sound, _KBITS) if number % 2 == first else sound
        for number, (video, sound) in enumerate(sounds.items())
    }


def to_learn_from(
    originals: Mapping[str, SoundTrack], *, seed: int
) -> tuple[dict[str, SoundTrack], dict[str, dict[str, SoundTrack]]]:
    """Real sounds and rebuilt ones, by vocoder: each original is rebuilt by one of them. All by video."""
    videos, ways = list(originals), len(VOCODERS)
    fakes = {}
    for place, vocoder in enumerate(VOCODERS):
        share = {video: originals[video] for video in videos[place::ways]}
        fakes[vocoder] = half_encoded(rebuilt(share, vocoder, seed=seed + place), first=place % 2)
    return half_encoded(originals, first=0), fakes


def strangers(videos: Sequence[str], spare: Sequence[str], *, most: int = 3) -> list[dict[str, str]]:
    """Whose sound is put under whose picture: at most `most` times, by video, another of `videos`.

    Where there are fewer, those in `spare` are taken too.
    """
    voices = [*videos, *(spare if len(videos) <= most else ())]
    return [
        {video: voices[(place + away) % len(voices)] for place, video in enumerate(videos)}
        for away in range(1, min(most, len(voices) - 1) + 1)
    ]
