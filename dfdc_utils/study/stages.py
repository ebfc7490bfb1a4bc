"""What each notebook of a study reads, what it writes, and which settings of the profile concern it.

Which modules concern it follows from what it imports (`source_code`). From these, and nothing else, follows which
notebook waits for which, which may run side by side, and what has to run again when something changes.
"""

from dataclasses import dataclass

from dfdc_utils import models
from dfdc_utils.faces.cutting import SETTINGS as CUTTING
from dfdc_utils.models.settings import settings_of

DATA = "the data set"
"""The files on disk from which a study starts."""
FACES = "the faces"
"""The face store, as far as the videos of the study's table go."""
SEEDS = "what other training seeds came to"
"""The metrics of the same study, trained with other seeds."""
TABLE = "table.parquet"


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One notebook. Files are named as they lie in the run's folder; `DATA` and `FACES` stand for many."""

    reads: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    """What it shows too where it is there, and does without where it is not."""
    writes: tuple[str, ...] = ()
    """What others read of it, or a person looks for; figures are found by the notebook's number."""
    settings: tuple[str, ...] | None = ()
    """Names of settings; None for all."""
    builds: tuple[str, ...] = ()
    """Models, whose files concern it although their names are not in an import."""
    trains: bool = False
    """Whether it is worth a GPU."""
    repeated: bool = False
    """Whether it runs again for each further training seed."""
    parallel: bool = False
    """Whether it keeps all cores busy by itself: nothing is started beside it."""
    length: int = 1
    """About how long it takes beside the others: of those that may start the longest does."""


def _model(*names: str) -> tuple[str, ...]:
    return tuple(f"models/{name}.{ending}" for name in names for ending in ("keras", "json"))


_SEEN = ("seed", "face_side", "evaluation_frames", "sequence_frames", "threads")
_ALL_MODELS = tuple(models.names())
_PREDICTIONS = tuple(f"predictions/{name}.parquet" for name in _ALL_MODELS)
_ROBUSTNESS = tuple(f"robustness/{name}.parquet" for name in _ALL_MODELS)
_LISTENED = "sound/picture_and_sound.json"
_METRICS = tuple(f"metrics/{name}.json" for name in _ALL_MODELS)

STAGES = {
    "00": Stage(reads=(DATA,), settings=("source",)),
    "01": Stage(
        reads=(DATA,), writes=(TABLE, "videos.parquet"),
        settings=(
            "source", "videos", "split", "balance", "seed", "min_frames", "detection_width", "face_margin",
            "face_shift", "face_side",
        ),
        parallel=True,
    ),
    "02": Stage(reads=(DATA, TABLE), writes=(FACES,), settings=("source", "seed", *CUTTING), parallel=True),
    "03": Stage(
        reads=(TABLE, FACES), writes=_model("custom_cnn", "custom_cnn_apart", "custom_cnn_random_split"),
        settings=(*settings_of("custom_cnn"), "seed", "what_if_epochs", "leaking_epochs", "threads"),
        builds=("custom_cnn",), trains=True, repeated=True, length=9,
    ),
    "04": Stage(
        reads=(TABLE, FACES), writes=_model("meso4", "mesoinception4", "mesoinception4_squared"),
        settings=(*settings_of("meso4"), "what_if_epochs", "threads"), builds=("mesonet",), trains=True,
        repeated=True, length=4,
    ),
    "05": Stage(
        reads=(TABLE, FACES), writes=_model("densenet121", "densenet121_frozen"),
        settings=(*settings_of("densenet121"), "what_if_epochs", "threads"), builds=("densenet121",), trains=True,
        repeated=True, length=5,
    ),
    "06": Stage(
        reads=(TABLE, FACES), writes=_model(*models.SEQUENCE_MODELS),
        settings=(*settings_of("resnet50_lstm"), "seed", "sequence_models", "frames_per_video", "threads"),
        builds=models.SEQUENCE_MODELS, trains=True, repeated=True, length=5,
    ),
    "07": Stage(
        reads=(TABLE, FACES, *_model(*_ALL_MODELS)), writes=(*_PREDICTIONS, *_METRICS, *_ROBUSTNESS),
        settings=(*_SEEN, "source", "tta_variants", "robustness_videos", "robustness_frames"), trains=True,
        repeated=True, length=7,
    ),
    "08": Stage(
        reads=(TABLE, FACES, *_model(*_ALL_MODELS)),
        settings=(*_SEEN, "frames_per_video", "face_margin", "face_shift"), trains=True, length=8,
    ),
    "09": Stage(
        reads=(TABLE, FACES, SEEDS, *_PREDICTIONS, *_METRICS, *_model("custom_cnn_random_split")),
        shows=(_LISTENED,), writes=("comparison.csv", "submission.csv"),
        settings=("seed", "source", "split", "leaking_epochs"),
    ),
    "10": Stage(
        reads=(TABLE, FACES, *_model("custom_cnn"), *_PREDICTIONS),
        writes=_model("custom_cnn_without_pseudo_labels", "custom_cnn_with_pseudo_labels"),
        settings=(*settings_of("custom_cnn"), "seed", "threads"), builds=("custom_cnn",), trains=True, length=2,
    ),
    "11": Stage(reads=(DATA, TABLE, FACES, *_model(*_ALL_MODELS), *_PREDICTIONS), settings=("seed", "source")),
    "12": Stage(
        reads=(DATA, TABLE, FACES, *_model(*_ALL_MODELS)), writes=("learned_swaps.csv",),
        settings=(
            *_SEEN, "source", "frames_per_video", "detection_width", "clip_width", "clip_height", "clip_frames",
            "swap_steps", "swap_pairs",
        ),
        trains=True, length=6,
    ),
    "13": Stage(
        reads=(DATA, TABLE, FACES, *_model(*_ALL_MODELS)), writes=(_LISTENED,),
        settings=(*_SEEN, "source", "sound_steps"), trains=True, length=3,
    ),
    "14": Stage(reads=(DATA, TABLE), settings=("source", "seed")),
}
"""By the number with which a notebook's name begins."""

OTHER = Stage(reads=(DATA, TABLE, FACES, *_model(*_ALL_MODELS), *_PREDICTIONS, *_METRICS), settings=None)
"""A notebook of which nothing is known: anything may concern it."""


def stage_of(notebook: str) -> Stage:
    """The stage of the notebook of that name ("03_train_custom_cnn")."""
    return STAGES.get(notebook[:2], OTHER)


def waits_for(notebook: str, other: str) -> bool:
    """Whether `notebook` reads what `other` writes."""
    return notebook != other and bool(set(stage_of(notebook).reads) & set(stage_of(other).writes))


def shows(notebook: str, other: str) -> bool:
    """Whether `notebook` shows what `other` writes, if it is there."""
    return bool(set(stage_of(notebook).shows) & set(stage_of(other).writes))
