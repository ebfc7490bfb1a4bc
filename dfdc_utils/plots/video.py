"""Clips that play in the notebook."""

import base64
from html import escape
from pathlib import Path

from IPython.display import HTML


def side_by_side(clips: dict[str, str | Path]) -> HTML:
    """Players beside each other, each under its title.

    The clips become part of the page, which therefore plays them wherever it is opened: DFDC's are 2 to 10
        MB.

    Args:
        clips: paths of H.264 files by title. Raises FileNotFoundError where one is missing.
    """
    players = []
    for title, path in clips.items():
        content = base64.b64encode(Path(path).read_bytes()).decode()
        players.append(
            f'<figure style="flex: 1; margin: 0">'
            f"<figcaption><b>{escape(title)}</b> {escape(Path(path).name)}</figcaption>"
            f'<video controls loop muted width="100%" src="data:video/mp4;base64,{content}"></video></figure>'
        )
    return HTML(f'<div style="display: flex; gap: 1em; max-width: 60em">{"".join(players)}</div>')
