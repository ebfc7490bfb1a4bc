import numpy as np
import pandas as pd
import pytest

from dfdc_utils.data import splits, study_table
from dfdc_utils.data.layouts.rows import part_key


def parts(count, *, originals=2, fakes=5):
    """`count` parts, each of `originals` reals with `fakes` fakes of each."""
    rows = []
    for part in range(count):
        for person in range(originals):
            real = f"p{part:02}o{person}.mp4"
            rows.append((real, "REAL", None, part))
            rows += [(f"p{part:02}o{person}f{i}.mp4", "FAKE", real, part) for i in range(fakes)]
    table = pd.DataFrame(rows, columns=["video", "label", "original", "part"], dtype=object)
    table["part"] = table["part"].map("dfdc_train_part_{}".format)
    table["path"] = "/" + table["video"]
    table["split"] = None
    return table[list(study_table.COLUMNS)]


def unlabelled(*videos):
    row = {"label": None, "original": None, "part": "test_videos", "split": "unlabelled"}
    return pd.DataFrame([{"video": v, "path": f"/{v}", **row} for v in videos], dtype=object)


@pytest.mark.parametrize(
    ("count", "expected"),
    [(50, (30, 10, 10)), (15, (9, 3, 3)), (10, (6, 2, 2)), (4, (2, 1, 1)), (3, (1, 1, 1))],
)
def test_by_part_is_in_part_order_and_in_proportion(count, expected):
    table = splits.assign(parts(count), "part", seed=0)
    of_part = table.groupby("part")["split"].unique().map(lambda names: names[0])
    in_order = of_part.loc[sorted(of_part.index, key=part_key)].tolist()
    assert in_order == ["train"] * expected[0] + ["validation"] * expected[1] + ["test"] * expected[2]
    assert splits.leaks(table) == {"videos": 0, "originals": 0}


def test_fewer_than_three_parts_cannot_be_split_by_part():
    with pytest.raises(ValueError, match='3 or more labelled parts; here is 2.*split="original"'):
        splits.assign(parts(2), "part", seed=0)


def test_by_original_keeps_a_fake_with_its_original_even_where_that_file_is_absent():
    table = parts(1, originals=50)
    table = table[table["video"] != "p00o7.mp4"]
    table = splits.assign(table, "original", seed=3)
    splits.check(table)
    assert table.loc[table["original"] == "p00o7.mp4", "split"].nunique() == 1
    originals = table["original"].fillna(table["video"]).groupby(table["split"]).nunique()
    assert originals.to_dict() == {"train": 30, "validation": 10, "test": 10}


def test_random_is_80_20_with_a_tenth_of_the_80_for_validation_and_leaks():
    table = splits.assign(parts(10, originals=10), "random", seed=0)
    assert table["split"].value_counts().to_dict() == {"train": 432, "test": 120, "validation": 48}
    leaks = splits.leaks(table)
    # With five siblings each in training with probability 0.72, hardly a test video has none there.
    assert 110 <= leaks["videos"] <= 120
    assert 60 <= leaks["originals"] <= 100
    with pytest.raises(ValueError, match=r"In more than one split \(\d+ originals\): p\d+o\d\.mp4"):
        splits.check(table)
    splits.check(table, originals=False)


@pytest.mark.parametrize("method", splits.METHODS)
def test_the_seed_decides_whatever_the_order_of_the_rows(method):
    table = pd.concat([parts(12), unlabelled("t.mp4")], ignore_index=True)
    before = table.copy()
    shuffled = table.sample(frac=1, random_state=1)

    def split_of(rows, seed):
        split = splits.assign(rows, method, balance="balanced", seed=seed)
        return split.set_index("video")["split"].sort_index()

    pd.testing.assert_series_equal(split_of(table, 5), split_of(shuffled, 5))
    assert split_of(table, 5)["t.mp4"] == "unlabelled"
    assert not split_of(table, 5).equals(split_of(table, 6))
    pd.testing.assert_frame_equal(table, before)


