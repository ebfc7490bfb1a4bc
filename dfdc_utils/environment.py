"""Where the code runs, what is installed, and, as a doctor, what is wrong with it and how to mend it."""

import importlib.metadata
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from dfdc_utils.data import ignored, metadata, splits
from dfdc_utils.places import may_write, project_root
from dfdc_utils.study import resources
from dfdc_utils.workspace import Workspace

_INSTALL = f"{sys.executable} -m pip install -r requirements.txt"
# What the wheel of opencv-python expects of a Linux system, and the Debian and Ubuntu package that has it.
_LIBRARIES = {
    "libGL.so": "libgl1",
    "libgthread": "libglib2.0-0",
    "libglib": "libglib2.0-0",
    "libSM": "libsm6",
    "libXext": "libxext6",
    "libXrender": "libxrender1",
}
_CODECS: tuple[tuple[str, Literal["r", "w"]], ...] = (("h264", "r"), ("libx264", "w"), ("aac", "r"), ("aac", "w"))
# 30 crops of 119,000 videos, at about 25 kB each.
_FREE_GB = {"full": 100}
_FREE_GB_ELSE = 2


@dataclass(frozen=True)
class Check:
    """One thing the doctor looked at: what it found, and, where that is wrong, what mends it."""

    what: str
    found: str
    mend: str | None = None


def kind() -> str:
    """"kaggle", "colab" or "local"."""
    if "KAGGLE_KERNEL_RUN_TYPE" in os.environ:
        return "kaggle"
    return "colab" if "COLAB_RELEASE_TAG" in os.environ else "local"


def doctor(workspace: Workspace | None = None) -> bool:
    """Prints `[OK]` or `[FAIL]`, with the mend, for everything a study needs. True if nothing fails.

    Looked at are the versions against requirements.txt, the system libraries that OpenCV wants, the GPU (a
    study runs without one, but not with one that TensorFlow cannot use), video codecs, the data and the disk,
    for the profile of `workspace` (default: `mini`).
    """
    workspace = workspace or Workspace.open("mini")
    failed = 0
    for check in checks(workspace):
        failed += check.mend is not None
        print(f"{'[OK]  ' if check.mend is None else '[FAIL]'} {check.what:<16} {check.found}", flush=True)
        if check.mend:
            print(f"{'':<24}mend: {check.mend}", flush=True)
    print("All is well." if not failed else f"{failed} to mend.")
    return not failed


def checks(workspace: Workspace) -> Iterator[Check]:
    """What the doctor looks at, in the order in which it is printed."""
    # In processes of their own: an import that fails can take its process with it, and TensorFlow is heavy.
    # Started first, so that it is done when the rest is.
    tensorflow = _start("import tensorflow; print(len(tensorflow.config.list_physical_devices('GPU')))")
    opencv = _start("import cv2; print(cv2.__version__)")
    yield _python()
    yield from _requirements()
    yield _codecs()
    yield _opencv(opencv)
    yield _gpu(tensorflow)
    yield from _data(workspace)
    yield _disk(workspace)


def _python() -> Check:
    mend = None if sys.version_info >= (3, 11) else "install 3.11 or newer, then make PYTHON=python3.11 study"
    return Check("python", f"{sys.version.split()[0]}, {kind()}", mend)


def _requirements() -> Iterator[Check]:
    tested = dict(_pinned())
    for name, allowed in _ranges().items():
        found, wanted = _installed(name), tested.get(name, str(allowed))
        if found is None:
            yield Check(name, f"missing, {wanted} wanted", _INSTALL)
        elif not allowed.contains(found, prereleases=True):
            yield Check(name, f"{found}, {allowed} is needed", _INSTALL)
        # Some builds add a suffix of their own, such as 2.21.0+cpu.
        else:
            yield Check(name, found if found.split("+")[0] == wanted else f"{found}; {wanted} was tested")


def _pinned() -> list[tuple[str, str]]:
    """(name, version) of requirements.txt, the versions that were tested together; none without a checkout."""
    root = project_root()
    lines = (root / "requirements.txt").read_text(encoding="utf-8").splitlines() if root else []
    return [(match[1], match[2]) for line in lines if (match := re.match(r"([\w.-]+)==([\w.]+)", line))]


def _ranges() -> dict[str, SpecifierSet]:
    """The versions of each package with which this one may be used (pyproject.toml)."""
    root = project_root()
    if root:
        lines = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    else:
        lines = [line for line in importlib.metadata.requires("dfdc_utils") or [] if "extra" not in line]
    wanted = [Requirement(line) for line in lines]
    return {requirement.name: requirement.specifier for requirement in wanted}


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _codecs() -> Check:
    try:
        import av
    except ImportError as error:
        return Check("video codecs", str(error), _INSTALL)
    lacking = []
    for name, mode in _CODECS:
        try:
            av.codec.Codec(name, mode)
        except ValueError:
            lacking.append(f"{name} ({'decoder' if mode == 'r' else 'encoder'})")
    if lacking:
        mend = f"{sys.executable} -m pip install --force-reinstall --only-binary av av=={_installed('av')}"
        return Check("video codecs", f"PyAV lacks {', '.join(lacking)}", mend)
    return Check("video codecs", "H.264 and AAC, read and written")


