import numpy as np
import pandas as pd
import pytest
from stand_in import FIRST, BrightSpots, spot_video
from video_files import counted, write_sound, write_video

from dfdc_utils import profiles
from dfdc_utils.data import metadata
from dfdc_utils.faces import crops
from dfdc_utils.faces.detections import DetectionFailed, DetectionPass
from dfdc_utils.faces.extraction import extract, frame_statistics
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.one_video import extract_video
from dfdc_utils.faces.schemas import ACCOUNT, FACES
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.faces.store_folder import StoreMismatch

PROFILE = profiles.get("tiny", min_frames=20, frames_per_video=5, face_side=32, face_margin=0.5)


def look(path, profile=PROFILE):
    faces, account = extract_video(path, "a.mp4", BrightSpots(), profile)
    assert list(faces.columns) == FACES.names
    assert list(account) == ACCOUNT.names
    assert account["faces"] == len(faces)
    return faces, account


def test_a_face_is_cropped_with_its_margin(tmp_path):
    faces, account = look(spot_video(tmp_path / "a.mp4", [(60, 40)]))
    assert (account["outcome"], account["frames"], account["frames_read"]) == ("ok", 24, 5)
    assert account["tracks"] == 1 and account["elapsed"] > 0
    # The nearest frames that others depend on.
    assert faces["frame"].tolist() == pytest.approx([0, 6, 12, 17, 23], abs=2)
    assert ((faces["x0"] + faces["x1"]) / 2).tolist() == pytest.approx(60 + faces["frame"], abs=1)
    assert faces["seconds"].tolist() == pytest.approx(faces["frame"] / 30)
    # The square is one and a half times the face: a third of the crop is background.
    red = crops.decode(faces["jpeg"][0])[16, :, 0] > 100
    assert red.sum() == pytest.approx(32 / 1.5, abs=2)
    assert red[:4].sum() == red[-4:].sum() == 0


def test_a_crop_can_be_smaller_than_the_face_and_lower(tmp_path):
    profile = PROFILE.replace(face_margin=-0.2, face_shift=0.3)
    faces, _ = look(spot_video(tmp_path / "a.mp4", [(60, 40)]), profile)
    # The face is 20 pixels, the crop 16 and 6 lower: the face ends 12 pixels below the crop's upper edge.
    red = crops.decode(faces["jpeg"][0])[..., 0] > 100
    assert red[:, 16].sum() == pytest.approx(32 * 12 / 16, abs=2) and red[:16].all()
    assert faces["y0"].iloc[0] == pytest.approx(30, abs=1)


def test_the_faces_of_two_people(tmp_path):
    faces, account = look(spot_video(tmp_path / "a.mp4", [(30, 40), (100, 60)]))
    assert account["tracks"] == 2
    assert faces["track"].tolist() == [0] * 5 + [1] * 5
    assert faces.groupby("track")["x0"].apply(lambda x: x.is_monotonic_increasing).all()


def test_a_third_person_who_is_not_kept_is_told_in_the_account(tmp_path):
    faces, account = look(spot_video(tmp_path / "a.mp4", [(20, 25), (60, 50), (110, 75)]))
    assert (account["outcome"], account["tracks"], sorted(faces["track"].unique())) == ("ok", 2, [0, 1])
    assert account["reason"] == "3 people were seen, 2 of them are kept"


def test_two_people_who_take_turns_in_the_same_place_stay_two(tmp_path):
    images = [image for _, _, image in iterate(spot_video(tmp_path / "spots.mp4", [(60, 40)], count=36))]
    for number, image in enumerate(images):
        image[image[..., 0] < 100] = (20, 140, 20) if 12 <= number < 24 else (20, 20, 160)
    faces, account = look(write_video(tmp_path / "a.mp4", images), PROFILE.replace(frames_per_video=12))
    assert (account["outcome"], account["tracks"], account["frames_read"]) == ("ok", 3, 12)
    assert account["reason"] == "the picture cuts 2 times, and whoever is in two shots counts twice"
    shots = faces.assign(shot=np.digitize(faces["frame"], [12, 24])).groupby("track")["shot"]
    assert (shots.nunique() == 1).all() and sorted(shots.first()) == [0, 1, 2]


