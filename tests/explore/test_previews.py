import os

import av
import numpy as np
import pytest

from dfdc_utils.explore import previews
from dfdc_utils.faces.frames import iterate, sample
from dfdc_utils.faces.video_file import UnreadableVideo


def path_of(tiny_dfdc):
    return sorted(tiny_dfdc.glob("dfdc_train_part_0/*.mp4"))[0]


def test_a_preview_shows_the_same_frames_at_the_same_times(workspace, tiny_dfdc):
    source = path_of(tiny_dfdc)
    made = previews.preview(workspace, source)
    before, after = (list(iterate(path)) for path in (source, made))
    assert len(before) == len(after)
    assert [one[1] for one in after] == pytest.approx([one[1] for one in before], abs=1e-3)
    # A coded copy of the same picture, frame by frame, not a neighbour.
    for (_, _, one), (_, _, other) in list(zip(before, after, strict=True))[::5]:
        assert np.abs(one.astype(int) - other).mean() < 4
    with av.open(str(made)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert container.streams.audio[0].codec_context.name == "aac"


def test_it_is_made_once(workspace, tiny_dfdc):
    made = previews.preview(workspace, path_of(tiny_dfdc))
    os.utime(made, ns=(1, 1))
    assert previews.preview(workspace, path_of(tiny_dfdc)) == made
    assert made.stat().st_mtime_ns == 1


def test_large_frames_become_small_and_turned_ones_upright(workspace, tmp_path):
    from dfdc_utils.data.mini.videos import VideoWriter, turn_on_playback

    path = tmp_path / "turned.mp4"
    picture = np.zeros((720, 1280, 3), np.uint8)
    picture[:, :640, 0] = 255
    with VideoWriter(path, 1280, 720, 30, 20, np.zeros(44_100, np.float32)) as writer:
        writer.write(picture, 6)
    turn_on_playback(path)
    shown = sample(previews.preview(workspace, path), 1).images[0]
    assert shown.shape == (640, 360, 3)
    upright = sample(path, 1).images[0]
    for part in (slice(None, 200), slice(-200, None)):
        assert (shown[part, :, 0].mean() > 128) == (upright[part, :, 0].mean() > 128)


def test_what_is_no_video_is_named(workspace, tmp_path):
    path = tmp_path / "broken.mp4"
    path.write_bytes(b"nothing")
    with pytest.raises(UnreadableVideo, match=r"broken\.mp4"):
        previews.preview(workspace, path)
    assert not list(workspace.previews.glob("*"))
