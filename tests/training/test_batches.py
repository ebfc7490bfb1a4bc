import collections

import numpy as np
import pandas as pd
import pytest
from made_up_study import SIDE, draw_face

from dfdc_utils.data.study_table import open_study_table
from dfdc_utils.faces.store import FaceStore, open_store
from dfdc_utils.training import batches as rooms
from dfdc_utils.training.batches import IN_ORDER, Crops, FaceBatches, faces_of


def make_faces(videos: dict[str, tuple[str, str, int]]) -> pd.DataFrame:
    """From video: (label, original, faces)."""
    rows = [
        {"video": video, "track": 0, "frame": frame, "label": int(label == "FAKE"), "original": original}
        for video, (label, original, count) in videos.items()
        for frame in range(count)
    ]
    return pd.DataFrame(rows)


SIX = make_faces({
    "r1": ("REAL", "r1", 9), "r2": ("REAL", "r2", 5),
    "f1a": ("FAKE", "r1", 9), "f1b": ("FAKE", "r1", 7), "f2": ("FAKE", "r2", 5), "f9": ("FAKE", "r9", 6),
})


def positions(at: np.ndarray, seed) -> np.ndarray:
    """In place of pixels: which faces they would be."""
    return at


def make_batches(faces=SIX, read=positions, **options) -> FaceBatches:
    defaults = dict(draw="pairs", per_video=4, sequences=False, batch_size=4, seed=1)
    return FaceBatches(faces, read, **defaults | options)


def epoch_of(data: FaceBatches, epoch: int) -> list:
    data.epoch = epoch
    return [data[index] for index in range(len(data))]


def videos_of(batch, faces=SIX) -> list[str]:
    return faces["video"].to_numpy()[batch[0]].tolist()


# Which faces.


def test_a_split_is_joined_with_its_faces(study):
    store, table = open_store(study), open_study_table(study)
    faces = faces_of(store, table, "train")
    assert set(faces["video"]) == set(table.loc[table["split"] == "train", "video"]) - {"faceless.mp4"}
    assert set(faces["track"]) == {0}
    assert faces["video"].is_monotonic_increasing
    assert faces.groupby("video")["frame"].apply(lambda frames: frames.is_monotonic_increasing).all()
    assert (faces["label"] == faces["video"].str.startswith("fake")).all()
    assert (faces["original"].str[4:7] == faces["video"].str[4:7]).all()


def test_no_video_is_in_two_splits(study):
    store, table = open_store(study), open_study_table(study)
    splits = [set(faces_of(store, table, split)["video"]) for split in ("train", "validation", "test")]
    assert not splits[0] & splits[1] and not splits[0] & splits[2] and not splits[1] & splits[2]
    with pytest.raises(ValueError, match="stands in the table twice"):
        faces_of(store, pd.concat([table, table.iloc[:1].assign(split="validation")]), "train")


def test_a_split_without_one_label_is_an_error(study):
    table = open_study_table(study)
    table.loc[table["label"] == "REAL", "split"] = "test"
    with pytest.raises(ValueError, match="train split has no face of a REAL video"):
        faces_of(open_store(study), table, "train")


def test_the_identity_of_faces_knows_labels_order_and_what_they_are_of(study):
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "validation")
    identity = store.identity_of_rows(faces)
    assert identity == store.identity_of_rows(faces.copy())
    others = (faces.iloc[1:], faces.assign(label=1 - faces["label"]), faces.iloc[::-1])
    assert len({identity, *map(store.identity_of_rows, others)}) == 4


def test_a_fake_of_unknown_origin_is_its_own(study):
    """Its crops are augmented alike: without a family of its own it had none, and sequence models crashed."""
    table = open_study_table(study)
    table.loc[table["video"] == "fake001a.mp4", "original"] = None
    faces = faces_of(open_store(study), table, "train")
    assert set(faces.loc[faces["video"] == "fake001a.mp4", "original"]) == {"fake001a.mp4"}
    crops = Crops(open_store(study), faces, augmentation=1.0)
    assert crops(np.array([[0, 1], [8, 9]]), (0,)).shape == (2, 2, SIDE, SIDE, 3)


# Pixels.


