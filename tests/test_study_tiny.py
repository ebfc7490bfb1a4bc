"""The smallest study, end to end: real videos, real papermill, every notebook, by the README's command."""

import json
from pathlib import Path

import command_line
import cv2
import nbformat
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
from scipy.special import expit, logit

from dfdc_utils import models, profiles
from dfdc_utils.places import project_root
from dfdc_utils.workspace import Workspace

pytestmark = pytest.mark.slow

TRAINED = [*models.FRAME_MODELS, *profiles.get("tiny").sequence_models.split()]
NOTEBOOKS = sorted(path.stem for path in (project_root() / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("tiny_study")


def command(home, *arguments):
    return command_line.command(home, *arguments, "--profile", "tiny")


@pytest.fixture(scope="module")
def study(home):
    """What the command printed. The exercises are solved too."""
    process = command(home, "study", "--solutions")
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]
    return process.stdout


@pytest.fixture(scope="module")
def workspace(home, study):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DFDC_HOME", str(home))
        patch.delenv("DFDC_DATA", raising=False)
        patch.delenv("DFDC_RUNS", raising=False)
        return Workspace.open("tiny")


def test_it_says_what_it_did(study, workspace):
    for name in NOTEBOOKS:
        assert any(line.startswith(name) and "done" in line for line in study.splitlines()), name
    assert all(models.title(name, profiles.get("tiny")) in study for name in TRAINED)
    assert str(workspace.notebooks) in study
    assert str(workspace.figures) in study
    memory = float(study.split("peak memory ")[1].split(" GB")[0])
    assert 0.5 < memory < 6


def test_every_notebook_ran_to_its_end_without_an_error(workspace):
    assert sorted(path.stem for path in workspace.notebooks.iterdir()) == NOTEBOOKS
    for path in workspace.notebooks.iterdir():
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                assert cell.execution_count, path.name
                errors = [output for output in cell.outputs if output.output_type == "error"]
                assert not errors, (path.name, errors)
        assert path.stat().st_size < 7_000_000, path.name


@pytest.mark.parametrize("name", TRAINED)
def test_predictions_hold_every_test_video_with_a_face_under_every_variant(workspace, name):
    predictions, table = pd.read_parquet(workspace.predictions(name)), pd.read_parquet(workspace.table)
    assert ((predictions["p_fake"] > 0) & (predictions["p_fake"] < 1)).all()
    # A network that says the same of everything has not been asked, or not been built.
    assert predictions["p_fake"].std() > 1e-4
    test = table[(table["split"] == "test") & table["label"].notna()]
    assert len(test) == 3
    seen = predictions[predictions["video"].isin(test["video"])].groupby("video")["variant"].nunique()
    assert len(seen) >= 2 and (seen == 1 + workspace.profile.tta_variants).all()


@pytest.mark.parametrize("name", TRAINED)
def test_metrics_and_comparison_are_what_scikit_learn_makes_of_the_predictions(workspace, name):
    table = pd.read_parquet(workspace.table).set_index("video")
    predictions = pd.read_parquet(workspace.predictions(name))
    written = json.loads(workspace.metrics(name).read_text())
    compared = pd.read_csv(workspace.comparison).set_index("model").loc[name]
    labelled = table[table["label"].notna()]
    prior = (labelled.loc[labelled["split"] == "train", "label"] == "FAKE").mean()
    for split, column in {"train": "train_accuracy", "test": "test_accuracy"}.items():
        of_split = labelled[labelled["split"] == split]
        plain = predictions[predictions["variant"] == "plain"]
        # The mean over a person's faces; of several people the one who looks most fake; nobody: the training prior.
        people = plain.groupby(["video", "track"])["p_fake"].mean()
        p_fake = people.groupby("video").max().reindex(of_split.index).fillna(prior)
        fake = of_split["label"] == "FAKE"
        measured = written[split]["video"]["plain"]
        assert measured["count"] == len(of_split)
        assert measured["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(fake, p_fake >= 0.5))
        assert measured["auc"] == pytest.approx(sklearn.metrics.roc_auc_score(fake, p_fake))
        assert measured["log_loss"] == pytest.approx(sklearn.metrics.log_loss(fake, p_fake), rel=1e-4)
        assert compared[column] == pytest.approx(measured["accuracy"])
    assert compared["test_auc"] == pytest.approx(written["test"]["video"]["plain"]["auc"])
    assert compared["test_log_loss"] == pytest.approx(written["test"]["video"]["plain"]["log_loss"])
    assert compared["test_accuracy_tta"] == pytest.approx(written["test"]["video"]["tta"]["accuracy"])


def test_every_model_was_asked_about_swaps_that_were_learned(workspace):
    """Another face in every frame, and the same clip without one, of people who are in no training video."""
    found = pd.read_csv(workspace.learned_swaps)
    learned = found[found["kind"] == "learned swap"]
    assert set(learned["title"]) == {models.title(name, workspace.profile) for name in TRAINED}
    assert set(learned["against"]) == {"original", "encoded again"}
    assert found["auc"].between(0, 1).all() and (found["fakes"] >= 1).all()
    table = pd.read_parquet(workspace.table)
    trained_on = set(table.loc[table["split"] == "train", "video"].str.removesuffix(".mp4"))
    swaps = [path.stem for path in workspace.swaps.glob("*-swap.mp4")]
    assert swaps and not any(set(stem.split("-")[:2]) & trained_on for stem in swaps)
    assert not list(workspace.run.rglob("*swapper*")), "no network that swaps is kept"


def test_the_row_of_picture_and_sound_is_what_its_numbers_come_to(workspace):
    """All test clips, each from its three signs; and the comparison shows it beside the networks."""
    content = json.loads(workspace.listened.read_text())
    videos = pd.DataFrame(content["videos"]).set_index("video")
    table = pd.read_parquet(workspace.table).set_index("video")
    test = table[(table["split"] == "test") & table["label"].notna()]
    assert sorted(videos.index) == sorted(test.index)
    logits = np.log(videos[["picture", "voice", "lips"]].astype(float).pipe(lambda p: p / (1 - p)))
    each = 1 / (1 + np.exp(-(logits * content["together"]["weights"] + content["together"]["biases"])))
    judged = videos["lips"].notna()
    assert videos.loc[judged, "p_fake"].to_numpy() == pytest.approx(1 - (1 - each[judged]).prod(axis=1), abs=1e-4)
    row = pd.read_csv(workspace.comparison).set_index("model").loc["picture_and_sound"]
    assert row["test_auc"] == pytest.approx(sklearn.metrics.roc_auc_score(test["label"] == "FAKE", videos["p_fake"]))
    assert row["title"].startswith(models.title(content["seen_by"], workspace.profile))
    # Another voice in a test set of one original is that of a stranger from the validation split.
    assert (workspace.figures / "13_artefacts.png").is_file() and (workspace.figures / "13_together.png").is_file()
    assert not list(workspace.run.rglob("*ears*")), "what listens is trained anew"


def test_an_original_is_signed_and_found_again(workspace):
    assert (workspace.provenance / "signed.mp4").is_file()
    assert (workspace.figures / "14_retrieval.png").is_file()


def test_the_submission_covers_every_test_video(workspace):
    submission = pd.read_csv(workspace.submission)
    assert list(submission.columns) == ["filename", "label"]
    videos = sorted(path.name for path in (workspace.synthetic / "test_videos").glob("*.mp4"))
    assert sorted(submission["filename"]) == videos
    assert submission["label"].between(0, 1).all()


def test_figures_are_pictures_named_after_their_notebook(workspace):
    figures = sorted(workspace.figures.glob("*.png"))
    assert {figure.name[:2] for figure in figures} >= {f"{number:02}" for number in range(1, 10)}
    for figure in figures:
        picture = cv2.imread(str(figure))
        assert picture is not None, figure.name
        assert min(picture.shape[:2]) >= 100, figure.name
        # An empty page has one colour, or two.
        assert len(np.unique(picture.reshape(-1, 3)[::7], axis=0)) > 10, figure.name


def test_a_second_study_with_nothing_changed_makes_and_loads_nothing(home, study, workspace, monkeypatch):
    def written():
        return {path: path.stat().st_mtime_ns for path in workspace.run.rglob("*") if path.is_file()}

    before = written()
    # Every process that it starts tells of every module that it loads.
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    process = command(home, "study")
    assert process.returncode == 0, process.stderr
    assert process.stdout.count("unchanged, skipped") == len(NOTEBOOKS)
    assert all(models.title(name, profiles.get("tiny")) in process.stdout for name in TRAINED)
    loaded = {line.rsplit("|")[-1].strip() for line in process.stderr.splitlines()}
    assert "pandas" in loaded
    # No kernel, no network: that is what a second study would have to wait for.
    assert not loaded & {"tensorflow", "keras", "papermill", "ipykernel", "mtcnn", "imgaug"}
    assert written() == before


def test_predict_judges_what_it_can_and_says_why_it_cannot(home, workspace):
    table = pd.read_parquet(workspace.table)
    predictions = pd.read_parquet(workspace.predictions("meso4"))
    video = table.set_index("video").loc[predictions["video"].iloc[0], "path"]
    broken = home / "broken.mp4"
    broken.write_bytes(b"not a video")
    files = video, str(broken), str(home / "absent.mp4")
    process = command(home, "predict", *files, "--model", "meso4", "--json", str(home / "all.json"))
    assert process.returncode == 1
    assert "not proof" in process.stdout and "Traceback" not in process.stderr
    document = json.loads((home / "all.json").read_text())
    judged, *others = document["files"]
    assert [other["status"] for other in others] == ["error", "missing"] and all(other["reason"] for other in others)

    # Its faces are found and cut anew, and come out as those that the study scored.
    of_study = predictions[(predictions["video"] == Path(video).stem) | (predictions["video"] == Path(video).name)]
    of_study = of_study[of_study["variant"] == "plain"].groupby("track")["p_fake"].mean().max()
    said = judged["scores"]["meso4"]
    assert said["raw"] == pytest.approx(of_study, abs=0.02)
    # The probability is that of the temperature which notebook 07 fitted.
    known = json.loads(workspace.metrics("meso4").read_text())["calibration"]
    assert document["models"]["meso4"]["calibration"]["temperature"] == known["temperature"]
    assert said["p_fake"] == pytest.approx(expit(logit(said["raw"]) / known["temperature"]), abs=1e-3)
    low, high = known["uncertain"]
    expected = "uncertain" if low <= said["p_fake"] < high else "FAKE" if said["p_fake"] >= high else "REAL"
    assert said["verdict"] == expected and f" {expected} " in process.stdout
