"""Sounds are read, changed and rebuilt: what is kept of them, and what is not."""

import av
import numpy as np
import pandas as pd
import pytest
from drawn_voices import SECONDS

from dfdc_utils.data.mini.vocoders import VOCODERS
from dfdc_utils.faces.sound_track import NoSound, decode
from dfdc_utils.sound import forged, voices
from dfdc_utils.sound.voices import RATE


def written(path, samples, *, codec="pcm_s16le", rate=RATE):
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray((32767 * samples[None]).astype(np.int16), format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux([*stream.encode(frame), *stream.encode()])
    return path


def test_a_sound_file_is_read_as_it_is(sounds, tmp_path):
    own = sounds["0.mp4"].samples
    for name, codec in (("a.wav", "pcm_s16le"), ("a.flac", "flac")):
        track = decode(written(tmp_path / name, own, codec=codec), RATE)
        assert np.allclose(track.samples, own, atol=1e-3)
    assert decode(tmp_path / "a.wav", RATE).kbits == pytest.approx(16 * RATE / 1000, rel=0.02)
    assert len(decode(tmp_path / "a.wav", 8000).samples) == pytest.approx(8000 * SECONDS, rel=0.01)


def test_what_has_no_sound_is_named_with_its_reason(sounds, tmp_path):
    (tmp_path / "text.mp4").write_text("no film")
    written(tmp_path / "ok.wav", sounds["0.mp4"].samples)
    table = pd.DataFrame({"video": ["ok.wav", "text.mp4", "gone.mp4"]})
    heard, silent = voices.of_clips(table.assign(path=[tmp_path / video for video in table.video]), description="")
    assert list(heard) == ["ok.wav"] and set(silent) == {"text.mp4", "gone.mp4"}
    assert all(str(tmp_path / video) in why for video, why in silent.items())
    with pytest.raises(NoSound, match=r"text\.mp4"):
        decode(tmp_path / "text.mp4", RATE)


def test_the_numbers_of_the_trivial_detector():
    quiet = np.zeros(RATE, np.float32)
    tone = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE).astype(np.float32) / 2
    sound = voices.SoundTrack(samples=np.concatenate([quiet, tone]), rate=RATE, kbits=64)
    (row,) = voices.trivial([sound]).to_numpy()
    # A half of the time at an amplitude of a half: 1/16 of the power.
    assert row.tolist() == pytest.approx([1.0, 10 * np.log10(1 / 16), 64], abs=0.02)


@pytest.mark.parametrize("change", voices.CHANGES)
def test_a_change_keeps_length_and_step(sounds, change):
    own = sounds["1.mp4"]
    changed = voices.CHANGES[change](own)
    assert len(changed.samples) == pytest.approx(len(own.samples), abs=1024) and changed.rate == own.rate
    before, after = (voices.loudness(sound.samples) for sound in (own, changed))
    count = min(len(before), len(after))
    assert np.corrcoef(before[:count], after[:count])[0, 1] > 0.95
    assert np.array_equal(changed.samples, own.samples) == (change == "as it is")


def test_aac_spends_what_it_was_told(sounds):
    assert voices.encoded(sounds["1.mp4"], 32).kbits == pytest.approx(32, rel=0.25)
    late = np.correlate(voices.loudness(voices.encoded(sounds["1.mp4"], 48).samples),
                        voices.loudness(sounds["1.mp4"].samples), "full").argmax()
    assert abs(late - len(voices.loudness(sounds["1.mp4"].samples)) + 1) <= 1


@pytest.mark.parametrize("name", VOCODERS)
def test_a_vocoder_keeps_loudness_and_speech_and_not_the_waves(sounds, name):
    own = sounds["2.mp4"].samples
    rng = np.random.default_rng(0)
    mild, clumsy = (VOCODERS[name](own, RATE, strength, rng) for strength in (0.0, 1.0))
    for rebuilt in (mild, clumsy):
        assert rebuilt.shape == own.shape and rebuilt.dtype == np.float32 and np.abs(rebuilt).max() <= 1
        assert np.square(rebuilt).mean() == pytest.approx(np.square(own).mean(), rel=0.05)
        assert np.corrcoef(voices.loudness(rebuilt), voices.loudness(own))[0, 1] > 0.85
        assert abs(np.corrcoef(rebuilt, own)[0, 1]) < 0.5
    assert _apart(clumsy, own) > _apart(mild, own)


def _apart(one, other):
    """How much two spectrograms differ, in dB."""
    spectra = [np.abs(np.fft.rfft(sound[:len(sound) // 512 * 512].reshape(-1, 512))) for sound in (one, other)]
    return np.abs(20 * np.log10((spectra[0] + 1e-3) / (spectra[1] + 1e-3))).mean()


def test_the_same_seed_rebuilds_the_same_voices(sounds):
    some = {video: sounds[video] for video in list(sounds)[:2]}
    one, same, other = (forged.rebuilt(some, "Griffin-Lim", seed=seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[video].samples, same[video].samples) for video in some)
    assert not any(np.array_equal(one[video].samples, other[video].samples) for video in some)


def test_each_original_to_learn_from_is_rebuilt_once_and_half_of_all_are_encoded_again(sounds):
    reals, fakes = forged.to_learn_from(sounds, seed=3)
    assert list(reals) == list(sounds)
    assert sorted(video for some in fakes.values() for video in some) == sorted(sounds)
    for some in (reals, *fakes.values()):
        # What an encoder wrote has another bit rate than the drawn one.
        assert [sound.kbits != 64 for sound in some.values()].count(True) == pytest.approx(len(some) / 2, abs=0.5)


def test_nobody_is_his_own_stranger():
    assert forged.strangers(["a"], ["x", "y"]) == [{"a": "x"}, {"a": "y"}]
    many = forged.strangers(list("abcde"), ["x"])
    assert len(many) == 3 and all(video != other for some in many for video, other in some.items())
    assert {other for some in many for other in some.values()} == set("abcde")
    assert forged.strangers(["a"], []) == []
