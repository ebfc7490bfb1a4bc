import numpy as np
import pandas as pd
import pytest

from dfdc_utils.explore import clips
from dfdc_utils.explore.clips import Clips
from dfdc_utils.study.stages import stage_of


@pytest.fixture
def some():
    table = pd.DataFrame({
        "video": ["b.mp4", "a.mp4", "<b>c</b>.mp4", "d.mp4"], "path": "/nowhere",
        "part": ["part_10", "part_9", "part_9", None], "label": ["FAKE", "REAL", "FAKE", None],
        "original": ["a.mp4", None, "a.mp4", None], "split": ["test", "test", "train", "unlabelled"],
    })
    return Clips(table, {"m": np.array([0.4, 0.7, 0.5, np.nan])}, {"m": "M"}, (), {"m": np.array([1, 1, 1, 0], bool)})


def videos(some, **query):
    return [row["video"] for row in some.page(query)["rows"]]


def test_every_word_must_occur_and_case_does_not_count(some):
    assert videos(some, text="FAKE part_9") == ["<b>c</b>.mp4"]
    assert videos(some, text="<B>") == ["<b>c</b>.mp4"]
    assert videos(some, text=".*") == []


def test_parts_are_sorted_by_their_numbers_and_what_has_none_comes_last(some):
    assert videos(some, sort="part") == ["a.mp4", "<b>c</b>.mp4", "b.mp4", "d.mp4"]
    assert videos(some, sort="part", descending=True) == ["b.mp4", "a.mp4", "<b>c</b>.mp4", "d.mp4"]
    assert videos(some, sort="score", model="m", descending=True) == ["a.mp4", "<b>c</b>.mp4", "b.mp4", "d.mp4"]


def test_right_and_wrong_are_those_of_the_threshold(some):
    assert videos(some, model="m", verdict="wrong") == ["b.mp4", "a.mp4"]
    # From the threshold on it means FAKE.
    assert videos(some, model="m", verdict="right") == ["<b>c</b>.mp4"]
    assert videos(some, model="m", verdict="right", threshold=0.3) == ["b.mp4", "<b>c</b>.mp4"]
    assert videos(some, model="m", verdict="none") == ["d.mp4"]
    assert videos(some, model="m", low=0.5) == ["a.mp4", "<b>c</b>.mp4"]
    assert videos(some, model="m", high=0.5) == ["b.mp4"]


def test_a_page_is_a_part_of_what_was_found(some):
    page = some.page({"start": 1, "count": 2, "sort": "video"})
    assert (page["total"], page["start"], len(page["rows"])) == (4, 1, 2)
    assert page["rows"][0]["original"] is None


@pytest.mark.parametrize("query", [{"sort": "path"}, {"model": "n"}])
def test_what_is_not_there_is_said(some, query):
    with pytest.raises(ValueError, match="n" if "model" in query else "path"):
        some.page(query)


def test_a_study_without_a_table_shows_the_files(workspace, tiny_dfdc, monkeypatch):
    monkeypatch.setattr(type(workspace), "synthetic", property(lambda self: tiny_dfdc))
    found = clips.of_study(workspace)
    assert len(found.table) == 14
    assert not found.scores
    assert set(found.choices()["label"]) == {"FAKE", "REAL"}


def test_of_a_study_it_knows_outcomes_methods_and_scores(explored):
    found = clips.of_study(explored)
    assert list(found.titles) == ["meso4"]
    labelled = found.table["label"].notna()
    assert not np.isnan(found.scores["meso4"][labelled]).any()
    assert {"outcome", "method"} <= set(found.columns)


def test_notebook_11_waits_for_the_predictions():
    assert "predictions/meso4.parquet" in stage_of("11_explore").reads
