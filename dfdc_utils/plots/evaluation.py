"""Figures of notebooks 07 and 09: how good the scores are.

Where an argument is called `videos`, it holds what `aggregation.every_video` gives, by the model's title.
"""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import confusion_matrix, roc_auc_score, roc_curve

from dfdc_utils.plots.faces import face_strips
from dfdc_utils.plots.style import GREY, LABELS, LIGHT, WIDTH, by_label, drawn, model_style, panels

_THRESHOLD = 0.5


@drawn
def roc_curves(videos: dict[str, pd.DataFrame], *, title: str = "ROC curves, test videos") -> Figure:
    """One curve a model, with its AUC.

    Args:
        videos: by the model's title, columns label ("FAKE", "REAL") and p_fake.
        title: of the figure.
    """
    figure, axes = plt.subplots(figsize=(WIDTH * 0.92, 4.4))
    axes.plot([0, 1], [0, 1], color=LIGHT, linestyle="--", linewidth=1.5)
    styles = model_style(videos)
    aucs = {name: roc_auc_score(rows["label"] == "FAKE", rows["p_fake"]) for name, rows in videos.items()}
    for name in sorted(videos, key=aucs.get, reverse=True):
        reals, fakes, _ = roc_curve(videos[name]["label"] == "FAKE", videos[name]["p_fake"])
        axes.plot(reals, fakes, label=f"{aucs[name]:.3f}  {name}", **styles[name])
    axes.set(
        title=title, xlabel="Reals called fake", ylabel="Fakes called fake", aspect="equal",
        xlim=(-0.01, 1.01), ylim=(-0.01, 1.01),
    )
    axes.legend(title="AUC", alignment="left", loc="center left", bbox_to_anchor=(1.02, 0.5))
    return figure


