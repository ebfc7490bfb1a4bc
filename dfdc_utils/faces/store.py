"""The face store: the face crops of videos, read back. `store_folder` says how they lie on disk.

A video that was read again stands in a later shard; its earlier rows are not shown. The store knows videos and faces;
labels and splits are in the study's table.
"""

import contextlib
import functools
import hashlib
import json
import threading
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting, folder_name
from dfdc_utils.faces.schemas import ACCOUNT, BOX, FACES
from dfdc_utils.faces.store_folder import StoreFolder
from dfdc_utils.workspace import Workspace, whole

_PLACES = ("shard", "group", "row")
_KNOWN = ACCOUNT.append(pa.field("shard", pa.int32()))
# A video's thirty crops of 224 pixels are about 0.4 MB: at most 200 MB of JPEG stay in memory.
_VIDEOS_IN_MEMORY = 512
# Opening a shard takes longer than reading a face of it: with fewer, random faces out of the hundred shards of all of
# Kaggle's crops come ten times as slowly, and training waits for them.
_OPEN_FILES = 256


def open_store(workspace: Workspace) -> "FaceStore":
    """The store of the faces that the workspace's profile wants: one folder for each way of cutting them."""
    wanted = cutting(workspace.profile)
    return FaceStore(workspace.faces / folder_name(wanted))


