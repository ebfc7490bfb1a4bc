import numpy as np

from dfdc_utils.evaluation import bootstrap, frames_or_sequence
from dfdc_utils.faces.store import FaceStore


def test_the_mean_finds_what_every_single_frame_shows_though_the_sequence_model_looks_past_it(
    sequence_study, table, monkeypatch
):
    """The sequence model sees red alone, in which nobody differs; all fakes are greener."""
    fakes = set(table.loc[table["label"] == "FAKE", "video"])
    stored = FaceStore.crops

    def greener(store, rows):
        pixels = stored(store, rows).astype(int)
        pixels[..., 1] = np.where(rows["video"].isin(fakes), 160, 60)[:, None, None]
        return pixels.clip(0, 255).astype(np.uint8)

    monkeypatch.setattr(FaceStore, "crops", greener)
    judged = frames_or_sequence.judge("resnet50_lstm", sequence_study, split="test")
    title, mean = judged
    assert title.startswith("ResNet50") and mean == frames_or_sequence.MEAN
    seen = {way: rows[rows["judged"]] for way, rows in judged.items()}
    assert set(seen[mean]["video"]) == set(seen[title]["video"]) == {"real.mp4", "fake.mp4", "two_people.mp4"}
    aucs = {way: bootstrap.auc((rows["label"] == "FAKE").to_numpy(), rows["p_fake"]) for way, rows in seen.items()}
    assert aucs[mean] == 1
    # The reds of all tracks of nine frames are the same.
    scores = seen[title].set_index("video")["p_fake"]
    assert abs(scores["real.mp4"] - scores["fake.mp4"]) < 1e-3
