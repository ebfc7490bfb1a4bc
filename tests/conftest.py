"""What every room's tests share."""

import os

# Before TensorFlow is imported anywhere: its start-up notes would drown a failing test's message.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("MPLBACKEND", "Agg")

import pytest
from made_up_study import make_study

from dfdc_utils.workspace import Workspace

_LONGEST = "test_study_tiny.py"


def pytest_collection_modifyitems(items):
    """The longest begins, so that nobody waits for it at the end."""
    items.sort(key=lambda item: item.path.name != _LONGEST)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Side by side (`make test`) a folder stays with one process, which makes its fixtures once."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFolder(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            file = nodeid.partition("::")[0]
            folder = file.rpartition("/")[0]
            return file if folder == "tests" else folder

    return ByFolder(config, log)


@pytest.fixture(scope="session")
def tiny_dfdc(tmp_path_factory):
    """Root of a synthetic DFDC in the profile `tiny`: real mp4 files, drawn once per session."""
    from dfdc_utils import profiles
    from dfdc_utils.data import mini

    root = tmp_path_factory.mktemp("dfdc") / "tiny"
    mini.draw(root, profiles.get("tiny"))
    return root


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """An empty workspace of the profile `tiny`, away from the checkout's own data and runs."""
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    monkeypatch.delenv("DFDC_DATA", raising=False)
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    return Workspace.open("tiny")


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The workspace of a study without videos, with its table and its face store."""
    return make_study(tmp_path, monkeypatch)
