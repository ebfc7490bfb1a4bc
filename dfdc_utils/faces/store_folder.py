"""The folder of a face store: Parquet shards, to which more can be added; who writes them, and what is deleted.

    store.json              how its faces are cut
    store.lock              who is writing to it, while somebody is
    faces-00000.parquet     one row a face, one row group a video
    account-00000.parquet   one row a video that was asked for, whatever came of it
    ...
    account-all.parquet     the accounts of many shards together, to be read at once; can be made again from them

A shard is written to a temporary name and renamed, its faces last: a shard whose faces are there is finished, and
does not change any more. Only what has exactly the names of such files is ever overwritten or deleted.
"""

import contextlib
import datetime
import itertools
import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path

import filelock
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dfdc_utils.faces.cutting import difference
from dfdc_utils.faces.schemas import ACCOUNT, FACES
from dfdc_utils.workspace import whole, write_json

_FORMAT = 3
_LOCK = "store.lock"
# The names, and no others, that a run gives to what it may leave half written (`workspace.whole`), and its notes.
_LEFT_BEHIND = re.compile(
    r"\.(faces|account)-(\d{5,}|all)\.[0-9a-f]{8}\.parquet|\.store\.[0-9a-f]{8}\.json"
    r"|\.notes-\d{5,}\.json|\.\.notes-\d{5,}\.[0-9a-f]{8}\.json"
)


class StoreMismatch(ValueError):
    """A store's faces are cut in another way than those asked for, or another version of this package wrote it."""


class StoreBusy(OSError):
    """Another process is writing to the store."""


class StoreFolder:
    """Writes one face store; `store.FaceStore` reads it too."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keeps other extractions away from this store. The system frees the lock of a process that was killed.

        Processes on several machines see each other's lock where their file system passes on `flock` (NFS does, with
        its lock service).

        Raises:
            StoreBusy: another process holds it; says which.
            FileExistsError: as `begin`.
        """
        self._refuse_what_is_no_store()
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / _LOCK
        lock = filelock.FileLock(path, timeout=0)
        try:
            lock.acquire()
        except filelock.Timeout:
            holder = path.read_text(encoding="utf-8", errors="replace")
            holder = holder if holder.startswith("Process ") else "Another process"
            message = f"{holder} is writing to the face store in {self.folder}. Wait for it, or end it."
            raise StoreBusy(message) from None
        try:
            since = datetime.datetime.now().strftime("%d %B, %H:%M")
            path.write_text(f"Process {os.getpid()} on {platform.node()} (since {since})", encoding="utf-8")
            yield
        finally:
            path.write_text("", encoding="utf-8")
            lock.release()

    def begin(self, cutting: dict) -> None:
        """Makes the folder a store of faces that are cut so (`cutting.cutting`), or checks that it already is one.

        Raises:
            FileExistsError: the folder is no store, and something else is in it. Hidden files do not count.
            StoreMismatch: its faces are cut in another way; names both.
        """
        self._refuse_what_is_no_store()
        found = self.manifest()
        if found is None:
            write_json(self._manifest_path, {"format": _FORMAT, "cutting": cutting, "next_shard": 0})
        elif found["cutting"] != cutting:
            raise StoreMismatch(
                f"The face store in {self.folder} was made with {difference(found['cutting'], cutting)}. It stays as "
                "it is: give another folder for faces that are cut in another way."
            )
        for path in self.folder.glob(".*"):
            if _LEFT_BEHIND.fullmatch(path.name):
                path.unlink()

    def reserve(self, count: int) -> int:
        """The first of so many numbers of shards that nobody else writes, not even the worker of a run that was ended
        and that does not know of it yet."""
        manifest = self.manifest()
        assert manifest, "a store begins (`begin`) before numbers are reserved in it"
        first = max([manifest["next_shard"], *(n + 1 for n in self._numbers("faces") | self._numbers("account"))])
        write_json(self._manifest_path, manifest | {"next_shard": first + count})
        return first

    def write(self, shard: int, faces: pd.DataFrame, account: pd.DataFrame) -> None:
        """Writes one shard whole or not at all.

        Args:
            shard: its number, of those reserved.
            faces: columns as in `FACES`.
            account: columns as in `ACCOUNT`.
        """
        faces = faces.sort_values(["video", "track", "frame"], ignore_index=True)
        try:
            with whole(self.account_path(shard)) as temporary:
                pq.write_table(pa.Table.from_pandas(account, ACCOUNT, preserve_index=False), temporary)
            with whole(self.faces_path(shard)) as temporary:
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
        return self._numbers("faces") & self._numbers("account")

    def _numbers(self, kind: str) -> set[int]:
        names = (re.fullmatch(rf"{kind}-(\d{{5,}})\.parquet", path.name) for path in self.folder.glob(f"{kind}-*"))
        return {int(name[1]) for name in names if name}

    def manifest(self) -> dict | None:
        """What store.json says; None where there is none. Raises StoreMismatch where it is not of this version."""
        try:
            found = json.loads(self._manifest_path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except ValueError:
            found = None
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise StoreMismatch(
                f"{self._manifest_path} was not written by this version of the package (format {_FORMAT}). The store "
                "stays as it is: give another folder, in which faces are cut anew."
            )
        return found

    @property
    def _manifest_path(self) -> Path:
        return self.folder / "store.json"

    def faces_path(self, shard: int) -> Path:
        return self.folder / f"faces-{shard:05d}.parquet"

    def account_path(self, shard: int) -> Path:
        return self.folder / f"account-{shard:05d}.parquet"

    @property
    def accounts_path(self) -> Path:
        return self.folder / "account-all.parquet"

    def _refuse_what_is_no_store(self) -> None:
        if self._manifest_path.exists():
            return
        there = sorted(path.name for path in self.folder.glob("[!.]*") if path.name != _LOCK)
        if there:
            raise FileExistsError(
                f"{self.folder} is no face store, and there is '{there[0]}' in it, which might be lost among the "
                "store's files. Give a new or an empty folder."
            )
