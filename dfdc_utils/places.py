"""The folders of this machine: where the package lies, where data sets are mounted, where anything may be written."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
KAGGLE_INPUT = Path("/kaggle/input")
KAGGLE_WORKING = Path("/kaggle/working")


def project_root() -> Path | None:
    """The checkout this package lives in, or None where it was installed without its notebooks."""
    root = PACKAGE.parent
    return root if (root / "notebooks").is_dir() and (root / "pyproject.toml").is_file() else None


def writable_home() -> Path:
    """The first folder that may be written to; the checkout where none may, which the doctor finds."""
    root, runs = project_root(), os.environ.get("DFDC_RUNS")
    # Kaggle's working folder is there or is not; nobody makes it elsewhere.
    working = KAGGLE_WORKING if KAGGLE_WORKING.is_dir() else None
    places = [root, Path(runs).expanduser().resolve() if runs else None, working, Path.cwd()]
    known = [place for place in places if place]
    return folder_of("DFDC_HOME", next((place for place in known if may_write(place)), known[0]))


def may_write(folder: Path) -> bool:
    """Whether this user may write in `folder`, or make it."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return os.access(there, os.W_OK | os.X_OK)


def kaggle_mounts() -> list[Path]:
    """The folders under which Kaggle mounts data sets; none elsewhere.

    A competition's data lies in `/kaggle/input/<slug>` or `/kaggle/input/competitions/<slug>`.
    """
    return [folder for folder in (KAGGLE_INPUT / "competitions", KAGGLE_INPUT) if folder.is_dir()]


def folder_of(variable: str, default: Path) -> Path:
    value = os.environ.get(variable)
    return Path(value).expanduser().resolve() if value else default


def data_sets(home: Path) -> Path:
    """The folder of data sets: a checkout's own is read also where nothing may be written to it."""
    root = project_root()
    beside = root / "data" if root else None
    own = beside and "DFDC_HOME" not in os.environ and any(path.is_dir() for path in beside.glob("[!.]*"))
    return beside if beside and own else home / "data"
