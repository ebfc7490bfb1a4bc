import pytest
from set_files import make_videos

from dfdc_utils.data import metadata, splits


def make_set(root, people=6, listed=("1 Celeb-real/id0_0000.mp4", "0 Celeb-synthesis/id0_id1_0000.mp4")):
    for person in range(people):
        other = (person + 1) % people
        for take in ("0000", "0001"):
            make_videos(root, f"Celeb-real/id{person}_{take}.mp4", f"Celeb-synthesis/id{person}_id{other}_{take}.mp4")
    make_videos(root, "YouTube-real/00000.mp4")
    if listed is not None:
        (root / "List_of_testing_videos.txt").write_text("\n".join(listed) + "\n")
    return root


def test_one_on_the_list_of_testing_videos_is_real(tmp_path):
    dataset = metadata.read(make_set(tmp_path))
    assert dataset.layout == "celeb-df"
    assert dataset.problems.empty
    rows = dataset.table.set_index("video")
    assert rows.loc["id0_0000.mp4", ["label", "split"]].tolist() == ["REAL", "test"]
    assert rows.loc["id0_id1_0000.mp4", ["label", "split", "original"]].tolist() == ["FAKE", "test", "id0_0000.mp4"]
    assert rows.loc["id0_0001.mp4", ["label", "split", "part"]].tolist() == ["REAL", None, "Celeb-real"]
    assert rows.loc["00000.mp4", ["label", "part"]].tolist() == ["REAL", "YouTube-real"]


def test_the_official_test_split_stands_and_what_would_leak_is_left_out(tmp_path):
    # The list names the fake alone: its original may not be trained on.
    make_set(tmp_path, listed=["0 Celeb-synthesis/id0_id1_0000.mp4", "1 Celeb-real/id3_0001.mp4"])
    table = splits.assign(metadata.read(tmp_path).table, "original", seed=1)
    test = table.loc[table["split"] == "test", "video"]
    assert set(test) == {"id0_id1_0000.mp4", "id3_0001.mp4"}
    assert {"id0_0000.mp4", "id3_id4_0001.mp4"}.isdisjoint(table["video"])
    assert table.attrs["left_out"] == 2
    assert set(table["split"]) == {"train", "validation", "test"}
    splits.check(table)
    # The leaky split draws anew, from all.
    assert len(splits.assign(metadata.read(tmp_path).table, "random", seed=1)) == 25


def test_a_set_has_the_splits_that_can_be_made_of_it(tmp_path):
    table = metadata.read(make_set(tmp_path)).table
    assert list(splits.possible(table, seed=1)) == ["original", "random"]


def test_a_list_that_contradicts_the_folders_or_names_what_is_not_there(tmp_path):
    make_set(tmp_path, listed=["0 Celeb-real/id0_0000.mp4", "1 YouTube-real/00099.mp4"])
    dataset = metadata.read(tmp_path)
    assert {(row.problem, row.part, row.video) for row in dataset.problems.itertuples()} == {
        ("unknown label", "Celeb-real", "id0_0000.mp4"), ("absent", "YouTube-real", "00099.mp4"),
    }
    assert "id0_0000.mp4" not in set(dataset.table["video"])


def test_a_list_that_cannot_be_understood(tmp_path):
    make_set(tmp_path, listed=["1 Celeb-real/id0_0000.mp4", "REAL id0_0001.mp4"])
    with pytest.raises(ValueError, match=r"List_of_testing_videos\.txt, line 2"):
        metadata.read(tmp_path)


def test_one_name_in_two_folders_is_a_problem(tmp_path):
    make_videos(make_set(tmp_path), "YouTube-real/id0_0000.mp4")
    problems = metadata.read(tmp_path).problems
    assert problems[["problem", "part", "video", "detail"]].to_numpy().tolist() == [
        ["duplicate name", "YouTube-real", "id0_0000.mp4", "first in Celeb-real"]
    ]
