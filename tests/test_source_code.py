import pytest

from dfdc_utils import source_code
from dfdc_utils.source_code import digest, imported_by


@pytest.fixture
def package(tmp_path, monkeypatch):
    folder = tmp_path / "dfdc_utils"
    files = {
        "__init__": "", "faces/__init__": "", "faces/store": "from dfdc_utils.faces import crops\nSIZE = 1",
        "faces/crops": "def cut(image):\n    return image", "plots": "import dfdc_utils.faces.crops",
        "training": "def train():\n    from dfdc_utils.faces.store import SIZE\n    return SIZE",
        "workspace": "HERE = 1", "study/__init__": "from dfdc_utils import plots, training",
        "evaluation": "from dfdc_utils import study, workspace",
    }
    for name, text in files.items():
        path = folder / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(source_code, "PACKAGE", folder)
    return folder


ROOMS = ("faces.store", "faces.crops", "plots", "training", "evaluation")


def changed(package, file, text):
    """Rooms whose digest changes when `file` gets another text."""
    before = {room: digest([f"dfdc_utils.{room}"]) for room in ROOMS}
    (package / file).write_text(text)
    return [room for room in ROOMS if digest([f"dfdc_utils.{room}"]) != before[room]]


@pytest.mark.parametrize(("file", "text", "wanted"), [
    ("faces/crops.py", "def cut(image):\n    return image[1:]", ["faces.store", "faces.crops", "plots", "training"]),
    ("faces/crops.py", 'def cut(image):\n    """Cuts."""\n    # As it is.\n\n    return image', []),
    ("faces/store.py", "from dfdc_utils.faces import crops\nSIZE = 2", ["faces.store", "training"]),
    ("faces/store.py", 'from dfdc_utils.faces import crops\nSIZE = 1\n"""Of a face."""', []),
    ("training.py", "def train():\n    return 2", ["training"]),
    ("plots.py", "COLOUR = 2", ["plots"]),
    ("workspace.py", "HERE = 2", []),
    ("study/__init__.py", "WHAT = 2", []),
    ("__init__.py", "VERSION = 2", list(ROOMS)),
])
def test_a_change_concerns_those_that_import_it_and_words_concern_nobody(package, file, text, wanted):
    assert changed(package, file, text) == wanted


def test_imports_are_found_wherever_they_stand(package):
    code = "import os, dfdc_utils.plots as p\nif p:\n    from dfdc_utils.faces import store, nothing\nimport pandas"
    assert imported_by(code) == {"dfdc_utils.plots", "dfdc_utils.faces", "dfdc_utils.faces.store"}


def test_a_module_that_is_not_there_is_named(package):
    with pytest.raises(ModuleNotFoundError, match="no module dfdc_utils.nowhere"):
        digest(["dfdc_utils.nowhere"])


def test_training_does_not_depend_on_how_sets_lie_on_disk_or_on_figures():
    """Else each new layout would have every network of a full study trained anew."""
    names = set(source_code._with_imports(["dfdc_utils.training.fit"]))
    assert not {name for name in names if name.startswith(("dfdc_utils.data.layouts", "dfdc_utils.plots"))}
    assert "dfdc_utils.training.augmentation" in names and "dfdc_utils.faces.crops" in names
