"""The study as a drawing: from a video to a verdict."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from dfdc_utils.plots.style import GREY, WIDTH, drawn

_STEPS = (
    ("data", "videos, real and fake,\nin one table", "01"),
    ("faces", "find, follow and\ncut out every face", "02"),
    ("models", "learn from the faces\nof the training clips", "03 – 06"),
    ("verdict", "P(fake) of each video,\nand how far to trust it", "07 – 10"),
)
"""What it is called, what happens, and in which notebooks. (The colours of the labels mean labels only.)"""
_INK = "#333333"


@drawn
def pipeline() -> Figure:
    """Four boxes and what leads from one to the next, with the notebooks of each."""
    figure, axes = plt.subplots(figsize=(WIDTH, 1.9))
    axes.set(xlim=(0, 4), ylim=(0, 1))
    axes.axis("off")
    for place, (name, text, notebooks) in enumerate(_STEPS):
        middle = place + 0.5
        box = FancyBboxPatch(
            (place + 0.07, 0.1), 0.86, 0.8, boxstyle="round,pad=0,rounding_size=0.06", facecolor="white",
            edgecolor=_INK, linewidth=2,
        )
        axes.add_patch(box)
        axes.text(middle, 0.74, name, ha="center", va="center", fontsize=14, fontweight="bold", color=_INK)
        axes.text(middle, 0.46, text, ha="center", va="center", fontsize=9.5)
        axes.text(middle, 0.2, f"notebook{'s' if '–' in notebooks else ''} {notebooks}", ha="center", va="center",
                  fontsize=9, color=GREY)
        if place:
            arrow = FancyArrowPatch(
                (place - 0.07, 0.5), (place + 0.07, 0.5), arrowstyle="-|>", mutation_scale=14, color=GREY, linewidth=2
            )
            axes.add_patch(arrow)
    return figure
