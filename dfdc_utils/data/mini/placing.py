"""Puts a drawn set in its place. Of what lies there, only files that were drawn before are deleted."""

import json
import os
from pathlib import Path

import pandas as pd

from dfdc_utils.data.metadata import DRAWN
from dfdc_utils.workspace import write_json

_FILES = "files"
"""In `drawn.json`, beside the numbers: the paths of all files of the set, relative to it."""


def numbers_of(out: Path) -> dict | None:
    """From which numbers the set in `out` was drawn; None where there is none, or none that is whole."""
    return {name: value for name, value in _record(out).items() if name != _FILES} or None


def own_files(out: Path) -> list[str]:
    """The visible files in `out`, relative to it: those of the set that was drawn there.

    Raises FileExistsError, naming them, where there are others. Hidden files, such as .DS_Store, may lie there.
    """
    found, record = _visible_files(out), _record(out)
    drawn = record[_FILES] if _FILES in record else _files_of_the_layout(out) if record else []
    others = sorted({*found} - {DRAWN, *drawn})
    if others:
        named = ", ".join(others[:5]) + (f" and {len(others) - 5} more" if len(others) > 5 else "")
        raise FileExistsError(
            f"{out} holds other files than those drawn here: {named}. Move them away, or choose another folder for "
            "the synthetic data set."
        )
    return found


def put(folder: Path, out: Path, numbers: dict) -> None:
    """Moves the set in `folder`, drawn from `numbers`, to `out`. Raises as `own_files` does."""
    own, new = own_files(out), _visible_files(folder)
    write_json(folder / DRAWN, {**numbers, _FILES: new})
    if out.is_dir():
        # Killed from here on, it is a set of no numbers whose files are known: the next one replaces it.
        write_json(out / DRAWN, {_FILES: sorted({*own, *new})})
        for name in own:
            if name != DRAWN:
                (out / name).unlink()
        for part in {(out / name).parent for name in own} - {out}:
            if not any(part.iterdir()):
                part.rmdir()
        if os.listdir(out) == [DRAWN]:
            (out / DRAWN).unlink()
            out.rmdir()
    if not out.exists():
        os.replace(folder, out)
        return
    for name in [*new, DRAWN]:
        (out / name).parent.mkdir(exist_ok=True)
        os.replace(folder / name, out / name)


def _record(out: Path) -> dict:
    return json.loads((out / DRAWN).read_text(encoding="utf-8")) if (out / DRAWN).is_file() else {}


def _files_of_the_layout(out: Path) -> list[str]:
    """The files that a drawn set names itself: all that is known of one whose edition kept no list."""
    names = ["manipulations.csv", "sample_submission.csv"]
    for path in out.glob("dfdc_train_part_*/metadata.json"):
        part = json.loads(path.read_text(encoding="utf-8"))
        names += [f"{path.parent.name}/{name}" for name in [path.name, *part]]
    if (out / "sample_submission.csv").is_file():
        names += [f"test_videos/{name}" for name in pd.read_csv(out / "sample_submission.csv")["filename"]]
    return names


def _visible_files(folder: Path) -> list[str]:
    """Paths below `folder` of all that is no folder; a link to one is not looked into."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.as_posix() for path in paths if not any(name.startswith(".") for name in path.parts))
