"""How a model is trained: every choice of the report's section on training, in one frozen object."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from dfdc_utils import models
from dfdc_utils.backend import keras, ops
from dfdc_utils.choices import Compiler, Draw, Loss, Schedule, check_choices
from dfdc_utils.profiles import Profile


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The rules by which one model is trained.

    Raises ValueError for a loss, schedule, draw or compiler that does not exist.
    """

    loss: Loss = "binary_crossentropy"
    """For this and the next two see `Profile`."""
    learning_rate: float = 1e-3
    """Adam's, with β₁ 0.9 and β₂ 0.999."""
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    """"constant" as in the report; "cosine": from the learning rate to 0 over all epochs; or "steps": constant
    for seven tenths of the epochs, then a third and at last a tenth of it."""
    epochs: int = 20
    patience: int = 5
    """Epochs without a better validation accuracy after which training stops; the report's future work."""
    batch_size: int = 32
    """Faces, or sequences of faces."""
    accumulation: int = 1
    """Batches whose gradients are added up before the weights are updated."""
    draw: Draw = "pairs"
    """How the videos of an epoch are drawn (`batches.FaceBatches`)."""
    per_video: int = 8
    """Faces of each video in an epoch; for a sequence model, in a sequence."""
    rounds: int = 1
    """Draws of the videos in an epoch (`Profile.rounds_per_epoch`)."""
    augmentation: float = 1.0
    """How strongly training faces are augmented (`augmentation.augment`); 0 not at all."""
    augmented_copies: int = 0
    """Where features are cached: sets of features of augmented faces, beside the set of the faces themselves."""
    freeze: bool = False
    """Everything but the last layer of a model that looks at single frames stays as it starts. (The backbone of a
    sequence model is always frozen.)"""
    compiler: Compiler = "none"
    """"xla" compiles each step as a whole, which takes longer than it saves on a CPU."""
    warmup_batches: int = 0
    """Batches of single frames on which a backbone that starts at random is trained before it is frozen."""
    warmup_batch_size: int = 32
    warmup_rate: float = 1.0
    """Its learning rate, as a share of `learning_rate`."""

    def __post_init__(self):
        check_choices(self)

    @classmethod
    def for_model(cls, name: str, profile: Profile, **changes) -> "Recipe":
        """The rules for model `name` at the sizes of `profile`, with some of them replaced."""
        same = "loss", "learning_rate", "weight_decay", "patience", "schedule", "augmentation", "draw", "compiler"
        rules: dict[str, Any] = {setting: getattr(profile, setting) for setting in same}
        if name in models.SEQUENCE_MODELS:
            rules |= {
                "epochs": profile.sequence_epochs,
                "batch_size": profile.sequence_batch_size,
                "per_video": profile.sequence_frames,
                "augmented_copies": 1,
                "warmup_batches": profile.warmup_batches,
                "warmup_batch_size": profile.backbone_batch_size,
                "warmup_rate": profile.backbone_rate,
            }
            if rules["draw"] == "self_blended":
                rules["draw"] = "pairs"
        elif name == "densenet121":
            rules |= {
                "learning_rate": rules["learning_rate"] * profile.backbone_rate,
                "epochs": profile.backbone_epochs,
                "batch_size": profile.backbone_batch_size,
                "per_video": profile.frames_per_epoch,
                "rounds": profile.rounds_per_epoch,
            }
        else:
            rules |= {
                "learning_rate": rules["learning_rate"] * (profile.meso_rate if name.startswith("meso") else 1),
                "epochs": profile.epochs,
                "batch_size": profile.batch_size,
                "per_video": profile.frames_per_epoch,
                "rounds": profile.rounds_per_epoch,
            }
        rules["accumulation"] = max(1, profile.videos_per_update // rules["batch_size"])
        if name in models.SEQUENCE_MODELS:
            # Of cached features, and without batch statistics: the batches of an update are as well one batch, which
            # reads the weights of a large LSTM once.
            rules |= {"batch_size": rules["batch_size"] * rules["accumulation"], "accumulation": 1}
        return cls(**rules | changes)

    def at_once(self) -> "Recipe":
        """The same with each update's batches as one: several GPUs share it, and there Keras cannot accumulate."""
        return dataclasses.replace(self, batch_size=self.batch_size * self.accumulation, accumulation=1)

    def compile(self, model: keras.Model, batches_per_epoch: int) -> None:
        """Gives `model` its loss, optimiser and metric. What is frozen must be frozen before."""
        # Keras counts batches here, not updates, even where it accumulates gradients.
        rate, batches = self.learning_rate, self.epochs * batches_per_epoch
        if self.schedule == "cosine":
            rate = keras.optimizers.schedules.CosineDecay(rate, decay_steps=batches)
        elif self.schedule == "steps":
            bounds = [round(0.7 * batches), round(0.85 * batches)]
            rate = keras.optimizers.schedules.PiecewiseConstantDecay(bounds, [rate, 0.3 * rate, 0.1 * rate])
        model.compile(
            optimizer=AdamWithL2(
                self.weight_decay,
                learning_rate=rate,
                beta_1=0.9,
                beta_2=0.999,
                gradient_accumulation_steps=self.accumulation if self.accumulation > 1 else None,
            ),
            loss="mean_squared_error" if self.loss == "squared_error" else self.loss,
            loss_weights=0.5 if self.loss == "squared_error" else None,
            weighted_metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
            # JAX would compute operation by operation without.
            jit_compile=self.compiler == "xla" or keras.backend.backend() == "jax",
        )
        # A step in which variables come into being is traced twice by TensorFlow, a quarter of a minute each time for
        # DenseNet121; hence, too, the metric is no mere name above.
        model.optimizer.build(model.trainable_variables)


class AdamWithL2(keras.optimizers.Adam):
    """Adam with an L2 term: `l2` times each weight is added to its gradient.

    Keras's own `weight_decay` shrinks the weights by its product with the learning rate instead: with 1e-7 and 1e-4
    that is below the precision of a float32.
    """

    def __init__(self, l2: float, **kwargs):
        super().__init__(**kwargs)
        self._l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        # Here and not in the loss: gradients have been accumulated and their scale taken off by now.
        if self._l2:
            gradient = gradient + self._l2 * ops.convert_to_tensor(variable)
        super().update_step(gradient, variable, learning_rate)
