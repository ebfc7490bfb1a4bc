"""The command as it is typed, on real files; what it writes is read back."""

import csv
import json
import subprocess
from pathlib import Path

import jsonschema
import pytest
from in_browser import CHROMIUM
from judged_files import MARKUP

from dfdc_utils import cli, predict


@pytest.fixture(scope="package")
def out(tmp_path_factory):
    return tmp_path_factory.mktemp("out")


@pytest.fixture
def written(studies, folder, out, capsys):
    """Everything that the command can write, about three files and one that is not there."""
    names = [folder / MARKUP, folder / "photo.png", folder / "broken.mp4"]
    status = 1
    if not (out / "all.json").is_file():
        options = ["--profile", "tiny", "--model", "meso4", "custom_cnn", "--report", str(out / "pages")]
        status = cli.main([
            "predict", *map(str, names), str(folder / "gone.mp4"), *options, "--csv", str(out / "all.csv"),
            "--json", str(out / "all.json"),
        ])
        (out / "printed.txt").write_text(capsys.readouterr().err)
    assert status == 1
    return out


@pytest.mark.slow
def test_every_file_has_a_row_in_the_table_and_in_the_document(written):
    with open(written / "all.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["status"] for row in rows] == ["ok"] * 4 + ["error"] * 2 + ["missing"] * 2
    assert {row["model"] for row in rows} == {"meso4", "custom_cnn"}
    assert all(0 <= float(row["p_fake"]) <= 1 for row in rows[:4]) and rows[-1]["p_fake"] == ""
    document = json.loads((written / "all.json").read_text())
    schema = json.loads((Path(predict.__file__).parent / "schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    assert [row["status"] for row in document["files"]] == ["ok", "ok", "error", "missing"]
    assert document["models"]["meso4"]["calibration"]["prior"] == 0.5
    assert not list(written.glob("*.unfinished")), "nothing is left of a finished run"
    last = (written / "printed.txt").read_text().splitlines()[-1]
    assert last.startswith("2 of 4 files were not judged.") and "Download or copy it again." in last


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here")
def test_a_page_in_a_real_browser(written):
    """The script runs to its end, and a file's name is text, whatever it says."""
    document = json.loads((written / "all.json").read_text())
    page = written / "pages" / document["files"][0]["page"]
    seen = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom",
         page.as_uri()],
        capture_output=True, text=True, timeout=120,
    ).stdout
    assert "onerror=document.title='hacked'&gt;" in seen and "<title>hacked" not in seen
    assert seen.count("<img") == seen.count('<img alt="Faces of person'), "nothing but the pictures that are ours"
    assert "<polyline" in seen, "P(fake) over time was drawn"
    assert "not proof" in seen and "Grad-CAM" in seen
    index = (written / "pages" / "index.html").read_text()
    assert index.count("not judged") == 4 and page.name in index
    assert (written / "pages" / "media").joinpath(f"{page.stem}.mp4").is_file()


@pytest.mark.slow
def test_json_lines_on_the_terminal_and_nothing_else(studies, folder, capsys):
    arguments = ["predict", str(folder / "photo.jpg"), str(folder / "photo.png"), "--profile", "tiny"]
    assert cli.main([*arguments, "--model", "meso4", "--json", "-"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines] == ["ok", "ok"]
    assert all(line["schema"] == "dfdc_utils/predict/1" and "meso4" in line["models"] for line in lines)


def test_what_cannot_be_written_is_said_before_anything_is_judged(studies, folder, tmp_path, capsys):
    (tmp_path / "file").touch()
    arguments = ["predict", str(folder / "photo.jpg"), "--profile", "tiny", "--model", "meso4"]
    assert cli.main([*arguments, "--csv", str(tmp_path / "file" / "scores.csv")]) == 2
    assert cli.main([*arguments, "--csv", str(tmp_path)]) == 2
    assert "file" in capsys.readouterr().err
