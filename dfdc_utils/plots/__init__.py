"""Every figure of the study, in one look.

    from dfdc_utils import plots

    plots.use()
    plots.save(plots.roc_curves(videos), workspace, "07_roc_curves")

Each function returns a `Figure`, which a notebook shows where it is the value of a cell; `save` returns its picture.
Real is blue and fake is vermilion, everywhere. Nothing here needs Keras, or knows how its numbers came about.
"""

from dfdc_utils.plots.data import (
    categories,
    fakes_per_original,
    histograms,
    labels_per_part,
    pair_differences,
    splits,
    trivial_baseline,
)
from dfdc_utils.plots.evaluation import (
    aggregation,
    comparison,
    confusion_matrices,
    pseudo_labels,
    reliability,
    roc_curves,
    score_distributions,
    tta_effect,
    worst_clips,
)
from dfdc_utils.plots.explanations import (
    feature_maps,
    heat_maps,
    heat_shares,
    kernels,
    maximised,
    mean_activations,
    over_time,
    sanity,
)
from dfdc_utils.plots.faces import (
    batch,
    contact_sheet,
    detections,
    extraction,
    face_statistics,
    face_strips,
    frame_weights,
    outcomes,
)
from dfdc_utils.plots.html import filterable, side_by_side, slider
from dfdc_utils.plots.listening import ears, lags, lips_and_voices, spectrograms, who_finds_what
from dfdc_utils.plots.making import learned_swaps, retrieval, steps
from dfdc_utils.plots.people import people
from dfdc_utils.plots.pipeline import pipeline
from dfdc_utils.plots.sensitivity import dissection, leakage, robustness, subgroups, tta_ablation
from dfdc_utils.plots.style import FAKE, LABELS, REAL, save, use
from dfdc_utils.plots.training import architecture, learning_curves, what_if

__all__ = [
    "FAKE", "LABELS", "REAL", "aggregation", "architecture", "batch", "categories", "comparison", "confusion_matrices",
    "contact_sheet", "detections", "dissection", "ears", "extraction", "face_statistics", "face_strips",
    "fakes_per_original", "feature_maps", "filterable", "frame_weights", "heat_maps", "heat_shares", "histograms",
    "kernels", "labels_per_part", "lags", "leakage", "learned_swaps", "learning_curves", "lips_and_voices", "maximised",
    "mean_activations", "outcomes", "over_time", "pair_differences", "people", "pipeline", "pseudo_labels",
    "reliability", "retrieval", "robustness", "roc_curves", "sanity", "save", "score_distributions", "side_by_side",
    "slider", "spectrograms", "splits", "steps", "subgroups", "trivial_baseline", "tta_ablation", "tta_effect", "use",
    "what_if", "who_finds_what", "worst_clips",
]
