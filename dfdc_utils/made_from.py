"""What every artefact of a study was made from, and whether it still fits.

Beside the artefacts of a study, in `runs/<study>/made_from/`, lies a record of each: the settings that concern it, the
identities of the artefacts before it, the code that made it, and its own identity. Whoever makes an artefact compares
all of it, and makes it again where anything differs; whoever reads one compares settings and inputs, and refuses what
does not fit, naming both sides and the command that mends it.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dfdc_utils import source_code
from dfdc_utils.workspace import Workspace, whole, write_json


class NotCurrent(ValueError):
    """An artefact was made from something else than what is there now. The text names both, and the way out."""


@dataclass(frozen=True, kw_only=True)
class MadeFrom:
    """From what something is made."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    """Numbers and choices, ready for JSON."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """Identities of what it reads, by what people call them ("the table")."""
    code: str = ""
    """The digest of the modules that make it (`code_of`)."""


def code_of(*names: str) -> str:
    """The digest of some modules of this package and of all that they import."""
    return source_code.digest(names)


def digest(*parts: Any) -> str:
    """16 hex digits of some values that JSON can hold."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:16]


def array_digest(array: np.ndarray) -> str:
    """The digest of an array's shape, kind and values."""
    return digest(array.shape, str(array.dtype), hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest())


def file_digest(path: Path) -> str:
    """The digest of a file that is no artefact of a study."""
    return _sha256(path)


def record(workspace: Workspace, path: Path, made_from: MadeFrom) -> None:
    """Writes down that the artefact at `path`, just finished, was made from `made_from`."""
    write_json(workspace.made_from(path), {"made_from": asdict(made_from), "file": _state(path, _sha256(path))})


def identity(workspace: Workspace, path: Path) -> str:
    """The digest of an artefact's bytes. Raises FileNotFoundError where there is none."""
    known = _read(workspace, path)["file"]
    # A model of a gigabyte is not read again for each question.
    return known["sha256"] if known == _state(path, known.get("sha256")) else _sha256(path)


def difference(workspace: Workspace, path: Path, wanted: MadeFrom) -> str | None:
    """How the artefact at `path` differs from one made from `wanted`; None where it does not.

    What `wanted` does not name is not compared: who reads an artefact need not know all that whoever made it knew.
    """
    if not path.exists():
        return "it is not there"
    found = _read(workspace, path)
    if not found["made_from"]:
        return "nothing says what it was made from"
    if found["file"] != _state(path, found["file"]["sha256"]) and found["file"]["sha256"] != _sha256(path):
        return "it was changed by something else since it was made"
    made = MadeFrom(**found["made_from"])
    # Through JSON, as the other side went: a tuple is a list there.
    now = json.loads(json.dumps(asdict(wanted), default=str))
    told = [
        f"{name}={made.settings.get(name)} (now {now['settings'].get(name)})"
        for name in sorted(now["settings"])
        if made.settings.get(name) != now["settings"][name]
    ]
    told += [
        f"another version of {name}" for name in now["inputs"] if made.inputs.get(name) != now["inputs"][name]
    ]
    if now["code"] and made.code != now["code"]:
        told.append("other code")
    return f"it was made with {', '.join(told)}" if told else None


def require(workspace: Workspace, path: Path, wanted: MadeFrom, *, what: str, notebook: str) -> None:
    """Raises NotCurrent, or FileNotFoundError, unless the artefact at `path` was made from `wanted` (`difference`).

    Args:
        what: people call it: "The model Meso4".
        notebook: that makes it again: "04".
    """
    reason = difference(workspace, path, wanted)
    if reason is None:
        return
    command = f"python -m dfdc_utils study --profile {workspace.profile.name}{_named(workspace)} --only {notebook}"
    message = f"{what} ({path}) does not fit this study: {reason}. Make it again with notebook {notebook}: {command}"
    raise (NotCurrent if path.exists() else FileNotFoundError)(message)


def arrays(
    workspace: Workspace, path: Path, wanted: MadeFrom, compute: Callable[[], dict[str, np.ndarray]]
) -> dict[str, np.ndarray]:
    """What `compute` gives, by name; read from the NumPy archive at `path` if that was made from `wanted`."""
    if difference(workspace, path, wanted):
        with whole(path) as temporary, open(temporary, "wb") as file:
            np.savez_compressed(file, allow_pickle=False, **compute())
        record(workspace, path, wanted)
    with np.load(path) as archive:
        return dict(archive)


def table(
    workspace: Workspace, path: Path, wanted: MadeFrom, compute: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """What `compute` gives; read from the Parquet file at `path` if that was made from `wanted`."""
    if difference(workspace, path, wanted):
        with whole(path) as temporary:
            compute().to_parquet(temporary, index=False)
        record(workspace, path, wanted)
    return pd.read_parquet(path)


def forget(workspace: Workspace, path: Path) -> None:
    """Takes back what is known of the artefact at `path`: whoever makes it makes it again."""
    workspace.made_from(path).unlink(missing_ok=True)


def _named(workspace: Workspace) -> str:
    name = "" if workspace.name == workspace.profile.name else f" --name {workspace.name}"
    return name if workspace.run == workspace.base else f"{name} --seeds {workspace.profile.training_seed}"


def _read(workspace: Workspace, path: Path) -> dict:
    """The record of an artefact; an empty one where there is none, or none that can be read."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads(workspace.made_from(path).read_text(encoding="utf-8"))
    return {"made_from": {}, "file": {}}


def _state(path: Path, sha256: str | None) -> dict:
    status = path.stat()
    return {"bytes": status.st_size, "modified_ns": status.st_mtime_ns, "sha256": sha256}


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
