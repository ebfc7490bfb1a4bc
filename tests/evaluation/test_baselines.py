import av
import numpy as np
import pandas as pd
import pytest

from dfdc_utils.evaluation import baselines
from dfdc_utils.faces.probe import VideoInfo


def _clip(path, grey, frames=12):
    """A real H.264 clip of one grey."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(frames):
            image = np.full((48, 64, 3), grey, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))


@pytest.fixture
def clips(tmp_path):
    _clip(tmp_path / "dark.mp4", 40)
    _clip(tmp_path / "bright.mp4", 200)
    (tmp_path / "broken.mp4").write_bytes(b"\0" * 100)
    rows = [(name, str(tmp_path / name), "dfdc_train_part_0", label)
            for name, label in (("dark.mp4", "FAKE"), ("bright.mp4", "REAL"), ("broken.mp4", "FAKE"))]
    return pd.DataFrame(rows, columns=["video", "path", "part", "label"])


@pytest.mark.slow
def test_every_video_is_measured_once_and_broken_ones_keep_their_row(clips, workspace, monkeypatch):
    statistics = baselines.clip_statistics(clips, workspace.profile, cache=workspace.videos)
    assert statistics["video"].tolist() == ["dark.mp4", "bright.mp4", "broken.mp4"]
    assert statistics["label"].tolist() == ["FAKE", "REAL", "FAKE"]
    assert statistics["brightness"].tolist()[:2] == pytest.approx([40, 200], abs=3)
    assert statistics["frames"].tolist()[:2] == [12, 12]
    assert statistics["rate"].tolist()[:2] == pytest.approx([24, 24])
    assert statistics["codec"].tolist() == ["h264", "h264", None]
    assert statistics["face_brightness"].isna().all()
    assert statistics["reason"].isna().tolist() == [True, True, False]
    assert statistics["size_bytes"].tolist()[2] == 100

    # What is known is read back, except what changed on disk.
    opened = []

    def run(function, tasks, **_):
        opened.extend(video for task in tasks for video, *_ in task)
        return map(function, tasks)

    monkeypatch.setattr(baselines.parallel, "run", run)
    again = baselines.clip_statistics(clips, workspace.profile, cache=workspace.videos)
    pd.testing.assert_frame_equal(again, statistics, check_dtype=False)
    assert opened == []
    (workspace.home / "broken.mp4").write_bytes(b"\0" * 50)
    again = baselines.clip_statistics(clips, workspace.profile, cache=workspace.videos)
    assert opened == ["broken.mp4"] and again["size_bytes"].tolist()[2] == 50
    baselines.clip_statistics(
        clips.iloc[2:], workspace.profile.replace(face_margin=0.5), cache=workspace.videos
    )
    assert opened == ["broken.mp4"] * 2


@pytest.mark.slow
def test_faces_of_a_synthetic_clip_are_measured(tiny_dfdc, workspace, monkeypatch):
    paths = sorted(tiny_dfdc.glob("dfdc_train_part_*/*.mp4"))[:4]
    clips = pd.DataFrame(
        {"video": [path.name for path in paths], "path": list(map(str, paths)), "part": "", "label": "REAL"}
    )
    monkeypatch.setattr(baselines.parallel, "run", lambda function, tasks, **_: map(function, tasks))
    statistics = baselines.clip_statistics(clips, workspace.profile)
    found = statistics.dropna(subset=["face_brightness"])
    assert len(found) >= 2
    assert found["face_brightness"].between(5, 250).all()
    assert (found["face_laplacian"] > 0).all() and (found["face_contrast"] > 0).all()


@pytest.fixture
def study_of_numbers():
    """200 training and 100 test videos with statistics that say nothing of the label."""
    generator = np.random.default_rng(0)
    count = 300
    table = pd.DataFrame({
        "video": [f"{n}.mp4" for n in range(count)],
        "label": np.where(generator.random(count) < 0.7, "FAKE", "REAL"),
        "split": ["train"] * 200 + ["test"] * 100,
    })
    statistics = pd.DataFrame(
        generator.uniform(10, 100, (count, len(baselines.NUMBERS))), columns=baselines.NUMBERS
    ).assign(width=1920, height=1080, rate=30.0, codec="h264", pixel_format="yuv420p", audio_codec="aac", rotation=0)
    return statistics.assign(video=table["video"], encoder="isom, Lavf60.3.100"), table


def test_statistics_that_say_nothing_are_near_chance(study_of_numbers):
    assert baselines.trivial_baseline(*study_of_numbers).auc == pytest.approx(0.5, abs=0.15)


def test_one_telling_statistic_is_found_and_named(study_of_numbers):
    statistics, table = study_of_numbers
    statistics.loc[table["label"] == "FAKE", "bit_rate"] *= 20
    result = baselines.trivial_baseline(statistics, table)
    assert result.auc > 0.99
    assert result.alone.idxmax() == "bit_rate"
    assert "bit_rate" in result.verdict


@pytest.mark.parametrize(
    ("leak", "named"),
    [
        ({"height": 2}, ("picture_size", "height")), ({"rate": -0.03}, ("frame_rate", "rate")),
        ({"audio_codec": None}, ("audio_codec",)), ({"encoder": "isom, Lavf58.29.100"}, ("encoder",)),
        ({"rotation": 90}, ("rotation",)), ({"codec": "hevc"}, ("codec",)), ({"seconds": 200}, ("seconds",)),
    ],
)
def test_whatever_a_file_says_that_tells_the_label_is_found_and_named(study_of_numbers, leak, named):
    statistics, table = study_of_numbers
    # Of several sizes and rates: no single threshold tells them apart.
    statistics["height"] = np.resize([480, 720, 1080, 1920], len(table))
    statistics["rate"] = np.resize([24.0, 25.0, 30.0], len(table))
    fake = table["label"] == "FAKE"
    (column, change), = leak.items()
    statistics[column] = statistics[column].astype(object)
    added = statistics[column] + change if isinstance(change, int | float) and column != "rotation" else change
    statistics.loc[fake, column] = added if not isinstance(added, pd.Series) else added[fake]
    result = baselines.trivial_baseline(statistics, table)
    assert result.auc > 0.95
    assert result.alone[named[0]] > 0.95
    assert named[0] in result.verdict


def test_where_nothing_tells_the_verdict_says_so(study_of_numbers):
    assert baselines.trivial_baseline(*study_of_numbers).verdict.startswith("No single property")


def test_what_a_file_says_of_its_making_is_read(tmp_path):
    _clip(tmp_path / "a.mp4", 40)
    assert "Lavf" in VideoInfo.from_path(tmp_path / "a.mp4").encoder


def test_no_test_video_is_dropped_for_want_of_a_face(study_of_numbers):
    statistics, table = study_of_numbers
    statistics.loc[:250, ["face_brightness", "face_contrast", "face_laplacian"]] = np.nan
    statistics = statistics.drop(index=299)
    result = baselines.trivial_baseline(statistics, table)
    assert len(result.videos) == 100
    assert result.videos["p_fake"].between(0, 1).all()
    assert set(result.alone.index) == set(baselines.FEATURES)


def test_a_split_of_one_label_is_refused(study_of_numbers):
    statistics, table = study_of_numbers
    with pytest.raises(ValueError, match="test split needs real and fake"):
        baselines.trivial_baseline(statistics, table[(table["split"] == "train") | (table["label"] == "FAKE")])
