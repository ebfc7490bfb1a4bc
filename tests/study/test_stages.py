import dataclasses

import pytest

from dfdc_utils.profiles import Profile
from dfdc_utils.study.runner import find
from dfdc_utils.study.stages import DATA, SEEDS, STAGES, shows, stage_of, waits_for

NAMES = [path.stem for path in find()]
# The drawing of the synthetic set comes before all stages; the rest is how, not what.
NO_STAGE = {
    "name", "description", "parts", "clips_per_part", "originals_per_part", "unlabelled_clips", "videos_per_shard",
}


def test_every_notebook_has_a_stage_and_every_stage_a_notebook():
    assert sorted(STAGES) == [name[:2] for name in NAMES]


def test_every_setting_concerns_some_stage():
    """One that no stage names could be changed without anything being made again."""
    named = {setting for stage in STAGES.values() for setting in stage.settings}
    assert {field.name for field in dataclasses.fields(Profile)} - named == NO_STAGE


def test_what_is_read_is_written_by_an_earlier_notebook():
    for number, stage in STAGES.items():
        earlier = {name for other in STAGES if other < number for name in STAGES[other].writes}
        assert set(stage.reads) - {DATA, SEEDS} <= earlier, number


@pytest.mark.parametrize("name", NAMES)
def test_nothing_runs_beside_what_it_needs(name):
    """The trainings run side by side, and so do 07 and 08."""
    before = {other[:2] for other in NAMES if waits_for(name, other)}
    training = {"03", "04", "05", "06"}
    assert before == {
        "00": set(), "01": set(), "02": {"01"}, **dict.fromkeys(training, {"01", "02"}),
        "07": training | {"01", "02"}, "08": training | {"01", "02"}, "09": {"01", "02", "03", "07"},
        "10": {"01", "02", "03", "07"}, "11": training | {"01", "02", "07"}, "12": training | {"01", "02"},
        "13": training | {"01", "02"}, "14": {"01"},
    }[name[:2]]


def test_what_is_shown_too_is_waited_for_and_not_needed():
    """09 has a row of 13's; a study without 13, or one in which it fails, has its comparison all the same."""
    assert [number for number, stage in STAGES.items() if stage.shows] == ["09"]
    assert shows("09_compare_models", "13_listen") and not waits_for("09_compare_models", "13_listen")
    assert not shows("07_evaluate_with_tta", "13_listen")


def test_a_further_training_seed_repeats_training_and_evaluation_and_nothing_before():
    assert {number for number, stage in STAGES.items() if stage.repeated} == {"03", "04", "05", "06", "07"}
    concerned = {number for number, stage in STAGES.items() if "training_seed" in (stage.settings or ())}
    assert concerned == {"03", "04", "05", "06", "10"}, "clips and faces stay"


def test_of_a_notebook_that_is_not_ours_everything_may_matter():
    stage = stage_of("77_mine")
    assert stage.settings is None and {"table.parquet", "the faces", "models/meso4.keras"} <= set(stage.reads)