def test_pixels_are_those_of_the_face(study, monkeypatch):
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "train")
    at = np.array([3, 100, 40, 0])
    pixels = Crops(store, faces)(at, (0,))
    assert pixels.shape == (4, SIDE, SIDE, 3) and pixels.dtype == np.uint8
    row = faces.iloc[3]
    person, number = int(row["video"][4:7]), {"r": 0, "f": 1}[row["video"][0]] + row["video"].endswith("b.mp4")
    drawn = draw_face(person, row["frame"] // 3 + 100 * number, number > 0)
    assert np.abs(pixels[0].astype(float) - drawn).mean() < 4  # JPEG
    # A set too large for memory is read batch by batch, with the same result.
    monkeypatch.setattr(rooms, "_IN_MEMORY", 0)
    np.testing.assert_array_equal(Crops(store, faces)(at, (0,)), pixels)
    # In sequences, with two frames of padding in between and at the end.
    windows = Crops(store, faces)(np.array([[3, 100, -1], [40, 0, -1]]), (0,))
    np.testing.assert_array_equal(windows[:, :2].reshape(pixels.shape), pixels)
    assert windows.dtype == np.float32 and (windows[:, 2] == -1).all()


def test_faces_of_sequences_change_alike_and_so_does_the_fake_beside_its_original(study):
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "train")
    plain, augmented = Crops(store, faces), Crops(store, faces, augmentation=1.0)
    fake = faces[faces["label"] == 1].iloc[0]
    pair = [faces.index[faces["video"] == video].to_numpy() for video in (fake["original"], fake["video"])]
    # The same face over and over: whatever differs between the frames is the augmentation's.
    still = np.array([[at[0]] * 4 for at in pair])
    for seed in range(6):
        windows = augmented(still, (seed,))
        assert (windows == windows[:, :1]).all()
        # What was done to the one was done to the other: mirrored both or neither.
        mirrored = [
            np.abs(window[0] - face).mean() > np.abs(window[0] - face[:, ::-1]).mean()
            for window, face in zip(windows, plain(still[:, 0], (0,)).astype(float), strict=True)
        ]
        assert mirrored[0] == mirrored[1]
    at = np.concatenate(pair)
    np.testing.assert_array_equal(augmented(at, (3,), alike=True)[:2], augmented(at[:2], (3,), alike=True))


# Which videos, in pairs.


def test_a_batch_of_pairs_holds_a_real_and_a_fake_of_the_same_original():
    data = make_batches(batch_size=4)
    assert len(data) == 4  # two originals, four faces of either member, four to a batch
    for epoch in range(5):
        for inputs, labels, weights in epoch_of(data, epoch):
            assert labels.shape == (4, 1) and labels.dtype == np.float32
            assert weights.tolist() == [1, 1, 1, 1]
            names = SIX["video"].to_numpy()[inputs]
            originals = SIX["original"].to_numpy()[inputs]
            for real, fake in zip(range(0, 4, 2), range(1, 4, 2), strict=True):
                assert (names[real][0], names[fake][0]) == ("r", "f")
                assert originals[real] == originals[fake]
            np.testing.assert_array_equal(labels.ravel(), [0, 1, 0, 1])


def test_the_members_of_a_pair_show_the_same_places():
    faces = make_faces({"r1": ("REAL", "r1", 8), "f1": ("FAKE", "r1", 8)})
    for inputs, _, _ in epoch_of(make_batches(faces), 3):
        frames = faces["frame"].to_numpy()[inputs]
        np.testing.assert_array_equal(frames[::2], frames[1::2])


def test_every_real_is_in_every_epoch_and_its_fake_changes():
    data = make_batches()
    partners = collections.Counter()
    for epoch in range(12):
        seen = {video for batch in epoch_of(data, epoch) for video in videos_of(batch)}
        assert {"r1", "r2", "f2"} <= seen and len(seen) == 4
        partners.update(seen & {"f1a", "f1b"})
    assert min(partners["f1a"], partners["f1b"]) >= 3


def test_an_epoch_of_several_rounds_draws_every_real_so_often_with_other_fakes():
    data = make_batches(per_video=1, rounds=40, batch_size=2)
    assert len(data) == 80, "two reals forty times"
    drawn = collections.Counter(video for batch in epoch_of(data, 0) for video in videos_of(batch))
    assert drawn["r1"] == drawn["r2"] == drawn["f2"] == 40
    assert drawn["f1a"] + drawn["f1b"] == 40 and min(drawn["f1a"], drawn["f1b"]) > 8


