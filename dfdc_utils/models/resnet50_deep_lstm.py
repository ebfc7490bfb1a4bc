"""ResNet50 + deep LSTM: the variant that the report's text describes, with four recurrent layers in place of one."""

from dfdc_utils.backend import keras, layers
from dfdc_utils.models.sequences import sequence_model
from dfdc_utils.profiles import Profile


def resnet50_deep_lstm(profile: Profile) -> keras.Model:
    """A track's faces, in order, to P(fake) (`sequences.sequence_model`).

    `profile.lstm_units` is the width of each LSTM, and of either direction of it: 2,048 in the report.
    """
    return sequence_model("resnet50_deep_lstm", profile, deep_lstm)


def deep_lstm(frames, mask, units: int):
    """Three bidirectional layers, a unidirectional one, dropout 0.4, and a linear layer with a sigmoid."""
    x = frames
    for number in (1, 2, 3):
        lstm = layers.LSTM(units, return_sequences=True)
        x = layers.Bidirectional(lstm, name=f"both_ways{number}")(x, mask=mask)
    x = layers.LSTM(units, name="one_way")(x, mask=mask)
    x = layers.Dropout(0.4, name="dropout")(x)
    return layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
