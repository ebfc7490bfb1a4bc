"""Real networks, the real detector, real files."""

import os

import numpy as np
import pytest

from dfdc_utils.predict import asked, judge
from dfdc_utils.predict.files import Named

pytestmark = pytest.mark.slow


@pytest.fixture
def say(studies, folder):
    """What is said of a file in the folder."""
    models = asked.find(["meso4", "custom_cnn"], studies)
    return lambda name: judge.judge(Named(folder / name), models).row


def test_people_are_judged_shot_by_shot(say):
    """A comes back after B: in the same place, and nobody is mixed with anybody."""
    row = say("cuts.mp4")
    assert row["status"] == "ok" and len(row["shots"]) == 3
    assert sorted(person["shot"] for person in row["people"]) == [1, 2, 3]
    of_shot = {person["shot"]: person["scores"]["custom_cnn"]["raw"] for person in row["people"]}
    assert abs(of_shot[1] - of_shot[3]) < abs(of_shot[1] - of_shot[2])
    assert any("cuts 2 times" in note for note in row["notes"])
    first, second = (next(person for person in row["people"] if person["shot"] == shot) for shot in (1, 2))
    assert first["to"] < second["from"]


def test_the_third_person_is_judged_too_and_the_most_suspicious_one_counts(say):
    row = say("three_people.mp4")
    assert len(row["people"]) == 3
    centres = sorted((person["box"][0] + person["box"][2]) / 2 for person in row["people"])
    assert all(320 * k < centre < 320 * (k + 1) for k, centre in enumerate(centres))
    for name in ("meso4", "custom_cnn"):
        scores = {person["person"]: person["scores"][name]["p_fake"] for person in row["people"]}
        assert row["scores"][name]["p_fake"] == max(scores.values()) == scores[row["scores"][name]["person"]]


def test_a_face_is_enough(say):
    row = say("short.mov")
    assert row["status"] == "ok" and row["frames"] == 4 and row["kind"] == "video"
    assert any("one bad picture decides" in note for note in row["notes"])
    for name in ("photo.jpg", "photo.png", "photo.webp"):
        row = say(name)
        assert (row["status"], row["kind"], row["frames_seen"]) == ("ok", "photograph", 1)
        assert row["scores"]["meso4"]["faces"] == 1


def test_what_cannot_be_judged_says_why_and_what_to_do(say):
    for name, reason in {
        "broken.mp4": "not a video", "empty_room.mp4": "no face was found reliably in 6 frames",
    }.items():
        row = say(name)
        assert row["status"] == "error" and reason in row["reason"] and row["hint"] and not row["scores"]


def test_calibrated_scores_are_scaled_and_between_the_bounds_uncertain(say):
    score = say("photo.jpg")["scores"]["meso4"]
    odds = np.log(score["raw"] / (1 - score["raw"])) / 2
    assert score["p_fake"] == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-4)
    assert score["verdict"] == "uncertain"
    plain = say("photo.jpg")["scores"]["custom_cnn"]
    assert plain["p_fake"] == plain["raw"] and plain["verdict"] == ("FAKE" if plain["raw"] >= 0.5 else "REAL")


def test_augmentation_changes_the_score_a_little(studies, folder):
    models = asked.find(["custom_cnn"], studies)
    plain, augmented = (
        judge.judge(Named(folder / "short.mov"), models, tta=tta).row["scores"]["custom_cnn"]["raw"] for tta in (0, 4)
    )
    assert 0 < abs(plain - augmented) < 0.2


def test_a_name_that_is_no_text(studies, folder):
    path = os.fsdecode(os.fsencode(folder) + b"/caf\xe9.mp4")
    row = judge.judge(Named(folder / path), asked.find(["meso4"], studies)).row
    assert row["status"] == "ok" and row["file"].endswith("caf\\xe9.mp4")
    row["file"].encode()
