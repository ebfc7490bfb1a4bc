"""Runs the notebooks of a study as a graph: those that do not wait for one another side by side, on Dask."""

import contextlib
import functools
import sys
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dfdc_utils import parallel
from dfdc_utils.data import metadata
from dfdc_utils.places import project_root
from dfdc_utils.study.jobs import Job, jobs_of, reasons
from dfdc_utils.study.ledger import executed_copy
from dfdc_utils.study.notebook import Outcome, Task, end_kernels, execute
from dfdc_utils.study.progress import Watch, clock
from dfdc_utils.study.resources import gpu_numbers, kernels_that_fit, variables
from dfdc_utils.study.results import print_results
from dfdc_utils.study.stages import DATA, stage_of
from dfdc_utils.workspace import Workspace

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
    seeds: Sequence[int] = (),
    force: bool = False,
    solutions: bool = False,
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
        seeds: training seeds with which the notebooks that train and evaluate run too; the workspace's is one of them
            in any case.
        force: run also what has not changed, and make again what would be taken over. Faces that are cut out stay.
        solutions: run the solutions of exercises, and their checks, too. No result depends on them.
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
        graph = _Graph(jobs_of(workspace, data, chosen, seeds), watch, force=force, solutions=solutions)
        graph.run(jobs, gpus, scheduler)
    print_results(workspace, jobs_of(workspace, data, find(notebooks), seeds))
    print(
        f"Total time {clock(time.monotonic() - began)}, peak memory {watch.peak_bytes / 1e9:.1f} GB "
        "(this process, kernels and workers on this machine together)"
    )
    if graph.failures:
        raise StudyError("\n".join([*graph.failures, "The next study takes up here."]))


