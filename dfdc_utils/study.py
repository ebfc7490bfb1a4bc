"""Runs the notebooks in order with papermill, one kernel each, and remembers what is done.

A notebook is skipped when nothing that it is made from has changed since it last succeeded (its text, the
profile's numbers, the package's code, its inputs) and all that it wrote is still there. What succeeded is
written to `runs/<profile>/study.json` after each notebook, so a study that failed or was interrupted takes up
there.
"""

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from dfdc_utils import profiles
from dfdc_utils.data import metadata
from dfdc_utils.progress import Watch, clock
from dfdc_utils.workspace import PACKAGE, Workspace, project_root, whole, write_json

_DATA = "data"
_TRAINING = ("03", "04", "05", "06")
# What each notebook reads: the data set itself, or what other notebooks wrote.
_READS = {
    "00": (_DATA,),
    "01": (_DATA,),
    "02": ("01",),
    **dict.fromkeys(_TRAINING, ("02",)),
    "07": _TRAINING,
    "08": _TRAINING,
    "09": ("07",),
    "10": ("07",),
}
# The columns of the comparison table that a terminal has room for.
_SHOWN = {
    "title": "model",
    "train_accuracy": "train accuracy",
    "test_accuracy": "test accuracy",
    "test_accuracy_tta": "with TTA",
    "test_auc": "test AUC",
    "test_log_loss": "test log loss",
}
# How notebooks are run does not change what comes out of them.
_NOT_HASHED = ("study.py", "progress.py", "cli.py", "__main__.py")


class StudyError(Exception):
    """A notebook failed. The text says which, in which cell, why, and where its executed copy lies."""


def run(
    workspace: Workspace,
    *,
    notebooks: Path | None = None,
    only: Iterable[str] = (),
    start: str | None = None,
    force: bool = False,
) -> None:
    """Runs what has to be run of a study, and prints how it went.

    Args:
        workspace: whose profile, data and folders the notebooks get.
        notebooks: the folder of the notebooks; by default that of the checkout.
        only: run only the notebooks whose names start with one of these ("07").
        start: leave out those before the one whose name starts with this.
        force: run also what has not changed.

    Raises:
        StudyError: when a notebook fails or its kernel dies.
        KeyboardInterrupt: after the kernel was shut down; its text says where that was.
    """
    began = time.monotonic()
    chosen = find(notebooks, only=only, start=start)
    with Watch(sys.stdout) as watch:
        if workspace.profile.source == "synthetic":
            from dfdc_utils.data import mini

            mini.draw(workspace.synthetic, workspace.profile)
        ledger = Ledger(workspace, metadata.locate(workspace))
        for notebook in chosen:
            reason = ledger.reason_to_run(notebook)
            if reason is None and not force:
                watch.say(notebook.stem, "unchanged, skipped")
                continue
            ledger.begin(notebook)
            before = _files(workspace)
            watch.start(notebook.stem, reason or "forced")
            _execute(notebook, workspace, watch)
            after = _files(workspace)
            ledger.succeeded(notebook, [name for name in after if after[name] != before.get(name)])
            watch.finish("done")
    _print_results(workspace)
    print(
        f"Total time {clock(time.monotonic() - began)}, peak memory {watch.peak_bytes / 1e9:.1f} GB "
        "(this process, kernels and workers together)"
    )


def listing(workspace: Workspace, *, notebooks: Path | None = None) -> list[tuple[str, str]]:
    """(name, state) for every notebook: why it would be run, or that it is up to date. Runs nothing."""
    try:
        data = metadata.locate(workspace)
    except FileNotFoundError:
        data = None
    ledger = Ledger(workspace, data)
    return [(path.stem, ledger.reason_to_run(path) or "up to date") for path in find(notebooks)]


def find(folder: Path | None = None, *, only: Iterable[str] = (), start: str | None = None) -> list[Path]:
    """The notebooks of `folder` in order, as `run` describes its arguments.

    Raises FileNotFoundError if there are none, and ValueError, listing them, for a name that none has.
    """
    if folder is None:
        root = project_root()
        if root is None:
            raise FileNotFoundError("No notebooks: dfdc_utils was installed without its checkout.")
        folder = root / "notebooks"
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not found:
        raise FileNotFoundError(f"There are no notebooks in {folder}.")
    only = tuple(only)
    for prefix in (*only, *([start] if start else [])):
        if not any(path.stem.startswith(prefix) for path in found):
            names = ", ".join(path.stem for path in found)
            raise ValueError(f"No notebook's name starts with '{prefix}'. Notebooks: {names}.")
    if only:
        found = [path for path in found if path.stem.startswith(only)]
    if start:
        found = [path for path in found if path.stem.startswith(start) or path.stem > start]
    return found


