"""Extraction by a process that is killed, that runs out of space, or that may not write."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from stand_in import spot_video

from dfdc_utils.faces.schemas import FACES
from dfdc_utils.faces.store import FaceStore

CLIPS = 12
# The stand-in detector spares the networks' start-up, Dask's workers are threads: what is tried here is whether
# the store is whole, twenty times.
SCRIPT = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from dask.distributed import LocalCluster
import pandas as pd
from stand_in import BrightSpots
from dfdc_utils import profiles
from dfdc_utils.faces import extraction

class Slow(BrightSpots):
    def detect(self, images, **options):
        time.sleep(0.05)
        return super().detect(images, **options)

if __name__ == "__main__":
    folder, store = sys.argv[1:]
    extraction.worker_detector = lambda width: Slow()
    names = [f"{{n:02}}.mp4" for n in range({CLIPS})]
    table = pd.DataFrame({{"video": names, "path": [f"{{folder}}/{{name}}" for name in names], "part": "part"}})
    profile = profiles.get("tiny", min_frames=5, frames_per_video=4, face_side=32, videos_per_shard=1)
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        print("ready", flush=True)
        extraction.extract(table, store, profile, scheduler=cluster.scheduler_address)
        print("done", flush=True)
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for number in range(CLIPS):
        spot_video(folder / f"{number:02}.mp4", [(30 + number, 40)] if number % 4 else [])
    return folder


def start(clips, store, **options) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(clips), str(store)], stdout=subprocess.PIPE, text=True, **options
    )


def contents(store) -> tuple[pd.DataFrame, pd.DataFrame]:
    store = FaceStore(store)
    faces = store.faces([*FACES.names]).drop(columns=["shard", "group", "row"])
    return faces, store.account().drop(columns=["detection", "elapsed"])


@pytest.mark.slow
def test_killed_at_twenty_moments_and_resumed_the_store_is_that_of_an_undisturbed_run(clips, tmp_path):
    with start(clips, tmp_path / "whole") as process:
        assert process.stdout.readline() == "ready\n"
        began = time.monotonic()
        process.wait(60)
        lasts = time.monotonic() - began
    moments = random.Random(2022)
    kills, progress = 0, set()
    while kills < 20:
        with start(clips, tmp_path / "killed") as process:
            assert process.stdout.readline() == "ready\n"
            # Never far enough to finish all at once, so that there is something left to be killed in.
            time.sleep(moments.uniform(0, 0.6 * lasts))
            process.send_signal(signal.SIGKILL)
        kills += 1
        finished = FaceStore(tmp_path / "killed").finished() if (tmp_path / "killed").exists() else set()
        assert progress <= finished
        progress = finished
        if len(progress) == CLIPS:
            # On with a store that has lost some of its shards.
            for shard in moments.sample(sorted(progress), 9):
                (tmp_path / "killed" / f"faces-{shard:05d}.parquet").unlink()
            progress = FaceStore(tmp_path / "killed").finished()
    with start(clips, tmp_path / "killed") as process:
        process.wait(60)
    for killed, whole in zip(contents(tmp_path / "killed"), contents(tmp_path / "whole"), strict=True):
        pd.testing.assert_frame_equal(killed, whole)
    assert len(FaceStore(tmp_path / "killed").finished()) == CLIPS
    assert not list((tmp_path / "killed").glob(".*"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="limits of a process are POSIX's")
def test_where_there_is_no_room_there_is_one_clear_error_and_no_half_shard(clips, tmp_path):
    import resource

    def no_file_above(size: int):
        # As a full disk does, this refuses the bytes in the middle of a file.
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    store = tmp_path / "store"
    process = start(clips, store, stderr=subprocess.PIPE, preexec_fn=no_file_above(3000))
    _, errors = process.communicate(timeout=60)
    assert process.returncode != 0
    assert f"of the face store in {store} cannot be written" in errors
    assert os.strerror(errno.EFBIG) in errors and "run the extraction again" in errors
    # Only the shards without a face fit.
    assert set(FaceStore(store).known()["outcome"]) <= {"no_face"}
    with start(clips, store) as process:
        process.wait(60)
    assert len(FaceStore(store).account()) == CLIPS


def test_a_store_where_nothing_may_be_written_is_one_clear_error(clips, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    # Root may write into any folder but those of the kernel.
    place = Path("/proc/faces") if os.geteuid() == 0 else closed / "faces"
    command = ["extract", "--profile", "tiny", "--data", str(clips), "--out", str(place)]
    done = subprocess.run(
        [sys.executable, "-m", "dfdc_utils", *command], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.startswith("dfdc_utils: ") and str(place) in done.stderr and "Traceback" not in done.stderr
