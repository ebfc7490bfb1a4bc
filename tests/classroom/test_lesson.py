"""What students and teachers get of a notebook: nothing that gives an answer away, and everything that is needed."""

import ast
import builtins
import json
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from dfdc_utils.classroom import lesson, questions, slides
from dfdc_utils.places import project_root

NOTEBOOKS = sorted((project_root() / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def read(path):
    return nbformat.read(path, as_version=4)


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in lesson.tags(cell)]


@pytest.fixture
def notebook():
    def cell(kind, source, *tags):
        new = {"markdown": new_markdown_cell, "code": new_code_cell}[kind]
        return new(source, metadata={"tags": list(tags)})

    return new_notebook(cells=[
        cell("markdown", "# 99 · A chapter\n\n[Contents](00_start_here.ipynb), [all](GLOSSARY.md#a)", "slide"),
        cell("code", 'PROFILE = "mini"\nOVERRIDES = {}', "parameters"),
        cell("markdown", "## 1. One\n\nA sentence for the speaker.\n\n**Predict:** how many?", "slide"),
        cell("code", "1 + 1", "slide"),
        cell("markdown", "### Exercise 1 · read\n\nHow many?", "exercise"),
        cell("code", "# A number.\nhelper = 4711\nanswer = helper + 2\nanswer", "solution", "lesson"),
        cell("code", "check.number(answer, table)", "check", "lesson"),
        cell("markdown", "<details>\n\n1. Two, of course.\n\n**Misunderstandings**\n\n- \"Three.\"\n\n</details>",
             "answer"),
    ])


@pytest.fixture
def executed(notebook):
    done = nbformat.from_dict(notebook)
    for cell in done.cells:
        if cell.cell_type == "code":
            cell.execution_count = 1
            cell.outputs = [new_output("display_data", {"image/png": PNG, "text/plain": "<Figure>"})]
    return done


def test_a_student_gets_dots_for_what_the_check_asks_for_and_no_more(notebook, executed):
    page = lesson.student(notebook, executed)
    assert tagged(page, "solution")[0].source == "# A number.\nanswer = ..."
    text = json.dumps(page)
    for secret in ("helper", "4711", "Two, of course", "Misunderstandings"):
        assert secret not in text, secret
    assert "How many?" in text
    assert all(not cell.outputs for cell in page.cells if cell.cell_type == "code")
    nbformat.validate(page)


def test_a_student_sees_the_picture_of_the_solution_and_no_other(notebook, executed):
    page = lesson.student(notebook, executed)
    shown = [cell for cell in page.cells if cell.get("attachments")]
    assert [cell.attachments["0.png"]["image/png"] for cell in shown] == [PNG]
    assert "What you should see" in shown[0].source
    assert not [cell for cell in lesson.student(notebook).cells if cell.get("attachments")]


def test_a_teacher_gets_what_to_expect_after_each_prompt(executed):
    page = lesson.teacher(executed)
    sources = [cell.source for cell in page.cells]
    prompt = next(number for number, source in enumerate(sources) if lesson.PREDICT in source)
    assert "expect" in sources[prompt + 1] and "Two, of course." in sources[prompt + 1]
    assert "- \"Three.\"" in sources[-1]
    assert "answer = helper + 2" in "".join(sources)
    nbformat.validate(page)


def test_a_prompt_without_an_answer_is_found(executed):
    executed.cells[2].source += "\n\n**Predict:** and how many now?"
    with pytest.raises(ValueError, match="2 Predict prompts, and what to expect of 1"):
        lesson.teacher(executed)


def test_a_solution_needs_a_check_that_asks_for_something(notebook):
    with pytest.raises(ValueError, match="asks for nothing"):
        lesson.stub("helper = 1", "check.number(answer, table)")
    del notebook.cells[6]
    with pytest.raises(ValueError, match="no check follows"):
        lesson.student(notebook)


def test_parameters_and_links_fit_where_the_notebook_goes(notebook):
    page = lesson.with_links(lesson.with_parameters(notebook, {"OVERRIDES": {"seed": 7}}), ["GLOSSARY.md"])
    assert page.cells[0].source.endswith("Contents, [all](GLOSSARY.md#a)")
    assert page.cells[1].source == "PROFILE = \"mini\"\nOVERRIDES = {'seed': 7}"
    assert "OVERRIDES = {}" in notebook.cells[1].source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_every_notebook_is_a_lesson(path):
    notebook = read(path)
    levels = [cell.source.splitlines()[0].partition(" · ")[2] for cell in tagged(notebook, "exercise")]
    assert {"read", "change", "build"} <= set(levels)
    assert len(tagged(notebook, "hint")) == len(tagged(notebook, "solution")) == len(levels)
    assert lesson.expected(notebook)
    assert all("<details>" in cell.source for tag in ("hint", "answer") for cell in tagged(notebook, tag))
    assert len(tagged(notebook, "slide")) >= 4
    assert "questions.ask" in "".join(cell.source for cell in notebook.cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_solution_is_left_in_what_students_get(path):
    notebook = read(path)
    page = lesson.student(notebook)
    for solution, stub in zip(tagged(notebook, "solution"), tagged(page, "solution"), strict=True):
        ast.parse(stub.source)
        assert stub.source.rstrip().endswith("= ...")
        for line in solution.source.splitlines():
            assert line.startswith("#") or "=" not in line or line not in stub.source
    assert not tagged(page, "answer")


def names(source, context):
    """The names that a cell reads (`ast.Load`) or sets (`ast.Store`), imports and functions among these."""
    tree = ast.parse(source)
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, context)}
    if context is ast.Store:
        found |= {name.asname or name.name.partition(".")[0] for node in ast.walk(tree)
                  if isinstance(node, ast.Import | ast.ImportFrom) for name in node.names}
        found |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
        found |= {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    return found


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_what_students_get_needs_nothing_that_only_a_solution_sets(path):
    """Neither a cell nor the text of a task; and a check can be run before there is an answer."""
    notebook = read(path)
    hidden = {name for cell in tagged(notebook, "solution") for name in names(cell.source, ast.Store)}
    there, open_answers = set(dir(builtins)), set()
    for cell in lesson.student(notebook).cells:
        kinds = lesson.tags(cell)
        if cell.cell_type == "code":
            unknown = names(cell.source, ast.Load) - names(cell.source, ast.Store) - there
            assert not unknown, (unknown, cell.source)
            there |= names(cell.source, ast.Store)
            open_answers |= names(cell.source, ast.Store) if "solution" in kinds else set()
            opened = {node.value.id for node in ast.walk(ast.parse(cell.source))
                      if isinstance(node, ast.Starred) and isinstance(node.value, ast.Name)}
            assert not opened & open_answers, cell.source
    for cell in tagged(notebook, "exercise"):
        unknown = set(re.findall(r"`([a-z_]\w*)`", cell.source)) & hidden - there
        assert not unknown, (unknown, cell.source)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_each_notebook_has_questions_that_hide_their_answers(path):
    number = path.name[:2]
    asked = questions.of(number)
    assert 2 <= len(asked) <= 4
    page = questions.ask(number).data
    for question in asked:
        assert len(question["wrong"]) >= 2
        texts = [question["right"][0], *(text for text, _ in question["wrong"])]
        assert len(set(texts)) == len(texts)
    assert page.count("✅") == len(asked)
    # Neither scripts nor anything from elsewhere, and the reasons are folded.
    assert "<script" not in page and "http" not in page and "<details open" not in page


def test_the_right_choice_is_not_always_at_the_same_place():
    places = set()
    for path in NOTEBOOKS:
        for part in questions.ask(path.name[:2]).data.split("<p><b>")[1:]:
            places.add(part.split("<details").index(next(fold for fold in part.split("<details") if "✅" in fold)))
    assert places == {1, 2, 3}


def test_questions_of_no_notebook_are_told_so():
    with pytest.raises(ValueError, match="no questions for a notebook 77"):
        questions.ask("77")


def test_slides_show_figures_and_prompts_and_leave_prose_to_the_speaker(executed):
    deck = slides.deck(executed)
    kinds = [cell.metadata.slideshow.slide_type for cell in deck.cells]
    assert kinds == ["slide", "notes", "slide", "notes", "slide"]
    assert deck.cells[2].source == "## 1. One\n\n**Predict:** how many?"
    assert deck.cells[3].source == "A sentence for the speaker."
    assert deck.cells[4].source == "" and deck.cells[4].outputs


def test_a_slide_has_one_figure_and_the_sentence_below_its_own_heading(executed):
    executed.cells[2].source = "That was the figure before.\n\n## 2. Two\n\nThis is about two. And more."
    executed.cells[3].outputs *= 2
    deck = slides.deck(executed)
    assert [cell.metadata.slideshow.slide_type for cell in deck.cells[2:]] == ["slide", "notes", "slide", "subslide"]
    assert deck.cells[2].source == "## 2. Two\n\nThis is about two."
    assert deck.cells[3].source == "That was the figure before.\n\nThis is about two. And more."
    assert [len(cell.outputs) for cell in deck.cells[4:]] == [1, 1]


def test_slides_load_nothing_from_elsewhere(executed, tmp_path):
    """Not even for a notebook with widgets, of which only the picture beside them is shown."""
    view = {"version_major": 2, "version_minor": 0, "model_id": "a" * 32}
    widget = {"application/vnd.jupyter.widget-view+json": view, "text/plain": "Explorer()"}
    executed.cells[3].outputs.append(new_output("display_data", widget))
    executed.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {
        "state": {}, "version_major": 2, "version_minor": 0,
    }}
    slides.write(executed, tmp_path / "99.html", title="99")
    page = (tmp_path / "99.html").read_text(encoding="utf-8")
    assert PNG in page and "Explorer()" not in page and "widget-view" not in page
    loaded = [part.split('"')[0] for start in ('src="', 'href="') for part in page.split(start)[1:]]
    assert loaded
    for target in loaded:
        assert target.startswith(("data:", "#")) or (tmp_path / target).is_file(), target
    assert "import(" not in page and "@import" not in (tmp_path / "reveal/dist/theme/white.css").read_text()
