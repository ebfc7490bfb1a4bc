"""Picture and sound together: what is fitted, what is gained, and what is said where nothing fits."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from dfdc_utils import made_from
from dfdc_utils.evaluation.calibration import expected_calibration_error
from dfdc_utils.sound import clips, together, verdicts
from dfdc_utils.workspace import write_json


def signs(count, *, seed):
    """Three kinds of fakes, each seen by one sign only; originals that none sees; and labels."""
    rng = np.random.default_rng(seed)
    kind = np.arange(count) % 4
    values = rng.normal(-1, 1, (count, 3))
    for number in range(3):
        values[kind == number + 1, number] += 2
    return pd.DataFrame(expit(values), columns=list(together.SIGNS)), (kind > 0).astype(int)


def test_one_sign_is_enough_and_a_missing_one_says_nothing():
    combined = together.Together(weights=(1, 1, 1), biases=(0, 0, 0))
    rows = pd.DataFrame([[0.5, 0.0, 0.0], [0.5, 0.5, np.nan], [np.nan] * 3, [0.0, 1.0, 0.0]], columns=together.SIGNS)
    assert combined(rows) == pytest.approx([0.5, 0.75, 0, 1], abs=1e-4)


def test_what_is_fitted_finds_all_kinds_and_says_how_often_it_is_right():
    fitted = together.fit(*signs(400, seed=1))
    rows, labels = signs(800, seed=2)
    p_fake = fitted(rows)
    assert all(weight > 0 for weight in fitted.weights)
    raw = 1 - np.prod(1 - rows.to_numpy(), axis=1)
    assert expected_calibration_error(labels, p_fake) < min(0.1, expected_calibration_error(labels, raw))
    videos = pd.DataFrame({
        "video": [f"{n}" for n in range(800)], "label": np.where(labels == 1, "FAKE", "REAL"),
        "original": [f"{n // 4}" for n in range(800)], "picture": rows["picture"], "p_fake": p_fake,
    })
    gained = together.gain(videos, seed=1)
    auc = gained["auc"]
    assert auc["gain"] == pytest.approx(auc["picture and sound"] - auc["picture"])
    assert gained.loc["gain", "auc_low"] > 0.1 and gained.loc["gain", "log_loss_high"] < 0
    nothing = together.gain(videos.assign(p_fake=videos["picture"]), seed=1)
    assert verdicts.of_together(nothing).count("neither better nor worse is proven") == 2
    assert verdicts.of_together(gained).count("better, beyond luck") == 2 and nothing.loc["gain", "auc"] == 0
    worse = together.gain(videos.assign(p_fake=videos["picture"], picture=p_fake), seed=1)
    assert "worse, beyond luck" in verdicts.of_together(worse)
    alone = together.gain(videos.head(4).assign(original="0"), seed=1)
    assert np.isnan(alone.loc["gain", "auc_low"]) and "proven" in verdicts.of_together(alone)


CLIPS = pd.DataFrame(
    [("a", "REAL", None, "test"), ("b", "FAKE", "a", "test"), ("c", "FAKE", "a", "test"), ("d", "REAL", None, "test"),
     ("e", "REAL", None, "train"), ("f", "FAKE", "e", "train"), ("g", None, None, "unlabelled")],
    columns=["video", "label", "original", "split"],
)
TRUTH = pd.DataFrame(
    [("a", "", ""), ("b", "sound", "Griffin-Lim"), ("c", "nearest_neighbour", ""), ("d", "", ""), ("e", "", ""),
     ("f", "sound", "another voice")], columns=["video", "method", "voice"],
)


def test_which_clips_are_heard_and_what_was_forged_in_them():
    chosen = clips.to_hear(CLIPS, most=5)
    assert list(chosen["video"]) == ["e", "a", "b", "c", "d"], "no fake to learn from"
    kind = clips.kinds(chosen, TRUTH)
    assert kind.to_dict() == {
        "a": "original", "b": "sound: Griffin-Lim", "c": "nearest neighbour", "d": "original", "e": "original",
    }
    assert clips.originals(chosen, "test", {"a": 1}) == ["a"]
    assert set(clips.kinds(chosen, None)) == {"original", "fake"}


def test_each_kind_is_set_against_originals_alone():
    chosen = clips.to_hear(CLIPS, most=5)
    kind = clips.kinds(chosen, TRUTH)
    test = chosen[chosen["split"] == "test"]
    found = pd.DataFrame({"eye": {"a": 0.1, "b": 0.05, "c": 0.9, "d": 0.3}, "ear": {"a": 0.1, "b": 0.8, "d": 0.2}})
    aucs = clips.by_kind(found, test, kind, seed=1)
    assert aucs["eye"].to_dict() == {"nearest neighbour (1)": 1.0, "sound: Griffin-Lim (1)": 0.0}
    assert aucs.loc["sound: Griffin-Lim (1)", "ear"] == 1 and np.isnan(aucs.loc["nearest neighbour (1)", "ear"])
    missing = clips.against_originals({}, test, kind, ["sound: Griffin-Lim"], seed=1)
    assert np.isnan(missing["auc"]) and missing["fakes"] == 0


def test_a_verdict_follows_from_its_numbers():
    nothing = {"auc": 0.5, "low": 0.3, "high": 0.7}
    some = {"auc": 0.9, "low": 0.8, "high": 0.95}
    assert "A coin does as well" in verdicts.of_eyes({"sound": nothing, "picture": some})
    assert "tells them apart" in verdicts.of_eyes({"sound": some, "picture": some})
    assert verdicts.of_trivial(pd.DataFrame({"level": nothing}).T).startswith("None")
    assert "level (0.90)" in verdicts.of_trivial(pd.DataFrame({"level": some, "bit rate": nothing}).T)


def test_the_row_of_the_comparison_is_there_only_while_it_fits(predicted_study, capsys):
    """Nothing is shown that was made from another model than the one that lies there."""
    workspace, name = predicted_study
    assert together.row(workspace).empty
    assert "has not run" in capsys.readouterr().out
    videos = pd.DataFrame({
        "video": list("abcdef"), "label": ["REAL", "FAKE"] * 3, "original": ["a", "a", "c", "c", "e", "e"],
        "picture": [0.2, 0.6] * 3, "p_fake": [0.1, 0.9, 0.2, 0.8, 0.3, np.float64(0.1)],
    })
    fitted = together.Together(weights=(1, 1, 1), biases=(0, 0, 0))
    together.save(workspace, name, videos, fitted, parameters=100)
    row = together.row(workspace).iloc[0]
    assert row["title"].endswith("and sound") and row["parameters"] == 1100
    assert row["test_auc"] == pytest.approx(6.5 / 9) and row["test_auc_low"] <= row["test_auc"]
    assert json.loads(workspace.listened.read_text())["videos"][1]["p_fake"] == 0.9
    # Another number of steps, then another model.
    other = dataclasses.replace(workspace, profile=workspace.profile.replace(sound_steps=7))
    assert together.row(other).empty and "sound_steps" in capsys.readouterr().out
    workspace.model(name).write_bytes(b"another")
    assert together.row(workspace).empty
    assert "another version of the model" in capsys.readouterr().out


@pytest.fixture
def predicted_study(tmp_path, monkeypatch):
    """A study with one model's files, a table and a store of faces that nobody looks at."""
    from dfdc_utils.workspace import Workspace

    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    monkeypatch.delenv("DFDC_DATA", raising=False)
    monkeypatch.delenv("DFDC_RUNS", raising=False)
    workspace = Workspace.open("tiny")
    monkeypatch.setattr(together, "open_study_table", lambda _: None)
    monkeypatch.setattr(together.record, "study_inputs", lambda *_: {"the faces": "same"})
    workspace.model("meso4").parent.mkdir(parents=True)
    workspace.model("meso4").write_bytes(b"one")
    made_from.record(workspace, workspace.model("meso4"), made_from.MadeFrom())
    write_json(workspace.training("meso4"), {"parameters": 1000})
    return workspace, "meso4"
