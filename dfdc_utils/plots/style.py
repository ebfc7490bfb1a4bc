"""The one look of all figures: colours, type, sizes, and how a figure is made and saved.

Everything is drawn to be read at the width of a README: 8 inches at 120 dots, type of 9 points or more.
"""

import functools
import re
from collections.abc import Callable, Iterable

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn.objects as so
from IPython.display import Image
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dfdc_utils.workspace import Workspace, whole

REAL = "#0072B2"
FAKE = "#D55E00"
UNLABELLED = "#9A9A9A"
GREY = "#666666"
LIGHT = "#D9D9D9"
LABELS = {"REAL": REAL, "FAKE": FAKE}
"""Blue and vermilion, which everybody tells apart; they mean nothing else in any figure."""

# What is left of the palette of Okabe and Ito, and two darker ones, one colour a model, the same in every figure.
_MODELS = {
    "Custom CNN": "#E69F00",
    "Meso4": "#56B4E9",
    "MesoInception4": "#009E73",
    "DenseNet121": "#CC79A7",
    "ResNet50 + LSTM": "#000000",
    "ResNet50 + deep LSTM": "#7570B3",
    "ResNet50 + AFW": "#A6761D",
}
_OTHERS = ("#666666", "#66A61E", "#882255")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 1)), (0, (1, 1)))

WIDTH = 8.0
"""Inches."""
DOT: dict = {"marker": "o", "linestyle": "", "markersize": 6}
"""A dot in a legend, as keywords of `Line2D`."""

_LOOK: dict = {
    "figure.dpi": 120,
    "savefig.dpi": 120,
    "figure.facecolor": "white",
    "figure.titlesize": 13,
    "figure.titleweight": "bold",
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
    "axes.labelcolor": "#333333",
    "axes.edgecolor": GREY,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.8,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.fontsize": 10,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "image.interpolation": "nearest",
}


def use() -> None:
    """Gives whatever is drawn from here on the look; the figures of this package have it anyway."""
    plt.rcParams.update(_LOOK)


def drawn(function: Callable[..., Figure]) -> Callable[..., Figure]:
    """Makes `function` draw in the look, and takes its figure out of pyplot's hands.

    A notebook shows a figure that is the value of its cell; if pyplot still held it, it would be shown twice.
    """

    @functools.wraps(function)
    def wrapper(*args, **kwargs) -> Figure:
        with plt.rc_context(_LOOK):
            figure = function(*args, **kwargs)
        plt.close(figure)
        return figure

    return wrapper


def save(figure: Figure, workspace: Workspace, name: str) -> Image:
    """Writes `figure` as PNG to `workspace.figure(name)`, whole or not at all, and returns that picture to be shown.

    `name` starts with the notebook's number: "07_roc_curves".
    """
    path = workspace.figure(name)
    with plt.rc_context(_LOOK), whole(path) as temporary:
        # Without its version in the file, the same figure is the same bytes after an upgrade of matplotlib.
        figure.savefig(temporary, metadata={"Software": None})
    # A notebook that is given the figure itself would draw it a second time.
    return Image(path.read_bytes(), format="png", alt=name.replace("_", " "))


def model_style(titles: Iterable[str]) -> dict[str, dict]:
    """Colour and dashes for each model by its title, as keywords of `Axes.plot`."""
    styles, others = {}, 0
    for title in titles:
        # "ResNet50 (⅛ width) + LSTM" looks as at full width.
        known = re.sub(r" \([^)]* width\)", "", title)
        if known in _MODELS:
            colour, number = _MODELS[known], list(_MODELS).index(known)
        else:
            colour, number, others = _OTHERS[others % len(_OTHERS)], others, others + 1
        styles[title] = {"color": colour, "linestyle": _DASHES[number % len(_DASHES)]}
    return styles


def model_legend(figure: Figure, titles: Iterable[str]) -> None:
    """A legend of models as dots."""
    legend(figure, {title: DOT | {"color": style["color"]} for title, style in model_style(titles).items()})


