"""Meso4 and MesoInception4 (Afchar, Nozick, Yamagishi and Echizen: MesoNet, WIFS 2018, figures 4 and 5).

Layers, their order and their sizes are the authors'; so are the biases of the convolutions, although a batch
normalisation follows each. At 256 × 256 they have 28,073 and 28,725 parameters. One thing differs: the
authors' networks answer P(real), these answer P(fake), as every model of the study does. Faces are divided by 255, as
there, whatever the profile's normalisation. The averages of the batch normalisations follow within tens of batches
(Keras: hundreds), as in all networks here that start at random: a small study has few.
"""

from dfdc_utils.backend import keras, layers
from dfdc_utils.profiles import Profile


def meso4(profile: Profile) -> keras.Model:
    """Four convolutions, each followed by a batch normalisation of its own and a max pooling."""
    faces = keras.Input((profile.face_side, profile.face_side, 3), name="faces")
    x = layers.Rescaling(1 / 255, name="zero_to_one")(faces)
    x = _block(x, filters=8, kernel=3, pool=2, number=1)
    x = _block(x, filters=8, kernel=5, pool=2, number=2)
    x = _block(x, filters=16, kernel=5, pool=2, number=3)
    x = _block(x, filters=16, kernel=5, pool=4, number=4)
    return _finish(faces, x, profile.meso_dropout, "meso4")


def mesoinception4(profile: Profile) -> keras.Model:
    """Meso4 with its first two convolutions replaced by inception modules of dilated convolutions."""
    faces = keras.Input((profile.face_side, profile.face_side, 3), name="faces")
    x = layers.Rescaling(1 / 255, name="zero_to_one")(faces)
    x = _inception(x, filters=(1, 4, 4, 2), number=1)
    x = _inception(x, filters=(2, 4, 4, 2), number=2)
    x = _block(x, filters=16, kernel=5, pool=2, number=3)
    x = _block(x, filters=16, kernel=5, pool=4, number=4)
    return _finish(faces, x, profile.meso_dropout, "mesoinception4")


def _block(x, *, filters: int, kernel: int, pool: int, number: int):
    x = layers.Conv2D(filters, kernel, padding="same", activation="relu", name=f"conv{number}")(x)
    x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
    return layers.MaxPooling2D(pool, padding="same", name=f"pool{number}")(x)


def _inception(x, *, filters: tuple[int, int, int, int], number: int):
    """Four branches that see ever wider surroundings: 1 × 1, then 3 × 3 with dilation 1, 2 and 3."""

    def conv(x, count, kernel, dilation, name):
        return layers.Conv2D(
            count, kernel, padding="same", dilation_rate=dilation, activation="relu", name=f"inception{number}_{name}"
        )(x)

    branches = [conv(x, filters[0], 1, 1, "a")]
    for count, dilation, name in zip(filters[1:], (1, 2, 3), "bcd", strict=True):
        branches.append(conv(conv(x, count, 1, 1, f"{name}1"), count, 3, dilation, f"{name}2"))
    x = layers.Concatenate(name=f"inception{number}")(branches)
    x = layers.BatchNormalization(momentum=0.9, name=f"norm{number}")(x)
    return layers.MaxPooling2D(2, padding="same", name=f"pool{number}")(x)


def _finish(faces, x, dropout: float, name: str) -> keras.Model:
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(dropout, name="dropout1")(x)
    x = layers.Dense(16, name="dense")(x)
    x = layers.LeakyReLU(negative_slope=0.1, name="leaky_relu")(x)
    x = layers.Dropout(dropout, name="dropout2")(x)
    # float32 also under mixed precision: half floats round P(fake) near 0 and 1 away.
    p_fake = layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(x)
    model = keras.Model(faces, p_fake, name=name)
    model.weights_start = "none"
    return model
