"""Small networks learn from drawn voices, and tell voices that they have never heard."""

import numpy as np
import pytest
from drawn_voices import voice
from sklearn.metrics import roc_auc_score

from dfdc_utils.data.mini.speech import Speech
from dfdc_utils.data.mini.vocoders import VOCODERS
from dfdc_utils.faces.sound_track import SoundTrack
from dfdc_utils.sound import artefacts, forged, learning, sync, voices
from dfdc_utils.sound.mouth import PER_SECOND


def openings(names, seconds):
    """How far the mouths of these voices are open, as measured on drawn clips: not quite exactly."""
    result = {}
    for name in names:
        number = int(name.removesuffix(".mp4"))
        opened, _ = Speech((13, number), seconds).mouth(np.arange(0, seconds, 1 / PER_SECOND))
        opened = opened + 0.2 * np.random.default_rng(number).standard_normal(len(opened))
        result[name] = ((opened - opened.mean()) / opened.std()).astype(np.float32)
    return result


@pytest.fixture(scope="module")
def spoken():
    """Longer sounds of more voices, and their mouths."""
    heard = {f"{number}.mp4": voice(number, 5.0) for number in range(100, 140)}
    return heard, openings(heard, 5.0)


def test_the_correlation_is_largest_where_sound_and_mouth_are_in_step(spoken):
    heard, opened = spoken
    own = np.mean([sync.correlations(opened[video], heard[video], lags=6) for video in heard], axis=0)
    assert abs(own.argmax() - 6) <= 1 and own.max() > 0.35
    late = {
        video: SoundTrack(samples=np.pad(sound.samples, (voices.RATE // 4, 0)), rate=sound.rate, kbits=64)
        for video, sound in heard.items()
    }
    moved = np.mean([sync.correlations(opened[video], late[video], lags=6) for video in heard], axis=0)
    assert abs(moved.argmax() - 10) <= 1


def test_what_does_not_change_says_nothing():
    still = SoundTrack(samples=np.zeros(voices.RATE, np.float32), rate=voices.RATE, kbits=1)
    assert sync.mismatch(np.zeros(PER_SECOND, np.float32), still) == 0


def test_the_network_learns_whose_voice_it_is(spoken):
    heard, opened = spoken
    names = list(heard)
    train, test = names[:28], names[28:]
    bands = sync.series(heard)
    assert all(len(bands[video]) == 5 * PER_SECOND for video in names)
    model = sync.network(seed=1)
    losses = sync.train(model, {video: opened[video] for video in train}, bands, steps=200, seed=1)
    assert np.mean(losses[-20:]) < np.mean(losses[:20]) - 0.1
    pairs = [{video: video for video in test}, *forged.strangers(test, [])]
    own, *others = (dict(zip(pair, sync.scores(model, opened, bands, list(pair.items())), strict=True))
                    for pair in pairs)
    found = learning.told_apart(own, others, seed=1)
    assert found["auc"] > 0.85 and found["eer"] < 0.25
    assert found["auc_low"] <= found["auc"] <= found["auc_high"]
    assert model.count_params() < 100_000


def test_one_voice_is_not_enough_to_learn_from(spoken):
    heard, opened = spoken
    with pytest.raises(ValueError, match="two originals"):
        sync.train(sync.network(seed=1), {"100.mp4": opened["100.mp4"]}, {}, steps=1, seed=1)


def test_the_ear_learns_what_a_vocoder_leaves_and_is_asked_about_strangers(spoken):
    names = list(spoken[0])
    heard = {video: spoken[0][video] for video in names}
    reals, fakes = forged.to_learn_from({video: heard[video] for video in names[:28]}, seed=1)
    model = artefacts.network(seed=1)
    artefacts.train(model, reals, list(fakes.values()), steps=50, seed=1)
    known = {video: heard[video] for video in names[28:]}
    made = {name: forged.rebuilt(known, name, seed=9) for name in VOCODERS}
    found = artefacts.transfer({"ear": model}, known, made, {"as it is": lambda sound: sound}, seed=1)
    assert list(found["vocoder"]) == list(VOCODERS)
    assert (found["auc"] > 0.9).all() and found["reals_called"].between(0, 1).all()
    assert model.count_params() < 100_000
    scores = artefacts.scores(model, known)
    assert list(scores) == list(known) and all(0 <= score <= 1 for score in scores.values())
    assert artefacts.scores(model, {}) == {}


def test_measures_are_those_of_scikit_learn_and_their_ends_hold_them():
    rng = np.random.default_rng(0)
    reals = {f"{n}": value for n, value in enumerate(rng.normal(0, 1, 30))}
    fakes = [{f"{n}": value for n, value in enumerate(rng.normal(1, 1, 30))} for _ in range(2)]
    found = learning.told_apart(reals, fakes, seed=1)
    scores = [*reals.values(), *(value for some in fakes for value in some.values())]
    assert found["auc"] == pytest.approx(roc_auc_score([0] * 30 + [1] * 60, scores))
    assert 0 < found["eer_low"] < found["eer"] < found["eer_high"] < 0.5 and found["fakes"] == 60
    alone = learning.told_apart({"a": 0.1}, [{"a": 0.7}], seed=1)
    assert alone["auc"] == 1 and np.isnan(alone["auc_low"])


def test_pieces_of_a_short_series_are_mirrored_and_none_is_lost():
    assert learning.pieces(np.arange(3), 5, 2).tolist() == [[0, 1, 2, 1, 0]] * 2
    assert learning.pieces(np.arange(6), 4, 3).tolist() == [[0, 1, 2, 3], [1, 2, 3, 4], [2, 3, 4, 5]]
