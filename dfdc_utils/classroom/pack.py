"""A study in one archive, so that thirty laptops need not draw, cut out faces and train.

Besides files below `data/` and `runs/` the archive holds `pack.json`: of which study it is, and size, time and SHA-256
of each file. Beside the archive lies its own SHA-256, as `sha256sum -c` takes it.
"""

import hashlib
import json
import os
import shutil
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from tqdm import tqdm

from dfdc_utils import __version__
from dfdc_utils.data import study_table
from dfdc_utils.workspace import LAST_RUN, Workspace, whole, write_json

_CONTENTS = "pack.json"
_ORIGIN = "unpacked.json"
_BLOCK = 1 << 20


class DamagedPack(ValueError):
    """An archive, or a file in it, is not what its hash says."""


def write(workspace: Workspace, pack: Path) -> str:
    """Writes the study in `workspace` to the archive `pack`, and returns its SHA-256.

    Raises ValueError for a study of real clips: their licences do not let anyone hand them on.
    """
    if workspace.profile.source != "synthetic":
        raise ValueError(
            f"The study {workspace.name} has real clips, which may not be handed on. Let everyone download them "
            "under the set's licence, or teach with --profile mini."
        )
    files = [(path, f"data/{path.relative_to(workspace.synthetic).as_posix()}") for path in _all(workspace.synthetic)]
    files += [(path, f"runs/{path.relative_to(workspace.base).as_posix()}") for path in _of_run(workspace)]
    contents = {
        "study": workspace.name, "profile": workspace.profile.name, "settings": workspace.profile.changes(),
        "version": __version__,
        "files": {name: _state(path) for path, name in files},
    }
    with whole(pack) as temporary:
        # Clips, faces and weights are compressed already.
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(_CONTENTS, json.dumps(contents, indent=1))
            for path, name in tqdm(files, desc=f"Packing {workspace.name}", unit="file"):
                archive.write(path, name)
        sha256 = _sha256(temporary)
    with whole(_beside(pack)) as temporary:
        temporary.write_text(f"{sha256}  {pack.name}\n", encoding="utf-8")
    return sha256


def unpack(pack: Path, name: str | None = None) -> Workspace:
    """Puts the study in the archive `pack` where a study of its name lies, and returns its workspace.

    Done at once where it was unpacked before.

    Args:
        name: for the study; by default the name that it has in the archive.

    Raises:
        DamagedPack: the archive, or a file in it, is not what was packed.
        FileExistsError: a study of that name is there already, and is another one.
    """
    if not zipfile.is_zipfile(pack):
        raise DamagedPack(f"{pack} is no archive, or only a part of one. Copy it again.")
    sha256 = _sha256(pack)
    if _beside(pack).is_file() and _beside(pack).read_text(encoding="utf-8").split()[:1] != [sha256]:
        raise DamagedPack(f"{pack} has not the SHA-256 that {_beside(pack).name} says. Copy both again.")
    with zipfile.ZipFile(pack) as archive:
        contents = _contents(archive, pack)
        workspace = Workspace.open(contents["profile"], name or contents["study"], **contents["settings"])
        origin = workspace.base / _ORIGIN
        if origin.is_file() and json.loads(origin.read_text(encoding="utf-8"))["sha256"] == sha256:
            # Again, for it may have been interrupted then.
            _settle(workspace)
            return workspace
        for folder in (workspace.base, workspace.synthetic):
            if folder.exists():
                raise FileExistsError(f"{folder} is there already, and is not of {pack.name}. Choose another --name.")
        workspace.base.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpack.", dir=workspace.base.parent) as temporary:
            _extract(archive, contents["files"], Path(temporary))
            write_json(Path(temporary) / "runs" / _ORIGIN, {"pack": pack.name, "sha256": sha256})
            workspace.synthetic.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(Path(temporary) / "data", workspace.synthetic)
            os.replace(Path(temporary) / "runs", workspace.base)
    _settle(workspace)
    return workspace


def _settle(workspace: Workspace) -> None:
    """The study's table, where notebook 01 has made one, names the clips where they lie now."""
    workspace.claim(workspace.synthetic)
    if not workspace.table.is_file():
        return
    table = study_table.open_study_table(workspace)
    places = [str(workspace.synthetic / part / video) for part, video in zip(table.part, table.video, strict=True)]
    if places != list(table["path"]):
        table["path"] = places
        study_table.save_study_table(workspace, table)


def _contents(archive: zipfile.ZipFile, pack: Path) -> dict:
    try:
        contents = json.loads(archive.read(_CONTENTS))
    except KeyError:
        raise DamagedPack(f"{pack} is an archive, but none of `python -m dfdc_utils classroom`.") from None
    for name in contents["files"]:
        parts = PurePosixPath(name).parts
        if parts[:1] not in (("data",), ("runs",)) or ".." in parts or "\\" in name or ":" in parts[0]:
            raise DamagedPack(f"{pack} has a file that would lie elsewhere: {name}.")
    return contents


def _extract(archive: zipfile.ZipFile, files: dict, folder: Path) -> None:
    """Writes the files of an archive below `folder`, each checked against its hash."""
    for name, state in tqdm(files.items(), desc="Unpacking", unit="file"):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        hashed = hashlib.sha256()
        with archive.open(name) as packed, open(target, "wb") as file:
            while block := packed.read(_BLOCK):
                hashed.update(block)
                file.write(block)
        if hashed.hexdigest() != state["sha256"]:
            raise DamagedPack(f"{name} in {archive.filename} is damaged. Copy the archive again.")
        # By its time a file is known again as the one that faces were cut out of.
        os.utime(target, ns=(state["modified_ns"], state["modified_ns"]))


def _of_run(workspace: Workspace) -> list[Path]:
    """What a study made and another machine can use."""
    left_out = {workspace.base / LAST_RUN, workspace.base / _ORIGIN}
    for each in (workspace, *map(workspace.of_seed, workspace.other_seeds())):
        # What notebooks drew, what the runner remembers, pages; what was only made to be looked at, in a moment.
        left_out |= {each.notebooks, each.ledger, each.report, each.previews, each.provenance}
        # What people gave or answered is theirs: clips of their own, nicknames.
        left_out |= {each.uploads, each.game}
    return [
        path for path in _all(workspace.base)
        if path.suffix != ".lock" and left_out.isdisjoint((path, *path.parents))
    ]


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _state(path: Path) -> dict:
    return {"bytes": path.stat().st_size, "modified_ns": path.stat().st_mtime_ns, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _beside(pack: Path) -> Path:
    return pack.with_name(f"{pack.name}.sha256")
