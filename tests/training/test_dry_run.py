import dataclasses

import pandas as pd
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.training import dry_run

TINY = profiles.get("tiny")


def test_every_model_takes_its_steps_and_the_report_says_how_fast(workspace, monkeypatch, capsys):
    monkeypatch.setattr(models, "names", lambda: ["resnet50_lstm"])
    wide = workspace.profile.replace(backbone_width=1)
    assert dry_run.report(dataclasses.replace(workspace, profile=wide))
    header, row = capsys.readouterr().out.splitlines()[:2]
    assert header.split() == ["model", "parameters", "trainable", "batch", "memory", "trained", "scored"]
    assert row.split()[:3] == ["ResNet50", "+", "LSTM"] and row.split()[5] == "4"
    memory, trained, scored = row.split()[6], *(text for text in row.split() if text.endswith("/s"))
    assert 0.3 < float(memory) < 8
    # Of cached features, which are trained on faster than faces are looked at.
    assert float(trained[:-2].replace(",", "")) > float(scored[:-2].replace(",", "")) > 1


def test_a_model_too_large_for_the_memory_costs_itself_alone(monkeypatch):
    monkeypatch.setattr(models, "names", lambda: ["densenet121", "meso4"])
    found = dry_run.dry_run(TINY.replace(backbone_batch_size=10**9)).set_index("model")
    assert found.loc["densenet121", "problem"] == "out of memory: set smaller batches"
    assert pd.isna(found.loc["meso4", "problem"]) and found.loc["meso4", "trained"] > 0


def test_hours_by_hand():
    profile = TINY.replace(epochs=3, frames_per_epoch=5, sequence_epochs=2, sequence_frames=4, frames_per_video=6)
    frame = pd.Series({"model": "meso4", "trained": 2.0, "predicted": 10.0})
    # Pairs: 100 real videos and as many fakes, five faces of each, three epochs, two faces a second.
    assert dry_run.hours(frame, profile, 100, 700) == pytest.approx(3 * 200 * 5 / 2 / 3600)
    assert dry_run.hours(frame, profile.replace(draw="natural"), 100, 700) == pytest.approx(3 * 800 * 5 / 2 / 3600)
    # Sequences: their features first, of all faces as they are and augmented.
    sequence = frame.replace("meso4", "resnet50_lstm")
    expected = (2 * 200 * 4 / 2 + 800 * 6 * 2 / 10) / 3600
    assert dry_run.hours(sequence, profile, 100, 700) == pytest.approx(expected)


def test_estimates_come_from_the_published_counts_until_there_is_a_table(workspace, monkeypatch):
    assert dry_run._training_videos(workspace) is None
    monkeypatch.setattr(dry_run, "_PUBLISHED", {"tiny": (10, 50)})
    assert dry_run._training_videos(workspace) == (6, 30)
