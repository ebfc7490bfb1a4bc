"""ResNet50 + automatic face weighting (AFW): faces that are blurred, turned away or untouched count less.

After D. Mas Montserrat et al., "Deepfakes Detection with Automatic Face Weighting", CVPR Workshops 2020 (arXiv
2004.12027), with the report's backbone and recurrent layers in place of the paper's EfficientNet-b5 and GRU.

Every frame has a logit l and a weight w, and the video a first verdict p_w = sigmoid(Σ w·l / Σ w). The features
of each frame, its logit, its weight and p_w go into the recurrent network, which has the last word.
"""

from dfdc_utils.backend import keras, layers, ops
from dfdc_utils.models.resnet50_deep_lstm import deep_lstm
from dfdc_utils.models.sequences import sequence_model
from dfdc_utils.profiles import Profile

_LEAST = 1e-3
"""Weight of a frame whose ReLU is silent: where all are, the plain mean of their logits remains."""


def resnet50_afw(profile: Profile) -> keras.Model:
    """A track's faces, in order, to P(fake) (`sequences.sequence_model`).

    The head's layer "frame_weights" gives w, (n, frames, 1), 0 for padding; "frame_logits" l; "p_weighted" p_w,
    (n, 1), which has a loss of its own in training (`training.weighting`).
    """
    return sequence_model("resnet50_afw", profile, _verdict)


def _verdict(features, mask, units: int):
    frames = features.shape[1]
    logits = layers.Dense(1, name="frame_logits")(features)
    # From equal weights on, the plain mean of the logits: at a random start the ReLU would silence half of the
    # frames before anything is known about them.
    weights = layers.Dense(
        1, activation="relu", kernel_initializer="zeros", bias_initializer="ones", name="raw_weights"
    )(features)
    here = ops.expand_dims(ops.cast(mask, weights.dtype), -1)
    weights = layers.Multiply(name="frame_weights")([weights + _LEAST, here])
    mean = ops.sum(weights * logits, axis=1) / ops.sum(weights, axis=1)
    p_weighted = layers.Activation("sigmoid", dtype="float32", name="p_weighted")(mean)
    p_w = layers.RepeatVector(frames, name="p_w_of_every_frame")(p_weighted)
    x = layers.Concatenate(name="features_logit_weight_p_w")([features, logits, weights, p_w])
    return deep_lstm(x, mask, units)
