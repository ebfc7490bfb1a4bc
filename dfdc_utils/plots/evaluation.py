"""Figures of notebooks 07 and 09: how good the scores are.

Where an argument is called `videos`, it holds what `aggregation.every_video` gives, by the model's title.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
import seaborn.objects as so
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay, confusion_matrix, roc_auc_score

from dfdc_utils.plots.faces import face_strips
from dfdc_utils.plots.style import (
    DOT,
    GREY,
    LABELS,
    LIGHT,
    WIDTH,
    diagonal,
    draw,
    drawn,
    intervals,
    legend,
    model_style,
    panels,
    stacked,
)

_THRESHOLD = 0.5
_NONE = "no label given"
_COLOURS = LABELS | {_NONE: GREY}
_ACCURACIES = {"train_accuracy": "train", "test_accuracy": "test", "test_accuracy_tta": "test, TTA"}
_ON_WHITE = {"facecolor": "white", "edgecolor": "none", "pad": 1}


@drawn
def roc_curves(videos: dict[str, pd.DataFrame], *, title: str = "ROC curves, test videos") -> Figure:
    """One curve a model, with its AUC.

    Args:
        videos: by the model's title, columns label ("FAKE", "REAL") and p_fake.
        title: of the figure.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 4.4))
    aucs = {name: roc_auc_score(rows["label"] == "FAKE", rows["p_fake"]) for name, rows in videos.items()}
    styles = model_style(videos)
    best_first = sorted(videos, key=aucs.__getitem__, reverse=True)
    roc(axes, videos, {name: styles[name] for name in best_first})
    axes.set_title(title)
    entries = {f"{aucs[name]:.3f}  {name}": styles[name] for name in best_first}
    legend(figure, entries, place="center right", columns=1, title="AUC", alignment="left")
    return figure


def roc(axes: Axes, videos: dict[str, pd.DataFrame], styles: dict[str, dict]) -> None:
    """The ROC curve of each of `videos` (label, p_fake) in the style of its name, and a coin's."""
    diagonal(axes)
    for name, style in styles.items():
        RocCurveDisplay.from_predictions(videos[name]["label"] == "FAKE", videos[name]["p_fake"], ax=axes)
        axes.lines[-1].set(label=name, **style)
    # The displays write a legend of their own, and make a square, which a long legend pushes off the page.
    axes.get_legend().remove()  # type: ignore[union-attr]
    axes.set(
        xlabel="Reals called fake", ylabel="Fakes called fake", aspect="auto", xlim=(-0.01, 1.01), ylim=(-0.01, 1.01)
    )


