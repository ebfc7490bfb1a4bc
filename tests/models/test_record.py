import dataclasses
import shutil

import keras
import pandas as pd
import pytest
from made_up_study import make_study
from trained_models import save_as_trained

from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.made_from import NotCurrent
from dfdc_utils.models import record


@pytest.fixture
def trained(study):
    """A study with two models, as if they had been trained in it."""
    for name in ("meso4", "densenet121"):
        save_as_trained(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), study, name)
    return study


def with_settings(study, **settings):
    return dataclasses.replace(study, profile=study.profile.replace(**settings))


def test_models_that_fit_are_current(trained):
    assert record.current(trained) == ["meso4", "densenet121"]


def test_a_setting_makes_those_models_stale_that_it_concerns(trained, capsys):
    assert record.current(with_settings(trained, backbone_epochs=9)) == ["meso4"]
    printed = capsys.readouterr().out
    assert "Left out. The model DenseNet121" in printed and "backbone_epochs=2 (now 9)" in printed
    assert record.current(with_settings(trained, tta_variants=9, lstm_units=3)) == ["meso4", "densenet121"]
    with pytest.raises(FileNotFoundError, match="No trained model in .* fits"):
        record.current(with_settings(trained, augmentation=0.9))
    with pytest.raises(NotCurrent, match=r"study's table .*seed=2022 \(now 1\)"):
        record.current(with_settings(trained, seed=1))


def test_a_model_of_another_split_is_left_out_although_all_settings_are_the_same(trained):
    """Else it would be tested on what it was trained on."""
    table = open_study_table(trained)
    swapped = table["split"].map({"train": "test", "test": "train"}).fillna(table["split"])
    save_study_table(trained, table.assign(split=swapped))
    with pytest.raises(NotCurrent, match="another version of the study's table.*--only 04"):
        record.require_current("meso4", trained)
    # Models that went on from others on purpose must fit, too.
    save_study_table(trained, table)
    save_as_trained(keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)]), trained, "meso4_student")
    record.require_current("meso4", with_settings(trained, epochs=77), saved_as="meso4_student")
    save_study_table(trained, table.assign(split=swapped))
    with pytest.raises(NotCurrent, match="Meso4 .meso4_student.*--only 10"):
        record.require_current("meso4", trained, saved_as="meso4_student")


def test_more_test_videos_or_another_place_on_disk_leave_models_as_they_are(trained):
    table = open_study_table(trained)
    unseen = pd.DataFrame([{**table.iloc[0], "video": "new.mp4", "split": "unlabelled", "label": None}])
    save_study_table(trained, pd.concat([table.assign(path="/elsewhere"), unseen], ignore_index=True))
    assert record.current(trained) == ["meso4", "densenet121"]


def test_other_faces_of_the_same_videos_make_it_stale(trained, tmp_path, monkeypatch):
    other = make_study(tmp_path / "other", monkeypatch, max_people=1)
    for name in ("models", "made_from"):
        shutil.copytree(
            trained.run / name, other.run / name, dirs_exist_ok=True, ignore=lambda *_: ["table.parquet.json"]
        )
    with pytest.raises(NotCurrent, match="another version of the faces"):
        record.require_current("meso4", other)
