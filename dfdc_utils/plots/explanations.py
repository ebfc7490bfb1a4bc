"""Figures of notebook 08: what the networks look at."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfdc_utils.plots.style import FAKE, GREY, REAL, WIDTH, draw, drawn, heading, legend, model_style, panels, picture

_COLUMNS = 8
_MARK = {"linestyle": "", "markeredgecolor": "black"}
_MEANS = {
    "share": ("mean", _MARK | {"marker": "s", "markersize": 9, "color": "black"}),
    "elsewhere": ("mean in other clips' places", _MARK | {"marker": "X", "markersize": 9, "color": "white"}),
    "area": ("area: chance", _MARK | {"marker": "D", "markersize": 6, "color": "white"}),
}
"""Columns of `altered.heat_shares`, and how their means are called and drawn."""


@drawn
def kernels(pictures: dict[str, np.ndarray], *, title: str = "", most: int = 64) -> Figure:
    """First-layer kernels as pictures; grey is a weight of zero.

    Args:
        pictures: of `kernels.first_kernels`, by layer.
        title: of the figure.
        most: at most so many are shown.
    """
    shown = [(name, kernel) for name, kernels in pictures.items() for kernel in kernels][:most]
    columns = min(max(_COLUMNS, -(-len(shown) // 4)), len(shown))
    # A few kernels need not fill the page.
    width = min(WIDTH, 0.9 * columns)
    figure, axes = panels(len(shown), columns=columns, height=width / columns, width=max(width, 4.5))
    for ax, (_, kernel) in zip(axes, shown, strict=True):
        picture(ax, kernel)
    heading(figure, title)
    return figure


@drawn
def maximised(result, *, title: str = "") -> Figure:
    """Pictures that excite channels, those that speak for REAL above those that speak for FAKE.

    `result`: of `activation_maximisation.maximised`; the number over each is the channel's weight.
    """
    signs = (result.weights < 0, "towards REAL", REAL), (result.weights > 0, "towards FAKE", FAKE)
    groups = [(np.flatnonzero(chosen), name, colour) for chosen, name, colour in signs if chosen.any()]
    lines = [-(-len(places) // _COLUMNS) for places, _, _ in groups]
    size = WIDTH / _COLUMNS
    figure = plt.figure(figsize=(WIDTH, sum(lines) * (size + 0.25) + 0.4 * len(groups) + 0.4))
    parts = figure.subfigures(len(groups), 1, squeeze=False, height_ratios=lines)[:, 0]
    for part, (places, name, colour), rows in zip(parts, groups, lines, strict=True):
        part.suptitle(name, x=0.01, ha="left", color=colour, fontsize=11.5)
        axes = part.subplots(rows, _COLUMNS, squeeze=False).flat
        for ax in axes:
            ax.set_axis_off()
        for ax, place in zip(part.axes[:len(places)], places, strict=True):
            ax.set_axis_on()
            picture(ax, result.pictures[place])
            channel, weight = result.weights.index[place], result.weights.iloc[place]
            ax.set_title(f"{channel}: {weight:+.2g}", fontsize=9, loc="center")
    heading(figure, title)
    return figure


@drawn
def mean_activations(results: dict) -> Figure:
    """Where a layer is active, over the mean face: on real faces, on fakes, and the difference; a row a
    model.

    `results`: of `mean_activations.mean_activations`, by the model's title.
    """
    size = 1.85
    figure, axes = plt.subplots(len(results), 4, figsize=(WIDTH, len(results) * size + 0.7), squeeze=False)
    for row, (name, result) in zip(axes, results.items(), strict=True):
        both = np.stack([result.real, result.fake])
        low, high = both.min(), both.max()
        picture(row[0], result.real_face)
        _name_row(row[0], name)
        _over(row[1], result.real_face, result.real, "viridis", low, high)
        _over(row[2], result.fake_face, result.fake, "viridis", low, high)
        # The same distance from zero on both sides, in colours that are neither label's alone.
        reach = max(np.abs(result.difference).max(), 1e-12)
        image = _over(row[3], result.fake_face, result.difference, "PuOr_r", -reach, reach)
        figure.colorbar(image, ax=row[3], shrink=0.8, format="%.1g", ticks=[-reach, 0, reach])
    texts = ("mean real face", "on real faces", "on fake faces", "fake − real")
    for ax, text, colour in zip(axes[0], texts, ("black", REAL, FAKE, "black"), strict=True):
        ax.set_title(text, color=colour, loc="center")
    return figure


@drawn
def feature_maps(face: np.ndarray, parts: list, *, title: str = "") -> Figure:
    """One face and what layers make of it, a row a layer; each map has its own scale, bright where it is high.

    `parts`: of `feature_maps.at_depths`.
    """
    columns = 1 + max(len(part.maps) for part in parts)
    size = WIDTH / columns
    figure, axes = plt.subplots(
        len(parts), columns, figsize=(WIDTH, len(parts) * (size + 0.3) + 0.4), squeeze=False
    )
    for ax in axes.flat:
        ax.set_axis_off()
    for row, part in zip(axes, parts, strict=True):
        picture(row[0], face)
        # Wider than the face, it must not push the maps aside.
        row[0].set_title(f"{part.layer}, {part.maps.shape[1]} × {part.maps.shape[2]}").set_in_layout(False)
        for ax, values in zip(row[1:1 + len(part.maps)], part.maps, strict=True):
            picture(ax, values, cmap="viridis")
    heading(figure, title)
    return figure


@drawn
def heat_maps(results: dict, outlines: np.ndarray | None = None, *, title: str = "", most: int = 6) -> Figure:
    """Which places of faces speak for FAKE (orange) and for REAL (violet), a row a model.

    Args:
        results: by the model's title, faces (n, side, side, 3) and their maps (n, height, width); of windows,
            which have one more axis, the middle frame is shown. Each map has its own scale.
        outlines: bool, places of the first model's faces to draw a line around; as its faces, without colours.
        title: of the figure.
        most: at most so many faces of each model.
    """
    if outlines is not None and outlines.ndim == 4:
        outlines = _middle_frames(outlines)
    count = min(most, max(len(faces) for faces, _ in results.values()))
    # Few faces are not blown up: each has a row of its own for every model.
    size = WIDTH / (max(count, 5) + 0.5)
    figure, axes = plt.subplots(
        len(results), count, figsize=(max((count + 0.5) * size, WIDTH / 2), len(results) * size + 0.5), squeeze=False
    )
    for number, (row, (name, (faces, maps))) in enumerate(zip(axes, results.items(), strict=True)):
        if faces.ndim == 5:
            faces, maps = _middle_frames(faces), _middle_frames(maps)
        for place, ax in enumerate(row):
            ax.set_axis_off()
            if place < len(faces):
                ax.set_axis_on()
                _signed(ax, faces[place], maps[place])
                if number == 0 and outlines is not None and outlines[place].any():
                    ax.contour(outlines[place], levels=[0.5], colors="black", linewidths=1.5)
        _name_row(row[0], name)
    heading(figure, title)
    return figure


def _name_row(ax, name: str) -> None:
    """Long titles, as that of a narrow ResNet50 with its head, take some lines beside a picture."""
    ax.set_ylabel(name.replace(" (", "\n(").replace(" + ", "\n+ "), fontsize=9)


@drawn
def sanity(correlations: pd.DataFrame) -> Figure:
    """How like the maps of randomised networks are to those of the trained ones: a line a model.

    `correlations`: of `sanity.cascade`, one column a model's title.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.4))
    for name, style in model_style(correlations).items():
        axes.plot(100 * correlations.index, correlations[name], marker="o", label=name, **style)
    axes.axhline(0, color=GREY, linewidth=1)
    axes.set(xlabel="Layers randomised, from the output on (%)", ylabel="Rank correlation", ylim=(-1, 1.05))
    figure.legend(loc="outside right center")
    heading(figure, "Are the maps those of the trained network?")
    return figure


