"""The kit of a lesson: what students and teachers open, slides, and a data pack, of a study that has run.

    out/
    ├── README.md   what is here, and how to begin
    ├── student/    notebooks with their exercises open
    ├── teacher/    the same as they ran, with solutions, and what to expect
    ├── slides/     a deck a notebook; they open without a network
    ├── pack/       the study in one archive
    └── groups/     for each group the notebooks and the archive of a study of its own
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dfdc_utils import study
from dfdc_utils.classroom import lesson, pack, slides
from dfdc_utils.study.notebook import Task, execute, variables_set
from dfdc_utils.study.progress import clock
from dfdc_utils.workspace import Workspace, whole

_BESIDE = ("GLOSSARY.md", "TEACHING.md")
"""Lie beside the notebooks; the second is for teachers."""
_MEGABYTE = 1e6


@dataclass(frozen=True)
class Chapter:
    """A notebook of the kit."""

    notebook: NotebookNode
    """With the parameters of its study."""
    executed: NotebookNode
    """As it ran on what was unpacked."""
    name: str
    seconds: float


def make(workspace: Workspace, out: Path, *, notebooks: Sequence[str] = (), groups: int = 0) -> Path:
    """Makes the kit of the study in `workspace`, and of one more study for each group, and returns its folder.

    What of these studies is not current is run first. Then the archive is unpacked elsewhere, and every notebook runs
    there, with its solutions: what students get has been seen to work, and how long it takes is measured.

    Args:
        workspace: of the study.
        out: the folder of the kit, which appears when it is whole.
        notebooks: those whose names start with one of these ("07"); by default all.
        groups: so many groups get people and forgeries of their own: the study again with other seeds.

    Raises:
        FileExistsError: `out` is there and is not empty.
        study.StudyError: a notebook, a solution or a check failed.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise FileExistsError(f"{out} is not empty. Choose another --out, or remove it.")
    paths = study.find(only=notebooks)
    own = [workspace, *(_of_group(workspace, number) for number in range(1, groups + 1))]
    for each in own:
        print(f"The study {each.name}:")
        study.run(each, only=[path.stem for path in paths])
    with whole(out) as folder:
        archive = folder / "pack" / f"dfdc-{workspace.name}.zip"
        sha256 = pack.write(workspace, archive)
        chapters = _chapters(workspace, paths, archive)
        _write(folder, chapters, paths[0].parent)
        for number, each in enumerate(own[1:], start=1):
            place = folder / "groups" / f"group{number}"
            pack.write(each, place / f"dfdc-{each.name}.zip")
            _write_students(place / "student", [
                lesson.with_parameters(lesson.student(chapter.notebook, chapter.executed), _parameters(each))
                for chapter in chapters
            ], chapters, paths[0].parent)
        _write_readme(folder, workspace, chapters, archive, sha256, groups)
        if out.is_dir():
            out.rmdir()
    return out


def _of_group(workspace: Workspace, number: int) -> Workspace:
    changes = workspace.profile.changes() | {"seed": workspace.profile.seed + number}
    return Workspace.open(workspace.profile.name, f"{workspace.name}-group{number}", **changes)


def _parameters(workspace: Workspace) -> dict:
    return {
        "PROFILE": workspace.profile.name, "STUDY": workspace.name, "OVERRIDES": workspace.profile.changes(),
    }


def _chapters(workspace: Workspace, paths: list[Path], archive: Path) -> list[Chapter]:
    """Every notebook, run on the unpacked archive in a home of its own."""
    there = [*(path.name for path in paths), _BESIDE[0]]
    chapters = []
    with tempfile.TemporaryDirectory(prefix="dfdc-class-") as home:
        variables = {"DFDC_HOME": home, "DFDC_RUNS": str(Path(home) / "runs")}
        with variables_set(variables):
            pack.unpack(archive)
        for path in paths:
            notebook = lesson.with_parameters(nbformat.read(path, as_version=4), _parameters(workspace))
            notebook = lesson.with_links(notebook, there)
            source, copy = Path(home) / "notebooks" / path.name, Path(home) / "executed" / path.name
            source.parent.mkdir(exist_ok=True)
            nbformat.write(notebook, source)
            outcome = execute(Task(notebook=source, copy=copy, parameters={}, variables=variables, lesson=True))
            if outcome.failure:
                raise study.StudyError(f"{path.stem} {outcome.failure}")
            executed = nbformat.read(copy, as_version=4)
            _require_right(executed, path.stem)
            print(f"{path.stem:<32}ran from the pack in {clock(outcome.seconds)}", flush=True)
            chapters.append(Chapter(notebook, executed, path.stem, outcome.seconds))
    return chapters


