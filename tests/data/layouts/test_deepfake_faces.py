import os

import pytest
from set_files import COLUMNS, make_crops, make_videos

from dfdc_utils import places
from dfdc_utils.data import metadata, splits
from dfdc_utils.data.layouts import deepfake_faces
from dfdc_utils.workspace import Workspace

LABELS = {
    "aaa": ("FAKE", "real1"), "bbb": ("FAKE", "real1"), "real1": ("REAL", ""), "real2": ("REAL", ""),
    "ccc": ("FAKE", "elsewhere"),
}


def problems_of(dataset):
    return {(row.problem, row.video) for row in dataset.problems.itertuples()}


def test_the_list_and_the_crops_become_the_table(tmp_path):
    dataset = metadata.read(make_crops(tmp_path, LABELS))
    assert dataset.layout == "crops"
    assert dataset.problems.empty
    rows = dataset.table.set_index("video")
    assert list(rows.index) == ["aaa.mp4", "bbb.mp4", "ccc.mp4", "real1.mp4", "real2.mp4"]
    assert rows.loc["aaa.mp4"].to_dict() == {
        "path": str(tmp_path / "faces_224" / "aaa.jpg"), "part": "faces_224", "label": "FAKE",
        "original": "real1.mp4", "split": None,
    }
    assert rows.loc["real1.mp4", "original"] is None


def test_the_list_says_how_wide_a_face_is_in_its_video(tmp_path):
    make_crops(tmp_path, LABELS)
    widths = deepfake_faces.widths(tmp_path)
    assert widths["aaa.mp4"] == 129 and len(widths) == len(LABELS)


def test_what_does_not_fit_is_named(tmp_path):
    make_crops(tmp_path, LABELS)
    (tmp_path / "faces_224" / "aaa.jpg").unlink()
    (tmp_path / "faces_224" / "nobody.jpg").write_bytes(b"x")
    with open(tmp_path / "metadata.csv", "a") as file:
        file.write("bbb.mp4,1,1,REAL,\nbbb.avi,1,1,REAL,\nddd.mp4,1,1,MAYBE,\n../eee.mp4,1,1,FAKE,real1.mp4\n")
    dataset = metadata.read(tmp_path)
    assert problems_of(dataset) == {
        ("absent", "aaa.mp4"), ("unnamed", "nobody.jpg"), ("duplicate name", "bbb.mp4"), ("duplicate name", "bbb.avi"),
        ("unknown label", "ddd.mp4"), ("unsafe name", "../eee.mp4"),
    }
    assert list(dataset.table["video"]) == ["bbb.mp4", "ccc.mp4", "real1.mp4", "real2.mp4"]
    assert dataset.table.set_index("video").loc["bbb.mp4", "label"] == "FAKE", "the first of a duplicate is kept"


def test_a_list_without_crops_or_without_its_columns_is_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text(f"{COLUMNS}\naaa.mp4,1,1,FAKE,real1.mp4\n")
    with pytest.raises(FileNotFoundError, match="no face crop in .*faces_224"):
        metadata.read(tmp_path)
    make_crops(tmp_path / "other", LABELS)
    (tmp_path / "other" / "metadata.csv").write_text("videoname,width\naaa.mp4,1\n")
    with pytest.raises(ValueError, match="lacks the column label, original"):
        metadata.read(tmp_path / "other")


def test_someone_elses_metadata_csv_is_not_taken_for_it(tmp_path):
    (tmp_path / "metadata.csv").write_text("name,age\nx,3\n")
    with pytest.raises(FileNotFoundError, match="No videos in"):
        metadata.read(tmp_path)


def test_no_original_stands_in_two_splits(tmp_path):
    labels = {f"real{n:02}": ("REAL", "") for n in range(20)}
    labels |= {f"fake{n:02}": ("FAKE", f"real{n % 10:02}") for n in range(60)}
    table = splits.assign(metadata.read(make_crops(tmp_path, labels, side=8)).table, "original", seed=1)
    origin = table["original"].fillna(table["video"])
    assert (table.groupby(origin)["split"].nunique() == 1).all()
    assert set(table["split"]) == {"train", "validation", "test"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    for name in ("DFDC_DATA", "DFDC_RUNS"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_each_profile_takes_the_set_of_its_kind(home):
    crops = make_crops(home / "data" / "deepfake-faces", LABELS, side=8)
    videos = make_videos(home / "data" / "dfdc", "dfdc_train_part_0/a.mp4")
    assert metadata.locate(Workspace.open("crops")) == crops
    assert metadata.locate(Workspace.open("sample")) == videos


def test_the_set_is_found_where_kaggle_mounts_it(home, monkeypatch):
    monkeypatch.setattr(places, "KAGGLE_INPUT", home / "input")
    make_videos(home / "input" / "competitions" / "deepfake-detection-challenge", "dfdc_train_part_0/a.mp4")
    crops = make_crops(home / "input" / "deepfake-faces", LABELS, side=8)
    assert metadata.locate(Workspace.open("crops")) == crops


def test_missing_crops_say_where_to_get_them_and_where_to_put_them(home, monkeypatch):
    make_videos(home / "data" / "dfdc", "dfdc_train_part_0/a.mp4")
    with pytest.raises(FileNotFoundError, match=r"kaggle.com/datasets/dagnelies/deepfake-faces.*data/deepfake-faces"):
        metadata.locate(Workspace.open("crops"))
    monkeypatch.setenv("DFDC_DATA", str(make_crops(home / "crops", LABELS, side=8)))
    with pytest.raises(FileNotFoundError, match="holds face crops, not videos: choose --profile crops"):
        metadata.locate(Workspace.open("sample"))


def test_the_fingerprint_sees_a_changed_label_and_a_changed_crop(tmp_path):
    make_crops(tmp_path, LABELS, side=8)
    first = metadata.fingerprint(tmp_path)
    os.utime(tmp_path / "metadata.csv", ns=(1, 1))
    second = metadata.fingerprint(tmp_path)
    (tmp_path / "faces_224" / "aaa.jpg").write_bytes(b"")
    assert first != second != metadata.fingerprint(tmp_path) != first
    assert len(first) == 6
