"""The words that notebooks define, each in a box (a cell tagged `words`) where it is first needed, and the glossary.

    python -m dfdc_utils.classroom.glossary      writes notebooks/GLOSSARY.md anew
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import nbformat

from dfdc_utils import study
from dfdc_utils.classroom.lesson import tags

PAGE = "GLOSSARY.md"
_ENTRY = re.compile(r"^- \*\*(?P<term>[^*]+)\*\*: (?P<meaning>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Word:
    """A word and what it means, in plain English."""

    term: str
    meaning: str
    notebook: str
    """The file name of the notebook that defines it."""


def words(notebooks: Iterable[Path]) -> list[Word]:
    """The words of all boxes, in the order of the notebooks. Raises ValueError for one that is defined twice."""
    found: dict[str, Word] = {}
    for path in notebooks:
        for cell in nbformat.read(path, as_version=4).cells:
            for entry in _ENTRY.finditer(cell.source) if "words" in tags(cell) else ():
                word = Word(entry["term"], entry["meaning"], path.name)
                if word.term in found:
                    raise ValueError(f"{word.term} is defined in {found[word.term].notebook} and in {path.name}.")
                found[word.term] = word
    return list(found.values())


def page(notebooks: Iterable[Path]) -> str:
    """The glossary: all words by the alphabet, each with a link to the notebook that defines it."""
    lines = [
        f"- **{word.term}**: {word.meaning} ([{word.notebook[:2]}]({word.notebook}))"
        for word in sorted(words(notebooks), key=lambda word: word.term.lower())
    ]
    return "\n".join([
        "# Glossary", "", "The words of the notebooks. The number leads to the notebook that first needs a word.", "",
        *lines, "",
    ])


if __name__ == "__main__":
    paths = study.find()
    (paths[0].parent / PAGE).write_text(page(paths), encoding="utf-8")
