"""Folders as people have them: labels from folder names, from a CSV, in official splits, deeper than one thinks."""

import json

import pytest
from set_files import make_videos

from dfdc_utils import environment, places
from dfdc_utils.data import metadata, splits, study_table
from dfdc_utils.faces.probe import VideoInfo
from dfdc_utils.workspace import Workspace


def make_dfdc_part(folder, stem):
    make_videos(folder, f"{stem}r.mp4", f"{stem}f.mp4")
    labels = {f"{stem}r.mp4": {"label": "REAL"}, f"{stem}f.mp4": {"label": "FAKE", "original": f"{stem}r.mp4"}}
    (folder / "metadata.json").write_text(json.dumps(labels))


def labels(dataset):
    return dataset.table.set_index("video")["label"].to_dict()


def test_real_and_fake_whatever_the_files_are(tmp_path):
    make_videos(tmp_path, "Real Videos/a.mp4", "Real Videos/b.MOV", "fake/a.mp4", "fake/deeper/c.webm", "fake/d.avi")
    dataset = metadata.read(tmp_path)
    assert dataset.layout == "real-fake"
    assert labels(dataset) == {
        "a.mp4": "REAL", "b.MOV": "REAL", "fake_a.mp4": "FAKE", "d.avi": "FAKE", "c.webm": "FAKE"
    }
    assert dataset.table.set_index("video").at["fake_a.mp4", "original"] == "a.mp4"
    assert {VideoInfo.from_path(path).frames for path in dataset.table["path"]} == {8}


def test_real_and_fake_in_folders_of_splits_that_count_from_nought_each(tmp_path):
    folders = [f"{split}/{kind}" for split in ("train", "val", "Test") for kind in ("real", "fake")]
    make_videos(tmp_path, *(f"{folder}/{number}.mp4" for folder in folders for number in "01"))
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=1)
    assert table["video"].is_unique and len(table) == 12
    for row in table.itertuples():
        folder = row.path.removeprefix(str(tmp_path)).split("/")[1]
        assert row.split == {"train": "train", "val": "validation", "Test": "test"}[folder]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_list_of_paths_labels_originals_people_and_splits(tmp_path, separator):
    make_videos(tmp_path, "x/a.mp4", "y/a.mp4", "y/b.mp4")
    lines = [
        "Path,Label,original,person,split", "x/a.mp4,real,,anna,train", "y\\a.mp4,1,x/a.mp4,anna,training",
        f"{tmp_path}/y/b.mp4,,,,", "gone.mp4,0,,,", "x/a.mp4,0,,,", "y/b.mp4,0,,,sometimes",
    ]
    (tmp_path / "list.csv").write_text("\n".join(lines).replace(",", separator), encoding="utf-8-sig")
    dataset = metadata.read(tmp_path)
    rows = dataset.table.set_index("video")
    assert dataset.layout == "csv"
    assert rows.loc["a.mp4", ["label", "original", "person", "split"]].tolist() == ["REAL", None, "anna", "train"]
    assert rows.loc["y_a.mp4", ["label", "original", "person", "split"]].tolist() == ["FAKE", "a.mp4", "anna", "train"]
    assert rows.loc["b.mp4", ["label", "split"]].tolist() == [None, "unlabelled"]
    assert dataset.problems["problem"].tolist() == ["absent", "duplicate name", "duplicate name"]
    assert metadata.read(tmp_path / "list.csv").table.equals(dataset.table), "the file itself may be named"


def test_two_lists_side_by_side_are_not_guessed_between(tmp_path):
    make_videos(tmp_path, "a.mp4")
    for name in ("one.csv", "two.csv"):
        (tmp_path / name).write_text("path,label\na.mp4,REAL\n")
    with pytest.raises(ValueError, match=r"one\.csv, two\.csv.*--data"):
        metadata.read(tmp_path)


def test_faceforensics_as_kaggle_has_it_two_folders_deeper(tmp_path):
    root = tmp_path / "ff-c23" / "FaceForensics++_C23"
    make_videos(root, *(f"original/{n:03}.mp4" for n in range(3)))
    make_videos(root, *(f"{m}/{n:03}_{(n + 1) % 3:03}.mp4" for m in ("Deepfakes", "Face2Face") for n in range(3)))
    make_videos(root, "DeepFakeDetection/01_02__exit_phone_room__YVGY8LOK.mp4", "csv/no.mp4")
    dataset = metadata.read(tmp_path)
    assert (dataset.layout, dataset.root, len(dataset.table)) == ("faceforensics", root, 10)
    rows = dataset.table.set_index("video")
    assert rows.loc["Face2Face_000_001.mp4", ["label", "original", "part"]].tolist() == ["FAKE", "000.mp4", "Face2Face"]
    assert rows.at["DeepFakeDetection_01_02__exit_phone_room__YVGY8LOK.mp4", "person"] == "actor 01"
    assert len(metadata.pairs(dataset.table)) == 6


def test_dfdc_as_its_own_site_hands_it_out(tmp_path):
    for number in range(3):
        make_dfdc_part(tmp_path / "train" / f"dfdc_train_part_{number}", f"p{number}")
    for split in ("validation", "test"):
        make_videos(tmp_path / split, f"{split}1.mp4", f"{split}0.mp4")
        (tmp_path / split / "labels.csv").write_text(f"filename,label\n{split}1.mp4,1\n{split}0.mp4,0\n")
    dataset = metadata.read(tmp_path)
    assert dataset.layout == "dfdc-splits"
    table = splits.assign(dataset.table, "part", seed=1)
    assert table.groupby("split")["part"].unique().map(sorted).to_dict() == {
        "train": ["dfdc_train_part_0", "dfdc_train_part_1", "dfdc_train_part_2"], "validation": ["validation"],
        "test": ["test"],
    }


