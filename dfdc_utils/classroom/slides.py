"""Slides of a chapter, made of its tagged cells: reveal.js by nbconvert, with nothing loaded from the network.

On a slide stand headings, lists, tables, the Predict prompt and figures. Sentences in between are the speaker's notes
(key S), and code is not shown.
"""

import re
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from dfdc_utils.classroom.lesson import PREDICT, tags, with_links
from dfdc_utils.study.notebook import without_widgets

REVEAL = Path(__file__).parent / "reveal"
"""What a deck needs of reveal.js 4.6.1 (MIT, see the LICENSE beside it), without its web font."""

_SHOWN = re.compile(r"^(#|[-*] |\d+\. |\||```|!\[|\*\*(?!Before this|To go further))")
_NOT_SHOWN = {"text/plain", "application/javascript"}
# The page's own template, without what nbconvert loads from the network.
_TEMPLATE = """{%- extends 'reveal/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block footer_js -%}
<script src="{{ resources.reveal.url_prefix }}/dist/reveal.js"></script>
<script src="{{ resources.reveal.url_prefix }}/plugin/notes/notes.js"></script>
<script>Reveal.initialize({width: 1100, height: 720, slideNumber: true, hash: true, plugins: [RevealNotes]});</script>
{%- endblock footer_js -%}
"""
_LOOK = """<style>
.reveal { font-size: 26px; } .reveal h1 { font-size: 1.8em; } .reveal h2 { font-size: 1.4em; }
.reveal h1, .reveal h2, .reveal h3 { text-transform: none; }
.reveal .jp-RenderedImage img { max-height: 560px; } .reveal .jp-OutputArea table { font-size: 15px; }
.jp-InputPrompt, .jp-OutputPrompt { display: none; }
</style>"""


def write(executed: NotebookNode, path: Path, *, title: str) -> None:
    """Writes the deck of an executed notebook to `path`; reveal.js is put beside it."""
    # Two seconds, for whoever makes a deck.
    from nbconvert.exporters import SlidesExporter

    exporter = SlidesExporter(
        reveal_url_prefix="reveal", reveal_theme="white", exclude_input=True, exclude_input_prompt=True
    )
    exporter.raw_template = _TEMPLATE
    exporter.embed_images = True
    shown = deck(without_widgets(with_links(executed, ())))
    page, _ = exporter.from_notebook_node(shown, {"metadata": {"name": title}})
    path.write_text(page.replace("</head>", f"{_LOOK}</head>", 1), encoding="utf-8")
    if not (path.parent / "reveal").is_dir():
        shutil.copytree(REVEAL, path.parent / "reveal")


def deck(executed: NotebookNode) -> NotebookNode:
    """The notebook of the slides: the tagged cells, each a slide, prose as notes."""
    cells = []
    for cell in executed.cells:
        if "slide" not in tags(cell):
            continue
        if cell.cell_type == "code":
            figures = [output for output in cell.outputs if output.get("data", {}).keys() - _NOT_SHOWN]
            # Each on a slide of its own, or seven networks would run over its edge.
            for number, figure in enumerate(figures):
                kind = "slide" if number == 0 else "subslide"
                cells.append(_slide(nbformat.v4.new_code_cell(outputs=[figure]), kind))
            continue
        shown, said = _parts(cell.source)
        for number, part in enumerate(shown):
            cells.append(_slide(nbformat.v4.new_markdown_cell(part), "slide" if number == 0 else "subslide"))
            if number == 0 and said:
                cells.append(_slide(nbformat.v4.new_markdown_cell(said), "notes"))
    return nbformat.v4.new_notebook(cells=cells, metadata=executed.metadata)


def _parts(text: str) -> tuple[list[str], str]:
    """What is shown of a cell, a slide for each heading, and what is said."""
    shown: list[list[str]] = []
    said: list[str] = []
    before: list[int] = []  # so many paragraphs were said before a slide began
    for paragraph in re.split(r"\n{2,}", re.sub(r"```.*?```", lambda code: re.sub(r"\n{2,}", "\n", code[0]), text,
                                                flags=re.DOTALL)):
        if not _SHOWN.match(paragraph):
            said.append(paragraph)
        elif not shown or paragraph.startswith("#") or (PREDICT in paragraph and len(shown[-1]) > 2):
            shown.append([paragraph])
            before.append(len(said))
        else:
            shown[-1].append(paragraph)
    for slide, start in zip(shown, before, strict=True):
        if len(slide) == 1 and slide[0].startswith("#") and said[start:]:
            # A heading alone says nothing: the first sentence below it does.
            slide.append(re.split(r"(?<=[.!?:])\s", said[start], maxsplit=1)[0])
    return ["\n\n".join(slide) for slide in shown], "\n\n".join(said)


def _slide(cell: NotebookNode, kind: str) -> NotebookNode:
    cell.metadata["slideshow"] = {"slide_type": kind}
    return cell