def panels(count: int, *, columns: int, height: float, width: float = WIDTH) -> tuple[Figure, list[Axes]]:
    """A figure with `count` axes in rows of at most `columns`, each `height` inches high."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure, grid = plt.subplots(rows, columns, figsize=(width, rows * height), squeeze=False)
    axes = list(grid.flat)
    for empty in axes[count:]:
        empty.set_visible(False)
    return figure, axes[:count]


def picture(axes: Axes, image: np.ndarray, *, frame: str | None = None, **keywords) -> None:
    """Shows `image` without ticks; `frame` is the colour of a frame around it."""
    axes.imshow(image, **keywords)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(frame is not None)
        spine.set(color=frame or "none", linewidth=3)


def heading(figure: Figure, text: str) -> None:
    """The figure's title, where reading begins."""
    figure.suptitle(text, x=0.01, ha="left")


def legend(
    figure: Figure, entries: dict[str, dict], *, place: str = "lower center", columns: int | None = None, **words
) -> None:
    """A legend beside the axes, where it hides nothing.

    Args:
        entries: by its text, how each line or mark looks, as keywords of `Line2D`.
        place: where in the figure, as `Figure.legend` calls it after "outside".
        columns: by default three, or two where three would leave one over.
        words: more keywords of `Figure.legend`.
    """
    handles = [Line2D([], [], label=text, **look) for text, look in entries.items()]
    columns = columns or (2 if len(handles) == 4 else 3)
    figure.legend(handles=handles, ncols=columns, **words | {"loc": f"outside {place}"})


def diagonal(axes: Axes) -> None:
    """Where a coin's ROC curve lies, and a perfect calibration."""
    axes.plot([0, 1], [0, 1], color=LIGHT, linestyle="--", linewidth=1.5, zorder=0)


def count_axis(axes: Axes) -> None:
    """Counts up the y axis, logarithmic from 1 on, so that one can be seen beside thousands."""
    axes.set_yscale("symlog", linthresh=1)
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.set_ylim(bottom=0)


def draw(plot: so.Plot, axes: Axes) -> None:
    """Draws `plot`, whose y axis has categories, on `axes`."""
    # Unless told, seaborn before 0.13 gives the figure another layout.
    plot.layout(engine="constrained").on(axes).plot()
    axes.set_ylabel("")
    axes.grid(axis="y", visible=False)


def intervals(axes: Axes, tables: dict[str, pd.DataFrame], names: str, value: str, low: str, high: str) -> None:
    """A dot and its interval for each row of each model, the models of one name beside one another.

    Args:
        tables: by the model's title; columns `value`, `low`, `high`, and `names`, what stands on the y axis.
    """
    rows = stacked(tables, "title").astype({value: float, low: float, high: float})
    colours = {title: style["color"] for title, style in model_style(tables).items()}
    beside = so.Dodge(empty="drop")
    plot = so.Plot(rows, x=value, y=names, color="title").scale(color=colours)
    plot = plot.add(so.Range(linewidth=2, alpha=0.45), beside, orient="y", legend=False, xmin=low, xmax=high)
    draw(plot.add(so.Dot(pointsize=5), beside, orient="y", legend=False), axes)


def bar_labels(axes: Axes, labels: list[str]) -> None:
    """`labels` at the ends of horizontal bars, with room for them."""
    # Matplotlib does not say that these are bars.
    axes.bar_label(axes.containers[0], labels, padding=4, fontsize=10)  # type: ignore[arg-type]
    axes.margins(x=0.25)
    axes.grid(axis="y", visible=False)


def stacked(tables: dict[str, pd.DataFrame], column: str) -> pd.DataFrame:
    """One table of several; `column` says from which each row is."""
    return pd.concat([rows.assign(**{column: name}) for name, rows in tables.items()], ignore_index=True)
