import os

import pytest

from dfdc_utils.predict.files import find, printable


def names(found):
    return [file.path.name for file in found]


def test_folders_are_looked_through_and_what_is_neither_video_nor_picture_is_counted(tmp_path):
    read = ("b.MOV", "a.mp4", "in/c.webm", "in/deep/d.JPG")
    hidden = (".hidden.mp4", ".git/e.mp4", "lost+found/f.mp4", "$RECYCLE.BIN/g.mp4")
    for name in (*read, "in/notes.txt", "list.csv", *hidden):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found, others = find([tmp_path])
    assert names(found) == ["a.mp4", "b.MOV", "c.webm", "d.JPG"] and others == 2
    assert all(file.missing is None for file in found)
    assert names(find([tmp_path, tmp_path / "a.mp4"])[0]) == names(found), "each once"


def test_patterns_and_names_that_look_like_them(tmp_path):
    for name in ("a1.mp4", "a2.mp4", "in/a3.mp4", "take[1].mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert names(find([tmp_path / "a*.mp4"])[0]) == ["a1.mp4", "a2.mp4"]
    assert names(find([tmp_path / "**" / "a*.mp4"])[0]) == ["a1.mp4", "a2.mp4", "a3.mp4"]
    assert names(find([tmp_path / "take[1].mp4"])[0]) == ["take[1].mp4"]


def test_what_is_not_there_has_a_row_and_a_reason(tmp_path):
    (tmp_path / "empty").mkdir()
    found, _ = find([tmp_path / "gone.mp4", tmp_path / "x*.mp4", tmp_path / "empty"])
    assert [file.missing for file in found] == [
        "there is no such file", "no file fits this pattern", "there is no video or picture in this folder",
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_costs_itself_only(tmp_path):
    (tmp_path / "a.mp4").touch()
    (tmp_path / "locked").mkdir(mode=0)
    found, _ = find([tmp_path])
    assert [file.missing is None for file in found] == [True, False]


def test_a_name_is_text_on_every_terminal():
    assert printable(os.fsdecode(b"caf\xe9.mp4")) == "caf\\xe9.mp4"
    assert printable("caf\u00e9.mp4") == "caf\u00e9.mp4"
    assert printable("red\x1b[31m\n.mp4") == "red\\x1b[31m\\n.mp4"
