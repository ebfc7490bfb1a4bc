import collections
import contextlib
import dataclasses
import json
import os
import re
import tempfile
from pathlib import Path

import av
import numpy as np
import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.data import metadata, mini, splits
from dfdc_utils.data.mini import dataset, placing
from dfdc_utils.data.mini.forgeries import METHODS, VOICES
from dfdc_utils.data.mini.scenes import Scene
from dfdc_utils.faces.frames import iterate, sample
from dfdc_utils.faces.probe import VideoInfo
from dfdc_utils.faces.video_file import UnreadableVideo

MINI = profiles.get("mini")


@pytest.fixture(scope="module")
def mini_plan():
    return dataset.plan(MINI)


@pytest.fixture(scope="module")
def truth(tiny_dfdc):
    return mini.truth(tiny_dfdc)


def _clips(plan, labelled=True):
    return [(take, clip) for take in plan if (take.part != "test_videos") == labelled for clip in take.clips]


# The set on disk.


def test_tiny_has_dfdcs_layout_and_no_problems(tiny_dfdc):
    found = metadata.read(tiny_dfdc)
    assert found.layout == "parts" and found.problems.empty
    labelled = found.table[found.table["label"].notna()]
    assert labelled.groupby("part")["label"].value_counts().unstack().to_numpy().tolist() == [[2, 1]] * 4
    assert (found.table["part"] == "test_videos").sum() == 2
    for part in labelled["part"].unique():
        entries = json.loads((tiny_dfdc / part / "metadata.json").read_text())
        for name, entry in entries.items():
            assert re.fullmatch(r"[a-z]{10}\.mp4", name)
            assert entry["split"] == "train"
            assert (entry["original"] is None) == (entry["label"] == "REAL")
            assert entry["original"] is None or entries[entry["original"]]["label"] == "REAL"


def test_tiny_can_be_split_by_part(tiny_dfdc):
    table = splits.assign(metadata.read(tiny_dfdc).table, "part", seed=0)
    assert set(table["split"]) == {"train", "validation", "test", "unlabelled"}


def test_files_are_h264_and_aac_and_play_in_a_browser(tiny_dfdc):
    for path in sorted(tiny_dfdc.rglob("*.mp4")):
        info = VideoInfo.from_path(path)
        assert (info.width, info.height, info.rotation, info.frames) == (320, 240, 0, 24)
        assert (info.codec, info.pixel_format, info.audio_codec) == ("h264", "yuv420p", "aac")
        assert info.rate == pytest.approx(30)
        content = path.read_bytes()
        assert content.index(b"moov") < content.index(b"mdat")
        with av.open(str(path)) as container:
            sound = container.streams.audio[0]
            assert sound.codec_context.sample_rate == 44100 and sound.codec_context.layout.nb_channels == 1
            heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(sound)])
        assert len(heard) / 44100 == pytest.approx(0.8, abs=0.1) and heard.std() > 0.001


def test_the_truth_is_told_of_every_labelled_clip_and_of_no_other(tiny_dfdc, truth):
    assert list(truth.columns) == [
        "video", "part", "method", "donor", "original", "wart", "strength",
        "person", "skin_tone", "light", "distance", "people", "voice",
    ]
    table = metadata.read(tiny_dfdc).table
    labelled = table[table["label"].notna()]
    assert sorted(truth["video"]) == sorted(labelled["video"])
    labels = labelled.set_index("video")["label"]
    assert ((truth["method"] != "") == (labels.loc[truth["video"]] == "FAKE").to_numpy()).all()
    assert set(truth["method"]) <= {"", *METHODS}
    assert (truth["voice"].isin(VOICES) == (truth["method"] == "sound")).all()
    swapped = truth["method"].isin(["autoencoder", "nearest_neighbour"])
    assert ((truth["donor"] != "") == swapped).all()
    assert (truth["donor"] != truth["person"]).all()
    hidden = table.loc[table["label"].isna(), "video"]
    submission = pd.read_csv(tiny_dfdc / "sample_submission.csv")
    assert sorted(submission["filename"]) == sorted(hidden) and (submission["label"] == 0.5).all()
    for path in [*tiny_dfdc.rglob("*.csv"), *tiny_dfdc.rglob("*.json")]:
        # Neither of these two says more of them than that they are there.
        if path.name not in ("sample_submission.csv", metadata.DRAWN):
            assert not any(name in path.read_text() for name in hidden)


