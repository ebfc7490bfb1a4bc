import cv2
import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.data import splits
from dfdc_utils.evaluation import leakage
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import ACCOUNT
from dfdc_utils.faces.store import FaceStore


def _study(folder, forge):
    """Twenty originals in ten parts, each with two fakes; a room of its own behind every one of them."""
    generator = np.random.default_rng(0)
    table, faces = [], []
    for number in range(20):
        room = generator.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        softness = generator.uniform(0.5, 1.5, 2)
        room = cv2.GaussianBlur(room, (0, 0), sigmaX=softness[0], sigmaY=softness[1])
        for copy in range(3):
            video = f"{number:02}_{copy}.mp4"
            original, label = (f"{number:02}_0.mp4", "FAKE") if copy else (None, "REAL")
            table.append((video, f"dfdc_train_part_{number // 2}", label, original))
            for frame in range(4):
                face = np.clip(room + generator.normal(0, 2, room.shape), 0, 255).astype(np.uint8)
                faces.append({
                    "video": video, "track": 0, "frame": frame, "seconds": frame / 30, "x0": 0, "y0": 0, "x1": 64,
                    "y1": 64, "confidence": 1.0, "landmarks": np.zeros(10, np.float32),
                    "jpeg": crops.encode(forge(face) if copy else face),
                })
    table = pd.DataFrame(table, columns=["video", "part", "label", "original"])
    store = FaceStore(folder)
    with store.held():
        store.begin(cutting(profiles.get("tiny")))
    account = table[["video"]].assign(outcome="ok").reindex(columns=ACCOUNT.names)
    store.write(0, pd.DataFrame(faces), account)
    return table, store


def _means(table, store, by):
    aucs = leakage.compare_splits(table, store, by=by, seed=0, repeats=1)
    assert len(aucs) == 2 * 2 and set(aucs["split"]) == {"random", f"by {by}"}
    return aucs.groupby(["model", "split"])["auc"].mean()


@pytest.mark.parametrize("by", ["part", "original"])
def test_fakes_that_cannot_be_told_are_at_chance_honestly_and_misjudged_under_a_leak(tmp_path, by):
    """A model that recognises the room says what its brothers are: of an original, that it is fake."""
    means = _means(*_study(tmp_path, forge=lambda face: face), by)
    assert means["nearest neighbours", f"by {by}"] == pytest.approx(0.5, abs=0.15)
    assert means["nearest neighbours", "random"] < 0.2


def test_fakes_that_are_plain_to_see_are_found_under_both(tmp_path):
    means = _means(*_study(tmp_path, forge=lambda face: cv2.GaussianBlur(face, (0, 0), 3)), "part")
    assert (means["logistic regression"] > 0.95).all()


def test_dealt_at_random_each_split_keeps_its_numbers_and_brothers_are_parted(tmp_path):
    table, _ = _study(tmp_path, forge=lambda face: face)
    table = splits.assign(table.assign(split=None), "original", seed=0)
    dealt = leakage.dealt_at_random(table, seed=3)
    counts = [each.groupby(["split", "label"]).size().to_dict() for each in (table, dealt)]
    assert counts[0] == counts[1]
    assert sum(splits.leaks(table).values()) == 0 < sum(splits.leaks(dealt).values())
    again = leakage.dealt_at_random(table.sample(frac=1, random_state=1), seed=3)
    assert dealt.set_index("video")["split"].to_dict() == again.set_index("video")["split"].to_dict()


def test_detail_is_that_of_each_place():
    face = np.full((1, 64, 64, 3), 128, np.uint8)
    face[0, :16, 48:] = np.random.default_rng(0).integers(0, 256, (16, 16, 3))
    detail = leakage.detail(face).reshape(16, 16)
    assert detail[:4, 12:].min() > 2
    assert detail[8:, :8].max() == 0
