import pytest

from dfdc_utils.predict import asked, judge, run
from dfdc_utils.predict.files import find


@pytest.fixture
def clips(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.mp4").write_bytes(b"%d" % number)
    return find([tmp_path])[0]


@pytest.fixture
def judged(monkeypatch):
    """The names of the files that are judged; each of them is ok."""
    seen = []

    def say(file, models, **_):
        if file.path.name in judged_not:
            raise KeyboardInterrupt
        seen.append(file.path.name)
        return judge.Judgement(judge.nothing_known(file) | {"status": "ok"})

    judged_not: set[str] = set()
    monkeypatch.setattr(judge, "judge", say)
    return seen, judged_not


def test_an_interrupted_run_goes_on_where_it_was(clips, judged, tmp_path, capsys):
    seen, interrupted_at = judged
    journal = tmp_path / "out" / "scores.csv.unfinished"
    interrupted_at.add("2.mp4")
    with pytest.raises(KeyboardInterrupt, match="2 of 3 files are judged. The same command goes on from there"):
        run.judge_all(clips, [], journal=run.Unfinished(journal), workers=1)
    interrupted_at.clear()
    seen.clear()
    # The machine went down in the middle of a line.
    journal.write_text(journal.read_text() + '{"key": "torn')
    unfinished = run.Unfinished(journal)
    rows = run.judge_all(clips, [], journal=unfinished, workers=1)
    assert seen == ["2.mp4"] and [row["status"] for row in rows] == ["ok"] * 3
    assert [row["file"] for row in rows] == [file.shown for file in clips]
    assert "2 of 3 files were judged before" in capsys.readouterr().out
    unfinished.close()
    assert not journal.exists()


def test_what_changed_and_what_is_asked_otherwise_is_judged_anew(clips, judged, tmp_path):
    seen, _ = judged
    journal = tmp_path / "journal"
    run.judge_all(clips, [], journal=run.Unfinished(journal), workers=1)
    clips[1].path.write_bytes(b"another")
    seen.clear()
    run.judge_all(clips, [], journal=run.Unfinished(journal), workers=1)
    assert seen == ["1.mp4"]
    seen.clear()
    run.judge_all(clips, [], tta=2, journal=run.Unfinished(journal), workers=1)
    assert len(seen) == 3


@pytest.mark.slow
def test_many_files_are_judged_side_by_side_with_the_same_scores(studies, folder):
    models = asked.find(["meso4"], studies)
    files, _ = find([folder])
    together = run.judge_all(files, models, workers=2)
    assert [row["file"] for row in together] == [file.shown for file in files]
    alone = [judge.judge(file, models).row for file in files[:3]]
    for row, other in zip(together, alone, strict=False):
        assert row["status"] == other["status"]
        for name, score in row["scores"].items():
            assert score["p_fake"] == pytest.approx(other["scores"][name]["p_fake"], abs=1e-4)