@drawn
def pseudo_labels(unlabelled: pd.DataFrame, validation: pd.DataFrame, confidence: float) -> Figure:
    """Which videos are certain enough to be given a label: P(fake) of the unlabelled and of the validation videos.

    Args:
        unlabelled, validation: columns label (of the unlabelled, the one chosen; None where none was), p_fake.
        confidence: beyond which a video is certain, on either side.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2))
    generator = np.random.default_rng(0)
    for low, high in ((-0.02, 1 - confidence), (confidence, 1.02)):
        axes.axvspan(low, high, color=LIGHT, linewidth=0, zorder=0)
    for row, videos in enumerate((validation, unlabelled)):
        alpha = float(np.clip(60 / max(len(videos), 1), 0.15, 0.85))
        heights = row + generator.uniform(-0.25, 0.25, len(videos))
        for label, colour in (*LABELS.items(), (None, GREY)):
            here = (videos["label"] == label).to_numpy() if label else videos["label"].isna().to_numpy()
            face = colour if label else "none"
            axes.scatter(
                videos["p_fake"][here], heights[here], s=40, facecolors=face, edgecolors=colour, alpha=alpha,
            )
    axes.set_yticks([0, 1], ["validation videos,\nby their label", "unlabelled videos,\nby the label given"])
    axes.set(
        xlim=(-0.02, 1.02), ylim=(-0.5, 1.5), xlabel="P(fake), calibrated on the validation split",
        title="In the grey zones an answer becomes a label",
    )
    axes.grid(axis="y", visible=False)
    dot = {"marker": "o", "linestyle": "", "markersize": 6}
    handles = [plt.Line2D([], [], color=colour, label=label, **dot) for label, colour in LABELS.items()]
    handles.append(plt.Line2D([], [], color=GREY, markerfacecolor="none", label="no label given", **dot))
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
    return figure


@drawn
def confusion_matrices(videos: dict[str, pd.DataFrame]) -> Figure:
    """What was called what at 0.5, one matrix a model: counts, shaded by the share of the true label.

    `videos`: by the model's title, columns label and p_fake.
    """
    figure, axes = panels(len(videos), columns=3, height=2.5)
    for number, (ax, (name, rows)) in enumerate(zip(axes, videos.items(), strict=True)):
        counts = confusion_matrix(rows["label"] == "FAKE", rows["p_fake"] >= _THRESHOLD, labels=[False, True])
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        ax.imshow(shares, cmap="Greys", vmin=0, vmax=1)
        for truth in (0, 1):
            for called in (0, 1):
                share = shares[truth, called]
                ax.text(
                    called, truth, f"{counts[truth, called]:,}\n{100 * share:.0f} %",
                    ha="center", va="center",
                    color="white" if share > 0.55 else "black", fontsize=11,
                )
        ax.set_xticks((0, 1), LABELS)
        ax.set_yticks((0, 1), LABELS)
        for ticks in (ax.get_xticklabels(), ax.get_yticklabels()):
            for tick in ticks:
                tick.set(color=LABELS[tick.get_text()], fontweight="bold")
        ax.grid(False)
        ax.set_title(name)
        ax.set_xlabel("called")
        if number % 3 == 0:
            ax.set_ylabel("is")
    return figure


@drawn
def tta_effect(metrics: dict[str, dict]) -> Figure:
    """What test-time augmentation changes, at video level on the test split.

    `metrics`: by the model's title, what `metrics.evaluate` returned.
    """
    measures = (("accuracy", "Accuracy"), ("auc", "AUC"), ("log_loss", "Log loss (lower is better)"))
    figure, axes = plt.subplots(1, 3, figsize=(WIDTH, 0.42 * len(metrics) + 1.5), sharey=True)
    styles = model_style(metrics)
    for ax, (measure, name) in zip(axes, measures, strict=True):
        for row, (title, measured) in enumerate(metrics.items()):
            plain, tta = (measured["test"]["video"][variant][measure] for variant in ("plain", "tta"))
            ax.plot([plain, tta], [row, row], color=LIGHT, linewidth=3, zorder=1)
            colour = styles[title]["color"]
            ax.scatter(plain, row, s=60, facecolors="white", edgecolors=colour, linewidths=2, zorder=2)
            ax.scatter(tta, row, s=60, color=colour, zorder=3)
        ax.set_title(name)
        ax.margins(x=0.15, y=0.2)
    axes[0].set_yticks(range(len(metrics)), list(metrics))
    axes[0].invert_yaxis()
    handles = [
        plt.Line2D(
            [], [], marker="o", linestyle="", markersize=7, color=GREY, markerfacecolor=face, label=label
        )
        for face, label in (("white", "plain"), (GREY, "with TTA"))
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2)
    return figure


@drawn
def score_distributions(videos: dict[str, pd.DataFrame]) -> Figure:
    """P(fake) of every test video, real and fake, one row a model; hollow where it is only the training
    prior.

    `videos`: by the model's title, columns label, p_fake and judged.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.75 * len(videos) + 1.2))
    generator = np.random.default_rng(0)
    for row, scores in enumerate(videos.values()):
        for offset, (label, rows) in zip((-0.2, 0.2), by_label(scores).items()):
            # Many videos: fainter dots.
            alpha = float(np.clip(60 / len(rows), 0.15, 0.8))
            heights = row + offset + generator.uniform(-0.13, 0.13, len(rows))
            judged = rows["judged"].to_numpy(dtype=bool)
            axes.scatter(
                rows["p_fake"][judged], heights[judged], s=26, color=LABELS[label], alpha=alpha, linewidths=0
            )
            axes.scatter(
                rows["p_fake"][~judged], heights[~judged], s=26, facecolors="none", edgecolors=LABELS[label]
            )
            median = rows["p_fake"].median()
            axes.plot(
                [median, median], [row + offset - 0.17, row + offset + 0.17], color="black", linewidth=2
            )
    axes.axvline(_THRESHOLD, color=GREY, linestyle="--", linewidth=1.5)
    axes.set_yticks(range(len(videos)), list(videos))
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlim=(-0.02, 1.02), xlabel="P(fake)", title="What the models say of each test video")
    dot = {"marker": "o", "linestyle": "", "markersize": 6}
    handles = [plt.Line2D([], [], color=colour, label=label, **dot) for label, colour in LABELS.items()]
    handles += [
        plt.Line2D([], [], color=GREY, markerfacecolor="white", label="no face: training prior", **dot),
        plt.Line2D(
            [], [], color="black", marker="|", markersize=12, markeredgewidth=2, linestyle="", label="median"
        ),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=4)
    return figure


