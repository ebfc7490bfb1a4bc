import pytest
from made_up_study import make_study


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The workspace of a study without videos, with its table and its face store."""
    return make_study(tmp_path, monkeypatch)
