"""Voices of the drawn set's synthesiser, as the ears of chapter 13 hear them."""

import numpy as np

from dfdc_utils.data.mini.speech import SAMPLE_RATE, Speech
from dfdc_utils.faces.sound_track import SoundTrack
from dfdc_utils.sound.voices import RATE

SECONDS = 3.0


def voice(number, seconds=SECONDS):
    """One of many voices, at RATE."""
    sound = Speech((13, number), seconds).sound
    at = np.arange(int(seconds * RATE)) * (SAMPLE_RATE / RATE)
    samples = np.interp(at, np.arange(len(sound)), sound).astype(np.float32)
    return SoundTrack(samples=samples, rate=RATE, kbits=64.0)
