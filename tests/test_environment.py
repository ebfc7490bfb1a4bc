import json
import subprocess
import sys
import time
from collections import namedtuple

import pytest

from dfdc_utils import environment
from dfdc_utils.workspace import Workspace


def test_kind_of_machine(monkeypatch):
    monkeypatch.delenv("KAGGLE_KERNEL_RUN_TYPE", raising=False)
    monkeypatch.delenv("COLAB_RELEASE_TAG", raising=False)
    assert environment.kind() == "local"
    monkeypatch.setenv("COLAB_RELEASE_TAG", "release-colab_20260101")
    assert environment.kind() == "colab"
    monkeypatch.setenv("KAGGLE_KERNEL_RUN_TYPE", "Interactive")
    assert environment.kind() == "kaggle", "Kaggle's image carries Colab's variables too"


def test_versions_are_told_without_importing_anything():
    code = (
        "import json, sys\nfrom dfdc_utils import environment\nversions = environment.versions()\n"
        "assert not {'tensorflow', 'cv2', 'numpy'} & set(sys.modules)\nprint(json.dumps(versions))"
    )
    process = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    versions = json.loads(process.stdout)
    assert versions["python"] == sys.version.split()[0]
    assert {"tensorflow", "keras", "mtcnn", "imgaug", "opencv-python", "av"} <= set(versions)
    assert "missing" not in versions.values()


def test_kaggles_mounts(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "KAGGLE_INPUT", tmp_path / "input")
    assert environment.kaggle_mounts() == []
    (tmp_path / "input" / "competitions").mkdir(parents=True)
    assert environment.kaggle_mounts() == [tmp_path / "input" / "competitions", tmp_path / "input"]


def test_a_sound_machine_gets_a_clean_bill_in_seconds(workspace, capsys):
    began = time.monotonic()
    well = environment.doctor(workspace)
    printed = capsys.readouterr().out
    assert well, printed
    assert time.monotonic() - began < 30
    assert "[FAIL]" not in printed
    lines = [line for line in printed.splitlines() if line.startswith("[OK]")]
    for what in ("python", "opencv libraries", "gpu", "video codecs", "data for tiny", "disk space"):
        assert any(what in line for line in lines), what
    pinned = [name for name, _ in environment._pinned()]
    assert len(pinned) > 15
    assert all(name in printed for name in pinned)


def failing(checks):
    return {check.what: check for check in checks if check.mend}


def test_a_package_that_is_missing_or_another_version_is_named_with_the_mend(monkeypatch):
    pinned = [("numpy", "1.0"), ("not-there", "2.0"), ("pip", "0")]
    monkeypatch.setattr(environment, "_pinned", lambda: pinned)
    monkeypatch.setattr(environment, "_installed", {"numpy": "1.0+cpu", "pip": "9.9"}.get)
    found = failing(environment._requirements())
    assert set(found) == {"not-there", "pip"}
    assert "missing, 2.0 wanted" in found["not-there"].found
    assert "9.9, 0 was tested" in found["pip"].found
    assert "pip install -r requirements.txt" in found["pip"].mend


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
    check = environment._gpu(environment._start("print(0)"))
    assert check.mend is None, "no GPU is not a fault"


def test_missing_codecs_data_and_disk_space_have_mends(workspace, monkeypatch, tmp_path):
    monkeypatch.setattr(environment, "_CODECS", (("h264", "r"), ("not_a_codec", "w")))
    assert "not_a_codec (encoder)" in environment._codecs().found
    monkeypatch.setattr(environment, "KAGGLE_INPUT", tmp_path / "none")
    check = environment._data(Workspace.open("full"))
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
