import numpy as np
import pytest

from dfdc_utils.explain import sanity
from dfdc_utils.explain.once import once
from dfdc_utils.workspace import Workspace

MODULES = ("dfdc_utils.explain.kernels",)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    workspace = Workspace.open("tiny")
    workspace.model("meso4").parent.mkdir(parents=True)
    workspace.model("meso4").write_bytes(b"weights")
    return workspace


def test_it_is_computed_again_when_model_faces_or_settings_change(workspace):
    asked = []

    def ask(faces, **settings):
        def compute():
            asked.append(1)
            return {"answer": faces.sum(keepdims=True), "number": np.array(len(asked))}

        return int(once("sum", "meso4", workspace, faces, compute, modules=MODULES, **settings)["number"])

    faces = np.ones((2, 3), np.uint8)
    assert [ask(faces, seed=1), ask(faces.copy(), seed=1)] == [1, 1]
    assert ask(faces, seed=2) == 2
    assert ask(faces * 2, seed=2) == 3
    assert ask((faces * 2).reshape(3, 2), seed=2) == 4
    workspace.model("meso4").write_bytes(b"other weights")
    assert [ask((faces * 2).reshape(3, 2), seed=2) for _ in range(2)] == [5, 5]
    workspace.explained("sum_meso4").write_bytes(b"half of it")
    assert ask((faces * 2).reshape(3, 2), seed=2) == 6


def test_what_is_read_is_what_was_computed(workspace, frame_model, faces):
    def explain(pictures):
        return pictures.mean(axis=3)

    first, second = (
        sanity.cascade_once("meso4", workspace, frame_model, explain, faces, seed=0) for _ in range(2)
    )
    assert first.equals(sanity.cascade(frame_model, explain, faces, seed=0)) and second.equals(first)
    assert (first.name, first.index.name) == (second.name, second.index.name)
