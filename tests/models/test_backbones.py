"""ImageNet weights: the right pre-processing for them, and what happens where they are out of reach."""

import functools
import hashlib
import http.server
import socket
import threading
import time

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.models import backbones, download

PROFILE = profiles.get("tiny", face_side=32)


@pytest.fixture
def nothing_downloaded(tmp_path, monkeypatch):
    """An empty folder for downloads. Returns it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serves a folder in place of the host of the weights. Returns the folder."""
    folder = tmp_path / "host"
    (folder / "densenet").mkdir(parents=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("ours", "keras_own"),
    [
        (backbones.subtract_mean, keras.applications.resnet50.preprocess_input),
        (backbones.standardise, keras.applications.densenet.preprocess_input),
    ],
)
def test_preprocessing_is_the_one_the_weights_were_trained_with(ours, keras_own):
    faces = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    entrance = keras.Input((8, 8, 3))
    seen = keras.Model(entrance, ours(entrance)).predict(faces, verbose=0)
    np.testing.assert_allclose(seen, keras_own(faces.astype("float32")), atol=1e-5)


def test_red_is_the_last_channel_that_resnet50_sees():
    entrance = keras.Input((1, 1, 3))
    red = np.array([[[[255, 0, 0]]]], np.uint8)
    seen = keras.Model(entrance, backbones.subtract_mean(entrance)).predict(red, verbose=0)
    np.testing.assert_allclose(seen[0, 0, 0], [-103.939, -116.779, 255 - 123.68], atol=1e-3)


def test_no_connection_is_one_plain_message_within_seconds(nothing_downloaded, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{port}/")
    started = time.perf_counter()
    with pytest.raises(models.WeightsUnavailable) as error:
        models.build("densenet121", PROFILE.replace(weights="imagenet"))
    assert time.perf_counter() - started < 10
    message = str(error.value)
    assert "Connection refused" in message and "weights=random" in message
    assert str(nothing_downloaded / "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5") in message
    assert not list(nothing_downloaded.glob("*"))


def test_a_host_that_never_answers_is_given_up(nothing_downloaded, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        started = time.perf_counter()
        with pytest.raises(models.WeightsUnavailable, match="timed out|no answer"):
            backbones.densenet121(32, "imagenet", name="densenet121")
        assert time.perf_counter() - started < 8


def test_a_name_that_hangs_in_its_look_up_is_given_up(nothing_downloaded, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    monkeypatch.setattr(download.urllib.request, "urlopen", lambda *_, **__: time.sleep(5))
    started = time.perf_counter()
    with pytest.raises(models.WeightsUnavailable, match="no answer within"):
        download.fetch("http://hangs/file.h5", nothing_downloaded / "file.h5", checksum="md5:")
    assert time.perf_counter() - started < 2


def test_a_missing_file_and_a_wrong_one_are_told_apart(nothing_downloaded, serve):
    with pytest.raises(models.WeightsUnavailable, match="404"):
        backbones.densenet121(32, "imagenet", name="densenet121")
    (serve / "densenet" / backbones._DENSENET121.file).write_bytes(b"a proxy's log-in page")
    with pytest.raises(models.WeightsUnavailable, match="not the published file"):
        backbones.densenet121(32, "imagenet", name="densenet121")


def test_auto_starts_at_random_and_says_so(nothing_downloaded, serve, capsys):
    with pytest.warns(UserWarning, match="without ImageNet weights"):
        model = models.build("densenet121", PROFILE.replace(weights="auto"))
    assert model.weights_start == "random"
    assert "NO IMAGENET WEIGHTS: DenseNet121 starts at random" in capsys.readouterr().out


@pytest.mark.parametrize("weights", ["imagenet", "auto"])
def test_weights_that_can_be_had_are_loaded(weights, nothing_downloaded, serve, monkeypatch, tmp_path):
    """A file laid out like Keras's own: made by its application, without our pre-processing in front."""
    published = keras.applications.DenseNet121(include_top=False, weights=None, input_shape=(32, 32, 3))
    file = serve / "densenet" / backbones._DENSENET121.file
    published.save(file)  # by its ending .h5, in the legacy format of the published files
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setattr(
        backbones, "_DENSENET121", backbones._Weights("densenet", backbones._DENSENET121.file, md5)
    )
    model = models.build("densenet121", PROFILE.replace(weights=weights))
    assert model.weights_start == "imagenet"
    for layer in published.layers:
        if layer.weights:
            ours = model.get_layer(layer.name).get_weights()
            for expected, found in zip(layer.get_weights(), ours, strict=True):
                np.testing.assert_array_equal(expected, found)
    assert [path.name for path in nothing_downloaded.iterdir()] == [file.name]
