"""A face store of all of DFDC: how long it takes to open it, and to see that there is nothing to do or one part more.

Its tables are of full size, its pictures are not. Building it takes some minutes.

    make bench
"""

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.faces import files
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import FACES, no_account
from dfdc_utils.faces.store import FaceStore

VIDEOS, FACES_EACH, NEW = 119_000, 30, 2_380
FULL = profiles.get("full")
# Each in a process of its own, whose peak of memory is its own.
SCRIPT = """
import json, resource, sys, time
import pandas as pd
from dfdc_utils import parallel, profiles
from dfdc_utils.faces import extraction
from dfdc_utils.faces.store import FaceStore

class Stop(Exception):
    pass

def stop(function, tasks, **options):
    if tasks:
        raise Stop(f"{sum(len(task.videos) for task in tasks)} videos in {len(tasks)} shards")
    return []

folder, table, step = sys.argv[1:]
parallel.run = stop
table = pd.read_parquet(table)
imported = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.perf_counter()
if step == "account":
    what = f"{len(FaceStore(folder).account())} videos"
elif step == "faces":
    what = f"{len(FaceStore(folder).faces(['video', 'track', 'frame']))} faces"
elif step == "faces of a video":
    what = f"{len(FaceStore(folder).faces(videos=['100000.mp4']))} faces"
elif step == "identity":
    what = FaceStore(folder).identity(table["video"])
else:
    try:
        what = f"{len(extraction.extract(table, folder, profiles.get('full')))} videos, nothing to do"
    except Stop as reached:
        what = str(reached)
seconds = time.perf_counter() - began
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps([what, seconds, peak / 1e6]), flush=True)
"""


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """Folders of the store and of the videos (empty files, some of them new), and their table."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "videos").mkdir()
    names = [f"{number:06d}.mp4" for number in range(VIDEOS + NEW)]
    for name in names:
        os.close(os.open(folder / "videos" / name, os.O_CREAT))
    table = pd.DataFrame({"video": names, "path": [str(folder / "videos" / name) for name in names]})
    store = FaceStore(folder / "store")
    store.begin(cutting(FULL))
    rows = pd.DataFrame({
        "video": None, "track": 0, "frame": 10 * np.arange(FACES_EACH), "seconds": np.arange(FACES_EACH) / 3, "x0": 1.0,
        "y0": 2.0, "x1": 3.0, "y1": 4.0, "confidence": 0.99, "landmarks": [np.arange(10.0)] * FACES_EACH,
        "jpeg": b"stands for a picture",
    })[FACES.names]
    for start in range(0, VIDEOS, FULL.videos_per_shard):
        of_shard = table.iloc[start:min(start + FULL.videos_per_shard, VIDEOS)]
        account = pd.DataFrame([
            no_account(row.video) | files.identity(row.path) | {"faces": FACES_EACH} for row in of_shard.itertuples()
        ])
        faces = pd.concat([rows.assign(video=video) for video in of_shard["video"]], ignore_index=True)
        store.write(start // FULL.videos_per_shard, faces, account)
    # As an extraction does in the end.
    store.put_together({})
    return store.folder, table


def measured(folder, table, step) -> tuple[str, float, float]:
    """What came of it, seconds, and the peak of memory in GB."""
    table.to_parquet(folder.parent / "table.parquet")
    command = [sys.executable, "-c", SCRIPT, str(folder), str(folder.parent / "table.parquet"), step]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    what, seconds, peak = json.loads(done.stdout.splitlines()[-1])
    print(f"\n{step:28} {seconds:6.1f} s  {peak:5.2f} GB  {what}", end="")
    return what, seconds, peak


def test_opening_and_planning(full):
    folder, table = full
    there = table.iloc[:VIDEOS]
    steps = {
        "account": there, "faces of a video": there, "identity": there,
        "extract, nothing to do": there, "extract, one part more": table,
    }
    for step, videos in steps.items():
        what, seconds, peak = measured(folder, videos, step)
        assert seconds < 10 and peak < 1, step
    assert what == f"{NEW} videos in {-(-NEW // FULL.videos_per_shard)} shards"
    measured(folder, table, "faces")
    for path in there["path"]:
        os.utime(path, ns=(0, 0))
    measured(folder, there, "extract, from a copy")
    assert measured(folder, there, "extract, from it again")[1] < 10
