"""The widget, and one function for each thing that one can do with it."""

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets
from IPython.display import display

from dfdc_utils.explore import clips, module, stills
from dfdc_utils.explore.answers import EXPECTED, Answers
from dfdc_utils.workspace import Workspace


class Explorer(anywidget.AnyWidget):
    """One view of a study. Everything it shows is asked for through its own channel to the kernel."""

    _esm = module.module()
    _css = module.style()
    view = traitlets.Unicode().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)

    def __init__(self, view: str, workspace: Workspace, video: str | None = None):
        self._clips = clips.of_study(workspace)
        if video is not None:
            self._clips.row(video)
        self._answers = Answers(workspace, self._clips)
        self._still = stills.still(view, workspace, self._clips, video)
        super().__init__(view=view, options=options(self._clips) | {"video": video})
        self.on_msg(self._asked)

    def _ipython_display_(self) -> None:
        # Two outputs: the picture for whoever cannot run widgets, and the widget, which hides the picture.
        words = f"A picture of the view '{self.view}'; run the cell to use it."
        display({"image/png": self._still, "text/plain": words}, raw=True)
        bundle = self._repr_mimebundle_()
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle or {}, {})
        display({kind: data[kind] for kind in data if kind != "text/plain"}, metadata=metadata, raw=True)

    def _asked(self, _, question: dict[str, Any], buffers: Sequence[memoryview]) -> None:
        told: dict[str, Any] = {"error": "The kernel could not answer; its log says why."}
        parts: Sequence[bytes] = ()
        try:
            args = question.get("args") or {}
            answer, parts = self._answers(question.get("ask", ""), args, [bytes(buffer) for buffer in buffers])
            told = {"answer": answer}
        except EXPECTED as error:
            told = {"error": str(error)}
        finally:
            # A question without an answer would be waited for, for ever.
            self.send({"id": question.get("id")} | told, list(parts))


def options(some: clips.Clips) -> dict[str, Any]:
    """What the JavaScript module has to know before it asks anything."""
    return {
        "columns": some.columns, "choices": some.choices(), "models": dict(some.titles), "notes": list(some.notes),
    }


def browse(workspace: Workspace) -> Explorer:
    """All clips as a table that sorts and filters; a click opens one."""
    return Explorer("browse", workspace)


def compare(workspace: Workspace, video: str | None = None) -> Explorer:
    """A fake and its original, played in step. Raises ValueError for a clip that is not there."""
    return Explorer("compare", workspace, video)


def verdict(workspace: Workspace, video: str | None = None) -> Explorer:
    """P(fake) of each model over the time of a clip, and where the models look. Raises as `compare`."""
    return Explorer("verdict", workspace, video)


def threshold(workspace: Workspace) -> Explorer:
    """What follows from a threshold: confusion matrix, accuracies, costs, and the clips behind each number."""
    return Explorer("threshold", workspace)


def faces(workspace: Workspace) -> Explorer:
    """The faces of a study, and those of a clip of your own."""
    return Explorer("faces", workspace)


def game(workspace: Workspace) -> Explorer:
    """Spot the fake, alone and with a model's help."""
    return Explorer("game", workspace)
