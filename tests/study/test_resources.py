import dataclasses

import psutil
import pytest

from dfdc_utils import parallel
from dfdc_utils.study import resources


def test_as_many_kernels_as_have_a_core_and_two_gigabytes(monkeypatch):
    def fit(cores, gigabytes):
        monkeypatch.setattr(parallel, "cores", lambda: cores)
        memory = psutil.virtual_memory()._replace(available=int(gigabytes * 1e9))
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        return resources.kernels_that_fit()

    assert [fit(8, 64), fit(8, 9), fit(2, 64), fit(2, 1)] == [8, 4, 2, 1]


@pytest.mark.parametrize(("text", "status", "visible", "wanted"), [
    ("GPU 0: NVIDIA H100\\nGPU 1: NVIDIA H100", 0, None, ["0", "1"]),
    ("GPU 0: NVIDIA H100", 0, "3,5", ["3", "5"]),
    ("GPU 0: NVIDIA H100", 0, "-1", []),
    ("GPU 0: NVIDIA H100", 0, "", []),
    ("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver", 9, None, []),
])
def test_gpus_are_those_that_this_process_may_use(monkeypatch, tmp_path, text, status, visible, wanted):
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\nprintf "{text}\\n"\nexit {status}\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    if visible is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert resources.gpu_numbers() == wanted


def test_a_driver_that_hangs_does_not_hold_up_a_study(monkeypatch, tmp_path):
    tool = tmp_path / "nvidia-smi"
    tool.write_text("#!/bin/sh\nexec sleep 30\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(resources, "_DRIVER_SECONDS", 0.3)
    with pytest.raises(TimeoutError, match="CUDA_VISIBLE_DEVICES=-1"):
        resources.gpu_numbers()


def test_a_kernel_gets_its_share_of_the_cores_or_the_profiles_fixed_number(workspace, monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 8)
    free = dataclasses.replace(workspace, profile=workspace.profile.replace(threads=0))
    names = set(parallel.THREADS)
    assert {resources.variables(free, jobs)["OMP_NUM_THREADS"] for jobs in (2, 3)} == {"4", "2"}
    assert {resources.variables(workspace, jobs)["TF_NUM_INTRAOP_THREADS"] for jobs in (1, 2, None)} == {"1"}
    # Somebody else's worker knows better.
    assert not names & set(resources.variables(free, None))
    assert resources.variables(free, 1)["DFDC_RUNS"] == str(workspace.run.parent)
