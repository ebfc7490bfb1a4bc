"""Which change makes which notebook run again, without running any: a ledger in which all have succeeded."""

import os
import time

import nbformat
import pandas as pd
import pytest
from small_study import MODEL, write_notebook

from dfdc_utils.data import metadata
from dfdc_utils.study.ledger import Ledger, executed_copy
from dfdc_utils.study.runner import find, listing
from dfdc_utils.workspace import Workspace

ALL = ["01", "03", "04", "07"]


def open_ledger(workspace):
    return Ledger(workspace, metadata.locate(workspace))


def succeed(workspace, notebook, wrote=(), figures=()):
    """As if `notebook` had been run, and had written some files and figures."""
    ledger = open_ledger(workspace)
    made, since = ledger.begin(notebook), time.time() - 1
    for name, text in dict(wrote).items():
        path = workspace.run / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "table.parquet":
            pd.DataFrame({"video": ["a.mp4"]}).to_parquet(path)
        else:
            path.write_text(text)
    for name in figures:
        workspace.figures.mkdir(parents=True, exist_ok=True)
        (workspace.figures / name).write_text("picture")
    copy = executed_copy(workspace, notebook)
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_text("{}")
    ledger.succeeded(notebook, made, seconds=1.0, since=since)


WROTE = {
    "01": {"table.parquet": "table", "videos.parquet": "videos"},
    "03": {"models/custom_cnn.keras": "cnn", "models/custom_cnn.json": "{}"},
    "04": {"models/meso4.keras": "meso", "models/meso4.json": "{}"},
    "07": {"metrics/custom_cnn.json": "{}", "predictions/custom_cnn.parquet": "p"},
}


@pytest.fixture
def done(workspace, notebooks, package):
    """The workspace of a study whose notebooks have all succeeded."""
    for notebook in find(notebooks):
        succeed(workspace, notebook, WROTE[notebook.stem[:2]], ["03_batch.png"] if "03" in notebook.stem else [])
    return workspace


def reasons(workspace, notebooks):
    """By number, why a notebook would run by itself, those that would not left out."""
    ledger = open_ledger(workspace)
    found = {notebook.stem[:2]: ledger.reason_to_run(notebook) for notebook in find(notebooks)}
    return {number: reason for number, reason in found.items() if reason}


def test_before_and_after_it_ran(workspace, notebooks, package):
    assert reasons(workspace, notebooks) == dict.fromkeys(ALL, "first run")
    for notebook in find(notebooks):
        succeed(workspace, notebook, WROTE[notebook.stem[:2]])
    assert reasons(workspace, notebooks) == {}
    assert [state for _, state in listing(workspace, notebooks=notebooks)] == ["up to date"] * 4


@pytest.mark.parametrize(("settings", "wanted"), [
    ({"tta_variants": 5}, {"07": "tta_variants=5 (was 2)"}),
    ({"epochs": 9}, {"03": "epochs=9 (was 7)", "04": "epochs=9 (was 7)"}),
    ({"split": "original"}, {"01": "split=original (was part)"}),
    ({"backbone_epochs": 9}, {}),
    ({"lstm_units": 8}, {}),
    ({"robustness_videos": 5}, {"07": "robustness_videos=5 (was 8)"}),
    ({"what_if_epochs": 2}, {"03": "what_if_epochs=2 (was 1)", "04": "what_if_epochs=2 (was 1)"}),
    ({"seed": 1}, dict.fromkeys(["01", "03", "07"], "seed=1 (was 2022)")),
])
def test_a_setting_concerns_those_that_read_it(done, notebooks, settings, wanted):
    changed = Workspace.open(done.profile, done.name, **settings)
    assert reasons(changed, notebooks) == wanted


def test_what_follows_is_told_in_advance_and_not_run_where_nothing_new_comes(done, notebooks):
    changed = Workspace.open(done.profile, done.name, epochs=9)
    states = dict(listing(changed, notebooks=notebooks))
    assert states["07_evaluate_with_tta"] == "if 03, 04 brings something new"
    # The models come out as before.
    for number in ("03", "04"):
        notebook = find(notebooks, only=[number])[0]
        succeed(changed, notebook, WROTE[number], ["03_batch.png"] if number == "03" else [])
    assert reasons(changed, notebooks) == {}
    # One does not.
    succeed(changed, find(notebooks, only=["03"])[0], {"models/custom_cnn.keras": "other"}, ["03_batch.png"])
    assert reasons(changed, notebooks) == {"07": "models/custom_cnn.keras changed"}


