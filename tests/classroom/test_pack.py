"""The archive of a study: what goes in comes out, elsewhere, and nothing that is damaged does."""

import json
import shutil
import zipfile

import pandas as pd
import pytest
from small_class import small_class

from dfdc_utils import made_from
from dfdc_utils.classroom import pack
from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.workspace import Workspace


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    return small_class(tmp_path / "teacher", monkeypatch)


@pytest.fixture
def archive(workspace, tmp_path):
    path = tmp_path / "stick" / "dfdc-tiny.zip"
    pack.write(workspace, path)
    return path


@pytest.fixture
def laptop(archive, tmp_path, monkeypatch):
    """From here on the home is another."""
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "laptop"))


def test_a_study_comes_out_as_it_went_in(workspace, archive, laptop):
    there = pack.unpack(archive)
    assert there.base != workspace.base
    for name in ("models/meso4.keras", "videos.parquet", "faces/wide/store.json"):
        assert (there.base / name).read_bytes() == (workspace.base / name).read_bytes()
    clip = "dfdc_train_part_0/real.mp4"
    assert (there.synthetic / clip).stat().st_mtime_ns == (workspace.synthetic / clip).stat().st_mtime_ns
    # What another machine's runner remembers, or drew, is not in it.
    assert not (there.base / "study.json").exists() and not (there.base / "notebooks").exists()


@pytest.mark.parametrize("seed", ["", "seeds/1/"])
def test_what_people_gave_or_answered_is_not_handed_on(workspace, tmp_path, seed):
    """Nor pages, nor what any machine makes again in a moment."""
    private = ("uploads/abc/me.mp4", "game/anna.csv", "report/index.html", "previews/real.mp4", "notebooks/07.ipynb")
    for name in (f"{seed}models/own.keras", *private, *(seed + name for name in ("report/index.html", "study.json"))):
        path = workspace.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (workspace.base / "metrics").mkdir()
    pack.write(workspace, tmp_path / "tiny.zip")
    packed = zipfile.ZipFile(tmp_path / "tiny.zip").namelist()
    assert f"runs/{seed}models/own.keras" in packed
    assert not [name for name in packed if any(part in name for part in ("/report/", "/notebooks/", "study.json"))]
    assert not [name for name in packed if name.removeprefix("runs/") in private]


def test_its_table_names_the_clips_where_they_lie_now(workspace, archive, laptop):
    there = pack.unpack(archive)
    table = open_study_table(there)
    assert list(table["path"]) == [str(there.synthetic / "dfdc_train_part_0" / name) for name in table["video"]]
    assert all(pd.Series(table["path"]).map(lambda path: path.startswith(str(there.home))))
    # Whoever reads a model finds that it fits.
    identity = made_from.identity(there, there.model("meso4"))
    assert identity == made_from.identity(workspace, workspace.model("meso4"))
    assert there.data_set == there.synthetic


def test_a_study_that_was_copied_by_hand_can_be_packed_too(workspace, tmp_path, monkeypatch):
    home = tmp_path / "copied"
    shutil.copytree(workspace.home, home)
    monkeypatch.setenv("DFDC_HOME", str(home))
    pack.write(Workspace.open("tiny"), tmp_path / "copied.zip")
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "laptop"))
    there = pack.unpack(tmp_path / "copied.zip")
    assert all(str(there.synthetic) in path for path in open_study_table(there)["path"])


def test_what_was_interrupted_at_its_end_is_finished_the_next_time(workspace, archive, laptop):
    there = pack.unpack(archive)
    save_study_table(there, open_study_table(there).assign(path="/nowhere"))
    pack.unpack(archive)
    assert str(there.synthetic) in open_study_table(there)["path"].iloc[0]


def test_it_unpacks_once_and_does_nothing_the_second_time(archive, laptop):
    there = pack.unpack(archive)
    (there.base / "models" / "mine.keras").write_bytes(b"trained here")
    assert pack.unpack(archive) == there
    assert (there.base / "models" / "mine.keras").exists()


def test_another_study_of_that_name_is_left_alone(archive, laptop):
    other = Workspace.open("tiny")
    other.base.mkdir(parents=True)
    (other.base / "keep.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="--name"):
        pack.unpack(archive)
    assert [path.name for path in other.base.iterdir()] == ["keep.txt"]
    assert pack.unpack(archive, "class").base.name == "class"


def test_an_archive_that_was_not_copied_whole_is_refused(archive, laptop):
    content = archive.read_bytes()
    archive.write_bytes(content[:len(content) // 2])
    with pytest.raises(pack.DamagedPack, match="Copy it again"):
        pack.unpack(archive)
    archive.write_bytes(content[:-1] + b"x")
    with pytest.raises(pack.DamagedPack, match="SHA-256"):
        pack.unpack(archive)


def test_a_file_that_is_not_what_was_packed_is_found(archive, laptop):
    with zipfile.ZipFile(archive) as old:
        files = {name: old.read(name) for name in old.namelist()}
    files["runs/models/meso4.keras"] = b"other weights"
    with zipfile.ZipFile(archive, "w") as new:
        for name, content in files.items():
            new.writestr(name, content)
    archive.with_name(f"{archive.name}.sha256").unlink()
    with pytest.raises(pack.DamagedPack, match="meso4.keras"):
        pack.unpack(archive)
    assert not Workspace.open("tiny").base.exists()
    assert not list(Workspace.open("tiny").base.parent.iterdir())


@pytest.mark.parametrize("name", ["runs/../../evil.txt", "/etc/evil.txt", "other/evil.txt"])
def test_an_archive_cannot_write_elsewhere(archive, laptop, tmp_path, name):
    with zipfile.ZipFile(archive) as old:
        contents = json.loads(old.read("pack.json"))
    contents["files"] = {name: {"bytes": 4, "modified_ns": 0, "sha256": "0" * 64}}
    with zipfile.ZipFile(archive, "w") as new:
        new.writestr("pack.json", json.dumps(contents))
        new.writestr(name, b"evil")
    archive.with_name(f"{archive.name}.sha256").unlink()
    with pytest.raises(pack.DamagedPack, match="elsewhere"):
        pack.unpack(archive)
    assert not list(tmp_path.rglob("evil.txt"))


def test_some_other_archive_is_told_so(tmp_path, laptop):
    with zipfile.ZipFile(tmp_path / "holiday.zip", "w") as archive:
        archive.writestr("photo.jpg", b"")
    with pytest.raises(pack.DamagedPack, match="none of"):
        pack.unpack(tmp_path / "holiday.zip")


def test_real_clips_are_not_handed_on(workspace, tmp_path):
    real = Workspace.open("tiny", "real", source="dfdc")
    save_study_table(real, open_study_table(workspace))
    with pytest.raises(ValueError, match="may not be handed on"):
        pack.write(real, tmp_path / "real.zip")
    assert not (tmp_path / "real.zip").exists()
