import io
import time

import pytest

from dfdc_utils.study.progress import Watch, clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_clock():
    assert [clock(seconds) for seconds in (0, 65.9, 3600, 4000)] == ["0:00", "1:05", "1:00:00", "1:06:40"]


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "It did not become so."
        time.sleep(0.02)


def test_on_a_terminal_one_line_is_kept_fresh_for_all_that_run():
    out = Terminal()
    with Watch(out) as watch:
        watch.say("00_start_here", "unchanged, skipped")
        watch.start("03_train_custom_cnn", "text changed")
        watch.start("04_train_mesonet", "first run")
        watch.news("03_train_custom_cnn", 7, 24)
        wait_until(lambda: out.getvalue().rpartition("\r")[2].count("0:01") == 2)
        watch.finish("03_train_custom_cnn", "done")
        watch.finish("04_train_mesonet", "done")
    lines = out.getvalue().split("\n")
    # One skipped, two that start, two that end, and the end of the text.
    assert len(lines) == 6
    fresh = [text.split() for text in lines[3].split("\r")]
    assert ["03", "7/24", "0:01", "04", "0/?", "0:01"] in fresh
    assert fresh[-1] == ["03_train_custom_cnn", "done", "0:01"]
    assert lines[4].split() == ["04_train_mesonet", "done", "0:01"]
    assert all(len(text) == 78 for line in lines[:-1] for text in line.split("\r") if text), "nothing stays behind"


def test_in_a_log_lines_are_few():
    out = io.StringIO()
    with Watch(out) as watch:
        watch.start("01_explore_the_data", "first run")
        time.sleep(1.2)
        watch.finish("01_explore_the_data", "failed")
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["first", "failed"]


def test_the_peak_of_memory_is_seen():
    with Watch(io.StringIO()) as watch:
        wait_until(lambda: watch.peak_bytes > 0)
        before = watch.peak_bytes
        block = bytearray(300_000_000)
        block[::4096] = b"x" * len(block[::4096])
        wait_until(lambda: watch.peak_bytes - before > 250e6)
    assert watch.peak_bytes - before == pytest.approx(300e6, rel=0.2)
