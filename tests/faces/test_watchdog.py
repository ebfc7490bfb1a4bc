import json
import os
import time
from pathlib import Path

import pytest
from dask.distributed import Client, LocalCluster

from dfdc_utils import parallel
from dfdc_utils.faces.watchdog import Watchdog

VIDEOS = ["a.mp4", "b.mp4", "c.mp4", "d.mp4"]


def work(task: tuple[Path, str, float]) -> list[str]:
    """A shard of four videos, of which `b.mp4` ends its process. Returns which were left out."""
    notes, how, time_limit = task
    watchdog, left_out = Watchdog(notes, time_limit), []
    for video in VIDEOS:
        if watchdog.gives_up(video):
            left_out.append(video)
            continue
        with watchdog.over(video):
            if video == "b.mp4" and how == "dies":
                os._exit(1)
            if video == "b.mp4" and how == "hangs":
                time.sleep(600)
    watchdog.close()
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
    assert not Watchdog(notes, 60).gives_up("a.mp4")
    notes.write_text(json.dumps({"in_hand": "a.mp4", "deaths": {"a.mp4": 1}}))
    watchdog = Watchdog(notes, 60)
    assert watchdog.gives_up("a.mp4") and not watchdog.gives_up("b.mp4")
    assert "crashes the decoder" in watchdog.reason


@pytest.mark.parametrize(("limit", "named"), [("2GB", "the limit of Dask's worker, 2.0 GB"), (0, "than there is, ")])
def test_a_limit_of_memory_is_named(tmp_path, limit, named):
    with LocalCluster(
        n_workers=1, processes=False, memory_limit=limit, dashboard_address=None
    ) as cluster, Client(cluster) as client:
        reason = client.submit(lambda path: Watchdog(path, 60).reason, tmp_path / "notes.json").result()
    assert named in reason
    assert "than there is, " in Watchdog(tmp_path / "notes.json", 60).reason


def test_an_exception_passes_through_and_stops_the_clock(tmp_path):
    with pytest.raises(ZeroDivisionError), Watchdog(tmp_path / "notes.json", 0.2).over("a.mp4"):
        raise ZeroDivisionError
    time.sleep(0.5)  # else this process would have ended here
