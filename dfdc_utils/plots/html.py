"""What a notebook's page can do that a picture cannot: play clips, and filter a table."""

import base64
import uuid
from html import escape
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from IPython.display import HTML


def side_by_side(clips: dict[str, str | Path]) -> HTML:
    """Players, or pictures, beside each other, each under its title.

    The clips become part of the page, which therefore plays them wherever it is opened: DFDC's are 2 to 10 MB.

    Args:
        clips: paths of H.264 or JPEG files by title. Raises FileNotFoundError where one is missing.
    """
    players = []
    for title, path in clips.items():
        content = base64.b64encode(Path(path).read_bytes()).decode()
        if Path(path).suffix.lower() in (".jpg", ".jpeg"):
            shown = f'<img width="100%" src="data:image/jpeg;base64,{content}">'
        else:
            shown = f'<video controls loop muted width="100%" src="data:video/mp4;base64,{content}"></video>'
        players.append(
            f'<figure style="flex: 1; margin: 0">'
            f"<figcaption><b>{escape(title)}</b> {escape(Path(path).name)}</figcaption>{shown}</figure>"
        )
    return HTML(f'<div style="display: flex; gap: 1em; max-width: 60em">{"".join(players)}</div>')


def slider(pictures: list[np.ndarray], *, left: str, right: str, width: int = 24) -> HTML:
    """Pictures, RGB uint8, one at a time, chosen by a slider from `left` to `right`; `width` is in em."""
    name = f"slider-{uuid.uuid4().hex[:8]}"
    data = [cv2.imencode(".png", np.ascontiguousarray(each[..., ::-1]))[1].tobytes() for each in pictures]
    shown = "".join(
        f'<img {"" if number == len(data) // 2 else "hidden"} style="width: {width}em; image-rendering: pixelated" '
        f'src="data:image/png;base64,{base64.b64encode(each).decode()}">'
        for number, each in enumerate(data)
    )
    return HTML(
        f'<div id="{name}">{shown}<br>{escape(left)} <input type="range" min="0" max="{len(data) - 1}" '
        f'value="{len(data) // 2}" aria-label="{escape(left)} to {escape(right)}"> {escape(right)}</div>'
        f"<script>{{{_SLIDE.replace('NAME', name)}}}</script>"
    )


_SLIDE = """
const frame = document.getElementById("NAME"), shown = frame.querySelectorAll("img");
frame.querySelector("input").addEventListener("input", event =>
  shown.forEach((image, number) => image.hidden = number !== Number(event.target.value)));
"""

# Runs in the page. Every word that is typed must occur in a row for it to be shown.
_FILTER = """
const box = document.getElementById("NAME"), rows = box.querySelectorAll("tbody tr");
box.querySelector("input").addEventListener("input", event => {
  const words = event.target.value.toLowerCase().split(/\\s+/);
  rows.forEach(row => row.hidden = !words.every(word => row.textContent.toLowerCase().includes(word)));
});
"""


def filterable(table: pd.DataFrame, *, rows: int = 500) -> HTML:
    """`table` under a field in which to type what a row has to contain ("no_face part_3").

    It stands in a window of its own height. Of a longer table only the first `rows` are part of the page.
    """
    name = f"table-{uuid.uuid4().hex[:8]}"
    shown = table.head(rows).to_html(index=False, border=0, na_rep="", float_format="{:.2f}".format)
    more = f"<p>{len(table) - rows:,} more rows are not shown.</p>" if len(table) > rows else ""
    return HTML(
        f'<div id="{name}"><input type="search" placeholder="show rows that contain ..." size="40">'
        f'<div style="max-height: 22em; overflow: auto">{shown}</div>{more}</div>'
        f"<script>{_FILTER.replace('NAME', name)}</script>"
    )
