import time
from collections import namedtuple
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from dfdc_utils import environment, places
from dfdc_utils.places import project_root
from dfdc_utils.workspace import Workspace


def test_kind_of_machine(monkeypatch):
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert environment.kind() == "local"
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab_20260101")
    assert environment.kind() == "colab"
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert environment.kind() == "kaggle", "Kaggle's image carries Colab's variables too"


def test_a_sound_machine_gets_a_clean_bill(workspace, capsys):
    well = environment.doctor(workspace)
    printed = capsys.readouterr().out
    assert well, printed
    assert "[FAIL]" not in printed
    lines = [line for line in printed.splitlines() if line.startswith("[OK]")]
    for what in ("python", "opencv libraries", "gpu", "video codecs", "data for tiny", "disk space"):
        assert any(what in line for line in lines), what
    wanted = environment._ranges()
    assert len(wanted) > 15
    assert all(name in printed for name in wanted)


def failing(checks):
    return {check.what: check for check in checks if check.mend}


def test_a_package_that_is_missing_or_out_of_range_is_named_with_the_mend(monkeypatch):
    ranges = {"numpy": ">=0.9", "not-there": ">=2", "pip": "<9", "lower": ">=1"}
    monkeypatch.setattr(environment, "_ranges", lambda: {name: SpecifierSet(text) for name, text in ranges.items()})
    monkeypatch.setattr(environment, "_pinned", lambda: [("numpy", "1.0"), ("not-there", "2.0"), ("lower", "1.5")])
    monkeypatch.setattr(environment, "_installed", {"numpy": "1.0+cpu", "pip": "9.9", "lower": "1.2"}.get)
    checks = {check.what: check for check in environment._requirements()}
    found = failing(checks.values())
    assert set(found) == {"not-there", "pip"}
    assert "missing, 2.0 wanted" in found["not-there"].found
    assert "9.9, <9 is needed" in found["pip"].found
    assert "pip install -r requirements.txt" in found["pip"].mend
    assert checks["lower"].found == "1.2; 1.5 was tested", "a platform's own versions are no fault"


def test_exact_versions_stand_in_requirements_only_and_are_in_the_ranges():
    pinned, ranges = dict(environment._pinned()), environment._ranges()
    assert not any("==" in str(allowed) for allowed in ranges.values())
    assert all(allowed.contains(pinned[name]) for name, allowed in ranges.items())


def test_a_place_where_nothing_may_be_written_is_a_fault_with_its_mend(workspace, monkeypatch):
    monkeypatch.setattr(environment, "may_write", lambda folder: False)
    check = environment._disk(workspace)
    assert "nothing may be written" in check.found and "DFDC_HOME" in check.mend


@pytest.mark.parametrize(
    ("error", "found", "mend"),
    [
        ("libGL.so.1: cannot open shared object file", "libGL.so.1", "apt-get install -y libgl1 "),
        ("libgthread-2.0.so.0: cannot open", "libgthread-2.0.so.0", "apt-get install -y libglib2.0-0 "),
        ("numpy.core.multiarray failed to import", "multiarray", "requirements.txt"),
    ],
)
def test_a_library_that_opencv_wants_is_named_with_its_package(error, found, mend):
    check = environment._opencv(environment._start(f"raise ImportError({error!r})"))
    assert found in check.found
    assert mend in check.mend


def test_a_tensorflow_that_kills_its_process_is_reported(capsys):
    check = environment._gpu(environment._start("import os, signal; os.kill(os.getpid(), signal.SIGILL)"))
    assert "SIGILL" in check.found
    assert "AVX" in check.mend
    check = environment._gpu(environment._start("print(2)"))
    assert (check.mend, check.found) == (None, "2 found")


@pytest.fixture
def nvidia_smi(tmp_path, monkeypatch):
    """Puts a driver's tool, made of shell commands, on the PATH."""
    def install(commands):
        program = tmp_path / "bin" / "nvidia-smi"
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{commands}\n")
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


SEES_NO_GPU = "print(0)"


@pytest.mark.skipif(Path("/dev/nvidia0").exists(), reason="this machine has a GPU")
def test_a_machine_without_a_gpu_is_no_fault(nvidia_smi):
    assert environment._gpu(environment._start(SEES_NO_GPU)).mend is None
    nvidia_smi("echo No devices were found; exit 6")
    assert environment._gpu(environment._start(SEES_NO_GPU)).mend is None


def test_a_gpu_that_tensorflow_cannot_use_is_a_fault_unless_it_was_hidden(nvidia_smi, monkeypatch):
    nvidia_smi("echo 'GPU 0: NVIDIA H100 (UUID: GPU-0)'")
    check = environment._gpu(environment._start(SEES_NO_GPU))
    assert "TensorFlow cannot use it" in check.found
    readme = (project_root() / "notebooks" / "GPU.md").read_text()
    (line,) = {line.strip() for line in readme.splitlines() if "and-cuda" in line}
    assert line.removeprefix(".venv/bin/") in check.mend
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    check = environment._gpu(environment._start(SEES_NO_GPU))
    assert check.mend is None and "CUDA_VISIBLE_DEVICES=-1" in check.found


def test_a_driver_that_hangs_does_not_keep_the_doctor(nvidia_smi, monkeypatch):
    monkeypatch.setattr(environment.resources, "_DRIVER_SECONDS", 0.5)
    nvidia_smi("exec sleep 30")
    began = time.monotonic()
    assert "cannot use it" in environment._gpu(environment._start(SEES_NO_GPU)).found
    assert time.monotonic() - began < 10


def test_missing_codecs_data_and_disk_space_have_mends(workspace, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_CODECS", (("h264", "r"), ("not_a_codec", "w")))
    assert "not_a_codec (encoder)" in environment._codecs().found
    monkeypatch.setattr(places, "KAGGLE_INPUT", tmp_path / "none")
    (check,) = environment._data(Workspace.open("full"))
    assert "No data set found" in check.found
    assert "download" in check.mend
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(environment.shutil, "disk_usage", lambda folder: usage(9e12, 0, 5e9))
    assert environment._disk(Workspace.open("tiny")).mend is None
    assert "100 GB" in environment._disk(Workspace.open("full")).mend


def test_a_failure_makes_the_doctor_say_so(workspace, monkeypatch, capsys):
    def checks(workspace):
        yield environment.Check("this", "is well")
        yield environment.Check("that", "is broken", "mend it")

    monkeypatch.setattr(environment, "checks", checks)
    assert environment.doctor(workspace) is False
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("[OK]") and "this" in lines[0]
    assert lines[1].startswith("[FAIL]") and "is broken" in lines[1]
    assert "mend: mend it" in lines[2]
    assert lines[-1] == "1 to mend."
