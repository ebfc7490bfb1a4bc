"""What is found out about a trained model of a study is found out once, and read afterwards."""

from collections.abc import Callable

import numpy as np

from dfdc_utils import made_from
from dfdc_utils.workspace import Workspace


def once(
    what: str,
    name: str,
    workspace: Workspace,
    faces: np.ndarray,
    compute: Callable[[], dict[str, np.ndarray]],
    *,
    modules: tuple[str, ...],
    **settings,
) -> dict[str, np.ndarray]:
    """What `compute` gives; read if it was kept, of the same model, faces, settings and code.

    Args:
        what: it is, for its file.
        name: of the trained model.
        faces: that the model is asked about.
        modules: names of those that compute it.
        settings: that concern it.
    """
    model = made_from.identity(workspace, workspace.model(name))
    wanted = made_from.MadeFrom(
        settings=settings, inputs={"the model": model, "the faces": made_from.array_digest(faces)},
        code=made_from.code_of(*modules),
    )
    return made_from.arrays(workspace, workspace.explained(f"{what}_{name}"), wanted, compute)
