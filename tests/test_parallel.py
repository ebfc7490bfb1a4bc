import signal
import time

import psutil
import pytest

from dfdc_utils import parallel


def test_results_come_from_as_many_processes_as_wanted(capsys):
    found = list(parallel.run(_with_process, range(6), description="Counting", unit="number", workers=2))
    assert sorted(number for number, _ in found) == list(range(6))
    assert len({process for _, process in found}) <= 2
    assert "Counting: 6 numbers on 2 workers" in capsys.readouterr().out


def _with_process(number):
    time.sleep(0.05)
    return number, psutil.Process().pid


def test_a_local_cluster_turns_away_whoever_has_no_certificate():
    """Who may talk to a worker may have it run anything: on a shared server that would be any user."""
    from dask.distributed import Client

    with parallel.connected(None, workers=1) as client:
        address = client.scheduler.address
        assert address.startswith("tls://")
        assert client.submit(abs, -3).result() == 3
        (worker,) = client.scheduler_info()["workers"]
        for stranger in (address, address.replace("tls://", "tcp://"), worker.replace("tls://", "tcp://")):
            with pytest.raises((OSError, TypeError)):
                Client(stranger, timeout=3)
        # The machine's memory is the one limit.
        assert client.scheduler_info()["workers"][worker]["memory_limit"] in (0, None)


def test_an_address_is_used_as_it_is(monkeypatch):
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=1, processes=False, dashboard_address=None) as cluster:
        monkeypatch.setattr("dask.distributed.LocalCluster", None)
        with parallel.connected(cluster.scheduler_address, workers=5) as client:
            assert client.submit(abs, -3).result() == 3


def test_workers_leave_ctrl_c_to_the_process_that_started_them():
    # A test run in the background ignores the signal itself.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with parallel.connected(None, workers=1) as client:
            (handler,) = client.run(lambda: signal.getsignal(signal.SIGINT)).values()
            assert handler == signal.SIG_IGN
            assert signal.getsignal(signal.SIGINT) == signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
