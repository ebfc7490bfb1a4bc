"""Figures of notebook 01: what the data set holds."""

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from dfdc_utils.plots.evaluation import roc
from dfdc_utils.plots.style import (
    FAKE,
    GREY,
    LABELS,
    UNLABELLED,
    WIDTH,
    bar_labels,
    drawn,
    heading,
    legend,
    panels,
    picture,
    stacked,
)

_SQUARE = {"marker": "s", "linestyle": "", "markersize": 10}
_SPLITS = {"test": "#DDDDDD", "validation": "#BABABA", "train": "#8F8F8F"}

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
    kinds = table["label"].fillna("unlabelled")
    colours = {kind: colour for kind, colour in (LABELS | {"unlabelled": UNLABELLED}).items() if kind in set(kinds)}
    # "dfdc_train_part_12" is part 12; folders named otherwise keep their name.
    parts = table["part"].str.removeprefix("dfdc_train_part_").str.replace("_", "\n")
    figure, axes = plt.subplots(figsize=(WIDTH, 3.2))
    # What comes last stands at the bottom.
    sns.histplot(
        x=parts, hue=kinds, hue_order=list(colours)[::-1], palette=colours, multiple="stack", shrink=0.8, alpha=1,
        linewidth=0, legend=False, ax=axes,
    )
    # Of many parts every fifth is named.
    names = list(dict.fromkeys(parts))
    every = 5 if len(names) > 25 else 1
    axes.set_xticks(range(0, len(names), every), names[::every])
    axes.grid(axis="x", visible=False)
    axes.set(title="Videos by part and label", xlabel="Part", ylabel="Videos")
    counts = kinds.value_counts()
    entries = {f"{kind} ({counts[kind]:,})": _SQUARE | {"color": colour} for kind, colour in colours.items()}
    legend(figure, entries, place="right upper", columns=1)
    return figure


@drawn
def fakes_per_original(table: pd.DataFrame) -> Figure:
    """How many fakes were made from one original. `table`: the one table (label, original)."""
    made = table.loc[table["label"] == "FAKE", "original"].value_counts()
    figure, axes = plt.subplots(figsize=(WIDTH * 0.75, 2.8))
    sns.histplot(x=made.to_numpy(), discrete=True, shrink=0.8, color=FAKE, alpha=1, linewidth=0, ax=axes)
    for bars in axes.containers:
        # Matplotlib does not say that these are bars.
        axes.bar_label(bars, fmt=lambda count: f"{count:,.0f}" if count else "", fontsize=10)  # type: ignore[arg-type]
    axes.margins(y=0.15)
    # Where all have the same number, one bar of it would fill the figure.
    axes.set_xlim(0.4, max([4, *made]) + 0.6)
    axes.locator_params(axis="x", integer=True)
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
    labelled = statistics[statistics["label"].isin(LABELS)]
    figure, axes = panels(len(columns), columns=3, height=2.3)
    for ax, (column, (name, unit)) in zip(axes, columns.items(), strict=True):
        sns.histplot(
            x=labelled[column].astype(float) / unit, hue=labelled["label"], hue_order=LABELS, palette=LABELS, bins=20,
            stat="percent", common_norm=False, element="step", alpha=0.35, linewidth=1.6, legend=False, ax=ax,
        )
        ax.set(xlabel=name, ylabel="Share (%)" if ax in axes[::3] else "")
    legend(figure, {label: _SQUARE | {"color": colour} for label, colour in LABELS.items()}, place="upper right")
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
        sns.countplot(y=values, order=counts.index, color=GREY, width=0.6, ax=ax)
        bar_labels(ax, [f"{count:,}" for count in counts])
        # One or two bars keep the thickness of four.
        ax.set(title=name, xlabel="", ylabel="", ylim=(max(len(counts), 4) - 0.3, -0.7))
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
        real, fake: frames of the same times, or faces; RGB uint8, at most five. Fakes of another size than their
            originals, as in Celeb-DF, are scaled to it, and the title says so.
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
    other_height, other_width = fake[0].shape[:2]
    if (other_height, other_width) != (height, width):
        title += f"\nsizes differ: {other_width}×{other_height} scaled to {width}×{height}"
        fake = [cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA) for image in fake]
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
    """The ROC curve of a logistic regression on what files say, and how far each property gets alone.

    `baseline`: of `baselines.trivial_baseline`.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(WIDTH, 4.2), width_ratios=(1, 1.2))
    roc(left, {"": baseline.videos}, {"": {"color": GREY}})
    left.set_title(f"All together: test AUC {baseline.auc:.2f}")
    alone = baseline.alone[::-1]
    names = [_PROPERTIES.get(name, name.replace("_", " ")) for name in alone.index]
    right.barh(names, alone, color=np.where(alone.index.isin(baseline.telling.index), FAKE, GREY), height=0.6)
    bar_labels(right, [f"{auc:.2f}" for auc in alone])
    right.axvline(0.5, color="black", linewidth=1, linestyle=":")
    right.set(title="Each alone", xlabel="Test AUC (0.5 is a coin)", xlim=(0, 1.15))
    right.grid(axis="y", visible=False)
    heading(figure, "How far trivial statistics get one")
    return figure


_PROPERTIES = {
    "size_bytes": "file size", "rate": "frames a second", "frame_rate": "frame rate, exactly",
    "picture_size": "width × height, exactly", "seconds": "duration", "audio_codec": "sound",
    "face_laplacian": "face sharpness",
}


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
    videos = stacked(tables, "method")
    sns.histplot(
        videos, y="method", hue="split", hue_order=list(_SPLITS), palette=_SPLITS, multiple="stack", shrink=0.55,
        alpha=1, linewidth=0, legend=False, ax=left,
    )
    for bars in left.containers:
        left.bar_label(bars, fmt=lambda count: f"{count:,.0f}" if count else "", label_type="center")
    leaked = [leaks[method]["videos"] for method in tables]
    tested = [max((table["split"] == "test").sum(), 1) for table in tables.values()]
    right.barh(range(len(tables)), leaked, color=FAKE, height=0.55)
    bar_labels(right, [f"{count:,} ({100 * count / of:.0f} %)" for count, of in zip(leaked, tested, strict=True)])
    left.set(title="Videos by split", xlabel="Videos", ylabel="", ylim=(len(tables) - 0.5, -0.5))
    entries = {split: _SQUARE | {"color": shade} for split, shade in reversed(_SPLITS.items())}
    legend(figure, entries, place="lower left")
    right.set(title="Test videos whose original\nwas trained on", xlabel="Videos", xlim=(0, 1.6 * max(1, *leaked)))
    right.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    left.grid(axis="y", visible=False)
    return figure