def test_where_lists_name_no_validation_videos_some_for_training_validate(tmp_path):
    for number in range(5):
        make_dfdc_part(tmp_path / "train" / f"dfdc_train_part_{number}", f"p{number}")
    make_videos(tmp_path / "test", "t1.mp4", "t0.mp4")
    (tmp_path / "test" / "labels.csv").write_text("filename,label\nt1.mp4,1\nt0.mp4,0\n")
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=1)
    assert set(table.loc[table["split"] == "test", "video"]) == {"t1.mp4", "t0.mp4"}
    assert table["split"].value_counts().to_dict() == {"train": 8, "validation": 2, "test": 2}


def test_dfdcs_preview_with_its_official_test_split_and_its_actors(tmp_path):
    entries = {}
    for actor in range(1000, 1006):
        entry = {"set": "test" if actor == 1005 else "train", "target_id": actor}
        fake, real = f"method_A/{actor}/{actor}_A/x{actor}.mp4", f"original_videos/{actor}/y.mp4"
        make_videos(tmp_path, fake, real)
        entries |= {fake: entry | {"label": "fake"}, real: entry | {"label": "real"}}
    entries |= {"../up.mp4": {"label": "real"}, "method_A/9/gone.mp4": {"label": "fake"}}
    make_videos(tmp_path, "method_A/1000/extra.mp4")
    (tmp_path / "dataset.json").write_text(json.dumps(entries))
    dataset = metadata.read(tmp_path)
    assert (dataset.layout, len(dataset.table)) == ("dfdc-preview", 12)
    assert sorted(dataset.problems["problem"]) == ["absent", "unnamed", "unsafe name"]
    table = splits.assign(dataset.table, "original", seed=1)
    assert set(table.loc[table["split"] == "test", "person"]) == {"1005"}
    assert (table.groupby("person")["split"].nunique() == 1).all()


# People


def test_nobody_stands_in_two_splits_where_the_names_tell_who_it_is(tmp_path):
    people = range(10)
    make_videos(tmp_path, *(f"Celeb-real/id{p}_000{take}.mp4" for p in people for take in range(4)))
    make_videos(tmp_path, *(f"Celeb-synthesis/id{p}_id{(p + 1) % 10}_0000.mp4" for p in people))
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=4)
    assert (table.groupby("person")["split"].nunique() == 1).all()
    assert table.groupby("split")["person"].nunique().to_dict() == {"train": 6, "validation": 2, "test": 2}
    assert splits.people(table).startswith("0 of 10 people stand in more than one split")
    random = splits.assign(table, "random", seed=4)
    assert not splits.people(random).startswith("0 of")


def test_where_names_do_not_tell_one_sentence_says_so(tmp_path):
    for number in range(5):
        make_dfdc_part(tmp_path / f"dfdc_train_part_{number}", f"p{number}")
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=1)
    assert "cannot be said" in splits.people(table)


def test_a_person_named_for_one_video_of_an_original_binds_the_others(tmp_path):
    make_videos(tmp_path, "a.mp4", "b.mp4", "fa.mp4", "c.mp4")
    (tmp_path / "list.csv").write_text(
        "path,label,original,person\na.mp4,REAL,,anna\nb.mp4,REAL,,anna\nfa.mp4,FAKE,a.mp4,\nc.mp4,REAL,,\n"
    )
    groups = study_table.group_of(metadata.read(tmp_path).table)
    assert groups.tolist() == ["a.mp4", "a.mp4", "a.mp4", "c.mp4"]


# What is found, and what is not read


def test_a_set_is_found_where_kaggle_mounts_it_now(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DFDC_DATA", raising=False)
    monkeypatch.setattr(places, "KAGGLE_INPUT", tmp_path / "k")
    root = tmp_path / "k" / "datasets" / "someone" / "celeb-df-v2" / "Celeb-DF-v2"
    make_videos(root, "Celeb-real/id0_0000.mp4", "Celeb-synthesis/id0_id1_0000.mp4")
    assert metadata.locate(Workspace.open("full")) == root
    make_videos(tmp_path / "k" / "datasets" / "else", "real/a.mp4", "fake/b.mp4")
    with pytest.raises(ValueError, match=r"else, someone.celeb-df-v2.Celeb-DF-v2"):
        metadata.locate(Workspace.open("full"))


def test_the_doctor_says_what_was_recognised_and_what_is_not_read_and_why(tmp_path, monkeypatch):
    method = "manipulated_sequences/DeepFakeDetection"
    make_videos(
        tmp_path, "original_sequences/actors/c23/videos/01__exit_phone_room.mp4",
        *(f"{method}/{c}/videos/01_02__exit_phone_room__YVGY8LOK.mp4" for c in ("c23", "c40", "masks")),
        "lost+found/x.mp4", "holiday/beach.mp4",
    )
    (tmp_path / "notes.pdf").write_bytes(b"")
    monkeypatch.setenv("DFDC_DATA", str(tmp_path))
    found = [(check.what, check.found) for check in environment._data(Workspace.open("full"))]
    assert found[0] == ("data for full", f"FaceForensics++: 2 videos (1 REAL, 1 FAKE) in {tmp_path}")
    ignored = dict(text.split(": ", 1) for what, text in found if what == "ignored")
    assert ignored == {
        "./": "no videos: 1 .pdf",
        "holiday/": "it has videos, but this layout has none there",
        "lost+found/": "a folder of the system, not of the set",
        f"{method}/c40/": "the same videos in another compression",
    }
    assert any(what == "splits" and "by part" in text for what, text in found)
    assert any(what == "people" and text == "1 are told apart" for what, text in found)


def test_what_holds_no_videos_is_named_with_what_is_there(tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.jpg").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=r"There: real/"):
        metadata.read(tmp_path)
