"""Judging a hundred videos against extracting their faces, with as many workers and the same detector.

    make bench
"""

import shutil
import time

import pandas as pd
from test_extraction_speed import encoded_again

from dfdc_utils import models, profiles
from dfdc_utils.data import mini
from dfdc_utils.faces import extraction
from dfdc_utils.models import record
from dfdc_utils.parallel import cores
from dfdc_utils.predict import asked, files, run
from dfdc_utils.workspace import Workspace, write_json

VIDEOS = 100
MODEL = "custom_cnn"


def test_a_hundred_videos_take_at_most_a_fifth_longer_than_extraction(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    sizes = dict(clip_width=1280, clip_height=720, clip_frames=300)
    few = dict(parts=1, clips_per_part=5, originals_per_part=2, unlabelled_clips=0)
    mini.draw(tmp_path / "drawn", profiles.get("tiny", **sizes, **few))
    folder = tmp_path / "clips"
    folder.mkdir()
    for number, clip in enumerate(sorted((tmp_path / "drawn").rglob("*.mp4"))):
        encoded_again(clip, folder / f"{number:03d}.mp4", 1280 * 720)
    drawn = sorted(folder.glob("*.mp4"))
    for number in range(len(drawn), VIDEOS):
        shutil.copy(drawn[number % len(drawn)], folder / f"{number:03d}.mp4")

    workspace = Workspace.open("mini", weights="random", min_frames=20)
    workspace.model(MODEL).parent.mkdir(parents=True)
    models.build(MODEL, workspace.profile).save(workspace.model(MODEL))
    write_json(workspace.training(MODEL), {"faces": record.faces_of(workspace.profile)})
    named, _ = files.find([folder])
    table = pd.DataFrame({"video": [file.path.name for file in named], "path": [str(file.path) for file in named]})

    begin = time.perf_counter()
    account = extraction.extract(table, tmp_path / "store", workspace.profile, workers=cores())
    extracting = time.perf_counter() - begin
    begin = time.perf_counter()
    rows = run.judge_all(named, asked.find([MODEL], workspace), workers=cores())
    judging = time.perf_counter() - begin
    ratio = judging / extracting
    print(f"\n{len(rows)} videos: extraction {extracting:.1f} s, predict {judging:.1f} s, {ratio:.2f} times as long")
    assert [row["status"] for row in rows] == ["ok"] * VIDEOS and (account["outcome"] == "ok").all()
    assert ratio < 1.2
