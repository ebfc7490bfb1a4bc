"""Does a map show the network, or only the face? (Adebayo et al., Sanity Checks for Saliency Maps, 2018)

A map that stays the same when what the network learnt is destroyed cannot tell what the network learnt. So
the weights are destroyed, from the output towards the input, and the maps compared.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd
from scipy import stats

from dfdc_utils.backend import keras
from dfdc_utils.explain import gradcam
from dfdc_utils.explain.layers import all_layers
from dfdc_utils.explain.once import once
from dfdc_utils.workspace import Workspace

STAGES = (0.1, 0.5, 1.0)


@contextlib.contextmanager
def randomised(model: keras.Model, share: float = 1.0, *, seed: int) -> Iterator[keras.Model]:
    """While open, the last `share` of the model's layers with weights have lost what they learnt.

    The values in each array of weights are shuffled: their sizes stay as they were, so that activations
    neither die out nor explode, and their meaning is gone.

    Args:
        model: any model; changed in place, and whole again afterwards.
        share: of the layers, counted from the output, in [0, 1]; above zero it is one layer at least.
        seed: of the shuffling.
    """
    layers = [layer for layer in all_layers(model) if layer.weights]
    lost = layers[len(layers) - int(np.ceil(share * len(layers))):]
    kept = [layer.get_weights() for layer in lost]
    generator = np.random.default_rng(seed)
    try:
        for layer, weights in zip(lost, kept, strict=True):
            layer.set_weights([generator.permutation(array.ravel()).reshape(array.shape) for array in weights])
        yield model
    finally:
        for layer, weights in zip(lost, kept, strict=True):
            layer.set_weights(weights)


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> float:
    """Spearman's rank correlation of two maps of the same face, averaged over the faces.

    1 where the same places are hot and cold, about 0 where the two have nothing to do with each other.

    Args:
        maps, others: (…, height, width), of the same faces. Faces of which either map has only one value are
            left out, for they have no ranks; NaN where no other is left.
    """
    pairs = [
        (one, other)
        for one, other in zip(_flat(maps), _flat(others), strict=True)
        if np.ptp(one) > 0 and np.ptp(other) > 0
    ]
    return float(np.mean([stats.spearmanr(*pair).statistic for pair in pairs])) if pairs else np.nan


def cascade(
    model: keras.Model,
    explain: Callable[[np.ndarray], np.ndarray],
    faces: np.ndarray,
    *,
    seed: int,
    stages: Sequence[float] = STAGES,
) -> pd.Series:
    """`rank_correlation` between the maps of the model and those of the same model ever more `randomised`.

    Args:
        model: a face model; whole again afterwards.
        explain: `gradcam.explainer(model)`, or any other that follows the model's weights.
        faces: a batch of the model's own input, RGB 0–255.
        seed: of the randomisation.
        stages: shares of the layers that are randomised, from the output on.

    Returns:
        The correlation by share; that of share 0, where nothing was changed, is measured too.
    """
    maps, correlations = explain(faces), {}
    for share in (0.0, *stages):
        with randomised(model, share, seed=seed):
            correlations[share] = rank_correlation(maps, explain(faces))
    return pd.Series(correlations, name="rank correlation").rename_axis("share randomised")


def cascade_once(
    name: str, workspace: Workspace, model: keras.Model, explain: Callable[[np.ndarray], np.ndarray],
    faces: np.ndarray, *, seed: int,
) -> pd.Series:
    """`cascade` for the trained model `name` of a study, explained by Grad-CAM, computed `once`."""

    def compute() -> dict[str, np.ndarray]:
        found = cascade(model, explain, faces, seed=seed)
        return {"shares": found.index, "correlations": found}

    modules = __name__, gradcam.__name__
    found = once("sanity", name, workspace, faces, compute, modules=modules, seed=seed, stages=STAGES)
    index = pd.Index(found["shares"], name="share randomised")
    return pd.Series(found["correlations"], index=index, name="rank correlation")


def _flat(maps: np.ndarray) -> np.ndarray:
    return maps.reshape(-1, maps.shape[-2] * maps.shape[-1])