@drawn
def heat_shares(shares: pd.DataFrame) -> Figure:
    """How much of the heat lies where the fake was altered: dots are clips; and what it is on average.

    `shares`: of `altered.heat_shares`, of several models and methods, which the columns title and method name.
    """
    methods = list(dict.fromkeys(shares["method"]))
    titles = list(dict.fromkeys(shares["title"]))
    colours = {title: style["color"] for title, style in model_style(titles).items()}
    figure, axes = plt.subplots(1, len(methods), figsize=(WIDTH, 3.4), sharey=True, squeeze=False)
    for ax, method in zip(axes[0], methods, strict=True):
        rows = shares[shares["method"] == method].reset_index(drop=True)
        rows = rows.assign(**{column: 100 * rows[column] for column in _MEANS})
        plot = so.Plot(rows, x="share", y="title", color="title").scale(color=colours, y=so.Nominal(order=titles))
        draw(plot.add(so.Dot(pointsize=6, edgewidth=0, alpha=0.45), legend=False), ax)
        means = rows.groupby("title")[list(_MEANS)].mean().reindex(titles)
        for column, (_, look) in _MEANS.items():
            ax.plot(means[column], range(len(titles)), **look)
        ax.tick_params(labelleft=ax is axes[0, 0])
        ax.set(xlim=(-3, 103), ylim=(len(titles) - 0.4, -0.6), title=method, xlabel="Heat in the altered place (%)")
    legend(figure, dict(_MEANS.values()))
    return figure


