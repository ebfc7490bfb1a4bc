import keras
import numpy as np
import pytest

from dfdc_utils.explain import layers, occlusion

SIDE, FRAMES = 16, 3


def _quadrant_model(frames=None):
    """Looks at the brightness of the upper right quarter of the face, or of all faces, and at nothing else."""
    seen = np.zeros((SIDE, SIDE, 3), "float32")
    seen[:8, 8:] = 1 / (255 * 8 * 8 * 3)
    faces = keras.Input((frames, SIDE, SIDE, 3) if frames else (SIDE, SIDE, 3))
    output = keras.layers.Dense(1, activation="sigmoid", name="p_fake")
    model = keras.Model(faces, output(keras.layers.Flatten()(faces)))
    output.set_weights([np.tile(seen.reshape(-1, 1), (frames or 1, 1)) / (frames or 1), np.array([-0.5])])
    return model


@pytest.fixture
def faces():
    """Their right half is white, the left one black: the mean is 127.5, cut to 127."""
    faces = np.zeros((2, SIDE, SIDE, 3), np.uint8)
    faces[:, :, 8:] = 255
    return faces


def test_hidden_evidence_by_hand(faces):
    (heat, _) = occlusion.explainer(_quadrant_model(), cells=4)(faces)
    # Patches are two cells of four pixels and lie at 0–6, 2–10, 6–14 and 10–16. Of the rows 0–8 that are
    # looked at they hide 6, 6, 2 and 0, of the columns 8–16 they hide 0, 2, 6 and 6.
    expected = np.outer([6, 6, 2, 0], [0, 2, 6, 6]) * (255 - 127) / 255 / 64
    np.testing.assert_allclose(heat, expected, atol=1e-5)


def test_the_peak_lies_where_the_model_looks(faces):
    for fill in occlusion.FILLS:
        noise = np.random.default_rng(0).integers(0, 256, faces.shape, dtype=np.uint8)
        heat = np.abs(occlusion.explainer(_quadrant_model(), cells=7, fill=fill)(noise))
        assert (heat[:, 4:].max(axis=(1, 2)) < 1e-6).all() and (heat[:, :, :3].max(axis=(1, 2)) < 1e-6).all()
        assert (heat[:, :4, 3:].max(axis=(1, 2)) > 1e-5).all()


def test_frames_of_a_window_share_a_map(faces):
    windows = np.repeat(faces[:, None], FRAMES, axis=1)
    heat = occlusion.explainer(_quadrant_model(FRAMES), cells=4)(windows)
    assert heat.shape == (2, FRAMES, 4, 4)
    alone = occlusion.explainer(_quadrant_model(), cells=4)(faces)
    np.testing.assert_allclose(heat, np.repeat(alone[:, None], FRAMES, axis=1), atol=1e-5)


def test_faces_stay_as_they_were_and_so_do_scores(faces):
    before, model = faces.copy(), _quadrant_model()
    logits = layers.logits_of(model, faces)
    occlusion.explainer(model, fill="blur")(faces)
    np.testing.assert_array_equal(faces, before)
    np.testing.assert_array_equal(layers.logits_of(model, faces), logits)


def test_an_unknown_fill_is_refused():
    with pytest.raises(ValueError, match="grey, blur.*'black'"):
        occlusion.explainer(_quadrant_model(), fill="black")
