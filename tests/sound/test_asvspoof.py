"""ASVspoof 2019 as it is handed out: FLAC files, and protocols that name them."""

import av
import numpy as np
import pytest

from dfdc_utils.sound import asvspoof, voices


def make_set(root, *, broken=None):
    la = root / "LA"
    protocols = la / "ASVspoof2019_LA_cm_protocols"
    protocols.mkdir(parents=True)
    for name, ending, letter in (("train", "trn", "T"), ("dev", "trl", "D"), ("eval", "trl", "E")):
        folder = la / f"ASVspoof2019_LA_{name}" / "flac"
        folder.mkdir(parents=True)
        lines = [f"LA_0079 LA_{letter}_1000001 - - bonafide", f"LA_0080 LA_{letter}_1000002 - A07 spoof"]
        for number in (1, 2):
            _flac(folder / f"LA_{letter}_100000{number}.flac", 200 * number)
        path = protocols / f"ASVspoof2019.LA.cm.{name}.{ending}.txt"
        path.write_text("\n".join(lines + ([broken] if broken else [])) + "\n")
    return root


def _flac(path, pitch):
    samples = (8000 * np.sin(2 * np.pi * pitch * np.arange(8000) / 16000)).astype(np.int16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("flac", rate=16000, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = 16000
        container.mux([*stream.encode(frame), *stream.encode()])


def test_the_protocols_become_a_table_whose_sounds_can_be_heard(tmp_path):
    table = asvspoof.read(make_set(tmp_path))
    rows = table.set_index("video")
    assert table["split"].tolist() == ["train", "train", "validation", "validation", "test", "test"]
    assert rows.loc["LA_T_1000001.flac", ["label", "part", "person"]].tolist() == ["REAL", "", "LA_0079"]
    assert rows.loc["LA_E_1000002.flac", ["label", "part", "person"]].tolist() == ["FAKE", "A07", "LA_0080"]
    heard, silent = voices.of_clips(table, description="")
    assert len(heard) == 6 and not silent
    spectrum = np.abs(np.fft.rfft(heard["LA_D_1000002.flac"].samples))
    assert spectrum.argmax() / len(heard["LA_D_1000002.flac"].samples) * 16000 == pytest.approx(400, abs=3)


def test_what_is_missing_or_no_protocol_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="cm_protocols"):
        asvspoof.read(tmp_path)
    with pytest.raises(ValueError, match=r"LA\.cm\.train\.trn\.txt, line 3"):
        asvspoof.read(make_set(tmp_path / "one", broken="LA_0081 fake"))
    root = make_set(tmp_path / "two", broken="LA_0081 LA_X_1 - A01 spoof")
    with pytest.raises(FileNotFoundError, match="3 of 9 sounds"):
        asvspoof.read(root)