@drawn
def over_time(result, *, title: str = "") -> Figure:
    """The faces of one clip, P(fake) of each, where it comes from, and, in a sequence, how much each counts.

    `result`: of `over_time.over_time`.
    """
    count = len(result.faces)
    size = (WIDTH - 1) / count
    bars = {"influence on\nthe logit": result.influence, "weight": result.weights}
    bars = {name: values for name, values in bars.items() if values is not None}
    heights = [size, 1.4, size, *[1.1] * len(bars)]
    figure, axes = plt.subplots(
        len(heights), 1, sharex=True, figsize=(WIDTH, sum(heights) + 0.9), height_ratios=heights
    )
    for row, maps in ((axes[0], None), (axes[2], result.heat)):
        for place, face in enumerate(result.faces):
            box = (place - 0.48, place + 0.48, 0, 1)
            if maps is None:
                row.imshow(face, extent=box, aspect="auto")
            else:
                _signed(row, face, maps[place], extent=box, reach=np.abs(maps).max(), aspect="auto")
        row.set(xlim=(-0.5, count - 0.5), ylim=(0, 1), yticks=[])
        row.grid(False)
        row.tick_params(bottom=False)
        row.spines[:].set_visible(False)
    axes[2].set_ylabel("heat", rotation=0, ha="right", va="center")
    places = np.arange(count)
    axes[1].plot(places, result.p_fake, marker="o", color="black")
    axes[1].axhline(0.5, color=GREY, linewidth=1, linestyle="--")
    axes[1].set(ylim=(-0.05, 1.05), ylabel="P(fake)")
    for ax, (name, values) in zip(axes[3:], bars.items(), strict=True):
        # A weight speaks for neither label.
        ax.bar(places, values, width=0.6, color=GREY if name == "weight" else np.where(values > 0, FAKE, REAL))
        ax.axhline(0, color=GREY, linewidth=1)
        ax.set_ylabel(name)
    axes[-1].set_xticks(places, [f"{second:.1f}" for second in result.seconds])
    axes[-1].set_xlabel("Time (s)")
    heading(figure, title)
    return figure


def _middle_frames(windows: np.ndarray) -> np.ndarray:
    return windows[:, windows.shape[1] // 2]


def _signed(axes: Axes, face: np.ndarray, values: np.ndarray, *, reach: float | None = None, **place) -> None:
    """Values about zero over the face: orange above, violet below, colours that are neither label's alone."""
    reach = max(np.abs(values).max() if reach is None else reach, 1e-12)
    _over(axes, face, values, "PuOr_r", -reach, reach, **place)


def _over(axes: Axes, face: np.ndarray, values: np.ndarray, colours: str, low: float, high: float, **place):
    """`values`, smoothly enlarged, over the face in grey. `place`: `extent` and `aspect` of both pictures."""
    side = face.shape[0]
    place.setdefault("extent", (-0.5, side - 0.5, side - 0.5, -0.5))
    picture(axes, face.mean(axis=2), cmap="gray", vmin=0, vmax=255, **place)
    return axes.imshow(
        values, cmap=colours, vmin=low, vmax=high, alpha=0.6, interpolation="bilinear", **place
    )
