"""People beside networks: what a class came to in the game of notebook 11."""

import pandas as pd
from matplotlib.figure import Figure

from dfdc_utils.plots import style

_MODES = {"single": "One clip", "pair": "An original beside its fake"}
# Blue and vermilion are for labels.
_HERE, _ELSEWHERE = "black", style.GREY


@style.drawn
def people(scores: pd.DataFrame) -> Figure:
    """The shares of right answers of people, of the model, and of people who know its answer.

    Args:
        scores: rows of `explore.spot_the_fake.class_scores`.
    """
    modes = [mode for mode in _MODES if (scores["mode"] == mode).any()]
    figure, axes = style.panels(len(modes), columns=2, height=2.6)
    for each, mode in zip(axes, modes, strict=True):
        rows = scores[scores["mode"] == mode].iloc[::-1]
        each.hlines(rows["who"], rows["low"], rows["high"], color=_HERE, linewidth=3, alpha=0.5)
        each.plot(rows["share"], rows["who"], color=_HERE, **style.DOT)
        each.plot(rows["elsewhere"], rows["who"], color=_ELSEWHERE, linestyle="", marker="D", markersize=7)
        each.axvline(0.5, color=style.LIGHT, linestyle="--", zorder=0)
        each.set(xlim=(0, 1.02), xlabel="share of right answers", ylim=(-0.5, len(rows) - 0.5))
        answers, players = int(rows["answers"].iloc[0]), int(rows["players"].iloc[0])
        count = f"{answers} answer{'s' * (answers != 1)} of {players} player{'s' * (players != 1)}"
        each.set_title(f"{_MODES[mode]}: {count}")
    elsewhere = {"color": _ELSEWHERE, "marker": "D", "linestyle": "", "markersize": 7}
    style.legend(figure, {
        "here, with 95 % interval": style.DOT | {"color": _HERE}, "real DFDC clips (Groh et al., 2022)": elsewhere,
    })
    return figure
