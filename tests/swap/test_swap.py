"""A learned swap: faces lie where they should, the network learns, and what is put back stays in its place."""

import cv2
import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.faces.detector import FaceDetector
from dfdc_utils.faces.frames import iterate
from dfdc_utils.faces.rewriting import sound_of
from dfdc_utils.swap import aligned, colour, learning, many, network, people, putting_back
from dfdc_utils.workspace import Workspace

PROFILE = profiles.get("tiny")


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """One aligned clip of each of two drawn people."""
    detector = FaceDetector(width=320)
    films = people.film_two(tmp_path_factory.mktemp("people"), PROFILE, rooms=1)
    return [aligned.align(paths[0], detector) for paths in films]


@pytest.fixture(scope="module")
def swapper(clips):
    swapper = network.Swapper(32, seed=1)
    swapper.losses = learning.learn(swapper, (clips[0].pixels, clips[1].pixels), steps=60, seed=1)
    return swapper


def test_landmarks_come_to_lie_in_their_places():
    # Turned by a quarter, twice as large, and shifted: a similarity undoes that wholly.
    marks = aligned._PLACES @ [[0, 2], [-2, 0]] + [300, 40]
    matrix = aligned.similarity(marks)
    assert marks @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(aligned._PLACES, abs=1e-6)


def test_faces_are_found_in_all_frames_and_move_evenly(clips):
    for clip in clips:
        assert len(clip.frames) >= PROFILE.clip_frames - 3
        assert clip.pixels.shape == (len(clip.frames), 64, 64, 3)
        assert np.abs(np.diff(clip.to_aligned[:, :, 2], axis=0)).max() < 8


def test_a_clip_without_a_face_is_named(tmp_path, monkeypatch):
    class Nobody:
        def detect(self, images, every):
            return [[] for _ in images]

    path = people.film_two(tmp_path, PROFILE, rooms=1)[0][0]
    with pytest.raises(aligned.NoFace, match=path.name):
        aligned.align(path, Nobody())


def test_evened_faces_have_one_colour_and_get_their_own_back(clips):
    dark = (clips[0].pixels * 0.5).astype(np.uint8)
    even = [colour.evened(faces).astype(float) for faces in (dark, clips[1].pixels)]
    inside = colour.oval() > 0.9
    assert abs(even[0][:, inside].mean() - even[1][:, inside].mean()) < 12
    again = colour.matched(colour.evened(dark), dark).astype(float)
    assert np.abs(again - dark)[:, inside].mean() < 4


def test_blur_loses_detail_and_grain_adds_none(clips):
    faces, rng = clips[0].pixels, np.random.default_rng(1)
    blurred = np.stack([cv2.GaussianBlur(face, (0, 0), 3) for face in faces])
    grainy = np.clip(blurred + rng.normal(0, 12, blurred.shape), 0, 255).astype(np.uint8)
    assert colour.detail_kept(faces, faces) == pytest.approx(1)
    assert colour.detail_kept(blurred, faces) < 0.4
    assert colour.detail_kept(grainy, faces) < 0.4


def test_it_learns_to_rebuild_and_the_other_decoder_paints_another_face(clips, swapper):
    assert np.mean(swapper.losses[-10:]) < 0.6 * np.mean(swapper.losses[:5])
    faces = clips[0].pixels[::6]
    rebuilt, swapped = (each.astype(float) for each in (swapper.rebuild(0, faces), swapper.swap(0, faces)))
    inside = colour.oval() > 0.5
    # Painted by A's decoder it is nearer to A than painted by B's.
    assert np.abs(rebuilt - faces)[:, inside].mean() < np.abs(swapped - faces)[:, inside].mean()
    assert swapper.encode(0, faces).shape == (len(faces), 32)


def test_the_same_seed_gives_the_same_swap(clips):
    faces = clips[0].pixels[:4], clips[1].pixels[:4]
    results = []
    for _ in range(2):
        swapper = network.Swapper(16, seed=3)
        learning.learn(swapper, faces, steps=2, seed=5, batch_size=4)
        results.append(swapper.swap(0, faces[0]))
    assert np.abs(results[0].astype(int) - results[1]).max() <= 1


