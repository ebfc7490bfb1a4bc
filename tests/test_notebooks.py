"""Every notebook is stored clean: what a clone holds is what was written, not what somebody last ran."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from dfdc_utils.places import project_root

FOLDER = project_root() / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = [path.name for path in NOTEBOOKS]


@pytest.fixture(params=NOTEBOOKS, ids=NAMES)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_all_are_there():
    assert NAMES == [
        "00_start_here.ipynb",
        "01_explore_the_data.ipynb",
        "02_extract_faces.ipynb",
        "03_train_custom_cnn.ipynb",
        "04_train_mesonet.ipynb",
        "05_train_densenet121.ipynb",
        "06_train_resnet50_lstm.ipynb",
        "07_evaluate_with_tta.ipynb",
        "08_visualise_filters.ipynb",
        "09_compare_models.ipynb",
        "10_self_training.ipynb",
        "11_explore.ipynb",
        "12_make_a_deepfake.ipynb",
        "13_listen.ipynb",
        "14_prove_an_original.ipynb",
    ]


def test_it_is_valid_and_small(path, notebook):
    nbformat.validate(notebook)
    assert path.stat().st_size < 100_000


def test_it_holds_no_outputs(notebook):
    for cell in code_cells(notebook):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_it_runs_in_the_kernel_python3_with_nothing_of_a_machine_in_it(path, notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert "papermill" not in notebook.metadata
    assert not re.search(r"/(home|root|Users|tmp|work)/", path.read_text(encoding="utf-8"))


def test_one_cell_is_tagged_parameters_and_the_next_opens_the_workspace(notebook):
    cells = code_cells(notebook)
    tagged = [index for index, cell in enumerate(cells) if "parameters" in cell.metadata.get("tags", [])]
    assert len(tagged) == 1
    names = {}
    exec(cells[tagged[0]].source, names)
    assert names["PROFILE"] == "mini"
    assert names["OVERRIDES"] == {}
    assert names["STUDY"] is None
    assert "Workspace.open(PROFILE, STUDY, **OVERRIDES)" in cells[tagged[0] + 1].source


def test_links_lead_to_the_notebook_before_and_after_at_both_ends(path, notebook):
    position = NOTEBOOKS.index(path)
    expected = {"00_start_here.ipynb"}
    expected |= {NAMES[i] for i in (position - 1, position + 1) if 0 <= i < len(NAMES)}
    expected -= {path.name}
    first, last = notebook.cells[0], notebook.cells[-1]
    assert first.cell_type == last.cell_type == "markdown"
    for line in (first.source.splitlines()[0], last.source.splitlines()[-1]):
        assert set(re.findall(r"\]\(([^)#]+\.ipynb)\)", line)) == expected


def test_every_link_leads_somewhere(path, notebook):
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#\s]+)", cell.source):
                # Figures and runs are there once a study has run.
                if not target.startswith(("http", "../figures", "../runs", "#")):
                    assert (FOLDER / target).exists(), target


def lines_besides_imports(source):
    """How many lines of a cell there are to read."""
    imports = [node for node in ast.parse(source).body if isinstance(node, (ast.Import, ast.ImportFrom))]
    imported = sum(node.end_lineno - node.lineno + 1 for node in imports)
    return len([line for line in source.splitlines() if line.strip()]) - imported


def test_it_stays_thin(notebook):
    """A function two notebooks could want belongs in the package; sys.path is left alone, save by the first cell."""
    # Exercises and their like come on top.
    own = [cell for cell in notebook.cells if not cell.metadata.get("tags") or "slide" in cell.metadata.tags]
    assert len(own) <= 50
    for cell in code_cells(notebook):
        assert lines_besides_imports(cell.source) <= 10, cell.source
        assert "sys.path" not in cell.source or cell is code_cells(notebook)[0]
        assert not re.search(r"^\s*(class|def) ", cell.source, re.MULTILINE), cell.source
        assert not cell.source.lstrip().startswith(("%pip", "!pip"))


def test_the_first_code_cell_is_the_same_in_all():
    assert len({code_cells(nbformat.read(path, as_version=4))[0].source for path in NOTEBOOKS}) == 1


@pytest.mark.parametrize("where", ["above", "beside", "nowhere"])
def test_the_first_code_cell_finds_the_package_or_says_how_to_get_it(tmp_path, where):
    (cell, *_) = code_cells(nbformat.read(NOTEBOOKS[0], as_version=4))
    folder = tmp_path / "some" / "notebooks"
    folder.mkdir(parents=True)
    if where != "nowhere":
        package = (folder.parent if where == "above" else folder) / "dfdc_utils"
        package.mkdir()
        (package / "__init__.py").write_text("")
    # -I: without this checkout on the path; an installed one is hidden.
    hide = "import importlib.util; importlib.util.find_spec = lambda name: None\n"
    code = f"{hide}{cell.source}\nprint(sys.path[0])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=folder)
    if where == "nowhere":
        assert "dfdc_utils is not here: clone" in done.stderr.splitlines()[-1]
    else:
        assert done.stdout.strip() == str(package.parent), done.stderr


def test_it_compiles(path, notebook):
    for cell in code_cells(notebook):
        compile(cell.source, str(Path(path).name), "exec")
