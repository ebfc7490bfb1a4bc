"""The face store: the face crops of a set of videos, in a folder of Parquet shards.

    store.json              the settings that shaped the store, and of which videos it is made
    faces-00000.parquet     one row a face, one row group a video
    account-00000.parquet   one row a video that was asked for, whatever came of it
    ...

A shard is written to a temporary name and renamed, its faces last: a shard whose faces are there is finished.
The store knows videos and faces; labels and splits are in the study's table.
"""

import contextlib
import datetime
import functools
import itertools
import json
import math
import platform
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from dfdc_utils.faces import crops
from dfdc_utils.workspace import whole, write_json

FACES = pa.schema([
    ("video", pa.string()),
    ("track", pa.int16()),  # 0 is the main person
    ("frame", pa.int32()),  # place in the video, from 0
    ("seconds", pa.float64()),  # from the first frame
    ("x0", pa.float32()),  # the detected box, in pixels of the upright frame
    ("y0", pa.float32()),
    ("x1", pa.float32()),
    ("y1", pa.float32()),
    ("confidence", pa.float32()),
    ("landmarks", pa.list_(pa.float32(), 10)),  # x, y of left eye, right eye, nose, mouth left, mouth right
    ("jpeg", pa.binary()),
])

BOX = ("x0", "y0", "x1", "y1")

ACCOUNT = pa.schema([
    ("video", pa.string()),
    # ok, too_short, no_face, unreadable, timed_out (while it was read), failed (the detector did) or crashed
    ("outcome", pa.string()),
    ("reason", pa.string()),
    ("frames", pa.int64()),
    ("rate", pa.float64()),
    ("seconds", pa.float64()),
    ("width", pa.int64()),
    ("height", pa.int64()),
    ("rotation", pa.int64()),
    ("codec", pa.string()),
    ("audio_codec", pa.string()),
    ("size_bytes", pa.int64()),
    ("frames_read", pa.int64()),
    ("faces", pa.int64()),
    ("tracks", pa.int64()),
    ("second_look", pa.string()),  # the look that found more, where a plain one found few faces
    ("boxes_of", pa.string()),  # the original whose boxes were used, where they were
    ("detection", pa.float64()),  # seconds in which faces were looked for
    ("elapsed", pa.float64()),  # seconds of work
])

_FORMAT = 2
# A video's thirty crops of 224 pixels are about 0.4 MB: at most 200 MB of JPEG stay in memory.
_VIDEOS_IN_MEMORY = 512
# Opening a shard takes longer than reading a face of it: with fewer, random faces out of the hundred shards of all of
# Kaggle's crops come ten times as slowly, and training waits for them.
_OPEN_FILES = 256


def no_account(video: str) -> dict:
    """The account's row of a video of which nothing is known yet."""
    return dict.fromkeys(ACCOUNT.names) | {
        "video": video, "outcome": "ok", "frames": 0, "rate": math.nan, "seconds": 0.0, "width": 0,
        "height": 0, "rotation": 0, "size_bytes": 0, "frames_read": 0, "faces": 0, "tracks": 0,
        "detection": 0.0, "elapsed": 0.0,
    }


class StoreMismatch(ValueError):
    """A store was made with other settings or of other videos than those asked for."""


class StoreBusy(OSError):
    """Another process is writing to the store."""


