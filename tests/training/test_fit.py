import json
import shutil
import zipfile

import numpy as np
import pandas as pd
import pytest
from made_up_study import make_study

from dfdc_utils import models
from dfdc_utils.data.study_table import open_study_table, save_study_table
from dfdc_utils.faces.store import open_store
from dfdc_utils.models import features
from dfdc_utils.training import fit, warmup
from dfdc_utils.training.batches import faces_of
from dfdc_utils.training.checkpoint import Checkpoint

QUICK = {"epochs": 4, "per_video": 4, "batch_size": 16}


def accuracy_of(model, study, split: str) -> float:
    """Balanced, over faces."""
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), split)
    said = model.predict(store.crops(faces), verbose=0).ravel() >= 0.5
    return np.mean([(said[faces["label"] == label] == label).mean() for label in (0, 1)])


def test_the_custom_cnn_learns_and_generalises_to_other_people(study, capsys):
    training = fit.train("custom_cnn", study, **QUICK | {"epochs": 6, "per_video": 8})
    assert training.history["val_accuracy"].max() > 0.9
    model = models.load(study.model("custom_cnn"))
    assert accuracy_of(model, study, "test") > 0.9

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == 6 and printed[0].startswith("epoch   1/6  loss ") and "best so far" in printed[0]
    assert training.videos == {"train": 36, "validation": 24}
    assert training.faces_per_second > 10 and training.weights_start == "none" and training.warmup is None
    assert training.parameters == model.count_params() > training.trainable_parameters


def test_the_record_can_be_read_back(study):
    training = fit.train("meso4", study, verbose=False, **QUICK | {"epochs": 1})
    again = fit.load_training(study, "meso4")
    assert again.history.to_dict() == training.history.to_dict()
    assert list(again.history) == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss", "seconds"]
    assert (again.best_epoch, again.recipe, again.seconds) == (1, training.recipe, training.seconds)
    assert json.loads(study.training("meso4").read_text())["recipe"]["loss"] == "binary_crossentropy"
    with pytest.raises(FileNotFoundError, match="train MesoInception4 first"):
        fit.load_training(study, "mesoinception4")


def test_a_verdict_names_the_width_of_the_backbone(tmp_path, monkeypatch):
    study = make_study(tmp_path, monkeypatch, originals=(6, 3, 1), backbone_width=0.125)
    fit.train("resnet50_lstm", study, verbose=False, epochs=1, batch_size=8, warmup_batches=0)
    assert fit.load_training(study, "resnet50_lstm").verdict().startswith("ResNet50 (⅛ width) + LSTM: epoch 1 of 1")

    path = study.training("resnet50_lstm")
    older = json.loads(path.read_text())
    del older["title"]
    path.write_text(json.dumps(older))
    assert fit.load_training(study, "resnet50_lstm").verdict().startswith("ResNet50 + LSTM: epoch 1 of 1")


def test_the_same_seed_gives_the_same_training_and_another_another(tmp_path, monkeypatch):
    trainings = []
    for number, seed in enumerate((1, 1, 2)):
        study = make_study(tmp_path / str(number), monkeypatch, training_seed=seed)
        training = fit.train("meso4", study, verbose=False, **QUICK | {"epochs": 2})
        weights = models.load(study.model("meso4")).get_weights()
        trainings.append((training.history.drop(columns="seconds").to_dict(), weights))
    assert trainings[0][0] == trainings[1][0] != trainings[2][0]
    for one, other in zip(trainings[0][1], trainings[1][1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["meso4", "resnet50_lstm"])
def test_a_training_that_is_cut_off_goes_on_as_if_it_had_not_been(name, tmp_path, monkeypatch, capsys):
    options = {"epochs": 4, "batch_size": 8, "patience": 9, "warmup_batches": 0} | (
        {"accumulation": 2, "weight_decay": 1e-3} if name == "meso4" else {}
    )
    whole = make_study(tmp_path / "whole", monkeypatch, originals=(6, 3, 1))
    expected = fit.train(name, whole, verbose=False, **options)

    study = make_study(tmp_path / "cut", monkeypatch, originals=(6, 3, 1))
    say = Checkpoint._say

    def cut(self, text):
        say(self, text)
        if text.startswith("epoch   2/4"):
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_say", cut)
        with pytest.raises(KeyboardInterrupt):
            fit.train(name, study, **options)
    assert study.progress(name).is_file() and not study.model(name).exists()

    capsys.readouterr()
    training = fit.train(name, study, **options)
    assert "taken up after epoch 2" in capsys.readouterr().out
    assert training.history.drop(columns="seconds").to_dict() == expected.history.drop(columns="seconds").to_dict()
    assert training.best_epoch == expected.best_epoch
    found, wanted = models.load(study.model(name)).get_weights(), models.load(whole.model(name)).get_weights()
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(one, other)
    assert not study.progress(name).exists()


def test_what_was_cut_off_with_other_rules_is_not_taken_up(study, monkeypatch):
    class Stop(Exception):
        pass

    def stop(self, *_):
        self._write()
        raise Stop

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "_better", lambda *_: True)
        patch.setattr(Checkpoint, "_say", stop)
        with pytest.raises(Stop):
            fit.train("meso4", study, **QUICK)
    assert study.progress("meso4").is_file()
    assert len(fit.train("meso4", study, verbose=False, **QUICK | {"epochs": 1}).history) == 1


