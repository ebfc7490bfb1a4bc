"""A store that videos are added to, file by file and table by table. Real files and Dask, a stand-in detector."""

import os
import shutil

import numpy as np
import pandas as pd
import pytest
from dask.distributed import LocalCluster
from stand_in import FIRST, BrightSpots, spot_video
from video_files import write_video

from dfdc_utils import profiles
from dfdc_utils.faces import extraction
from dfdc_utils.faces.detections import DetectionFailed
from dfdc_utils.faces.planning import Plan, plan
from dfdc_utils.faces.schemas import FACES
from dfdc_utils.faces.store import FaceStore

PROFILE = profiles.get("tiny", min_frames=5, frames_per_video=4, face_side=32, videos_per_shard=2)


class Forgetful(BrightSpots):
    """Runs out of memory over a video with a face at the very left."""

    def detect(self, images, *, every=1, detection_pass=FIRST):
        if (images[0][..., 0] > 100)[:, :6].any():
            raise DetectionFailed("the face detector failed: out of memory")
        return super().detect(images)


@pytest.fixture(scope="module")
def scheduler():
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def extract(scheduler, monkeypatch):
    """Extracts, and returns the names of the videos that were read for it."""
    def extract(table, folder, profile=PROFILE, detector=BrightSpots, **options) -> set[str]:
        monkeypatch.setattr(extraction, "worker_detector", lambda width: detector())
        store = FaceStore(folder)
        before = store.known()["shard"].to_dict()
        account = extraction.extract(table, folder, profile, scheduler=scheduler, **options)
        assert account["video"].tolist() == table["video"].tolist()
        return {video for video, shard in store.known()["shard"].items() if shard != before.get(video)}

    return extract


def draw(folder, parts: int = 3, clips: int = 3) -> pd.DataFrame:
    """A set in parts, every third clip without a face."""
    rows = []
    for part in range(parts):
        for clip in range(clips):
            path = folder / f"part_{part}" / f"p{part}c{clip}.mp4"
            path.parent.mkdir(parents=True, exist_ok=True)
            spot_video(path, [(20 + 9 * part + 5 * clip, 40)] if clip < 2 else [], count=8)
            rows.append((path.name, str(path), path.parent.name))
    return pd.DataFrame(rows, columns=["video", "path", "part"])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> pd.DataFrame:
    return draw(tmp_path_factory.mktemp("set"))


@pytest.fixture
def own(tmp_path) -> pd.DataFrame:
    """A set whose files a test may change."""
    return draw(tmp_path / "set", parts=3)


def contents(folder) -> tuple[pd.DataFrame, pd.DataFrame]:
    store = FaceStore(folder)
    faces = store.faces([*FACES.names]).drop(columns=["shard", "group", "row"])
    return faces, store.account().drop(columns=["detection", "elapsed", "mtime_ns"])


def assert_equal(one, other):
    for a, b in zip(contents(one), contents(other), strict=True):
        pd.testing.assert_frame_equal(a, b)


def names(table, *parts: int) -> set[str]:
    return set(table.loc[table["part"].isin([f"part_{part}" for part in parts]), "video"])


def test_a_set_comes_part_by_part(drawn, tmp_path, extract, capsys):
    assert extract(drawn[:6], tmp_path / "store") == names(drawn, 0, 1)
    written = {path: path.stat().st_mtime_ns for path in (tmp_path / "store").glob("*-0*.parquet")}
    assert extract(drawn, tmp_path / "store") == names(drawn, 2)
    assert "6 of 9 videos are in the face store already." in capsys.readouterr().out
    assert extract(drawn, tmp_path / "store") == set()
    assert {path: path.stat().st_mtime_ns for path in written} == written
    extract(drawn, tmp_path / "at_once")
    assert_equal(tmp_path / "store", tmp_path / "at_once")


