"""ResNet50 + LSTM: a frozen ImageNet network looks at every frame, a recurrent one at the sequence of them."""

from dfdc_utils.backend import keras, layers
from dfdc_utils.models.sequences import sequence_model
from dfdc_utils.profiles import Profile


def resnet50_lstm(profile: Profile) -> keras.Model:
    """A track's faces, in order, to P(fake) (`sequences.sequence_model`).

    `profile.lstm_units` is the width of the LSTM and of the dense layer after it: 2,048 both in the report.
    """
    return sequence_model("resnet50_lstm", profile, _verdict)


def _verdict(features, mask, units: int):
    x = layers.LSTM(units, name="lstm")(features, mask=mask)
    # The report gives no slope.
    x = layers.LeakyReLU(negative_slope=0.01, name="leaky_relu")(x)
    x = layers.Dropout(0.4, name="dropout")(x)
    x = layers.Dense(units, activation="relu", name="dense")(x)
    return layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