def test_the_test_split_has_no_part_in_training(tmp_path, monkeypatch):
    """Other test labels, and even none at all, change nothing."""
    results = []
    for number, change in enumerate((None, "label", "split")):
        study = make_study(tmp_path / str(number), monkeypatch)
        table = open_study_table(study)
        test = table["split"] == "test"
        if change == "label":
            table.loc[test, "label"] = table.loc[test, "label"].map({"REAL": "FAKE", "FAKE": "REAL"})
        if change == "split":
            table = table[~test]
        save_study_table(study, table)
        results.append(fit.train("meso4", study, verbose=False, **QUICK | {"epochs": 2}))
    histories = [training.history.drop(columns="seconds").to_dict() for training in results]
    assert histories[0] == histories[1] == histories[2]
    assert len({training.best_epoch for training in results}) == 1


def test_the_sequence_model_is_saved_whole_and_its_backbone_warmed_up_then_frozen(study, capsys):
    training = fit.train("resnet50_lstm", study, epochs=2, warmup_batches=3, warmup_batch_size=8)
    assert training.warmup["batches"] == 3 and 0 < training.warmup["accuracy"] <= 1
    assert "warm-up of the backbone: 3 batches of 8 faces" in capsys.readouterr().out
    # Nothing of ours is in the file, such as an optimiser: other processes, and backends, load it in safe mode.
    with zipfile.ZipFile(study.model("resnet50_lstm")) as saved:
        assert "dfdc_utils" not in saved.read("config.json").decode()
    model = models.load(study.model("resnet50_lstm"))
    assert not model.get_layer("backbone").trainable
    assert training.trainable_parameters == sum(int(np.prod(w.shape)) for w in model.get_layer("head").weights
                                                if "seed" not in w.path)
    # Faces in, the validation accuracy of the record out.
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "validation")
    windows = np.stack([rows.iloc[[1, 3, 5, 7]].index for _, rows in faces.groupby("video")])
    labels = faces["label"].to_numpy()[windows[:, 0]]
    said = model.predict(store.crops(faces.iloc[windows.ravel()]).reshape(len(windows), 4, 32, 32, 3), verbose=0)
    found = np.mean([((said[:, 0] > 0.5) == labels)[labels == label].mean() for label in (0, 1)])
    assert found == pytest.approx(training.history["val_accuracy"].iloc[training.best_epoch - 1], abs=0.05)
    assert len(list(study.features.glob("*.npy"))) == 2


def test_sequence_models_share_one_warm_up_and_its_features(study, monkeypatch):
    options = {"epochs": 1, "warmup_batches": 2, "warmup_batch_size": 8, "verbose": False}
    first = fit.train("resnet50_lstm", study, **options)
    monkeypatch.setattr(warmup, "_train", None)
    monkeypatch.setattr(features, "_write", None)
    second = fit.train("resnet50_afw", study, **options | {"patience": 3})
    assert second.warmup == first.warmup
    backbones = [models.load(study.model(name)).get_layer("backbone") for name in ("resnet50_lstm", "resnet50_afw")]
    for one, other in zip(*(backbone.get_weights() for backbone in backbones), strict=True):
        np.testing.assert_array_equal(one, other)
    # Other rules for the warm-up, another warm-up.
    with pytest.raises(TypeError, match="NoneType"):
        fit.train("resnet50_lstm", study, **options | {"warmup_batches": 3})


def test_a_saved_model_is_the_network_alone(study):
    fit.train("custom_cnn", study, verbose=False, **QUICK | {"epochs": 1})
    model = models.load(study.model("custom_cnn"))
    assert getattr(model, "optimizer", None) is None
    assert study.model("custom_cnn").stat().st_size < model.count_params() * 4 * 1.3 + 100_000


def test_missing_faces_say_what_to_run(study):
    shutil.rmtree(study.faces)
    with pytest.raises(FileNotFoundError, match="extract"):
        fit.train("meso4", study)
    study.table.unlink()
    with pytest.raises(FileNotFoundError, match="notebook 01"):
        fit.train("meso4", study)


def test_what_is_frozen_stays_as_it_was(study):
    start = models.build("meso4", study.profile)
    last = sum(int(np.prod(weights.shape)) for weights in start.layers[-1].get_weights())
    training = fit.train("meso4", study, verbose=False, **QUICK | {"epochs": 2}, freeze=True)
    assert training.trainable_parameters == last < training.parameters
    options = QUICK | {"epochs": 2, "freeze": True, "learning_rate": 1e-6, "verbose": False}
    fit.train("meso4", study, **options, saved_as="slower")
    one, other = (models.load(study.model(name)) for name in ("meso4", "slower"))
    # The same seed, so the same start: all that training changed is in the last layer, batch statistics included.
    for frozen, same in zip(one.layers[:-1], other.layers[:-1], strict=True):
        for weights, others in zip(frozen.get_weights(), same.get_weights(), strict=True):
            np.testing.assert_array_equal(weights, others)
    assert not np.array_equal(one.layers[-1].get_weights()[0], other.layers[-1].get_weights()[0])


def test_a_training_that_stops_early_has_the_first_epochs_of_the_whole_one(study):
    options = QUICK | {"schedule": "cosine", "verbose": False}
    whole = fit.train("meso4", study, **options)
    short = fit.train("meso4", study, **options, stop_after=2, saved_as="short")
    measured = ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert len(short.history) == 2
    pd.testing.assert_frame_equal(short.history[measured], whole.history.loc[:1, measured])
