"""Where a study's files lie. The only place that joins paths.

    home/                    $DFDC_HOME, else the checkout this package lives in; where nothing may be written there,
    │                        $DFDC_RUNS, Kaggle's working folder or the current one
    ├── data/<set>/          raw videos, never changed                    ($DFDC_DATA moves it)
    ├── figures/<study>/     pictures, named by the notebook that drew them
    └── runs/<study>/        everything else a study makes                ($DFDC_RUNS moves it)
        └── seeds/<number>/  what is trained, and comes of that, with another training seed

A study is called like its profile, or, where the data set was named ($DFDC_DATA, --data), like both together:
"crops-deepfake-faces". --name, and STUDY in a notebook, call it otherwise.
"""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils import profiles
from dfdc_utils.places import data_sets, folder_of, writable_home
from dfdc_utils.profiles import Profile

LAST_RUN = "last_run.json"
# No separator, and not hidden: it becomes the name of a folder.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")


def _last_run(run: Path) -> dict:
    """On which data set and with which settings the study in the folder `run` was last run; empty where it was not."""
    path = run / LAST_RUN
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


@dataclass(frozen=True)
class Workspace:
    """The folders and files of one study, from whatever folder a notebook runs."""

    name: str
    """Of the study."""
    profile: Profile
    home: Path
    data: Path
    """Holds one folder per data set, or is itself a data set."""
    base: Path
    """The study's folder: its table and its faces, whatever the training seed."""

    @classmethod
    def open(cls, profile: Profile | str, /, study: str | None = None, **overrides) -> "Workspace":
        """The workspace of a study of `profile` (a `Profile` or its name), with some of its numbers replaced.

        Its folders are made when something is first written into them.

        Args:
            study: its name; by default as the head of this file says.

        Raises ValueError for a name that is no file name, and as `Profile.replace` does.
        """
        if isinstance(profile, str):
            profile = profiles.get(profile)
        profile = profile.replace(**overrides)
        home = writable_home()
        named = os.environ.get("DFDC_DATA") if profile.source != "synthetic" else None
        folder = re.sub(r"[^A-Za-z0-9._]+", "-", Path(named).expanduser().resolve().name) if named else ""
        name = study or "-".join(filter(None, [profile.name, folder]))
        if not _NAME.fullmatch(name):
            raise ValueError(f"A study's name is made of letters, digits, '.', '_' and '-', not {name!r}.")
        base, data = folder_of("DFDC_RUNS", home / "runs") / name, folder_of("DFDC_DATA", data_sets(home))
        return cls(name=name, profile=profile, home=home, data=data, base=base)

    @property
    def run(self) -> Path:
        """Where what comes of training lies: `base`, or a folder in it where the training seed is another."""
        seed = self.profile.training_seed
        return self.base if seed == Profile.training_seed else self.base / "seeds" / str(seed)

    @property
    def figures(self) -> Path:
        return self.home / "figures" / self.name if self.run == self.base else self.run / "figures"

    def of_seed(self, training_seed: int) -> "Workspace":
        """The same study, with the same clips and faces, trained with another training seed.

        Only what a comparison needs is repeated: no training with one choice changed, no corrupted faces.
        """
        left_out = {"what_if_epochs": 0, "leaking_epochs": 0, "robustness_videos": 0}
        return dataclasses.replace(self, profile=self.profile.replace(training_seed=training_seed, **left_out))

    def other_seeds(self) -> list[int]:
        """The training seeds with which this study was trained too."""
        own = self.profile.training_seed
        seeds = {int(path.name) for path in (self.base / "seeds").glob("*") if path.name.isdigit()}
        if (self.base / "metrics").is_dir():
            seeds.add(Profile.training_seed)
        return sorted(seeds - {own})

    @classmethod
    def reopen(cls, study: str) -> "Workspace":
        """The workspace of a study as it was last run: with its profile and the settings that were replaced.

        Raises FileNotFoundError, naming those there are, for a study that has never run.
        """
        runs = folder_of("DFDC_RUNS", writable_home() / "runs")
        last = _last_run(runs / study)
        if not last:
            known = ", ".join(sorted(path.parent.name for path in runs.glob(f"*/{LAST_RUN}"))) or "none"
            raise FileNotFoundError(f"There is no study '{study}' in {runs}. Studies: {known}.")
        return cls.open(last["profile"], study, **last["settings"])

    @property
    def data_set(self) -> Path | None:
        """The root of the data set that this study has worked on; None where it has not begun."""
        last = _last_run(self.base)
        return Path(last["data_set"]) if last else None

    def claim(self, root: Path) -> None:
        """From now on this study is one of the data set at `root`, with the workspace's settings.

        Raises ValueError where it is one of another, and that is still there: two sets never meet in one folder.
        """
        known = self.data_set
        if known is not None and known != root and known.exists():
            raise ValueError(
                f"The study {self.name} in {self.base} is one of the data set in {known}, not of {root}. "
                "Give this one another name: --name NAME (STUDY in a notebook)."
            )
        last = {"data_set": str(root), "profile": self.profile.name, "settings": self.profile.changes()}
        if last != _last_run(self.base):
            write_json(self.base / LAST_RUN, last)

    @property
    def synthetic(self) -> Path:
        """The synthetic DFDC of this study."""
        return self.home / "data" / self.name

    @property
    def table(self) -> Path:
        """The one table, with its splits (Parquet)."""
        return self.base / "table.parquet"

    @property
    def videos(self) -> Path:
        """What the EDA measured of every video (Parquet)."""
        return self.base / "videos.parquet"

    @property
    def faces(self) -> Path:
        """The face stores: a folder for each way in which faces were cut (`faces.store.open_store`)."""
        return self.base / "faces"

    def made_from(self, artefact: Path) -> Path:
        """The record of what an artefact was made from (`dfdc_utils.made_from`)."""
        root = self.run if artefact.is_relative_to(self.run) else self.base
        return root / "made_from" / artefact.relative_to(root).with_name(f"{artefact.name}.json")

    @property
    def notebooks(self) -> Path:
        """Executed copies of the notebooks."""
        return self.run / "notebooks"

    @property
    def ledger(self) -> Path:
        """What the runner remembers of the notebooks that succeeded (JSON)."""
        return self.run / "study.json"

    @property
    def submission(self) -> Path:
        return self.run / "submission.csv"

    @property
    def comparison(self) -> Path:
        """The comparison table of all models (CSV)."""
        return self.run / "comparison.csv"

    @property
    def previews(self) -> Path:
        """Small clips that a browser plays (`explore.previews`)."""
        return self.base / "previews"

    @property
    def uploads(self) -> Path:
        """Clips that somebody gave to `explore`, a folder each."""
        return self.base / "uploads"

    @property
    def game(self) -> Path:
        """Answers in the game of notebook 11, a file (CSV) a nickname."""
        return self.base / "game"

    @property
    def model_card(self) -> Path:
        """What `train-detector` tells of its detector (Markdown)."""
        return self.run / "MODEL_CARD.md"

    def model(self, name: str) -> Path:
        return self.run / "models" / f"{name}.keras"

    def training(self, name: str) -> Path:
        """How model `name` was trained: recipe, history, best epoch (JSON)."""
        return self.run / "models" / f"{name}.json"

    def progress(self, name: str) -> Path:
        """Where an unfinished training of model `name` stands (NumPy archive); gone once it is finished."""
        return self.run / "models" / f"{name}.progress.npz"

    @property
    def features(self) -> Path:
        """What frozen backbones made of the faces, and the weights of those that were warmed up."""
        return self.run / "features"

    def predictions(self, name: str) -> Path:
        return self.run / "predictions" / f"{name}.parquet"

    def robustness(self, name: str) -> Path:
        """Predictions of model `name` for corrupted faces."""
        return self.run / "robustness" / f"{name}.parquet"

    def metrics(self, name: str) -> Path:
        return self.run / "metrics" / f"{name}.json"

    def explained(self, name: str) -> Path:
        """What notebook 08 found out about networks and need not compute again (NumPy archive)."""
        return self.run / "explained" / f"{name}.npz"

    @property
    def swaps(self) -> Path:
        """The clips of notebook 12, whose faces were swapped by a network that learned it."""
        return self.run / "swaps"

    @property
    def learned_swaps(self) -> Path:
        """How well detectors tell those from originals (CSV)."""
        return self.run / "learned_swaps.csv"

    @property
    def mouths(self) -> Path:
        """How far mouths are open, moment by moment (`sound.mouth`, Parquet)."""
        return self.run / "sound" / "mouths.parquet"

    @property
    def listened(self) -> Path:
        """What notebook 13 came to: picture and sound together, on the test split (JSON)."""
        return self.run / "sound" / "picture_and_sound.json"

    @property
    def report(self) -> Path:
        """Pages that open from disk (`explore.report`)."""
        return self.run / "report"

    @property
    def provenance(self) -> Path:
        """The signed, altered and chained clips of notebook 14."""
        return self.run / "provenance"

    def cross_data(self, other: str) -> Path:
        """How this study's models do on the faces of the profile `other` (CSV)."""
        return self.run / "cross_data" / f"{other}.csv"

    def figure(self, name: str) -> Path:
        """`name` starts with the notebook's number: "07_roc_curves"."""
        return self.figures / f"{name}.png"


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path`, renamed to `path` when the block ends well, removed when it does not.

    Works for files and folders, so that what is seen under its own name is always finished.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last: writers such as Keras and PyAV choose the format by it.
    temporary = path.with_name(f".{path.stem}.{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary)
        else:
            temporary.unlink(missing_ok=True)


def write_json(path: Path, content: dict) -> None:
    """Writes `content` whole or not at all."""
    with whole(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
