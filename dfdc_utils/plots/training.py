"""Figures of notebooks 03 to 06: what a network is made of, and how its training went."""

import collections
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from dfdc_utils.plots.style import GREY, LIGHT, WIDTH, drawn, heading

_TRAIN, _VALIDATION = "#009E73", "#CC79A7"
_CHOICES = (("#CC79A7", "--", 3), ("#333333", "-", 1.8))
"""Colour, line and width of what was chosen, and of what might have been."""

# What kind of thing happens in a row of the drawing, by the classes of its layers; the first that fits.
_KINDS = (
    ("recurrent", ("LSTM", "GRU", "Bidirectional"), "#CC79A7"),
    ("convolution", ("Conv2D", "DepthwiseConv2D", "SeparableConv2D"), "#56B4E9"),
    ("dense", ("Dense",), "#E69F00"),
    ("pooling", ("Pooling",), "#A8D8C5"),
    ("other", ("",), LIGHT),
)
_COLUMNS = ((3.1, "left"), (8.9, "center"), (11.2, "right"))
"""Where the three texts of a row stand."""
_WORDS = {
    "Add": "add",
    "AveragePooling2D": "mean pool",
    "BatchNormalization": "norm",
    "Concatenate": "join",
    "Flatten": "flatten",
    "GlobalAveragePooling2D": "mean over the map",
    "GlobalMaxPooling2D": "maximum over the map",
    "LeakyReLU": "leaky ReLU",
    "MaxPooling2D": "max pool",
    "Multiply": "0 where padded",
    "RepeatVector": "for every frame",
    "Rescaling": "rescale",
}
# What a layer of face weighting gives, by its name: without it, one number a frame looks like another.
_ROLES = {"raw_weights": "weight", "frame_weights": "weight", "frame_logits": "logit", "p_weighted": "first verdict"}
_UNSAID = ("norm", "relu", "ReLU", "PReLU", "leaky ReLU", "join", "add")
"""Left out where there is no room for every layer: nearly every convolution has them."""
_ROOM = 44
"""Letters of a row's text."""


@drawn
def learning_curves(history: pd.DataFrame, best_epoch: int, *, title: str = "") -> Figure:
    """Accuracy and loss over the epochs, for training and validation, with the epoch that was kept.

    Args:
        history: one row an epoch: epoch, loss, accuracy, val_loss, val_accuracy.
        best_epoch: the epoch whose weights were kept.
        title: of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    # The number stands where the curve bends away: above the highest accuracy, below the lowest loss.
    for axes, (measure, side) in zip(panels, (("accuracy", 8), ("loss", -18)), strict=True):
        marker = "o" if len(history) < 40 else None
        line = {"marker": marker, "markersize": 4}
        axes.plot(history["epoch"], history[measure], color=_TRAIN, label="train", **line)
        validation = history[f"val_{measure}"]
        axes.plot(history["epoch"], validation, color=_VALIDATION, linestyle="--", label="validation", **line)
        best = validation[history["epoch"] == best_epoch].iloc[0]
        axes.axvline(best_epoch, color=GREY, linestyle=":", linewidth=1.5)
        axes.scatter(
            [best_epoch], [best], s=110, facecolors="none", edgecolors="black", linewidths=1.8, zorder=3,
            label=f"kept: epoch {best_epoch}",
        )
        axes.annotate(
            f"{best:.3f}", (best_epoch, best), xytext=(8, side), textcoords="offset points", fontsize=10,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8},
        )
        axes.set_title(measure.capitalize())
    return _over_epochs(figure, title)


@drawn
def what_if(histories: dict[str, pd.DataFrame], *, title: str = "") -> Figure:
    """Validation accuracy and loss of two trainings that differ in one choice, over the epochs that both have.

    Args:
        histories: of the two, by what was chosen: epoch, val_accuracy, val_loss. The first is drawn thick.
        title: of the figure.
    """
    figure, panels = plt.subplots(1, 2, figsize=(WIDTH, 3.3))
    epochs = min(len(history) for history in histories.values())
    for (choice, history), (colour, style, width) in zip(histories.items(), _CHOICES, strict=True):
        shown = history.iloc[:epochs]
        for axes, measure in zip(panels, ("accuracy", "loss"), strict=True):
            axes.plot(
                shown["epoch"], shown[f"val_{measure}"], color=colour, linestyle=style, linewidth=width, marker="o",
                markersize=5, label=choice,
            )
    for axes, name in zip(panels, ("Validation accuracy, balanced", "Validation loss"), strict=True):
        axes.set(title=name, xlim=(0.7, max(epochs, 2) + 0.3))
    # Hundredths around a coin's accuracy must not fill the panel.
    low, high = panels[0].get_ylim()
    panels[0].set_ylim(min(low, 0.43), max(high, 0.65))
    return _over_epochs(figure, title)


def _over_epochs(figure: Figure, title: str) -> Figure:
    """What drawings of epochs share: the first panel is the accuracy, with a coin's."""
    for axes in figure.axes:
        axes.set_xlabel("Epoch")
        axes.locator_params(axis="x", integer=True)
    figure.axes[0].axhline(0.5, color=LIGHT, linewidth=1.5, zorder=0)
    # Below the axes: curves go everywhere.
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    heading(figure, title)
    return figure


@dataclass
class _Row:
    text: str
    shape: tuple
    parameters: int
    colour: str
    within: str
    """Name of the nested model these layers belong to, or nothing."""
    frozen: bool


