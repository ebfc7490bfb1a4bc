"""What students and teachers get of a notebook, by the tags of its cells; nothing is kept twice.

    exercise   a task in words; stays for both
    hint       in words, folded
    solution   code; students get its first comments, and three dots for every name that the check asks for
    check      code that judges the answer; the cell after a solution
    answer     in words, folded, for teachers only: what to expect of each Predict prompt, and misunderstandings
    slide      is shown on the chapter's slides (`slides`)

A solution and its check have the tag `lesson` too: a study leaves them out, the kit and the tests run them.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

PREDICT = "**Predict:**"
LESSON = "lesson"
_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s]+\.(?:ipynb|md))(#[^)\s]*)?\)")
_ITEM = re.compile(r"^\d+\. ", re.MULTILINE)


def tags(cell: NotebookNode) -> list[str]:
    """The tags of a cell."""
    return cell.metadata.get("tags", [])


def student(notebook: NotebookNode, executed: NotebookNode | None = None) -> NotebookNode:
    """The notebook with its exercises open, without outputs.

    Args:
        notebook: as it lies in the checkout.
        executed: the same after it ran: pictures of its solutions become "what you should see".

    Raises ValueError for a solution that no check follows, or whose check asks for nothing that it sets.
    """
    cells = []
    for number, cell in enumerate(notebook.cells):
        kinds = tags(cell)
        if "answer" in kinds:
            continue
        cell = _copy(cell)
        if "solution" in kinds:
            cell.source = stub(cell.source, _check_after(notebook, number))
            cell.metadata.pop("jupyter", None)
            if executed and (shown := _picture(executed.cells[number])):
                cells.append(shown)
        cells.append(cell)
    return _with_cells(notebook, cells)


def teacher(executed: NotebookNode) -> NotebookNode:
    """The notebook as it ran, with what to expect after each Predict prompt, and misunderstandings at its end."""
    cells, last = [], []
    answers = iter(expected(executed))
    for cell in executed.cells:
        if "answer" in tags(cell):
            last.append(new_markdown_cell(_misunderstandings(cell.source)))
            continue
        cell = _copy(cell, outputs=True)
        cell.metadata.pop("jupyter", None)
        cells.append(cell)
        for _ in range(cell.source.count(PREDICT) if cell.cell_type == "markdown" else 0):
            cells.append(new_markdown_cell(f"> **For the teacher: expect.** {next(answers)}"))
    return _with_cells(executed, cells + last)


def expected(notebook: NotebookNode) -> list[str]:
    """What to expect of each Predict prompt, in their order: the numbered list of the cell `answer`.

    Raises ValueError where there are not as many as there are prompts.
    """
    text = "\n".join(cell.source for cell in notebook.cells if "answer" in tags(cell))
    answers = [answer.strip() for answer in _ITEM.split(text.partition("**Misunderstandings**")[0])[1:]]
    prompts = sum(cell.source.count(PREDICT) for cell in notebook.cells if cell.cell_type == "markdown")
    if len(answers) != prompts:
        raise ValueError(f"{prompts} Predict prompts, and what to expect of {len(answers)} (cell tagged answer).")
    return answers


def stub(solution: str, check: str) -> str:
    """A solution without what solves it: its first comments, and dots for what its check asks for.

    Raises ValueError where the check asks for no name that the solution sets.
    """
    lines = solution.splitlines()
    comments = lines[:next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))]
    asked = {node.id for node in ast.walk(ast.parse(check)) if isinstance(node, ast.Name)}
    names = [name for name in dict.fromkeys(_set_names(ast.parse(solution))) if name in asked]
    if not names:
        raise ValueError(f"The check {check!r} asks for nothing that the solution before it sets.")
    return "\n".join([*comments, *(f"{name} = ..." for name in names)])


def with_parameters(notebook: NotebookNode, values: Mapping[str, Any]) -> NotebookNode:
    """The notebook with other values in its cell `parameters`."""
    notebook = nbformat.from_dict(notebook)
    cell = next(cell for cell in notebook.cells if "parameters" in tags(cell))
    for name, value in values.items():
        cell.source = re.sub(rf"^{name} = .*$", f"{name} = {value!r}", cell.source, flags=re.MULTILINE)
    return notebook


def with_links(notebook: NotebookNode, there: Collection[str]) -> NotebookNode:
    """The notebook with links to files beside it as mere words where the file is not `there`."""
    notebook = nbformat.from_dict(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = _LINK.sub(lambda link: link[0] if _leads(link[2], there) else link[1], cell.source)
    return notebook


def _leads(target: str, there: Collection[str]) -> bool:
    return target.startswith("http") or target in there


def _check_after(notebook: NotebookNode, number: int) -> str:
    following = notebook.cells[number + 1:number + 2]
    if not following or "check" not in tags(following[0]):
        raise ValueError(f"Cell {number + 1} is a solution, and no check follows it.")
    return following[0].source


def _set_names(tree: ast.Module) -> Iterator[str]:
    for statement in ast.walk(tree):
        for target in statement.targets if isinstance(statement, ast.Assign) else ():
            yield from (node.id for node in ast.walk(target) if isinstance(node, ast.Name))


def _picture(cell: NotebookNode) -> NotebookNode | None:
    """What the solution drew, as a cell of its own."""
    pictures = [out.data["image/png"] for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]
    if not pictures:
        return None
    shown = new_markdown_cell("What you should see (with other people, if your group has a seed of its own):\n\n" + (
        "\n\n".join(f"![](attachment:{number}.png)" for number in range(len(pictures)))
    ))
    shown["attachments"] = {f"{number}.png": {"image/png": png} for number, png in enumerate(pictures)}
    return shown


def _misunderstandings(text: str) -> str:
    told = text.partition("**Misunderstandings**")[2].replace("</details>", "").strip()
    return f"## For the teacher: common misunderstandings\n\n{told}"


def _copy(cell: NotebookNode, *, outputs: bool = False) -> NotebookNode:
    cell = nbformat.from_dict(cell)
    if cell.cell_type == "code" and not outputs:
        cell.outputs, cell.execution_count = [], None
    cell.metadata.pop("papermill", None)
    cell.metadata.pop("execution", None)
    return cell


def _with_cells(notebook: NotebookNode, cells: list[NotebookNode]) -> NotebookNode:
    kept = {name: notebook.metadata[name] for name in ("kernelspec", "language_info") if name in notebook.metadata}
    copy = nbformat.v4.new_notebook(cells=cells, metadata=kept)
    copy.nbformat_minor = max(notebook.nbformat_minor, 5)
    return copy