def _opencv(process: subprocess.Popen) -> Check:
    output, error = _finish(process)
    if error is None:
        return Check("opencv libraries", f"cv2 {output} loads")
    packages = [package for library, package in _LIBRARIES.items() if library in error]
    mend = f"apt-get install -y {packages[0]}  (or your system's package of it)" if packages else _INSTALL
    return Check("opencv libraries", error, mend)


def _gpu(process: subprocess.Popen) -> Check:
    output, error = _finish(process)
    if error is not None:
        mend = _INSTALL
        if "SIGILL" in error:
            mend = "TensorFlow's wheels need a processor with AVX; use another machine"
        return Check("tensorflow", error, mend)
    if output != "0":
        return Check("gpu", f"{output} found")
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
    if hidden in ("", "-1"):
        return Check("gpu", f"none, as CUDA_VISIBLE_DEVICES={hidden} asks; a study runs without, more slowly")
    if _has_nvidia_gpu():
        pip = f'{sys.executable} -m pip install "tensorflow[and-cuda]=={_installed("tensorflow")}"'
        return Check("gpu", "there is one, but TensorFlow cannot use it", f"{pip}; if that is done, a newer driver")
    return Check("gpu", "none; a study runs without, more slowly")


def _has_nvidia_gpu() -> bool:
    """Asks the driver, not TensorFlow."""
    try:
        return Path("/dev/nvidia0").exists() or bool(resources.driver_lists())
    except TimeoutError:
        # A driver that hangs has a GPU to hang on.
        return True


def _data(workspace: Workspace) -> Iterator[Check]:
    profile = workspace.profile
    what = f"data for {profile.name}"
    try:
        dataset = metadata.read(metadata.locate(workspace))
    except FileNotFoundError as error:
        if profile.source == "synthetic":
            yield Check(what, "not drawn yet; a study does so by itself")
        else:
            mend = "download it (data/README.md says from where, and how it may lie), or choose mini"
            yield Check(what, str(error), mend)
        return
    except (ValueError, PermissionError) as error:
        yield Check(what, str(error), "see above")
        return
    table = dataset.table
    labels = table["label"].fillna("without a label").value_counts()
    counts = ", ".join(f"{count:,} {label}" for label, count in labels.items())
    yield Check(what, f"{metadata.NAMES[dataset.layout]}: {len(table):,} videos ({counts}) in {dataset.root}")
    official = table["split"].value_counts()
    named = ", ".join(f"{official[split]:,} {split}" for split in splits.SPLITS if split in official)
    drawn = f"a study draws them by {profile.split}, as its profile says"
    yield Check("splits", f"official ones: {named}" if named else f"no official ones: {drawn}")
    unknown = "the set does not say who is in which video"
    yield Check("people", f"{table['person'].nunique():,} are told apart" if "person" in table else unknown)
    for problem, count in dataset.problems["problem"].value_counts().items():
        first = dataset.problems[dataset.problems["problem"] == problem].iloc[0]
        where = "/".join(filter(None, [first["part"], first["video"]]))
        yield Check(f"{count} left out", f"{problem}: {where}: {first['detail']}{', and others' if count > 1 else ''}")
    for place, why in ignored.ignored(dataset.root, table):
        yield Check("ignored", f"{place}: {why}")


def _disk(workspace: Workspace) -> Check:
    folder = next(path for path in (workspace.run, *workspace.run.parents) if path.exists())
    for written in (workspace.run, workspace.figures):
        if not may_write(written):
            elsewhere = "set DFDC_HOME to a folder that you may write to: runs, figures and drawn data go there"
            return Check("disk", f"nothing may be written to {written}", elsewhere)
    free, wanted = shutil.disk_usage(folder).free / 1e9, _FREE_GB.get(workspace.profile.name, _FREE_GB_ELSE)
    mend = None if free >= wanted else f"free {wanted} GB, or set DFDC_RUNS to a folder on a larger disk"
    return Check("disk space", f"{free:.0f} GB free in {folder}", mend)


def _start(code: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )


def _finish(process: subprocess.Popen) -> tuple[str, str | None]:
    """(last line of its output, None), or ("", what went wrong)."""
    output, errors = process.communicate()
    if process.returncode == 0:
        return output.strip().splitlines()[-1], None
    if process.returncode < 0:
        return "", f"its import was ended by {signal.Signals(-process.returncode).name}"
    return "", errors.strip().splitlines()[-1]
