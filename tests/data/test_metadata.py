"""Real folder trees, with tiny files: no video is opened when the table is made."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd
import pytest

from dfdc_utils import places
from dfdc_utils.data import metadata, study_table
from dfdc_utils.workspace import Workspace


def make_part(folder, labels=None, videos=None):
    """A part with `labels`, {video: (label, original)}, and the files `videos` (default: those labelled)."""
    folder.mkdir(parents=True)
    if labels is not None:
        content = {v: {"label": label, "split": "train", "original": o} for v, (label, o) in labels.items()}
        (folder / "metadata.json").write_text(json.dumps(content))
    for video in labels if videos is None else videos:
        (folder / video).write_bytes(b"mp4")
    return folder


def pair(stem):
    """A real video and the fake made from it."""
    return {f"{stem}r.mp4": ("REAL", None), f"{stem}f.mp4": ("FAKE", f"{stem}r.mp4")}


def problems_of(dataset):
    return [tuple(row) for row in dataset.problems[["problem", "part", "video"]].itertuples(index=False)]


def test_a_tree_of_parts_is_sorted_by_part_number_not_by_text(tmp_path):
    for number in (10, 9, 0, 2):
        make_part(tmp_path / f"dfdc_train_part_{number}", pair(f"p{number}"))
    make_part(tmp_path / "test_videos", videos=["zz.mp4", "aa.mp4"])
    (tmp_path / "sample_submission.csv").write_text("filename,label\naa.mp4,0.5\nzz.mp4,0.5\n")
    dataset = metadata.read(tmp_path)
    assert dataset.layout == "parts"
    assert list(dataset.table.columns) == list(study_table.COLUMNS)
    assert dataset.table["part"].drop_duplicates().tolist() == [
        "dfdc_train_part_0", "dfdc_train_part_2", "dfdc_train_part_9", "dfdc_train_part_10", "test_videos"
    ]
    assert dataset.table["video"].tolist()[:2] == ["p0f.mp4", "p0r.mp4"]
    fake, real, unlabelled = (dataset.table.iloc[i] for i in (0, 1, -1))
    assert (fake.label, fake.original, fake.split) == ("FAKE", "p0r.mp4", None)
    assert (real.label, real.original, real.split) == ("REAL", None, None)
    assert (unlabelled.label, unlabelled.original, unlabelled.split) == (None, None, "unlabelled")
    assert fake.path == str(tmp_path / "dfdc_train_part_0" / "p0f.mp4")
    assert dataset.problems.empty


def test_one_part_alone(tmp_path):
    dataset = metadata.read(make_part(tmp_path / "dfdc_train_part_49", pair("a")))
    assert dataset.layout == "part"
    assert set(dataset.table["part"]) == {"dfdc_train_part_49"}
    assert len(dataset.table) == 2


def test_kaggles_sample_keeps_originals_that_are_not_among_its_files(tmp_path):
    labels = {"f.mp4": ("FAKE", "elsewhere.mp4"), "r.mp4": ("REAL", None)}
    make_part(tmp_path / "train_sample_videos", labels)
    make_part(tmp_path / "test_videos", videos=["t.mp4"])
    dataset = metadata.read(tmp_path)
    assert dataset.layout == "sample"
    assert dataset.table.set_index("video")["original"].to_dict() == {
        "f.mp4": "elsewhere.mp4", "r.mp4": None, "t.mp4": None
    }
    assert dataset.problems.empty


def test_a_folder_of_videos_without_labels(tmp_path):
    make_part(tmp_path / "clips", videos=["b.MP4", "a.mp4", "notes.txt", "._a.mp4"])
    dataset = metadata.read(tmp_path / "clips")
    assert dataset.layout == "videos"
    assert dataset.table["video"].tolist() == ["a.mp4", "b.MP4"]
    assert dataset.table["label"].tolist() == [None, None]
    assert set(dataset.table["split"]) == {"unlabelled"}


def test_the_official_test_part_takes_its_labels_from_labels_csv(tmp_path):
    folder = make_part(tmp_path / "test", videos=["a.mp4", "b.mp4", "c.mp4", "d.mp4"])
    (folder / "metadata.json").write_text('{"a.mp4": {"is_fake": 1}}')
    (folder / "labels.csv").write_text("filename,label\na.mp4,1\nb.mp4,0\nc.mp4,FAKE\nd.mp4,2\n")
    dataset = metadata.read(folder)
    assert dataset.table["label"].tolist() == ["FAKE", "REAL", "FAKE"]
    assert problems_of(dataset) == [("unknown label", "test", "d.mp4")]


def test_parts_unpacked_into_folders_of_their_own(tmp_path):
    make_part(tmp_path / "dfdc_train_part_03" / "dfdc_train_part_3", pair("a"))
    make_part(tmp_path / ".dfdc_train_part_4.half", pair("b"))
    table = metadata.read(tmp_path).table
    assert set(table["part"]) == {"dfdc_train_part_3"}, "hidden folders are not finished yet"


def test_every_problem_is_reported_by_name(tmp_path):
    labels = {
        "good.mp4": ("FAKE", "gone.mp4"),
        "gone.mp4": ("REAL", None),
        "maybe.mp4": ("UNSURE", None),
        "none.mp4": (None, None),
        "../up.mp4": ("FAKE", None),
        "a/b.mp4": ("FAKE", None),
        "a\\c.mp4": ("FAKE", None),
        "trojan.mp4": ("FAKE", "../../etc/passwd"),
    }
    present = ["good.mp4", "maybe.mp4", "none.mp4", "trojan.mp4", "extra.mp4"]
    make_part(tmp_path / "dfdc_train_part_0", labels, present)
    make_part(tmp_path / "dfdc_train_part_1", {"good.mp4": ("REAL", None), "other.mp4": ("REAL", None)})
    dataset = metadata.read(tmp_path)
    assert dataset.table[["video", "part"]].values.tolist() == [
        ["good.mp4", "dfdc_train_part_0"], ["other.mp4", "dfdc_train_part_1"]
    ]
    assert problems_of(dataset) == [
        ("absent", "dfdc_train_part_0", "gone.mp4"),
        ("unknown label", "dfdc_train_part_0", "maybe.mp4"),
        ("unknown label", "dfdc_train_part_0", "none.mp4"),
        ("unsafe name", "dfdc_train_part_0", "../up.mp4"),
        ("unsafe name", "dfdc_train_part_0", "a/b.mp4"),
        ("unsafe name", "dfdc_train_part_0", "a\\c.mp4"),
        ("unsafe name", "dfdc_train_part_0", "trojan.mp4"),
        ("unnamed", "dfdc_train_part_0", "extra.mp4"),
        ("duplicate name", "dfdc_train_part_1", "good.mp4"),
    ]


def test_a_name_twice_in_one_metadata_json_keeps_the_first(tmp_path):
    folder = make_part(tmp_path / "part", videos=["a.mp4"])
    (folder / "metadata.json").write_text('{"a.mp4": {"label": "FAKE"}, "a.mp4": {"label": "REAL"}}')
    dataset = metadata.read(folder)
    assert dataset.table["label"].tolist() == ["FAKE"]
    assert problems_of(dataset) == [("duplicate name", "part", "a.mp4")]


@pytest.mark.parametrize("text", ['{"a.mp4": {"label"', '["a.mp4"]', "\udcff"])
def test_an_unreadable_metadata_json_is_named(tmp_path, text):
    folder = make_part(tmp_path / "part", videos=["a.mp4"])
    (folder / "metadata.json").write_text(text, errors="surrogateescape")
    with pytest.raises(ValueError, match=r"part.metadata\.json"):
        metadata.read(folder)


def test_a_labels_csv_with_other_columns_is_named(tmp_path):
    folder = make_part(tmp_path / "part", videos=["a.mp4"])
    (folder / "labels.csv").write_text("video,fake\na.mp4,1\n")
    with pytest.raises(ValueError, match=r"labels\.csv has the columns video, fake"):
        metadata.read(folder)


def test_a_training_part_that_lost_its_list_is_a_problem_and_no_test_part(tmp_path):
    for number in range(3):
        make_part(tmp_path / f"dfdc_train_part_{number}", pair(f"p{number}"))
    make_part(tmp_path / "dfdc_train_part_3", videos=["x.mp4", "y.mp4"])
    make_part(tmp_path / "test_videos", videos=["t.mp4"])
    dataset = metadata.read(tmp_path)
    assert dataset.table.loc[dataset.table["label"].isna(), "video"].tolist() == ["t.mp4"]
    (problem,) = dataset.problems.itertuples()
    assert (problem.problem, problem.part) == ("no labels", "dfdc_train_part_3")
    assert "2 videos" in problem.detail


@pytest.mark.parametrize("with_list", [True, False])
def test_videos_are_known_by_more_endings_than_one(tmp_path, with_list):
    names = ["a.mp4", "b.MOV", "c.webm", "d.avi"]
    make_part(tmp_path / "x", dict.fromkeys(names, ("REAL", None)) if with_list else None, names)
    dataset = metadata.read(tmp_path / "x")
    assert dataset.table["video"].tolist() == names
    assert dataset.problems.empty


def test_one_name_written_in_two_ways(tmp_path):
    """macOS writes an accent apart from its letter, Windows does not mind capitals, and lists have blanks."""
    composed, apart = "caf\u00e9.mp4", "cafe\u0301.mp4"
    labels = {composed: ("REAL", None), "F.MP4": ("FAKE", composed), "g.mp4 ": ("FAKE", "F.MP4")}
    make_part(tmp_path / "x", labels, [apart, "f.mp4", "g.mp4"])
    dataset = metadata.read(tmp_path / "x")
    assert dataset.problems.empty
    assert dataset.table.set_index("video")["original"].to_dict() == {
        composed: None, "f.mp4": composed, "g.mp4": "f.mp4"
    }


def test_names_with_dots_and_colons_are_names(tmp_path):
    names = ["what is this...mp4", "a..b.mp4", "Screencast from 2026-01-01 12:00:00.mp4"]
    make_part(tmp_path / "x", dict.fromkeys(names, ("REAL", None)))
    dataset = metadata.read(tmp_path / "x")
    assert set(dataset.table["video"]) == set(names)
    assert dataset.problems.empty


def test_a_name_that_is_not_utf_8_is_a_problem_and_costs_itself_only(tmp_path):
    make_part(tmp_path / "x", videos=["a.mp4", os.fsdecode(b"caf\xe9.mp4")])
    dataset = metadata.read(tmp_path / "x")
    assert dataset.table["video"].tolist() == ["a.mp4"]
    assert dataset.problems[["problem", "video"]].to_numpy().tolist() == [["unsafe name", "caf\\xe9.mp4"]]


def test_the_root_of_a_disk_read_by_somebody_else(tmp_path):
    make_part(tmp_path / "dfdc_train_part_0", pair("a"))
    (tmp_path / "lost+found").mkdir(mode=0o700)
    (tmp_path / "System Volume Information").mkdir(mode=0)
    (tmp_path / "secret").mkdir(mode=0)
    code = (
        "import sys; from pathlib import Path; from dfdc_utils.data import metadata\n"
        "found = metadata.read(Path(sys.argv[1])); print(len(found.table), found.problems.part.tolist())"
    )
    # Root may read everything.
    other = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
    for folder in (tmp_path, *tmp_path.parents):
        if other and folder != Path("/") and folder.is_relative_to(tempfile.gettempdir()) and folder.stat().st_uid == 0:
            folder.chmod(folder.stat().st_mode | 0o055)
    done = subprocess.run(
        [*other, sys.executable, "-c", code, tmp_path], capture_output=True, text=True, cwd=places.project_root()
    )
    assert done.stdout.strip() == "2 ['secret']", done.stderr


def test_no_videos_at_all(tmp_path):
    with pytest.raises(FileNotFoundError, match="No videos in"):
        metadata.read(tmp_path)


# Finding the data


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A project root with nothing in it, on a machine without Kaggle's mounts."""
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DFDC_DATA", raising=False)
    monkeypatch.setattr(places, "KAGGLE_INPUT", tmp_path / "kaggle" / "input")
    return tmp_path / "home"