def test_a_part_that_went_stays_in_the_store(own, tmp_path, extract):
    extract(own[:6], tmp_path / "store")
    store = FaceStore(tmp_path / "store")
    pictures = store.crops_of("p0c1.mp4")
    shutil.rmtree(tmp_path / "set" / "part_0")
    assert extract(own[3:], tmp_path / "store") == names(own, 2)
    # Nor does it do harm to ask for it again: it is there.
    assert extract(own, tmp_path / "store", retry=True) == set()
    assert (store.crops_of("p0c1.mp4") == pictures).all() and len(pictures) == 4
    assert store.account(own["video"])["outcome"].tolist() == ["ok", "ok", "no_face"] * 3


def test_tables_share_a_store_whatever_their_videos_and_order(drawn, tmp_path, extract):
    assert extract(drawn.iloc[[7, 2, 0]], tmp_path) == {"p2c1.mp4", "p0c2.mp4", "p0c0.mp4"}
    assert extract(drawn.iloc[[0, 1, 2]], tmp_path) == {"p0c1.mp4"}
    assert extract(drawn.iloc[[2, 7]], tmp_path) == set()
    store = FaceStore(tmp_path)
    assert store.faces(videos=["p0c1.mp4"])["video"].unique().tolist() == ["p0c1.mp4"]
    with pytest.raises(FileNotFoundError, match="lacks 5 of 9 videos, 'p1c0.mp4' for one"):
        store.account(drawn["video"])


def test_a_video_whose_file_changed_is_read_again_and_no_other(own, tmp_path, extract, capsys):
    extract(own, tmp_path / "store")
    before, known = contents(tmp_path / "store"), FaceStore(tmp_path / "store").identity(own["video"])
    spot_video(own["path"][4], [(60, 30)], count=12)
    assert extract(own, tmp_path / "store") == {"p1c1.mp4"}
    assert "1 have another file than before." in capsys.readouterr().out
    extract(own, tmp_path / "at_once")
    assert_equal(tmp_path / "store", tmp_path / "at_once")
    after = contents(tmp_path / "store")
    others = [frame[frame["video"] != "p1c1.mp4"].reset_index(drop=True) for frame in (before[0], after[0])]
    pd.testing.assert_frame_equal(*others)
    assert after[1].set_index("video").loc["p1c1.mp4", "frames"] == 12
    assert FaceStore(tmp_path / "store").identity(own["video"]) != known


def test_a_copied_set_is_not_read_again(own, tmp_path, extract):
    extract(own, tmp_path / "store")
    known = FaceStore(tmp_path / "store").identity(own["video"])
    shutil.copytree(tmp_path / "set", tmp_path / "copy", copy_function=shutil.copyfile)
    copy = own.assign(path=own["path"].str.replace(f"{tmp_path}/set", f"{tmp_path}/copy"))
    assert copy["path"].map(os.path.exists).all()
    assert len(plan(copy, FaceStore(tmp_path / "store").known()).copied) == 9
    assert extract(copy, tmp_path / "store") == set()
    # From then on a look at the copy's times is enough.
    assert plan(copy, FaceStore(tmp_path / "store").known()) == Plan({}, {})
    assert FaceStore(tmp_path / "store").identity(own["video"]) == known


def test_what_makes_a_file_another(tmp_path, extract):
    """Of a pair of text files, in place of videos: the account says unreadable, and of which file."""
    table = pd.DataFrame({"video": ["a.mp4", "b.mp4"], "path": [str(tmp_path / "a.mp4"), str(tmp_path / "b.mp4")]})
    for path in table["path"]:
        with open(path, "wb") as file:
            file.write(b"begin" + bytes(200_000) + b"end")
    extract(table, tmp_path / "store")

    def wanted() -> dict[str, str]:
        return plan(table, FaceStore(tmp_path / "store").known()).reasons

    assert wanted() == {}
    for content in (b"Begin" + bytes(200_000) + b"end", b"begin" + bytes(200_000) + b"End", b"begin", b""):
        with open(table["path"][0], "wb") as file:
            file.write(content)
        assert wanted() == {"a.mp4": "changed"}
    os.remove(table["path"][0])
    assert wanted() == {}


