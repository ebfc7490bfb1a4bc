import dataclasses

import pytest

from dfdc_utils import profiles


def test_the_named_profiles_smallest_first():
    assert profiles.names() == ["tiny", "mini", "crops", "sample", "full"]
    for name in profiles.names():
        profile = profiles.get(name)
        assert profile.name == name
        assert profile.source == {"tiny": "synthetic", "mini": "synthetic", "crops": "crops"}.get(name, "dfdc")
        # The report's own numbers may not start at random unnoticed.
        assert (profile.weights == "imagenet") == (profile.source == "dfdc")


def test_mini_is_large_enough_to_be_worth_showing():
    mini = profiles.get("mini")
    assert mini.parts >= 10
    assert mini.parts * mini.clips_per_part >= 450
    assert mini.parts // 5 * mini.clips_per_part >= 90, "clips of the test parts"
    assert mini.weights == "random", "it asks no network, and so gives the same table everywhere"
    assert mini.clip_frames >= mini.min_frames == 150
    assert mini.clips_per_part >= 3 * mini.originals_per_part, "more fakes than originals"


def test_the_full_study_has_the_reports_numbers():
    full = profiles.get("full")
    assert (full.min_frames, full.face_side, full.lstm_units, full.sequence_frames) == (150, 224, 2048, 10)
    assert (full.epochs, full.batch_size, full.sequence_batch_size, full.warmup_batches) == (20, 32, 10, 2000)
    assert (full.split, full.learning_rate, full.weight_decay, full.weights) == ("part", 1e-3, 0, "imagenet")


def test_a_profile_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        profiles.get("mini").epochs = 3


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("epochs", "3", 3), ("face_margin", "-.25", -0.25), ("face_shift", "-0.1", -0.1), ("weights", "auto", "auto"),
        ("tta_variants", "0", 0), ("weight_decay", "0", 0.0),
    ],
)
def test_settings_from_a_command_line_are_converted(key, text, value):
    changed = getattr(profiles.get("mini", **{key: text}), key)
    assert changed == value
    assert type(changed) is type(value)
    assert profiles.get("mini", **{key: value}) == profiles.get("mini", **{key: text})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epoch": 3}, "no setting 'epoch'.*epochs"),
        ({"name": "mine"}, "no setting 'name'"),
        ({"epochs": "many"}, "'epochs' takes a whole number, not 'many'"),
        ({"epochs": 2.5}, "'epochs' takes a whole number"),
        ({"epochs": "nan"}, "'epochs' takes a whole number"),
        ({"face_margin": "wide"}, "'face_margin' takes a number"),
        ({"face_margin": float("nan")}, "'face_margin'"),
        ({"face_margin": "inf"}, "'face_margin'"),
        ({"face_margin": -1}, "'face_margin' must be above -1, not -1.0"),
        ({"face_shift": 0.65}, "'face_shift' must be less than half"),
        ({"face_margin": -0.5, "face_shift": -0.25}, "'face_shift' must be less than half"),
        ({"epochs": 0}, "'epochs' must be above zero"),
        ({"seed": -1}, "'seed' must be"),
        ({"weight_decay": -1e-7}, "'weight_decay' must be zero or above"),
        ({"split": "actor"}, "'split' is one of part, original, random"),
        ({"loss": "hinge"}, "'loss' is one of binary_crossentropy, squared_error"),
        ({"normalisation": "min_max", "weights": "imagenet"}, "'normalisation' is min_max only with 'weights' random"),
        ({"normalisation": "min_max", "weights": "auto"}, "'normalisation' is min_max only with 'weights' random"),
        (
            {"weights": "imagenet", "backbone_width": 1, "warmup_batches": 3},
            "'warmup_batches' does nothing where 'weights' is imagenet",
        ),
        ({"clips_per_part": 3, "originals_per_part": 3}, "every part needs fakes"),
    ],
)
def test_a_setting_that_is_off_is_refused_by_name(changes, message):
    with pytest.raises(ValueError, match=message):
        profiles.get("mini", **changes)


def test_an_unknown_profile_names_those_there_are():
    with pytest.raises(ValueError, match="no profile 'huge'. Profiles: tiny, mini, crops, sample, full"):
        profiles.get("huge")


def test_as_dict_makes_the_same_profile_again():
    profile = profiles.get("sample", epochs=2)
    assert profiles.Profile(**profile.as_dict()) == profile
