"""How a model is trained: every choice of the report's section on training, in one frozen object."""

import dataclasses
from dataclasses import dataclass

from dfdc_utils import models
from dfdc_utils.backend import keras
from dfdc_utils.profiles import Profile
from dfdc_utils.training.batches import DRAWS

_LOSSES = {
    "binary_crossentropy": "binary_crossentropy",
    "squared_error": "mean_squared_error",
    "focal": "binary_focal_crossentropy",
}
_SCHEDULES = ("constant", "cosine", "steps")
_COMPILERS = ("none", "xla")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """The rules by which one model is trained.

    Raises ValueError for a loss, schedule, draw or compiler that does not exist.
    """

    loss: str = "binary_crossentropy"
    """Or "squared_error", ½(a−y)², as in the report's section on classification and in MesoNet; or "focal"."""
    learning_rate: float = 1e-3
    """Adam's, with β₁ 0.9 and β₂ 0.999. The report's reading A; reading B has 1e-4."""
    weight_decay: float = 0.0
    """Reading B has 1e-7."""
    schedule: str = "constant"
    """"constant" as in the report; "cosine": from the learning rate to 0 over all epochs; or "steps": constant
    for seven tenths of the epochs, then a third and at last a tenth of it."""
    epochs: int = 20
    patience: int = 5
    """Epochs without a better validation accuracy after which training stops; the report's future work."""
    batch_size: int = 32
    """Faces, or sequences of faces."""
    accumulation: int = 1
    """Batches whose gradients are added up before the weights are updated."""
    draw: str = "pairs"
    """How the videos of an epoch are drawn (`batches.FaceBatches`)."""
    per_video: int = 8
    """Faces of each video in an epoch; for a sequence model, in a sequence."""
    augmentation: float = 1.0
    """How strongly training faces are augmented (`augmentation.augment`); 0 not at all."""
    augmented_copies: int = 0
    """Where features are cached: sets of features of augmented faces, beside the set of the faces themselves."""
    freeze: bool = False
    """Everything but the last layer of a model that looks at single frames stays as it starts. (The backbone of a
    sequence model is always frozen.)"""
    compiler: str = "none"
    """"xla" compiles each step as a whole, which takes longer than it saves on a CPU."""
    warmup_batches: int = 0
    """Batches of single frames on which a backbone that starts at random is trained before it is frozen."""
    warmup_batch_size: int = 32
    warmup_rate: float = 1.0
    """Its learning rate, as a share of `learning_rate`."""

    def __post_init__(self):
        choices = {"loss": tuple(_LOSSES), "schedule": _SCHEDULES, "draw": DRAWS, "compiler": _COMPILERS}
        for field, allowed in choices.items():
            if getattr(self, field) not in allowed:
                raise ValueError(f"A recipe's {field} is one of {', '.join(allowed)}, not {getattr(self, field)!r}.")

    @classmethod
    def for_model(cls, name: str, profile: Profile, **changes) -> "Recipe":
        """The rules for model `name` at the sizes of `profile`, with some of them replaced."""
        rules = {"A": {"learning_rate": 1e-3}, "B": {"learning_rate": 1e-4, "weight_decay": 1e-7}}[profile.reading]
        rules |= {name: getattr(profile, name) for name in ("patience", "schedule", "augmentation", "draw", "compiler")}
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
            }
        else:
            rules |= {
                "epochs": profile.epochs,
                "batch_size": profile.batch_size,
                "per_video": profile.frames_per_epoch,
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
            optimizer=keras.optimizers.Adam(
                rate,
                beta_1=0.9,
                beta_2=0.999,
                weight_decay=self.weight_decay or None,
                gradient_accumulation_steps=self.accumulation if self.accumulation > 1 else None,
            ),
            loss=_LOSSES[self.loss],
            loss_weights=0.5 if self.loss == "squared_error" else None,
            weighted_metrics=[keras.metrics.BinaryAccuracy(name="accuracy")],
            # JAX would compute operation by operation without.
            jit_compile=self.compiler == "xla" or keras.backend.backend() == "jax",
        )
        # A step in which variables come into being is traced twice by TensorFlow, a quarter of a minute each time for
        # DenseNet121; hence, too, the metric is no mere name above.
        model.optimizer.build(model.trainable_variables)