@drawn
def pseudo_labels(unlabelled: pd.DataFrame, validation: pd.DataFrame, confidence: float) -> Figure:
    """Which videos are certain enough to be given a label: P(fake) of the unlabelled and of the validation videos.

    Args:
        unlabelled, validation: columns label (of the unlabelled, the one chosen; None where none was), p_fake.
        confidence: beyond which a video is certain, on either side.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2))
    for low, high in ((-0.02, 1 - confidence), (confidence, 1.02)):
        axes.axvspan(low, high, color=LIGHT, linewidth=0, zorder=0)
    names = "unlabelled videos,\nby the label given", "validation videos,\nby their label"
    rows = stacked(dict(zip(names, (unlabelled, validation), strict=True)), "kind")
    _strips(axes, rows.assign(label=rows["label"].fillna(_NONE), filled=rows["label"].notna()), "kind")
    axes.set(
        xlim=(-0.02, 1.02), xlabel="P(fake), calibrated on the validation split",
        title="In the grey zones an answer becomes a label",
    )
    entries = {label: DOT | {"color": colour} for label, colour in _COLOURS.items()}
    entries[_NONE]["markerfacecolor"] = "none"
    legend(figure, entries)
    return figure


def _strips(axes: Axes, rows: pd.DataFrame, names: str, *moves) -> None:
    """A dot a video along P(fake) in the colour of its label, a line for each of `names`.

    `rows`: p_fake, label, the column `names`, and whether a dot is `filled`. `moves`: what seaborn does before it
    spreads the dots. Many videos have fainter dots.
    """
    alpha = float(np.clip(60 * rows[names].nunique() / max(len(rows), 1), 0.04, 0.8))
    plot = so.Plot(rows, x="p_fake", y=names, color="label", fill="filled")
    labels = [*LABELS, *({_NONE} & set(rows["label"]))]
    plot = plot.scale(color=so.Nominal(_COLOURS, order=labels), fill={True: True, False: False})
    dots = so.Dot(pointsize=5.5, edgewidth=0, stroke=1.2, alpha=alpha)
    draw(plot.add(dots, *moves, so.Jitter(0.65, seed=0), orient="y", legend=False), axes)


@drawn
def confusion_matrices(videos: dict[str, pd.DataFrame]) -> Figure:
    """What was called what at 0.5, one matrix a model: counts, shaded by the share of the true label.

    `videos`: by the model's title, columns label and p_fake.
    """
    figure, axes = panels(len(videos), columns=3, height=2.5)
    for number, (ax, (name, rows)) in enumerate(zip(axes, videos.items(), strict=True)):
        counts = confusion_matrix(rows["label"] == "FAKE", rows["p_fake"] >= _THRESHOLD, labels=[False, True])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        # Up to a grey on which black can be read.
        look = {"cmap": "Greys", "colorbar": False, "im_kw": {"vmin": 0, "vmax": 1.8}}
        shown = ConfusionMatrixDisplay(shares, display_labels=list(LABELS)).plot(ax=ax, **look)
        for text, count, share in zip(shown.text_.flat, counts.flat, shares.flat, strict=True):
            text.set(text=f"{count:,}\n{100 * share:.0f} %", color="black", fontsize=11)
        for tick in (*ax.get_xticklabels(), *ax.get_yticklabels()):
            tick.set(color=LABELS[tick.get_text()], fontweight="bold")
        ax.grid(False)
        ax.set(title=name.replace(" + ", "\n+ "), xlabel="called", ylabel="" if number % 3 else "is")
    return figure


@drawn
def tta_effect(metrics: dict[str, dict]) -> Figure:
    """What test-time augmentation changes, at video level on the test split.

    `metrics`: by the model's title, what `metrics.evaluate` returned.
    """
    measures = (("accuracy", "Accuracy"), ("auc", "AUC"), ("log_loss", "Log loss, lower better"))
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 0.42 * len(metrics) + 1.5), sharey=True)
    colours = [style["color"] for style in model_style(metrics).values()]
    rows = range(len(metrics))
    for ax, (measure, name) in zip(axes, measures, strict=True):
        plain, tta = (
            [measured["test"]["video"][variant][measure] for measured in metrics.values()]
            for variant in ("plain", "tta")
        )
        ax.hlines(rows, plain, tta, color=LIGHT, linewidth=3, zorder=1)
        ax.scatter(plain, rows, s=60, facecolors="white", edgecolors=colours, linewidths=2, zorder=2)
        ax.scatter(tta, rows, s=60, color=colours, zorder=3)
        ax.set(title=name)
        ax.margins(x=0.15, y=0.2)
    axes[0].set_yticks(rows, list(metrics))
    axes[0].invert_yaxis()
    faces = {"plain": "white", "with TTA": GREY}
    legend(figure, {name: DOT | {"color": GREY, "markerfacecolor": face} for name, face in faces.items()})
    return figure


@drawn
def score_distributions(videos: dict[str, pd.DataFrame]) -> Figure:
    """P(fake) of every test video, real and fake, one row a model; hollow where it is only the training
    prior.

    `videos`: by the model's title, columns label, p_fake and judged.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.75 * len(videos) + 1.2))
    rows = stacked(videos, "title")
    beside = so.Dodge(by=["color"])
    _strips(axes, rows.assign(filled=rows["judged"].astype(bool)), "title", beside)
    black = so.Nominal(["black"] * 2, order=list(LABELS))
    medians = so.Plot(rows, x="p_fake", y="title", color="label").scale(color=black)
    draw(medians.add(so.Dash(width=0.9, linewidth=2), so.Agg("median"), beside, orient="y", legend=False), axes)
    axes.axvline(_THRESHOLD, color=GREY, linestyle="--", linewidth=1.5)
    axes.set(xlim=(-0.02, 1.02), xlabel="P(fake)", title="What the models say of each test video")
    entries = {label: DOT | {"color": colour} for label, colour in LABELS.items()}
    entries["no face: training prior"] = DOT | {"color": GREY, "markerfacecolor": "white"}
    entries["median"] = DOT | {"color": "black", "marker": "|", "markersize": 12, "markeredgewidth": 2}
    legend(figure, entries, columns=4)
    return figure


