import numpy as np
import pandas as pd
import pytest

from dfdc_utils.evaluation.subgroups import subgroups


@pytest.fixture
def judged():
    """Ten originals, five rightly called; eight fakes by the autoencoder, all found; two of sound, none."""
    return pd.DataFrame({
        "video": [f"{n}.mp4" for n in range(20)],
        "label": ["REAL"] * 10 + ["FAKE"] * 10,
        "p_fake": [0.2] * 5 + [0.6] * 5 + [0.9] * 8 + [0.1] * 2,
    })


@pytest.fixture
def truth(judged):
    return pd.DataFrame({
        "video": judged["video"],
        "method": [""] * 10 + ["autoencoder"] * 8 + ["sound"] * 2,
        "skin_tone": [0.1, 0.5] * 9 + [0.9, np.nan],
        "light": ["soft"] * 15 + ["side"] * 5,
        "distance": "near",
    })


def test_methods_by_hand(judged, truth):
    table = subgroups(judged, truth)
    of_method = table[table["by"] == "method"].set_index("group")
    assert of_method["count"].to_dict() == {"autoencoder": 8, "original": 10, "sound": 2}
    assert of_method["accuracy"].to_dict() == {"autoencoder": 1.0, "original": 0.5, "sound": 0.0}
    # Against the ten reals: the autoencoder's fakes stand above them all, those of sound below.
    assert of_method["auc"].drop("original").to_dict() == {"autoencoder": 1.0, "sound": 0.0}
    assert pd.isna(of_method.loc["original", "auc"])
    # Wilson's interval for 5 of 10, z = 1.96: (0.5 + z²/20 ± z √(0.025 + z²/400)) / (1 + z²/10).
    assert of_method.loc["original", ["low", "high"]].tolist() == pytest.approx([0.2366, 0.7634], abs=1e-4)
    assert of_method.loc["autoencoder", "high"] == pytest.approx(1.0)


def test_groups_are_thirds_of_skin_tone_light_and_distance(judged, truth):
    table = subgroups(judged, truth).set_index(["by", "group"])
    assert table.loc["skin tone", "count"].to_dict() == {"lighter": 9, "medium": 9, "darker": 1}
    assert table.loc[("light", "soft"), ["count", "fakes"]].tolist() == [15, 5]
    assert table.loc[("distance", "near"), "accuracy"] == pytest.approx(13 / 20)
    # Five fakes at 0.9 above all ten reals.
    assert table.loc[("light", "soft"), "auc"] == 1.0
    assert pd.isna(table.loc[("light", "side"), "auc"])


def test_wilsons_interval_covers_the_truth_about_as_often_as_it_says():
    """Two hundred groups of thirty fakes, of which eight in ten are found."""
    generator = np.random.default_rng(0)
    videos = pd.DataFrame({
        "video": [str(n) for n in range(6000)], "label": "FAKE",
        "p_fake": np.where(generator.random(6000) < 0.8, 0.9, 0.1),
    })
    truth = videos[["video"]].assign(
        method="autoencoder", skin_tone=0.5, light=np.arange(6000) // 30, distance="far"
    )
    groups = subgroups(videos, truth).query("by == 'light'")
    covered = (groups["low"] <= 0.8) & (groups["high"] >= 0.8)
    assert len(groups) == 200 and 0.90 <= covered.mean() <= 0.99


def test_a_video_whose_truth_is_not_known_is_named(judged, truth):
    with pytest.raises(ValueError, match="19.mp4"):
        subgroups(judged, truth.iloc[:-1])