@drawn
def aggregation(aucs: pd.DataFrame) -> Figure:
    """The AUC of each model's videos by how their frames became one score.

    `aucs`: one row a model, its title the index; one column a method.
    """
    figure, axes = plt.subplots(figsize=(WIDTH, 0.42 * len(aucs) + 1.2))
    axes.imshow(aucs.to_numpy(), cmap="Greys", vmin=0.3, vmax=1.1, aspect="auto")
    best = aucs.eq(aucs.max(axis=1), axis=0)
    for (row, column), value in np.ndenumerate(aucs.to_numpy()):
        axes.text(
            column, row, f"{value:.3f}", ha="center", va="center", color="white" if value > 0.75 else "black",
            fontweight="bold" if best.iloc[row, column] else "normal",
        )
    axes.set_xticks(range(len(aucs.columns)), [name.replace("_", " ") for name in aucs.columns])
    axes.set_yticks(range(len(aucs)), list(aucs.index))
    axes.grid(False)
    axes.set(title="AUC of test videos; the best of each model in bold", xlabel="How frames become one score")
    return figure


@drawn
def reliability(before: dict[str, pd.DataFrame], after: dict[str, pd.DataFrame]) -> Figure:
    """What scores say against what is so, as they are and with their temperature.

    `before`, `after`: by the model's title, what `calibration.reliability` gives (p_fake, fakes, count).
    """
    figure, axes = plt.subplots(1, 2, figsize=(WIDTH, 3.9), sharey=True)
    for ax, tables, title in zip(axes, (before, after), ("As they are", "With temperature"), strict=True):
        ax.plot([0, 1], [0, 1], color=LIGHT, linestyle="--", linewidth=1.5)
        styles = model_style(tables)
        for name, table in tables.items():
            ax.plot(table["p_fake"], table["fakes"], linewidth=1.3, alpha=0.8, **styles[name])
            ax.scatter(table["p_fake"], table["fakes"], s=6 * table["count"], color=styles[name]["color"], alpha=0.8)
        ax.set(title=title, xlabel="Mean P(fake) of the interval", xlim=(-0.03, 1.03), ylim=(-0.05, 1.05))
    axes[0].set_ylabel("Share of fakes in it")
    handles = [plt.Line2D([], [], label=name, **style) for name, style in styles.items()]
    figure.legend(handles=handles, loc="outside lower center", ncols=3)
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
    table = table[::-1].reset_index(drop=True)
    size = (WIDTH, 0.62 * len(table) + 1.6)
    figure, (left, right) = plt.subplots(1, 2, figsize=size, sharey=True, width_ratios=(1.4, 1))
    rows = np.arange(len(table))
    bars = (
        ("train_accuracy", "train", LIGHT), ("test_accuracy", "test", GREY),
        ("test_accuracy_tta", "test, TTA", "black"),
    )
    for offset, (column, name, colour) in zip((0.26, 0.0, -0.26), bars):
        drawn_bars = left.barh(
            rows + offset, table[column].astype(float), height=0.24, color=colour, label=name
        )
        left.bar_label(
            drawn_bars, ["" if pd.isna(v) else f"{v:.2f}" for v in table[column]], padding=3, fontsize=10
        )
    if majority is not None:
        # Behind the bars: whatever ends before it does worse than this.
        label = "all called by the commoner label"
        left.axvline(majority, color="#E69F00", linestyle="--", linewidth=2, zorder=0, label=label)
    left.set_yticks(rows, table["title"])
    left.set(title="Accuracy, videos", xlim=(0, 1.12))
    styles = model_style(table["title"])
    for row, model in table.iterrows():
        colour = styles[model["title"]]["color"]
        interval = [model["test_auc_low"], model["test_auc_high"]]
        right.plot(interval, [row, row], color=colour, linewidth=4, alpha=0.35, solid_capstyle="butt")
        right.scatter(model["test_auc"], row, s=70, color=colour, zorder=3)
        right.annotate(
            f"{model['test_auc']:.3f}", (model["test_auc"], row), xytext=(0, 9), textcoords="offset points",
            ha="center", fontsize=10,
        )
    right.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    lowest = table["test_auc_low"].astype(float).min()
    right.set(title="Test AUC, 95 % interval", xlim=(min(0.45, lowest - 0.05), 1.03))
    right.margins(y=0.12)
    for ax in (left, right):
        ax.grid(axis="y", visible=False)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=4)
    return figure
