import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

from dfdc_utils import cli, environment, study
from dfdc_utils.study import runner
from dfdc_utils.workspace import write_json


@pytest.fixture(autouse=True)
def put_back(monkeypatch):
    """The command line sets this variable; setting it here first makes monkeypatch put it back."""
    monkeypatch.setenv("DFDC_DATA", "")
    monkeypatch.delenv("DFDC_DATA")


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "dfdc_utils", *arguments], capture_output=True, text=True)


def test_help_names_every_command():
    printed = run("--help").stdout
    assert all(command in printed for command in ("study", "make-mini", "extract", "predict", "doctor"))
    printed = run("study", "--help").stdout
    options = (
        "--profile", "--set", "--data", "--name", "--only", "--from", "--force", "--list", "--jobs", "--scheduler",
    )
    assert all(option in printed for option in options)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("study", "--profile", "huge"), "no profile 'huge'. Profiles: tiny, mini"),
        (("study", "--set", "epochs"), "--set takes NAME=VALUE"),
        (("study", "--set", "epochs=many"), "'epochs' takes a whole number, not 'many'"),
        (("study", "--set", "profile=tiny"), "no setting 'profile'"),
        (("study", "--only", "99"), "No notebook's name starts with '99'"),
        (("make-mini", "--profile", "full"), "nothing to draw"),
        (("predict", "--model", "meso4", "clip.mp4"), "files before --model"),
        (("extract", "--data", "nowhere"), "No data set found; looked in"),
        (("predict", "clip.mp4", "--profile", "tiny"), "no trained model in"),
    ],
)
def test_a_known_error_is_one_line(workspace, capsys, monkeypatch, tmp_path, arguments, message):
    notebooks = tmp_path / "notebooks"
    notebooks.mkdir()
    (notebooks / "01_explore_the_data.ipynb").touch()
    monkeypatch.setattr(runner, "project_root", lambda: tmp_path)
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert len(captured.err.splitlines()) == 1


def test_a_failed_study_exits_with_1_and_an_interrupted_one_with_130(workspace, capsys, monkeypatch):
    def end(error):
        def run(workspace, **options):
            raise error

        monkeypatch.setattr(study, "run", run)
        return cli.main(["study", "--profile", "tiny"])

    assert end(study.StudyError("Notebook 07 failed in cell 3 of 9")) == 1
    assert "Notebook 07 failed in cell 3 of 9\n" == capsys.readouterr().err
    assert end(KeyboardInterrupt()) == 130
    assert "Interrupted." in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        end(ZeroDivisionError())


def test_options_reach_the_runner(workspace, monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(study, "run", lambda workspace, **options: seen.update(options, workspace=workspace))
    arguments = "study --profile tiny --set epochs=3 --set seed=1 --from 04 --force --name one --jobs 3".split()
    assert cli.main(arguments) == 0
    assert (seen["start"], seen["force"], list(seen["only"])) == ("04", True, [])
    assert (seen["workspace"].profile.epochs, seen["workspace"].profile.seed) == (3, 1)
    assert (seen["jobs"], seen["scheduler"], seen["workspace"].name) == (3, None, "one")
    assert seen["workspace"].profile.source == "synthetic"


def test_named_data_replaces_what_would_be_drawn_in_the_kernels_too(workspace, monkeypatch, tmp_path):
    seen = {}
    monkeypatch.setattr(study, "run", lambda workspace, **options: seen.update(workspace=workspace))
    monkeypatch.chdir(tmp_path)
    assert cli.main(["study", "--profile", "tiny", "--data", "mine"]) == 0
    assert seen["workspace"].profile.source == "dfdc"
    assert seen["workspace"].data == tmp_path / "mine"
    assert seen["workspace"].run.name == "tiny-mine", "not in the folder of the demo"
    assert cli.os.environ["DFDC_DATA"] == str(tmp_path / "mine")


def test_doctors_verdict_is_the_exit_status(workspace, monkeypatch):
    monkeypatch.setattr(environment, "doctor", lambda workspace: workspace.profile.name == "tiny")
    assert cli.main(["doctor", "--profile", "tiny"]) == 0
    assert cli.main(["doctor"]) == 1


def test_list_says_what_would_run_and_why(workspace, monkeypatch, capsys):
    monkeypatch.setattr(study, "listing", lambda workspace, seeds: [("07_evaluate_with_tta", "inputs changed")])
    assert cli.main(["study", "--list"]) == 0
    assert capsys.readouterr().out.split() == ["07_evaluate_with_tta", "inputs", "changed"]


def test_options_reach_predict(workspace, monkeypatch):
    from dfdc_utils.predict import command

    seen = {}

    def predict(typed, workspace, **options):
        seen.update(options, typed=typed, profile=workspace.profile.name)
        return 1

    monkeypatch.setattr(command, "predict", predict)
    arguments = "predict a.mp4 folder --profile tiny --model meso4 custom_cnn --tta --csv a.csv --report pages"
    assert cli.main([*arguments.split(), "--json", "-", "--workers", "2"]) == 1
    assert seen["typed"] == [Path("a.mp4"), Path("folder")] and seen["names"] == ["meso4", "custom_cnn"]
    assert (seen["tta"], seen["table"], seen["document"]) == (4, Path("a.csv"), Path("-"))
    assert (seen["report"], seen["workers"], seen["profile"]) == (Path("pages"), 2, "tiny")
    assert cli.main(["predict", "a.mp4", "--published", "F2F"]) == 1
    assert (seen["published"], seen["tta"], seen["names"]) == ("F2F", 0, None)


def test_the_default_model_is_the_best_on_the_validation_split(workspace):
    from dfdc_utils.predict.asked import best
    from dfdc_utils.training import fit

    record = dict.fromkeys((field.name for field in dataclasses.fields(fit.Training)), 0)
    for name, accuracy in {"custom_cnn": 0.7, "meso4": 0.9, "densenet121": 0.8}.items():
        workspace.model(name).parent.mkdir(parents=True, exist_ok=True)
        workspace.model(name).touch()
        history = [{"epoch": 1, "val_accuracy": accuracy}, {"epoch": 2, "val_accuracy": 0.5}]
        write_json(workspace.training(name), record | {"model": name, "history": history})
    assert best(workspace) == "meso4"
