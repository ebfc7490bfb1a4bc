"""Faces out of a whole set of videos: in parallel, resumable, with an account of every video."""

import collections
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from dfdc_utils import parallel
from dfdc_utils.faces import files
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.existing_crops import take_over
from dfdc_utils.faces.one_video import extract_video, worker_detector
from dfdc_utils.faces.planning import Plan, masks_of, plan, with_older_boxes
from dfdc_utils.faces.schemas import FACES, TRIED_AGAIN, no_account
from dfdc_utils.faces.store import FaceStore
from dfdc_utils.faces.watchdog import Watchdog
from dfdc_utils.profiles import Profile

TIME_LIMIT = 300.0
"""Seconds that reading one video may take; one of DFDC takes about one."""


def extract(
    table: pd.DataFrame,
    folder: str | Path,
    profile: Profile,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    time_limit: float = TIME_LIMIT,
    retry: bool = False,
) -> pd.DataFrame:
    """Adds to the face store in `folder` what it lacks of the faces of the videos of `table`.

    Videos that are there are not read again, whichever table they came with, unless their file changed; a run that was
    interrupted goes on where it was. What is found does not depend on the number of workers, on the order in which
    they finish, or on what was added when.

    Args:
        table: columns video (names, each once), path and, where `profile.boxes` is "original", original. Where there
            is a column label, videos without one are not held to `profile.min_frames`: they are to be scored. A column
            mask names clips that show where fakes were altered (`masks.altered_first`).
        folder: of the store; with `scheduler`, one that all its workers see, as they must see the videos.
        profile: how many frames, which sizes.
        workers, scheduler: as in `parallel.run`.
        time_limit: seconds that reading one video may take, and looking for faces in it; a process that is
            busy with one for longer than both together is ended, and another takes over.
        retry: whether videos that failed, crashed or took too long are read again.

    Returns:
        The video account: one row for each row of `table`, in its order (`schemas.ACCOUNT`).

    Raises:
        StoreMismatch: the faces there are cut in another way.
        FileExistsError: the folder is no store, and something else is in it.
        StoreBusy: another process is filling it.
        OSError: the store cannot be written, for want of space or of permission; what is finished is kept.
    """
    if not len(table):
        raise ValueError("There are no videos in the table: nothing to extract.")
    store = FaceStore(folder)
    with store.held():
        store.begin(cutting(profile))
        wanted = plan(table, store.known(), retry=retry)
        _announce(table, wanted)
        failures: collections.Counter[str] = collections.Counter()

        def so_far(outcomes: collections.Counter) -> str:
            failures.update({outcome: number for outcome, number in outcomes.items() if outcome != "ok"})
            return ", ".join(f"{number} {outcome}" for outcome, number in failures.most_common())

        for shards in _stages(table, wanted, store, profile, time_limit):
            results = parallel.run(
                _extract_shard, shards,
                description="Extracting faces", unit="video", amount=lambda shard: len(shard.videos),
                workers=workers, scheduler=scheduler, note=so_far,
            )
            collections.deque(results, maxlen=0)
        if wanted.copied or wanted.reasons:
            store.put_together(wanted.copied)
    return store.account(table["video"])


def frame_statistics(account: pd.DataFrame, min_frames: int) -> pd.Series:
    """The report's statistics of frames over the videos that could be read.

    Returns:
        videos, mean, median, min and max of their frame counts, and how many are below `min_frames`.
    """
    frames = account.loc[account["frames"] > 0, "frames"]
    return pd.Series({
        "videos": len(frames),
        "mean": frames.mean(),
        "median": frames.median(),
        "min": frames.min(),
        "max": frames.max(),
        "below_minimum": int((frames < min_frames).sum()),
    })


@dataclass(frozen=True)
class _Video:
    video: str
    path: str
    source: str | None
    """The video whose boxes are to be used, ..."""
    source_shard: int | None
    """... and the finished shard in which it is."""
    mask: str | None
    any_length: bool
    """Whether it has no label: a submission must score it, however few its frames."""


@dataclass(frozen=True)
class _Shard:
    number: int
    videos: tuple[_Video, ...]
    folder: Path
    profile: Profile
    time_limit: float


