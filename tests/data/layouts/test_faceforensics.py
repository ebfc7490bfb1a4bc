import json

import pytest
from set_files import make_videos

from dfdc_utils.data import metadata, splits
from dfdc_utils.faces.probe import VideoInfo

ORIGINALS, FAKES = "original_sequences/youtube/{}/videos/{}.mp4", "manipulated_sequences/{}/{}/videos/{}.mp4"


def make_set(root, pairs, *, compression="c23", methods=("Deepfakes", "Face2Face")):
    originals = {number for pair in pairs for number in pair}
    make_videos(root, *(ORIGINALS.format(compression, number) for number in originals))
    both = [*pairs, *(pair[::-1] for pair in pairs)]
    return make_videos(root, *(FAKES.format(m, compression, "_".join(p)) for m in methods for p in both))


def test_a_fake_is_of_the_first_number_of_its_name_and_called_after_its_method(tmp_path):
    make_set(tmp_path, [("071", "054")])
    dataset = metadata.read(tmp_path)
    assert dataset.layout == "faceforensics"
    assert dataset.problems["problem"].tolist() == ["no official lists"]
    rows = dataset.table.set_index("video")
    assert len(rows) == 6
    assert rows.loc["Face2Face_054_071.mp4", ["part", "label", "original"]].tolist() == [
        "Face2Face", "FAKE", "054.mp4"
    ]
    assert rows.loc["054.mp4", ["part", "label", "original", "split"]].tolist() == ["youtube", "REAL", None, None]
    assert rows.loc["Deepfakes_071_054.mp4", "path"].endswith("Deepfakes/c23/videos/071_054.mp4")


def test_the_videos_of_the_table_can_be_read_and_are_told_apart_by_their_names(tmp_path):
    table = metadata.read(make_set(tmp_path, [("071", "054")])).table
    assert table["video"].is_unique
    assert {VideoInfo.from_path(path).frames for path in table["path"]} == {8}


def test_the_scenes_of_deepfakedetection(tmp_path):
    make_videos(
        tmp_path, "original_sequences/actors/c40/videos/01__exit_phone_room.mp4",
        "manipulated_sequences/DeepFakeDetection/c40/videos/01_02__exit_phone_room__YVGY8LOK.mp4",
        "manipulated_sequences/DeepFakeDetection/c40/videos/strange.mp4",
    )
    dataset = metadata.read(tmp_path)
    assert dataset.table["original"].tolist() == [None, "01__exit_phone_room.mp4"]
    assert dataset.problems["problem"].tolist() == ["unnamed", "no official lists"]
    assert dataset.problems["video"].tolist() == ["strange.mp4", ""]


def test_a_fake_has_the_mask_of_its_name_where_there_is_one(tmp_path):
    make_set(tmp_path, [("071", "054")], methods=("Deepfakes",))
    without = metadata.read(tmp_path)
    mask, = (make_videos(tmp_path, FAKES.format("Deepfakes", "masks", "071_054")) / "manipulated_sequences").rglob(
        "masks/videos/*.mp4"
    )
    dataset = metadata.read(tmp_path)
    assert "mask" not in without.table and len(dataset.table) == len(without.table)
    assert dataset.table.set_index("video")["mask"].dropna().to_dict() == {"Deepfakes_071_054.mp4": str(mask)}
    assert any("masks" in place for place, *_ in metadata.fingerprint(tmp_path))


def test_one_compression_is_read(tmp_path):
    for compression in ("raw", "c40", "c23"):
        make_set(tmp_path, [("001", "002")], compression=compression, methods=("FaceSwap",))
    table = metadata.read(tmp_path).table
    assert len(table) == 4
    assert table["path"].str.contains("/c23/").all()


def test_a_method_that_is_there_in_another_compression_only_is_not_dropped_in_silence(tmp_path):
    make_set(tmp_path, [("001", "002")], methods=("FaceSwap",))
    make_videos(tmp_path, FAKES.format("NeuralTextures", "c40", "001_002"))
    dataset = metadata.read(tmp_path)
    assert not dataset.table["part"].eq("NeuralTextures").any()
    problems = dataset.problems.set_index("problem")
    assert problems.loc["other compression", "part"] == "NeuralTextures"
    assert "c40 only" in problems.loc["other compression", "detail"]


@pytest.mark.parametrize("folder", [".", "splits"])
def test_official_lists_decide_about_an_original_and_its_fakes(tmp_path, folder):
    make_set(tmp_path, [("001", "002"), ("003", "004"), ("005", "006"), ("007", "008")])
    (tmp_path / folder).mkdir(exist_ok=True)
    for name, pairs in {"train": [["001", "002"]], "val": [["004", "003"]], "test": [["005", "006"]]}.items():
        (tmp_path / folder / f"{name}.json").write_text(json.dumps(pairs))
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=3)
    split = table.set_index("video")["split"]
    assert split[["001.mp4", "Deepfakes_002_001.mp4"]].tolist() == ["train"] * 2
    assert split[["003.mp4", "Face2Face_003_004.mp4"]].tolist() == ["validation"] * 2
    assert split[["006.mp4", "Face2Face_006_005.mp4"]].tolist() == ["test"] * 2
    assert split["Deepfakes_007_008.mp4"] == "train", "what no list names"


def test_a_broken_list_is_named(tmp_path):
    make_set(tmp_path, [("001", "002")])
    (tmp_path / "test.json").write_text("[1, 2")
    with pytest.raises(ValueError, match=r"test\.json is no list of pairs"):
        metadata.read(tmp_path)


def test_folders_without_a_video(tmp_path):
    (tmp_path / "original_sequences" / "youtube" / "c23" / "videos").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="no video in them"):
        metadata.read(tmp_path)


def test_videos_that_lie_in_no_compression_are_not_taken_for_a_set(tmp_path):
    make_videos(tmp_path, "original_sequences/youtube/videos/001.mp4")
    with pytest.raises(FileNotFoundError, match="no video in them"):
        metadata.read(tmp_path)
