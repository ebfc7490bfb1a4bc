"""A study of three clips and a model, as far as an archive is concerned."""

import pandas as pd

from dfdc_utils import made_from
from dfdc_utils.data.study_table import save_study_table
from dfdc_utils.workspace import Workspace


def small_class(home, monkeypatch) -> Workspace:
    monkeypatch.setenv("DFDC_HOME", str(home))
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    monkeypatch.delenv("DFDC_DATA", raising=False)
    workspace = Workspace.open("tiny")
    part = workspace.synthetic / "dfdc_train_part_0"
    part.mkdir(parents=True)
    names = ["real.mp4", "fake1.mp4", "fake2.mp4"]
    for name in names:
        (part / name).write_bytes(name.encode() * 100)
    table = pd.DataFrame({
        "video": names, "path": [str(part / name) for name in names], "part": part.name,
        "label": ["REAL", "FAKE", "FAKE"], "original": [None, "real.mp4", "real.mp4"], "split": "train",
    })
    save_study_table(workspace, table)
    for name in ("models/meso4.keras", "videos.parquet", "faces/wide/store.json", "study.json", "notebooks/00.ipynb"):
        path = workspace.base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    made_from.record(workspace, workspace.model("meso4"), made_from.MadeFrom(code="1"))
    workspace.claim(workspace.synthetic)
    return workspace
