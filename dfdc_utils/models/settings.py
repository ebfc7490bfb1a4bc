"""Which settings of a profile decide what training makes of each model."""

from dfdc_utils import models

_EVERY = (
    "training_seed", "face_side", "loss", "learning_rate", "weight_decay", "patience", "schedule", "augmentation",
    "draw", "compiler", "precision", "videos_per_update",
)
_SMALL = (*_EVERY, "evaluation_frames", "epochs", "batch_size", "frames_per_epoch", "rounds_per_epoch")
_BACKBONE = ("weights", "backbone_width", "normalisation", "backbone_batch_size", "backbone_rate")
_DENSENET = (
    *_EVERY, *_BACKBONE, "evaluation_frames", "backbone_epochs", "frames_per_epoch", "rounds_per_epoch",
)
_SEQUENCE = (
    *_EVERY, *_BACKBONE, "sequence_frames", "lstm_units", "sequence_epochs", "sequence_batch_size", "warmup_batches",
)


def settings_of(name: str) -> tuple[str, ...]:
    """The settings of a profile on which it depends what training makes of model `name`."""
    if name in models.SEQUENCE_MODELS:
        return _SEQUENCE
    if name == "densenet121":
        return _DENSENET
    return (*_SMALL, "normalisation", "cnn_size") if name == "custom_cnn" else (*_SMALL, "meso_rate", "meso_dropout")
