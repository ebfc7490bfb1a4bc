import csv
import io
from pathlib import Path

from judged_files import calibrated

from dfdc_utils.predict import judge, output
from dfdc_utils.predict.files import Named


def row(name, **score):
    known = judge.nothing_known(Named(Path(name)))
    return known | {"status": "ok", "kind": "video", "scores": {"m": score}} if score else known | {"reason": "why"}


def test_a_spreadsheet_takes_no_name_for_a_formula():
    table = output.table([row("=1+1.mp4"), row("@x.mp4"), row("a,b.mp4")], [calibrated((0.5, 0.5))])
    assert [line["file"] for line in csv.DictReader(io.StringIO(table))] == ["./=1+1.mp4", "./@x.mp4", "a,b.mp4"]


def test_a_person_at_the_keyboard_is_told_who_where_when_and_what_was_left_out():
    score = {"p_fake": 0.9, "raw": 0.95, "verdict": "FAKE", "faces": 8}
    people = [
        {"person": number, "shot": number, "from": 1.0, "to": 2.5, "frames": 8, "box": [0, 0, 9, 9], "scores":
         {"m": score | {"p_fake": p}}} for number, p in ((1, 0.2), (2, 0.9))
    ]
    judged = row("a.mp4", **score, person=2) | {
        "people": people, "shots": [{}, {}], "left_out": [{"what": "3 more people", "why": "crowds are not judged"}],
    }
    text = output.text([judged, row("broken.mp4")], [calibrated((0.3, 0.7))])
    assert "person 2, shot 2, 1.0 to 2.5 s   0.9000  FAKE" in text
    assert "a.mp4: left out: 3 more people: crowds are not judged" in text
    assert "cannot be judged: why" in text and "50% of the videos are fakes" in text