class FaceStore(StoreFolder):
    """Reads and writes one face store. Safe to share between threads, and to send to other processes.

    Example:
        >>> store = open_store(workspace)
        >>> faces = store.faces()
        >>> batch = store.crops(faces.sample(32))   # uint8, (32, side, side, 3)
    """

    def __init__(self, folder: str | Path):
        super().__init__(folder)
        # Reading through one Parquet handle from several threads at a time is not defined; decoding is free.
        self._lock = threading.Lock()
        self._file = functools.lru_cache(_OPEN_FILES)(self._open)
        self._jpegs = functools.lru_cache(_VIDEOS_IN_MEMORY)(self._read_jpegs)
        self._boxes = functools.lru_cache(_VIDEOS_IN_MEMORY)(self._read_boxes)
        self._accounts = functools.lru_cache(1)(self._read_accounts)

    def __reduce__(self):
        return FaceStore, (self.folder,)

    @property
    def cutting(self) -> dict:
        """How its faces are cut (`cutting.cutting`). Raises FileNotFoundError where there is no store."""
        manifest = self.manifest()
        if manifest is None:
            raise self._lacks("is not there")
        return manifest["cutting"]

    def known(self) -> pd.DataFrame:
        """The account and the `shard` of every video that it has, by name (which is the index too)."""
        return self._accounts(tuple(sorted(self.finished())))

    def put_together(self, times: dict[str, int]) -> None:
        """Writes the accounts into one file, from which they are read in a tenth of the time.

        Args:
            times: when the files of some videos were changed (mtime_ns), of which those that were read are copies.
        """
        known = self.known()
        changed = [times.get(video, old) for video, old in zip(known.index, known["mtime_ns"], strict=True)]
        table = pa.Table.from_pandas(known.assign(mtime_ns=changed), _KNOWN, preserve_index=False)
        shards = json.dumps(sorted(self.finished()))
        with whole(self.accounts_path) as temporary:
            pq.write_table(table.replace_schema_metadata({"shards": shards}), temporary)
        self._accounts.cache_clear()

    def faces(self, columns: list[str] | None = None, videos: Iterable[str] | None = None) -> pd.DataFrame:
        """The faces of some or all videos without their pictures, by video, track and frame.

        Args:
            columns: of `FACES`; by default all but `jpeg`.
            videos: by default all that it has.

        Returns:
            Those columns, and `shard`, `group` and `row`, by which `crops` finds the pictures.

        Raises:
            FileNotFoundError: there is no store, or it lacks one of these videos.
        """
        columns = columns or [name for name in FACES.names if name != "jpeg"]
        rows = self._rows(None if videos is None else dict.fromkeys(videos)).sort_index()
        rows["rank"] = np.arange(len(rows))
        schema = pa.schema([*FACES, *((name, pa.int32()) for name in _PLACES)])
        tables, ranks = [schema.empty_table().select([*columns, *_PLACES])], [np.empty(0, int)]
        for shard, of_shard in rows.groupby("shard"):
            table = self._read_faces(shard, [*dict.fromkeys(["video", *columns])])
            number = pc.fill_null(pc.index_in(table["video"], pa.array(of_shard.index)), -1).to_numpy()
            tables.append(table.select([*columns, *_PLACES]).filter(pa.array(number >= 0)))
            ranks.append(of_shard["rank"].to_numpy()[number[number >= 0]])
        # Within a video they are in order as they were written.
        order = np.argsort(np.concatenate(ranks), kind="stable")
        return pa.concat_tables(tables).to_pandas().iloc[order].reset_index(drop=True)

    def account(self, videos: Iterable[str] | None = None) -> pd.DataFrame:
        """One row a video (`ACCOUNT`), in the order of `videos`, or of all by name. Raises as `faces` does."""
        return self._rows(videos)[ACCOUNT.names].reset_index(drop=True)

    def identity(self, videos: Iterable[str]) -> str:
        """16 hex digits that change with the faces of these videos: with how they are cut, from which files, and what
        was found. Neither the order of the videos matters nor what else the store has. Raises as `faces` does."""
        rows = self._rows(dict.fromkeys(videos)).sort_index()[["digest", "outcome", "faces", "boxes_of"]]
        content = json.dumps(self.cutting, sort_keys=True) + rows.to_csv()
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def identity_of_rows(self, rows: pd.DataFrame) -> str:
        """16 hex digits that change with some rows of `faces` or their order, and as the `identity` of their videos.

        Args:
            rows: columns video, track and frame; a column label counts too.
        """
        columns = [name for name in ("video", "track", "frame", "label") if name in rows]
        hashed = pd.util.hash_pandas_object(rows[columns], index=False).to_numpy().tobytes()
        return hashlib.sha256(self.identity(rows["video"].unique()).encode() + hashed).hexdigest()[:16]

    def boxes(self, video: str, shard: int | None = None) -> pd.DataFrame:
        """The faces of one video without their pictures.

        Args:
            video: its name.
            shard: where it is (`known`), where that is known: then no account but that shard's is read.

        Returns:
            Columns of `FACES` but `jpeg`, by track and frame, and the `width` and `height` of the video.
        """
        shard = self._rows([video])["shard"].iloc[0] if shard is None else shard
        columns = [name for name in FACES.names if name != "jpeg"]
        faces = pq.read_table(self.faces_path(shard), columns=columns, filters=[("video", "=", video)])
        sizes = pq.read_table(self.account_path(shard), columns=["video", "width", "height"])
        return faces.to_pandas().merge(sizes.to_pandas(), on="video")

    def crops(self, rows: pd.DataFrame) -> np.ndarray:
        """The pictures of some rows of `faces`, in the order of the rows: RGB uint8, (n, side, side, 3)."""
        places = rows[[*_PLACES]].to_numpy()
        if not len(places):
            side = self.cutting["face_side"]
            return np.empty((0, side, side, 3), np.uint8)
        # Videos in turn, so that each is fetched once even where memory holds few.
        pictures: list = [None] * len(places)
        for position in np.lexsort(places.T[::-1]):
            shard, group, row = places[position].tolist()
            pictures[position] = crops.decode(self._jpegs(shard, group)[row].as_buffer())
        return np.stack(pictures)

    def crops_of(self, video: str, track: int = 0) -> np.ndarray:
        """The pictures of one person of one video, by frame: RGB uint8, (n, side, side, 3). Raises as `faces` does."""
        faces = self.faces(["track"], videos=[video])
        return self.crops(faces[faces["track"] == track])

    def landmarks(self, rows: pd.DataFrame) -> np.ndarray:
        """Where eyes (left, right), nose and corners of the mouth are in the pictures of some rows of `faces`.

        Returns:
            float32, (n, 5, 2), x and y in pixels of the picture; NaN for a face without landmarks.
        """
        cutting = self.cutting
        # A crop that was there before is taken over as it is: the box is all of it.
        existing = cutting["source"] == "crops"
        margin, shift = (0.0, 0.0) if existing else (cutting["face_margin"], cutting["face_shift"])
        found = np.empty((len(rows), 5, 2), np.float32)
        for position, (shard, group, row) in enumerate(rows[[*_PLACES]].to_numpy().tolist()):
            box, points = (values[row] for values in self._boxes(shard, group))
            x0, y0, x1, _ = crops.square(box, margin, shift)
            found[position] = (points.reshape(5, 2) - (x0, y0)) * cutting["face_side"] / (x1 - x0)
        return found

    def _rows(self, videos: Iterable[str] | None) -> pd.DataFrame:
        """Of `known`; by default all, of which there must be some. Raises FileNotFoundError for those that it lacks."""
        known = self.known()
        if videos is None and known.empty:
            raise self._lacks("is empty")
        wanted = known.index if videos is None else pd.Index(list(videos), dtype=known.index.dtype)
        lacking = wanted[~wanted.isin(known.index)]
        if len(lacking):
            raise self._lacks(f"lacks {len(lacking)} of {len(wanted)} videos, '{lacking[0]}' for one")
        return known.loc[wanted]

    def _lacks(self, what: str) -> FileNotFoundError:
        return FileNotFoundError(
            f"The face store in {self.folder} {what}. Run notebook 02 or `python -m dfdc_utils extract`: what is "
            "there is kept."
        )

    def _read_accounts(self, shards: tuple[int, ...]) -> pd.DataFrame:
        tables, single = [_KNOWN.empty_table()], set(shards)
        # One that was damaged, or from which a shard has gone, is as good as none.
        with contextlib.suppress(FileNotFoundError, pa.ArrowInvalid):
            together = pq.read_table(self.accounts_path)
            covered = set(json.loads(together.schema.metadata[b"shards"]))
            if covered <= single:
                tables, single = [together.replace_schema_metadata()], single - covered
        for shard in single:
            table = pq.ParquetFile(self.account_path(shard)).read()
            tables.append(table.append_column("shard", pa.array(np.full(len(table), shard, np.int32))))
        rows = pa.concat_tables(tables).to_pandas().sort_values(["video", "shard"])
        return rows.drop_duplicates("video", keep="last").set_index("video", drop=False).rename_axis(None)

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

    def _read_boxes(self, shard: int, group: int) -> tuple[np.ndarray, np.ndarray]:
        """Boxes and landmarks of one video, in pixels of its frames."""
        with self._lock:
            rows = self._file(shard).read_row_group(group, columns=[*BOX, "landmarks"])
        return rows.select(BOX).to_pandas().to_numpy(), np.stack(rows["landmarks"].to_numpy())

    def _open(self, shard: int) -> pq.ParquetFile:
        return pq.ParquetFile(self.faces_path(shard))
