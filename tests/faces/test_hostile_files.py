import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pytest
from hostile_files import FRAMES, MIDDLE, START, write_hostile
from stand_in import BrightSpots
from video_files import counted, number_of, write_video

from dfdc_utils import profiles
from dfdc_utils.data import metadata
from dfdc_utils.faces.extraction import extract
from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.one_video import extract_video
from dfdc_utils.faces.schemas import ACCOUNT

PROFILE = profiles.get("tiny", min_frames=20, frames_per_video=5, face_side=32, face_margin=0.5)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> dict:
    return write_hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(scope="module")
def extracted(corpus) -> dict:
    """Faces and account of each file; or the exception, so that one of them does not hide the others."""
    found = {}
    for name, hostile in corpus.items():
        try:
            found[name] = extract_video(hostile.path, name, BrightSpots(), PROFILE, threads=1)
        except Exception as error:
            found[name] = error
    return found


@pytest.fixture(scope="module")
def accounts(extracted) -> dict:
    return {name: found[1] for name, found in extracted.items() if not isinstance(found, Exception)}


def wrong_outcomes(corpus, accounts, *, also=()) -> dict:
    """The outcome and reason of each file that did not come out as it should, and what was expected."""
    wrong = {}
    for name, hostile in corpus.items():
        outcome, reason = accounts[name]["outcome"], accounts[name]["reason"]
        expected = hostile.outcomes | set(also if "ok" in hostile.outcomes else ())
        says = hostile.says if outcome in hostile.outcomes - {"ok"} else ""
        if outcome not in expected or not re.search(says, reason or ""):
            wrong[name] = outcome, reason, sorted(expected), hostile.says
    return wrong


def test_there_are_many(corpus):
    assert len(corpus) > 150
    absent = {name for name, hostile in corpus.items() if not os.path.lexists(hostile.path)}
    assert absent == {"never_there.mp4", "index_first.mp4/below_a_file.mp4"}


def test_no_file_ends_the_run(extracted):
    assert {name: repr(found) for name, found in extracted.items() if isinstance(found, Exception)} == {}


def test_each_comes_to_what_it_should(corpus, accounts):
    assert wrong_outcomes(corpus, accounts) == {}


def test_each_row_is_whole_and_says_why(corpus, accounts):
    for name, account in accounts.items():
        assert list(account) == ACCOUNT.names
        assert account["video"] == name
        if account["outcome"] == "ok":
            # A picture that is broken in the middle looks as if it cut.
            broken = "_random." in name and "the picture cuts" in str(account["reason"])
            assert (account["reason"] is None or broken) and account["faces"] > 0, name
        else:
            assert len(account["reason"]) > 10 and account["faces"] == 0, name
            assert not re.search("Traceback|Error|File \"|<|0x", account["reason"]), name
            assert str(corpus[name].path.parent) not in account["reason"], name
        assert account["frames_read"] <= PROFILE.frames_per_video
        assert account["rotation"] in (0, 90, 180, 270), name


def test_where_there_is_a_picture_it_is_seen_as_it_is(corpus, extracted):
    """Each face is where it is drawn: no picture is shifted, turned, stretched, or in another's place."""
    wrong = {}
    for name, hostile in corpus.items():
        if hostile.shows_spot:
            faces, account = extracted[name]
            main = faces[faces["track"] == 0]
            x = (main["x0"] + main["x1"]) / 2 - START - main["frame"]
            y = (main["y0"] + main["y1"]) / 2 - MIDDLE
            if (account["frames"], len(main)) != (FRAMES, 5) or max(x.abs().max(), y.abs().max()) > 1.5:
                wrong[name] = account["frames"], x.tolist(), y.tolist()
    assert wrong == {}


def test_the_size_in_the_account_is_that_of_the_picture(corpus, accounts):
    for name, hostile in corpus.items():
        if hostile.shows_spot:
            account = accounts[name]
            assert sample(hostile.path, 1).images[0].shape == (account["height"], account["width"], 3), name


def test_no_playlist_is_followed(corpus, accounts):
    playlists = [name for name in corpus if name.endswith("_playlist.mp4")]
    assert len(playlists) == 4
    assert {accounts[name]["outcome"] for name in playlists} == {"unreadable"}


@pytest.mark.parametrize("seed", range(3))
def test_an_index_spoilt_at_random(corpus, tmp_path, seed):
    good = corpus["index_last.mp4"].path.read_bytes()
    random = np.random.default_rng(seed)
    path = tmp_path / "spoilt.mp4"
    outcomes = set()
    for _ in range(60):
        spoilt = np.frombuffer(good, np.uint8).copy()
        places = random.integers(good.rindex(b"moov"), len(good), random.integers(1, 12))
        spoilt[places] = random.integers(0, 256, len(places))
        path.write_bytes(spoilt.tobytes())
        outcomes.add(extract_video(path, "a.mp4", BrightSpots(), PROFILE, threads=1)[1]["outcome"])
    assert {"ok", "unreadable"} <= outcomes <= {"ok", "unreadable", "too_short", "no_face"}


