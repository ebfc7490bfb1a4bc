"""Figures of notebook 01: what the data set holds."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from sklearn.metrics import roc_curve

from dfdc_utils.plots.style import (
    FAKE,
    GREY,
    LABELS,
    LIGHT,
    REAL,
    UNLABELLED,
    WIDTH,
    bar_labels,
    by_label,
    drawn,
    heading,
    panels,
    picture,
)

_STATISTICS = {
    "frames": ("Frames", 1),
    "rate": ("Frames per second", 1),
    "seconds": ("Duration (s)", 1),
    "size_bytes": ("File size (MB)", 1e6),
    "bit_rate": ("Bit rate (Mbit/s)", 1e6),
    "brightness": ("Mean brightness (0–255)", 1),
}


@drawn
def labels_per_part(table: pd.DataFrame) -> Figure:
    """Real, fake and unlabelled videos in each part. `table`: the one table (part, label)."""
    parts = list(dict.fromkeys(table["part"]))
    kinds = table["label"].fillna("unlabelled")
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2))
    floor = np.zeros(len(parts))
    for kind, colour in (*LABELS.items(), ("unlabelled", UNLABELLED)):
        counts = table["part"][kinds == kind].value_counts().reindex(parts, fill_value=0).to_numpy()
        if counts.any():
            axes.bar(
                range(len(parts)), counts, bottom=floor, color=colour, label=f"{kind} ({counts.sum():,})"
            )
            floor += counts
    # "dfdc_train_part_12" is part 12; folders named otherwise keep their name.
    names = [part.removeprefix("dfdc_train_part_").replace("_", "\n") for part in parts]
    # Of many parts every fifth is named.
    every = 5 if len(parts) > 25 else 1
    axes.set_xticks(range(0, len(parts), every), names[::every])
    axes.grid(axis="x", visible=False)
    axes.set(title="Videos by part and label", xlabel="Part", ylabel="Videos")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    return figure


@drawn
def fakes_per_original(table: pd.DataFrame) -> Figure:
    """How many fakes were made from one original. `table`: the one table (label, original)."""
    made = table.loc[table["label"] == "FAKE", "original"].value_counts()
    originals = made.value_counts().sort_index()
    figure, axes = plt.subplots(figsize=(WIDTH * 0.75, 2.8))
    bars = axes.bar(originals.index, originals.to_numpy(), color=FAKE)
    axes.bar_label(bars, fontsize=10)
    axes.margins(y=0.15)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="x", visible=False)
    axes.set(
        title=f"{len(made):,} originals, {made.sum():,} fakes made from them",
        xlabel="Fakes made from one original", ylabel="Originals",
    )
    return figure


@drawn
def histograms(statistics: pd.DataFrame, columns: dict[str, tuple[str, float]] | None = None) -> Figure:
    """How numbers of the videos spread, real beside fake.

    Args:
        statistics: of `baselines.clip_statistics`, label included; NaN are left out.
        columns: by column, its name on the axis and the unit it is divided by; by default frames, rate,
            duration, file size, bit rate and brightness.

    Numbers that are the same everywhere, as the frames of pictures, are left out. Shares are of the label's own
    videos, so that few reals can be compared with many fakes.
    """
    columns = columns or _STATISTICS
    columns = {column: shown for column, shown in columns.items() if statistics[column].nunique() > 1} or columns
    figure, axes = panels(len(columns), columns=3, height=2.3)
    for ax, (column, (name, unit)) in zip(axes, columns.items(), strict=True):
        values = {label: rows[column].dropna() / unit for label, rows in by_label(statistics).items()}
        edges = np.histogram_bin_edges(pd.concat(values.values()).astype(float), bins=20)
        for label, numbers in values.items():
            share = np.full(len(numbers), 100 / max(len(numbers), 1))
            ax.hist(numbers, edges, weights=share, color=LABELS[label], alpha=0.35)
            ax.hist(
                numbers, edges, weights=share, color=LABELS[label], histtype="step", linewidth=1.6,
                label=label,
            )
        ax.set_xlabel(name)
    for ax in axes[::3]:
        ax.set_ylabel("Share (%)")
    axes[0].legend(loc="best")
    heading(figure, "What the files are like, by label")
    return figure


@drawn
def categories(statistics: pd.DataFrame) -> Figure:
    """Picture sizes, codecs, sound and what cannot be read. `statistics`: of `baselines.clip_statistics`."""
    readable = statistics[statistics["reason"].isna()]
    sizes = readable["width"].astype(int).astype(str) + "×" + readable["height"].astype(int).astype(str)
    turned = readable["rotation"].astype(int)
    kinds = {
        "Picture size": sizes.where(turned == 0, sizes + ", turned"),
        "Picture codec": readable["codec"] + ", " + readable["pixel_format"],
        "Sound": readable["audio_codec"].fillna("none"),
        "Files": statistics["reason"].isna().map({True: "readable", False: "unreadable"}),
    }
    figure, axes = panels(len(kinds), columns=2, height=1.9)
    for ax, (name, values) in zip(axes, kinds.items(), strict=True):
        counts = values.value_counts().head(6)
        bars = ax.barh(range(len(counts)), counts, color=GREY, height=0.6)
        bar_labels(ax, bars, [f"{count:,}" for count in counts])
        ax.set_yticks(range(len(counts)), counts.index)
        # One or two bars keep the thickness of four.
        ax.set_ylim(max(len(counts), 4) - 0.3, -0.7)
        ax.set_title(name)
    figure.supxlabel("Videos", fontsize=10.5)
    return figure


@drawn
def pair_differences(
    real: list[np.ndarray],
    fake: list[np.ndarray],
    captions: list[str],
    *,
    title: str = "",
    amplify: float = 4,
) -> Figure:
    """Real pictures, the fakes made from them, and where they differ.

    Args:
        real, fake: frames of the same times, or faces; RGB uint8 of one size, at most five.
        captions: stands above each.
        title: says which clip.
        amplify: the difference (mean over the channels, in grey levels) is shown so many times larger.
    """
    count = len(captions)
    height, width = real[0].shape[:2]
    cell = WIDTH / count
    # Upright clips would make a very tall figure.
    cell = min(cell, 2.6 * width / height)
    figure, axes = plt.subplots(
        3, count, figsize=(max(count * cell, 5), 3 * cell * height / width + 0.9), squeeze=False
    )
    for column, (one, other, caption) in enumerate(zip(real, fake, captions, strict=True)):
        difference = np.abs(one.astype(np.int16) - other).mean(axis=2)
        picture(axes[0, column], one)
        picture(axes[1, column], other)
        picture(axes[2, column], np.clip(difference * amplify, 0, 255), cmap="magma", vmin=0, vmax=255)
        axes[0, column].set_title(caption, fontsize=10)
    names = (*LABELS.items(), (f"difference ×{amplify:g}", "black"))
    for row, (name, colour) in enumerate(names):
        axes[row, 0].set_ylabel(name, color=colour, fontsize=10)
    heading(figure, title)
    return figure


@drawn
def trivial_baseline(baseline) -> Figure:
    """The ROC curve of a logistic regression on five trivial statistics, and what it goes by.

    `baseline`: of `baselines.trivial_baseline`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 3.2), width_ratios=(1, 1.2))
    reals, fakes, _ = roc_curve(baseline.videos["label"] == "FAKE", baseline.videos["p_fake"])
    left.plot([0, 1], [0, 1], color=LIGHT, linestyle="--", linewidth=1.5)
    left.plot(reals, fakes, color=GREY)
    left.set(
        title=f"Test AUC {baseline.auc:.2f}", xlabel="Reals called fake", ylabel="Fakes called fake",
        xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal",
    )
    names = {
        "size_bytes": "file size", "bit_rate": "bit rate", "face_brightness": "face brightness",
        "face_contrast": "face contrast", "face_laplacian": "face sharpness",
    }
    coefficients = baseline.coefficients[::-1]
    right.barh(
        range(len(coefficients)), coefficients, color=np.where(coefficients > 0, FAKE, REAL), height=0.6
    )
    right.axvline(0, color=GREY, linewidth=1)
    right.set_yticks(range(len(coefficients)), [names.get(name, name) for name in coefficients.index])
    right.set(title="What it goes by", xlabel="← REAL       coefficient       FAKE →")
    right.grid(axis="y", visible=False)
    heading(figure, "How far trivial statistics alone get one")
    return figure


