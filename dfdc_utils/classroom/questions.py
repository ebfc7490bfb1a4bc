"""Questions with which a reader checks himself: each choice unfolds and says whether, and why, it is right.

They need neither a network nor scripts, so they work wherever a notebook does. Their texts are in `questions.toml`.
"""

import functools
import html
import tomllib
from pathlib import Path

import numpy as np
from IPython.display import HTML

_FILE = Path(__file__).with_name("questions.toml")


def ask(notebook: str) -> HTML:
    """The questions of the notebook with this number ("03"). Raises ValueError where there are none."""
    parts = []
    for number, question in enumerate(of(notebook), start=1):
        choices = [("✅ Right.", question["right"]), *(("❌ No.", choice) for choice in question["wrong"])]
        # The order says nothing, and is the same each time.
        order = np.random.default_rng([int(notebook), number]).permutation(len(choices))
        folds = "".join(
            f'<details style="margin: 0.2em 1em"><summary style="cursor: pointer">{html.escape(text)}</summary>'
            f'<div style="margin: 0.2em 1.2em">{sign} {html.escape(why)}</div></details>'
            for sign, (text, why) in (choices[place] for place in order)
        )
        parts.append(f"<p><b>{number}. {html.escape(question['ask'])}</b></p>{folds}")
    return HTML(f'<div style="max-width: 50em">{"".join(parts)}</div>')


def of(notebook: str) -> list[dict]:
    """The questions of a notebook: `ask`, `right` (text, why) and `wrong` (a list of these). Raises as `ask` does."""
    every = _all()
    if notebook not in every:
        raise ValueError(f"There are no questions for a notebook {notebook}. There are for {', '.join(every)}.")
    return every[notebook]


@functools.cache
def _all() -> dict[str, list[dict]]:
    return tomllib.loads(_FILE.read_text(encoding="utf-8"))
