import numpy as np
import pandas as pd
import pytest

from dfdc_utils.swap import learned_swaps
from dfdc_utils.swap.many import AGAIN, SWAPPED


def scores_of(title, shift):
    """Ten originals; a swap of each scores `shift` more, a second encoding nothing more."""
    base = np.linspace(0.1, 0.5, 10)
    kinds = {"original": 0.0, AGAIN: 0.0, SWAPPED: shift, "autoencoder": 0.45}
    return pd.concat([
        pd.DataFrame({
            "title": title, "video": [f"{kind}{n}" for n in range(10)], "original": [f"o{n}" for n in range(10)],
            "kind": kind, "p_fake": base + more, "reason": None,
        })
        for kind, more in kinds.items()
    ])


@pytest.fixture
def found():
    return learned_swaps.aucs(pd.concat([scores_of("blind", 0.0), scores_of("sharp", 0.45)]), seed=1)


def test_each_kind_is_set_against_what_it_should_be(found):
    by = found.set_index(["title", "kind", "against"])
    assert by.loc[("sharp", SWAPPED, "original"), "auc"] == 1 == by.loc[("sharp", SWAPPED, AGAIN), "auc"]
    assert by.loc[("blind", SWAPPED, "original"), "auc"] == pytest.approx(0.5)
    assert by.loc[("blind", AGAIN, "original"), "auc"] == pytest.approx(0.5)
    low, high = by.loc[("blind", SWAPPED, AGAIN), ["low", "high"]]
    assert low <= 0.5 <= high
    assert (found["fakes"] == 10).all()


def test_clips_without_a_face_do_not_count_and_a_kind_without_clips_has_no_row():
    scores = scores_of("sharp", 0.45)
    scores.loc[(scores["kind"] == SWAPPED) & scores["video"].str.endswith("0"), "p_fake"] = np.nan
    found = learned_swaps.aucs(scores[scores["kind"] != "autoencoder"], seed=1)
    assert found.loc[found["kind"] == SWAPPED, "fakes"].tolist() == [9, 9]
    assert "autoencoder" not in set(found["kind"])


def test_the_verdict_follows_from_the_numbers(found):
    text = learned_swaps.verdict(found)
    assert text.startswith("1 of 2 networks")
    assert "No face" in learned_swaps.verdict(found[found["kind"] != SWAPPED])
    assert "0.75" in text and "1.00" in text and "1 of 2 do worse" in text


def test_clips_and_networks_that_are_the_same_are_judged_once(workspace, monkeypatch):
    judged = []

    def judge(names, swaps, *_):
        judged.append(names)
        return pd.DataFrame({"title": names, "p_fake": 0.5})

    monkeypatch.setattr(learned_swaps, "_score", judge)
    monkeypatch.setattr(learned_swaps.record, "current", lambda _: ["meso4"])
    monkeypatch.setattr(learned_swaps.record, "study_inputs", lambda *_: {})
    for path in (clip := workspace.swaps / "a-b-swap.mp4", model := workspace.model("meso4")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"one")
    swaps = pd.DataFrame({"video": ["a-b-swap.mp4"], "path": [str(clip)], "kind": [SWAPPED], "reason": [None]})
    truth = pd.DataFrame({"video": ["a"], "method": ["blend"]})

    def scores():
        return learned_swaps.score(swaps, pd.DataFrame(), truth, workspace)

    pd.testing.assert_frame_equal(scores(), scores())
    assert len(judged) == 1
    for number, changed in enumerate((clip, model), start=2):
        changed.write_bytes(b"another")
        scores()
        assert len(judged) == number