@pytest.mark.parametrize(("module", "text", "wanted"), [
    ("plots", '"""Nothing but words."""\n# And a comment.\nCOLOUR = 1', []),
    ("plots", "COLOUR = 2", ["03"]),
    ("models/__init__", "SIZE = 2", ["03", "04"]),
    ("models/custom_cnn", "WIDTH = 2", ["03"]),
    ("models/mesonet", "WIDTH = 2", ["04"]),
    ("training", "RATE = 2", []),
    ("__init__", "VERSION = 2", ["03", "04"]),
])
def test_code_concerns_those_that_import_it(done, notebooks, package, module, text, wanted):
    (package / f"{module}.py").write_text(text)
    assert reasons(done, notebooks) == dict.fromkeys(wanted, "code changed")


def test_its_text_and_not_what_an_editor_left_in_it(done, notebooks):
    path = notebooks / "03_train_custom_cnn.ipynb"
    saved = nbformat.read(path, as_version=4)
    saved.cells[1].outputs = [nbformat.v4.new_output("stream", text="saved by an editor")]
    nbformat.write(saved, path)
    assert reasons(done, notebooks) == {}
    write_notebook(notebooks, "03_train_custom_cnn", "%matplotlib inline\nfrom dfdc_utils import models, plots", MODEL)
    assert reasons(done, notebooks) == {"03": "text changed"}


def test_what_it_wrote_is_gone_or_another(done, notebooks):
    (done.run / "models/custom_cnn.keras").write_text("by hand")
    assert reasons(done, notebooks) == {
        "03": "custom_cnn.keras was changed by something else", "07": "models/custom_cnn.keras changed",
    }
    (done.run / "models/custom_cnn.keras").unlink()
    assert reasons(done, notebooks)["03"] == "custom_cnn.keras is gone"
    (done.figures / "03_batch.png").unlink()
    (done.run / "models/custom_cnn.keras").write_text("cnn")
    assert reasons(done, notebooks) == {"03": "03_batch.png is gone"}
    executed_copy(done, notebooks / "04_train_mesonet.ipynb").unlink()
    assert reasons(done, notebooks)["04"] == "04_train_mesonet.ipynb is gone"


def test_other_data_concern_those_that_read_the_files_and_data_that_are_gone_nobody(done, notebooks, data):
    (data / "dfdc_train_part_0" / "a.mp4").write_bytes(b"another")
    assert reasons(done, notebooks) == {"01": "the data set changed"}
    ledger = Ledger(done, None)
    assert [ledger.reason_to_run(notebook) for notebook in find(notebooks)] == [None] * 4


def test_one_that_was_cut_off_did_not_succeed(done, notebooks):
    open_ledger(done).begin(find(notebooks, only=["03"])[0])
    assert reasons(done, notebooks) == {"03": "did not succeed"}


def test_a_figure_that_is_not_drawn_any_more_is_removed_and_a_persons_own_stays(done, notebooks):
    (done.figures / "03_mine.png").write_text("of a person")
    os.utime(done.figures / "03_mine.png", (1, 1))
    os.utime(done.figures / "03_batch.png", (1, 1))
    succeed(done, find(notebooks, only=["03"])[0], WROTE["03"], ["03_other.png"])
    assert sorted(path.name for path in done.figures.iterdir()) == ["03_mine.png", "03_other.png"]


def test_what_an_older_version_remembered_counts_as_nothing(done, notebooks):
    done.ledger.write_text('{"01_explore_the_data": {"outputs": [], "made_from": {"text": "abc", "settings": "def"}}}')
    assert reasons(done, notebooks) == dict.fromkeys(ALL, "first run")


def test_a_damaged_memory_or_notebook_is_named(workspace, notebooks, package):
    (notebooks / "01_explore_the_data.ipynb").write_text("{")
    with pytest.raises(ValueError, match="01_explore_the_data.ipynb is not a notebook"):
        open_ledger(workspace).begin(notebooks / "01_explore_the_data.ipynb")
    workspace.ledger.parent.mkdir(parents=True, exist_ok=True)
    workspace.ledger.write_text("{")
    with pytest.raises(ValueError, match="study.json is damaged"):
        listing(workspace, notebooks=notebooks)
