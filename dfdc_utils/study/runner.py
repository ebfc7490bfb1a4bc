"""Runs the notebooks of a study as a graph: those that do not wait for one another side by side, on Dask."""

import contextlib
import functools
import sys
import time
import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path

from dfdc_utils import parallel
from dfdc_utils.data import metadata
from dfdc_utils.study.ledger import Ledger, executed_copy
from dfdc_utils.study.notebook import Outcome, Task, end_kernels, execute
from dfdc_utils.study.progress import Watch, clock
from dfdc_utils.study.resources import gpu_numbers, kernels_that_fit, variables
from dfdc_utils.study.results import print_results
from dfdc_utils.study.stages import DATA, stage_of, waits_for
from dfdc_utils.workspace import Workspace, project_root

_PATIENCE = 5.0
"""Seconds for a kernel that was interrupted to leave its executed copy."""
_GPU = "GPU"
"""The resource that a worker offers: dask worker --resources GPU=1."""


class StudyError(Exception):
    """Notebooks failed. The text says which, in which cell, why, and where the executed copies lie."""


def run(
    workspace: Workspace,
    *,
    notebooks: Path | None = None,
    only: Iterable[str] = (),
    start: str | None = None,
    force: bool = False,
    jobs: int | None = None,
    scheduler: str | None = None,
) -> None:
    """Runs what has to be run of a study, and prints how it went.

    A notebook is skipped when nothing that it is made from has changed since it last succeeded, and all that it wrote
    is still there. One that fails costs those that wait for it, and no others.

    Args:
        workspace: whose profile, data and folders the notebooks get.
        notebooks: the folder of the notebooks; by default that of the checkout.
        only: run only the notebooks whose names start with one of these ("07").
        start: leave out those before the one whose name starts with this.
        force: run also what has not changed, and make again what would be taken over. Faces that are cut out stay.
        jobs: kernels at a time on this machine; by default as many as have a core and two gigabytes each, or, where
            there are GPUs, one a GPU.
        scheduler: address of a Dask scheduler, on whose workers the notebooks run instead; these see the same files.

    Raises:
        StudyError: when a notebook fails or its kernel dies.
        KeyboardInterrupt: after all kernels were shut down; its text says where they were.
    """
    began = time.monotonic()
    chosen = find(notebooks, only=only, start=start)
    data = _data_set(workspace, chosen)
    gpus = [] if scheduler else gpu_numbers()
    jobs = jobs or (len(gpus) if gpus else kernels_that_fit())
    with Watch(sys.stdout) as watch:
        graph = _Graph(workspace, Ledger(workspace, data), chosen, watch, force=force)
        graph.run(jobs, gpus, scheduler)
    print_results(workspace, find(notebooks), Ledger(workspace, data))
    print(
        f"Total time {clock(time.monotonic() - began)}, peak memory {watch.peak_bytes / 1e9:.1f} GB "
        "(this process, kernels and workers on this machine together)"
    )
    if graph.failures:
        raise StudyError("\n".join([*graph.failures, "The next study takes up here."]))


def listing(workspace: Workspace, *, notebooks: Path | None = None) -> list[tuple[str, str]]:
    """(name, state) for every notebook: why it would be run, or that it is up to date. Runs nothing."""
    try:
        data = metadata.locate(workspace)
    except FileNotFoundError:
        data = None
    reasons = Ledger(workspace, data).reasons(find(notebooks))
    return [(name, reason or "up to date") for name, reason in reasons.items()]


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


def _data_set(workspace: Workspace, chosen: list[Path]) -> Path | None:
    """Its root, drawn where it is a synthetic one; None where it is not at hand, and nothing chosen reads it."""
    needed = any(DATA in stage_of(notebook.stem).reads for notebook in chosen)
    if needed and workspace.profile.source == "synthetic":
        from dfdc_utils.data import mini

        mini.draw(workspace.synthetic, workspace.profile)
    try:
        data = metadata.locate(workspace)
    except (FileNotFoundError, ValueError):
        if needed:
            raise
        return None
    workspace.claim(data)
    return data


