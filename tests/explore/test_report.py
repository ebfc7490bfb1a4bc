"""The report, as a file and in a browser without a network."""

import json

import nbformat
import pytest
from explore_study import HOSTILE, MODEL
from nbconvert import HTMLExporter
from nbformat.sign import NotebookNotary

from dfdc_utils.explore import clips, report

STATES = {"11_explore": "up to date", "09_compare_models": "first run"}


@pytest.fixture(scope="module")
def written(explored, executed, tmp_path_factory):
    return report.write(explored, tmp_path_factory.mktemp("report") / "out", STATES).parent


def test_it_names_what_was_done_and_holds_what_it_shows(written, explored):
    front = (written / "index.html").read_text(encoding="utf-8")
    assert explored.name in front and str(explored.profile.seed) in front and "tensorflow" in front
    assert "No comparison table yet" in front
    listed = json.loads((written / report.MANIFEST).read_text())["files"]
    assert {path.relative_to(written).as_posix() for path in written.rglob("*") if path.is_file()} == {
        *listed, report.MANIFEST,
    }
    text = (written / "browse.html").read_text() + (written / "data.js").read_text()
    # In what a browser reads as HTML the name of a file is never a tag.
    assert "<img src=x" not in (written / "index.html").read_text() + (written / "browse.html").read_text()
    assert "http://" not in text and "https://" not in text


def test_a_report_is_written_again_and_foreign_files_stay(explored, executed, tmp_path):
    out = tmp_path / "out"
    report.write(explored, out, STATES)
    (out / "mine.txt").write_text("mine")
    (out / "previews" / "old.txt").write_text("mine too")
    report.write(explored, out, STATES)
    assert (out / "mine.txt").read_text() == "mine" and (out / "previews" / "old.txt").is_file()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="no report"):
        report.write(explored, other, STATES)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]


def test_an_executed_notebook_is_trusted_and_shows_pictures_elsewhere(executed):
    notebook = nbformat.read(executed, as_version=4)
    assert NotebookNotary().check_signature(notebook)
    views = sum(cell.source.startswith("explore.") for cell in notebook.cells)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    pictures = [out for cell in code for out in cell.outputs if "image/png" in out.get("data", {})]
    assert len(pictures) >= views == 6
    page, _ = HTMLExporter().from_notebook_node(notebook)
    assert page.count('<img alt="No description has been provided for this image"') + page.count("data:image/png") >= 6


@pytest.mark.browser
@pytest.mark.slow
def test_its_pages_work_from_disk_without_a_network(browser, written, explored):
    context = browser.new_context(offline=True, viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    troubles = []
    page.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    every = clips.of_study(explored)
    test = every.table[every.table["split"] == "test"]
    for name in ("index", "11_explore", "browse", "compare", "verdict", "threshold"):
        page.goto((written / f"{name}.html").as_uri())
    page.goto((written / "browse.html").as_uri())
    assert page.locator("tbody .dx-link").all_inner_texts() == list(test["video"])
    page.locator("tbody .dx-link", has_text=HOSTILE).click()
    page.wait_for_function("() => [...document.querySelectorAll('video')].filter(v => v.readyState >= 2).length === 2")
    page.locator(".dx-player").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    times = page.evaluate("() => [...document.querySelectorAll('video')].map(v => v.currentTime)")
    assert times[0] == pytest.approx(times[1], abs=1e-3) and times[0] > 0
    page.keyboard.press("d")
    assert page.locator("canvas.dx-difference").is_visible()
    page.locator("svg.dx-scrubber polyline").first.wait_for(state="attached")
    page.goto((written / "threshold.html").as_uri())
    wrong = int(page.locator("[data-cell=FAKE-REAL]").inner_text().split()[0])
    assert wrong == ((test["label"] == "FAKE") & (every.scores[MODEL][test.index] < 0.5)).sum()
    assert troubles == []
    assert asked and all(url.startswith(("file:", "data:", "blob:")) for url in asked)
    context.close()
