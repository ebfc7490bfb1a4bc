"""Figures of notebook 08 are drawn of made-up numbers, and asked what they show."""

from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from dfdc_utils import plots

GENERATOR = np.random.default_rng(0)


def _faces(*count):
    return GENERATOR.integers(0, 256, (*count, 24, 24, 3), dtype=np.uint8)


def _texts(figure):
    figure.draw_without_rendering()
    return " | ".join(text.get_text() for text in figure.findobj(plt.Text) if text.get_text())


def test_feature_maps_name_layer_and_size():
    parts = [
        SimpleNamespace(layer="conv1", channels=np.arange(8), maps=GENERATOR.random((8, 24, 24))),
        SimpleNamespace(layer="norm4", channels=np.arange(5), maps=GENERATOR.random((5, 3, 3))),
    ]
    figure = plots.feature_maps(_faces(1)[0], parts)
    assert sum(bool(ax.images) for ax in figure.axes) == 2 + 8 + 5
    assert "conv1, 24 × 24" in _texts(figure) and "norm4, 3 × 3" in _texts(figure)


def test_heat_is_centred_and_the_altered_place_outlined():
    places = np.zeros((3, 24, 24), bool)
    places[:, 5:10, 5:10] = True
    windows = GENERATOR.normal(size=(3, 4, 2, 2))
    figure = plots.heat_maps(
        {"Meso4": (_faces(3), GENERATOR.normal(size=(3, 6, 6))), "Sequence": (_faces(3, 4), windows)}, places
    )
    drawn = [ax for ax in figure.axes if ax.images]
    assert len(drawn) == 6
    for ax in drawn:
        low, high = ax.images[1].get_clim()
        assert low == -high
    assert [bool(ax.collections) for ax in drawn] == [True] * 3 + [False] * 3
    # Of a window, the middle frame.
    np.testing.assert_array_equal(drawn[3].images[1].get_array(), windows[0, 2])


def test_heat_of_windows_alone_is_outlined_in_the_middle_frame():
    places = np.zeros((2, 3, 24, 24), bool)
    places[0, 1, 5:10, 5:10] = places[1, 0] = True
    maps = GENERATOR.normal(size=(2, 3, 2, 2))
    figure = plots.heat_maps({"Sequence": (_faces(2, 3), maps)}, places)
    assert [bool(ax.collections) for ax in figure.axes] == [True, False]


def test_sanity_draws_a_line_a_model():
    correlations = pd.DataFrame({"Meso4": [1, 0.5, 0.1], "Custom CNN": [1, 0.2, 0.0]}, index=[0, 0.5, 1.0])
    (axes,) = plots.sanity(correlations).axes
    assert axes.lines[0].get_xdata().tolist() == [0, 50, 100]
    assert axes.lines[1].get_ydata().tolist() == [1, 0.2, 0.0]


def test_heat_shares_show_clips_mean_and_chance():
    shares = pd.DataFrame({
        "title": "Meso4", "method": ["Grad-CAM"] * 3 + ["Occlusion"] * 3,
        "share": [0.2, 0.4, 0.6, 0.1, np.nan, 0.3], "elsewhere": [0.1] * 6, "area": [0.25] * 6,
    })
    # As several tables come together: each with its own index.
    shares.index = [0] * len(shares)
    figure = plots.heat_shares(shares)
    clips = [axes.collections[0].get_offsets()[:, 0].tolist() for axes in figure.axes]
    assert clips == [pytest.approx([20, 40, 60]), pytest.approx([10, 30])]
    means = [[float(line.get_xdata()[0]) for line in axes.lines] for axes in figure.axes]
    assert means == [pytest.approx([40, 10, 25]), pytest.approx([20, 10, 25])]
    assert "Occlusion" in _texts(figure) and "chance" in _texts(figure)


@pytest.mark.parametrize("influence", [None, np.array([0.5, -0.2, 0.1])])
def test_a_clip_over_time(influence):
    result = SimpleNamespace(
        seconds=np.array([0, 1.5, 3.0]), faces=_faces(3), p_fake=np.array([0.2, 0.7, 0.9]),
        heat=GENERATOR.normal(size=(3, 6, 6)), influence=influence, weights=influence,
    )
    figure = plots.over_time(result, title="a.mp4")
    assert len(figure.axes) == (3 if influence is None else 5)
    assert figure.axes[1].lines[0].get_ydata().tolist() == [0.2, 0.7, 0.9]
    assert ("influence" in _texts(figure)) == (influence is not None)
    assert "1.5" in _texts(figure) and "P(fake)" in _texts(figure)
    if influence is not None:
        assert [bar.get_height() for bar in figure.axes[3].patches] == pytest.approx(influence)
