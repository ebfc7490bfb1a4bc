"""Runs one notebook in a kernel of its own, in whatever process a cluster chose for it."""

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from dfdc_utils.workspace import whole

# The environment that a kernel inherits is the process's own, so one at a time.
_ONE_KERNEL = threading.Lock()
_LESSON = "lesson"
_WIDGET = "application/vnd.jupyter.widget-view+json"
_PATIENCE = 10.0
"""Seconds that an interrupted kernel has to end by itself."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """A notebook that is to be run."""

    notebook: Path
    copy: Path
    """Where its executed copy goes; it is there whether the notebook succeeds or not."""
    parameters: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)
    """Of its kernel's environment."""
    lesson: bool = False
    """Whether cells tagged "lesson", the solutions of exercises and their checks, run too: no result needs them."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What came of it."""

    failure: str | None
    """None where it succeeded; else in which cell and why."""
    interrupted: bool
    seconds: float


def execute(task: Task, tell: Callable[[tuple[int, int]], None] = lambda news: None) -> Outcome:
    """Runs `task`; a notebook that fails is an outcome, not an exception.

    `tell` is called with the number of the cell that begins, from 1, and of how many.
    """
    # A second and a half; not needed where everything is skipped.
    import papermill
    from nbclient.exceptions import CellTimeoutError
    from traitlets.config import Config

    began, where, count, failure, interrupted = time.monotonic(), "start-up", 0, None, False

    def begin_cell(cell, cell_index: int) -> None:
        nonlocal where
        where = f"cell {cell_index + 1} of {count}"
        tell((cell_index + 1, count))

    def begin_notebook(notebook) -> None:
        nonlocal count
        count = len(notebook.cells)

    with _ONE_KERNEL, whole(task.copy) as temporary, variables_set(task.variables):
        shutil.copyfile(task.notebook, temporary)
        try:
            executed = papermill.execute_notebook(
                _literal(task.notebook),
                _literal(temporary),
                parameters=dict(task.parameters),
                kernel_name="python3",
                language="python",
                cwd=task.notebook.parent,
                progress_bar=False,
                start_timeout=180,
                # Else any user of the machine could listen in, and every kernel warns of that.
                config=Config(KernelManager={"transport_encryption": "auto"}),
                # The default of 4 s is not enough for a cell's last pictures while all cores are busy.
                iopub_timeout=60,
                # Of a progress bar the copy keeps what is left standing, not each of its steps.
                coalesce_streams=True,
                skip_cells_with_tag="" if task.lesson else _LESSON,
                # Errors of cells are in the copy; what is left is how a kernel takes being interrupted.
                extra_arguments=["--log-level=50"],
                on_notebook_start=begin_notebook,
                on_cell_start=begin_cell,
            )
            # papermill takes sys.exit() in a cell for a good end and leaves the rest undone.
            code = [cell for cell in executed.cells if cell.cell_type == "code" and cell.source]
            skipped = [cell for cell in code if not task.lesson and _LESSON in cell.metadata.get("tags", ())]
            if not all(cell.execution_count for cell in code if cell not in skipped):
                failure = "it stopped before its last cell"
            sign(executed)
        except papermill.PapermillExecutionError as error:
            failure = f"In [{error.exec_count}]: {error.ename}: {error.evalue}"
            interrupted = error.ename == "KeyboardInterrupt"
        except CellTimeoutError as error:
            failure = f"{type(error).__name__}: {error}"
        except RuntimeError as error:
            # nbclient's DeadKernelError, or what jupyter_client raises for a kernel that dies while starting.
            failure = f"{error}. Out of memory? A smaller profile, smaller batches or fewer --jobs need less."
    if failure:
        failure = f"{'interrupted' if interrupted else 'failed'} in {where}: {failure}"
    return Outcome(failure=failure, interrupted=interrupted, seconds=time.monotonic() - began)


def sign(executed) -> None:
    """Makes JupyterLab trust a notebook that was run here, so that its widgets and its pages work when it is opened."""
    from nbformat.sign import NotebookNotary

    # Where the home folder is read-only the notebook is as good, but not trusted.
    with contextlib.suppress(OSError, sqlite3.Error):
        NotebookNotary().sign(executed)


def without_widgets(executed):
    """The executed notebook for a page without a kernel: of widgets only the picture that stands beside them is left.

    With their state in it nbconvert's page would load their library from the network.
    """
    # A second, which the runner need not spend.
    import nbformat

    executed = nbformat.from_dict(executed)
    executed.metadata.pop("widgets", None)
    for cell in executed.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _WIDGET not in output.get("data", {})]
    return executed


def end_kernels() -> None:
    """Interrupts what runs under this process, and ends what has not ended by itself soon after."""
    kernels = psutil.Process().children()
    under = psutil.Process().children(recursive=True)
    for kernel in kernels:
        _signal(kernel, signal.SIGINT)
    _, alive = psutil.wait_procs(under, timeout=_PATIENCE)
    for process in alive:
        _signal(process, signal.SIGKILL)


def _signal(process: psutil.Process, number: int) -> None:
    # It may have been faster.
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


@contextlib.contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """Sets variables of the environment, which kernels inherit, and puts it back afterwards."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _literal(path: Path) -> str:
    """`path` for papermill, which fills in parameters between braces."""
    return str(path).replace("{", "{{").replace("}", "}}")
