"""Figures of notebook 08: what the networks look at."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfdc_utils.plots.style import FAKE, REAL, WIDTH, drawn, heading, panels, picture

_COLUMNS = 8


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
    for ax, (_, kernel) in zip(axes, shown):
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
    parts = np.atleast_1d(figure.subfigures(len(groups), 1, height_ratios=lines))
    for part, (places, name, colour), rows in zip(parts, groups, lines):
        part.suptitle(name, x=0.01, ha="left", color=colour, fontsize=11.5)
        axes = part.subplots(rows, _COLUMNS, squeeze=False).flat
        for ax in axes:
            ax.set_axis_off()
        for ax, place in zip(part.axes, places):
            ax.set_axis_on()
            picture(ax, result.pictures[place])
            channel, weight = result.weights.index[place], result.weights.iloc[place]
            ax.set_title(f"{channel}: {weight:+.2g}", fontsize=10, loc="center")
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
        row[0].set_ylabel(name)
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


def _over(axes: Axes, face: np.ndarray, values: np.ndarray, colours: str, low: float, high: float):
    """`values`, smoothly enlarged, over the face in grey."""
    side = face.shape[0]
    picture(axes, face.mean(axis=2), cmap="gray", vmin=0, vmax=255)
    image = axes.imshow(
        values, cmap=colours, vmin=low, vmax=high, alpha=0.6, extent=(-0.5, side - 0.5, side - 0.5, -0.5),
        interpolation="bilinear",
    )
    return image
