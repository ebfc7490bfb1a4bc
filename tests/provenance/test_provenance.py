"""What a signature, a chain and a perceptual hash find, on real files."""

import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.rewriting import encode_again, pass_on, sound_of
from dfdc_utils.provenance import chain, credentials, lookalikes, tampering
from dfdc_utils.swap import people

PROFILE = profiles.get("tiny")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    first, second = people.film_two(tmp_path_factory.mktemp("people"), PROFILE, rooms=2)
    return first + second


@pytest.fixture(scope="module")
def camera():
    return credentials.make_certificate("A test")


@pytest.fixture(scope="module")
def signed(clips, camera, tmp_path_factory):
    path = tmp_path_factory.mktemp("signed") / "signed.mp4"
    credentials.sign(clips[0], path, camera)
    return path


def test_an_untouched_clip_is_valid_to_all_and_trusted_by_those_who_know_the_authority(signed, camera):
    assert credentials.read(signed, trusted=camera) == credentials.Report(state="Trusted", signer="A test", problems=())
    stranger = credentials.read(signed)
    assert (stranger.state, stranger.problems) == ("Valid", ("signingCredential.untrusted",))
    assert credentials.read(signed, trusted=credentials.make_certificate()).state == "Valid"


def test_signing_does_not_touch_the_picture(signed, clips):
    before, after = ([image for _, _, image in iterate(path)] for path in (clips[0], signed))
    assert np.array_equal(before, after)


@pytest.mark.parametrize(("change", "state", "problem"), [
    ("one byte of the picture", "Invalid", "assertion.bmffHash.mismatch"),
    ("one byte of the credentials", "Invalid", "mismatch"),
    ("passed on", "none", None),
    ("cut in half", "none", None),
    ("encoded again", "none", None),
    ("encoded again, signed by somebody else", "Valid", "signingCredential.untrusted"),
])
def test_what_is_said_of_a_changed_copy(signed, camera, tmp_path, change, state, problem):
    out = tmp_path / "copy.mp4"
    tampering.CHANGES[change](signed, out)
    report = credentials.read(out, trusted=camera)
    assert report.state == state
    assert any(problem in word for word in report.problems) if problem else not report.problems
    assert [path.name for path in tmp_path.iterdir()] == ["copy.mp4"]


def test_half_a_clip_is_half_as_long_and_what_is_passed_on_is_the_same_picture(clips, tmp_path):
    tampering.cut_in_half(clips[0], tmp_path / "half.mp4")
    pass_on(clips[0], tmp_path / "whole.mp4")
    whole, half, before = (
        [image for _, _, image in iterate(path)] for path in (tmp_path / "whole.mp4", tmp_path / "half.mp4", clips[0])
    )
    assert 10 <= len(half) <= 14 and len(before) == PROFILE.clip_frames
    assert np.array_equal(whole, before)


def test_encoding_again_keeps_frames_and_sound(clips, tmp_path):
    encode_again(clips[0], tmp_path / "again.mp4", crf=22)
    before, after = ([image for _, _, image in iterate(path)] for path in (clips[0], tmp_path / "again.mp4"))
    assert len(after) == len(before)
    assert 0 < np.abs(np.array(before, float) - after).mean() < 4
    assert len(sound_of(tmp_path / "again.mp4")) == pytest.approx(len(sound_of(clips[0])), rel=0.1)


@pytest.fixture
def folder(tmp_path):
    paths = [tmp_path / f"{name}.mp4" for name in "abcd"]
    for path in paths:
        path.write_bytes(path.name.encode() * 100)
    return paths


def findings(recorded, paths):
    return set(chain.check(recorded, paths).itertuples(index=False, name=None))


def test_a_chain_holds_as_long_as_nothing_changes(folder):
    assert findings(chain.chain(folder), folder) == set()


def test_each_kind_of_change_is_found(folder):
    recorded = chain.chain(folder)
    a, b, c, d = folder
    assert findings(recorded, [a, c, d]) == {("b.mp4", "missing")}
    assert findings(recorded, [a, c, b, d]) == {("b.mp4", "moved"), ("c.mp4", "moved")}
    b.write_bytes(b.read_bytes()[:-1] + b"!")
    assert findings(recorded, folder) == {("b.mp4", "altered")}
    assert list(recorded["link"] == chain.chain(folder)["link"]) == [True, False, False, False]


def test_a_record_that_was_corrected_afterwards_is_found(folder):
    recorded = chain.chain(folder)
    folder[0].write_bytes(b"other")
    recorded.loc[0, "sha256"] = chain.chain(folder)["sha256"][0]
    with pytest.raises(ValueError, match="a.mp4"):
        chain.check(recorded, folder)


def test_a_bad_copy_is_near_and_a_mirrored_one_is_not(clips, tmp_path):
    known, found = lookalikes.clip_hashes(clips, description="")
    assert known == clips
    copies = lookalikes.changed(clips, tmp_path / "again.mp4", description="")
    away = {name: lookalikes.distances(bits, found).diagonal() for name, (_, bits) in copies.items()}
    assert away["encoded again"].max() < 8 and away["darker"].max() < 8
    assert away["mirrored"].min() > away["encoded again"].max()
    assert not list(tmp_path.iterdir())


def test_a_clip_that_cannot_be_read_is_left_out_by_name(clips, tmp_path, capsys):
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no video")
    known, found = lookalikes.clip_hashes([broken, clips[0]], description="")
    assert known == [clips[0]] and len(found) == 1
    assert "broken.mp4" in capsys.readouterr().out


def test_precision_and_recall_of_a_search():
    # The first is found at 2 bits, the second only after a wrong one at 3, the third has none that is near.
    found = np.array([[2.0, 9, 9], [3, 5, 9], [30, 31, 29]])
    rows = lookalikes.retrieval(found, np.arange(3), np.array([1, 2, 6, 29])).set_index("threshold")
    assert rows["recall"].tolist() == pytest.approx([0, 1 / 3, 1 / 3, 2 / 3])
    # At 6 bits: a right answer, a wrong one, and the second as a stranger.
    assert rows["answers"].tolist() == [0, 1, 3, 5]
    assert rows["precision"].to_numpy() == pytest.approx([np.nan, 1, 1 / 3, 2 / 5], nan_ok=True)
    assert isinstance(rows, pd.DataFrame)
