"""Many independent pieces of work on all cores, or on a Dask cluster, with one progress bar.

Dask is the one engine of the project: a local cluster by default, or an existing one by its address
(Dask's own ways to Slurm, Kubernetes and the cloud give such an address).
"""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

if TYPE_CHECKING:
    from dask.distributed import Client

THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM", "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
"""The variables by which libraries are told how many threads to start; without them each takes all cores."""
# One thread a worker: as many workers as cores would otherwise fight over them.
ONE_THREAD = dict.fromkeys(THREADS, "1") | {"TF_CPP_MIN_LOG_LEVEL": "3"}
# A piece whose worker died is tried again so many times before the run is given up: pieces that know what
# killed their worker leave it out the next time.
_MOST_DEATHS = 100
# Dask has its workers return every 64 KiB they free to the system, which must clear them again for the next
# frame: a fifth of the time where frames come and go. Read by the C library as the process starts, so it
# cannot stand among the others.
_KEEP_MEMORY = {"distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
# Dask looks every ten to twenty milliseconds what its processes do. While they wait for kernels that need all cores,
# that takes a fourteenth of two cores.
_LOOK_SELDOM = {
    "distributed.worker.profile.enabled": False, "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}


def cores() -> int:
    """Cores this process may use, which on a cluster or in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    function: Callable[[Any], Any],
    tasks: Iterable[Any],
    *,
    description: str,
    unit: str,
    amount: Callable[[Any], int] = lambda task: 1,
    workers: int | None = None,
    scheduler: str | None = None,
    note: Callable[[Any], str] | None = None,
) -> Iterator[Any]:
    """Yields `function(task)` for every task, in the order in which they finish.

    Args:
        function: called in a worker process; it and its results are sent between processes.
        tasks: what to call it with. An exception in one of them is raised here and ends the run.
        description: stands before the progress bar.
        unit: what the progress bar counts ("clip", "video").
        amount: how many of these are in a task.
        workers: processes of the local cluster; by default one a core, at most one a task.
        scheduler: address of a running Dask scheduler ("tcp://host:8786") to use instead.
        note: is given each result and returns what then stands after the progress bar ("3 unreadable").
    """
    from dask.distributed import as_completed

    tasks = list(tasks)
    if not tasks:
        return
    with connected(scheduler, workers=min(workers or cores(), len(tasks)), variables=ONE_THREAD) as client:
        # pure=False: two tasks that look alike are still two tasks.
        futures = client.map(function, tasks, pure=False)
        amounts = dict(zip((future.key for future in futures), map(amount, tasks), strict=True))
        total = sum(amounts.values())
        print(f"{description}: {total} {unit}s on {_power(client)}. Watch them at {client.dashboard_link}", flush=True)
        # mininterval keeps executed notebooks and log files short.
        with tqdm(total=total, desc=description, unit=unit, mininterval=1.0) as progress:
            for future in as_completed(futures):
                result = future.result()
                if note:
                    progress.set_postfix_str(note(result), refresh=False)
                yield result
                # A finished result is not needed on the cluster any more; memory stays flat.
                future.release()
                progress.update(amounts[future.key])


@contextlib.contextmanager
def connected(
    scheduler: str | None, *, workers: int, variables: Mapping[str, str] | None = None
) -> Iterator["Client"]:
    """A client of a Dask cluster: of the one at `scheduler`, or of one of this machine, ended with the block.

    Args:
        scheduler: address of a running scheduler; None starts `workers` processes here. These and their scheduler
            talk under certificates made for the occasion: without them any user of the machine could hand them code.
        workers: processes of the local cluster, a thread each.
        variables: of their environment.
    """
    import dask
    from dask.distributed import Client, LocalCluster, Security

    if scheduler:
        with Client(scheduler) as client:
            yield client
        return
    settings = _KEEP_MEMORY | _LOOK_SELDOM | {"distributed.scheduler.allowed-failures": _MOST_DEATHS}
    with dask.config.set(settings), _interrupts_ignored():
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            env=dict(variables or {}),
            security=Security.temporary(),
            # A share of the machine's memory each would end a worker over one large video while the others idle.
            memory_limit=0,
            # Any free port, and for nobody but this machine.
            dashboard_address="127.0.0.1:0",
            silence_logs="ERROR",
        )
    with cluster, Client(cluster) as client:
        yield client


@contextlib.contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Processes that are started in it ignore Ctrl-C, which a terminal sends to all: this process ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _power(client) -> str:
    """Who does the work, for people."""
    workers = client.scheduler_info(n_workers=-1)["workers"]
    return f"{len(workers)} worker{'s' * (len(workers) != 1)}"
