"""The models that are asked: where they lie, how their faces are cut, and how their scores become probabilities."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dfdc_utils import made_from, models
from dfdc_utils.evaluation import metrics
from dfdc_utils.evaluation.aggregation import THRESHOLD
from dfdc_utils.evaluation.calibration import scaled
from dfdc_utils.models import record
from dfdc_utils.models.published import load_published, published_profile
from dfdc_utils.profiles import Profile
from dfdc_utils.workspace import Workspace

if TYPE_CHECKING:
    from dfdc_utils.backend import keras

_DETECTOR = "dfdc_faces"
"""The study that `train-detector` makes."""


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """How a model's scores become probabilities, fitted on videos that it was not trained on."""

    temperature: float
    prior: float
    """The share of fakes among the videos for which they are probabilities."""
    uncertain: tuple[float, float]
    """From the first to below the second a probability decides nothing."""
    fitted_on: str


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One trained model."""

    name: str
    """As it was asked for: "meso4", or with its study "dfdc_faces/custom_cnn"."""
    architecture: str
    title: str
    origin: str
    """Who trained it, for people."""
    sha256: str
    profile: Profile
    """How faces are cut for it, and how many of a person it looks at."""
    weights: Path | None
    """None for those that are published."""
    published: str | None = None
    calibration: Calibration | None = None

    @property
    def sequences(self) -> bool:
        return self.architecture in models.SEQUENCE_MODELS

    @property
    def looks(self) -> int:
        """Faces of a person that it is given, at most."""
        return self.profile.sequence_frames if self.sequences else self.profile.evaluation_frames

    def probability(self, p_fake):
        """P(fake) as a probability; the model's own score where nobody has calibrated it."""
        return scaled(p_fake, self.calibration.temperature) if self.calibration else p_fake

    def verdict(self, probability: float) -> str:
        """"FAKE", "REAL" or, between two bounds of its calibration, "uncertain"."""
        low, high = self.calibration.uncertain if self.calibration else (THRESHOLD, THRESHOLD)
        if low <= probability < high:
            return "uncertain"
        return "FAKE" if probability >= (high if low < high else THRESHOLD) else "REAL"

    def told(self) -> str:
        """What it is and what its scores mean, in a sentence or two."""
        who = f"{self.name}: {self.title}, {self.origin}."
        if not self.calibration:
            return f"{who} Its scores are not calibrated: 0.8 need not mean that eight in ten are fake."
        low, high = self.calibration.uncertain
        band = f" From {low:.2f} to {high:.2f} it is uncertain." if high > low else ""
        return (
            f"{who} Probabilities (temperature {self.calibration.temperature:.2f}, {self.calibration.fitted_on}) hold "
            f"where {self.calibration.prior:.0%} of the videos are fakes.{band}"
        )


def find(names: Sequence[str] | None, workspace: Workspace, *, published: str | None = None) -> list[Asked]:
    """The models called `names`.

    Args:
        names: of models of the study in `workspace` ("meso4"), of another study ("mini/meso4"), or of a study, whose
            best model is meant ("dfdc_faces"). None is the best of this study.
        published: asks for the weights of MesoNet's authors, "DF" or "F2F"; `names` are then theirs.

    Raises ValueError or FileNotFoundError for what is not there, and as `record.as_trained` does.
    """
    if published:
        return [_published(name, published, workspace) for name in names or ["meso4"]]
    # Each once, and in order.
    return list(dict.fromkeys(_trained(name, workspace) for name in names or [best(workspace)]))


def best(workspace: Workspace) -> str:
    """The trained model with the best validation accuracy. The test split has no say in it."""
    from dfdc_utils.training import fit

    trained = [name for name in models.names() if workspace.model(name).is_file()]
    if not trained:
        raise FileNotFoundError(
            f"There is no trained model in {workspace.run}: "
            f"run python -m dfdc_utils study --profile {workspace.profile.name} first."
        )
    return max(trained, key=lambda name: fit.load_training(workspace, name).history["val_accuracy"].max())


def _trained(name: str, workspace: Workspace) -> Asked:
    architecture = name
    if name not in models.names():
        study, _, architecture = name.partition("/")
        try:
            workspace = Workspace.reopen(study)
        except FileNotFoundError as error:
            known = ", ".join(models.names())
            way_out = " Make it with: python -m dfdc_utils train-detector --data DIR" if study == _DETECTOR else ""
            message = f"'{name}' is neither a model ({known}) nor a study that was run. {error}{way_out}"
            raise ValueError(message) from None
        architecture = architecture or best(workspace)
        name = f"{study}/{architecture}"
    profile = record.as_trained(architecture, workspace)
    path = workspace.model(architecture)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: train it first.")
    return Asked(
        name=name, architecture=architecture, title=models.title(architecture, workspace.profile),
        origin=f"trained by the study {workspace.name}", sha256=made_from.identity(workspace, path), profile=profile,
        weights=path, calibration=_calibration(architecture, workspace),
    )


def _published(name: str, forgery: str, workspace: Workspace) -> Asked:
    load_published(name, forgery)  # so that what cannot be downloaded is said before anything is looked at
    return Asked(
        name=name, architecture=name, title=models.title(name), origin=f"with the authors' weights ({forgery})",
        sha256=made_from.digest(name, forgery), profile=published_profile(workspace.profile).replace(min_frames=1),
        weights=None, published=forgery,
    )


def _calibration(name: str, workspace: Workspace) -> Calibration | None:
    """That of its record; else what notebook 07 measured, if that fits the model that is there."""
    known = record.calibration(name, workspace)
    if known is None:
        try:
            known = metrics.load(workspace, name).get("calibration")
        except (FileNotFoundError, made_from.NotCurrent):
            return None
    if known is None:
        return None
    low, high = known["uncertain"]
    return Calibration(
        temperature=known["temperature"], prior=known["prior"], uncertain=(low, high), fitted_on=known["fitted_on"]
    )


@functools.lru_cache(maxsize=8)
def network(asked: Asked) -> "keras.Model":
    """The model itself, loaded once a process."""
    if asked.published:
        return load_published(asked.architecture, asked.published)
    assert asked.weights is not None
    return models.load(asked.weights)


@functools.lru_cache(maxsize=8)
def explainer(asked: Asked) -> Callable[[np.ndarray], np.ndarray]:
    """Its Grad-CAM."""
    from dfdc_utils.explain import gradcam

    return gradcam.explainer(network(asked))
