"""Figures of notebooks 07 and 09: what scores depend on, from augmentations to the state of the faces.

Tables come by the model's title.
"""

import matplotlib.pyplot as plt
import pandas as pd
import seaborn.objects as so
from matplotlib.figure import Figure

from dfdc_utils.plots.style import (
    DOT,
    GREY,
    WIDTH,
    draw,
    drawn,
    heading,
    intervals,
    legend,
    model_legend,
    model_style,
    panels,
)


@drawn
def tta_ablation(tables: dict[str, pd.DataFrame]) -> Figure:
    """What each augmentation alone, and all together, change, with 95 % intervals.

    `tables`: by the model's title, what `ablation.tta_ablation` gives.
    """
    measures = (("auc", "AUC: more is better"), ("log_loss", "Log loss: less is better"))
    tables = {title: rows.assign(variant=rows["variant"].str.replace("_", " ")) for title, rows in tables.items()}
    variants = len(next(iter(tables.values())))
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 0.13 * variants * max(len(tables), 2) + 1.6), sharey=True)
    for ax, (measure, name) in zip(axes, measures, strict=True):
        ax.axvline(0, color=GREY, linestyle=":", linewidth=1.2)
        intervals(ax, tables, "variant", measure, f"{measure}_low", f"{measure}_high")
        ax.set(title=name, xlabel="with minus without")
        ax.xaxis.get_major_locator().set_params(nbins=5)
        ax.tick_params(labelleft=ax is axes[0])
    model_legend(figure, tables)
    return figure


@drawn
def subgroups(tables: dict[str, pd.DataFrame]) -> Figure:
    """The accuracy of each model on each kind of test video, with 95 % intervals.

    `tables`: by the model's title, what `subgroups.subgroups` gives.
    """
    tables = {
        title: rows.assign(group=rows["group"].astype(str).str.replace("_", " ") + rows["count"].map(" ({})".format))
        for title, rows in tables.items()
    }
    first = next(iter(tables.values()))
    kinds = list(first["by"].unique())
    most = first["by"].value_counts().max()
    figure, axes = panels(len(kinds), columns=2, height=0.12 * most * max(len(tables), 2) + 0.8)
    for ax, kind in zip(axes, kinds, strict=True):
        of_kind = {title: table[table["by"] == kind] for title, table in tables.items()}
        intervals(ax, of_kind, "group", "accuracy", "low", "high")
        ax.set(title=f"By {kind}", xlabel="share called rightly", xlim=(-0.03, 1.03))
    model_legend(figure, tables)
    heading(figure, "Kinds of test videos (their number in brackets), with 95 % intervals")
    return figure


@drawn
def dissection(tables: dict[str, pd.DataFrame]) -> Figure:
    """By how much each trace of a forgery alone moves the P(fake) of a face, with 95 % intervals.

    `tables`: by the model's title, what `dissection.effects` gives.
    """
    first = next(iter(tables.values()))
    figure, ax = plt.subplots(figsize=(WIDTH, 0.14 * len(first) * max(len(tables), 3) + 1.4))
    ax.axvline(0, color=GREY, linestyle=":", linewidth=1.2)
    intervals(ax, tables, "treatment", "change", "low", "high")
    ax.set(
        title=f"The same faces of {int(first['originals'].max())} originals, with one trace at a time",
        xlabel="change of P(fake) against the same faces untouched",
    )
    model_legend(figure, tables)
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
            if f"{measure}_low" in rows:
                band = rows[f"{measure}_low"], rows[f"{measure}_high"]
                ax.fill_between(rows["strength"], *band, color=styles[title]["color"], alpha=0.07, linewidth=0)
        ax.set_xticks(steps["strength"], ["none", *(f"{level:g}" for level in steps["level"][1:])], fontsize=9)
        ax.set(xlabel=steps["unit"].iloc[0], ylim=(min(0.4, lowest - 0.03), 1.03))
        if number % 3 == 0:
            ax.set_ylabel(name)
    legend(figure, styles)
    heading(figure, f"{name} of test videos whose faces got worse")
    return figure


@drawn
def leakage(aucs: pd.DataFrame) -> Figure:
    """The AUC of the same models under a random and an honest split, a dot a draw.

    `aucs`: of `leakage.compare_splits`.
    """
    names, splits = list(aucs["model"].unique()), list(aucs["split"].unique())
    figure, axes = plt.subplots(figsize=(WIDTH, 0.9 * len(names) + 1.3))
    axes.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    # The first hollow, the second filled.
    plot = so.Plot(aucs, x="auc", y="model", fill="split").scale(fill=dict(zip(splits, (False, True), strict=True)))
    dots = so.Dot(color="black", pointsize=6.5, stroke=1.2, alpha=0.7)
    draw(plot.add(dots, so.Dodge(), orient="y", legend=False), axes)
    means = aucs.groupby(["model", "split"])["auc"].mean()
    for (model, split), mean in means.items():
        place = names.index(model) + (-0.2, 0.2)[splits.index(split)]
        axes.annotate(f"{mean:.2f}", (mean, place), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=10)
    axes.set(
        xlabel="AUC of test videos (each dot one draw of the folds; the number is their mean)", xlim=(-0.02, 1.02),
        title="The same models under two splits",
    )
    fills = dict(zip(splits, ("none", "black"), strict=True))
    legend(figure, {split: DOT | {"color": "black", "markerfacecolor": fill} for split, fill in fills.items()})
    return figure
