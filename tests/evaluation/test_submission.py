import pandas as pd
import pytest

from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.evaluation import submission
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import ACCOUNT, FACES
from dfdc_utils.faces.store import open_store


@pytest.fixture
def challenge(workspace, tmp_path):
    """Four unlabelled videos, one of them without a face, and three of five training videos fake."""
    folder = tmp_path / "dfdc" / "test_videos"
    folder.mkdir(parents=True)
    names = ["aaa.mp4", "bbb.mp4", "ccc.mp4", "ddd.mp4"]
    rows = [(name, str(folder / name), "test_videos", None, None, "unlabelled") for name in names]
    rows += [
        (f"{n}.mp4", "", "dfdc_train_part_0", "FAKE" if n < 3 else "REAL", None, "train") for n in range(5)
    ]
    table = pd.DataFrame(rows, columns=["video", "path", "part", "label", "original", "split"])
    save_study_table(workspace, table)
    outcomes = ["no_face" if video == "bbb.mp4" else "ok" for video in table["video"]]
    account = pd.DataFrame({"video": table["video"], "outcome": outcomes}).reindex(columns=ACCOUNT.names)
    store = open_store(workspace)
    with store.held():
        store.begin(cutting(workspace.profile))
    store.write(0, pd.DataFrame(columns=FACES.names), account)
    return workspace


SCORES = pd.Series({"aaa.mp4": 0.2, "ccc.mp4": 0.9999, "ddd.mp4": 0.0})


def _sample(workspace, names):
    path = workspace.home / "dfdc" / "sample_submission.csv"
    pd.DataFrame({"filename": names, "label": 0.5}).to_csv(path, index=False)
    return path


def test_every_video_is_in_it_clipped_and_in_the_order_of_the_sample(challenge):
    _sample(challenge, ["ddd.mp4", "ccc.mp4", "bbb.mp4", "aaa.mp4"])
    submission.write(challenge, SCORES)
    assert challenge.submission.read_text().splitlines() == [
        "filename,label", "ddd.mp4,0.010000", "ccc.mp4,0.990000", "bbb.mp4,0.600000", "aaa.mp4,0.200000",
    ]


def test_without_a_sample_the_tables_order_stays(challenge):
    written = submission.write(challenge, SCORES)
    assert written["filename"].tolist() == ["aaa.mp4", "bbb.mp4", "ccc.mp4", "ddd.mp4"]


def test_every_name_of_the_sample_has_a_row_whatever_is_in_the_study(challenge, capsys):
    _sample(challenge, ["eee.mp4", "ccc.mp4", "ccc.mp4", "aaa.mp4"])
    written = submission.write(challenge, SCORES)
    assert written["filename"].tolist() == ["eee.mp4", "ccc.mp4", "aaa.mp4"]
    assert written["label"].tolist() == [0.6, 0.99, 0.2]
    printed = capsys.readouterr().out
    assert "1 names" in printed and "(eee.mp4)" in printed
    assert "2 videos are not named there and left out (bbb.mp4, ddd.mp4)" in printed


def test_a_video_with_faces_but_no_score_is_refused(challenge):
    with pytest.raises(ValueError, match="ccc.mp4"):
        submission.write(challenge, SCORES.drop("ccc.mp4"))


def test_without_unlabelled_videos_there_is_nothing_to_submit(challenge):
    table = open_study_table(challenge)
    save_study_table(challenge, table[table["split"] == "train"])
    with pytest.raises(ValueError, match="test_videos"):
        submission.write(challenge, SCORES)