def _announce(table: pd.DataFrame, wanted: Plan) -> None:
    there = len(table) - len(wanted.reasons)
    if there:
        print(f"{there} of {len(table)} videos are in the face store already.")
    for reason, what in (("changed", "have another file than before"), ("tried again", "failed and are tried again")):
        count = sum(why == reason for why in wanted.reasons.values())
        if count:
            print(f"{count} {what}.")


def _stages(
    table: pd.DataFrame, wanted: Plan, store: FaceStore, profile: Profile, time_limit: float
) -> Iterator[list[_Shard]]:
    """The shards to make, those of each stage in need of all before them, which are finished when it is asked for.

    There is one stage, unless fakes are cut out by the boxes of their originals: then originals, and fakes
    whose original is not there, come first.
    """
    lacking = table["video"].isin(wanted.reasons)
    if profile.boxes != "original":
        yield _shards(table[lacking], {}, store, profile, time_limit)
        return
    borrows = table["original"].isin([*table["video"], *store.known().index])
    yield _shards(table[lacking & ~borrows], {}, store, profile, time_limit)
    known = store.known()
    lacking |= table["video"].isin(with_older_boxes(table[borrows], known))
    yield _shards(table[lacking & borrows], known["shard"].to_dict(), store, profile, time_limit)


def _shards(
    rows: pd.DataFrame, shard_of: dict[str, int], store: FaceStore, profile: Profile, time_limit: float
) -> list[_Shard]:
    """The videos of `rows` in shards; `shard_of` says where originals are whose boxes are to be used."""
    sources = rows["original"] if shard_of else [None] * len(rows)
    unlabelled = rows["label"].isna() if "label" in rows else [False] * len(rows)
    columns = rows["video"], rows["path"], sources, masks_of(rows), unlabelled
    videos = [
        _Video(video, str(path), source if source in shard_of else None, shard_of.get(source), mask, bool(any_length))
        for video, path, source, mask, any_length in zip(*columns, strict=True)
    ]
    size = profile.videos_per_shard
    parts = [tuple(videos[start:start + size]) for start in range(0, len(videos), size)]
    first = store.reserve(len(parts)) if parts else 0
    return [_Shard(first + place, part, store.folder, profile, time_limit) for place, part in enumerate(parts)]


def _extract_shard(shard: _Shard) -> collections.Counter:
    """Makes one shard, in a worker process. Returns how many videos had which outcome."""
    store = FaceStore(shard.folder)
    existing = shard.profile.source == "crops"
    detector = None if existing else worker_detector(shard.profile.detection_width)
    watchdog = Watchdog(store.notes(shard.number), time_limit=2 * shard.time_limit)
    rows, faces = [], [pd.DataFrame(columns=FACES.names)]
    for video in shard.videos:
        if watchdog.gives_up(video.video):
            crashed = {"outcome": "crashed", "reason": watchdog.reason}
            found, account = faces[0], no_account(video.video) | files.identity(video.path, video.mask) | crashed
        else:
            with watchdog.over(video.video):
                if existing:
                    found, account = take_over(video.path, video.video, shard.profile.face_side)
                else:
                    profile = shard.profile.replace(min_frames=1) if video.any_length else shard.profile
                    found, account = extract_video(
                        video.path, video.video, detector, profile, boxes=_boxes_for(video, store), mask=video.mask,
                        # There is a worker on every core.
                        threads=1, time_limit=shard.time_limit,
                    )
        if account["outcome"] in TRIED_AGAIN:
            account["reason"] += "; `extract --retry` tries it again"
        rows.append(account)
        if len(found):
            faces.append(found)
    store.write(shard.number, pd.concat(faces[1:] or faces, ignore_index=True), pd.DataFrame(rows))
    watchdog.close()
    return collections.Counter(row["outcome"] for row in rows)


def _boxes_for(video: _Video, store: FaceStore) -> pd.DataFrame | None:
    """The faces of the original of `video`; None where none were found, or it is to look for its own."""
    if video.source is None:
        return None
    boxes = store.boxes(video.source, video.source_shard)
    return boxes if len(boxes) else None