def test_a_fake_is_its_original_but_for_the_face(tiny_dfdc, truth):
    """Whatever is outside the face survives the encoder nearly alike."""
    for row in truth[truth["method"] != ""].itertuples():
        fake, real = (
            sample(tiny_dfdc / row.part / name, 3).images for name in (row.video, row.original)
        )
        corner = np.s_[:40, :60]
        assert np.mean([np.abs(f[corner].astype(int) - r[corner]).mean() for f, r in zip(fake, real, strict=True)]) < 6


def test_drawing_again_does_nothing_unless_the_numbers_change(tmp_path):
    few = profiles.get("tiny", parts=1, clips_per_part=2, unlabelled_clips=0, clip_frames=2)
    out = mini.draw(tmp_path / "set", few, workers=1)
    before = metadata.fingerprint(out)
    assert mini.draw(out, few) == out and metadata.fingerprint(out) == before
    more = few.replace(clip_frames=3)
    mini.draw(out, more, workers=1)
    assert {VideoInfo.from_path(path).frames for path in out.rglob("*.mp4")} == {3}
    assert not (out / "sample_submission.csv").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


FEW = profiles.get("tiny", parts=2, clips_per_part=2, unlabelled_clips=1, clip_frames=2)
FEWER = FEW.replace(parts=1, unlabelled_clips=0)


def _files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_a_folder_of_other_files_is_refused_by_name(tmp_path):
    (tmp_path / "holiday.mp4").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match="holds other files.*holiday.mp4"):
        mini.draw(tmp_path, FEW)
    assert _files(tmp_path) == ["holiday.mp4"]


def test_what_a_person_put_into_a_drawn_set_is_refused_by_name_and_kept(tmp_path):
    out = mini.draw(tmp_path / "set", FEW, workers=1)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "metadata.json").write_text("mine")
    (out / "dfdc_train_part_1" / "notes.txt").write_text("mine")
    (out / "linked").symlink_to(elsewhere, target_is_directory=True)
    before = _files(out)
    assert mini.draw(out, FEW) == out, "as long as nothing is drawn, nothing is in the way"
    with pytest.raises(FileExistsError, match="dfdc_train_part_1/notes.txt, linked"):
        mini.draw(out, FEWER, workers=1)
    assert _files(out) == before and (elsewhere / "metadata.json").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "set"]


def test_hidden_files_are_in_nobodys_way_and_stay_where_they_are(tmp_path):
    hidden = [".DS_Store", "dfdc_train_part_0/.ipynb_checkpoints/metadata.json", "dfdc_train_part_1/.nfs0001"]
    out = tmp_path / "set"
    (out / ".DS_Store").parent.mkdir()
    (out / ".DS_Store").write_text("mine")
    mini.draw(out, FEW, workers=1)
    for name in hidden[1:]:
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
    mini.draw(out, FEWER, workers=1)
    fresh = mini.draw(tmp_path / "fresh", FEWER, workers=1)
    assert _files(out) == sorted([*_files(fresh), *hidden])
    assert all((out / name).read_text() == "mine" for name in hidden)
    assert metadata.read(out).table["video"].tolist() == metadata.read(fresh).table["video"].tolist()


@pytest.mark.parametrize("hidden", [False, True])
@pytest.mark.parametrize("call", range(4, 22))
def test_a_set_is_never_taken_for_whole_after_a_kill_and_the_next_draw_mends_it(hidden, call, tmp_path, monkeypatch):
    """Stopped at every change of the disk while one set takes the other's place."""
    out, new = _placed(tmp_path / "set", {"edition": 1}, ["a.csv", "part/1.mp4", "part/2.mp4"]), {"edition": 2}
    if hidden:
        (out / "part" / ".DS_Store").write_text("mine")
    calls = 0

    class Killed(BaseException):
        pass

    def counted(function):
        def stop(*arguments, **options):
            nonlocal calls
            calls += 1
            if calls == call:
                raise Killed
            return function(*arguments, **options)
        return stop

    names = ["b.csv", "other/3.mp4", "part/2.mp4"]
    with monkeypatch.context() as patch:
        patch.setattr(placing.os, "replace", counted(os.replace))
        for name in ("unlink", "rmdir", "mkdir"):
            patch.setattr(Path, name, counted(getattr(Path, name)))
        with contextlib.suppress(Killed):
            _placed(out, new, names)
    if placing.numbers_of(out):
        wanted = {"edition": 1}, ["a.csv", "part/1.mp4", "part/2.mp4"]
        if placing.numbers_of(out) == new:
            wanted = new, names
        assert (placing.numbers_of(out), placing.own_files(out)) == (wanted[0], sorted([*wanted[1], "drawn.json"]))
    _placed(out, new, names)
    assert placing.numbers_of(out) == new
    assert _files(out) == sorted([*names, "drawn.json", *(["part/.DS_Store"] if hidden else [])])


