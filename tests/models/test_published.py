"""The authors' weights of MesoNet, from files as they published them."""

import json
import os
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest

from dfdc_utils import models
from dfdc_utils.models import WeightsUnavailable, published
from dfdc_utils.models.published import FORGERIES, load_published, published_profile

# Kinds in the order of creation, with the layers of ours.
CREATED = {
    "conv2d": {
        "meso4": ["conv1", "conv2", "conv3", "conv4"],
        "mesoinception4": [
            *(f"inception1_{branch}" for branch in ("a", "b1", "b2", "c1", "c2", "d1", "d2")),
            *(f"inception2_{branch}" for branch in ("a", "b1", "b2", "c1", "c2", "d1", "d2")),
            "conv3", "conv4",
        ],
    },
    "batch_normalization": dict.fromkeys(("meso4", "mesoinception4"), ["norm1", "norm2", "norm3", "norm4"]),
    "dense": dict.fromkeys(("meso4", "mesoinception4"), ["dense", "p_fake"]),
}
PARTS = {"batch_normalization": ("gamma", "beta", "moving_mean", "moving_variance")}


def random_model(name: str):
    """All weights differ, so that none is mistaken for another."""
    keras.utils.set_random_seed(3)
    model, generator = models.build(name, published_profile()), np.random.default_rng(3)
    for layer in model.layers:
        # Kernels are random already; biases, scales and variances are not.
        layer.set_weights([
            weights if weights.ndim > 1 else generator.uniform(0.5, 1.5, weights.shape)
            for weights in layer.get_weights()
        ])
    return model


def write_as_the_authors(model, name: str, path: Path, *, exchanged=()) -> Path:
    """A file as Keras 2 writes it: names count from some number on, depth decides the order.

    `exchanged`: two of our layers whose weights change places.
    """
    swap = {one: other for one, other in (exchanged, exchanged[::-1])} if exchanged else {}
    with h5py.File(path, "w") as file:
        names = []
        for kind, by_model in CREATED.items():
            for number, layer in enumerate(by_model[name], start=7):
                group = f"{kind}_{number}"
                names.append(group)
                weights = model.get_layer(swap.get(layer, layer)).get_weights()
                for part, values in zip(PARTS.get(kind, ("kernel", "bias")), weights, strict=True):
                    file[f"{group}/{group}/{part}:0"] = values
        file.attrs["layer_names"] = np.array(sorted(names, reverse=True), dtype="S")
    return path


def faces() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2, 256, 256, 3), dtype=np.uint8)


@pytest.mark.parametrize("name", ["meso4", "mesoinception4"])
def test_a_round_trip_gives_one_minus_what_the_authors_network_says(name, tmp_path):
    theirs = random_model(name)
    ours = load_published(name, "F2F", path=write_as_the_authors(theirs, name, tmp_path / "weights.h5"))
    p_real = theirs.predict_on_batch(faces())
    assert 0.02 < np.abs(p_real - 0.5).max() < 0.4999
    np.testing.assert_allclose(ours.predict_on_batch(faces()), 1 - p_real, atol=1e-5)


@pytest.mark.parametrize("branches", [
    ("inception1_b1", "inception1_c1"), ("inception1_b2", "inception1_c2"), ("inception2_b2", "inception2_c2"),
])
def test_two_branches_of_one_shape_in_each_others_place_would_be_noticed(branches, tmp_path):
    theirs = random_model("mesoinception4")
    path = write_as_the_authors(theirs, "mesoinception4", tmp_path / "weights.h5", exchanged=branches)
    ours = load_published("mesoinception4", "DF", path=path)
    assert np.abs(ours.predict_on_batch(faces()) - 1 + theirs.predict_on_batch(faces())).max() > 1e-4


@pytest.mark.skipif("DFDC_TEST_WEIGHTS" not in os.environ, reason="DFDC_TEST_WEIGHTS names no folder of weights")
def test_the_authors_file_gives_the_scores_it_gives_them():
    folder = Path(os.environ["DFDC_TEST_WEIGHTS"])
    reference = json.loads((folder / "reference.json").read_text())
    model = load_published("meso4", "DF", path=folder / reference["weights"])
    assert model.count_params() == reference["parameters"]
    pictures = np.random.default_rng(5).random((3, 256, 256, 3)).astype("float32")
    p_fake = model.predict_on_batch(255 * pictures)[:, 0]
    np.testing.assert_allclose(1 - p_fake, reference["p_real"], atol=1e-5)


@pytest.mark.skipif("DFDC_TEST_WEIGHTS" not in os.environ, reason="DFDC_TEST_WEIGHTS names no folder of weights")
def test_the_authors_file_is_the_one_whose_checksum_is_known():
    path = Path(os.environ["DFDC_TEST_WEIGHTS"]) / "Meso4_DF.h5"
    assert published.fetch("http://nowhere.invalid", path, checksum=published._FILES["meso4", "DF"][1]) == path


def test_what_is_not_published_and_what_is_no_file_of_weights(tmp_path):
    with pytest.raises(ValueError, match="no published weights of 'custom_cnn'.*meso4 DF"):
        load_published("custom_cnn", "DF")
    with pytest.raises(FileNotFoundError, match="no file at"):
        load_published("meso4", "DF", path=tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(ValueError, match="text.h5 is not a file of weights"):
        load_published("meso4", "DF", path=tmp_path / "text.h5")
    other = write_as_the_authors(random_model("mesoinception4"), "mesoinception4", tmp_path / "other.h5")
    with pytest.raises(ValueError, match="other.h5 holds the weights of another network than Meso4"):
        load_published("meso4", "DF", path=other)
    assert FORGERIES == ("DF", "F2F")


def test_where_nothing_can_be_downloaded_a_plain_message_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(published, "_ADDRESS", "http://127.0.0.1:9/")
    with pytest.raises(WeightsUnavailable, match=r"Meso4_DF\.h5 cannot be downloaded"):
        load_published("meso4", "DF")
