"""The runner, with real papermill and real kernels, on small notebooks."""

import json
import os
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest

from dfdc_utils import study
from dfdc_utils.workspace import Workspace

OPEN = "from dfdc_utils.workspace import Workspace\nworkspace = Workspace.open(PROFILE, **OVERRIDES)"


def write_notebook(folder, name, *cells):
    nodes = [
        nbformat.v4.new_markdown_cell(f"# {name}"),
        nbformat.v4.new_code_cell('PROFILE = "mini"\nOVERRIDES = {}', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(OPEN),
        *(nbformat.v4.new_code_cell(cell) for cell in cells),
    ]
    folder.mkdir(exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=nodes), folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def write(name, text="done"):
    """A cell that writes `name` into the run's folder, as a notebook writes its tables."""
    return (
        f"path = workspace.run / {name!r}\n"
        "path.parent.mkdir(parents=True, exist_ok=True)\n"
        f"_ = path.write_text({text!r})"
    )


def read(name):
    return f"print((workspace.run / {name!r}).read_text())"


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A workspace that reads three tiny "videos" from disk, so that nothing is drawn."""
    part = tmp_path / "set" / "dfdc_train_part_0"
    part.mkdir(parents=True)
    (part / "metadata.json").write_text('{"a.mp4": {"label": "REAL"}}')
    (part / "a.mp4").write_bytes(b"mp4")
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "home {x}"))
    monkeypatch.setenv("DFDC_DATA", str(tmp_path / "set"))
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    # Whoever works on the package while its tests run does not change what these find.
    package = tmp_path / "package"
    package.mkdir()
    (package / "plots.py").write_text("COLOUR = 1")
    (package / "cli.py").write_text("")
    monkeypatch.setattr(study, "PACKAGE", package)
    return Workspace.open("tiny", source="dfdc", epochs=7)


@pytest.fixture
def notebooks(tmp_path):
    """Three notebooks, each reading what an earlier one wrote."""
    folder = tmp_path / "notebooks"
    write_notebook(folder, "01_explore_the_data", write("table.parquet"))
    write_notebook(folder, "02_extract_faces", read("table.parquet"), write("faces/00000.parquet"))
    write_notebook(folder, "03_train_custom_cnn", read("faces/00000.parquet"), write("models/cnn.keras"))
    return folder


def executed(workspace, name):
    return nbformat.read(workspace.notebooks / f"{name}.ipynb", as_version=4)


def text_of(notebook):
    return "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ())
    )


def states(workspace, notebooks):
    return [state for _, state in study.listing(workspace, notebooks=notebooks)]


def touch(path, text=None):
    path.write_text(path.read_text() if text is None else text)
    os.utime(path, ns=(time.time_ns(), time.time_ns() + 1_000_000))


def test_a_whole_study_then_what_changes_and_only_that(workspace, notebooks, capsys):
    assert states(workspace, notebooks) == ["first run"] * 3
    study.run(workspace, notebooks=notebooks)
    assert states(workspace, notebooks) == ["up to date"] * 3
    printed = capsys.readouterr().out
    names = ("01_explore_the_data", "02_extract_faces", "03_train_custom_cnn")
    assert sorted(names, key=printed.index) == list(names)
    assert printed.count("done") == 3
    assert f"Executed notebooks  {workspace.notebooks}" in printed
    assert f"Figures             {workspace.figures}" in printed
    assert "Total time 0:" in printed
    peak = float(printed.split("peak memory ")[1].split(" GB")[0])
    # This process imports papermill and its kernels IPython: together well over 0.1 GB, and nothing large.
    assert 0.1 <= peak <= 3

    # What was injected, where it ran, and nothing half-written beside it.
    copy = executed(workspace, "03_train_custom_cnn")
    assert [cell.source for cell in copy.cells if "injected-parameters" in cell.metadata.get("tags", [])] == [
        '# Parameters\nPROFILE = "tiny"\nOVERRIDES = {"source": "dfdc", "epochs": 7}\n'
    ]
    assert text_of(copy) == "done\n"
    assert sorted(path.name for path in workspace.notebooks.iterdir()) == [
        path.name for path in sorted(notebooks.iterdir())
    ]

    # Nothing changed: nothing runs.
    study.run(workspace, notebooks=notebooks)
    assert capsys.readouterr().out.count("unchanged, skipped") == 3

    # Saved with its outputs by an editor: still the same notebook.
    changed = nbformat.read(notebooks / "02_extract_faces.ipynb", as_version=4)
    changed.cells[1].outputs = [nbformat.v4.new_output("stream", text="saved by an editor")]
    nbformat.write(changed, notebooks / "02_extract_faces.ipynb")
    assert states(workspace, notebooks) == ["up to date"] * 3

    # Its text is another: it, and after it what reads what it wrote.
    write_notebook(notebooks, "02_extract_faces", write("faces/00000.parquet", "others"))
    assert states(workspace, notebooks) == ["up to date", "text changed", "up to date"]
    study.run(workspace, notebooks=notebooks)
    printed = capsys.readouterr().out
    assert (printed.count("skipped"), printed.count("done")) == (1, 2)
    assert "inputs changed" in printed
    assert text_of(executed(workspace, "03_train_custom_cnn")) == "others\n"
    assert states(workspace, notebooks) == ["up to date"] * 3

    # What a notebook wrote is gone, or was written by hand.
    (workspace.run / "models/cnn.keras").unlink()
    assert states(workspace, notebooks) == ["up to date", "up to date", "cnn.keras is gone"]
    touch(workspace.run / "faces/00000.parquet")
    assert states(workspace, notebooks)[2] == "inputs changed"
    (workspace.notebooks / "01_explore_the_data.ipynb").unlink()
    assert states(workspace, notebooks)[0] == "01_explore_the_data.ipynb is gone"

    # Other numbers, another data set.
    assert states(Workspace.open(workspace.profile, epochs=8), notebooks) == ["settings changed"] * 2 + [
        "settings and inputs changed"
    ]
    touch(workspace.data / "dfdc_train_part_0" / "a.mp4", "longer")
    assert states(workspace, notebooks)[:2] == ["inputs changed", "up to date"]


def test_changed_code_is_noticed_but_not_that_of_the_runner(workspace, notebooks, tmp_path):
    package = tmp_path / "package"
    study.run(workspace, notebooks=notebooks, only=["01"])
    (package / "cli.py").write_text("# another way to say it")
    assert states(workspace, notebooks)[0] == "up to date"
    (package / "plots.py").write_text("COLOUR = 2")
    assert states(workspace, notebooks)[0] == "code changed"


def test_only_from_and_force_choose(workspace, notebooks, capsys):
    def ran(**choice):
        study.run(workspace, notebooks=notebooks, **choice)
        lines = capsys.readouterr().out.splitlines()
        return [line[:2] for line in lines if " done " in line]

    assert ran(only=["01"]) == ["01"]
    assert ran(start="02") == ["02", "03"]
    assert ran(only=["02"]) == []
    assert ran(only=["02_extract"], force=True) == ["02"]
    # 02 wrote its file again, so its reader is no longer up to date.
    assert ran() == ["03"]
    with pytest.raises(ValueError, match="starts with '9'.*01_explore_the_data, 02"):
        study.run(workspace, notebooks=notebooks, only=["9"])
    with pytest.raises(FileNotFoundError, match="no notebooks in"):
        study.run(workspace, notebooks=workspace.home)


def test_a_failing_cell_is_named_and_the_next_run_takes_up_there(workspace, notebooks, capsys):
    write_notebook(notebooks, "02_extract_faces", write("0.parquet"), "raise KeyError('no faces')", "1 + 1")
    with pytest.raises(study.StudyError) as failure:
        study.run(workspace, notebooks=notebooks)
    message = str(failure.value)
    # Six cells: the injected parameters are one.
    assert "Notebook 02_extract_faces failed in cell 6 of 7: In [5]: KeyError: 'no faces'" in message
    copy = workspace.notebooks / "02_extract_faces.ipynb"
    assert str(copy) in message
    assert "KeyError" in copy.read_text()
    assert not (workspace.notebooks / "03_train_custom_cnn.ipynb").exists()
    assert states(workspace, notebooks) == ["up to date", "did not succeed", "first run"]

    write_notebook(notebooks, "02_extract_faces", write("faces/00000.parquet"))
    capsys.readouterr()
    study.run(workspace, notebooks=notebooks)
    printed = capsys.readouterr().out
    assert (printed.count("skipped"), printed.count("done")) == (1, 2)


def test_a_notebook_that_succeeded_once_and_then_fails_is_run_again(workspace, notebooks, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    write_notebook(notebooks, "01_explore_the_data", f"open({str(flag)!r})")
    study.run(workspace, notebooks=notebooks, only=["01"])
    flag.unlink()
    with pytest.raises(study.StudyError, match="FileNotFoundError"):
        study.run(workspace, notebooks=notebooks, only=["01"], force=True)
    assert states(workspace, notebooks)[0] == "did not succeed"


def test_a_dead_kernel_is_reported_as_such(workspace, notebooks):
    write_notebook(notebooks, "01_explore_the_data", "1", "import os\nos.kill(os.getpid(), 9)", "2")
    with pytest.raises(study.StudyError, match="01_explore_the_data failed in cell 6 of 7: Kernel died.*mem"):
        study.run(workspace, notebooks=notebooks)
    assert (workspace.notebooks / "01_explore_the_data.ipynb").is_file()
    assert states(workspace, notebooks)[0] == "did not succeed"


def test_a_notebook_that_leaves_early_did_not_succeed(workspace, notebooks):
    write_notebook(notebooks, "01_explore_the_data", "import sys\nsys.exit()", write("table.parquet"))
    with pytest.raises(study.StudyError, match="stopped before its last cell"):
        study.run(workspace, notebooks=notebooks)


def test_a_notebook_that_was_edited_while_it_ran_is_run_again(workspace, notebooks):
    path = write_notebook(notebooks, "01_explore_the_data", "from pathlib import Path")
    edit = f"path = Path({str(path)!r})\n_ = path.write_text(path.read_text().replace('# 01', '# One'))"
    write_notebook(notebooks, "01_explore_the_data", "from pathlib import Path", edit)
    study.run(workspace, notebooks=notebooks, only=["01"])
    assert states(workspace, notebooks)[0] == "text changed"


def test_a_file_belongs_to_the_notebook_that_wrote_it_last(workspace, notebooks, capsys):
    """Two notebooks that write one file must not make each other run for ever."""
    write_notebook(notebooks, "03_train_custom_cnn", write("predictions/custom_cnn.parquet"))
    write_notebook(notebooks, "07_evaluate_with_tta", write("predictions/custom_cnn.parquet", "with TTA"))
    study.run(workspace, notebooks=notebooks)
    assert states(workspace, notebooks) == ["up to date"] * 4


def test_what_a_resumed_notebook_left_as_it_was_is_still_its_own(workspace, notebooks):
    resumable = (
        "path = workspace.run / 'faces' / '0.parquet'\n"
        "path.parent.mkdir(exist_ok=True)\n"
        "path.exists() or path.write_text('slow')"
    )
    write_notebook(notebooks, "02_extract_faces", resumable)
    study.run(workspace, notebooks=notebooks, start="01", only=["01", "02"])
    study.run(workspace, notebooks=notebooks, only=["02"], force=True)
    (workspace.run / "faces" / "0.parquet").unlink()
    assert states(workspace, notebooks)[1] == "0.parquet is gone"


def test_a_damaged_memory_or_notebook_is_named(workspace, notebooks):
    (notebooks / "01_explore_the_data.ipynb").write_text("{")
    with pytest.raises(ValueError, match="01_explore_the_data.ipynb is not a notebook"):
        study.run(workspace, notebooks=notebooks, only=["01"], force=True)
    workspace.study.parent.mkdir(parents=True)
    workspace.study.write_text("{")
    with pytest.raises(ValueError, match="study.json is damaged"):
        study.listing(workspace, notebooks=notebooks)


def test_the_table_of_results_is_printed(workspace, notebooks, capsys):
    table = "title,test_accuracy,test_auc,parameters\nMeso4,0.8997,,28073\n"
    write_notebook(notebooks, "01_explore_the_data", write("comparison.csv", table))
    study.run(workspace, notebooks=notebooks, only=["01"])
    rows = [line.split() for line in capsys.readouterr().out.splitlines() if "Meso4" in line]
    assert rows[0][:3] == ["Meso4", "0.8997", "-"]


def test_an_interrupt_shuts_the_kernel_down_and_the_next_run_takes_up_there(workspace, notebooks, tmp_path):
    pid = tmp_path / "pid"
    slow = f"import os, time\n_ = open({str(pid)!r}, 'w').write(str(os.getpid()))"
    write_notebook(notebooks, "02_extract_faces", slow, "time.sleep(120)")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dfdc_utils import cli, study\n"
        f"study.project_root = lambda: Path({str(tmp_path)!r})\n"
        f"study.PACKAGE = Path({str(tmp_path / 'package')!r})\n"
        "sys.exit(cli.main(['study', '--profile', 'tiny', '--set', 'source=dfdc', '--set', 'epochs=7']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run in the background ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.1)
    kernel = int(pid.read_text())
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, errors = process.communicate(timeout=30)
    assert process.returncode == 130, errors
    assert "Notebook 02_extract_faces interrupted in cell 6 of 6: by the keyboard" in errors
    assert "Traceback" not in errors, errors
    assert not psutil.pid_exists(kernel)
    assert states(workspace, notebooks) == ["up to date", "did not succeed", "first run"]
    assert json.loads((workspace.notebooks / "02_extract_faces.ipynb").read_text())["cells"]
