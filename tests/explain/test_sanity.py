import numpy as np
import pytest

from dfdc_utils.explain import gradcam, layers, occlusion, sanity


def test_rank_correlation_by_hand():
    maps = np.array([[[1.0, 2], [3, 4]], [[1, 2], [3, 4]]])
    assert sanity.rank_correlation(maps, maps**3) == pytest.approx(1)
    assert sanity.rank_correlation(maps, -maps) == pytest.approx(-1)
    # The first face's ranks 1 2 3 4 and 2 1 4 3: 1 - 6 · 4 / (4 · 15) = 0.6. The second face's agree.
    others = np.array([[[2.0, 1], [4, 3]], [[5, 6], [7, 8]]])
    assert sanity.rank_correlation(maps, others) == pytest.approx(0.8)


def test_a_map_of_one_value_has_no_ranks():
    maps = np.array([[[1.0, 2], [3, 4]], [[0, 0], [0, 0]]])
    assert sanity.rank_correlation(maps, maps) == pytest.approx(1)
    assert np.isnan(sanity.rank_correlation(maps[1:], maps[1:]))


def test_weights_are_shuffled_from_the_output_on_and_come_back(sequence_model):
    conv, output = layers.find(sequence_model, "conv"), layers.find(sequence_model, "p_fake")
    before = [weights.copy() for weights in sequence_model.get_weights()]
    kernels = conv.get_weights()[0], output.get_weights()[0]
    # Of the two layers with weights, a half and less is the last one.
    with sanity.randomised(sequence_model, 0.1, seed=0):
        np.testing.assert_array_equal(conv.get_weights()[0], kernels[0])
        assert (output.get_weights()[0] != kernels[1]).any()
    with pytest.raises(RuntimeError), sanity.randomised(sequence_model, seed=0):
        assert (conv.get_weights()[0] != kernels[0]).any()
        np.testing.assert_array_equal(np.sort(conv.get_weights()[0], None), np.sort(kernels[0], None))
        raise RuntimeError
    for old, new in zip(before, sequence_model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("method", [gradcam, occlusion])
def test_maps_change_when_the_weights_do(frame_model, faces, method):
    correlations = sanity.cascade(frame_model, method.explainer(frame_model), faces, seed=0)
    assert correlations.index.tolist() == [0, 0.1, 0.5, 1]
    assert correlations[0] == pytest.approx(1)
    assert correlations[1] < 0.6


def test_a_map_of_the_face_alone_is_found_out(frame_model, faces):
    """Edges of the face, whatever the network: what the check is there to tell."""
    correlations = sanity.cascade(frame_model, lambda faces: faces.mean(axis=3), faces, seed=0)
    np.testing.assert_allclose(correlations, 1)
