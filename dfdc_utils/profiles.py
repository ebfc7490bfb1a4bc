"""Every number of a study in one place.

A `Profile` is frozen: it says how large a study is, never what it found. `get("mini", epochs=3)` gives a
named profile with some of its numbers replaced; the command line's `--set epochs=3` does the same.
"""

import dataclasses
import math
import typing
from dataclasses import dataclass
from typing import Any

from dfdc_utils.choices import (
    Balance,
    Boxes,
    Compiler,
    Draw,
    Loss,
    Normalisation,
    Precision,
    Schedule,
    Size,
    Source,
    Split,
    Weights,
    check_choices,
)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The numbers of one study. Sizes are in pixels, rates in frames per second."""

    name: str
    description: str
    source: Source
    """Of the faces: "synthetic" (drawn on the spot), "dfdc" (videos on disk) or "crops" (face crops on disk)."""
    seed: int = 2022
    """Of all that is drawn at random but training: clips, splits, samples, intervals."""
    training_seed: int = 2022
    """Of what training leaves to chance: first weights, the order of the faces, augmentation. What is trained with
    another one than 2022 lies in a folder of its own, beside the same clips and faces (`study --seeds`)."""

    # The synthetic DFDC: only read where source is "synthetic".
    parts: int = 15
    clips_per_part: int = 10
    originals_per_part: int = 3
    unlabelled_clips: int = 12
    clip_width: int = 640
    clip_height: int = 360
    clip_frames: int = 150
    """Frames of an ordinary synthetic clip; the clips that are meant to be odd differ."""

    # Splits (report, section on data).
    videos: int = 0
    """About so many videos of the set are used: originals drawn at random, each with all its fakes. 0 is all."""
    split: Split = "part"
    """"part" (the report's reading A: 30/10/10 parts), "original" (a fake stays with its original), or "random"."""
    balance: Balance = "natural"
    """"natural" keeps every video, "balanced" keeps as many fakes as there are reals."""

    # Faces.
    min_frames: int = 150
    """Videos with fewer frames are dropped, as in the report."""
    frames_per_video: int = 30
    """Evenly spaced frames read from each video."""
    detection_width: int = 512
    """Frames are shrunk so that their longer side is at most this before faces are looked for."""
    face_margin: float = 0.3
    """Added around the longer side of the detected box, as a fraction of it; the same everywhere. Below zero the
    crop is smaller than the box."""
    face_shift: float = 0.0
    """By how much the crop lies below the detected box, as a fraction of the box's height; below zero above it."""
    face_side: int = 224
    """Side of the square crops that are stored and that the models see."""
    max_people: int = 2
    boxes: Boxes = "own"
    """"own" looks for faces in every video; "original" cuts them out of a fake where they were found in its
    original, so that the two crops align (as the winner of the DFDC did)."""
    videos_per_shard: int = 64

    # Models.
    weights: Weights = "imagenet"
    """Where DenseNet121 and ResNet50 start: "imagenet" (download or fail), "auto" (download or start at random, said
    loudly), or "random". The other networks always start at random."""
    normalisation: Normalisation = "own"
    """What the Custom CNN, and backbones with weights "random", make of pixels: "imagenet" takes ImageNet's mean off
    and divides by its deviation (the report's reading A); "min_max" stretches each face to 0 to 1 (reading B); "own" is
    each network's as published. MesoNet and backbones with other weights keep their own."""
    cnn_size: Size = "small"
    """Of the Custom CNN. "large" is wider and strides over the face: for tens of thousands of large faces."""
    backbone_width: float = 1.0
    """Channels of ResNet50 and DenseNet121, as a share of those in their papers; ImageNet's weights need 1."""
    sequence_models: str = "resnet50_lstm resnet50_deep_lstm resnet50_afw"
    """Those that notebook 06 trains, of `models.SEQUENCE_MODELS`; what is trained is evaluated and explained too."""
    sequence_frames: int = 10
    """Faces in a sequence. This and all settings of sequences do nothing where source is "crops": one face a video."""
    lstm_units: int = 2048
    """Of the sequence models."""

    # Training.
    loss: Loss = "binary_crossentropy"
    """Or "squared_error", ½(a−y)², as in the report's section on classification and in MesoNet."""
    learning_rate: float = 1e-3
    """Adam's. The report has two readings: A, 1e-3; and B, 1e-4 with a weight decay of 1e-7."""
    weight_decay: float = 0.0
    """Times each weight, added to its gradient: the gradient of an L2 term in the loss."""
    epochs: int = 20
    """Of the Custom CNN, Meso4 and MesoInception4."""
    backbone_epochs: int = 20
    """Of DenseNet121, whose ImageNet backbone is trained too."""
    backbone_batch_size: int = 32
    """Faces, wherever a backbone is trained: DenseNet121, and the warm-up of ResNet50."""
    backbone_rate: float = 1.0
    """The learning rate wherever a backbone is trained, as a share of `learning_rate`."""
    meso_rate: float = 1.0
    """The learning rate of Meso4 and MesoInception4, likewise."""
    meso_dropout: float = 0.5
    """Share of the values that Meso4 and MesoInception4 leave out at random, in training, before each dense layer."""
    batch_size: int = 32
    """Faces, of the models that `epochs` concerns."""
    frames_per_epoch: int = 8
    """Faces drawn at random from each video of the epoch, for the models that look at single frames."""
    rounds_per_epoch: int = 1
    """Draws of the videos in an epoch of these, each with other fakes: the more, the less time goes to validation."""
    sequence_batch_size: int = 10
    """Sequences; those of one update are put together, as they train on cached features (`Recipe.for_model`)."""
    sequence_epochs: int = 20
    """Of the sequence models."""
    videos_per_update: int = 64
    """Gradients of so many sequences or faces are accumulated before the weights are updated."""
    augmentation: float = 1.0
    """How strongly training faces are augmented, as a multiple of `training.augmentation.STRENGTHS`; 0 not at all."""
    schedule: Schedule = "constant"
    """The learning rate: "constant" as in the report, or falling, as "cosine" or in "steps" (`Recipe.schedule`)."""
    draw: Draw = "pairs"
    """How the videos of an epoch are drawn (`training.batches.FaceBatches`). With "self_blended" the sequence
    models, which train on cached features, still draw pairs."""
    precision: Precision = "float32"
    """Of what layers compute in: "float32"; "mixed_float16" or "mixed_bfloat16", for GPUs that have it; or
    "auto", mixed_float16 on a GPU and float32 without. Weights are kept in single precision in any case."""
    compiler: Compiler = "none"
    """"xla" compiles a training step as a whole: minutes at first, less for each batch afterwards on a GPU."""
    threads: int = 0
    """Of each kernel of a study; 0 is its share of the cores. Sums over another number of threads come out otherwise,
    so only a fixed number gives the same table on every machine of a kind."""
    warmup_batches: int = 2000
    """Batches of single frames on which the sequence models' backbone is trained before it is frozen, where it starts
    at random; refused as a change where weights is "imagenet"."""
    what_if_epochs: int = 3
    """Epochs for which notebooks 03 to 05 repeat a training with one choice changed, to show what it does; 0: not."""
    leaking_epochs: int = 0
    """Epochs for which notebook 03 trains again under a split that leaks, for notebook 09; 0: not."""
    patience: int = 5
    """Epochs without a better validation accuracy after which training stops."""

    # Evaluation.
    evaluation_frames: int = 10
    """Evenly spaced faces of a track that are scored; a sequence model sees `sequence_frames` of them."""
    tta_variants: int = 4
    """Test-time augmentations per face, beside the face itself."""
    robustness_videos: int = 500
    """Test videos, half of them real, that each model sees again at every strength of every corruption; 0: none."""
    robustness_frames: int = 4
    """Faces of each person for the models that look at single frames; a sequence model sees its whole sequence."""
    swap_steps: int = 300
    """Updates in which notebook 12 learns to swap two drawn people; a further pair takes a quarter of them."""
    swap_pairs: int = 20
    """Pairs of people of a synthetic test split whose faces it swaps, to ask the detectors about them; 0: none."""
    sound_steps: int = 80
    """Updates in which notebook 13 learns what a vocoder leaves in a voice; lips and voice take four times as many."""

    def replace(self, /, **changes) -> "Profile":
        """A copy with other numbers. Raises ValueError for a name that no profile has, a value that is off, or one that
        would do nothing."""
        kinds = typing.get_type_hints(Profile)
        converted = {}
        for key, value in changes.items():
            if key not in kinds or key in ("name", "description"):
                settable = ", ".join(k for k in kinds if k not in ("name", "description"))
                raise ValueError(f"A profile has no setting '{key}'. Settings: {settable}.")
            converted[key] = _convert(key, value, kinds[key])
        changed = dataclasses.replace(self, **converted)
        _check(changed)
        if changed.weights == "imagenet" and changed.warmup_batches != self.warmup_batches:
            raise ValueError("Setting 'warmup_batches' does nothing where 'weights' is imagenet: nothing is warmed up.")
        return changed

    def changes(self) -> dict:
        """What differs from the profile of that name, by setting."""
        named = _PROFILES[self.name].as_dict() if self.name in _PROFILES else {}
        return {key: value for key, value in self.as_dict().items() if value != named.get(key)}

    def as_dict(self) -> dict:
        """The numbers as plain Python values, ready for JSON."""
        return dataclasses.asdict(self)


_MAY_BE_ZERO = (
    "seed", "training_seed", "videos", "unlabelled_clips", "warmup_batches", "tta_variants", "augmentation",
    "what_if_epochs", "leaking_epochs", "threads", "weight_decay", "meso_dropout", "robustness_videos", "swap_pairs",
)
_MAY_BE_NEGATIVE = ("face_margin", "face_shift")  # but above -1


def _convert(key: str, value, kind: Any):
    """`value`, which may be text from a command line, as the type of the field `key`."""
    if kind not in (int, float):
        return str(value)
    try:
        number = float(value)
        if kind is int and number != int(number):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        wanted = "a whole number" if kind is int else "a number"
        raise ValueError(f"Setting '{key}' takes {wanted}, not {value!r}.") from None
    return kind(number)


def _check(profile: Profile) -> None:
    check_choices(profile)
    for field in dataclasses.fields(profile):
        value = getattr(profile, field.name)
        least_is_zero, bound = field.name in _MAY_BE_ZERO, -1 if field.name in _MAY_BE_NEGATIVE else 0
        # Written so that nan, which compares with nothing, is refused too.
        if isinstance(value, (int, float)) and not (bound < value < math.inf or value == 0 and least_is_zero):
            least = "zero or above" if least_is_zero else f"above {bound or 'zero'}"
            raise ValueError(f"Setting '{field.name}' must be {least}, not {value}.")
    if abs(profile.face_shift) >= (1 + profile.face_margin) / 2:
        raise ValueError("Setting 'face_shift' must be less than half of the crop's side: no face would be in it.")
    if profile.normalisation == "min_max" and profile.weights != "random":
        raise ValueError("Setting 'normalisation' is min_max only with 'weights' random: ImageNet's expect their own.")
    if profile.weights == "imagenet" and profile.backbone_width != 1:
        raise ValueError("Setting 'weights' is imagenet only with 'backbone_width' 1: set weights=random.")
    if profile.originals_per_part >= profile.clips_per_part:
        raise ValueError("Setting 'originals_per_part' must be below 'clips_per_part': every part needs fakes.")


_NAMED = (
    Profile(
        name="tiny", source="synthetic",
        description="A dozen synthetic clips: what the tests run, in a few minutes.",
        parts=4, clips_per_part=3, originals_per_part=1, unlabelled_clips=2, clip_width=320, clip_height=240,
        clip_frames=24, threads=1, min_frames=20, frames_per_video=6, face_side=64, videos_per_shard=5,
        weights="random", backbone_width=0.125, sequence_frames=4, lstm_units=16,
        sequence_models="resnet50_lstm resnet50_afw", epochs=2, backbone_epochs=2, frames_per_epoch=4, batch_size=8,
        backbone_batch_size=8, sequence_epochs=2, sequence_batch_size=4, warmup_batches=2, videos_per_update=1,
        what_if_epochs=1, leaking_epochs=2, evaluation_frames=4, tta_variants=2, robustness_videos=8,
        robustness_frames=2, swap_steps=90, swap_pairs=2, sound_steps=4,
    ),
    Profile(
        name="mini", source="synthetic",
        description="The synthetic DFDC, drawn on the spot: any laptop, no download, some twenty minutes.",
        # A test split of 90 videos of 30 people, and 90 people to learn from.
        clips_per_part=30, originals_per_part=10, clip_width=480, clip_height=270, frames_per_video=16,
        detection_width=320, face_margin=0.1, face_side=80, videos_per_shard=8, threads=1,
        # Nothing is downloaded: with ImageNet's weights where they can be had the table would be another. From a
        # random start, a few hundred clips and two cores teach an eighth of the channels more than all of them.
        weights="random", backbone_width=0.125, lstm_units=128,
        # Minutes allow some hundred updates: rates are high and fall, augmentation is light, nothing stops early, and
        # with dropout MesoNet, sixteen channels at its widest, would not begin to learn in them.
        epochs=6, batch_size=32, frames_per_epoch=8, meso_rate=4.0, meso_dropout=0.0, sequence_epochs=6,
        backbone_epochs=8, backbone_batch_size=32, backbone_rate=2.5, warmup_batches=700, sequence_frames=8,
        videos_per_update=1, schedule="cosine", patience=20, augmentation=0.4, evaluation_frames=8,
        robustness_videos=30, robustness_frames=1, tta_variants=3, what_if_epochs=2, leaking_epochs=6,
    ),
    Profile(
        name="crops", source="crops", split="original",
        description="Kaggle's deepfake-faces, one real DFDC crop a video: frame models, an hour on two cores.",
        # A third of the set, so that all notebooks take an hour (0 is all of it); and one face a video is all there is.
        videos=30000, min_frames=1, frames_per_video=1, max_people=1, frames_per_epoch=1, evaluation_frames=1,
        # How its crops lie on the box that MTCNN finds: faces of other videos are cut like them.
        face_margin=-0.13, face_shift=0.12, face_side=112, videos_per_shard=1024,
        weights="auto", epochs=16, backbone_epochs=2, backbone_rate=0.5, videos_per_update=1, schedule="cosine",
        patience=16, augmentation=0.4, tta_variants=2, robustness_videos=300, robustness_frames=1,
    ),
    Profile(
        name="sample", source="dfdc", split="original",
        description="Kaggle's 400-video sample of DFDC: one GPU, an evening.",
        # Four hundred videos in shards of 64 would keep seven workers busy and no more.
        videos_per_shard=8, precision="auto",
    ),
    Profile(
        name="full", source="dfdc", precision="auto",
        description="All 50 parts of DFDC, split 30/10/10: the study of the report.",
    ),
)
_PROFILES = {profile.name: profile for profile in _NAMED}


def names() -> list[str]:
    """The profiles there are, smallest first."""
    return list(_PROFILES)


def get(name: str, /, **changes) -> Profile:
    """The profile `name`, with other numbers. Raises ValueError for a profile or a setting that does not exist."""
    if name not in _PROFILES:
        raise ValueError(f"There is no profile '{name}'. Profiles: {', '.join(_PROFILES)}.")
    return _PROFILES[name].replace(**changes)
