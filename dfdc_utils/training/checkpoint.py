"""What happens between two epochs: remember the best one, stop when no better comes, survive an interruption."""

import json
import time
from pathlib import Path

import numpy as np

from dfdc_utils.backend import keras
from dfdc_utils.training.batches import FaceBatches
from dfdc_utils.workspace import whole


class Checkpoint(keras.callbacks.Callback):
    """Writes down every epoch; what it wrote lets a training that was cut off go on as if nothing had happened.

    The best epoch is that of the highest validation accuracy, of several the one of the least validation loss.
    Its weights are copied: a reference would show the last epoch's.
    """

    def __init__(self, path: Path, task: str, patience: int, batches: FaceBatches, *, verbose: bool):
        """
        Args:
            path: where to keep the state of an unfinished training.
            task: says what is trained and how; a state that lies there of another task is ignored.
            patience: epochs without a better one after which training stops.
            batches: of the training; told the number of each epoch.
            verbose: prints one line an epoch.
        """
        super().__init__()
        self.history: list[dict] = []
        self.best_epoch = 0
        self._best_weights: list[np.ndarray] = []
        self._path, self._task, self._patience = path, task, patience
        self._batches, self._verbose = batches, verbose

    def take_up(self, model: keras.Model) -> int:
        """Puts `model`, compiled, where an interrupted training of this task left it; the epochs it had done."""
        if self._path.is_file():
            with np.load(self._path) as state:
                if str(state["task"]) == self._task:
                    self.history = json.loads(str(state["history"]))
                    self.best_epoch = int(state["best_epoch"])
                    self._best_weights = _listed(state, "best")
                    for variable, value in zip(_variables(model), _listed(state, "variable"), strict=True):
                        variable.assign(value)
                    self._say(f"taken up after epoch {len(self.history)}")
        return len(self.history)

    def finish(self, model: keras.Model) -> None:
        """Gives `model` the weights of the best epoch."""
        model.set_weights(self._best_weights)

    def forget(self) -> None:
        """To be called when the model is saved: removes what it takes to go on."""
        self._path.unlink(missing_ok=True)

    @property
    def done(self) -> bool:
        """Whether patience has run out."""
        return len(self.history) - self.best_epoch >= self._patience

    def on_epoch_begin(self, epoch, logs=None):
        self._batches.epoch = epoch
        self._started = time.perf_counter()

    def on_test_begin(self, logs=None):
        self._trained = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch + 1, **logs, "seconds": self._trained - self._started}
        self.history.append(row)
        if self._better(row):
            self.best_epoch = row["epoch"]
            self._best_weights = self.model.get_weights()
        self._write()
        self._say(
            f"epoch {row['epoch']:>3}/{self.params['epochs']}  loss {row['loss']:.3f}  accuracy {row['accuracy']:.3f}"
            f"  val loss {row['val_loss']:.3f}  val accuracy {row['val_accuracy']:.3f}"
            f"  {time.perf_counter() - self._started:.1f} s{'  best so far' * (self.best_epoch == row['epoch'])}"
        )
        if self.done:
            self._say(f"no better epoch in {self._patience}: stopped")
            self.model.stop_training = True

    def _better(self, row: dict) -> bool:
        if not self.best_epoch:
            return True
        best = self.history[self.best_epoch - 1]
        return (row["val_accuracy"], -row["val_loss"]) > (best["val_accuracy"], -best["val_loss"])

    def _write(self) -> None:
        values: dict = {f"variable{n}": np.asarray(v) for n, v in enumerate(_variables(self.model))}
        values |= {f"best{n}": weights for n, weights in enumerate(self._best_weights)}
        with whole(self._path) as temporary:
            np.savez(
                temporary, **values,
                task=self._task, history=json.dumps(self.history), best_epoch=self.best_epoch,
            )

    def _say(self, text: str) -> None:
        if self._verbose:
            # Flushed, so that an executed notebook shows it at once.
            print(text, flush=True)


def _variables(model: keras.Model) -> list:
    """Everything that changes in training: weights, the random state of dropout, and the optimiser's memory."""
    return [*model.variables, *model.optimizer.variables]


def _listed(state, prefix: str) -> list[np.ndarray]:
    count = sum(name.startswith(prefix) and name[len(prefix):].isdigit() for name in state.files)
    return [state[f"{prefix}{n}"] for n in range(count)]
