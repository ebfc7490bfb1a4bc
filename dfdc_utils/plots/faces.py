"""Figures of notebook 02 and of the training batches: frames, detections, faces."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dfdc_utils.plots.style import GREY, LABELS, WIDTH, bar_labels, count_axis, drawn, heading, legend, panels, picture

_BOX = "#F0E442"
_OUTCOMES = {"ok": "#009E73", "no_face": "#E69F00", "too_short": "#56B4E9", "unreadable": "#CC79A7"}
_FIRST, _SECOND = "#009E73", "#E69F00"


@drawn
def detections(
    images: Sequence[np.ndarray], faces: Sequence[Sequence], titles: Sequence[str] | None = None
) -> Figure:
    """Frames with the boxes, the landmarks and the confidence of the faces found in them.

    Args:
        images: RGB uint8 frames.
        faces: for each frame its `Detection`s (box, confidence, landmarks), in pixels of the frame.
        titles: of the frames.
    """
    columns = min(len(images), 3)
    shape = max(image.shape[0] / image.shape[1] for image in images)
    height = min(WIDTH / columns * shape, 4.5) + (0.3 if titles else 0.1)
    figure, axes = panels(len(images), columns=columns, height=height)
    for number, (ax, image, found) in enumerate(zip(axes, images, faces, strict=True)):
        picture(ax, image)
        ax.set_title(titles[number] if titles else "", fontsize=10)
        for face in found:
            x0, y0, x1, y1 = face.box
            ax.add_patch(Rectangle((x0, y0), x1 - x0, y1 - y0, fill=False, color=_BOX, linewidth=2))
            across, down = np.asarray(face.landmarks).T
            ax.scatter(across, down, s=14, color=_BOX, edgecolors="black", linewidths=0.6)
            ax.annotate(
                f"{face.confidence:.3f}", (x0, y0), xytext=(0, 3), textcoords="offset points", fontsize=10,
                bbox={"facecolor": _BOX, "edgecolor": "none", "pad": 1.5}, annotation_clip=True,
            )
        # A box may reach over the frame's edge; the frame stays whole.
        ax.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    return figure


@drawn
def face_strips(
    strips: dict[str, np.ndarray], *, labels: Sequence[str] | None = None, count: int = 10, title: str = ""
) -> Figure:
    """Faces of one person after another, in the order of time, one row each.

    Args:
        strips: by what stands beside the row (two lines at most), crops uint8 (n, side, side, 3).
        labels: "REAL" or "FAKE" for each row, for the colour of its text.
        count: at most so many evenly spaced faces of each.
        title: of the figure.
    """
    labels = [""] * len(strips) if labels is None else list(labels)
    columns = min(count, max(len(crops) for crops in strips.values()))
    size = (WIDTH - 1.6) / columns
    figure, axes = plt.subplots(
        len(strips), columns, figsize=(WIDTH, len(strips) * size + (0.4 if title else 0.1)), squeeze=False
    )
    for row, (name, crops) in enumerate(strips.items()):
        chosen = crops[_evenly(len(crops), columns)]
        for column, ax in enumerate(axes[row]):
            if column < len(chosen):
                picture(ax, chosen[column])
            else:
                ax.set_axis_off()
        colour = LABELS.get(labels[row], "black")
        axes[row, 0].set_ylabel(name, rotation=0, ha="right", va="center", color=colour, fontsize=10)
    heading(figure, title)
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0, hspace=0)
    return figure


@drawn
def outcomes(account: pd.DataFrame) -> Figure:
    """What became of every video that was asked for. `account`: the video account (outcome)."""
    counts = account["outcome"].value_counts()[::-1]
    figure, axes = plt.subplots(figsize=(WIDTH * 0.8, 0.4 * len(counts) + 1.1))
    colours = [_OUTCOMES.get(name, GREY) for name in counts.index]
    axes.barh(counts.index.str.replace("_", " "), counts, color=colours, height=0.65)
    bar_labels(axes, [f"{count:,} ({100 * count / len(account):.1f} %)" for count in counts])
    axes.set(title=f"What became of {len(account):,} videos", xlabel="Videos")
    return figure


@drawn
def extraction(account: pd.DataFrame, faces: pd.DataFrame) -> Figure:
    """How long videos took, and in how much of each the main person was found.

    Args:
        account: the video account (video, outcome, frames_read, second_pass, detection, elapsed).
        faces: rows of the face store (video, track).
    """
    found = account[account["outcome"] == "ok"].set_index("video")
    coverage = 100 * faces[faces["track"] == 0].groupby("video").size() / found["frames_read"]
    figure, axes = panels(2, columns=2, height=2.8)
    times = found[["detection", "elapsed"]].set_axis(["looking for faces", "all of it"], axis=1)
    longest = found["elapsed"].quantile(0.99) * 1.05
    sns.histplot(
        times.clip(upper=longest), bins=np.linspace(0, longest, 30), element="step", fill=False, linewidth=2,
        palette=[_SECOND, GREY], ax=axes[0],
    )
    axes[0].set(title="Time", xlabel="Seconds a video, on one core", ylabel="Videos")
    passes = {"first pass": _FIRST, "a second pass helped": _SECOND}
    passed = found["second_pass"].notna().map(dict(zip((False, True), passes, strict=True)))
    # Beside one another: on a logarithmic axis a stack would show the upper part too small.
    sns.histplot(
        x=coverage, hue=passed, hue_order=passes, palette=passes, multiple="dodge", bins=np.arange(0, 106, 5), alpha=1,
        linewidth=0, ax=axes[1],
    )
    axes[1].set(title="Coverage", xlabel="Frames with the main person (%)", ylabel="Videos (logarithmic)")
    count_axis(axes[1])
    for ax in axes:
        sns.move_legend(ax, "upper center", bbox_to_anchor=(0.5, -0.25), ncols=2, title=None)
    return figure


@drawn
def face_statistics(faces: pd.DataFrame, *, face_side: int) -> Figure:
    """How large, how certain and how many the faces are.

    Args:
        faces: rows of the face store (video, track, x0, y0, x1, y1, confidence).
        face_side: side of the stored crops, in pixels, marked in the first panel.
    """
    sides = np.maximum(faces["x1"] - faces["x0"], faces["y1"] - faces["y0"])
    per_track = faces.groupby(["video", "track"]).size()
    figure, axes = panels(3, columns=3, height=2.6)
    bars = {"color": GREY, "alpha": 1, "linewidth": 0}
    sns.histplot(x=sides, bins=30, ax=axes[0], **bars)
    axes[0].axvline(face_side, color="black", linestyle="--", linewidth=1.5)
    sizes = f"Longer side (pixels)\ndashed: the crops' {face_side}"
    axes[0].set(title="Size in the frame", xlabel=sizes, ylabel="Faces")
    sns.histplot(x=faces["confidence"], bins=30, ax=axes[1], **bars)
    axes[1].set(title="Detector's confidence", xlabel="Confidence", ylabel="Faces (logarithmic)")
    count_axis(axes[1])
    sns.histplot(x=per_track, discrete=True, ax=axes[2], **bars)
    axes[2].set(title="Faces found of a person", xlabel="Faces", ylabel="People")
    return figure


@drawn
def contact_sheet(
    crops: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    columns: int = 8,
    title: str = "",
) -> Figure:
    """Faces in a grid.

    Args:
        crops: uint8 (n, side, side, 3).
        labels: "REAL" or "FAKE" for each, the colour of its frame; other values leave it without one.
        captions: a short text under each.
        columns: faces in a row.
        title: of the figure.
    """
    labels = [""] * len(crops) if labels is None else list(labels)
    rows = -(-len(crops) // columns)
    size = WIDTH / columns
    figure, axes = panels(len(crops), columns=columns, height=size + (0.2 if captions else 0) + 0.5 / rows)
    for number, (ax, crop) in enumerate(zip(axes, crops, strict=True)):
        picture(ax, crop, frame=LABELS.get(labels[number]))
        if captions is not None:
            ax.set_xlabel(captions[number], fontsize=10, labelpad=2)
    heading(figure, title)
    frame = {"marker": "s", "linestyle": "", "markersize": 10, "markerfacecolor": "none", "markeredgewidth": 3}
    entries = {label: frame | {"color": colour} for label, colour in LABELS.items() if label in labels}
    if entries:
        legend(figure, entries, place="upper right")
    figure.set_layout_engine("constrained", w_pad=0.02, h_pad=0.02, wspace=0.01, hspace=0.01)
    return figure


@drawn
def frame_weights(faces: np.ndarray, shares: np.ndarray, *, title: str = "") -> Figure:
    """How much each face of one clip counts in a verdict that weighs them.

    Args:
        faces: RGB 0–255 (n, side, side, 3), in the order of time.
        shares: (n,), which add up to 1; the dotted line is where all would count the same.
        title: of the figure.
    """
    figure, axes = plt.subplots(2, len(faces), figsize=(WIDTH, 2.9), height_ratios=(1, 1.2), sharey="row")
    for number, (face, (above, below)) in enumerate(zip(faces, axes.T.reshape(-1, 2), strict=True), 1):
        picture(above, face.astype(np.uint8))
        below.bar([0], shares[number - 1], color=GREY, width=0.7)
        below.axhline(1 / len(faces), color="black", linestyle=":", linewidth=1.5)
        below.set_xticks([0], [number])
        below.set(xlim=(-0.5, 0.5))
    axes[1, 0].set_ylabel("Share of\nthe weight")
    figure.supxlabel("Frame", fontsize=10.5)
    heading(figure, title)
    return figure


@drawn
def batch(
    inputs: np.ndarray, labels: Sequence[int], *, title: str = "A batch as the network sees it"
) -> Figure:
    """Training faces as the network gets them, augmented.

    Args:
        inputs: a batch of faces (n, side, side, 3) or of sequences (n, frames, side, side, 3), RGB 0–255; at
            most 24 faces or 5 sequences are shown, without the frames that are padding (below 0).
        labels: (n,) or (n, 1), 1 = fake.
        title: of the figure.
    """
    names = np.where(np.asarray(labels).ravel() == 1, "FAKE", "REAL")
    faces = np.clip(inputs, 0, 255).astype(np.uint8)
    if faces.ndim == 4:
        return contact_sheet(faces[:24], labels=list(names[:24]), title=title)
    seen = np.min(inputs, axis=(2, 3, 4)) >= 0
    strips = {f"{number + 1}: {names[number]}": faces[number, seen[number]] for number in range(min(5, len(faces)))}
    return face_strips(strips, labels=list(names[:5]), count=faces.shape[1], title=title)


def _evenly(count: int, wanted: int) -> np.ndarray:
    """At most `wanted` evenly spaced indices out of `count`, first and last among them."""
    return np.unique(np.linspace(0, count - 1, min(count, wanted)).round().astype(int))
