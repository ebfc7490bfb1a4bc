"""What a person does with a mouse: browse clips, compare a fake with its original, move a threshold, play the game.

    from dfdc_utils import explore

    explore.browse(workspace)

Each function returns a widget, which a notebook shows where it is the value of a cell; where no widget can run there
is a picture of it. The same JavaScript makes the pages of the report (`explore.report`).
"""

from dfdc_utils.explore.widgets import browse, compare, faces, game, threshold, verdict

__all__ = ["browse", "compare", "faces", "game", "threshold", "verdict"]
