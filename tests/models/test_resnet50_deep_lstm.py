"""The deep LSTM and automatic face weighting: their layers, their sizes, and how faces are weighed."""

import keras
import numpy as np
import pytest

from dfdc_utils import models, profiles
from dfdc_utils.explain.over_time import frame_weights
from dfdc_utils.models.resnet50_afw import _verdict as weighing
from dfdc_utils.models.sequences import PADDING, is_padding
from dfdc_utils.training.weighting import part_to_fit

FRAMES, WIDTH = 4, 6


@pytest.fixture
def weighing_head():
    """The head of AFW on six features."""
    keras.utils.set_random_seed(8)
    features = keras.Input((FRAMES, WIDTH))
    mask = keras.ops.logical_not(is_padding(features))
    return keras.Model(features, weighing(features, mask, 4), name="head")


def features_of(count: int) -> np.ndarray:
    return np.random.default_rng(3).uniform(0, 2, (count, FRAMES, WIDTH)).astype("float32")


def part(head, layer: str) -> keras.Model:
    return keras.Model(head.input, head.get_layer(layer).output)


@pytest.mark.parametrize(
    ("name", "before_the_lstms", "width"),
    # Of AFW a logit and a weight of each frame; they and p_w join the 2,048 features.
    [("resnet50_deep_lstm", 0, 2048), ("resnet50_afw", 2 * (2048 + 1), 2048 + 3)],
)
def test_the_parameters_of_the_report_at_a_width_that_a_test_can_bear(name, before_the_lstms, width):
    model = models.build(name, profiles.get("full", weights="random", lstm_units=64))

    def lstm(inputs: int) -> int:
        return 4 * ((inputs + 64) * 64 + 64)

    both_ways = 2 * (lstm(width) + lstm(2 * 64) + lstm(2 * 64))
    head = before_the_lstms + both_ways + lstm(2 * 64) + 64 + 1
    assert sum(int(np.prod(weights.shape)) for weights in model.trainable_weights) == head
    assert model.count_params() - head == 23_587_712  # the frozen ResNet50 without its top


def test_three_layers_both_ways_one_layer_one_way_dropout_and_a_unit(weighing_head):
    deep = models.build("resnet50_deep_lstm", profiles.get("tiny")).get_layer("head")
    for head in (deep, weighing_head):
        *_, a, b, c, d, dropout, unit = head.layers
        for layer in (a, b, c):
            assert type(layer) is keras.layers.Bidirectional and layer.forward_layer.return_sequences
            assert layer.merge_mode == "concat"
        assert type(d) is keras.layers.LSTM and not d.return_sequences and not d.go_backwards
        assert dropout.rate == 0.4
        assert (unit.units, unit.activation) == (1, keras.activations.sigmoid)


def test_dropout_is_for_training_only(weighing_head):
    features = features_of(3)
    said = [np.asarray(weighing_head(features)) for _ in range(2)]
    np.testing.assert_array_equal(*said)
    assert (np.asarray(weighing_head(features, training=True)) != said[0]).any()


def test_the_weighted_verdict_by_hand(weighing_head):
    features = features_of(2)
    features[1, 3] = PADDING
    kernel, bias = np.linspace(-1, 1, WIDTH)[:, None], np.array([0.1])
    weighing_head.get_layer("raw_weights").set_weights([kernel, bias])
    w = np.maximum(features @ kernel + bias, 0) + 0.001
    w[1, 3] = 0
    assert (w[:, :3] == 0.001).any() and (w > 0.01).any()
    logits = np.asarray(part(weighing_head, "frame_logits")(features))
    np.testing.assert_allclose(part(weighing_head, "frame_weights")(features), w, atol=1e-5)
    p_w = 1 / (1 + np.exp(-(w * logits).sum(axis=1) / w.sum(axis=1)))
    np.testing.assert_allclose(part(weighing_head, "p_weighted")(features), p_w, atol=1e-5)
    # What the recurrent network reads of each frame.
    joined = np.asarray(part(weighing_head, "features_logit_weight_p_w")(features))
    everything = np.concatenate([features, logits, w, np.repeat(p_w[:, None], FRAMES, axis=1)], axis=2)
    np.testing.assert_allclose(joined, everything, atol=1e-5)


def test_where_no_frame_is_given_weight_the_plain_mean_remains(weighing_head):
    weighing_head.get_layer("raw_weights").set_weights([np.zeros((WIDTH, 1)), np.array([-1.0])])
    features = features_of(2)
    mean = np.asarray(part(weighing_head, "frame_logits")(features)).mean(axis=1)
    np.testing.assert_allclose(part(weighing_head, "p_weighted")(features), 1 / (1 + np.exp(-mean)), atol=1e-5)


def test_both_verdicts_are_trained_and_one_is_given(weighing_head):
    fitted = part_to_fit(weighing_head)
    fitted.compile(keras.optimizers.SGD(0.0), "binary_crossentropy", weighted_metrics=["accuracy"])
    fitted.run_eagerly = True
    features, labels, weights = features_of(4), np.array([[0.0], [1.0], [1.0], [0.0]]), np.array([1.0, 2.0, 0.5, 1.0])
    said = [np.asarray(model(features)) for model in (weighing_head, part(weighing_head, "p_weighted"))]
    losses = [-(labels * np.log(p) + (1 - labels) * np.log(1 - p))[:, 0] @ weights / 4 for p in said]
    result = fitted.evaluate(features, labels, sample_weight=weights, verbose=0, return_dict=True)
    assert result["loss"] == pytest.approx(np.mean(losses), abs=1e-5)
    assert result["accuracy"] == pytest.approx(((said[0] > 0.5) == labels)[:, 0] @ weights / weights.sum())
    assert set(result) == {"loss", "accuracy"}
    np.testing.assert_allclose(fitted(features), said[0], atol=1e-6)


def test_frames_that_say_nothing_come_to_count_less(weighing_head):
    """In half of the frames, marked by the last feature, the one that tells fake from real is noise."""
    generator = np.random.default_rng(5)
    labels = np.tile([0.0, 1.0], 64)
    features = np.zeros((128, FRAMES, WIDTH))
    features[..., -1] = marked = generator.permuted(np.tile([0.0, 0.0, 1.0, 1.0], (128, 1)), axis=1)
    features[..., 0] = np.where(marked, generator.choice([-1.0, 1.0], marked.shape), 2 * labels[:, None] - 1)
    first = part(weighing_head, "p_weighted")
    first.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    before = np.asarray(part(weighing_head, "frame_weights")(features))[..., 0]
    np.testing.assert_allclose(before, before[0, 0])
    first.fit(features, labels[:, None], epochs=150, batch_size=32, verbose=0)
    shares = frame_weights(weighing_head, features)
    assert shares[marked == 1].mean() < 0.5 * shares[marked == 0].mean()


def test_frame_weights_of_a_whole_model():
    model = models.build("resnet50_afw", profiles.get("tiny", face_side=32, sequence_frames=3))
    faces = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32, 3)).astype("float32")
    faces[1, 2] = PADDING
    np.testing.assert_allclose(frame_weights(model, faces), [[1 / 3] * 3, [0.5, 0.5, 0]], atol=1e-5)
    with pytest.raises(ValueError, match="no layer 'frame_weights'"):
        frame_weights(models.build("meso4", profiles.get("tiny")), faces)