def _require_right(executed: NotebookNode, name: str) -> None:
    """Raises StudyError where a check does not find the notebook's own solution right."""
    for cell in executed.cells:
        if "check" in lesson.tags(cell):
            said = "".join(output.get("data", {}).get("text/plain", "") for output in cell.outputs)
            if not said.startswith("✅"):
                raise study.StudyError(f"{name}: {cell.source} says of the solution: {said or 'nothing'}")


def _write(folder: Path, chapters: list[Chapter], notebooks: Path) -> None:
    _write_students(
        folder / "student", [lesson.student(each.notebook, each.executed) for each in chapters], chapters, notebooks
    )
    (folder / "slides").mkdir()
    _copy_beside(_BESIDE, notebooks, folder / "teacher")
    for chapter in chapters:
        page = lesson.teacher(chapter.executed)
        page.cells.insert(1, nbformat.v4.new_markdown_cell(_note(chapter)))
        nbformat.write(page, folder / "teacher" / f"{chapter.name}.ipynb")
        slides.write(chapter.executed, folder / "slides" / f"{chapter.name}.html", title=chapter.name)


def _write_students(
    folder: Path, pages: list[NotebookNode], chapters: list[Chapter], notebooks: Path
) -> None:
    _copy_beside(_BESIDE[:1], notebooks, folder)
    for page, chapter in zip(pages, chapters, strict=True):
        nbformat.write(page, folder / f"{chapter.name}.ipynb")


def _copy_beside(names: Sequence[str], notebooks: Path, folder: Path) -> None:
    folder.mkdir(parents=True)
    for name in names:
        if (notebooks / name).is_file():
            (folder / name).write_bytes((notebooks / name).read_bytes())


def _note(chapter: Chapter) -> str:
    exercises = sum("exercise" in lesson.tags(cell) for cell in chapter.executed.cells)
    return (
        f"> **For the teacher.** From the data pack this notebook ran in {clock(chapter.seconds)} minutes on a machine "
        f"with {os.cpu_count()} cores. It has {exercises} exercises, whose solutions are below."
    )


def _write_readme(
    folder: Path, workspace: Workspace, chapters: list[Chapter], archive: Path, sha256: str, groups: int
) -> None:
    times = "\n".join(f"| {chapter.name} | {clock(chapter.seconds)} |" for chapter in chapters)
    of_groups = (
        f"\nEach of the {groups} groups has notebooks and an archive of its own in `groups/`, with other people and "
        "other forgeries. The lesson is the same; numbers differ.\n" if groups else ""
    )
    (folder / "README.md").write_text(f"""# A lesson on deepfake detection

Made from the study `{workspace.name}` (profile `{workspace.profile.name}`): synthetic faces only.

On each laptop, in a checkout of dfdc_utils (`make lab` once installs what is needed):

    .venv/bin/python -m dfdc_utils unpack pack/{archive.name}
    .venv/bin/jupyter lab student

`unpack` takes the path of the archive, wherever you copied it. It checks it by its hash (SHA-256
`{sha256}`), and needs no network.
{of_groups}
- `student/`: notebooks with open exercises; a check under each says what is right, or why not
- `teacher/`: the same with solutions, and what to expect; `TEACHING.md` has plans for lessons
- `slides/`: open a page in a browser; arrows turn the slides, S shows what to say
- `pack/`: the study, {archive.stat().st_size / _MEGABYTE:.0f} MB

| notebook | minutes to run from the pack, {os.cpu_count()} cores |
| --- | --- |
{times}

A score is a probability, for faces like those a network was trained on. It is never proof.
""", encoding="utf-8")
