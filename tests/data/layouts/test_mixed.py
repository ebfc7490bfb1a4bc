import json

import pytest
from set_files import make_crops, make_videos

from dfdc_utils.data import metadata, splits
from dfdc_utils.workspace import Workspace

LABELS = {"a.mp4": {"label": "REAL"}, "id0_0000.mp4": {"label": "FAKE", "original": "a.mp4"}}


def make_sets(root):
    """DFDC's sample, with unlabelled videos, and a Celeb-DF some of whose videos have the same names."""
    make_videos(root, *(f"dfdc/train_sample_videos/{name}" for name in LABELS), "dfdc/test_videos/t.mp4")
    (root / "dfdc/train_sample_videos/metadata.json").write_text(json.dumps(LABELS))
    for person in range(6):
        fake = f"celeb/Celeb-synthesis/id{person}_id9_0000.mp4"
        make_videos(root, f"celeb/Celeb-real/id{person}_0000.mp4", fake)
    return root


def make_mixed(root, text="dfdc ../dfdc\nceleb ../celeb\n"):
    make_sets(root)
    (root / "mixed").mkdir()
    (root / "mixed" / "sets.txt").write_text(text)
    return root / "mixed"


def test_equal_names_of_two_sets_are_told_apart(tmp_path):
    dataset = metadata.read(make_mixed(tmp_path))
    assert dataset.layout == "mixed" and dataset.problems.empty
    rows = dataset.table.set_index("video")
    assert len(rows) == 15 and rows.index.is_unique
    columns = ["label", "part", "original"]
    assert rows.loc["dfdc_id0_0000.mp4", columns].tolist() == ["FAKE", "dfdc_train_sample_videos", "dfdc_a.mp4"]
    assert rows.loc["celeb_id0_0000.mp4", columns].tolist() == ["REAL", "celeb_Celeb-real", None]
    assert rows.loc["celeb_id0_id9_0000.mp4", "original"] == "celeb_id0_0000.mp4"
    assert rows.loc["dfdc_a.mp4", "path"] == str((tmp_path / "dfdc/train_sample_videos/a.mp4").resolve())
    splits.check(splits.assign(dataset.table, "original", seed=1))


def test_an_unlabelled_video_keeps_the_name_a_submission_wants(tmp_path):
    rows = metadata.read(make_mixed(tmp_path)).table.set_index("video")
    assert rows.loc["t.mp4", ["split", "part"]].tolist() == ["unlabelled", "dfdc_test_videos"]


def test_a_study_finds_it_and_notices_when_one_of_its_sets_changes(tmp_path, monkeypatch):
    mixed = make_mixed(tmp_path)
    monkeypatch.setenv("DFDC_DATA", str(mixed))
    assert metadata.locate(Workspace.open("sample")) == mixed
    before = metadata.fingerprint(mixed)
    assert metadata.fingerprint(mixed) == before
    make_videos(tmp_path, "celeb/Celeb-real/id7_0000.mp4")
    assert metadata.fingerprint(mixed) != before


@pytest.mark.parametrize(("text", "error"), [
    ("", "names no set"),
    ("dfdc\n", 'line 1: expected "name folder"'),
    ("a_b ../dfdc\n", 'line 1: expected "name folder"'),
    ("dfdc ../dfdc\n\ndfdc ../celeb\n", "line 3: there is a set dfdc already"),
    ("dfdc ../nowhere\n", "nowhere holds no videos"),
    ("crops ../crops\n", "crops holds face crops, not videos"),
    ("itself .\n", "is a mixed set itself"),
])
def test_a_list_that_cannot_be_followed_says_where_and_why(text, error, tmp_path):
    mixed = make_mixed(tmp_path, text)
    make_crops(tmp_path / "crops", {"r": ("REAL", ""), "f": ("FAKE", "r")}, side=32)
    with pytest.raises(ValueError, match=error):
        metadata.read(mixed)


def test_the_official_list_of_one_set_says_nothing_of_another(tmp_path):
    make_videos(tmp_path, *(f"dfdc/train_sample_videos/{kind}{n}.mp4" for kind in ("real", "fake") for n in range(10)))
    labels = {f"real{n}.mp4": {"label": "REAL"} for n in range(10)}
    labels |= {f"fake{n}.mp4": {"label": "FAKE", "original": f"real{n}.mp4"} for n in range(10)}
    (tmp_path / "dfdc/train_sample_videos/metadata.json").write_text(json.dumps(labels))
    for person in range(6):
        fake = f"celeb/Celeb-synthesis/id{person}_id9_0000.mp4"
        make_videos(tmp_path, f"celeb/Celeb-real/id{person}_0000.mp4", fake)
    listed = "1 Celeb-real/id3_0000.mp4\n0 Celeb-synthesis/id3_id9_0000.mp4\n"
    (tmp_path / "celeb" / "List_of_testing_videos.txt").write_text(listed)
    (tmp_path / "mixed").mkdir()
    (tmp_path / "mixed" / "sets.txt").write_text("dfdc ../dfdc\nceleb ../celeb\n")
    table = splits.assign(metadata.read(tmp_path / "mixed").table, "original", seed=1)
    tested = table[table["split"] == "test"]
    assert sorted(tested.loc[tested["set"] == "celeb", "video"]) == ["celeb_id3_0000.mp4", "celeb_id3_id9_0000.mp4"]
    # Of the other set a fifth of the ten originals, each with its fake.
    counts = table[table["set"] == "dfdc"].groupby(["split", "label"]).size()
    assert counts.to_dict() == {
        (split, label): count for split, count in (("train", 6), ("validation", 2), ("test", 2))
        for label in ("FAKE", "REAL")
    }