def test_a_real_without_a_fake_gets_one_without_a_real():
    faces = make_faces({
        "r1": ("REAL", "r1", 4), "r2": ("REAL", "r2", 4), "f1": ("FAKE", "r1", 4), "f9": ("FAKE", "r9", 4)
    })
    seen = {video for batch in epoch_of(make_batches(faces), 0) for video in videos_of(batch, faces)}
    assert seen == {"r1", "r2", "f1", "f9"}


# Which videos, otherwise.


def test_a_balanced_epoch_has_as_many_of_either_label():
    data = make_batches(draw="balanced", batch_size=2)
    fakes = set()
    for epoch in range(15):
        labels = np.concatenate([labels for _, labels, _ in epoch_of(data, epoch)])
        assert labels.mean() == 0.5 and len(labels) == 16
        fakes |= {video for batch in epoch_of(data, epoch) for video in videos_of(batch) if video[0] == "f"}
    assert fakes == {"f1a", "f1b", "f2", "f9"}


def test_validation_takes_every_video_evenly_with_weights_that_balance():
    data = make_batches(draw=IN_ORDER, batch_size=5)
    first, again = epoch_of(data, 0), epoch_of(data, 1)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
    inputs, labels, weights = (np.concatenate(parts) for parts in zip(*first, strict=True))
    assert len(inputs) == 24 and len(data) == 5
    assert weights[labels.ravel() == 1].sum() == pytest.approx(weights[labels.ravel() == 0].sum())
    assert weights.mean() == pytest.approx(1)
    # The middle of each quarter of nine faces, and of five.
    assert SIX["frame"].to_numpy()[inputs[:4]].tolist() == [1, 3, 5, 7]
    assert SIX["frame"].to_numpy()[inputs[4:8]].tolist() == [0, 1, 3, 4]


def test_a_natural_epoch_of_training_takes_every_video_in_another_order_each_time():
    data = make_batches(draw="natural", batch_size=4)
    orders = []
    for epoch in range(2):
        inputs, labels, weights = (np.concatenate(parts) for parts in zip(*epoch_of(data, epoch), strict=True))
        assert SIX["video"].to_numpy()[inputs].tolist().count("f9") == 4 and len(inputs) == 24
        assert weights[labels.ravel() == 1].sum() == pytest.approx(weights[labels.ravel() == 0].sum())
        # Mixed: no run of one label as long as a table sorted by label would give.
        assert np.abs(np.convolve(np.where(labels.ravel() == 1, 1, -1), np.ones(12), "valid")).max() < 12
        orders.append(inputs.tolist())
    assert orders[0] != orders[1] and set(orders[0]) != set(orders[1])


