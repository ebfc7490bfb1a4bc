"""Training against its own supply, and against the report's way of feeding a recurrent network.

    make bench

Both sides of each ratio are timed in one run, on drawn clips: of the profile `mini` for the first, of DFDC's shape
and at the report's sizes for the second.
"""

import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.data import metadata, mini
from dfdc_utils.faces import crops, extraction
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.models import features
from dfdc_utils.training.batches import Crops, FaceBatches, faces_of
from dfdc_utils.training.recipe import Recipe

FEW = {"parts": 1, "clips_per_part": 6, "originals_per_part": 2, "unlabelled_clips": 0}
MINI = profiles.get("mini", **FEW, weights="random", draw="natural")
FULL = profiles.get("full", **FEW, weights="random", clip_width=1920, clip_height=1080, clip_frames=300)
CROPS = profiles.get("crops", videos_per_shard=64)
SHARDS = 94
STEPS = 6
COPIES = 40


def made(folder: Path, profile: profiles.Profile) -> tuple[FaceStore, pd.DataFrame, pd.DataFrame]:
    """Store, table, and the faces of all its videos."""
    mini.draw(folder / "data", profile)
    table = metadata.read(folder / "data").table.assign(split="train")
    extraction.extract(table, folder / "faces", profile)
    store = FaceStore(folder / "faces")
    return store, table, faces_of(store, table, "train")


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[FaceStore, pd.DataFrame, pd.DataFrame]:
    return made(tmp_path_factory.mktemp("training_speed"), MINI)


def per_second(step, count: int) -> float:
    """Of what a step deals with `count` of, after a first step."""
    step()
    begin = time.perf_counter()
    for _ in range(STEPS):
        step()
    return STEPS * count / (time.perf_counter() - begin)


def demand_of(name: str, profile: profiles.Profile, recipe: Recipe, batches: FaceBatches) -> float:
    """Faces a second on which the model trains, once it has them."""
    model = models.build(name, profile)
    recipe.compile(model, 1)
    inputs, labels, weights = batches[0]
    return per_second(lambda: model.train_on_batch(inputs, labels, sample_weight=weights), len(inputs))


@pytest.mark.parametrize("name", models.FRAME_MODELS)
def test_faces_are_read_and_augmented_faster_than_a_model_trains_on_them(small, name):
    store, _, faces = small
    recipe = Recipe.for_model(name, MINI)
    batches = FaceBatches(
        faces, Crops(store, faces, augmentation=1.0), draw=recipe.draw, per_video=recipe.per_video, sequences=False,
        batch_size=recipe.batch_size, seed=1,
    )
    numbers = iter(np.tile(np.arange(len(batches) - 1), 100))
    supply = per_second(lambda: batches[next(numbers)], recipe.batch_size)
    demand = demand_of(name, MINI, recipe, batches)
    print(f"\n{name:15} supply {supply:6.0f}, demand {demand:6.0f} faces a second: {supply / demand:.1f}")
    assert supply > demand


def test_the_same_where_the_faces_do_not_fit_in_memory(small, tmp_path, monkeypatch):
    """Kaggle's crops are in about a hundred shards, and an epoch takes them in another order each time."""
    store, _, faces = small
    pixels, videos = store.crops(faces[:SHARDS]), SHARDS * CROPS.videos_per_shard
    for number, face in enumerate(pixels):
        (tmp_path / f"{number}.jpg").write_bytes(crops.encode(face))
    real = [f"{number - number % 2}.mp4" for number in range(videos)]
    table = pd.DataFrame({
        "video": [f"{number}.mp4" for number in range(videos)],
        "path": [str(tmp_path / f"{number % len(pixels)}.jpg") for number in range(videos)],
        "part": "", "split": "train", "label": ["REAL", "FAKE"] * (videos // 2), "original": real,
    })
    extraction.extract(table, tmp_path / "faces", CROPS)
    monkeypatch.setattr("dfdc_utils.training.batches._IN_MEMORY", 0)
    store = FaceStore(tmp_path / "faces")
    faces, recipe = faces_of(store, table, "train"), Recipe.for_model("custom_cnn", CROPS)
    batches = FaceBatches(
        faces, Crops(store, faces, augmentation=recipe.augmentation), draw=recipe.draw, per_video=recipe.per_video,
        sequences=False, batch_size=recipe.batch_size, seed=1,
    )
    begin = time.perf_counter()
    for number in range(len(batches)):
        batches[number]
    supply = batches.faces_per_epoch / (time.perf_counter() - begin)
    demand = demand_of("custom_cnn", CROPS, recipe, batches)
    print(f"\n{SHARDS} shards: supply {supply:.0f}, demand {demand:.0f} faces a second: {supply / demand:.1f}")
    assert supply > demand


def test_an_epoch_on_cached_features_against_one_that_decodes_and_looks_again(tmp_path):
    store, table, faces = made(tmp_path, FULL)
    model = models.build("resnet50_lstm", FULL)
    backbone, head = model.get_layer("backbone"), model.get_layer("head")
    recipe = Recipe.for_model("resnet50_lstm", FULL)
    frames = recipe.per_video
    sets = [Crops(store, faces)]
    cached = features.compute(backbone, sets, "", tmp_path / "features", "bench", seed=1, verbose=False)
    # Some hundreds of videos, as a study has them: of sixteen, beginning an epoch would take longer than the epoch.
    many = pd.concat([faces.assign(video=f"{number} " + faces["video"]) for number in range(COPIES)])
    batches = FaceBatches(
        many, features.Features(np.tile(cached.values, (1, COPIES, 1))), draw="natural", per_video=frames,
        sequences=True, batch_size=recipe.batch_size, seed=1,
    )
    recipe.compile(head, len(batches))
    head.fit(batches, verbose=0)
    begin = time.perf_counter()
    head.fit(batches, verbose=0)
    ours = (time.perf_counter() - begin) / (COPIES * len(table))

    boxes = store.faces().query("track == 0").groupby("video")
    paths = table.set_index("video")["path"]

    def look_again(video: str, rows: pd.DataFrame) -> np.ndarray:
        """The report's generator, given the boxes: OpenCV's reader, one video after the other, and ResNet50."""
        wanted = rows.iloc[np.linspace(0, len(rows) - 1, frames).astype(int)].set_index("frame")
        capture, seen, index = cv2.VideoCapture(str(paths[video])), {}, 0
        while True:
            there, image = capture.read()
            if not there:
                break
            if index in wanted.index:
                box = wanted.loc[[index], ["x0", "y0", "x1", "y1"]].iloc[0]
                square = crops.square(box, FULL.face_margin, FULL.face_shift)
                seen[index] = crops.cut(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), square, FULL.face_side)
            index += 1
        return backbone.predict_on_batch(np.stack([seen[index] for index in wanted.index]))

    labels = (table.set_index("video")["label"] == "FAKE").astype(np.float32)
    look_again(*next(iter(boxes)))
    begin = time.perf_counter()
    sequences = [(look_again(video, rows), labels[video]) for video, rows in boxes]
    for start in range(0, len(sequences), FULL.sequence_batch_size):
        some = sequences[start:start + FULL.sequence_batch_size]
        head.train_on_batch(np.stack([inputs for inputs, _ in some]), np.array([[label] for _, label in some]))
    theirs = (time.perf_counter() - begin) / len(sequences)
    print(
        f"\n{1000 * theirs:.0f} ms a video decoding and looking again, {1000 * ours:.0f} ms on cached features: "
        f"{theirs / ours:.0f}"
    )
    assert theirs > ours
