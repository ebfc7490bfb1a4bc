"""The best epoch, by made-up validation results."""

import keras
import numpy as np
import pytest
from test_batches import SIX

from dfdc_utils.training.batches import FaceBatches
from dfdc_utils.training.checkpoint import Checkpoint


class Scripted(keras.callbacks.Callback):
    """Sets the weight to the epoch's number, and writes the wanted validation results into the logs."""

    def __init__(self, results):
        super().__init__()
        self.results = results

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights([np.full((1, 1), epoch + 1.0)])
        logs["val_accuracy"], logs["val_loss"] = self.results[epoch]


def run(tmp_path, results, patience=9):
    entrance = keras.Input((1,))
    model = keras.Model(entrance, keras.layers.Dense(1, use_bias=False)(entrance))
    model.compile("adam", "mse", weighted_metrics=["accuracy"])
    batches = FaceBatches(
        SIX, lambda at, seed: at[:, None].astype("float32"), draw="balanced", per_video=2, sequences=False,
        batch_size=4, seed=1,
    )
    checkpoint = Checkpoint(tmp_path / "model.progress.npz", "task", patience, batches, verbose=False)
    checkpoint.take_up(model)
    model.fit(
        batches, validation_data=batches, epochs=len(results), callbacks=[Scripted(results), checkpoint],
        shuffle=False, verbose=0,
    )
    return model, checkpoint, batches


@pytest.mark.parametrize(
    ("results", "best"),
    [
        ([(0.6, 0.5), (0.8, 0.5), (0.7, 0.1)], 2),  # by accuracy, not by loss
        ([(0.6, 0.5), (0.8, 0.5), (0.8, 0.4), (0.8, 0.45)], 3),  # of equals, by loss
        ([(0.6, 0.5), (0.6, 0.5)], 1),  # of full equals, the first
    ],
)
def test_the_best_epoch_is_kept_by_copy(results, best, tmp_path):
    model, checkpoint, _ = run(tmp_path, results)
    assert checkpoint.best_epoch == best
    assert model.get_weights()[0][0, 0] == len(results)
    checkpoint.finish(model)
    assert model.get_weights()[0][0, 0] == best


def test_patience_runs_out(tmp_path):
    results = [(0.6, 0.5), (0.8, 0.5), (0.7, 0.5), (0.7, 0.5), (0.9, 0.5)]
    _, checkpoint, _ = run(tmp_path, results, patience=2)
    assert [row["epoch"] for row in checkpoint.history] == [1, 2, 3, 4] and checkpoint.best_epoch == 2


def test_every_epoch_is_fed_its_own_batches(tmp_path, monkeypatch):
    fed = []
    draw = FaceBatches._draw_epoch
    monkeypatch.setattr(FaceBatches, "_draw_epoch", lambda self, epoch: fed.append(epoch) or draw(self, epoch))
    _, _, batches = run(tmp_path, [(0.5, 0.5)] * 3)
    assert set(fed) == {0, 1, 2} and batches.epoch == 2
