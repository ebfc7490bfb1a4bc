"""ResNet50 + LSTM: a frozen ImageNet network looks at every frame, a recurrent one at the sequence of them.

The model has two named parts, so that training can run the first one once and for all:

    backbone   (n, side, side, 3) faces     -> (n, 2048) features         frozen
    head       (n, frames, 2048) features   -> (n, 1) P(fake)             trained
"""

from dfdc_utils.backend import keras, layers, ops
from dfdc_utils.models import backbones
from dfdc_utils.profiles import Profile


def resnet50_lstm(profile: Profile) -> keras.Model:
    """`profile.sequence_frames` faces of one track, in order, to P(fake).

    `profile.lstm_units` is the width of the LSTM and of the dense layer after it: 2,048 both in the report.
    """
    side, frames = profile.face_side, profile.sequence_frames
    backbone = backbones.resnet50(side, profile.weights, name="backbone")
    backbone.trainable = False
    features = backbone.output_shape[-1]

    faces = keras.Input((frames, side, side, 3), name="faces")
    # Frames are folded into the batch; TimeDistributed would repeat the backbone's graph for each of them.
    x = ops.reshape(faces, (-1, side, side, 3))
    # training=False: the batch normalisation of a frozen network keeps its averages.
    x = backbone(x, training=False)
    x = ops.reshape(x, (-1, frames, features))
    p_fake = _head(frames, features, profile.lstm_units)(x)
    model = keras.Model(faces, p_fake, name="resnet50_lstm")
    model.weights_start = backbone.weights_start
    return model


def _head(frames: int, features: int, units: int) -> keras.Model:
    sequence = keras.Input((frames, features), name="features")
    x = layers.LSTM(units, name="lstm")(sequence)
    # The report gives no slope.
    x = layers.LeakyReLU(negative_slope=0.01, name="leaky_relu")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    x = layers.Dense(units, activation="relu", name="dense")(x)
    p_fake = layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
    return keras.Model(sequence, p_fake, name="head")
