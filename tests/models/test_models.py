"""What every model keeps to: input, output, saving."""

import subprocess
import sys

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles

PROFILE = profiles.get("tiny", face_side=48)


def made_up_faces(model: keras.Model, count: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, *model.input_shape[1:]), dtype=np.uint8)


def test_the_models_of_the_report_are_there():
    assert models.names() == [
        "custom_cnn", "meso4", "mesoinception4", "densenet121",
        "resnet50_lstm", "resnet50_deep_lstm", "resnet50_afw",
    ]
    assert set(models.names()) == {*models.FRAME_MODELS, *models.SEQUENCE_MODELS}
    assert models.title("resnet50_lstm") == "ResNet50 + LSTM"


def test_a_title_says_how_wide_a_backbone_is_unless_it_is_that_of_the_paper():
    titles = {
        (name, width): models.title(name, PROFILE.replace(backbone_width=width))
        for name in ("resnet50_deep_lstm", "densenet121", "meso4") for width in (1, 0.125, 0.25, 0.3)
    }
    assert {titles["meso4", width] for width in (1, 0.125, 0.25, 0.3)} == {"Meso4"}
    assert [titles["densenet121", width] for width in (1, 0.25, 0.3)] == [
        "DenseNet121", "DenseNet121 (¼ width)", "DenseNet121 (0.3 width)"
    ]
    assert titles["resnet50_deep_lstm", 0.125] == "ResNet50 (⅛ width) + deep LSTM"


@pytest.mark.parametrize("call", [models.title, lambda name: models.build(name, PROFILE)])
def test_an_unknown_name_lists_the_known_ones(call):
    with pytest.raises(ValueError, match="no model 'xception'.*meso4"):
        call("xception")


def test_names_are_listed_without_keras():
    check = "import sys; from dfdc_utils import models; models.names(); assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize(
    ("name", "normalisation"),
    [*((name, "own") for name in models.names()), ("custom_cnn", "min_max"), ("resnet50_lstm", "min_max")],
)
def test_faces_in_p_fake_out_and_the_same_after_saving(name, normalisation, tmp_path):
    keras.utils.set_random_seed(5)
    model = models.build(name, PROFILE.replace(normalisation=normalisation))
    frames = (PROFILE.sequence_frames,) if name in models.SEQUENCE_MODELS else ()
    assert model.input_shape == (None, *frames, 48, 48, 3)
    assert model.name == name
    with_backbone = ("densenet121", *models.SEQUENCE_MODELS)
    assert model.weights_start == ("random" if name in with_backbone else "none")

    faces = made_up_faces(model)
    p_fake = model.predict(faces, verbose=0)
    assert p_fake.shape == (3, 1) and p_fake.dtype == np.float32
    assert ((p_fake > 0) & (p_fake < 1)).all()
    # Called, not compiled again, which takes seconds.
    np.testing.assert_allclose(model(faces.astype("float32")), p_fake, atol=1e-6)

    path = tmp_path / "model.keras"
    model.save(path)
    np.testing.assert_allclose(models.load(path)(faces), p_fake, atol=1e-6)


@pytest.mark.parametrize("normalisation", ["own", "min_max"])
@pytest.mark.parametrize("name", models.names())
def test_no_code_of_ours_is_needed_to_load_a_model(name, normalisation):
    """Every layer and operation is Keras's own."""
    def modules(part):
        if isinstance(part, dict):
            if part.get("class_name"):
                yield part.get("module"), part.get("registered_name")
            for value in part.values():
                yield from modules(value)
        elif isinstance(part, (list, tuple)):
            for value in part:
                yield from modules(value)

    found = set(modules(models.build(name, PROFILE.replace(normalisation=normalisation)).get_config()))
    assert all(module is None or module.split(".")[0] in ("keras", "builtins") for module, _ in found), found


def test_a_model_that_is_not_there_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match="train it first"):
        models.load(tmp_path / "meso4.keras")


def test_the_custom_cnn_is_what_the_report_says():
    model = models.build("custom_cnn", profiles.get("full"))
    assert model.count_params() < 500_000
    kinds = {type(layer).__name__ for layer in model.layers}
    assert kinds >= {"Conv2D", "BatchNormalization", "LeakyReLU", "MaxPooling2D", "Dropout"}
    joined = [layer for layer in model.layers if isinstance(layer, keras.layers.Concatenate)][-1]
    assert [type(tensor._keras_history.operation).__name__ for tensor in joined.input] == [
        "GlobalAveragePooling2D", "GlobalMaxPooling2D"
    ]
    assert model.layers[-1].units == 1


def test_the_large_custom_cnn_strides_over_larger_faces_and_the_small_one_stays_as_it_was():
    small, large = (
        models.build("custom_cnn", PROFILE.replace(face_side=160, cnn_size=size)) for size in ("small", "large")
    )
    assert small.count_params() == 489_713 and large.count_params() == 889_953
    shapes = [model.get_layer("block1_add").output.shape[1:] for model in (small, large)]
    assert shapes == [(80, 80, 32), (40, 40, 32)]
    faces = made_up_faces(large)
    assert large.predict(faces, verbose=0).shape == (3, 1)
    with pytest.raises(ValueError, match="'cnn_size' is one of small, large"):
        PROFILE.replace(cnn_size="huge")


def test_densenet121_is_its_backbone_an_average_and_one_unit():
    model = models.build("densenet121", PROFILE.replace(backbone_width=1))
    assert model.count_params() == 7_037_504 + 1024 + 1  # Keras's DenseNet121 without its top, and one unit
    assert [type(layer).__name__ for layer in model.layers[-2:]] == ["GlobalAveragePooling2D", "Dense"]
    # Trained whole: all but the averages of the batch normalisations.
    assert sum(int(np.prod(w.shape)) for w in model.trainable_weights) == 6_953_856 + 1024 + 1