def test_a_file_that_was_not_there_is_read_once_it_is(tmp_path, extract):
    table = pd.DataFrame({"video": ["a.mp4"], "path": [str(tmp_path / "a.mp4")]})
    assert extract(table, tmp_path / "store") == {"a.mp4"}
    assert FaceStore(tmp_path / "store").account()["reason"].tolist() == ["there is no such file"]
    assert extract(table, tmp_path / "store") == set()
    spot_video(tmp_path / "a.mp4", [(40, 40)], count=8)
    assert extract(table, tmp_path / "store") == {"a.mp4"}
    assert FaceStore(tmp_path / "store").account()["outcome"].tolist() == ["ok"]


def test_what_failed_is_tried_again_when_asked(tmp_path, extract):
    table = draw(tmp_path / "set", parts=1)
    spot_video(table["path"][1], [(4, 40)], count=8)
    extract(table, tmp_path / "store", detector=Forgetful)
    account = FaceStore(tmp_path / "store").account()
    assert account["outcome"].tolist() == ["ok", "failed", "no_face"]
    assert account["reason"][1] == "the face detector failed: out of memory; `extract --retry` tries it again"
    assert extract(table, tmp_path / "store") == set()
    assert extract(table, tmp_path / "store", retry=True) == {"p0c1.mp4"}
    assert extract(table, tmp_path / "store", retry=True) == set()
    extract(table, tmp_path / "at_once")
    assert_equal(tmp_path / "store", tmp_path / "at_once")


def test_whatever_its_history_a_store_is_the_same(drawn, tmp_path, extract):
    extract(drawn, tmp_path / "at_once", PROFILE.replace(videos_per_shard=9))
    for order in (slice(None, None, -1), slice(None, None, 2), slice(None)):
        extract(drawn[order], tmp_path / "bit_by_bit", PROFILE.replace(videos_per_shard=1))
        FaceStore(tmp_path / "bit_by_bit").faces_path(3).unlink(missing_ok=True)
    extract(drawn, tmp_path / "bit_by_bit")
    assert_equal(tmp_path / "at_once", tmp_path / "bit_by_bit")
    one, other = FaceStore(tmp_path / "at_once"), FaceStore(tmp_path / "bit_by_bit")
    assert (one.crops(one.faces()) == other.crops(other.faces())).all()
    assert one.identity(drawn["video"]) == other.identity(drawn["video"][::-1])


@pytest.fixture
def pairs(tmp_path) -> pd.DataFrame:
    """Two originals, each with two fakes in which the detector finds nothing; one fake is of another size."""
    rows = []
    for number in range(2):
        rows.append((f"original{number}.mp4", None))
        spot_video(tmp_path / rows[-1][0], [(40 + 10 * number, 40)], count=8)
        for copy in range(2):
            rows.append((f"fake{number}{copy}.mp4", f"original{number}.mp4"))
            spot_video(tmp_path / rows[-1][0], [], count=8, size=(96, 160) if copy or not number else (98, 160))
    table = pd.DataFrame(rows, columns=["video", "original"])
    return table.assign(path=[str(tmp_path / video) for video in table["video"]])


def test_fakes_have_the_boxes_of_originals_that_came_before_with_them_or_later(pairs, tmp_path, extract):
    profile = PROFILE.replace(boxes="original")
    originals, fakes = pairs[pairs["original"].isna()], pairs[pairs["original"].notna()]
    assert extract(pairs, tmp_path / "together", profile) == set(pairs["video"])
    extract(originals, tmp_path / "before", profile)
    assert extract(fakes, tmp_path / "before", profile) == set(fakes["video"])
    assert extract(fakes, tmp_path / "later", profile) == set(fakes["video"])
    assert (FaceStore(tmp_path / "later").account()["outcome"] == "no_face").all()
    # The fake of another size has nothing to borrow.
    assert extract(pairs, tmp_path / "later", profile) == set(pairs["video"]) - {"fake10.mp4"}
    for store in ("together", "before", "later"):
        assert extract(pairs, tmp_path / store, profile) == set()
        account = FaceStore(tmp_path / store).account(pairs["video"])
        assert account["outcome"].tolist() == ["ok", "ok", "ok", "ok", "no_face", "ok"]
        assert account["boxes_of"].fillna("").tolist() == ["", *["original0.mp4"] * 2, "", "", "original1.mp4"]
        assert_equal(tmp_path / store, tmp_path / "together")