_READ_ALL = """
import pathlib, sys
from dfdc_utils.faces.frames import sample
from dfdc_utils.faces.video_file import UnreadableVideo
for path in sys.argv[1:]:
    try:
        sample(path, 5, threads=1)
    except UnreadableVideo:
        pass
print(pathlib.Path("/proc/self/status").read_text())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak memory where Linux has it")
def test_absurd_sizes_are_refused_before_memory_is_taken(corpus):
    def peak(*paths) -> int:
        """Megabytes at most, of a process of its own: the peak of this one is long past."""
        command = [sys.executable, "-c", _READ_ALL, *paths]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return int(re.search(r"VmHWM:\s+(\d+) kB", done.stdout)[1]) // 1024

    absurd = [str(hostile.path) for name, hostile in corpus.items() if "000_pixels" in name]
    assert len(absurd) == 5
    assert peak(*absurd) - peak() < 300


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(psutil.Process, "num_fds"), reason="counts open files as Unix does")
def test_memory_and_open_files_stay_as_they_are(corpus):
    # Absurd sizes have a test of their own, and are slow.
    paths = [hostile.path for name, hostile in corpus.items() if "_pixels" not in name]
    me = psutil.Process()

    def once() -> tuple[int, int]:
        for path in paths:
            extract_video(path, "a.mp4", BrightSpots(), PROFILE, threads=1)
        return me.memory_info().rss, me.num_fds()

    memory, files = once()
    for _ in range(10):
        memory_now, files_now = once()
    assert memory_now - memory < 60e6
    assert files_now == files


@pytest.mark.slow
def test_a_set_with_all_of_them_in_it(corpus, tiny_dfdc, tmp_path):
    good = metadata.read(tiny_dfdc).table[["video", "path", "part"]]
    # Pandas' own kind of text holds no names outside UTF-8; `metadata.read` gives Python's.
    hostile = pd.DataFrame(
        [(name, str(hostile.path), "hostile") for name, hostile in corpus.items()],
        columns=["video", "path", "part"], dtype=object,
    )
    table = pd.concat([good[:4], hostile, good[4:]], ignore_index=True)
    account = extract(table, tmp_path, profiles.get("tiny", videos_per_shard=20), workers=2)
    assert account["video"].tolist() == table["video"].tolist()
    of_video = account.set_index("video")
    assert of_video.loc[good["video"], "outcome"].eq("ok").all()
    # A bright square is no face to the networks.
    assert wrong_outcomes(corpus, of_video.to_dict("index"), also=["no_face"]) == {}


@pytest.mark.parametrize("name, codec, pixel_format", [
    ("hevc.mp4", "libx265", "yuv420p"),
    ("hevc_ten_bit.mp4", "libx265", "yuv420p10le"),
    ("av1.mp4", "libsvtav1", "yuv420p"),
    ("vp8.webm", "libvpx", "yuv420p"),
    ("vp9_444.mkv", "libvpx-vp9", "yuv444p"),
    ("mpeg4.avi", "mpeg4", "yuv420p"),
    ("mpeg2.ts", "mpeg2video", "yuv420p"),
    ("prores.mov", "prores_ks", "yuv422p10le"),
    ("alpha.mov", "png", "rgba"),
    ("alpha.mkv", "ffv1", "bgra"),
    ("sixteen_bit.mkv", "ffv1", "yuv420p16le"),
    ("h264_422_ten_bit.mkv", "libx264", "yuv422p10le"),
])
def test_brightness_in_other_formats(tmp_path, name, codec, pixel_format):
    path = write_video(tmp_path / name, counted(36, 64, 112), codec=codec, pixel_format=pixel_format)
    for exact in (True, False):
        frames = sample(path, 4, exact=exact)
        assert frames.info.frames == 36
        assert [(image.dtype, image.shape) for image in frames.images] == [(np.uint8, (64, 112, 3))] * 4
        assert [number_of(image) for image in frames.images] == pytest.approx(frames.indices, abs=1)


@pytest.mark.parametrize("name", ["h264_grey.mp4", "h264_grey_ten_bit.mp4", "ffv1_sixteen_bit.mkv"])
def test_grey_of_any_depth_becomes_three_equal_channels(corpus, name):
    image = sample(corpus[name].path, 1).images[0]
    assert np.ptp(image, axis=2).max() == 0
    assert image[MIDDLE - 5:MIDDLE + 5, START - 5:START + 5].min() > 200 and image[:, -8:].max() < 80


def test_the_size_may_change_within_a_video(corpus):
    for name in ("size_changes.h264", "size_changes.ts"):
        images = sample(corpus[name].path, 6).images
        assert {image.shape for image in images} == {(64, 112, 3), (48, 96, 3)}


def test_names_outside_utf8_are_read(corpus):
    if "name_not_utf8.mp4" not in corpus:
        pytest.skip("this system has no such names")
    path = corpus["name_not_utf8.mp4"].path
    assert os.fsencode(Path(path).name) == b"caf\xe9.mp4"
    assert len(sample(path, 3).images) == 3
