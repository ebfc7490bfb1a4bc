"""The one JavaScript module and its style, put together from the files of `js/`: there is no build step.

The same text is a widget's module in a notebook and, under another last line, a script in the report's pages, since
browsers load no modules from a disk.
"""

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent / "js"
_PARTS = (
    "elements", "channel", "files", "pager", "player", "overlays", "charts", "browse", "clip", "threshold", "faces",
    "game", "views",
)
"""In the order in which they stand in the module: each uses only those before it."""


def _text() -> str:
    return "\n".join((_FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in _PARTS)


def module() -> str:
    """As anywidget wants it: a module whose default export renders a widget."""
    return f"{_text()}\nexport default {{ render }};\n"


def script() -> str:
    """As a page that was opened from disk loads it: it leaves the function `dfdcExplore` behind."""
    return f"const dfdcExplore = (() => {{\n{_text()}\nreturn openFromFiles;\n}})();\n"


def style() -> str:
    """Of the views."""
    return (_FOLDER / "explore.css").read_text(encoding="utf-8")


def page_style() -> str:
    """Of the views, and of the pages of a report around them."""
    return style() + (_FOLDER / "page.css").read_text(encoding="utf-8")
