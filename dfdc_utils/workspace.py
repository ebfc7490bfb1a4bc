"""Where a study's files lie. The only place that joins paths.

    home/                    $DFDC_HOME, else the checkout this package lives in, else the current folder
    ├── data/<set>/          raw videos, never changed                    ($DFDC_DATA moves it)
    ├── figures/<profile>/   pictures, named by the notebook that drew them
    └── runs/<profile>/      everything else a study makes                ($DFDC_RUNS moves it)
"""

import contextlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dfdc_utils import profiles
from dfdc_utils.profiles import Profile

PACKAGE = Path(__file__).resolve().parent


def project_root() -> Path | None:
    """The checkout this package lives in, or None where it was installed without its notebooks."""
    root = PACKAGE.parent
    return root if (root / "notebooks").is_dir() and (root / "pyproject.toml").is_file() else None


def _folder(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


@dataclass(frozen=True)
class Workspace:
    """The folders and files of one study, from whatever folder a notebook runs."""

    profile: Profile
    home: Path
    data: Path
    """Holds one folder per data set, or is itself a data set."""
    run: Path
    figures: Path

    @classmethod
    def open(cls, profile: Profile | str, /, **overrides) -> "Workspace":
        """The workspace of `profile` (a `Profile` or its name), with some of its numbers replaced.

        Its folders are made when something is first written into them.
        """
        if isinstance(profile, str):
            profile = profiles.get(profile)
        profile = profile.replace(**overrides)
        home = _folder("DFDC_HOME", project_root() or Path.cwd())
        return cls(
            profile=profile,
            home=home,
            data=_folder("DFDC_DATA", home / "data"),
            run=_folder("DFDC_RUNS", home / "runs") / profile.name,
            figures=home / "figures" / profile.name,
        )

    @property
    def synthetic(self) -> Path:
        """The synthetic DFDC of this profile."""
        return self.home / "data" / self.profile.name

    @property
    def table(self) -> Path:
        """The one table, with its splits (Parquet)."""
        return self.run / "table.parquet"

    @property
    def videos(self) -> Path:
        """What the EDA measured of every video (Parquet)."""
        return self.run / "videos.parquet"

    @property
    def faces(self) -> Path:
        """The face store, a folder of shards, with the video account beside them."""
        return self.run / "faces"

    @property
    def notebooks(self) -> Path:
        """Executed copies of the notebooks."""
        return self.run / "notebooks"

    @property
    def study(self) -> Path:
        """What the runner remembers of the notebooks that succeeded (JSON)."""
        return self.run / "study.json"

    @property
    def submission(self) -> Path:
        return self.run / "submission.csv"

    @property
    def comparison(self) -> Path:
        """The comparison table of all models (CSV)."""
        return self.run / "comparison.csv"

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
