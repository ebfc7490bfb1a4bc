import json
import subprocess
import sys
from pathlib import Path

import pytest

from dfdc_utils import places
from dfdc_utils.workspace import Workspace, whole, write_json


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("DFDC_HOME", "DFDC_DATA", "DFDC_RUNS"):
        monkeypatch.delenv(name, raising=False)


def test_home_is_the_checkout_from_whatever_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = Path(places.__file__).resolve().parents[1]
    here = Workspace.open("mini")
    assert here.home == places.project_root() == root
    assert here.run == root / "runs" / "mini"
    assert here.figures == root / "figures" / "mini"
    assert here.synthetic == root / "data" / "mini"
    assert here.data == root / "data"


def test_without_a_checkout_home_is_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "PACKAGE", tmp_path / "site-packages" / "dfdc_utils")
    assert places.project_root() is None
    assert Workspace.open("mini").home == tmp_path


def test_variables_move_home_data_and_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "home"))
    moved = Workspace.open("tiny")
    assert moved.run == tmp_path / "home" / "runs" / "tiny"
    monkeypatch.setenv("DFDC_RUNS", "elsewhere")
    monkeypatch.setenv("DFDC_DATA", str(tmp_path / "disk"))
    moved = Workspace.open("tiny")
    assert moved.run == tmp_path / "elsewhere" / "tiny", "relative to the current folder, made absolute"
    assert moved.data == tmp_path / "disk"
    assert moved.synthetic == tmp_path / "home" / "data" / "tiny", "what is drawn does not go among real data"


def test_a_study_is_called_like_its_profile_and_the_data_that_were_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    assert Workspace.open("sample").name == "sample"
    monkeypatch.setenv("DFDC_DATA", str(tmp_path / "my faces"))
    assert Workspace.open("crops").run == tmp_path / "runs" / "crops-my-faces"
    # What is drawn is no named data.
    assert Workspace.open("tiny").name == "tiny"
    assert Workspace.open("tiny", source="dfdc").name == "tiny-my-faces"
    chosen = Workspace.open("tiny", "group_1")
    assert (chosen.name, chosen.synthetic.name, chosen.figures.name) == ("group_1",) * 3
    for name in ("a/b", "..", ".hidden", "-x"):
        with pytest.raises(ValueError, match="study's name"):
            Workspace.open("tiny", name)