@drawn
def architecture(model, *, title: str = "") -> Figure:
    """A network from the face at the top to P(fake) at the bottom, drawn from the model itself.

    Layers that work on maps of one size are one row. The width of its bar shows that size, its colour the
    kind of layer; beside it stand the layers in words, the shape of what comes out, and the parameters.

    Args:
        model: a Keras model, which may hold others as layers.
        title: of the figure.
    """
    rows = list(_rows(model))
    figure, axes = plt.subplots(figsize=(WIDTH, 0.42 * (len(rows) + 2) + 0.3))
    axes.set(xlim=(0, 11.2), ylim=(len(rows) + 0.6, -0.9))
    axes.set_axis_off()
    for (place, side), text in zip(_COLUMNS, ("layers", "output", "parameters"), strict=True):
        axes.text(place, -0.65, text, color=GREY, va="center", ha=side)
    largest = max(_extent(row.shape) for row in rows)
    for place, row in enumerate(rows):
        # Square root, so that the small maps at the end can still be seen.
        half = 1.2 * np.sqrt(_extent(row.shape) / largest)
        axes.add_patch(FancyBboxPatch(
            (1.75 - half, place - 0.3), 2 * half, 0.6, boxstyle="round,pad=0,rounding_size=0.06",
            facecolor=row.colour, edgecolor="white", hatch="///" if row.frozen else None, linewidth=0.5,
        ))
        texts = row.text, " × ".join(map(str, row.shape)), f"{row.parameters:,}" if row.parameters else ""
        for (across, side), text in zip(_COLUMNS, texts, strict=True):
            axes.text(across, place, text, va="center", ha=side)
    _brackets(axes, rows)
    axes.text(1.75, len(rows) + 0.05, "P(fake)", ha="center", va="center", fontweight="bold")
    axes.text(
        11.2, len(rows) + 0.05, f"{sum(row.parameters for row in rows):,} in all", ha="right", va="center",
        fontweight="bold",
    )
    heading(figure, title)
    return figure


def _brackets(axes, rows: list[_Row]) -> None:
    """A line along the rows of each nested model, with its name."""
    place = 0
    for name, neighbours in itertools.groupby(rows, key=lambda row: row.within):
        group = list(neighbours)
        count = len(group)
        if name:
            frozen = all(row.frozen for row in group if row.parameters)
            axes.plot([0.32, 0.32], [place - 0.32, place + count - 0.68], color=GREY, linewidth=1.5)
            axes.text(
                0.22, place + count / 2 - 0.5, name + (" (frozen)" if frozen else ""), rotation=90,
                ha="right", va="center", color=GREY, fontsize=10,
            )
        place += count


def _rows(model) -> Iterator[_Row]:
    """The rows of the drawing, from the input to the output."""
    for (within, _, _), group in itertools.groupby(_numbered(model), key=lambda item: item[:3]):
        layers = [layer for *_, layer in group]
        yield _Row(
            text=_in_words([_word(layer) for layer in layers]),
            shape=tuple(layers[-1].output.shape[1:]),
            parameters=sum(layer.count_params() for layer in layers),
            colour=next(colour for _, names, colour in _KINDS if _any(layers, names)),
            within=within,
            frozen=any(layer.weights and not layer.trainable_weights for layer in layers),
        )


def _numbered(model) -> Iterator[tuple]:
    """(nested model, size, number, layer): layers of which the first three are the same make a row.

    Those are layers whose maps have one size. Where there are no maps any more, each dense or recurrent layer
    begins a row; what merely changes its output (an activation, a dropout) belongs to it.
    """
    number = 0
    for layer, within in _leaves(model):
        shape, kind = tuple(layer.output.shape[1:]), _kind(layer)
        maps = len(shape) == 3 and kind != "InputLayer"
        number += not maps and bool(layer.weights)
        yield within, (kind == "InputLayer", shape[:2] if maps else shape), number, layer


def _leaves(model, within: str = "") -> Iterator[tuple]:
    """(layer, name of the nested model it is in), without the inputs of nested models and without padding."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _leaves(layer, layer.name)
        elif _kind(layer) != "ZeroPadding2D" and not (within and _kind(layer) == "InputLayer"):
            yield layer, within


def _extent(shape: tuple) -> float:
    """How wide a row's bar is, before the square root: the side of a map; a vector is as narrow as can be."""
    return shape[-3] if len(shape) >= 3 else 1


def _any(layers: list, names: tuple[str, ...]) -> bool:
    return any(name in _kind(layer) for layer in layers for name in names)


def _kind(layer) -> str:
    """The layer's class by name, so that nothing here needs Keras."""
    return type(layer).__name__


def _in_words(words: list[str]) -> str:
    """One by one where there is room; else the same ones counted, and only those that matter most."""
    text = ", ".join(words)
    if len(text) <= _ROOM:
        return text
    counts = collections.Counter(word for word in words if word not in _UNSAID)
    return ", ".join(word if count == 1 else f"{count} × {word}" for word, count in counts.items())


def _word(layer) -> str:
    role = _ROLES.get(layer.name)
    return _work(layer) + (f" ({role})" if role else "")


def _work(layer) -> str:
    kind = _kind(layer)
    if kind == "InputLayer":
        return "faces in order" if len(layer.output.shape) == 5 else "face"
    if kind == "Conv2D":
        return f"conv {layer.kernel_size[0]}×{layer.kernel_size[1]}"
    if kind == "Dense":
        activation = getattr(layer.activation, "__name__", "linear")
        return f"dense {layer.units}" + ("" if activation == "linear" else f", {activation}")
    if kind == "LSTM":
        return f"LSTM {layer.units}"
    if kind == "Bidirectional":
        return f"LSTM {layer.forward_layer.units}, both ways"
    if kind == "Dropout":
        return f"dropout {layer.rate:g}"
    if kind == "Activation":
        return layer.activation.__name__
    return _WORDS.get(kind, kind)
