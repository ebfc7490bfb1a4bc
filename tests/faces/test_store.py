import concurrent.futures
import pickle
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

from dfdc_utils.faces import crops
from dfdc_utils.faces.store import ACCOUNT, FACES, FaceStore, StoreBusy, StoreMismatch

SIDE = 32


def picture(video: int, row: int) -> np.ndarray:
    """A flat colour that says which face it is; JPEG keeps flat colours to a level or two."""
    return np.full((SIDE, SIDE, 3), (8 * video, 10 * row, 128), np.uint8)


def shard_of(videos: list[int], faces_each: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A shard whose last video has no face."""
    rows = [
        dict(
            video=f"{v}.mp4", track=r % 2, frame=r * 10, seconds=r / 3,
            x0=1.0, y0=2.0, x1=30.5, y1=40.0, confidence=0.99,
            landmarks=np.arange(10.0) + r, jpeg=crops.encode(picture(v, r)),
        )
        for v in videos[:-1] for r in range(faces_each)
    ]
    found = [faces_each] * (len(videos) - 1) + [0]
    account = [
        dict(
            video=f"{v}.mp4", outcome="ok" if faces else "no_face", reason=None, frames=300, rate=29.97,
            seconds=10.0, width=1920, height=1080, rotation=0, codec="h264", audio_codec=None,
            size_bytes=1000 + v, frames_read=faces_each, faces=faces, tracks=2, second_look=None, boxes_of=None,
            detection=0.1, elapsed=0.5,
        )
        for v, faces in zip(videos, found)
    ]
    return pd.DataFrame(rows, columns=FACES.names), pd.DataFrame(account, columns=ACCOUNT.names)


@pytest.fixture
def store(tmp_path):
    store = FaceStore(tmp_path / "faces")
    store.begin({"face_side": SIDE}, "all of them", shards=2)
    store.write(1, *shard_of([4, 5, 6]))
    store.write(0, *shard_of([0, 1, 2, 3]))
    return store


def test_what_is_written_is_read_back(store):
    faces, account = store.faces(), store.account()
    assert account["video"].tolist() == [f"{v}.mp4" for v in range(7)]
    assert account["audio_codec"].isna().all()
    assert len(faces) == 5 * 6
    assert "jpeg" not in faces
    assert faces.loc[7, "landmarks"] == pytest.approx(np.arange(10) + 1)
    assert faces[["x0", "y0", "x1", "y1"]].iloc[0].tolist() == [1.0, 2.0, 30.5, 40.0]
    assert store.faces(["video"]).columns.tolist() == ["video", "shard", "group", "row"]


def test_a_video_without_a_face_stays_in_the_account(store):
    assert "3.mp4" not in set(store.faces()["video"])
    account = store.account().set_index("video")
    assert account.loc["3.mp4", "outcome"] == "no_face"
    assert store.crops_of("3.mp4").shape == (0, SIDE, SIDE, 3)


def test_crops_come_in_the_order_asked_for(store):
    rows = store.faces().sample(20, random_state=1)
    names = [int(video.removesuffix(".mp4")) for video in rows["video"]]
    expected = np.stack([picture(name, frame // 10) for name, frame in zip(names, rows["frame"])])
    assert np.abs(store.crops(rows).astype(int) - expected).max() <= 3


def test_crops_of_one_person(store):
    pictures = store.crops_of("4.mp4", track=1)
    assert pictures.shape == (3, SIDE, SIDE, 3)
    assert pictures[:, 0, 0, 1] == pytest.approx([10, 30, 50], abs=3)
    with pytest.raises(KeyError, match="9.mp4"):
        store.crops_of("9.mp4")


def test_landmarks_are_in_pixels_of_the_pictures(tmp_path):
    store = FaceStore(tmp_path / "faces")
    store.begin({"face_side": 64, "face_margin": 0.25}, "", shards=1)
    faces, account = shard_of([0, 1])
    # A box of 40 by 32 around (60, 50): the square is 50 wide, from (35, 25).
    faces[["x0", "y0", "x1", "y1"]] = [40.0, 34.0, 80.0, 66.0]
    faces.at[2, "landmarks"] = np.float32([35, 25, 60, 50, 85, 75, 35, 75, 47.5, 25])
    faces.at[3, "landmarks"] = np.full(10, np.nan)
    store.write(0, faces, account)
    found = store.landmarks(store.faces().iloc[[3, 2]])
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [[0, 0], [32, 32], [64, 64], [0, 64], [16, 0]], atol=1e-4)


def test_threads_and_processes_share_a_store(store):
    rows = store.faces()
    expected = store.crops(rows)
    fresh = pickle.loads(pickle.dumps(store))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for pictures in pool.map(lambda _: fresh.crops(rows), range(24)):
            assert (pictures == expected).all()


def test_an_unfinished_store_is_not_read(tmp_path):
    store = FaceStore(tmp_path / "faces")
    with pytest.raises(FileNotFoundError, match="empty.*dfdc_utils extract"):
        store.faces()
    store.begin({}, "videos", shards=2)
    store.write(0, *shard_of([0, 1]))
    with pytest.raises(FileNotFoundError, match="lacks 1 of 2 shards"):
        store.account()


def test_other_settings_or_videos_are_refused_by_name(store):
    store.begin({"face_side": SIDE}, "all of them", shards=2)
    with pytest.raises(StoreMismatch, match=r"face_side=32 \(now 64\), margin=None \(now 0.3\).*force=True"):
        store.begin({"face_side": 64, "margin": 0.3}, "all of them", shards=2)
    with pytest.raises(StoreMismatch, match="other videos"):
        store.begin({"face_side": SIDE}, "one more", shards=2)
    assert store.finished() == {0, 1}
    store.begin({"face_side": 64}, "all of them", shards=2, force=True)
    assert store.finished() == set()


def test_a_shard_that_fails_leaves_nothing(store, tmp_path):
    faces, account = shard_of([7, 8])
    with pytest.raises(KeyError):
        store.write(2, faces.drop(columns="jpeg"), account)
    assert store.finished() == {0, 1}
    assert not list(store.folder.glob(".*"))


def test_one_writer_at_a_time(tmp_path):
    hold = "import sys, time; from dfdc_utils.faces.store import FaceStore\n" \
        "with FaceStore(sys.argv[1]).held(): print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        with pytest.raises(StoreBusy, match=f"Process {other.pid} on "):
            with FaceStore(tmp_path).held():
                pass
    finally:
        other.kill()
        other.wait()
    # It was killed, so its lock is still there, and means nothing.
    assert (tmp_path / "store.lock").exists()
    with FaceStore(tmp_path).held():
        pass
    assert not (tmp_path / "store.lock").exists()


def test_what_a_killed_run_left_half_written_is_removed(store):
    (store.folder / ".faces-00002.0123abcd.parquet").write_bytes(b"half")
    store.begin({"face_side": SIDE}, "all of them", shards=2)
    assert not list(store.folder.glob(".*"))


def test_a_shard_of_broken_files_only_is_a_shard(tmp_path):
    store = FaceStore(tmp_path)
    store.write(0, *shard_of([0]))
    assert len(store.faces()) == 0
    assert len(store.account()) == 1
    assert store.faces()["landmarks"].tolist() == []


def test_a_hundred_thousand_rows_in_under_a_second(tmp_path):
    store = FaceStore(tmp_path)
    faces, account = shard_of(list(range(65)), faces_each=30)
    for shard in range(52):
        store.write(shard, faces, account)
    begin = time.perf_counter()
    assert len(store.faces()) == 52 * 64 * 30
    assert time.perf_counter() - begin < 1.0
    rows = store.faces(["video"]).sample(32 * 20, random_state=1)
    begin = time.perf_counter()
    for batch in range(20):
        store.crops(rows[batch * 32:(batch + 1) * 32])
    # The bound is loose, for slow machines; the slowest model takes ten times as long for a batch.
    assert (time.perf_counter() - begin) / 20 < 0.25