class Ledger:
    """What succeeded, from what it was made, and what it wrote; kept in `workspace.study`."""

    def __init__(self, workspace: Workspace, data: Path | None):
        """`data` is the root of the data set, None where there is none yet."""
        self._workspace = workspace
        self._settings = _digest(workspace.profile.as_dict())
        self._code = _digest({
            path.relative_to(PACKAGE).as_posix(): path.read_text(encoding="utf-8")
            for path in PACKAGE.rglob("*.py")
            if path.name not in _NOT_HASHED
        })
        self._data = [str(data), metadata.fingerprint(data)] if data else None
        try:
            self._entries = json.loads(workspace.study.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._entries = {}
        except json.JSONDecodeError as error:
            message = f"{workspace.study} is damaged. Remove it to run every notebook again."
            raise ValueError(message) from error

    def reason_to_run(self, notebook: Path) -> str | None:
        """Why `notebook` has to be run, or None where that would change nothing."""
        made_from = self._made_from(notebook)
        entry = self._entries.get(notebook.stem)
        if entry is None:
            return "first run"
        if entry["made_from"] is None:
            return "did not succeed"
        changed = [part for part in made_from if made_from[part] != entry["made_from"].get(part)]
        if changed:
            return f"{' and '.join(changed)} changed"
        wanted = [self._workspace.run / name for name in entry["outputs"]]
        wanted.append(_executed_copy(self._workspace, notebook))
        gone = [path for path in wanted if not path.is_file()]
        return f"{gone[0].name} is gone" if gone else None

    def begin(self, notebook: Path) -> None:
        """From now on `notebook` counts as failed, until it has succeeded."""
        # Read now: somebody may edit it while it runs.
        self._text = _digest(_cells(notebook))
        self._entries.setdefault(notebook.stem, {"outputs": []})["made_from"] = None
        write_json(self._workspace.study, self._entries)

    def succeeded(self, notebook: Path, wrote: list[str]) -> None:
        """`notebook`, begun last, is done, and wrote the files `wrote` (relative to the run's folder)."""
        # A file belongs to the notebook that wrote it last. What an earlier run of this notebook wrote, and
        # this one left as it was (finished shards of faces, say), is still its own.
        for entry in self._entries.values():
            entry["outputs"] = sorted(set(entry["outputs"]) - set(wrote))
        entry = self._entries[notebook.stem]
        kept = [name for name in entry["outputs"] if (self._workspace.run / name).is_file()]
        entry["outputs"] = kept + wrote
        entry["made_from"] = self._made_from(notebook) | {"text": self._text}
        write_json(self._workspace.study, self._entries)

    def _made_from(self, notebook: Path) -> dict[str, str]:
        reads = _READS.get(notebook.stem[:2], (_DATA,))
        inputs = [self._data if number == _DATA else self._written_by(number) for number in reads]
        return {
            "text": _digest(_cells(notebook)),
            "settings": self._settings,
            "code": self._code,
            "inputs": _digest(inputs),
        }

    def _written_by(self, number: str) -> list:
        """What notebook `number` was made from, and the state of the files it wrote, figures left out."""
        written = []
        for name, entry in sorted(self._entries.items()):
            if name.startswith(number):
                files = [output for output in entry["outputs"] if _is_input(output)]
                states = [_state(self._workspace.run / file) for file in files]
                written.append([entry["made_from"], files, states])
        return written


def _execute(notebook: Path, workspace: Workspace, watch: Watch) -> None:
    """Runs one notebook in a kernel of its own; its executed copy is there whether it succeeds or not."""
    # A second and a half; not needed where everything is skipped.
    import papermill
    from nbclient.exceptions import CellTimeoutError
    from traitlets.config import Config

    settings = workspace.profile.as_dict()
    named = profiles.get(workspace.profile.name).as_dict()
    overrides = {key: value for key, value in settings.items() if value != named[key]}
    copy = _executed_copy(workspace, notebook)
    failure, stopped = None, "failed"
    with whole(copy) as temporary, _kernel_environment(workspace):
        shutil.copyfile(notebook, temporary)
        try:
            executed = papermill.execute_notebook(
                _literal(notebook),
                _literal(temporary),
                parameters={"PROFILE": workspace.profile.name, "OVERRIDES": overrides},
                kernel_name="python3",
                language="python",
                cwd=notebook.parent,
                progress_bar=False,
                start_timeout=180,
                # Else any user of the machine could listen in, and every kernel warns of that.
                config=Config(KernelManager={"transport_encryption": "auto"}),
                # The default of 4 s is not enough for a cell's last pictures while all cores are busy.
                iopub_timeout=60,
                # Of a progress bar the copy keeps what is left standing, not each of its steps.
                coalesce_streams=True,
                # Errors of cells are in the copy; what is left is how a kernel takes being interrupted.
                extra_arguments=["--log-level=50"],
                on_notebook_start=lambda notebook: watch.cells(len(notebook.cells)),
                on_cell_start=lambda cell, cell_index: watch.cell(cell_index + 1),
            )
            # papermill takes sys.exit() in a cell for a good end and leaves the rest undone.
            code = [cell for cell in executed.cells if cell.cell_type == "code" and cell.source]
            if not all(cell.execution_count for cell in code):
                failure = "it stopped before its last cell"
        except papermill.PapermillExecutionError as error:
            failure = f"In [{error.exec_count}]: {error.ename}: {error.evalue}"
        except CellTimeoutError as error:
            failure = f"{type(error).__name__}: {error}"
        except RuntimeError as error:
            # nbclient's DeadKernelError, or what jupyter_client raises for a kernel that dies while starting.
            failure = f"{error}. Out of memory? A smaller profile or smaller batches need less."
        except KeyboardInterrupt:
            failure, stopped = "by the keyboard", "interrupted"
    if failure is None:
        return
    watch.finish(stopped)
    text = (
        f"Notebook {notebook.stem} {stopped} in {watch.where}: {failure}\n"
        f"Executed copy: {copy}\n"
        "The next study takes up here."
    )
    raise (KeyboardInterrupt if stopped == "interrupted" else StudyError)(text)


@contextlib.contextmanager
def _kernel_environment(workspace: Workspace) -> Iterator[None]:
    """The variables that kernels inherit, put back afterwards."""
    variables = {
        # Paths relative to this process's folder would be others in the notebooks' folder.
        "DFDC_HOME": str(workspace.home),
        "DFDC_RUNS": str(workspace.run.parent),
        # Pictures belong in the executed copy, whatever a terminal session asks for.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # TensorFlow's notes would fill it; what goes wrong is raised.
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if "DFDC_DATA" in os.environ:
        variables["DFDC_DATA"] = str(workspace.data)
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _executed_copy(workspace: Workspace, notebook: Path) -> Path:
    return workspace.notebooks / notebook.name


def _literal(path: Path) -> str:
    """`path` for papermill, which fills in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _files(workspace: Workspace) -> dict[str, list[int]]:
    """The state of every file a notebook may have written, by its path relative to the run's folder."""
    states = {}
    for root in (workspace.run, workspace.figures):
        for folder, folders, files in os.walk(root):
            # Hidden names are not finished yet.
            hidden = {name for name in (*folders, *files) if name.startswith(".")}
            folders[:] = [f for f in folders if f not in hidden and Path(folder, f) != workspace.notebooks]
            for path in (Path(folder, file) for file in files if file not in hidden):
                if path != workspace.study:
                    states[os.path.relpath(path, workspace.run)] = _state(path)
    return states


def _is_input(output: str) -> bool:
    """Figures lie outside the run's folder and nobody reads them; git may touch them."""
    return not output.startswith(os.pardir)


def _state(path: Path) -> list[int] | None:
    """Size in bytes and time of the last change in nanoseconds; None for a file that is gone."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _cells(notebook: Path) -> list:
    """What a notebook says and does; not its outputs, which an editor may have left in it."""
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return [[cell["cell_type"], "".join(cell["source"]), cell["metadata"].get("tags")] for cell in cells]
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(f"{notebook} is not a notebook: {error!r}.") from error


def _digest(content) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _print_results(workspace: Workspace) -> None:
    import pandas as pd

    print()
    if workspace.comparison.is_file():
        table = pd.read_csv(workspace.comparison)
        table = table[[column for column in _SHOWN if column in table]].rename(columns=_SHOWN)
        print(table.to_string(index=False, float_format="{:.4f}".format, na_rep="-"))
    else:
        print("No comparison table yet: notebook 09 makes it.")
    print(f"\nExecuted notebooks  {workspace.notebooks}")
    print(f"Figures             {workspace.figures}")