def test_an_original_that_changed_changes_its_fakes(pairs, tmp_path, extract):
    profile = PROFILE.replace(boxes="original")
    extract(pairs, tmp_path / "store", profile)
    spot_video(tmp_path / "original0.mp4", [(80, 50)], count=8)
    assert extract(pairs, tmp_path / "store", profile) == {"original0.mp4", "fake00.mp4", "fake01.mp4"}
    extract(pairs, tmp_path / "at_once", profile)
    assert_equal(tmp_path / "store", tmp_path / "at_once")
    # A fake that went keeps the faces it had.
    spot_video(tmp_path / "original0.mp4", [(50, 50)], count=8)
    (tmp_path / "fake00.mp4").unlink()
    assert extract(pairs, tmp_path / "store", profile) == {"original0.mp4", "fake01.mp4"}
    assert len(FaceStore(tmp_path / "store").crops_of("fake00.mp4")) == 4


def test_a_pipe_is_not_waited_for(tmp_path, extract):
    os.mkfifo(tmp_path / "a.mp4")
    table = pd.DataFrame({"video": ["a.mp4"], "path": [str(tmp_path / "a.mp4")]})
    assert extract(table, tmp_path / "store") == {"a.mp4"}
    assert extract(table, tmp_path / "store") == set()
    assert FaceStore(tmp_path / "store").account()["reason"].tolist() == ["it is a pipe or a device"]


def mask_of(path, white, *, side=4):
    """A mask of another size and length than the videos of `spot_video`: white where x lies between two numbers."""
    image = np.zeros((96 // side * 2, 160 // side * 2, 3), np.uint8)
    image[:, white[0] * 2 // side:white[1] * 2 // side] = 255
    return str(write_video(path, [image] * 5))


def test_who_was_altered_counts_as_the_fake_where_a_mask_says_so(tmp_path, extract):
    """Two people, the larger one real: without the mask she would be taught as the fake."""
    video = spot_video(tmp_path / "f.mp4", [(40, 40), (110, 40)], count=16)
    table = pd.DataFrame({"video": ["f.mp4"], "path": [str(video)]})
    plain = extract(table, tmp_path / "plain") and FaceStore(tmp_path / "plain").faces(["track", "x0"], ["f.mp4"])
    main = plain[plain["track"] == 0]["x0"].mean()
    on_the_other = (100, 150) if main < 80 else (0, 70)

    folder = tmp_path / "faces"
    assert extract(table, folder) == {"f.mp4"}
    masked = table.assign(mask=mask_of(tmp_path / "mask.mp4", on_the_other))
    # The mask came later: what it concerns is cut out again, once.
    assert extract(masked, folder) == {"f.mp4"} and extract(masked, folder) == set()
    seen = FaceStore(folder).faces(["track", "x0"], ["f.mp4"])
    assert abs(seen[seen["track"] == 0]["x0"].mean() - plain[plain["track"] == 1]["x0"].mean()) < 5
    assert "smaller person is the fake" in FaceStore(folder).account(["f.mp4"])["reason"][0]


@pytest.mark.parametrize(("white", "told"), [((75, 95), "lies on nobody"), (None, "cannot be read")])
def test_a_mask_that_tells_nothing_costs_no_video(tmp_path, extract, white, told):
    video = spot_video(tmp_path / "f.mp4", [(30, 40), (120, 40)], count=8)
    mask = tmp_path / "mask.mp4"
    if white:
        mask_of(mask, white)
    else:
        mask.write_bytes(b"no clip")
    extract(pd.DataFrame({"video": ["f.mp4"], "path": [str(video)], "mask": [str(mask)]}), tmp_path / "faces")
    account = FaceStore(tmp_path / "faces").account(["f.mp4"]).iloc[0]
    assert (account["outcome"], account["tracks"]) == ("ok", 2) and told in account["reason"]
