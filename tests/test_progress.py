import io
import time

import pytest

from dfdc_utils.progress import Watch, clock


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_clock():
    assert [clock(seconds) for seconds in (0, 65.9, 3600, 4000)] == ["0:00", "1:05", "1:00:00", "1:06:40"]


def test_on_a_terminal_one_line_is_kept_fresh():
    out = Terminal()
    with Watch(out) as watch:
        watch.say("00_start_here", "unchanged, skipped")
        watch.start("01_explore_the_data", "text changed")
        watch.cells(24)
        watch.cell(7)
        time.sleep(1.5)
        watch.finish("done")
    lines = out.getvalue().split("\n")
    assert len(lines) == 3, "one line a notebook, and the end"
    shown = lines[1].split("\r")
    memory = shown[-1].split()[3]
    assert 0.05 < float(memory) < 50
    assert any("cell 7 of 24" in text and "0:01" in text for text in shown)
    assert shown[-1].split() == ["01_explore_the_data", "done", "0:01", memory, "GB"]
    assert {len(text) for text in shown if text} == {78}, "nothing of a longer text stays behind"


def test_in_a_log_lines_are_few():
    out = io.StringIO()
    with Watch(out) as watch:
        watch.start("01_explore_the_data", "first run")
        time.sleep(1.2)
        watch.finish("failed")
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["first", "failed"]


def test_the_peak_of_memory_is_seen():
    with Watch(io.StringIO()) as watch:
        time.sleep(0.2)
        before = watch.peak_bytes
        block = bytearray(300_000_000)
        block[::4096] = b"x" * len(block[::4096])
        time.sleep(1.3)
    assert watch.peak_bytes - before == pytest.approx(300e6, rel=0.2)