def test_one_encoder_is_shared_unless_told_otherwise():
    one, two = network.Swapper(16, seed=1), network.Swapper(16, shared=False, seed=1)
    assert one.encoders[0] is one.encoders[1] and two.encoders[0] is not two.encoders[1]
    assert two.model.count_params() - one.model.count_params() == one.encoders[0].count_params()


def test_what_is_put_back_is_where_the_face_was_and_nothing_else_changes(clips):
    clip = clips[0]
    _, frame, place = next(row for row in aligned.with_frames(clip) if row[2] is not None)
    matrix = clip.to_aligned[place]
    assert np.array_equal(putting_back.put_back(frame, clip.pixels[place], matrix)[:5], frame[:5])
    green = np.zeros((64, 64, 3), np.uint8) + np.array([0, 255, 0], np.uint8)
    seen = aligned.cut(putting_back.put_back(frame, green, matrix), matrix)
    assert (seen[32, 32] == [0, 255, 0]).all() and not (seen[0, 0] == [0, 255, 0]).all()
    # A face at the edge of the frame, or beyond it, is no error.
    for shift in (-1000, 30):
        away = matrix.copy()
        away[:, 2] += shift
        assert putting_back.put_back(frame, green, away).shape == frame.shape


def test_the_swapped_clip_has_all_frames_the_sound_and_a_comparison_in_step(clips, swapper, tmp_path):
    clip, out, beside = clips[0], tmp_path / "swap.mp4", tmp_path / "beside.mp4"
    putting_back.write_swap(clip, swapper.swap(0, clip.pixels), out, crf=20, compare=beside)
    before, after, both = ([image for _, _, image in iterate(path)] for path in (clip.path, out, beside))
    assert len(after) == len(before) == len(both)
    assert both[0].shape[1] == 3 * before[0].shape[1]
    assert len(sound_of(out)) == pytest.approx(len(sound_of(clip.path)), rel=0.15)
    height, width = before[0].shape[:2]
    changed = np.abs(np.array(before, float) - after).mean(axis=(0, 3))
    corner, centre = changed[: height // 8, : width // 8].mean(), changed.max()
    assert centre > 3 * corner


def table_of(rows):
    return pd.DataFrame(rows, columns=["video", "label", "split", "person", "people", "wart", "skin_tone"])


def test_pairs_are_of_strangers_with_like_skin():
    known = table_of([
        ("a", "REAL", "test", "p1", 1, "", 0.2), ("b", "REAL", "test", "p2", 1, "", 0.3),
        ("c", "REAL", "test", "p3", 1, "", 0.9), ("two", "REAL", "test", "p4", 2, "", 0.2),
        ("dark", "REAL", "test", "p5", 1, "dark", 0.2), ("seen", "REAL", "test", "p6", 1, "", 0.2),
        ("train", "REAL", "train", "p6", 1, "", 0.2), ("fake", "FAKE", "test", "p1", 1, "", 0.2),
    ])
    truth = known.drop(columns=["label", "split"])
    chosen = people.pairs(known[["video", "label", "split"]], truth, most=9)
    assert chosen.to_numpy().tolist() == [["a", "b"], ["b", "a"], ["c", "b"]]
    assert len(people.pairs(known[["video", "label", "split"]], truth, most=2)) == 2
    alone = known[known["video"].isin(["a", "train"])]
    assert people.pairs(alone[["video", "label", "split"]], truth, most=9).empty


def test_real_people_are_not_swapped(tmp_path, monkeypatch):
    monkeypatch.setenv("DFDC_HOME", str(tmp_path))
    chosen, table = pd.DataFrame(columns=["video", "donor"]), pd.DataFrame({"video": [], "path": []})
    with pytest.raises(ValueError, match="drawn sets only"):
        many.make(chosen, table, Workspace.open("tiny"), None, None, steps=1, start="")
