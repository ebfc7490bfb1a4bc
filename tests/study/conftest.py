import pytest
from small_study import MESO, METRICS, MODEL, TABLE, draw, write, write_notebook

from dfdc_utils import source_code
from dfdc_utils.workspace import Workspace


@pytest.fixture
def data(tmp_path):
    """A set of one tiny "video", so that nothing is drawn."""
    part = tmp_path / "set" / "dfdc_train_part_0"
    part.mkdir(parents=True)
    (part / "metadata.json").write_text('{"a.mp4": {"label": "REAL"}}')
    (part / "a.mp4").write_bytes(b"mp4")
    return tmp_path / "set"


@pytest.fixture
def workspace(tmp_path, data, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path / "home {x}"))
    monkeypatch.setenv("DFDC_DATA", str(data))
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    return Workspace.open("tiny", "small", source="dfdc", epochs=7)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of two modules in place of the real one, which somebody may be working on."""
    folder = tmp_path / "dfdc_utils"
    (folder / "models").mkdir(parents=True)
    for name in ("__init__", "plots", "training", "models/__init__", "models/custom_cnn", "models/mesonet"):
        (folder / f"{name}.py").write_text("")
    (folder / "plots.py").write_text('"""How figures look."""\nCOLOUR = 1')
    (folder / "training.py").write_text("from dfdc_utils import models\nRATE = 1")
    monkeypatch.setattr(source_code, "PACKAGE", folder)
    return folder


@pytest.fixture
def notebooks(tmp_path):
    """Four notebooks of the study's graph: 03 and 04 read the table, 07 their models."""
    folder = tmp_path / "notebooks"
    write_notebook(folder, "01_explore_the_data", TABLE)
    train = "from dfdc_utils import models, plots"
    write_notebook(folder, "03_train_custom_cnn", train, MODEL, draw("03_batch"))
    write_notebook(folder, "04_train_mesonet", "from dfdc_utils import models", MESO)
    write_notebook(folder, "07_evaluate_with_tta", METRICS, write("predictions/custom_cnn.parquet"))
    return folder
