"""What of a study has succeeded, from what it was made, and so what has to run, and why."""

import json
import re
from pathlib import Path
from typing import Any

from dfdc_utils import made_from
from dfdc_utils.data import metadata, study_table
from dfdc_utils.source_code import PACKAGE, imported_by
from dfdc_utils.study.stages import DATA, FACES, SEEDS, stage_of
from dfdc_utils.workspace import Workspace, write_json

_VERSION = 2
# Lines that are IPython's and not Python's.
_MAGIC = re.compile(r"^(?P<indent>\s*)[%!].*", re.MULTILINE)


class Ledger:
    """What each notebook that succeeded was made from and what it wrote; kept in `workspace.ledger`."""

    def __init__(self, workspace: Workspace, data: Path | None):
        """
        Args:
            data: the root of the data set; None where it is not at hand, and then no reason to run anything.

        Raises ValueError where the file on disk is damaged.
        """
        self._workspace = workspace
        self._data = made_from.digest(metadata.fingerprint(data)) if data else None
        self._identities: dict[str, str | None] = {}
        try:
            content = json.loads(workspace.ledger.read_text(encoding="utf-8"))
        except FileNotFoundError:
            content = {}
        except json.JSONDecodeError as error:
            message = f"{workspace.ledger} is damaged. Remove it to run every notebook again."
            raise ValueError(message) from error
        # What another version of this package wrote says nothing that can be compared.
        self._entries = content["notebooks"] if content.get("version") == _VERSION else {}

    def reason_to_run(self, notebook: Path) -> str | None:
        """Why `notebook` has to be run, or None where that would change nothing."""
        entry = self._entries.get(notebook.stem)
        if entry is None:
            return "first run"
        if entry["made_from"] is None:
            return "did not succeed"
        before, now = entry["made_from"], self.made_from(notebook)
        changed = [
            f"{name}={now['settings'][name]} (was {before['settings'].get(name)})"
            for name in now["settings"] if now["settings"][name] != before["settings"].get(name)
        ]
        # What is not at hand is no news.
        changed += [
            f"{name} changed" for name, identity in now["inputs"].items()
            if identity != before["inputs"].get(name) and (name != DATA or identity)
        ]
        changed += [f"{part} changed" for part in ("text", "code") if now[part] != before[part]]
        if changed:
            return ", ".join(changed[:3]) + (", ..." if len(changed) > 3 else "")
        for name, identity in entry["wrote"].items():
            found = self._identity(name)
            if found != identity:
                return f"{Path(name).name} {'is gone' if found is None else 'was changed by something else'}"
        wanted = [executed_copy(self._workspace, notebook), *(self._workspace.figures / f for f in entry["figures"])]
        gone = [path.name for path in wanted if not path.is_file()]
        return f"{gone[0]} is gone" if gone else None

    def seconds(self, notebook: Path) -> float:
        """How long it took when it last succeeded; 0 where it never did."""
        return self._entries.get(notebook.stem, {}).get("seconds", 0.0)

    def begin(self, notebook: Path) -> dict:
        """From now on `notebook` counts as failed, until it has succeeded. Returns what it is made from."""
        self._identities.clear()
        made = self.made_from(notebook)
        self._entries.setdefault(notebook.stem, {"wrote": {}, "figures": []})["made_from"] = None
        self._write()
        return made

    def succeeded(self, notebook: Path, made: dict, *, seconds: float, since: float) -> None:
        """`notebook` is done.

        Args:
            made: what `begin` returned: somebody may have edited it while it ran.
            since: seconds since the epoch at which it began. Figures that it drew before, and not any more, are
                removed.
        """
        self._identities.clear()
        entry = self._entries[notebook.stem]
        figures = self._workspace.figures
        drawn = {p.name for p in figures.glob(f"{notebook.stem[:2]}_*.png") if p.stat().st_mtime >= since}
        for name in set(entry["figures"]) - drawn:
            (figures / name).unlink(missing_ok=True)
        wrote = {name: self._identity(name) for name in stage_of(notebook.stem).writes}
        entry |= {
            "made_from": made,
            "wrote": {name: identity for name, identity in wrote.items() if identity},
            "figures": sorted(drawn),
            "seconds": seconds,
        }
        self._write()

    def forget_artefacts(self, notebook: Path) -> None:
        """What `notebook` writes is to be made again, and not taken over because it fits."""
        for name in stage_of(notebook.stem).writes:
            if name != FACES:
                made_from.forget(self._workspace, self._path(name))

    def made_from(self, notebook: Path) -> dict[str, Any]:
        """What `notebook` would be made from now: settings, inputs, its text and its code."""
        stage, cells = stage_of(notebook.stem), _cells(notebook)
        settings = self._workspace.profile.as_dict()
        names = sorted(settings) if stage.settings is None else stage.settings
        modules = {f"{PACKAGE.name}.models.{name}" for name in stage.builds}
        for kind, source, _ in cells:
            if kind == "code":
                modules |= imported_by(_MAGIC.sub(r"\g<indent>pass", source))
        return {
            "settings": {name: settings[name] for name in names},
            "inputs": {name: self._identity(name) for name in (*stage.reads, *stage.shows)},
            "text": made_from.digest(cells),
            "code": made_from.code_of(*modules),
        }

    def _write(self) -> None:
        write_json(self._workspace.ledger, {"version": _VERSION, "notebooks": self._entries})

    def _identity(self, name: str) -> str | None:
        """Of what is called `name` in a stage; None where it is not there."""
        if name not in self._identities:
            path = self._path(name)
            if name == DATA:
                self._identities[name] = self._data
            elif name == FACES:
                self._identities[name] = self._faces()
            elif name == SEEDS:
                self._identities[name] = self._seeds()
            else:
                self._identities[name] = made_from.identity(self._workspace, path) if path.is_file() else None
        return self._identities[name]

    def _path(self, name: str) -> Path:
        shared = self._workspace.table, self._workspace.videos
        return next((path for path in shared if path.name == name), self._workspace.run / name)

    def _seeds(self) -> str:
        others = [self._workspace.of_seed(seed) for seed in self._workspace.other_seeds()]
        return made_from.digest([
            [other.profile.training_seed, path.name, made_from.identity(other, path)]
            for other in others for path in sorted((other.run / "metrics").glob("*.json"))
        ])

    def _faces(self) -> str | None:
        # A command line that is asked for help, or for the doctor, does without OpenCV.
        from dfdc_utils.faces.store import open_store

        try:
            # Of the table as it lies there, whether or not it fits the settings.
            return open_store(self._workspace).identity(study_table.videos(self._workspace))
        except FileNotFoundError:
            return None


def executed_copy(workspace: Workspace, notebook: Path) -> Path:
    """Where the executed copy of `notebook` lies."""
    return workspace.notebooks / notebook.name


def _cells(notebook: Path) -> list[tuple[str, str, list | None]]:
    """What a notebook says and does; not its outputs, which an editor may have left in it."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags")) for cell in cells]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{notebook} is not a notebook: {error!r}.") from error
