"""Figures of notebooks 12 and 14: how a fake is made, what detectors say of it, and how an original is found again."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dfdc_utils.plots.style import (
    GREY,
    WIDTH,
    drawn,
    heading,
    intervals,
    legend,
    model_legend,
    panels,
    picture,
)

# Without the two that mean REAL and FAKE in every figure.
_COLOURS = ("#000000", "#CC79A7", "#56B4E9", "#009E73", "#E69F00", "#A6761D")


@drawn
def steps(pictures: dict[str, np.ndarray], *, title: str = "", columns: int = 6) -> Figure:
    """Pictures, RGB uint8 or grey from 0 to 1, beside one another, each under its name."""
    shape = max(each.shape[0] / each.shape[1] for each in pictures.values())
    columns = min(columns, len(pictures))
    figure, axes = panels(len(pictures), columns=columns, height=WIDTH / columns * shape + 0.3)
    for ax, (name, shown) in zip(axes, pictures.items(), strict=True):
        picture(ax, shown, cmap="gray" if shown.ndim == 2 else None)
        ax.set_title(name, fontsize=10)
    heading(figure, title)
    return figure


@drawn
def learned_swaps(found: pd.DataFrame) -> Figure:
    """How well each network tells each kind of forgery from originals, with 95 % intervals.

    `found`: of `learned_swaps.aucs`.
    """
    found = found.assign(kind=found["kind"].str.replace("_", " "))
    found["kind"] = found["kind"].where(found["against"] == "original", found["kind"] + "\nagainst " + found["against"])
    kinds = found["kind"] + " (" + found["fakes"].astype(str) + ")"
    tables = {title: rows for title, rows in found.assign(kind=kinds).groupby("title", sort=False)}
    height = 0.13 * kinds.nunique() * max(len(tables), 3) + 1.6
    figure, ax = plt.subplots(figsize=(WIDTH, height))
    ax.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    intervals(ax, tables, "kind", "auc", "low", "high")
    ax.set(xlabel="AUC against originals, where not said otherwise (dotted: a coin)", xlim=(-0.03, 1.03))
    model_legend(figure, tables)
    heading(figure, "Learned swaps beside the set's own forgeries (their number in brackets)")
    return figure


@drawn
def retrieval(tables: dict[str, pd.DataFrame], *, title: str) -> Figure:
    """Precision and recall of a search by perceptual hashes, by how far a hash may be away.

    `tables`: by what happened to the clips, what `lookalikes.retrieval` gives.
    """
    figure, axes = panels(2, columns=2, height=3.2)
    looks: dict[str, dict] = {
        name: {"color": colour, "linestyle": "-" if number % 2 == 0 else "--"}
        for number, (name, colour) in enumerate(zip(tables, _COLOURS, strict=False))
    }
    for ax, measure in zip(axes, ("precision", "recall"), strict=True):
        for name, rows in tables.items():
            ax.plot(rows["threshold"], rows[measure], **looks[name])
        ax.set(title=measure.capitalize(), xlabel="Largest distance of two hashes (bits of 64)", ylim=(-0.03, 1.03))
    legend(figure, looks)
    heading(figure, title)
    return figure