def test_a_study_remembers_its_data_and_settings_and_refuses_another_set(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir()
    second.mkdir()
    study = Workspace.open("crops", "mine", videos=50, seed=3)
    assert study.data_set is None
    study.claim(first)
    again = Workspace.reopen("mine")
    assert (again.profile, again.data_set) == (study.profile, first)
    with pytest.raises(ValueError, match=r"study mine .*one of the data set in .*one, not of .*two.*--name"):
        study.claim(second)
    # It was moved.
    first.rmdir()
    study.claim(second)
    assert study.data_set == second
    with pytest.raises(FileNotFoundError, match="no study 'other'.*Studies: mine"):
        Workspace.reopen("other")


def test_beside_a_checkout_that_is_read_only_nothing_is_written(tmp_path, monkeypatch):
    checkout, working = tmp_path / "checkout", tmp_path / "working"
    for folder in (checkout / "data" / "dfdc", working):
        folder.mkdir(parents=True)
    for variable in ("DFDC_HOME", "DFDC_RUNS", "DFDC_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(places, "project_root", lambda: checkout)
    monkeypatch.setattr(places, "KAGGLE_WORKING", working)
    may_write = places.may_write
    monkeypatch.setattr(places, "may_write", lambda f: not f.is_relative_to(checkout) and may_write(f))
    opened = Workspace.open("full")
    assert opened.run == working / "runs" / "full"
    assert opened.figures == working / "figures" / "full"
    assert Workspace.open("mini").synthetic == working / "data" / "mini"
    assert opened.data == checkout / "data", "what is there can be read"
    monkeypatch.setenv("DFDC_RUNS", str(tmp_path / "large"))
    opened = Workspace.open("full")
    assert (opened.run, opened.figures) == (tmp_path / "large" / "full", tmp_path / "large" / "figures" / "full")


def test_kaggles_mounts(tmp_path, monkeypatch):
    monkeypatch.setattr(places, "KAGGLE_INPUT", tmp_path / "input")
    assert places.kaggle_mounts() == []
    (tmp_path / "input" / "competitions").mkdir(parents=True)
    assert places.kaggle_mounts() == [tmp_path / "input" / "competitions", tmp_path / "input"]


def test_opening_makes_no_folder_and_takes_overrides(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    opened = Workspace.open("mini", epochs="3")
    assert opened.profile.epochs == 3
    assert list(tmp_path.iterdir()) == []
    assert Workspace.open(opened.profile) == opened
    with pytest.raises(ValueError, match="no setting 'epoch'"):
        Workspace.open("mini", epoch=3)


def test_every_file_has_a_place_of_its_own():
    opened = Workspace.open("mini")
    files = [
        opened.table, opened.videos, opened.faces, opened.notebooks, opened.ledger, opened.submission,
        opened.comparison,
    ]
    for place in (opened.model, opened.training, opened.predictions, opened.metrics):
        files += [place("meso4"), place("custom_cnn")]
    assert len(set(files)) == len(files)
    assert all(opened.run in path.parents for path in files)
    assert opened.figure("07_roc_curves") == opened.figures / "07_roc_curves.png"


def test_another_training_seed_has_folders_of_its_own_beside_the_same_faces(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    study = Workspace.open("mini", "mine", epochs=3)
    other = study.of_seed(1)
    assert (other.profile.training_seed, other.profile.epochs) == (1, 3)
    assert (other.table, other.videos, other.faces, other.synthetic) == (
        study.table, study.videos, study.faces, study.synthetic
    )
    for place in ("model", "training", "predictions", "metrics", "figure"):
        mine, theirs = getattr(study, place)("meso4"), getattr(other, place)("meso4")
        assert mine != theirs and study.run / "seeds" / "1" in theirs.parents
    # A notebook that is told the settings opens the same, and the way back is open too.
    assert Workspace.open("mini", "mine", **other.profile.changes()) == other
    assert other.of_seed(2022).run == study.run
    # What belongs to both is recorded once.
    assert other.made_from(other.table) == study.made_from(study.table)
    assert other.made_from(other.model("meso4")) != study.made_from(study.model("meso4"))

    assert study.other_seeds() == []
    for path in (other.metrics("meso4"), study.metrics("meso4")):
        path.parent.mkdir(parents=True)
    assert (study.other_seeds(), other.other_seeds()) == ([1], [2022])


def test_whole_shows_a_file_only_when_it_is_finished(tmp_path):
    path = tmp_path / "new" / "table.parquet"
    with whole(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".parquet"
        assert temporary.name.startswith(".")
        temporary.write_text("first")
        assert not path.exists()
    assert path.read_text() == "first"
    with pytest.raises(RuntimeError), whole(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "first"
    assert [entry.name for entry in path.parent.iterdir()] == ["table.parquet"]


def test_whole_works_for_folders(tmp_path):
    with pytest.raises(RuntimeError), whole(tmp_path / "set") as temporary:
        (temporary / "part").mkdir(parents=True)
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with whole(tmp_path / "set") as temporary:
        (temporary / "part").mkdir(parents=True)
    assert (tmp_path / "set" / "part").is_dir()


def test_write_json(tmp_path):
    write_json(tmp_path / "a" / "b.json", {"one": 1})
    assert json.loads((tmp_path / "a" / "b.json").read_text()) == {"one": 1}


def test_the_package_and_the_command_line_import_without_tensorflow():
    code = (
        "import sys, dfdc_utils.cli, dfdc_utils.study, dfdc_utils.environment, dfdc_utils.data.splits\n"
        "heavy = {'tensorflow', 'keras', 'cv2', 'mtcnn', 'imgaug', 'papermill'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