class _Graph:
    """The notebooks of one run: which wait, which run, which failed."""

    def __init__(self, workspace: Workspace, ledger: Ledger, chosen: list[Path], watch: Watch, *, force: bool):
        self.failures: list[str] = []
        self._workspace, self._ledger, self._watch, self._force = workspace, ledger, watch, force
        self._waiting = list(chosen)
        self._running: dict = {}
        """What runs, by its Dask future: the notebook, what it is made from, when it began, and its GPU."""
        self._lost: set[str] = set()
        """Names of those that failed, and of those that wait for them."""

    def run(self, jobs: int, gpus: list[str], scheduler: str | None) -> None:
        """Runs them all, at most `jobs` at a time on this machine, one on each of its `gpus`, or on a cluster."""
        from dask.distributed import wait

        free, client = list(gpus), None
        with contextlib.ExitStack() as stack:
            try:
                while self._waiting or self._running:
                    for notebook, reason in self._ready():
                        if not scheduler and len(self._running) >= jobs:
                            break
                        if client is None:
                            # Not before there is something to do: a second study with nothing changed is quick.
                            client = stack.enter_context(parallel.connected(scheduler, workers=jobs))
                            topic = self._follow(client)
                        self._waiting.remove(notebook)
                        gpu = free.pop(0) if free else None
                        self._start(client, topic, notebook, reason, gpu, None if scheduler else jobs)
                    if self._running:
                        done, _ = wait(list(self._running), return_when="FIRST_COMPLETED")
                        free += [gpu for future in done if (gpu := self._finish(future))]
            except KeyboardInterrupt:
                raise KeyboardInterrupt(self._interrupted(client)) from None

    def _ready(self) -> list[tuple[Path, str]]:
        """Those that may start, and why they have to run; the longest first. Those that need not are done with."""
        ready = []
        for notebook in list(self._waiting):
            before = [path.stem for path in self._waiting + [entry[0] for entry in self._running.values()]
                      if waits_for(notebook.stem, path.stem)]
            lost = [name for name in self._lost if waits_for(notebook.stem, name)]
            if lost:
                self._lost.add(notebook.stem)
                self._waiting.remove(notebook)
                self._watch.say(notebook.stem, f"left out, since {lost[0]} failed")
            elif not before:
                reason = self._ledger.reason_to_run(notebook)
                if reason or self._force:
                    ready.append((notebook, reason or "forced"))
                else:
                    self._waiting.remove(notebook)
                    self._watch.say(notebook.stem, "unchanged, skipped")
        return sorted(ready, key=lambda one: -(self._ledger.seconds(one[0]) or stage_of(one[0].stem).length))

    def _start(self, client, topic: str, notebook: Path, reason: str, gpu: str | None, jobs: int | None) -> None:
        if self._force:
            self._ledger.forget_artefacts(notebook)
        made = self._ledger.begin(notebook)
        self._watch.start(notebook.stem, reason)
        told = variables(self._workspace, jobs)
        if gpu is not None:
            told["CUDA_VISIBLE_DEVICES"] = gpu
        task = Task(
            notebook=notebook, copy=executed_copy(self._workspace, notebook), parameters=_parameters(self._workspace),
            variables=told,
        )
        future = client.submit(
            _on_worker, task, topic, pure=False, key=f"{notebook.stem}-{uuid.uuid4().hex[:8]}",
            resources={_GPU: 1} if stage_of(notebook.stem).trains and _offers_gpu(client) else None,
        )
        self._running[future] = notebook, made, time.time(), gpu

    def _finish(self, future) -> str | None:
        """Takes down what came of it. Returns the GPU that is free now."""
        notebook, made, since, gpu = self._running.pop(future)
        error = future.exception()
        if error is None:
            outcome = future.result()
        else:
            # Whatever it is, it happened to the worker, and not in the notebook.
            outcome = Outcome(failure=f"lost with its worker: {error}", interrupted=False, seconds=0.0)
        if outcome.failure is None:
            self._ledger.succeeded(notebook, made, seconds=outcome.seconds, since=since)
        else:
            self._lost.add(notebook.stem)
            self.failures.append(self._told(notebook, outcome.failure))
        self._watch.finish(notebook.stem, "failed" if outcome.failure else "done")
        return gpu

    def _interrupted(self, client) -> str:
        """Ends all kernels; what to tell of them."""
        told = []
        if client is not None and self._running:
            with contextlib.suppress(OSError, TimeoutError):
                client.run(end_kernels)
            for future, (notebook, *_) in self._running.items():
                told.append(self._told(notebook, _failure_of(future)))
                self._watch.finish(notebook.stem, "interrupted")
        return "\n".join([*told, "Interrupted. The next study takes up here."])

    def _told(self, notebook: Path, failure: str) -> str:
        return f"Notebook {notebook.stem} {failure}\nExecuted copy: {executed_copy(self._workspace, notebook)}"

    def _follow(self, client) -> str:
        """Has the watch told of every cell that begins on the cluster; under which topic."""
        topic = f"study-{uuid.uuid4().hex}"
        client.subscribe_topic(topic, lambda event: self._watch.news(*event[1]["news"]))
        return topic


def _failure_of(future) -> str:
    """Of a notebook that was interrupted."""
    from dask.distributed import wait

    # Its kernel is gone, and only its executed copy is still to be written.
    with contextlib.suppress(TimeoutError):
        wait([future], timeout=_PATIENCE)
    outcome = future.result() if future.status == "finished" else None
    return (outcome and outcome.failure) or "interrupted"


def _on_worker(task: Task, topic: str) -> Outcome:
    from dask.distributed import get_worker

    worker = get_worker()
    return execute(task, lambda news: worker.log_event(topic, {"news": (task.notebook.stem, *news)}))


def _parameters(workspace: Workspace) -> dict:
    return {
        "PROFILE": workspace.profile.name, "STUDY": workspace.name, "OVERRIDES": workspace.profile.changes(),
    }


@functools.lru_cache(maxsize=1)
def _offers_gpu(client) -> bool:
    workers: Mapping[str, dict] = client.scheduler_info(n_workers=-1)["workers"]
    return any(_GPU in worker.get("resources", {}) for worker in workers.values())