def test_a_face_at_the_edge_of_the_frame(tmp_path):
    faces, _ = look(spot_video(tmp_path / "a.mp4", [(4, 4)]))
    crop = crops.decode(faces["jpeg"][0])
    assert crop.shape == (32, 32, 3)
    assert crop[..., 0].mean() > 100


def test_where_few_faces_are_found_the_detector_looks_again(tmp_path):
    class ShortSighted(BrightSpots):
        """Sees the face in the first two of five frames, unless it looks carefully."""

        second_passes = (DetectionPass(name="useless"), DetectionPass(name="careful"), DetectionPass(name="needless"))

        def detect(self, images, *, every=1, detection_pass=FIRST):
            sees = {"first": 2, "useless": 0, "careful": 5}[detection_pass.name]
            return [self._spots(image) if place < sees else [] for place, image in enumerate(images)]

    path = spot_video(tmp_path / "a.mp4", [(60, 40)])
    faces, account = extract_video(path, "a.mp4", ShortSighted(), PROFILE)
    assert len(faces) == account["frames_read"] == 5
    assert account["second_pass"] == "careful"
    assert look(path)[1]["second_pass"] is None


def test_what_comes_of_videos_that_cannot_be_used(tmp_path):
    _, account = look(spot_video(tmp_path / "short.mp4", [(60, 40)], count=19))
    assert (account["outcome"], account["faces"]) == ("too_short", 0)
    assert account["reason"] == "19 frames; at least 20 are wanted"
    _, account = look(spot_video(tmp_path / "nobody.mp4", []))
    assert (account["outcome"], account["frames_read"]) == ("no_face", 5)
    (tmp_path / "empty.mp4").touch()
    _, account = look(tmp_path / "empty.mp4")
    assert (account["outcome"], account["reason"]) == ("unreadable", "the file is empty")
    assert account["frames"] == 0


def test_frame_statistics_are_the_reports():
    account = pd.DataFrame({"outcome": ["ok", "ok", "too_short", "unreadable"], "frames": [300, 200, 100, 0]})
    statistics = frame_statistics(account, min_frames=150)
    assert statistics.to_dict() == {
        "videos": 3, "mean": 200, "median": 200, "min": 100, "max": 300, "below_minimum": 1,
    }


