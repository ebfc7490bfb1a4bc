"""A study in which nothing has changed, against the one that made everything.

    make bench
"""

import time

from command_line import command


def test_a_second_study_takes_a_fiftieth_of_the_first(tmp_path):
    seconds = []
    for _ in range(2):
        began = time.perf_counter()
        process = command(tmp_path, "study", "--profile", "tiny")
        seconds.append(time.perf_counter() - began)
        assert process.returncode == 0, process.stderr
    assert "skipped" in process.stdout and " done " not in process.stdout
    print(f"\nstudy of tiny: first {seconds[0]:.0f} s, second {seconds[1]:.1f} s")
    assert seconds[1] < seconds[0] / 50
