import concurrent.futures
import pickle
import stat

import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import ACCOUNT, FACES, no_account
from dfdc_utils.faces.store import FaceStore

SIDE = 32
CUTTING = cutting(profiles.get("tiny", face_side=SIDE))


def picture(video: int, row: int) -> np.ndarray:
    """A flat colour that says which face it is; JPEG keeps flat colours to a level or two."""
    return np.full((SIDE, SIDE, 3), (8 * video, 10 * row, 128), np.uint8)


def shard_of(videos: list[int], faces_each: int = 6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A shard whose last video has no face."""
    rows = [
        {
            "video": f"{v}.mp4", "track": r % 2, "frame": r * 10, "seconds": r / 3,
            "x0": 1.0, "y0": 2.0, "x1": 30.5, "y1": 40.0, "confidence": 0.99,
            "landmarks": np.arange(10.0) + r, "jpeg": crops.encode(picture(v, r)),
        }
        for v in videos[:-1] for r in range(faces_each)
    ]
    found = [faces_each] * (len(videos) - 1) + [0]
    account = [
        no_account(f"{v}.mp4") | {
            "outcome": "ok" if faces else "no_face", "size_bytes": 1000 + v, "mtime_ns": 1_700_000_000_123_456_789 + v,
            "digest": f"{v:016x}", "frames_read": faces_each, "faces": faces,
        }
        for v, faces in zip(videos, found, strict=True)
    ]
    return pd.DataFrame(rows, columns=FACES.names), pd.DataFrame(account, columns=ACCOUNT.names)


@pytest.fixture
def store(tmp_path):
    store = FaceStore(tmp_path / "faces")
    store.begin(CUTTING)
    store.write(1, *shard_of([4, 5, 6]))
    store.write(0, *shard_of([0, 1, 2, 3]))
    return store


def test_what_is_written_is_read_back(store):
    faces, account = store.faces(), store.account()
    assert account["video"].tolist() == [f"{v}.mp4" for v in range(7)]
    assert account["audio_codec"].isna().all()
    assert len(faces) == 5 * 6
    assert "jpeg" not in faces
    # By track, then frame: the fourth face of a video is the first of its second person.
    assert faces["video"].is_monotonic_increasing
    assert faces["frame"].tolist()[:6] == [0, 20, 40, 10, 30, 50]
    assert faces.loc[9, "landmarks"] == pytest.approx(np.arange(10) + 1)
    assert account["mtime_ns"].tolist() == [1_700_000_000_123_456_789 + v for v in range(7)]
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
    expected = np.stack([picture(name, frame // 10) for name, frame in zip(names, rows["frame"], strict=True)])
    assert np.abs(store.crops(rows).astype(int) - expected).max() <= 3


def test_crops_of_one_person(store):
    pictures = store.crops_of("4.mp4", track=1)
    assert pictures.shape == (3, SIDE, SIDE, 3)
    assert pictures[:, 0, 0, 1] == pytest.approx([10, 30, 50], abs=3)
    with pytest.raises(FileNotFoundError, match="'9.mp4'"):
        store.crops_of("9.mp4")


@pytest.mark.parametrize("source", ["videos", "crops"])
def test_landmarks_are_in_pixels_of_the_pictures(source, tmp_path):
    store = FaceStore(tmp_path / "faces")
    store.begin(CUTTING | {"face_side": 64, "face_margin": 0.25, "face_shift": 0.125, "source": source})
    faces, account = shard_of([0, 1])
    # A box of 40 by 32 around (60, 46): the square is 50 wide, from (35, 21), and 4 lower.
    faces[["x0", "y0", "x1", "y1"]] = [40.0, 30.0, 80.0, 62.0] if source == "videos" else [35.0, 25.0, 85.0, 75.0]
    faces.at[2, "landmarks"] = np.float32([35, 25, 60, 50, 85, 75, 35, 75, 47.5, 25])
    faces.at[3, "landmarks"] = np.full(10, np.nan)
    store.write(0, faces, account)
    found = store.landmarks(store.faces().set_index("frame").loc[[30, 20]])
    assert np.isnan(found[0]).all()
    np.testing.assert_allclose(found[1], [[0, 0], [32, 32], [64, 64], [0, 64], [16, 0]], atol=1e-4)


def test_threads_and_processes_share_a_store(store):
    rows = store.faces()
    expected = store.crops(rows)
    fresh = pickle.loads(pickle.dumps(store))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for pictures in pool.map(lambda _: fresh.crops(rows), range(24)):
            assert (pictures == expected).all()


def test_a_shard_that_fails_leaves_nothing(store, tmp_path):
    faces, account = shard_of([7, 8])
    with pytest.raises(KeyError):
        store.write(2, faces.drop(columns="jpeg"), account)
    assert store.finished() == {0, 1}
    assert not list(store.folder.glob(".*"))


def test_videos_are_asked_for_by_name(store):
    wanted = ["5.mp4", "0.mp4", "3.mp4"]
    assert store.account(wanted)["video"].tolist() == wanted
    assert store.faces(["video"], videos=wanted)["video"].tolist() == ["0.mp4"] * 6 + ["5.mp4"] * 6
    assert len(store.faces(videos=[])) == 0 and len(store.faces(videos=["3.mp4"])) == 0
    for ask in (store.account, store.identity, lambda videos: store.faces(videos=videos)):
        with pytest.raises(FileNotFoundError, match=r"lacks 2 of 3 videos, '8.mp4' for one.*dfdc_utils extract"):
            ask(["8.mp4", "0.mp4", "9.mp4"])


def test_boxes_of_a_video(store):
    boxes = store.boxes("5.mp4")
    assert boxes[["track", "frame"]].to_numpy().tolist() == [[0, 0], [0, 20], [0, 40], [1, 10], [1, 30], [1, 50]]
    pd.testing.assert_frame_equal(store.boxes("5.mp4", shard=1), boxes)


def test_where_there_is_nothing_that_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="is empty.*dfdc_utils extract"):
        FaceStore(tmp_path / "faces").faces()
    with pytest.raises(FileNotFoundError, match="is not there.*dfdc_utils extract"):
        FaceStore(tmp_path / "faces").cutting  # noqa: B018
    assert not (tmp_path / "faces").exists()


def test_of_a_video_that_was_read_again_the_later_faces_are_shown(store):
    earlier = store.faces()
    again, account = shard_of([1, 9], faces_each=2)
    store.write(7, again, account)
    faces = store.faces()
    assert (faces["video"] == "1.mp4").sum() == 2 and len(faces) == 4 * 6 + 2
    assert store.account(["1.mp4"])["faces"].tolist() == [2]
    assert store.crops_of("1.mp4").shape[0] == 1
    # Who still has rows of before finds the pictures of before.
    assert len(store.crops(earlier)) == 30
    # Read again without a face, it has none.
    store.write(8, *shard_of([1]))
    assert "1.mp4" not in set(store.faces()["video"]) and len(store.boxes("1.mp4")) == 0


def test_accounts_that_were_put_together_are_those_of_the_shards(store):
    known = store.known()
    store.put_together({"4.mp4": 5})
    expected = known.assign(mtime_ns=known["mtime_ns"].where(known.index != "4.mp4", 5))
    pd.testing.assert_frame_equal(FaceStore(store.folder).known(), expected)
    # What is written later counts, whatever its number, where it is the latest.
    store.write(9, *shard_of([8, 9]))
    store.write(7, *shard_of([4, 8], faces_each=2))
    account = FaceStore(store.folder).account()
    assert account["video"].tolist() == [f"{v}.mp4" for v in (0, 1, 2, 3, 4, 5, 6, 8, 9)]
    assert account["faces"].tolist() == [6, 6, 6, 0, 2, 6, 0, 6, 0]
    store.put_together({})
    # Nothing is shown of a shard that is not there any more.
    store.faces_path(1).unlink()
    assert FaceStore(store.folder).account()["video"].tolist() == [f"{v}.mp4" for v in (0, 1, 2, 3, 4, 8, 9)]
    for damage in (b"", b"PAR1 cut off"):
        store.accounts_path.write_bytes(damage)
        assert len(FaceStore(store.folder).account()) == 7


def test_an_identity_is_that_of_the_videos_and_not_of_the_store(store, tmp_path):
    videos = ["0.mp4", "4.mp4", "6.mp4"]
    known = store.identity(videos)
    assert len(known) == 16 and int(known, 16)
    assert store.identity(videos[::-1]) == store.identity(iter(videos)) == known
    other = FaceStore(tmp_path / "other")
    other.begin(CUTTING)
    other.write(3, *shard_of([4, 0, 6]))
    assert other.identity(videos) == known
    assert store.identity(videos[:2]) != known
    cut_otherwise = FaceStore(tmp_path / "third")
    cut_otherwise.begin(CUTTING | {"face_margin": 0.2})
    cut_otherwise.write(0, *shard_of([4, 0, 6]))
    assert cut_otherwise.identity(videos) != known
    for column, value in [("digest", "f" * 16), ("outcome", "failed"), ("faces", 3), ("boxes_of", "6.mp4")]:
        faces, account = shard_of([4, 5])
        account.loc[0, column] = value
        store.write(10, faces, account)
        assert store.identity(videos) != known, column
    store.write(11, *shard_of([4, 5]))
    assert store.identity(videos) == known


def test_a_store_that_may_not_be_written_is_read(store):
    expected = store.crops(store.faces())
    store.folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        fresh = FaceStore(store.folder)
        assert (fresh.crops(fresh.faces()) == expected).all()
        assert len(fresh.account()) == 7 and fresh.cutting == CUTTING
    finally:
        store.folder.chmod(stat.S_IRWXU)


def test_a_shard_of_broken_files_only_is_a_shard(tmp_path):
    store = FaceStore(tmp_path)
    store.begin(CUTTING)
    store.write(0, *shard_of([0]))
    assert len(store.faces()) == 0
    assert len(store.account()) == 1
    assert store.faces()["landmarks"].tolist() == []
