"""The words of notebooks and pages: short sentences, words that are defined before they are used, no typed results."""

import re

import nbformat
import pytest

from dfdc_utils.classroom import glossary
from dfdc_utils.classroom.lesson import tags
from dfdc_utils.places import project_root

ROOT = project_root()
NOTEBOOKS = sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "notebooks").glob("*.md"))]
LONGEST = 30


def cells(path):
    """The texts of a notebook's cells, or of a page, with their tags."""
    if path.suffix == ".md":
        return [(path.read_text(encoding="utf-8"), [])]
    notebook = nbformat.read(path, as_version=4)
    return [(cell.source, tags(cell)) for cell in notebook.cells if cell.cell_type == "markdown"]


def prose(text):
    """`text` without code, tags and targets of links."""
    text = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    # Indented code, and the links from notebook to notebook.
    text = re.sub(r"(?m)^(    |\t).*$|^.*(\[←|→\]).*$", "", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"`[^`]*`", "Code", re.sub(r"<[^>]+>", " ", text))


def sentences(text):
    """The sentences of some Markdown, those of each paragraph, list item and cell of a table apart."""
    for block in re.split(r"\n\s*\n|\n(?=[-*#>] ?|\d+\. )|\||\n(?=\*\*)|\s(?=\([a-e]\) )", prose(text)):
        block = " ".join(re.sub(r"^[-*#> ]+|\*", "", block.strip()).split())
        yield from re.split(r"(?<=[.!?])[\"”)]*\s+(?=[(\"“]*[A-Z0-9])", block)


def test_sentences_are_told_apart():
    text = "## Title\n\nOne is here. Is (another) there? Yes.\n\n- item one\n- item `a.b. C` two\n\n| a | b. C |"
    assert list(sentences(text)) == [
        "Title", "One is here.", "Is (another) there?", "Yes.", "item one", "item Code two", "", "a", "b.", "C", "",
    ]


@pytest.mark.parametrize("path", [*NOTEBOOKS, *PAGES], ids=lambda path: path.name)
def test_no_sentence_is_long(path):
    long = [
        sentence for text, _ in cells(path) for sentence in sentences(text)
        if sum(bool(re.search(r"\w", word)) for word in sentence.split()) > LONGEST
    ]
    assert not long, "\n".join(long)


def test_the_glossary_is_what_the_boxes_say():
    found = (ROOT / "notebooks" / glossary.PAGE).read_text(encoding="utf-8")
    assert found == glossary.page(NOTEBOOKS), "python -m dfdc_utils.classroom.glossary writes it anew"
    assert len(glossary.words(NOTEBOOKS)) >= 40


@pytest.mark.parametrize("word", glossary.words(NOTEBOOKS), ids=lambda word: word.term)
def test_no_word_is_used_in_a_notebook_before_its_box(word):
    # The first cell says what will be learned, new words among it; the box follows it.
    pattern = re.compile(rf"(?<![\w-]){re.escape(word.term)}(?![\w-])", re.IGNORECASE)
    for path in NOTEBOOKS:
        for text, kinds in cells(path)[1:]:
            if path.name == word.notebook and "words" in kinds:
                return
            # Another box may use it to define a word; teachers know it.
            if not {"words", "answer"} & set(kinds):
                # Tables name what other notebooks are about.
                sentence = next((s for s in sentences(re.sub(r"(?m)^\|.*$", "", text)) if pattern.search(s)), None)
                assert not sentence, f"{path.name}: {sentence}"
    pytest.fail(f"{word.term} has no box")


# A measured number: two or more digits behind the point, or per cent of something.
TYPED = re.compile(r"(?<![\w.,–-])\d*\.\d{2,}(?![\d.])|\b\d+(?:\.\d+)? (?:%|per cent) of\b")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_no_result_is_typed_into_the_prose_of_a_notebook(path):
    """What a run measured is printed by it: a number in a sentence would be that of another run."""
    typed = [
        match[0] for text, kinds in cells(path) for match in TYPED.finditer(prose(text)) if "exercise" not in kinds
    ]
    assert not typed


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_of_a_page_leads_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target