def drawn(folder):
    make_part(folder / "dfdc_train_part_0", pair("s"))
    (folder / metadata.DRAWN).write_text("{}")
    return folder


def test_a_synthetic_profile_reads_what_was_drawn_for_it_and_nothing_else(home, tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_DATA", str(make_part(tmp_path / "real", pair("a"))))
    with pytest.raises(FileNotFoundError, match="make-mini --profile mini"):
        metadata.locate(Workspace.open("mini"))
    drawn(home / "data" / "mini")
    assert metadata.locate(Workspace.open("mini")) == home / "data" / "mini"
    assert metadata.locate(Workspace.open("mini", source="dfdc")) == tmp_path / "real"


def test_data_is_looked_for_where_it_was_said_to_be_then_on_kaggle_then_in_data(home, tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError, match="--data DIR"):
        metadata.locate(Workspace.open("full"))
    own = home / "data"
    make_part(own / "dfdc" / "dfdc_train_part_0", pair("a"))
    drawn(own / "mini")
    assert metadata.locate(Workspace.open("full")) == own / "dfdc"

    kaggle = places.KAGGLE_INPUT / "competitions" / "deepfake-detection-challenge"
    make_part(kaggle / "train_sample_videos", pair("b"))
    assert metadata.locate(Workspace.open("full")) == kaggle

    monkeypatch.setenv("DFDC_DATA", str(tmp_path / "variable"))
    with pytest.raises(FileNotFoundError, match="variable"):
        metadata.locate(Workspace.open("full"))
    make_part(tmp_path / "variable" / "dfdc_train_part_7", pair("c"))
    assert metadata.locate(Workspace.open("full")) == tmp_path / "variable"


def test_of_several_data_sets_the_profiles_own_is_taken(home):
    for name in ("dfdc", "sample"):
        make_part(home / "data" / name / "train_sample_videos", pair(name))
    assert metadata.locate(Workspace.open("sample")) == home / "data" / "sample"
    assert metadata.locate(Workspace.open("full")) == home / "data" / "dfdc"
    make_part(home / "data" / "another" / "dfdc_train_part_0", pair("x"))
    with pytest.raises(ValueError, match="another, dfdc.*--data"):
        metadata.locate(Workspace.open("full"))


def test_parts_that_lie_in_data_itself(home):
    make_part(home / "data" / "dfdc_train_part_0", pair("a"))
    drawn(home / "data" / "mini")
    assert metadata.locate(Workspace.open("full")) == home / "data"
    assert set(metadata.read(home / "data").table["part"]) == {"dfdc_train_part_0"}


def test_the_study_table_survives_the_disk(home, tmp_path):
    workspace = Workspace.open("mini")
    with pytest.raises(FileNotFoundError, match="with notebook 01"):
        study_table.open_study_table(workspace)
    make_part(tmp_path / "set" / "dfdc_train_part_0", pair("a"))
    make_part(tmp_path / "set" / "test_videos", videos=["t.mp4"])
    table = metadata.read(tmp_path / "set").table
    study_table.save_study_table(workspace, table)
    pd.testing.assert_frame_equal(study_table.open_study_table(workspace), table)
