"""How many kernels this machine bears side by side, and what each is told of its share."""

import os
import shutil
import subprocess

import psutil

from dfdc_utils import parallel
from dfdc_utils.workspace import Workspace

_BYTES_A_KERNEL = 2e9
_DRIVER_SECONDS = 20


def variables(workspace: Workspace, jobs: int | None) -> dict[str, str]:
    """The environment of a kernel of this study, beside `jobs - 1` others; None on somebody else's worker."""
    result = {
        # Paths relative to this process's folder would be others in the notebooks' folder.
        "DFDC_HOME": str(workspace.home),
        "DFDC_RUNS": str(workspace.base.parent),
        # Pictures belong in the executed copy, whatever a terminal session asks for.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # TensorFlow's notes would fill it; what goes wrong is raised.
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if "DFDC_DATA" in os.environ:
        result["DFDC_DATA"] = str(workspace.data)
    threads = workspace.profile.threads or (max(1, parallel.cores() // jobs) if jobs else None)
    return result | (dict.fromkeys(parallel.THREADS, str(threads)) if threads else {})


def kernels_that_fit() -> int:
    return max(1, min(parallel.cores(), int(psutil.virtual_memory().available // _BYTES_A_KERNEL)))


def gpu_numbers() -> list[str]:
    """The numbers of the GPUs of this machine that this process may use.

    Raises TimeoutError, saying what to do, where the driver does not answer.
    """
    if "CUDA_VISIBLE_DEVICES" in os.environ:
        return [name for name in os.environ["CUDA_VISIBLE_DEVICES"].split(",") if name not in ("", "-1")]
    return [str(number) for number in range(driver_lists().count("GPU "))]


def driver_lists() -> str:
    """What NVIDIA's driver says of the GPUs of this machine, a line each; empty where it has none, or is not there.

    Raises TimeoutError as `gpu_numbers`.
    """
    # The driver's tools are also on machines without a GPU, where they fail.
    if shutil.which("nvidia-smi") is None:
        return ""
    try:
        listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=_DRIVER_SECONDS)
    except subprocess.TimeoutExpired:
        raise TimeoutError(
            f"nvidia-smi did not answer within {_DRIVER_SECONDS} s, so the GPU's driver hangs. Restart the machine, or "
            "run without a GPU: CUDA_VISIBLE_DEVICES=-1."
        ) from None
    return listed.stdout if listed.returncode == 0 else ""