class FaceStore:
    """Reads and writes one face store. Safe to share between threads, and to send to other processes.

    Example:
        >>> store = FaceStore(workspace.faces)
        >>> faces = store.faces()
        >>> batch = store.crops(faces.sample(32))   # uint8, (32, side, side, 3)
    """

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        # Reading through one Parquet handle from several threads at a time is not defined; decoding is free.
        self._lock = threading.Lock()
        self._file = functools.lru_cache(_OPEN_FILES)(self._open)
        self._jpegs = functools.lru_cache(_VIDEOS_IN_MEMORY)(self._read_jpegs)
        self._places = functools.lru_cache(_VIDEOS_IN_MEMORY)(self._read_places)

    def __reduce__(self):
        return FaceStore, (self.folder,)

    # Writing.

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other extractions away from this store. Raises StoreBusy, saying who holds it.

        A process that was killed holds nothing: its lock is taken over.
        """
        lock = self.folder / "store.lock"
        self.folder.mkdir(parents=True, exist_ok=True)
        if lock.exists() and not _alive(json.loads(lock.read_text(encoding="utf-8"))):
            lock.unlink()
        me = psutil.Process()
        try:
            # "x" fails where the file exists: of two that come at one moment, one gets it.
            with open(lock, "x", encoding="utf-8") as file:
                json.dump({"host": platform.node(), "pid": me.pid, "began": me.create_time()}, file)
        except FileExistsError:
            holder = json.loads(lock.read_text(encoding="utf-8"))
            since = datetime.datetime.fromtimestamp(lock.stat().st_mtime).strftime("%d %B, %H:%M")
            raise StoreBusy(
                f"Process {holder['pid']} on {holder['host']} has been writing to the face store in "
                f"{self.folder} since {since}. Wait for it, or end it; if it no longer exists, delete {lock}."
            ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)

    def begin(self, settings: dict, videos: str, shards: int, *, force: bool = False) -> None:
        """Makes the folder a store of these settings and videos, or checks that it already is one.

        Args:
            settings: every number on which the faces depend.
            videos: a fingerprint of the list of videos.
            shards: how many shards the finished store has.
            force: empties a store that does not match, instead of refusing it.

        Raises:
            StoreMismatch: the store there has other settings or videos; names them.
        """
        for path in self.folder.glob(".*"):
            path.unlink()  # what a killed run left half written
        wanted = {"format": _FORMAT, "settings": settings, "videos": videos, "shards": shards}
        found = self._manifest()
        if found == wanted:
            return
        if self.finished() and not force:
            raise StoreMismatch(
                f"The face store in {self.folder} was made {_difference(found, wanted)}. "
                "Mixing the two would spoil both: give another folder, or force=True (--force) to make it "
                "anew."
            )
        for path in self.folder.glob("*-*.parquet"):
            path.unlink()
        write_json(self._manifest_path, wanted)

    def write(self, shard: int, faces: pd.DataFrame, account: pd.DataFrame) -> None:
        """Writes one shard whole or not at all.

        Args:
            shard: its number, from 0.
            faces: columns as in `FACES`; the rows of a video stand together.
            account: columns as in `ACCOUNT`.
        """
        try:
            with whole(self._account_path(shard)) as temporary:
                pq.write_table(pa.Table.from_pandas(account, ACCOUNT, preserve_index=False), temporary)
            with whole(self._faces_path(shard)) as temporary:
                table = pa.Table.from_pandas(faces, FACES, preserve_index=False)
                # JPEG does not compress further, and the rest is small.
                with pq.ParquetWriter(temporary, FACES, compression="none", use_dictionary=["video"]) as writer:
                    ends = np.flatnonzero((faces["video"] != faces["video"].shift(-1)).to_numpy()) + 1
                    for start, end in itertools.pairwise([0, *ends.tolist()]):
                        writer.write_table(table.slice(start, end - start))
        except OSError as error:
            raise OSError(
                f"Shard {shard} of the face store in {self.folder} cannot be written: {error}. The shards before it "
                "are kept: make room, or mend the folder's permissions, and run the extraction again."
            ) from error

    def notes(self, shard: int) -> Path:
        """A hidden file for whoever works on a shard; it does not outlive the extraction (`begin`)."""
        return self.folder / f".notes-{shard:05d}.json"

    def finished(self) -> set[int]:
        """Numbers of the shards that are there."""
        return {int(path.stem.removeprefix("faces-")) for path in self.folder.glob("faces-*.parquet")}

    # Reading.

    def faces(self, columns: list[str] | None = None) -> pd.DataFrame:
        """All faces without their pictures, by shard, video, track and frame.

        Args:
            columns: of `FACES`; by default all but `jpeg`.

        Returns:
            Those columns, and `shard`, `group` and `row`, by which `crops` finds the pictures.

        Raises:
            FileNotFoundError: there is no store, or it is unfinished.
        """
        columns = columns or [name for name in FACES.names if name != "jpeg"]
        return pa.concat_tables([self._read_faces(shard, columns) for shard in self._complete()]).to_pandas()

    def boxes(self, shard: int, video: str) -> pd.DataFrame:
        """The faces of one video of one finished shard, without their pictures, the others may be unfinished.

        Returns:
            Columns of `FACES` but `jpeg`, by track and frame, and the `width` and `height` of the video.
        """
        columns = [name for name in FACES.names if name != "jpeg"]
        faces = pq.read_table(self._faces_path(shard), columns=columns, filters=[("video", "=", video)])
        sizes = pq.read_table(self._account_path(shard), columns=["video", "width", "height"])
        return faces.to_pandas().merge(sizes.to_pandas(), on="video")

    def account(self) -> pd.DataFrame:
        """One row a video that was asked for (`ACCOUNT`). Raises FileNotFoundError as `faces` does."""
        return pa.concat_tables([pq.read_table(self._account_path(n)) for n in self._complete()]).to_pandas()

    def crops(self, rows: pd.DataFrame) -> np.ndarray:
        """The pictures of some rows of `faces`, in the order of the rows: RGB uint8, (n, side, side, 3)."""
        places = rows[["shard", "group", "row"]].to_numpy()
        if not len(places):
            side = (self._manifest() or {}).get("settings", {}).get("face_side", 0)
            return np.empty((0, side, side, 3), np.uint8)
        # Videos in turn, so that each is fetched once even where memory holds few.
        pictures: list = [None] * len(places)
        for position in np.lexsort(places.T[::-1]):
            shard, group, row = places[position].tolist()
            pictures[position] = crops.decode(self._jpegs(shard, group)[row].as_buffer())
        return np.stack(pictures)

    def landmarks(self, rows: pd.DataFrame) -> np.ndarray:
        """Where eyes (left, right), nose and corners of the mouth are in the pictures of some rows of `faces`.

        Returns:
            float32, (n, 5, 2), x and y in pixels of the picture; NaN for a face without landmarks.
        """
        settings = self._manifest()["settings"]
        found = np.empty((len(rows), 5, 2), np.float32)
        for position, (shard, group, row) in enumerate(rows[["shard", "group", "row"]].to_numpy().tolist()):
            box, points = (values[row] for values in self._places(shard, group))
            # A picture that was taken over as it is has no margin: the box is all of it.
            x0, y0, x1, _ = crops.square(box, settings.get("face_margin", 0.0))
            found[position] = (points.reshape(5, 2) - (x0, y0)) * settings["face_side"] / (x1 - x0)
        return found

    def crops_of(self, video: str, track: int = 0) -> np.ndarray:
        """The pictures of one person of one video, by frame: RGB uint8, (n, side, side, 3).

        Raises KeyError where the store was not asked for that video.
        """
        if video not in self._shard_of:
            raise KeyError(f"The face store in {self.folder} knows no video '{video}'.")
        faces = self._read_faces(self._shard_of[video], ["video", "track"]).to_pandas()
        return self.crops(faces[(faces["video"] == video) & (faces["track"] == track)])

    @functools.cached_property
    def _shard_of(self) -> dict[str, int]:
        return {
            video: shard
            for shard in self._complete()
            for video in pq.read_table(self._account_path(shard), columns=["video"])["video"].to_pylist()
        }

    def _complete(self) -> list[int]:
        manifest, finished = self._manifest(), sorted(self.finished())
        missing = manifest["shards"] - len(finished) if manifest else 0
        if not finished or missing > 0:
            state = f"lacks {missing} of {manifest['shards']} shards" if manifest else "is empty"
            raise FileNotFoundError(
                f"The face store in {self.folder} {state}. Run notebook 02 or "
                "`python -m dfdc_utils extract`: what is there is kept."
            )
        return finished

    def _read_faces(self, shard: int, columns: list[str]) -> pa.Table:
        with self._lock:
            file = self._file(shard)
            table = file.read(columns=columns)
            sizes = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
        return (
            table
            .append_column("shard", pa.array(np.full(len(table), shard, np.int32)))
            .append_column("group", pa.array(np.repeat(np.arange(len(sizes), dtype=np.int32), sizes)))
            .append_column("row", pa.array([row for size in sizes for row in range(size)], pa.int32()))
        )

    def _read_jpegs(self, shard: int, group: int) -> pa.ChunkedArray:
        with self._lock:
            return self._file(shard).read_row_group(group, columns=["jpeg"])["jpeg"]

    def _read_places(self, shard: int, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes and landmarks of one video, in pixels of its frames."""
        with self._lock:
            rows = self._file(shard).read_row_group(group, columns=[*BOX, "landmarks"])
        return rows.select(BOX).to_pandas().to_numpy(), np.stack(rows["landmarks"].to_numpy())

    def _open(self, shard: int) -> pq.ParquetFile:
        return pq.ParquetFile(self._faces_path(shard))

    def _manifest(self) -> dict | None:
        path = self._manifest_path
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None

    @property
    def _manifest_path(self) -> Path:
        return self.folder / "store.json"

    def _faces_path(self, shard: int) -> Path:
        return self.folder / f"faces-{shard:05d}.parquet"

    def _account_path(self, shard: int) -> Path:
        return self.folder / f"account-{shard:05d}.parquet"


def _alive(holder: dict) -> bool:
    """Whether the process of a lock still runs, as far as can be told: not from another machine."""
    if holder["host"] != platform.node():
        return True
    try:
        return psutil.Process(holder["pid"]).create_time() == holder["began"]
    except psutil.NoSuchProcess:
        return False


def _difference(found: dict | None, wanted: dict) -> str:
    """How a store differs from the one that is wanted, for people."""
    if found is None or found["format"] != wanted["format"]:
        return "by another version of this package"
    before, now = found["settings"], wanted["settings"]
    changed = [
        f"{key}={before.get(key)} (now {now.get(key)})"
        for key in sorted(before.keys() | now.keys())
        if before.get(key) != now.get(key)
    ]
    if changed:
        return "with " + ", ".join(changed)
    return "of other videos: files were added, removed or changed"