def _placed(out, numbers, names):
    with tempfile.TemporaryDirectory(dir=out.parent) as temporary:
        for name in names:
            (Path(temporary, "set", name).parent).mkdir(parents=True, exist_ok=True)
            Path(temporary, "set", name).write_text(str(numbers))
        placing.put(Path(temporary, "set"), out, numbers)
    return out


def test_a_set_of_an_edition_that_kept_no_list_of_its_files_is_drawn_again_but_nothing_else_is_deleted(tmp_path):
    out = mini.draw(tmp_path / "set", FEW, workers=1)
    record = json.loads((out / metadata.DRAWN).read_text())
    del record["files"]
    (out / metadata.DRAWN).write_text(json.dumps({**record, "edition": 4}))
    mine = [out / part / "mine.mp4" for part in ("", "dfdc_train_part_1", "test_videos")]
    for path in mine:
        path.write_bytes(b"mine")
    before = metadata.fingerprint(out)
    with pytest.raises(FileExistsError, match="dfdc_train_part_1/mine.mp4, mine.mp4, test_videos/mine.mp4"):
        mini.draw(out, FEWER, workers=1)
    assert metadata.fingerprint(out) == before
    for path in mine:
        path.unlink()
    mini.draw(out, FEWER, workers=1)
    assert _files(out) == _files(mini.draw(tmp_path / "fresh", FEWER, workers=1))


# Warts, each in a file of its own.


