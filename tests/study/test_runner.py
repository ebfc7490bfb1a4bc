"""The runner, with real papermill, real kernels and a real Dask cluster, on small notebooks."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from small_study import MESO, MODEL, executed, text_of, write, write_notebook

from dfdc_utils import study
from dfdc_utils.study.runner import find
from dfdc_utils.study.stages import STAGES
from dfdc_utils.workspace import Workspace


def states(workspace, notebooks):
    return {name[:2]: state for name, state in study.listing(workspace, notebooks=notebooks)}


def wait_for(path, seconds=60):
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return path.read_text()


def test_a_whole_study_side_by_side_then_nothing_and_then_what_changed(workspace, notebooks, capsys):
    # Each of the two waits until the other has begun: they must run at the same time.
    meet = (
        "import time\n(workspace.run / '{mine}').write_text('here')\n"
        "while not (workspace.run / '{other}').exists(): time.sleep(0.05)"
    )
    first, second = meet.format(mine="a", other="b"), meet.format(mine="b", other="a")
    write_notebook(notebooks, "03_train_custom_cnn", first, "print(workspace.table.name)", MODEL)
    threads = "import os\nprint(os.environ['TF_NUM_INTRAOP_THREADS'], os.environ['OMP_NUM_THREADS'])"
    write_notebook(notebooks, "04_train_mesonet", second, threads, MESO)
    study.run(workspace, notebooks=notebooks, jobs=2)
    printed = capsys.readouterr().out
    assert printed.count(" done ") == 4
    order = [printed.index(f"{name}  ") for name in ("01_explore_the_data", "03_train_custom_cnn")]
    assert order == sorted(order)
    assert f"Executed notebooks  {workspace.notebooks}" in printed
    assert f"Figures             {workspace.figures}" in printed
    peak = float(printed.split("peak memory ")[1].split(" GB")[0])
    # This process, two workers with papermill, two kernels: well over 0.2 GB, and nothing large.
    assert 0.2 <= peak <= 3

    # What was injected, where it ran, and nothing half-written beside it.
    copy = executed(workspace, "03_train_custom_cnn")
    (injected,) = [cell.source for cell in copy.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert injected == (
        '# Parameters\nPROFILE = "tiny"\nSTUDY = "small"\nOVERRIDES = {"source": "dfdc", "epochs": 7}\n'
    )
    assert text_of(copy) == "table.parquet\n"
    # The profile's fixed number, whatever the jobs.
    assert text_of(executed(workspace, "04_train_mesonet")) == "1 1\n"
    assert sorted(path.name for path in workspace.notebooks.iterdir()) == [path.name for path in find(notebooks)]

    study.run(workspace, notebooks=notebooks)
    assert capsys.readouterr().out.count("unchanged, skipped") == 4

    write_notebook(notebooks, "04_train_mesonet", write("models/meso4.keras", "other"))
    study.run(workspace, notebooks=notebooks, jobs=1)
    printed = capsys.readouterr().out
    assert (printed.count("skipped"), printed.count(" done ")) == (2, 2)
    assert "text changed" in printed and "models/meso4.keras changed" in printed


def test_nothing_starts_beside_what_keeps_all_cores_busy(workspace, notebooks, capsys, monkeypatch):
    for number, name in (("03", "03_train_custom_cnn"), ("04", "04_train_mesonet")):
        monkeypatch.setitem(STAGES, number, dataclasses.replace(STAGES[number], parallel=number == "03"))
        write_notebook(notebooks, name, MODEL if number == "03" else MESO)
    study.run(workspace, notebooks=notebooks, jobs=2)
    printed = capsys.readouterr().out
    ended, started = f"{'03_train_custom_cnn':<32}done", f"{'04_train_mesonet':<32}first run"
    assert printed.index(ended) < printed.index(started)


def test_what_is_not_current_is_not_printed_as_if_it_were(workspace, notebooks, capsys):
    table = "title,test_accuracy,test_auc,parameters\nMeso4,0.8997,,28073\n"
    write_notebook(notebooks, "09_compare_models", write("comparison.csv", table))
    study.run(workspace, notebooks=notebooks)
    printed = capsys.readouterr().out
    rows = [line.split() for line in printed.splitlines() if "Meso4" in line]
    assert rows[0][:3] == ["Meso4", "0.8997", "-"]
    assert "Not current" not in printed

    # A model is trained anew, and nobody has evaluated it since.
    write_notebook(notebooks, "03_train_custom_cnn", write("models/custom_cnn.keras", "better"))
    study.run(workspace, notebooks=notebooks, only=["03"])
    printed = capsys.readouterr().out
    assert "0.8997" not in printed
    assert "The comparison table of before is not shown" in printed and "Not current: notebooks 07 09" in printed


def test_a_failing_notebook_costs_those_that_wait_for_it_and_no_others(workspace, notebooks, capsys):
    write_notebook(notebooks, "03_train_custom_cnn", MODEL, "raise KeyError('no faces')", "1 + 1")
    with pytest.raises(study.StudyError) as failure:
        study.run(workspace, notebooks=notebooks)
    message = str(failure.value)
    # Six cells: the injected parameters are one.
    assert "Notebook 03_train_custom_cnn failed in cell 6 of 7: In [5]: KeyError: 'no faces'" in message
    copy = workspace.notebooks / "03_train_custom_cnn.ipynb"
    assert str(copy) in message and "KeyError" in copy.read_text()
    printed = capsys.readouterr().out
    assert "04_train_mesonet" in printed.split(" done ")[1] + printed.split(" done ")[2]
    assert "07_evaluate_with_tta            left out, since 03_train_custom_cnn failed" in printed
    assert states(workspace, notebooks) == {
        "01": "up to date", "03": "did not succeed", "04": "up to date", "07": "first run",
    }
    write_notebook(notebooks, "03_train_custom_cnn", MODEL)
    study.run(workspace, notebooks=notebooks)
    printed = capsys.readouterr().out
    assert (printed.count("skipped"), printed.count(" done ")) == (2, 2)


def test_further_training_seeds_repeat_training_and_evaluation_beside_the_study(workspace, notebooks, capsys):
    write_notebook(
        notebooks, "03_train_custom_cnn", write("models/custom_cnn.keras", "cnn"),
        "print(workspace.profile.training_seed, workspace.profile.seed, workspace.table.is_file())",
        "if workspace.profile.training_seed == 2: raise ValueError('no luck')",
    )
    gather = "print(sorted(path.parent.parent.name for path in workspace.base.glob('seeds/*/metrics/*')))"
    write_notebook(notebooks, "09_compare_models", gather, write("comparison.csv", "title,test_auc\nMeso4,0.9\n"))
    with pytest.raises(study.StudyError, match="03_train_custom_cnn, seed 2 failed"):
        study.run(workspace, notebooks=notebooks, seeds=[2022, 1, 2])
    printed = " ".join(capsys.readouterr().out.split())
    assert "07_evaluate_with_tta, seed 2 left out, since 03_train_custom_cnn, seed 2 failed" in printed
    # Two seeds of 03, 04 and 07 and one of 01 and 09; of the third seed only 04 was done.
    assert printed.count(" done ") == 9
    first, second = workspace.of_seed(1), workspace.of_seed(2)
    assert text_of(executed(first, "03_train_custom_cnn")) == "1 2022 True\n"
    assert (first.run / "models/meso4.keras").is_file() and not first.table.is_relative_to(first.run)
    # The comparison was made after them, and of what there was.
    assert text_of(executed(workspace, "09_compare_models")) == "['1']\n"

    write_notebook(notebooks, "03_train_custom_cnn", write("models/custom_cnn.keras", "better"))
    listed = dict(study.listing(workspace, notebooks=notebooks, seeds=[1, 2]))
    assert listed["03_train_custom_cnn"] == listed["03_train_custom_cnn, seed 1"] == "text changed"
    assert listed["04_train_mesonet, seed 2"] == "up to date"
    study.run(workspace, notebooks=notebooks, seeds=[2022, 1, 2])
    printed = capsys.readouterr().out
    assert "what other training seeds came to changed" in printed
    assert text_of(executed(workspace, "09_compare_models")) == "['1', '2']\n"
    assert (second.run / "models/custom_cnn.keras").read_text() == "better"
    study.run(workspace, notebooks=notebooks, seeds=[2022, 1, 2])
    assert " done " not in capsys.readouterr().out


def test_a_dead_kernel_and_one_that_left_early_are_reported_as_such(workspace, notebooks):
    write_notebook(notebooks, "03_train_custom_cnn", "1", "import os\nos.kill(os.getpid(), 9)", "2")
    write_notebook(notebooks, "04_train_mesonet", "import sys\nsys.exit()", MESO)
    with pytest.raises(study.StudyError) as failure:
        study.run(workspace, notebooks=notebooks)
    assert "03_train_custom_cnn failed in cell 6 of 7: Kernel died. Out of memory?" in str(failure.value)
    assert "04_train_mesonet failed in cell" in str(failure.value)
    assert "stopped before its last cell" in str(failure.value)
    assert (workspace.notebooks / "03_train_custom_cnn.ipynb").is_file()


def test_a_notebook_that_was_edited_while_it_ran_is_run_again(workspace, notebooks):
    path = notebooks / "01_explore_the_data.ipynb"
    edit = (
        f"from pathlib import Path\npath = Path({str(path)!r})\n"
        "_ = path.write_text(path.read_text().replace('# 01', '# One'))"
    )
    write_notebook(notebooks, "01_explore_the_data", edit)
    study.run(workspace, notebooks=notebooks, only=["01"])
    assert states(workspace, notebooks)["01"] == "text changed"


def test_only_from_and_force_choose(workspace, notebooks):
    def names(**choice):
        return [path.stem[:2] for path in find(notebooks, **choice)]

    assert names(only=["01"]) == ["01"]
    assert names(start="03") == ["03", "04", "07"]
    assert names(start="03", only=["01", "04_train"]) == ["04"]
    with pytest.raises(ValueError, match="starts with '9'.*01_explore_the_data, 03"):
        find(notebooks, only=["9"])
    with pytest.raises(FileNotFoundError, match="no notebooks in"):
        find(workspace.home)


def test_training_needs_no_videos(workspace, notebooks, data, capsys):
    study.run(workspace, notebooks=notebooks)
    data.rename(data.parent / "elsewhere")
    write_notebook(notebooks, "04_train_mesonet", write("models/meso4.keras", "other"))
    capsys.readouterr()
    study.run(workspace, notebooks=notebooks, start="03")
    assert capsys.readouterr().out.count(" done ") == 2
    with pytest.raises(FileNotFoundError, match="No data set found"):
        study.run(workspace, notebooks=notebooks)


def test_two_data_sets_do_not_meet_in_one_study(workspace, notebooks, data, monkeypatch):
    study.run(workspace, notebooks=notebooks, only=["01"])
    other = data.parent / "other" / "dfdc_train_part_0"
    other.mkdir(parents=True)
    (other / "b.mp4").write_bytes(b"mp4")
    monkeypatch.setenv("DFDC_DATA", str(other.parent))
    with pytest.raises(ValueError, match=r"study small .* is one of the data set in .*set, not of .*other.*--name"):
        study.run(Workspace.open("tiny", "small", source="dfdc"), notebooks=notebooks)
    # By default their names differ.
    assert Workspace.open("tiny", source="dfdc").name == "tiny-other"


def test_a_worker_of_a_cluster_that_dies_costs_its_notebook_an_interruption(workspace, notebooks, tmp_path, capsys):
    from dask.distributed import LocalCluster

    flag = tmp_path / "worker"
    # The first kernel waits for its worker to be killed; the second finds that it has been.
    dies = (
        "import os, time\nfrom pathlib import Path\n"
        f"flag = Path({str(flag)!r})\n"
        "if not flag.exists():\n    flag.write_text(str(os.getppid()))\n    time.sleep(120)"
    )
    write_notebook(notebooks, "03_train_custom_cnn", dies, MODEL)
    count = f"with open({str(tmp_path / 'count')!r}, 'a') as file:\n    file.write('x')"
    write_notebook(notebooks, "04_train_mesonet", count, MESO)
    # Workers that offer a GPU each get what trains.
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, resources={"GPU": 1}, silence_logs="CRITICAL"
    ) as cluster:
        def kill():
            os.kill(int(wait_for(flag, 240)), signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        study.run(workspace, notebooks=notebooks, scheduler=cluster.scheduler_address)
        killer.join()
    assert capsys.readouterr().out.count(" done ") == 4
    assert set(states(workspace, notebooks).values()) == {"up to date"}
    assert (tmp_path / "count").read_text() == "x"


def test_an_interrupt_ends_all_kernels_and_the_next_run_takes_up_there(workspace, notebooks, tmp_path):
    slow = "import os, time\n_ = open({!r}, 'w').write(str(os.getpid()))"
    for name, number in (("03_train_custom_cnn", 1), ("04_train_mesonet", 2)):
        write_notebook(notebooks, name, slow.format(str(tmp_path / f"pid{number}")), "time.sleep(120)")
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from dfdc_utils import cli\n"
        "from dfdc_utils.study import runner\n"
        f"runner.project_root = lambda: Path({str(tmp_path)!r})\n"
        "if __name__ == '__main__':\n"
        "    command = 'study --profile tiny --name small --set source=dfdc --set epochs=7 --jobs 2'\n"
        "    sys.exit(cli.main(command.split()))"
    )
    script = tmp_path / "study.py"
    script.write_text(code)
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # As a terminal sends it: to all processes of the group. A test run in the background ignores the signal, and
        # so would its children.
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    kernels = [int(wait_for(tmp_path / f"pid{number}")) for number in (1, 2)]
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    out, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    for name in ("03_train_custom_cnn", "04_train_mesonet"):
        assert f"Notebook {name} interrupted" in errors, errors
    assert "Traceback" not in errors, errors
    assert not any(psutil.pid_exists(kernel) for kernel in kernels)
    assert states(workspace, notebooks) == {
        "01": "up to date", "03": "did not succeed", "04": "did not succeed", "07": "first run",
    }
    assert json.loads((workspace.notebooks / "03_train_custom_cnn.ipynb").read_text())["cells"]


def test_what_is_shown_only_where_it_is_there_comes_first_and_is_not_missed(workspace, notebooks, capsys):
    table = "title,test_auc\nMeso4,0.9\n"
    there = "print((workspace.run / 'sound/picture_and_sound.json').is_file())"
    write_notebook(notebooks, "09_compare_models", there, write("comparison.csv", table))
    write_notebook(notebooks, "13_listen", "import time\ntime.sleep(1)", write("sound/picture_and_sound.json", "{}"))
    study.run(workspace, notebooks=notebooks, jobs=2)
    assert text_of(executed(workspace, "09_compare_models")) == "True\n"
    write_notebook(notebooks, "13_listen", "raise KeyError('no sound')")
    capsys.readouterr()
    with pytest.raises(study.StudyError, match="13_listen failed"):
        study.run(workspace, notebooks=notebooks, jobs=2)
    printed = capsys.readouterr().out
    assert "Meso4" in printed and "comparison table of before" not in printed
    assert states(workspace, notebooks)["09"] == "up to date"