def listing(
    workspace: Workspace, *, notebooks: Path | None = None, seeds: Sequence[int] = ()
) -> list[tuple[str, str]]:
    """(name, state) for every notebook: why it would be run, or that it is up to date. Runs nothing."""
    try:
        data = metadata.locate(workspace)
    except FileNotFoundError:
        data = None
    found = reasons(jobs_of(workspace, data, find(notebooks), seeds))
    return [(name, reason or "up to date") for name, reason in found.items()]


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

    def __init__(self, jobs: list[Job], watch: Watch, *, force: bool, solutions: bool):
        self.failures: list[str] = []
        self._watch, self._force, self._solutions = watch, force, solutions
        self._waiting = list(jobs)
        self._running: dict = {}
        """What runs, by its Dask future: the job, what it is made from, when it began, and its GPU."""
        self._lost: list[Job] = []
        """Those that failed, and those that need them."""

    def run(self, jobs: int, gpus: list[str], scheduler: str | None) -> None:
        """Runs them all, at most `jobs` at a time on this machine, one on each of its `gpus`, or on a cluster."""
        from dask.distributed import wait

        free, client = list(gpus), None
        with contextlib.ExitStack() as stack:
            try:
                while self._waiting or self._running:
                    for job, reason in self._ready():
                        if not scheduler and (len(self._running) >= jobs or self._all_busy()):
                            break
                        if client is None:
                            # Not before there is something to do: a second study with nothing changed is quick.
                            client = stack.enter_context(parallel.connected(scheduler, workers=jobs))
                            topic = self._follow(client)
                        self._waiting.remove(job)
                        gpu = free.pop(0) if free else None
                        self._start(client, topic, job, reason, gpu, None if scheduler else jobs)
                    if self._running:
                        done, _ = wait(list(self._running), return_when="FIRST_COMPLETED")
                        free += [gpu for future in done if (gpu := self._finish(future))]
            except KeyboardInterrupt:
                raise KeyboardInterrupt(self._interrupted(client)) from None

    def _all_busy(self) -> bool:
        return any(stage_of(job.notebook.stem).parallel for job, *_ in self._running.values())

    def _ready(self) -> list[tuple[Job, str]]:
        """Those that may start, and why they have to run; the longest first. Those that need not are done with."""
        ready = []
        for job in list(self._waiting):
            before = [other for other in self._waiting + [entry[0] for entry in self._running.values()]
                      if job.waits(other)]
            lost = [other for other in self._lost if job.needs(other)]
            if lost:
                self._lost.append(job)
                self._waiting.remove(job)
                self._watch.say(job.name, f"left out, since {lost[0].name} failed")
            elif not before:
                reason = job.ledger.reason_to_run(job.notebook)
                if reason or self._force:
                    ready.append((job, reason or "forced"))
                else:
                    self._waiting.remove(job)
                    self._watch.say(job.name, "unchanged, skipped")
        # The study itself before its repetitions.
        return sorted(ready, key=lambda one: (one[0].repeats, -_length(one[0])))

    def _start(self, client, topic: str, job: Job, reason: str, gpu: str | None, jobs: int | None) -> None:
        if self._force:
            job.ledger.forget_artefacts(job.notebook)
        made = job.ledger.begin(job.notebook)
        self._watch.start(job.name, reason)
        told = variables(job.workspace, jobs)
        if gpu is not None:
            told["CUDA_VISIBLE_DEVICES"] = gpu
        task = Task(
            notebook=job.notebook, copy=executed_copy(job.workspace, job.notebook),
            parameters=_parameters(job.workspace), variables=told, lesson=self._solutions,
        )
        future = client.submit(
            _on_worker, task, topic, job.name, pure=False, key=f"{job.notebook.stem}-{uuid.uuid4().hex[:8]}",
            resources={_GPU: 1} if stage_of(job.notebook.stem).trains and _offers_gpu(client) else None,
        )
        self._running[future] = job, made, time.time(), gpu

    def _finish(self, future) -> str | None:
        """Takes down what came of it. Returns the GPU that is free now."""
        job, made, since, gpu = self._running.pop(future)
        error = future.exception()
        if error is None:
            outcome = future.result()
        else:
            # Whatever it is, it happened to the worker, and not in the notebook.
            outcome = Outcome(failure=f"lost with its worker: {error}", interrupted=False, seconds=0.0)
        if outcome.failure is None:
            job.ledger.succeeded(job.notebook, made, seconds=outcome.seconds, since=since)
        else:
            self._lost.append(job)
            self.failures.append(_told(job, outcome.failure))
        self._watch.finish(job.name, "failed" if outcome.failure else "done")
        return gpu

    def _interrupted(self, client) -> str:
        """Ends all kernels; what to tell of them."""
        told = []
        if client is not None and self._running:
            with contextlib.suppress(OSError, TimeoutError):
                client.run(end_kernels)
            for future, (job, *_) in self._running.items():
                told.append(_told(job, _failure_of(future)))
                self._watch.finish(job.name, "interrupted")
        return "\n".join([*told, "Interrupted. The next study takes up here."])

    def _follow(self, client) -> str:
        """Has the watch told of every cell that begins on the cluster; under which topic."""
        topic = f"study-{uuid.uuid4().hex}"
        client.subscribe_topic(topic, lambda event: self._watch.news(*event[1]["news"]))
        return topic


def _length(job: Job) -> float:
    return job.ledger.seconds(job.notebook) or stage_of(job.notebook.stem).length


def _told(job: Job, failure: str) -> str:
    return f"Notebook {job.name} {failure}\nExecuted copy: {executed_copy(job.workspace, job.notebook)}"


def _failure_of(future) -> str:
    """Of a notebook that was interrupted."""
    from dask.distributed import wait

    # Its kernel is gone, and only its executed copy is still to be written.
    with contextlib.suppress(TimeoutError):
        wait([future], timeout=_PATIENCE)
    outcome = future.result() if future.status == "finished" else None
    return (outcome and outcome.failure) or "interrupted"


def _on_worker(task: Task, topic: str, name: str) -> Outcome:
    from dask.distributed import get_worker

    worker = get_worker()
    return execute(task, lambda news: worker.log_event(topic, {"news": (name, *news)}))


def _parameters(workspace: Workspace) -> dict:
    return {
        "PROFILE": workspace.profile.name, "STUDY": workspace.name, "OVERRIDES": workspace.profile.changes(),
    }


@functools.lru_cache(maxsize=1)
def _offers_gpu(client) -> bool:
    workers: Mapping[str, dict] = client.scheduler_info(n_workers=-1)["workers"]
    return any(_GPU in worker.get("resources", {}) for worker in workers.values())
