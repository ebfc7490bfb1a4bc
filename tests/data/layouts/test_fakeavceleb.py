from set_files import make_videos

from dfdc_utils.data import metadata, splits


def make_set(root, people=6):
    for number in range(people):
        who = f"African/men/id{number:05}"
        make_videos(
            root, f"RealVideo-RealAudio/{who}/00109.mp4", f"RealVideo-FakeAudio/{who}/00109_fake.mp4",
            f"FakeVideo-RealAudio/{who}/00109_1_id00166_wavtolip.mp4",
            f"FakeVideo-FakeAudio/{who}/00109_id00166_wavtolip.mp4",
        )
    return root


def test_a_clip_is_real_where_picture_and_sound_are(tmp_path):
    dataset = metadata.read(make_set(tmp_path, people=2))
    assert dataset.layout == "fakeavceleb" and dataset.problems.empty
    rows = dataset.table.set_index("video")
    assert rows.loc["id00000_00109.mp4", ["label", "person", "part"]].tolist() == [
        "REAL", "id00000", "RealVideo-RealAudio",
    ]
    fake = rows.loc["RealVideo-FakeAudio_id00001_00109_fake.mp4"]
    assert fake[["label", "original", "part"]].tolist() == ["FAKE", "id00001_00109.mp4", "RealVideo-FakeAudio"]
    assert (rows["label"] == "FAKE").sum() == 6 and len(rows) == 8
    # Names recur from person to person, and stay apart.
    assert rows.index.is_unique


def test_nobody_stands_on_both_sides_of_a_split(tmp_path):
    table = splits.assign(metadata.read(make_set(tmp_path, people=12)).table, "original", seed=1)
    assert set(table["split"]) == {"train", "validation", "test"}
    assert table.groupby("person")["split"].nunique().max() == 1


def test_a_fake_whose_name_does_not_tell_its_original_is_a_problem(tmp_path):
    make_videos(make_set(tmp_path, people=2), "FakeVideo-RealAudio/African/men/id00001/00200.mp4")
    dataset = metadata.read(tmp_path)
    assert dataset.problems[["problem", "video"]].to_numpy().tolist() == [["unnamed", "00200.mp4"]]
    assert len(dataset.table) == 8


def test_it_is_found_from_a_folder_above(tmp_path):
    make_set(tmp_path / "sets" / "FakeAVCeleb_v1.2", people=2)
    assert metadata.read(metadata.read(tmp_path / "sets" / "FakeAVCeleb_v1.2").root).layout == "fakeavceleb"