def test_balanced_keeps_as_many_fakes_as_reals_in_each_split():
    table = pd.concat([parts(10), unlabelled("t.mp4", "u.mp4")], ignore_index=True)
    balanced = splits.assign(table, "part", balance="balanced", seed=1)
    counts = balanced.groupby(["split", "label"]).size()
    for split, reals in {"train": 12, "validation": 4, "test": 4}.items():
        assert counts[split, "FAKE"] == counts[split, "REAL"] == reals
    assert balanced.attrs["left_out"] == len(table) - len(balanced) == 80
    assert (balanced["split"] == "unlabelled").sum() == 2
    assert splits.assign(table, "part", seed=1).attrs["left_out"] == 0


def test_balanced_also_thins_out_reals_where_they_are_more():
    table = parts(6, originals=4, fakes=1)
    table = table[~((table["label"] == "FAKE") & table["video"].str.contains("o[12]"))]
    balanced = splits.assign(table, "part", balance="balanced", seed=1)
    assert (balanced["label"] == "FAKE").sum() == (balanced["label"] == "REAL").sum() == 12


def test_check_names_the_videos_that_stand_in_two_splits():
    table = splits.assign(parts(5), "part", seed=0)
    twice = table[table["video"] == "p00o0.mp4"].assign(split="test")
    with pytest.raises(ValueError, match=r"1 video\): p00o0\.mp4 \(test, train\)"):
        splits.check(pd.concat([table, twice]))
    torn = table.copy()
    torn.loc[torn["video"] == "p00o1f3.mp4", "split"] = "validation"
    with pytest.raises(ValueError, match=r"1 original\): p00o1\.mp4 \(train, validation\)"):
        splits.check(torn)
    assert splits.leaks(torn) == {"videos": 0, "originals": 1}


def test_an_original_whose_fakes_lie_in_two_parts_is_caught():
    table = parts(5)
    table.loc[table["video"] == "p04o0f0.mp4", "original"] = "p00o0.mp4"
    with pytest.raises(ValueError, match=r"p00o0\.mp4 \(test, train\)"):
        splits.assign(table, "part", seed=0)


def test_what_cannot_be_split_says_why():
    with pytest.raises(ValueError, match="None of the videos has a label"):
        splits.assign(unlabelled("t.mp4"), "part", seed=0)
    with pytest.raises(ValueError, match="no split by 'actor'"):
        splits.assign(parts(5), "actor", seed=0)
    with pytest.raises(ValueError, match="balance is"):
        splits.assign(parts(5), "part", balance="half", seed=0)
    table = parts(5)
    reals_of_the_last = (table["part"] == "dfdc_train_part_4") & (table["label"] == "REAL")
    with pytest.raises(ValueError, match="the test split has no REAL video"):
        splits.assign(table[~reals_of_the_last], "part", seed=0)


def test_a_full_size_table_is_split_in_seconds():
    generator = np.random.default_rng(0)
    table = parts(50, originals=383)
    table = table.iloc[generator.permutation(len(table))]
    table = splits.assign(table, "part", balance="balanced", seed=2022)
    assert len(table) == 2 * 50 * 383


def test_some_of_a_set_are_whole_families():
    rows = [(f"r{n}.mp4", "REAL", None) for n in range(10)]
    rows += [(f"f{n}.mp4", "FAKE", f"r{n % 10}.mp4") for n in range(40)]
    table = pd.DataFrame(rows, columns=["video", "label", "original"], dtype=object)
    some = splits.some(table, 23, seed=1)
    # A family is an original and its four fakes.
    assert len(some) == 20
    assert some["original"].fillna(some["video"]).value_counts().tolist() == [5] * 4
    shuffled = splits.some(table.sample(frac=1, random_state=3), 23, seed=1)
    assert set(shuffled["video"]) == set(some["video"])
    assert set(splits.some(table, 23, seed=2)["video"]) != set(some["video"])
    assert splits.some(table, 0, seed=1) is table
