import json
import os
import time
from pathlib import Path

import pytest

from dfdc_utils import parallel
from dfdc_utils.faces.guard import Guard

VIDEOS = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]


def work(task: tuple[Path, str, float]) -> list[str]:
    """A shard of four videos, of which `b.mp4` ends its process. Returns which were left out."""
    notes, how, time_limit = task
    guard, left_out = Guard(notes, time_limit), []
    for video in VIDEOS:
        if guard.gives_up(video):
            left_out.append(video)
            continue
        with guard.over(video):
            if video == "b.mp4" and how == "dies":
                os._exit(1)
            if video == "b.mp4" and how == "hangs":
                time.sleep(600)
    guard.close()
    return left_out


@pytest.mark.parametrize("how", ["dies", "hangs"])
def test_a_video_that_ends_its_process_costs_no_other(tmp_path, how):
    tasks = [(tmp_path / "notes.json", how, 1.0), (tmp_path / "other.json", "well", 60.0)]
    results = parallel.run(work, tasks, description="Working", unit="shard", workers=2)
    assert sorted(results) == [[], ["b.mp4"]]
    assert not list(tmp_path.iterdir())


def test_one_death_is_forgiven(tmp_path):
    notes = tmp_path / "notes.json"
    notes.write_text(json.dumps({"in_hand": "a.mp4", "deaths": {}}))
    assert not Guard(notes, 60).gives_up("a.mp4")
    notes.write_text(json.dumps({"in_hand": "a.mp4", "deaths": {"a.mp4": 1}}))
    guard = Guard(notes, 60)
    assert guard.gives_up("a.mp4") and not guard.gives_up("b.mp4")
    assert "crashes the decoder" in guard.reason


def test_an_exception_passes_through_and_stops_the_clock(tmp_path):
    with pytest.raises(ZeroDivisionError), Guard(tmp_path / "notes.json", 0.2).over("a.mp4"):
        1 / 0
    time.sleep(0.5)  # else this process would have ended here
