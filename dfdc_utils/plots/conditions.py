"""Figures of notebooks 07 and 09: what scores depend on, from augmentations to the state of the faces.

Tables come by the model's title.
"""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dfdc_utils.plots.style import GREY, WIDTH, drawn, heading, model_style, panels


@drawn
def tta_ablation(tables: dict[str, pd.DataFrame]) -> Figure:
    """What each augmentation alone, and all together, change, with 95 % intervals.

    `tables`: by the model's title, what `ablation.tta_ablation` gives.
    """
    measures = (("auc", "AUC: more is better"), ("log_loss", "Log loss: less is better"))
    variants = list(next(iter(tables.values()))["variant"])
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.13 * len(variants) * len(tables) + 1.6), sharey=True)
    for ax, (measure, name) in zip(axes, measures, strict=True):
        ax.axvline(0, color=GREY, linestyle=":", linewidth=1.2)
        for title, rows, place, style in _side_by_side(tables):
            _with_interval(ax, rows[measure], rows[f"{measure}_low"], rows[f"{measure}_high"], place, style, title)
        ax.set(title=name, xlabel="with minus without")
        ax.grid(axis="y", visible=False)
    axes[0].set_yticks(range(len(variants)), [name.replace("_", " ") for name in variants])
    axes[0].invert_yaxis()
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


@drawn
def subgroups(tables: dict[str, pd.DataFrame]) -> Figure:
    """The accuracy of each model on each kind of test video, with 95 % intervals.

    `tables`: by the model's title, what `subgroups.subgroups` gives.
    """
    first = next(iter(tables.values()))
    kinds = list(first["by"].unique())
    most = first["by"].value_counts().max()
    figure, axes = panels(len(kinds), columns=2, height=0.12 * most * len(tables) + 0.6)
    for ax, kind in zip(axes, kinds, strict=True):
        of_kind = {title: table[table["by"] == kind] for title, table in tables.items()}
        for title, rows, place, style in _side_by_side(of_kind):
            _with_interval(ax, rows["accuracy"], rows["low"], rows["high"], place, style, title)
        names = [f"{row.group} ({row.count})" for row in of_kind[next(iter(tables))].itertuples(index=False)]
        ax.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        ax.invert_yaxis()
        ax.set(title=f"By {kind}", xlabel="share called rightly", xlim=(-0.03, 1.03))
        ax.grid(axis="y", visible=False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    heading(figure, "Kinds of test videos (their number in brackets), with 95 % intervals")
    return figure


@drawn
def robustness(curves: dict[str, pd.DataFrame], measure: str, name: str) -> Figure:
    """How `measure` falls with the strength of each corruption, one line a model.

    Args:
        curves: by the model's title, what `robustness.curves` gives.
        measure: one of its columns, whose chance level is 0.5.
        name: of the measure, for people.
    """
    kinds = next(iter(curves.values())).groupby("corruption", sort=False)
    lowest = min(table[measure].min() for table in curves.values())
    figure, axes = panels(len(kinds), columns=3, height=2.5)
    styles = model_style(curves)
    for number, (ax, (corruption, steps)) in enumerate(zip(axes, kinds, strict=True)):
        ax.axhline(0.5, color=GREY, linestyle=":", linewidth=1.2)
        for title, table in curves.items():
            rows = table[table["corruption"] == corruption]
            ax.plot(rows["strength"], rows[measure], marker="o", markersize=3.5, **styles[title])
        ax.set_xticks(steps["strength"], ["none", *(f"{level:g}" for level in steps["level"][1:])], fontsize=9)
        ax.set(xlabel=steps["unit"].iloc[0], ylim=(min(0.4, lowest - 0.03), 1.03))
        if number % 3 == 0:
            ax.set_ylabel(name)
    handles = [plt.Line2D([], [], label=title, **style) for title, style in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    heading(figure, f"{name} of test videos whose faces got worse")
    return figure


@drawn
def leakage(aucs: pd.DataFrame) -> Figure:
    """The AUC of the same models under a random and an honest split, a dot a draw.

    `aucs`: of `leakage.compare_splits`.
    """
    names = list(aucs["model"].unique())
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 * len(names) + 1.3))
    axes.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    offsets, colours = (-0.17, 0.17), ("white", "black")
    for split, offset, colour in zip(aucs["split"].unique(), offsets, colours, strict=True):
        for row, name in enumerate(names):
            values = aucs.loc[(aucs["model"] == name) & (aucs["split"] == split), "auc"]
            axes.scatter(
                values, np.full(len(values), row + offset), s=42, color=colour, edgecolors="black", alpha=0.7,
                label=split if row == 0 else None,
            )
            axes.annotate(
                f"{values.mean():.2f}", (values.mean(), row + offset), xytext=(0, 8), textcoords="offset points",
                ha="center", fontsize=10,
            )
    axes.set_yticks(range(len(names)), names)
    axes.set(
        xlabel="AUC of test videos, a dot a draw of the folds, with the mean", xlim=(-0.02, 1.02),
        title="The same models under two splits",
    )
    axes.margins(y=0.2)
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def _side_by_side(tables: dict[str, pd.DataFrame]) -> Iterator[tuple[str, pd.DataFrame, np.ndarray, dict]]:
    """Title, rows, heights of its marks, and style of each model, whose marks share the lines 0, 1, …"""
    styles = model_style(tables)
    offsets = np.linspace(-0.3, 0.3, len(tables)) if len(tables) > 1 else [0.0]
    for (title, rows), offset in zip(tables.items(), offsets, strict=True):
        yield title, rows, np.arange(len(rows)) + offset, styles[title]


def _with_interval(axes: Axes, values, low, high, place: np.ndarray, style: dict, label: str) -> None:
    axes.hlines(place, low, high, color=style["color"], linewidth=2, alpha=0.45)
    axes.scatter(values, place, s=22, color=style["color"], label=label, zorder=3)
