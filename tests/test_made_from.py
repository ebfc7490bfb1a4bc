import json
import os

import pytest

from dfdc_utils import made_from
from dfdc_utils.made_from import MadeFrom, NotCurrent, difference, identity, record, require


@pytest.fixture
def artefact(workspace):
    """One that was made from a setting and an input, by code."""
    path = workspace.run / "models" / "net.keras"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    made = MadeFrom(settings={"epochs": 3, "sizes": (1, 2)}, inputs={"the table": "aaaa"}, code="1111")
    record(workspace, path, made)
    return path, made


def test_what_fits_fits_and_each_difference_is_named(workspace, artefact):
    path, made = artefact
    assert difference(workspace, path, made) is None
    assert difference(workspace, path, MadeFrom(settings={"epochs": 4})) == "it was made with epochs=3 (now 4)"
    other = MadeFrom(settings={"epochs": 3}, inputs={"the table": "bbbb"}, code="2222")
    assert difference(workspace, path, other) == "it was made with another version of the table, other code"
    # A setting that did not exist then is a difference, one that the reader does not name is none.
    assert difference(workspace, path, MadeFrom(settings={"new": 1})) == "it was made with new=None (now 1)"
    assert difference(workspace, path, MadeFrom()) is None


def test_an_artefact_that_somebody_else_wrote_is_not_taken_for_ours(workspace, artefact):
    path, made = artefact
    before = identity(workspace, path)
    # Copied, or touched: the same bytes.
    os.utime(path, (1, 1))
    assert difference(workspace, path, made) is None and identity(workspace, path) == before
    path.write_bytes(b"others!")
    assert difference(workspace, path, made) == "it was changed by something else since it was made"
    assert identity(workspace, path) != before


def test_without_a_record_nothing_is_known(workspace, artefact):
    path, made = artefact
    made_from.forget(workspace, path)
    assert difference(workspace, path, made) == "nothing says what it was made from"
    (damaged,) = [workspace.made_from(workspace.run / "models" / "net.keras")]
    damaged.write_text("{")
    assert difference(workspace, path, made) == "nothing says what it was made from"
    path.unlink()
    assert difference(workspace, path, made) == "it is not there"


def test_a_reader_is_told_both_sides_and_the_command(workspace, artefact):
    path, made = artefact
    require(workspace, path, made, what="The model Net", notebook="03")
    wanted = MadeFrom(settings={"epochs": 4})
    with pytest.raises(NotCurrent) as told:
        require(workspace, path, wanted, what="The model Net", notebook="03")
    text = str(told.value)
    assert "The model Net" in text and str(path) in text and "epochs=3 (now 4)" in text
    assert text.endswith("notebook 03: python -m dfdc_utils study --profile tiny --only 03")
    with pytest.raises(FileNotFoundError, match="it is not there.*--only 03"):
        require(workspace, path.with_name("none.keras"), wanted, what="The model None", notebook="03")


def test_the_record_is_plain_json_beside_the_artefacts(workspace, artefact):
    content = json.loads((workspace.made_from(workspace.run / "models" / "net.keras")).read_text())
    assert content["made_from"]["settings"] == {"epochs": 3, "sizes": [1, 2]}
    assert content["file"]["bytes"] == 7 and len(content["file"]["sha256"]) == 64