@pytest.fixture(scope="module")
def table(tiny_dfdc, tmp_path_factory) -> pd.DataFrame:
    """The synthetic set, and files that are no videos among them."""
    folder = tmp_path_factory.mktemp("broken")
    (folder / "empty.mp4").touch()
    (folder / "text.mp4").write_text("not a video")
    (folder / "folder.mp4").mkdir()
    write_sound(folder / "sound.mp4")
    whole = spot_video(folder / "nobody.mp4", []).read_bytes()
    for percent in (10, 30, 99):
        (folder / f"truncated{percent}.mp4").write_bytes(whole[:len(whole) * percent // 100])
    write_video(folder / "one.mp4", counted(1))
    broken = pd.DataFrame({"video": sorted(path.name for path in folder.iterdir()), "part": "broken"})
    broken["path"] = [str(folder / video) for video in broken["video"]]
    videos = metadata.read(tiny_dfdc).table[["video", "path", "part"]]
    return pd.concat([videos[:6], broken, videos[6:]], ignore_index=True)


@pytest.fixture(scope="module")
def extracted(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("faces")
    return folder, extract(table, folder, profiles.get("tiny"), workers=2)


def test_every_video_is_in_the_account(table, extracted):
    _, account = extracted
    assert account["video"].tolist() == table["video"].tolist()
    outcomes = account.set_index("video")["outcome"]
    assert (outcomes[["empty.mp4", "text.mp4", "folder.mp4", "sound.mp4"]] == "unreadable").all()
    assert (outcomes[["truncated10.mp4", "truncated30.mp4"]] == "unreadable").all()
    assert outcomes["truncated99.mp4"] != "ok"
    assert outcomes["nobody.mp4"] == "no_face"
    assert outcomes["one.mp4"] == "too_short"
    failed = account[account["outcome"] != "ok"]
    assert failed["reason"].str.len().gt(5).all()
    # Most clips of the synthetic set show a face in most of their frames.
    synthetic = account[account["video"].str.fullmatch(r"[a-z]{10}\.mp4") & (account["outcome"] == "ok")]
    assert len(synthetic) >= 8
    assert (synthetic["faces"] >= 0.8 * synthetic["frames_read"]).mean() > 0.8


def test_faces_and_pictures_belong_together(extracted):
    folder, account = extracted
    store = FaceStore(folder)
    faces = store.faces()
    counted_there = account[account["faces"] > 0].set_index("video")["faces"]
    assert faces.groupby("video").size().to_dict() == counted_there.to_dict()
    assert store.crops(faces).shape == (len(faces), 64, 64, 3)
    assert faces["confidence"].between(0.8, 1).all()
    eyes = np.stack(faces["landmarks"])[:, [0, 2]]
    assert (eyes[:, 0] < eyes[:, 1]).mean() > 0.95


def contents(folder) -> tuple[pd.DataFrame, pd.DataFrame]:
    store = FaceStore(folder)
    faces = store.faces([*FACES.names]).drop(columns=["shard", "group", "row"])
    return faces, store.account().drop(columns=["detection", "elapsed"])


def test_an_interrupted_run_goes_on_where_it_was(table, extracted, capsys):
    folder, _ = extracted
    faces, account = contents(folder)
    kept = (folder / "faces-00000.parquet").stat().st_mtime_ns
    (folder / "faces-00001.parquet").unlink()
    # One worker instead of two, and one shard instead of all: nothing may depend on either.
    extract(table, folder, profiles.get("tiny"), workers=1)
    assert f"{len(table) - 5} of {len(table)} videos are in the face store already." in capsys.readouterr().out
    faces_again, account_again = contents(folder)
    pd.testing.assert_frame_equal(faces_again, faces)
    pd.testing.assert_frame_equal(account_again, account)
    assert (folder / "faces-00000.parquet").stat().st_mtime_ns == kept


def test_a_store_of_other_settings_is_refused(table, extracted):
    folder, _ = extracted
    with pytest.raises(StoreMismatch, match=r"face_margin=0.3 \(now 0.4\)"):
        extract(table, folder, profiles.get("tiny", face_margin=0.4))
    # What does not shape the faces may change, and so may the table.
    extract(table.iloc[:-1], folder, profiles.get("tiny", epochs=7, videos_per_shard=2))


def test_no_videos_are_an_error(tmp_path):
    with pytest.raises(ValueError, match="no videos"):
        extract(pd.DataFrame({"video": [], "path": [], "part": []}), tmp_path, PROFILE)


def test_a_fake_is_cut_out_where_its_originals_face_was_found(tmp_path):
    original = spot_video(tmp_path / "original.mp4", [(60, 40), (110, 60)])
    faces, account = look(original)
    boxes = faces.drop(columns="jpeg").assign(width=160, height=96)
    # Nothing in the fake looks like a face to the detector, and its frames are others.
    fake = spot_video(tmp_path / "fake.mp4", [])
    profile = profiles.get("tiny", min_frames=20, frames_per_video=4, face_side=32)
    assert look(fake, profile)[1]["outcome"] == "no_face"
    borrowed, account = extract_video(fake, "fake.mp4", BrightSpots(), profile, boxes=boxes)
    assert (account["outcome"], account["tracks"], account["boxes_of"]) == ("ok", 2, "a.mp4")
    assert borrowed["track"].tolist() == [0] * 4 + [1] * 4
    # The squares move right by a pixel a frame, so the boxes between the known ones do too.
    middle = (borrowed["x0"] + borrowed["x1"]) / 2 - borrowed["frame"]
    starts = (faces["x0"] + faces["x1"]) / 2 - faces["frame"]
    for track in (0, 1):
        expected = starts[faces["track"] == track].mean()
        assert middle[borrowed["track"] == track].tolist() == pytest.approx([expected] * 4, abs=1)
    # Frames of another size are another picture.
    _, account = extract_video(fake, "fake.mp4", BrightSpots(), profile, boxes=boxes.assign(width=320))
    assert (account["outcome"], account["boxes_of"]) == ("no_face", None)


def test_where_an_original_shows_no_face_none_is_borrowed(tmp_path):
    faces, _ = look(spot_video(tmp_path / "original.mp4", [(60, 40)]))
    boxes = faces.drop(columns="jpeg").assign(width=160, height=96)
    first = boxes[boxes["frame"] < 8]
    cut, _ = extract_video(tmp_path / "original.mp4", "b.mp4", BrightSpots(), PROFILE, boxes=first)
    assert cut["frame"].max() < 15


def test_originals_come_first_where_fakes_are_cut_out_by_their_boxes(tiny_dfdc, tmp_path):
    table = metadata.read(tiny_dfdc).table
    table = table[table["part"].isin(table["part"].unique()[:2])]
    profile = profiles.get("tiny", boxes="original", videos_per_shard=2)
    account = extract(table, tmp_path, profile, workers=2).set_index("video")
    assert account.index.tolist() == table["video"].tolist()
    originals = table.set_index("video")["original"].dropna()
    usable = originals[account.loc[originals, "outcome"].eq("ok").to_numpy()]
    assert len(usable) >= 2
    assert account.loc[usable.index, "boxes_of"].tolist() == usable.tolist()
    assert account.loc[~account.index.isin(usable.index), "boxes_of"].isna().all()
    faces = FaceStore(tmp_path).faces().query("track == 0").set_index(["video", "frame"])["x0"]
    shared = [
        (faces[fake, frame], faces[original, frame])
        for fake, original in usable.items() for frame in faces[fake].index.intersection(faces[original].index)
    ]
    assert len(shared) > 2
    assert [own for own, _ in shared] == pytest.approx([of_original for _, of_original in shared], abs=1e-3)


def test_a_detector_that_fails_over_one_video_costs_that_video(tmp_path):
    class Failing(BrightSpots):
        def detect(self, images, *, every=1, detection_pass=FIRST):
            raise DetectionFailed("the face detector failed: out of memory")

    path = spot_video(tmp_path / "a.mp4", [(60, 40)])
    faces, account = extract_video(path, "a.mp4", Failing(), PROFILE)
    assert (account["outcome"], account["reason"]) == ("failed", "the face detector failed: out of memory")
    assert not len(faces) and account["frames"] == 24


def test_a_video_for_which_there_is_no_memory_can_be_tried_again(tmp_path, monkeypatch):
    def full(*args, **options):
        raise MemoryError

    monkeypatch.setattr("dfdc_utils.faces.one_video.sample", full)
    _, account = look(spot_video(tmp_path / "a.mp4", [(60, 40)]))
    assert account["outcome"] == "failed" and "memory" in account["reason"]


def test_a_video_that_takes_too_long_is_left(tmp_path):
    path = spot_video(tmp_path / "a.mp4", [(60, 40)])
    _, account = extract_video(path, "a.mp4", BrightSpots(), PROFILE, time_limit=1e-6)
    assert account["outcome"] == "timed_out" and "longer than 1e-06 seconds" in account["reason"]