@drawn
def aggregation(aucs: pd.DataFrame) -> Figure:
    """The AUC of each model's videos by how their frames became one score.

    `aucs`: one row a model, its title the index; one column a method.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.42 * len(aucs) + 1.2))
    shown = aucs.rename(columns=lambda name: name.replace("_", "\n"))
    look = {"cmap": "Greys", "vmin": 0.3, "vmax": 1.5, "cbar": False}
    sns.heatmap(shown, annot=True, fmt=".3f", annot_kws={"color": "black"}, ax=axes, **look)
    axes.tick_params(axis="y", rotation=0)
    best = aucs.eq(aucs.max(axis=1), axis=0).mul(aucs.nunique(axis=1) > 1, axis=0)
    for text in axes.texts:
        column, row = map(int, text.get_position())
        text.set_fontweight("bold" if best.iloc[row, column] else "normal")
    axes.set(
        title="AUC of test videos; the best of each model in bold", xlabel="How frames become one score", ylabel=""
    )
    return figure


@drawn
def reliability(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> Figure:
    """What scores say against what is so, as they are and with their temperature.

    `before`, `after`: by the model's title, what `calibration.reliability` gives (p_fake, fakes, count).
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.9), sharey=True)
    for ax, tables, title in zip(axes, (before, after), ("As they are", "With temperature"), strict=True):
        diagonal(ax)
        styles = model_style(tables)
        for name, table in tables.items():
            # The display knows no size of its marks.
            sizes = 200 * table["count"] / table["count"].sum()
            ax.scatter(table["p_fake"], table["fakes"], s=sizes, color=styles[name]["color"], alpha=0.8)
            shown = CalibrationDisplay(table["fakes"], table["p_fake"], None)
            shown.plot(ax=ax, name=name, ref_line=False, marker="", linewidth=1.3, alpha=0.8, **styles[name])
        ax.get_legend().remove()
        ax.set(title=title, xlabel="Mean P(fake) of the interval", xlim=(-0.03, 1.03), ylim=(-0.05, 1.05), ylabel="")
    axes[0].set_ylabel("Share of fakes in it")
    legend(figure, styles | {"the larger, the more videos": DOT | {"color": GREY}})
    return figure


@drawn
def worst_clips(strips: Sequence[np.ndarray], videos: pd.DataFrame, *, title: str = "") -> Figure:
    """The clips that a model gets most wrong, a strip of faces each.

    Args:
        strips: crops (n, side, side, 3) of each clip.
        videos: the same clips: video, label, p_fake.
        title: of the figure.
    """
    names = [
        f"{row.video.removesuffix('.mp4')}\n{row.label}, P(fake) {row.p_fake:.2f}"
        for row in videos.itertuples()
    ]
    return face_strips(
        dict(zip(names, strips, strict=True)), labels=list(videos["label"]), count=8, title=title
    )


@drawn
def comparison(table: pd.DataFrame, *, majority: float | None = None) -> Figure:
    """All models side by side: accuracy in training and on the test videos, and AUC with its interval.

    Args:
        table: of `metrics.comparison`.
        majority: the test accuracy of calling every video by the commoner label, marked by a line.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.62 * len(table) + 1.6), sharey=True, width_ratios=(1.4, 1)
    )
    bars = table.rename(columns=_ACCURACIES).melt("title", list(_ACCURACIES.values()), "of", "accuracy")
    sns.barplot(
        bars.astype({"accuracy": float}), x="accuracy", y="title", hue="of", palette=[LIGHT, GREY, "black"],
        errorbar=None, saturation=1, linewidth=0, ax=left,
    )
    for container in left.containers:
        left.bar_label(
            container, fmt=lambda share: "" if np.isnan(share) else f"{share:.2f}", padding=3, fontsize=10,
            bbox=_ON_WHITE,
        )
    if majority is not None:
        # Behind the bars: whatever ends before it does worse than this.
        label = "all called by the commoner label"
        left.axvline(majority, color="#E69F00", linestyle="--", linewidth=2, zorder=0, label=label)
    left.set(title="Accuracy, videos", xlabel="Share called rightly", ylabel="", xlim=(0, 1.12))
    left.grid(axis="y", visible=False)
    right.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    by_model = dict(list(table.groupby("title", sort=False)))
    intervals(right, by_model, "title", "test_auc", "test_auc_low", "test_auc_high")
    for row, auc in enumerate(table["test_auc"]):
        right.annotate(
            f"{auc:.3f}", (auc, row), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=10,
            bbox=_ON_WHITE,
        )
    seeds = int(table["seeds"].max()) if "seeds" in table else 1
    if seeds > 1:
        # One of which a training failed has no mean that could be held against the others'.
        rows = np.flatnonzero(table["seeds"] == seeds)
        right.errorbar(
            table["test_auc_mean"].iloc[rows], rows + 0.3, xerr=table["test_auc_sd"].iloc[rows], fmt="D", markersize=6,
            color="black", markerfacecolor="white", elinewidth=1.2, capsize=3,
            label=f"AUC: mean ± standard deviation of {seeds} training seeds",
        )
    handles, labels = (a + b for a, b in zip(*(ax.get_legend_handles_labels() for ax in (left, right)), strict=True))
    figure.legend(handles, labels, loc="outside lower left", ncols=3)
    left.get_legend().remove()
    lowest = table["test_auc_low"].astype(float).min()
    right.tick_params(labelleft=False)
    right.set(title="Test AUC, 95 % interval", xlabel="AUC", xlim=(min(0.45, lowest - 0.05), 1.03))
    return figure
