"""Whether extraction stays the same over many videos and spreads over workers, and how fast faces are read back.

    make bench
"""

import gc
import itertools
import time

import numpy as np
import pandas as pd
import psutil
import pytest
from dask.distributed import LocalCluster

from dfdc_utils import models, parallel, profiles
from dfdc_utils.data import metadata, mini
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.detector import FaceDetector
from dfdc_utils.faces.extraction import extract
from dfdc_utils.faces.one_video import extract_video
from dfdc_utils.faces.schemas import ACCOUNT, FACES
from dfdc_utils.faces.store import FaceStore

PROFILE = profiles.get("full", frames_per_video=32, min_frames=20)


@pytest.fixture(scope="module")
def clips(tmp_path_factory) -> pd.DataFrame:
    """Twenty-five clips of the synthetic set, as `mini` has them."""
    root = tmp_path_factory.mktemp("bench") / "dfdc"
    numbers = dict(parts=5, clips_per_part=5, originals_per_part=2, unlabelled_clips=0)
    mini.draw(root, profiles.get("mini", **numbers))
    return metadata.read(root).table


def test_time_and_memory_over_five_hundred_clips(clips):
    detector, process = FaceDetector(width=PROFILE.detection_width), psutil.Process()
    paths = itertools.cycle(clips["path"])
    elapsed, memory = [], []
    for number in range(500):
        _, account = extract_video(next(paths), f"{number}.mp4", detector, PROFILE, threads=1)
        elapsed.append(account["elapsed"])
        if number % 25 == 24:
            gc.collect()
            memory.append(process.memory_info().rss / 1e6)
    # The same twenty-five clips, early and late; the very first ones also load and trace the networks.
    early, late = np.mean(elapsed[25:50]), np.mean(elapsed[475:])
    print(f"\n{'clips':>8} {'seconds a clip':>15} {'resident MB':>12}")
    for step in (1, 3, 9, 19):
        seconds = np.mean(elapsed[25 * step:25 * step + 25])
        print(f"{25 * step + 25:8} {seconds:15.3f} {memory[step]:12.0f}")
    print(f"late over early: {late / early:.2f}; memory grew by {memory[-1] - memory[1]:.0f} MB after 50 clips")
    assert memory[-1] - memory[1] < 150


def test_two_workers_against_one(clips, tmp_path):
    table = pd.concat([clips.assign(video=f"{copy}_" + clips["video"]) for copy in range(4)], ignore_index=True)
    profile, took = PROFILE.replace(videos_per_shard=5), {}
    for number, workers in enumerate((1, 2, 1, 2)):
        with LocalCluster(
            n_workers=workers, threads_per_worker=1, env=parallel.ONE_THREAD, dashboard_address=None
        ) as cluster:
            address = cluster.scheduler_address
            # Every worker loads and traces the networks first, which it does once in its life.
            warm = table.iloc[:5 * workers]
            extract(warm, tmp_path / f"warm{number}", profile, scheduler=address)
            began = time.perf_counter()
            extract(table, tmp_path / f"{number}", profile, scheduler=address)
            took.setdefault(workers, []).append(time.perf_counter() - began)
    best = {workers: min(times) for workers, times in took.items()}
    one, two = best[1], best[2]
    print(f"\n{len(table)} clips: one worker {one:.1f} s, two {two:.1f} s, {one / two:.2f} times as fast")


@pytest.fixture(scope="module")
def large_store(tmp_path_factory) -> FaceStore:
    """100,000 faces of 224 pixels: 3,200 videos in fifty shards."""
    generator = np.random.default_rng(0)
    noise = generator.integers(0, 256, (8, 28, 28, 3), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    jpegs = [crops.encode(picture) for picture in noise]
    store = FaceStore(tmp_path_factory.mktemp("store"))
    store.begin(cutting(PROFILE))
    for shard in range(50):
        videos = [f"{64 * shard + k}.mp4" for k in range(64)]
        rows = [
            dict(
                video=video, track=0, frame=10 * k, seconds=k / 3, x0=1.0, y0=2.0, x1=3.0, y1=4.0, confidence=0.99,
                landmarks=np.arange(10.0), jpeg=jpegs[k % 8],
            )
            for video in videos for k in range(32)
        ]
        account = pd.DataFrame({"video": videos, "outcome": "ok"}).reindex(columns=ACCOUNT.names)
        for field in ("frames", "width", "height", "rotation", "size_bytes", "frames_read", "faces", "tracks"):
            account[field] = 32
        store.write(shard, pd.DataFrame(rows, columns=FACES.names), account)
    return store


def test_reading_back(large_store):
    def seconds(function, times=5):
        taken = []
        for _ in range(times):
            began = time.perf_counter()
            function()
            taken.append(time.perf_counter() - began)
        return np.median(taken)

    faces = large_store.faces()
    table = seconds(lambda: FaceStore(large_store.folder).faces())
    generator = np.random.default_rng(1)
    reader = FaceStore(large_store.folder)
    reader.crops_of("0.mp4")
    one_video = seconds(lambda: reader.crops_of(f"{generator.integers(3200)}.mp4"), 20)
    scattered = seconds(lambda: reader.crops(faces.sample(32, random_state=generator)), 20)
    neighbours = faces.iloc[:32 * 8]
    decoding = seconds(lambda: reader.crops(neighbours.sample(32, random_state=generator)), 20)
    print(f"\ntable of {len(faces):,} faces: {table:.2f} s; one video's 32 crops: {1000 * one_video:.0f} ms")
    print(f"batch of 32 crops: {1000 * decoding:.0f} ms from memory, {1000 * scattered:.0f} ms from all over the store")
    batch = reader.crops(faces.iloc[:32])
    labels = np.arange(32.0)[:, None] % 2
    for name in models.FRAME_MODELS:
        model = models.build(name, PROFILE.replace(weights="random"))
        model.compile("adam", "binary_crossentropy")
        model.train_on_batch(batch, labels)
        model.predict_on_batch(batch)
        training = seconds(lambda model=model: model.train_on_batch(batch, labels), 3)
        predicting = seconds(lambda model=model: model.predict_on_batch(batch), 3)
        print(
            f"{name:16} trains on it in {1000 * training:5.0f} ms ({training / decoding:5.1f} times as long),"
            f" predicts in {1000 * predicting:5.0f} ms ({predicting / decoding:5.1f})"
        )