@drawn
def splits(tables: dict[str, pd.DataFrame], leaks: dict[str, dict]) -> Figure:
    """The same videos under several splits, and what leaks under each.

    Args:
        tables: by the split's name, a table of `splits.assign`.
        leaks: by the same names, `splits.leaks` of it.
    """
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(WIDTH, 0.75 * len(tables) + 1.9), width_ratios=(1.5, 1), sharey=True
    )
    shades = {"train": "#4D4D4D", "validation": "#999999", "test": "#CCCCCC"}
    for row, table in enumerate(tables.values()):
        counts = table["split"].value_counts()
        start = 0
        for split, shade in shades.items():
            count = int(counts.get(split, 0))
            left.barh(row, count, left=start, color=shade, height=0.55, label=split if row == 0 else None)
            if count:
                text = "white" if split == "train" else "black"
                left.text(start + count / 2, row, f"{count:,}", ha="center", va="center", color=text)
            start += count
        leaked = leaks[list(tables)[row]]["videos"]
        right.barh(row, leaked, color=FAKE, height=0.55)
        share = 100 * leaked / max(int(counts.get("test", 0)), 1)
        right.text(leaked, row, f"  {leaked:,} ({share:.0f} %)", va="center")
    left.set_yticks(range(len(tables)), list(tables))
    left.invert_yaxis()
    left.set(title="Videos by split", xlabel="Videos")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower left", ncols=3)
    right.set(title="Test videos whose original\nwas trained on", xlabel="Videos")
    right.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    right.set_xlim(0, 1.6 * max(1, *(leak["videos"] for leak in leaks.values())))
    for ax in (left, right):
        ax.grid(axis="y", visible=False)
    return figure