def test_training_draws_other_faces_each_epoch_one_of_each_stretch():
    faces = make_faces({"r1": ("REAL", "r1", 40), "f1": ("FAKE", "r1", 40)})
    drawn = set()
    for epoch in range(10):
        reals = np.concatenate([inputs[::2] for inputs, _, _ in epoch_of(make_batches(faces), epoch)])
        frames = np.sort(faces["frame"].to_numpy()[reals])
        assert (frames // 10).tolist() == [0, 1, 2, 3]
        drawn.update(frames.tolist())
    assert len(drawn) > 20


# Sequences.


@pytest.mark.parametrize("draw", ["pairs", "balanced", "natural", IN_ORDER])
def test_a_sequence_is_one_track_in_its_order(draw):
    for inputs, labels, _ in epoch_of(make_batches(sequences=True, per_video=4, batch_size=2, draw=draw), 2):
        assert inputs.shape[1:] == (4,)
        for sequence, label in zip(inputs, labels[:, 0], strict=True):
            rows = SIX.iloc[sequence]
            assert rows["video"].nunique() == 1 and (rows["label"] == label).all()
            assert rows["frame"].is_monotonic_increasing


@pytest.mark.parametrize("draw", ["pairs", "natural", IN_ORDER])
def test_a_short_track_is_padded_each_of_its_faces_once(draw):
    faces = make_faces({"r1": ("REAL", "r1", 2), "f1": ("FAKE", "r1", 1)})
    data = make_batches(faces, sequences=True, per_video=4, batch_size=2, draw=draw)
    (inputs, _, _), = epoch_of(data, 0)
    assert sorted(inputs.tolist()) == [[0, 1, -1, -1], [2, -1, -1, -1]]
    assert data.faces_per_epoch == 3


# Order and seeds.


def test_seed_epoch_and_index_decide_alone():
    seeds = []

    def read(at, seed):
        seeds.append(seed)
        return at

    data = make_batches(read=read)
    data.epoch = 2
    forwards = [data[index][0] for index in range(len(data))]
    # Twice each: the two members of the pairs.
    assert seeds == [(1, 2, index) for index in range(len(data)) for _ in range(2)]
    other = make_batches()
    other.epoch = 2
    for index in reversed(range(len(other))):
        np.testing.assert_array_equal(other[index][0], forwards[index])
    assert any((a[0] != b[0]).any() for a, b in zip(epoch_of(data, 3), epoch_of(make_batches(seed=2), 3), strict=True))
    with pytest.raises(IndexError):
        data[len(data)]


def test_no_small_batch_is_trained_on():
    data = make_batches(batch_size=6, draw="balanced")  # 16 faces: two batches, four faces left to another epoch
    assert [len(batch[0]) for batch in epoch_of(data, 0)] == [6, 6]
    assert data.faces_per_epoch == 12
    assert len(make_batches(batch_size=100)) == 1  # but all of them where they do not fill one


def test_an_odd_batch_of_pairs_holds_whole_pairs():
    assert {len(batch[0]) for batch in epoch_of(make_batches(batch_size=3), 0)} == {4}


def test_faces_are_shuffled_among_neighbours_only(monkeypatch):
    monkeypatch.setattr(rooms, "_NEIGHBOURS", 4)
    labels = {"r": "REAL", "f": "FAKE"}
    faces = make_faces({f"{kind}{n}": (labels[kind], f"r{n}", 4) for n in range(10) for kind in "rf"})
    data = make_batches(faces, batch_size=16)
    for inputs, _, _ in epoch_of(data, 0):
        assert len(set(faces["video"].to_numpy()[inputs])) == 4  # a batch of 16 is two pairs' four faces each
    assert len(data) == 5


def test_an_unknown_draw_is_an_error():
    with pytest.raises(ValueError, match="pairs, self_blended, balanced, natural"):
        make_batches(draw="upside down")


def test_the_members_of_a_pair_are_augmented_in_the_same_way():
    picture = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    data = make_batches(read=lambda at, seed: rooms.augment(np.stack([picture] * len(at)), seed), batch_size=8)
    for inputs, _, _ in epoch_of(data, 1):
        np.testing.assert_array_equal(inputs[::2], inputs[1::2])
        assert len({face.tobytes() for face in inputs[::2]}) > 1


def test_self_blended_batches_hold_each_real_face_and_a_fake_made_of_it():
    def read(at, seed, blended=False):
        return np.stack([at, np.full_like(at, blended)], axis=1)

    data = make_batches(read=read, draw="self_blended", batch_size=4)
    seen = set()
    for inputs, labels, weights in epoch_of(data, 0):
        faces, blended = inputs.T
        assert faces[0::2].tolist() == faces[1::2].tolist()
        assert labels.ravel().tolist() == blended.tolist() == [0, 1] * (len(faces) // 2)
        assert (weights == 1).all()
        seen |= set(SIX["video"].to_numpy()[faces])
    assert seen == {"r1", "r2"}


def test_faces_are_blended_with_themselves_before_both_are_augmented(study):
    store = open_store(study)
    faces = faces_of(store, open_study_table(study), "train")
    points = np.tile(np.float32([[11, 12], [21, 12], [16, 17], [12, 22], [20, 22]]), (len(faces), 1, 1))
    at = np.arange(12)
    plain = Crops(store, faces)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FaceStore, "landmarks", lambda self, rows: points[: len(rows)])
        change = np.abs(plain(at, (1,), blended=True).astype(float) - plain(at, (1,)))
    assert (change.mean(axis=(1, 2, 3)) > 0.1).all()


def test_sequences_are_not_blended():
    with pytest.raises(ValueError, match="draw sequences as pairs"):
        make_batches(draw="self_blended", sequences=True)
