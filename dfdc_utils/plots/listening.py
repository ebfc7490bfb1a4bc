"""Figures of notebook 13: what voices look like, and what ears tell that eyes do not."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from dfdc_utils.plots.style import FAKE, GREY, REAL, WIDTH, drawn, heading, intervals, legend, model_legend, panels

_RANGE = -110, -20
"""dB from black to white."""


@drawn
def spectrograms(sounds: Mapping[str, np.ndarray], *, rate: int, seconds: float = 2.0, title: str = "") -> Figure:
    """How loud each frequency is at each moment, for sounds of `rate` samples per second, below one another."""
    figure, axes = panels(len(sounds), columns=1, height=1.9)
    for ax, (name, sound) in zip(axes, sounds.items(), strict=True):
        ax.specgram(
            sound[:int(seconds * rate)] + 1e-9, NFFT=512, Fs=rate, noverlap=384, vmin=_RANGE[0], vmax=_RANGE[1],
            cmap="magma",
        )
        ax.set(title=name, ylabel="Frequency (kHz)", yticks=[0, 2000, 4000, 6000, 8000], ylim=(0, rate / 2))
        ax.set_yticklabels(["0", "2", "4", "6", "8"])
        ax.grid(False)
    axes[-1].set_xlabel("Time (s)")
    heading(figure, title)
    return figure


@drawn
def lips_and_voices(opening: np.ndarray, voices: Mapping[str, np.ndarray], *, per_second: float, title: str) -> Figure:
    """The opening of a mouth, and the loudness of voices that may be its own, with values at the same times.

    Each is drawn as standing above and below its mean, in units of its spread.
    """
    figure, axes = panels(len(voices), columns=1, height=1.9)
    for ax, (name, loud) in zip(axes, voices.items(), strict=True):
        count = min(len(opening), len(loud))
        seconds = np.arange(count) / per_second
        for values, look in ((opening, _LOOKS["mouth"]), (loud, _LOOKS["voice"])):
            ax.plot(seconds, _standing(values[:count]), **look)
        ax.set(title=name, ylabel="Spreads\nfrom the mean")
    axes[-1].set_xlabel("Time (s)")
    legend(figure, {"opening of the mouth": _LOOKS["mouth"], "loudness of the voice": _LOOKS["voice"]})
    heading(figure, title)
    return figure


@drawn
def lags(seconds: Sequence[float], own: np.ndarray, others: np.ndarray) -> Figure:
    """The correlation of mouth and loudness by how late the sound is.

    Args:
        seconds: the lags (lags,).
        own, others: correlations (clips, lags) of clips with their own sound and with another's.
    """
    figure, ax = plt.subplots(figsize=(WIDTH, 3.4))
    entries = {}
    for name, found, colour in (("its own voice", own, REAL), ("a stranger's voice", others, FAKE)):
        low, middle, high = np.nanquantile(found, [0.25, 0.5, 0.75], axis=0)
        ax.fill_between(seconds, low, high, color=colour, alpha=0.2, linewidth=0)
        ax.plot(seconds, middle, color=colour)
        entries[f"{name}: median, and the middle half of the clips"] = {"color": colour}
    ax.axvline(0, color=GREY, linestyle=":", linewidth=1.2)
    ax.set(xlabel="How late the sound is (s)", ylabel="Correlation")
    legend(figure, entries, columns=1)
    heading(figure, "Mouth and loudness, by lag")
    return figure


@drawn
def ears(found: pd.DataFrame, *, title: str) -> Figure:
    """How well detectors tell forged sounds from real ones: AUC with 95 % intervals.

    Args:
        found: one row a dot: detector (one colour each), what (stands on the y axis), auc, auc_low, auc_high.
    """
    tables = {name: rows for name, rows in found.groupby("detector", sort=False)}
    figure, ax = plt.subplots(figsize=(WIDTH, 0.24 * len(found) + 1.9))
    ax.axvline(0.5, color=GREY, linestyle=":", linewidth=1.2)
    intervals(ax, tables, "what", "auc", "auc_low", "auc_high")
    ax.set(xlabel="AUC (dotted: a coin)", xlim=(-0.03, 1.03))
    model_legend(figure, tables)
    heading(figure, title)
    return figure


@drawn
def who_finds_what(aucs: pd.DataFrame) -> Figure:
    """AUC of each detector (columns) for each kind of forgery (rows) against originals; NaN where it has no say."""
    figure, ax = plt.subplots(figsize=(WIDTH, 0.5 * len(aucs) + 1.3))
    # Cividis is the same to everybody; a coin is in its middle.
    image = ax.imshow(aucs.to_numpy(float), cmap="cividis", vmin=0, vmax=1, aspect="auto")
    for (row, column), auc in np.ndenumerate(aucs.to_numpy(float)):
        text = "–" if np.isnan(auc) else f"{auc:.2f}"
        ax.text(column, row, text, ha="center", va="center", color="white" if auc < 0.6 else "black")
    ax.set_xticks(range(aucs.shape[1]), aucs.columns)
    ax.set_yticks(range(len(aucs)), aucs.index)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.grid(False)
    figure.colorbar(image, ax=ax, label="AUC against originals")
    heading(figure, "Who finds what")
    return figure


_LOOKS: dict[str, dict] = {"mouth": {"color": "#009E73"}, "voice": {"color": "#CC79A7", "linestyle": "--"}}


def _standing(values: np.ndarray) -> np.ndarray:
    return (values - values.mean()) / max(float(values.std()), 1e-9)
