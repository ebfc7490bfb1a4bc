"""ResNet50 and DenseNet121 are Keras's own at full width, and what becomes of ImageNet's weights for them."""

import collections
import dataclasses
import functools
import hashlib
import http.server
import socket
import threading

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.models import backbones, densenet121, download, resnet50

PROFILE = profiles.get("tiny", face_side=32, backbone_width=1)


@pytest.fixture
def nothing_downloaded(tmp_path, monkeypatch):
    """An empty folder for downloads. Returns it."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path / "keras" / "models"


@pytest.fixture
def serve(tmp_path, monkeypatch):
    """Serves a folder in place of the host of the weights. Returns the folder."""
    folder = tmp_path / "host"
    for network in (resnet50, densenet121):
        (folder / network.PUBLISHED.folder).mkdir(parents=True)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{server.server_port}/")
    yield folder
    server.shutdown()
    server.server_close()


def started(weights: str, **changes) -> keras.Model:
    """What is no DenseNet121, with the weights of one: the network itself takes seconds to build."""
    entrance = keras.Input((3,))
    network = keras.Model(entrance, keras.layers.Dense(1)(entrance))
    backbones.start(network, densenet121.PUBLISHED, PROFILE.replace(weights=weights, **changes))
    return network


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


def test_min_max_stretches_each_face_by_itself_over_all_its_colours():
    faces = np.zeros((3, 4, 4, 3), np.uint8)
    faces[0] = np.arange(48).reshape(4, 4, 3) + 20
    faces[1, ..., 0], faces[1, 0, 0] = 200, (100, 150, 50)
    entrance = keras.Input((4, 4, 3))
    seen = keras.Model(entrance, backbones.stretch_to_range(entrance)).predict(faces, verbose=0)
    np.testing.assert_allclose(seen[0], np.arange(48).reshape(4, 4, 3) / 47, atol=1e-6)
    np.testing.assert_allclose(seen[1, 0, 0], [0.5, 0.75, 0.25], atol=1e-6)
    # Nothing to stretch in a face of one value.
    np.testing.assert_array_equal(seen[2], 0)


def seen_by_first_convolution(name: str, **changes) -> np.ndarray:
    """Of one face, what the first convolution of a model, or of its backbone, is given: (height, width, 3)."""
    model = models.build(name, PROFILE.replace(**changes))
    network = model.get_layer("backbone") if name in models.SEQUENCE_MODELS else model
    first = next(layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D))
    given = keras.Model(network.inputs[0], first.input)
    # ResNet50 and DenseNet121 pad it with zeros.
    seen = given.predict(FACE[None], verbose=0)[0]
    return seen[3:-3, 3:-3] if seen.shape[0] == 38 else seen


FACE = np.random.default_rng(0).integers(30, 200, (32, 32, 3)).astype("float32")
IMAGENET = (FACE / 255 - backbones.MEAN) / backbones.STANDARD_DEVIATION
BGR = FACE[..., ::-1] - (103.939, 116.779, 123.68)
MIN_MAX = (FACE - FACE.min()) / (FACE.max() - FACE.min())


@pytest.mark.parametrize(
    ("name", "own", "imagenet", "min_max"),
    [
        ("custom_cnn", IMAGENET, IMAGENET, MIN_MAX),
        ("densenet121", IMAGENET, IMAGENET, MIN_MAX),
        ("resnet50_lstm", BGR, IMAGENET, MIN_MAX),
        ("meso4", FACE / 255, FACE / 255, FACE / 255),
        ("mesoinception4", FACE / 255, FACE / 255, FACE / 255),
    ],
)
def test_networks_that_start_at_random_are_shown_what_the_profile_says(name, own, imagenet, min_max):
    for normalisation, expected in {"own": own, "imagenet": imagenet, "min_max": min_max}.items():
        found = seen_by_first_convolution(name, normalisation=normalisation, backbone_width=0.25)
        np.testing.assert_allclose(found, expected, atol=1e-4, err_msg=normalisation)


def test_no_connection_is_one_plain_message(nothing_downloaded, monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{port}/")
    with pytest.raises(models.WeightsUnavailable) as error:
        started("imagenet")
    message = str(error.value)
    assert "Connection refused" in message and "weights=random" in message
    assert str(nothing_downloaded / "densenet121_weights_tf_dim_ordering_tf_kernels_notop.h5") in message
    assert not list(nothing_downloaded.glob("*"))


def test_a_host_that_never_answers_is_given_up(nothing_downloaded, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(backbones, "_HOST", f"http://127.0.0.1:{silent.getsockname()[1]}/")
        with pytest.raises(models.WeightsUnavailable, match="timed out|no answer"):
            started("imagenet")


def test_a_name_that_hangs_in_its_look_up_is_given_up(nothing_downloaded, monkeypatch):
    monkeypatch.setattr(download, "PATIENCE", 0.5)
    given_up = threading.Event()

    def look_up(*_, **__):
        given_up.wait(60)
        raise socket.gaierror("at last")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(models.WeightsUnavailable, match="no answer within"):
        download.fetch("http://hangs/file.h5", nothing_downloaded / "file.h5", checksum="md5:")
    given_up.set()


def test_a_missing_file_and_a_wrong_one_are_told_apart(nothing_downloaded, serve):
    with pytest.raises(models.WeightsUnavailable, match="404"):
        started("imagenet")
    (serve / "densenet" / densenet121.PUBLISHED.file).write_bytes(b"a proxy's log-in page")
    with pytest.raises(models.WeightsUnavailable, match="does not match the known hash"):
        started("imagenet")
    assert not list(nothing_downloaded.glob("*")), "nothing that is wrong, or half, is left where Keras looks"


def test_a_download_that_breaks_off_leaves_nothing_and_a_whole_one_mends_a_wrong_file(nothing_downloaded, tmp_path):
    content = bytes(range(256)) * 10_000
    sent = len(content) // 2

    class Host(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()

        def do_GET(self):
            self.do_HEAD()
            self.wfile.write(content[:sent])

        def log_message(self, *_):
            pass

    path, checksum = nothing_downloaded / "file.h5", f"md5:{hashlib.md5(content).hexdigest()}"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Host) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/file.h5"
        with pytest.raises(models.WeightsUnavailable, match="IncompleteRead|broke"):
            download.fetch(url, path, checksum=checksum)
        assert not list(nothing_downloaded.glob("*"))
        path.write_bytes(b"cut off by a full disk")
        sent = len(content)
        assert download.fetch(url, path, checksum=checksum) == path
        server.shutdown()
    assert path.read_bytes() == content
    assert path.stat().st_mode & 0o044 == 0o044, "others who share the cache may read it"


def test_auto_starts_at_random_and_says_so(nothing_downloaded, serve, capsys):
    with pytest.warns(UserWarning, match="without ImageNet weights"):
        model = started("auto")
    assert model.weights_start == "random"
    assert "NO IMAGENET WEIGHTS: DenseNet121 starts at random" in capsys.readouterr().out


def of_width(network, width: float = 1.0, weights: str = "random") -> keras.Model:
    """ResNet50, or DenseNet121 without its last unit, by the module in which it is built."""
    profile = PROFILE.replace(backbone_width=width, weights=weights)
    if network is resnet50:
        return resnet50.resnet50(profile, name="backbone")
    model = models.build("densenet121", profile)
    features = keras.Model(model.input, model.get_layer("avg_pool").output)
    features.weights_start = model.weights_start
    return features


def kinds(network: keras.Model) -> collections.Counter:
    """How often each kind of layer is there, by what it does; pre-processing left out."""
    return collections.Counter(
        (type(layer).__name__, *(str(getattr(layer, name, "")) for name in ("strides", "padding", "pool_size")))
        for layer in network.layers
        if not isinstance(layer, keras.layers.Rescaling)
    )


def with_weights(network: keras.Model) -> list[str]:
    return [layer.name for layer in network.layers if layer.weights]


@pytest.mark.parametrize(
    ("ours", "application", "preprocess", "weights"),
    [
        (resnet50, keras.applications.ResNet50, keras.applications.resnet50.preprocess_input, "imagenet"),
        (densenet121, keras.applications.DenseNet121, keras.applications.densenet.preprocess_input, "auto"),
    ],
)
def test_full_width_is_the_network_of_keras_with_its_published_weights(
    ours, application, preprocess, weights, nothing_downloaded, serve, monkeypatch
):
    """From a file like the published one, whose weights Keras takes by their order: the same layers and answers."""
    theirs = application(include_top=False, weights=None, input_shape=(32, 32, 3), pooling="avg")
    generator = np.random.default_rng(0)
    # No two alike, so that two that changed places are found.
    theirs.set_weights([
        w * generator.uniform(0.8, 1.2, w.shape) + (w == 0) * generator.normal(0, 0.1, w.shape)
        for w in theirs.get_weights()
    ])
    file = serve / ours.PUBLISHED.folder / ours.PUBLISHED.file
    theirs.save(file)  # by its ending .h5, in the legacy format of the published files
    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    monkeypatch.setattr(ours, "PUBLISHED", dataclasses.replace(ours.PUBLISHED, md5=md5))

    network = of_width(ours, weights=weights)
    assert network.weights_start == "imagenet"
    assert [path.name for path in nothing_downloaded.iterdir()] == [file.name]
    assert kinds(network) == kinds(theirs) and with_weights(network) == with_weights(theirs)
    faces = generator.integers(0, 256, (3, 32, 32, 3)).astype("float32")
    expected, found = (np.array(answer) for answer in (theirs(preprocess(faces.copy())), network(faces)))
    assert expected.std(axis=0).mean() > 0.01 * expected.std(), "the faces are told apart"
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.std())


@pytest.mark.parametrize(
    ("network", "widths"),
    [
        # In eights, and at least eight.
        (resnet50, {0.125: ({8, 16, 32, 64, 128, 256}, 256), 0.04: ({8, 24, 32, 96}, 96)}),
        # Four are added at least.
        (densenet121, {0.25: ({8, 16, 32, 64, 128}, 256), 0.01: ({4, 8, 16, 32, 64}, 128)}),
    ],
)
def test_another_width_is_the_same_network_with_other_channels(network, widths):
    full = of_width(network)
    for width, (inside, features) in widths.items():
        narrow = of_width(network, width)
        assert kinds(narrow) == kinds(full) and with_weights(narrow) == with_weights(full)
        assert {layer.filters for layer in narrow.layers if isinstance(layer, keras.layers.Conv2D)} == inside
        assert narrow.output_shape == (None, features)


def test_only_full_width_has_weights_of_imagenet(nothing_downloaded, serve, capsys):
    with pytest.raises(ValueError, match="weights.*backbone_width"):
        PROFILE.replace(weights="imagenet", backbone_width=0.25)
    with pytest.warns(UserWarning, match="without ImageNet weights"):
        model = started("auto", backbone_width=0.25)
    assert model.weights_start == "random"
    assert "none for a network of 0.25 times the channels" in capsys.readouterr().out