def _film(tmp_path, mini_plan, wart):
    """The clip with that wart, of the plan for `mini` but smaller."""
    take, clip = next((t, c) for t, c in _clips(mini_plan) if c.wart == wart)
    setting = take.setting
    small = dataclasses.replace(setting, width=setting.width // 3, height=setting.height // 3, frames=30)
    take = dataclasses.replace(take, setting=small, clips=(clip,))
    (tmp_path / take.part).mkdir(parents=True)
    (row,) = dataset.film(tmp_path, take)
    assert row["wart"] == wart
    return tmp_path / take.part / clip.video


def test_rotation_flag(tmp_path, mini_plan):
    path = _film(tmp_path, mini_plan, "rotation flag")
    with av.open(str(path)) as container:
        stored = container.streams.video[0].codec_context
        assert (stored.width, stored.height) == (160, 90)
    info = VideoInfo.from_path(path)
    assert (info.width, info.height) == (90, 160) and info.rotation in (90, 270)
    take, clip = next((t, c) for t, c in _clips(mini_plan) if c.video == path.name)
    _, _, image = next(iterate(path))
    # Upright: the scene as it was before it was laid on its side.
    small = dataclasses.replace(take.setting, width=90, height=160, frames=30)
    _, wanted, _ = next(Scene(small).frames())
    assert np.abs(image.astype(int) - wanted).mean() < 12
    assert np.abs(image[::-1, ::-1].astype(int) - wanted).mean() > 15


def test_upright_and_24_fps(tmp_path, mini_plan):
    info = VideoInfo.from_path(_film(tmp_path / "a", mini_plan, "upright"))
    assert (info.width, info.height, info.rotation) == (90, 160, 0)
    info = VideoInfo.from_path(_film(tmp_path / "b", mini_plan, "24 fps"))
    assert info.rate == pytest.approx(24) and info.seconds == pytest.approx(30 / 24, abs=0.1)


def test_empty_and_truncated_files(tmp_path, mini_plan):
    empty = _film(tmp_path / "a", mini_plan, "empty file")
    assert empty.stat().st_size == 0
    with pytest.raises(UnreadableVideo):
        sample(empty, 4)
    truncated = _film(tmp_path / "b", mini_plan, "truncated file")
    assert 0 < sample(truncated, 100).info.frames < 30


# The plan of the whole mini set.


def test_mini_is_large_enough(mini_plan):
    labelled = _clips(mini_plan)
    assert len(labelled) >= 450 and len({take.part for take, _ in labelled}) >= 10
    fakes = sum(bool(clip.method) for _, clip in labelled)
    assert fakes > len(labelled) - fakes
    assert len(_clips(mini_plan, labelled=False)) == MINI.unlabelled_clips
    for part, counts in collections.Counter((t.part, bool(c.method)) for t, c in labelled).items():
        assert counts == (20 if part[1] else 10)


def test_mini_has_every_wart_and_enough_healthy_test_clips(mini_plan):
    warts = collections.Counter(clip.wart for _, clip in _clips(mini_plan))
    assert set(warts) == {
        "", "short clip", "no face", "two people", "upright", "rotation flag", "24 fps", "dark",
        "truncated file", "empty file",
    }
    last = {f"dfdc_train_part_{n}" for n in range(MINI.parts - 3, MINI.parts)}
    hopeless = {"short clip", "no face", "truncated file", "empty file"}
    assert sum(t.part in last and c.wart not in hopeless for t, c in _clips(mini_plan)) >= 24
    for take, clip in _clips(mini_plan):
        frames = take.setting.frames
        assert (frames < MINI.min_frames) == (clip.wart == "short clip")
        assert (len(take.setting.people) == 0) == (clip.wart == "no face")
        assert (len(take.setting.people) == 2) == (clip.wart == "two people")


def test_mini_mixes_the_methods_in_every_third_of_the_parts(mini_plan):
    methods = [clip.method for _, clip in _clips(mini_plan) if clip.method]
    for method, share in METHODS.items():
        assert methods.count(method) / len(methods) == pytest.approx(share, abs=0.03)
    tested = {f"dfdc_train_part_{n}" for n in range(MINI.parts - 3, MINI.parts)}
    last = [clip.method for take, clip in _clips(mini_plan) if clip.method and take.part in tested]
    assert set(last) == set(METHODS) and last.count("sound") <= 0.12 * len(last)


def test_forged_voices_take_turns_and_every_third_of_the_parts_has_each_kind(mini_plan):
    thirds = (range(9), range(9, 12), range(12, 15))
    for third in thirds:
        parts = {f"dfdc_train_part_{number}" for number in third}
        voices = [clip.voice for take, clip in _clips(mini_plan) if take.part in parts and clip.method == "sound"]
        counts = [voices.count(voice) for voice in VOICES]
        assert len(voices) == sum(counts) and min(counts) >= 2 and max(counts) - min(counts) <= 1
    assert all(not clip.voice for _, clip in _clips(mini_plan) if clip.method != "sound")


def test_people_are_in_one_part_only(mini_plan):
    parts = collections.defaultdict(set)
    for take in mini_plan:
        for person in [*take.setting.people, *(clip.donor for clip in take.clips if clip.donor)]:
            parts[person.seed].add(take.part)
            assert 0 <= person.skin_tone <= 1
    assert all(len(where) == 1 for where in parts.values())
    tones = [take.setting.people[0].skin_tone for take in mini_plan if take.setting.people]
    assert min(tones) < 0.1 and max(tones) > 0.9
    for take, clip in _clips(mini_plan):
        assert clip.donor not in take.setting.people or clip.donor is None


def test_names_and_seeds_differ_and_the_plan_is_repeatable(mini_plan):
    names = [clip.video for take in mini_plan for clip in take.clips]
    assert len(set(names)) == len(names)
    seeds = [take.setting.seed for take in mini_plan]
    assert len(set(seeds)) == len(seeds)
    assert [clip.video for take in dataset.plan(MINI) for clip in take.clips] == names
    assert [c.video for t in dataset.plan(MINI.replace(seed=1)) for c in t.clips] != names


def test_quality_says_nothing_about_the_label(mini_plan):
    of_fakes = [clip.crf for _, clip in _clips(mini_plan) if clip.method]
    of_reals = [clip.crf for _, clip in _clips(mini_plan) if not clip.method]
    assert np.mean(of_fakes) == pytest.approx(np.mean(of_reals), abs=1.5)


def test_any_numbers_of_clips(tmp_path):
    profile = profiles.get("tiny", parts=2, clips_per_part=8, originals_per_part=3, unlabelled_clips=1)
    counts = collections.Counter(take.part for take in dataset.plan(profile) for _ in take.clips)
    assert counts == {"dfdc_train_part_0": 8, "dfdc_train_part_1": 8, "test_videos": 1}


def test_the_truth_is_known_of_drawn_clips_only(truth, tmp_path):
    assert "" in set(truth["method"]) and truth.loc[truth["method"] == "", "strength"].isna().all()
    assert truth.loc[truth["method"] != "", "strength"].between(0, 1).all()
    assert mini.truth(tmp_path) is None
