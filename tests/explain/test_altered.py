import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.data import metadata
from dfdc_utils.data.mini import dataset
from dfdc_utils.data.mini.forgeries import forge
from dfdc_utils.data.mini.scenes import Scene
from dfdc_utils.explain import altered
from dfdc_utils.faces import crops

TINY = profiles.get("tiny")
FRAME = 4


def _row(video, box, confidence=1.0):
    columns = ["video", "frame", "x0", "y0", "x1", "y1", "confidence"]
    return pd.DataFrame([(video, FRAME, *box, confidence)], columns=columns)


def _truth():
    """Of each fake of the tiny set: what the forger really touched in a frame, and a box around the face."""
    for take in dataset.plan(TINY):
        scene = Scene(take.setting)
        fakes = [clip for clip in take.clips if clip.method and take.part != "test_videos"]
        forgeries = [
            forge(clip.method, scene, take.target, clip.strength, clip.seed, clip.donor) for clip in fakes
        ]
        for index, frame, moments in scene.frames():
            pictures = [forgery.alter(index, frame, moments) for forgery in forgeries]
            if index == FRAME:
                break
        for clip, picture in zip(fakes, pictures, strict=True):
            yield clip, (picture != frame).any(axis=2), _face(moments[take.target].lookup.where.slices)


def _face(head):
    """About the box that a detector finds: the middle of a head with its hair."""
    rows, columns = head
    x, y = (columns.start + columns.stop) / 2, (rows.start + rows.stop) / 2
    half = 0.3 * (columns.stop - columns.start)
    return x - half, y - half, x + half, y + half


def test_altered_places_are_where_the_forger_was(tiny_dfdc):
    pairs = metadata.pairs(metadata.read(tiny_dfdc).table)
    precisions, agreements = [], []
    for clip, touched, box in _truth():
        face = _row(clip.video, box)
        (found,) = altered.altered_places(face, pairs, TINY)
        picture = np.repeat(touched[:, :, None].astype(np.uint8) * 255, 3, axis=2)
        true = crops.cut(picture, crops.square(box, TINY.face_margin, TINY.face_shift), TINY.face_side)[:, :, 0] > 127
        if clip.method == "sound":
            assert not found.any()
            continue
        agreements.append((found & true).sum() / (found | true).sum())
        if found.any():
            precisions.append((found & true).sum() / found.sum())
    # A mouth moved faintly may be lost in compression; a face exchanged is not.
    assert len(precisions) >= 5 and min(precisions) > 0.9
    assert np.mean(agreements) > 0.5


def test_nothing_is_known_without_an_original_or_of_a_crop_that_was_not_cut_here(tiny_dfdc):
    table = metadata.read(tiny_dfdc).table
    pairs, box = metadata.pairs(table), (50, 50, 90, 90)
    real = table.loc[table["label"] == "REAL", "video"].iloc[0]
    assert not altered.altered_places(_row(real, box), pairs, TINY).any()
    ready_made = _row(pairs["video"].iloc[0], box, confidence=np.nan)
    assert not altered.altered_places(ready_made, pairs, TINY).any()


def test_differences_stand_out_from_compression():
    generator = np.random.default_rng(0)
    original = generator.integers(100, 140, (64, 64, 3), dtype=np.uint8)
    fake = original + generator.integers(0, 5, original.shape, dtype=np.uint8)
    assert not altered.difference(fake, original).any()
    fake[20:40, 10:30] += 30
    fake[50:53, 50:53] += 30
    found = altered.difference(fake, original)
    # The larger place only, its edge softened by a few pixels.
    assert found[23:37, 13:27].all() and not found[:16].any() and not found[44:].any()
    assert not altered.difference(original, original).any()


def test_heat_shares_by_hand():
    places = np.zeros((5, 4, 4), bool)
    places[:4, :2, :2] = True
    places[3, 2] = True
    maps = np.zeros((5, 4, 4))
    maps[0] = 1  # everywhere: chance
    maps[1, :2, :2], maps[1, 3, 3] = 3, 4  # 12 of 16
    maps[2, 0, 0], maps[2, 2, 0], maps[2, 3, 3] = 2, 1, -9  # what speaks for REAL does not count
    maps[3, 3, 3] = -1
    table = altered.heat_shares(maps, places)
    # The fifth fake has no known place.
    np.testing.assert_allclose(table["area"], [4 / 16, 4 / 16, 4 / 16, 8 / 16])
    np.testing.assert_allclose(table["share"], [4 / 16, 12 / 16, 2 / 3, np.nan])
    np.testing.assert_allclose(table["elsewhere"][:3], [(4 + 4 + 8) / 48, 12 / 16, (2 / 3 + 2 / 3 + 1) / 3])


def test_heat_of_a_window_is_that_of_all_its_frames():
    places = np.zeros((1, 2, 4, 4), bool)
    places[0, 0] = True
    maps = np.stack([np.full((2, 2), 3.0), np.full((2, 2), 1.0)])[None]
    (row,) = altered.heat_shares(maps, places).itertuples()
    assert (row.share, row.area) == (pytest.approx(0.75), 0.5) and np.isnan(row.elsewhere)


def test_nothing_known_is_an_empty_table():
    assert altered.heat_shares(np.ones((2, 2, 2)), np.zeros((2, 4, 4), bool)).empty
