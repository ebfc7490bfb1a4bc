"""DenseNet121 (Huang et al., CVPR 2017): ImageNet backbone, global average pooling, dense sigmoid.

Trained whole, as in the report: only its ResNet50 is frozen.
"""

from dfdc_utils.backend import keras, layers
from dfdc_utils.models import backbones
from dfdc_utils.profiles import Profile


def densenet121(profile: Profile) -> keras.Model:
    """One flat graph: pre-processing, 121 layers, the average of each of the 1,024 channels, one sigmoid unit."""
    backbone = backbones.densenet121(profile.face_side, profile.weights, name="densenet121")
    p_fake = layers.Dense(1, activation="sigmoid", dtype="float32", name="p_fake")(backbone.output)
    # Not `.input`: here that is a list of one, and Keras warns of every face that is not in a list.
    model = keras.Model(backbone.inputs[0], p_fake, name="densenet121")
    model.weights_start = backbone.weights_start
    return model
