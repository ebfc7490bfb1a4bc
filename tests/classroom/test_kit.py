"""A lesson from its kit: made by the command, unpacked on another machine, held in a real JupyterLab."""

import json
import re
import zipfile
from urllib.parse import urlsplit

import nbformat
import pytest
from command_line import command
from in_browser import chromium, jupyterlab, open_notebook, run_all_cells

from dfdc_utils.classroom import lesson
from dfdc_utils.study.notebook import Task, execute

pytestmark = pytest.mark.slow

WAIT = 60_000
RIGHT = '(dataset.table.label.dropna() == "FAKE").mean()'
OF_ALL = '(dataset.table.label == "FAKE").mean()'


def run(home, *arguments):
    process = command(home, *arguments)
    assert process.returncode == 0, process.stdout[-3000:] + process.stderr[-3000:]


@pytest.fixture(scope="module")
def kit(tmp_path_factory):
    """For a class with one group."""
    home = tmp_path_factory.mktemp("teacher")
    out = home / "class"
    run(home, "classroom", "--profile", "tiny", "--out", out, "--notebooks", "00", "--groups", "1")
    return out


@pytest.fixture(scope="module")
def laptop(kit, tmp_path_factory):
    """Where the archive of the class, and that of the group, were unpacked."""
    home = tmp_path_factory.mktemp("laptop")
    for archive in (kit / "pack" / "dfdc-tiny.zip", kit / "groups" / "group1" / "dfdc-tiny-group1.zip"):
        run(home, "unpack", archive)
    return home


def test_the_kit_has_what_its_readme_names(kit):
    told = (kit / "README.md").read_text(encoding="utf-8")
    sha256 = (kit / "pack" / "dfdc-tiny.zip.sha256").read_text().split()[0]
    assert sha256 in told and "unpack pack/dfdc-tiny.zip" in told
    for page in ("student/00_start_here.ipynb", "student/GLOSSARY.md", "teacher/TEACHING.md",
                 "slides/00_start_here.html", "groups/group1/student/00_start_here.ipynb"):
        assert (kit / page).is_file(), page
    assert not list((kit / "student").glob("TEACHING*"))
    assert re.search(r"\| 00_start_here \| \d:\d\d \|", told), "how long it took"


def test_teachers_get_answers_and_solutions_and_students_neither(kit):
    paths = [kit / who / "00_start_here.ipynb" for who in ("student", "teacher")]
    student, teacher = (nbformat.read(path, as_version=4) for path in paths)
    texts = ["\n".join(cell.source for cell in notebook.cells) for notebook in (student, teacher)]
    for secret in ("For the teacher", RIGHT):
        assert secret not in texts[0] and secret in texts[1], secret
    assert "share = ..." in texts[0]
    # The teacher's page shows what came out.
    assert any(output.get("data", {}).get("image/png") for cell in teacher.cells for output in cell.get("outputs", []))


def test_what_a_group_gets_runs_on_its_laptop_before_anything_is_solved(kit, laptop, tmp_path):
    task = Task(
        notebook=kit / "groups" / "group1" / "student" / "00_start_here.ipynb", copy=tmp_path / "00.ipynb",
        parameters={}, lesson=True, variables={"DFDC_HOME": str(laptop), "DFDC_RUNS": str(laptop / "runs")},
    )
    assert execute(task).failure is None
    checks = [cell for cell in nbformat.read(task.copy, as_version=4).cells if "check" in lesson.tags(cell)]
    assert len(checks) == 3
    assert all("There is no answer yet" in cell.outputs[0]["data"]["text/plain"] for cell in checks)


def test_a_group_has_people_of_its_own(kit):
    of_class, of_group = (
        json.loads(zipfile.ZipFile(path).read("pack.json"))
        for path in (kit / "pack" / "dfdc-tiny.zip", kit / "groups" / "group1" / "dfdc-tiny-group1.zip")
    )
    assert of_group["settings"]["seed"] == 2023
    clips = [
        {state["sha256"] for name, state in each["files"].items() if name.endswith(".mp4") and state["bytes"]}
        for each in (of_class, of_group)
    ]
    assert len(clips[0]) == len(clips[1]) and not clips[0] & clips[1]


@pytest.mark.browser
def test_a_lesson_is_held(kit, laptop):
    """Wrongly solved, then rightly, in JupyterLab; then the slides; and nothing is asked of any other machine."""
    variables = {"DFDC_HOME": str(laptop), "DFDC_RUNS": str(laptop / "runs")}
    with chromium() as browser, jupyterlab(kit / "student", variables) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(WAIT)
        asked = []
        page.on("request", lambda request: asked.append(urlsplit(request.url)))
        open_notebook(page, address("00_start_here.ipynb"))
        run_all_cells(page)
        check = page.locator(".jp-CodeCell:has-text('check.share_of_fakes')").first
        check.get_by_text("There is no answer yet").wait_for(state="attached", timeout=3 * WAIT)
        for answer, said in ((OF_ALL, "❌ Not yet. Videos without a label"), (RIGHT, "✅ Right.")):
            cell = page.locator(".jp-CodeCell:has-text('share =')").first
            cell.locator(".cm-content").fill(f"share = {answer}")
            page.keyboard.press("Shift+Enter")
            # The check is the next cell now.
            page.keyboard.press("Shift+Enter")
            check.get_by_text(said).wait_for()
        page.goto((kit / "slides" / "00_start_here.html").as_uri())
        page.locator(".slides section.present").get_by_text("What you will learn").wait_for()
        assert {url.hostname for url in asked if url.scheme in ("http", "https", "ws", "wss")} == {"127.0.0.1"}
