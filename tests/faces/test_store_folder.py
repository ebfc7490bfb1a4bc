"""What else lies in a store's folder, and who else writes to it."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from dfdc_utils import profiles
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import FACES, no_account
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.faces.store_folder import StoreBusy, StoreMismatch
from dfdc_utils.workspace import whole

CUTTING = cutting(profiles.get("tiny"))
HIDDEN = (
    ".bashrc", ".DS_Store", ".nfs0001", ".ipynb_checkpoints/store-checkpoint.json", ".snapshot/faces-00000.parquet",
)
BESIDE = ("2024-2025.parquet", "faces-old.parquet", "faces-1.parquet", "notes.txt", "plots/a.png")


def put(folder, names) -> dict:
    """Makes these files. Returns what is in them."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode() * 3)
    return {name: name.encode() * 3 for name in names}


def read(folder, names) -> dict:
    return {name: (folder / name).read_bytes() for name in names}


def write(folder, cutting=CUTTING) -> FaceStore:
    """A shard of one video without a face, as an extraction writes it."""
    store = FaceStore(folder)
    with store.held():
        store.begin(cutting)
        store.write(store.reserve(1), pd.DataFrame(columns=FACES.names), pd.DataFrame([no_account("a.mp4")]))
    return store


@pytest.mark.parametrize("name", BESIDE)
def test_a_folder_with_anything_else_in_it_is_refused_and_left_as_it_is(tmp_path, name):
    there = put(tmp_path, [name, ".bashrc"])
    for refused in (lambda store: store.held().__enter__(), lambda store: store.begin(CUTTING)):
        with pytest.raises(FileExistsError, match=f"{tmp_path} is no face store.*'{name.split('/')[0]}'.*empty folder"):
            refused(FaceStore(tmp_path))
    assert read(tmp_path, there) == there
    assert {path.name for path in tmp_path.iterdir()} == {name.split("/")[0], ".bashrc"}


def test_hidden_things_do_no_harm_and_come_to_none(tmp_path):
    there = put(tmp_path, HIDDEN)
    for _ in range(2):
        assert len(write(tmp_path).account()) == 1
    assert read(tmp_path, there) == there


def test_what_lies_beside_a_store_is_left_alone(tmp_path):
    write(tmp_path)
    there = put(tmp_path, [*HIDDEN, *BESIDE])
    store = write(tmp_path)
    assert store.finished() == {0, 1} and len(store.account()) == 1
    assert read(tmp_path, there) == there


def test_what_a_killed_run_left_is_removed_and_nothing_like_it(tmp_path):
    store = write(tmp_path)
    for path in (store.faces_path(7), store.account_path(7), store.folder / "store.json", store.notes(7)):
        with pytest.raises(ZeroDivisionError), whole(path) as temporary:
            temporary.write_bytes(b"half")
            kept = temporary.with_name(temporary.name)
            raise ZeroDivisionError
        kept.write_bytes(b"half")
    store.notes(7).write_text("{}")
    assert len(list(tmp_path.glob(".*"))) == 5
    like = put(tmp_path, [".faces-00007.parquet", ".store.json", ".notes.json", ".faces-00007.0123abcd.parquet.bak"])
    write(tmp_path)
    assert {path.name for path in tmp_path.glob(".*")} == set(like)
    assert read(tmp_path, like) == like


@pytest.mark.parametrize("manifest", [
    json.dumps({"format": 2, "settings": {"face_side": 64}, "videos": "", "shards": 1}), "", "[]", '{"name": "shop"}',
])
def test_a_store_of_another_version_is_refused_and_kept(tmp_path, manifest):
    there = put(tmp_path, ["faces-00000.parquet", "account-00000.parquet"])
    (tmp_path / "store.json").write_text(manifest)
    with pytest.raises(StoreMismatch, match="store.json was not written by this version.*another folder"):
        write(tmp_path)
    with pytest.raises(StoreMismatch):
        FaceStore(tmp_path).cutting  # noqa: B018
    assert read(tmp_path, there) == there and (tmp_path / "store.json").read_text() == manifest


def test_faces_that_are_cut_otherwise_are_refused_by_name(tmp_path):
    store = write(tmp_path)
    other = CUTTING | {"face_side": 96, "face_shift": 0.1}
    with pytest.raises(StoreMismatch, match=r"face_shift=0.0 \(now 0.1\), face_side=64 \(now 96\).*another folder"):
        write(tmp_path, other)
    assert store.finished() == {0} and store.cutting == CUTTING
    assert json.loads((tmp_path / "store.json").read_text())["cutting"] == CUTTING


def test_numbers_of_shards_are_given_once(tmp_path):
    store = write(tmp_path)
    # Whoever got 1 to 3 may be a worker that is cut off, and still writing.
    assert store.reserve(3) == 1
    put(tmp_path, ["account-00009.parquet"])
    assert FaceStore(tmp_path).reserve(1) == 10
    assert FaceStore(tmp_path).reserve(1) == 11


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\x00 junk", b'{"host": "elsewhere", "pid": 1, "began": 0}'])
def test_a_lock_that_nobody_holds_does_no_harm(tmp_path, content):
    write(tmp_path)
    (tmp_path / "store.lock").write_bytes(content)
    assert write(tmp_path).finished() == {0, 1}


def test_one_writer_at_a_time(tmp_path):
    hold = "import sys, time; from dfdc_utils.faces.store import FaceStore\n" \
        "with FaceStore(sys.argv[1]).held(): print('held', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", hold, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert other.stdout.readline() == "held\n"
        for _ in range(2):
            with pytest.raises(StoreBusy, match=rf"Process {other.pid} on .* \(since .*\) is writing .*{tmp_path}"):
                write(tmp_path)
    finally:
        other.kill()
        other.wait()
    # It was killed, so its name is still there, and means nothing.
    assert (tmp_path / "store.lock").read_text().startswith(f"Process {other.pid} ")
    assert write(tmp_path).finished() == {0}
    with FaceStore(tmp_path).held(), pytest.raises(StoreBusy):
        write(tmp_path)
