"""Faces out of a whole set of videos: in parallel, resumable, with an account of every video.

A video goes through the report's pre-processing (its section of that name): unreadable ones and those with
too few frames are dropped, evenly spaced frames are read, faces found, and the crops of a person, in order,
form the face-only sequence. What is dropped stays in the account, with the reason.
"""

import collections
import functools
import hashlib
import itertools
import math
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils import parallel
from dfdc_utils.faces import crops
from dfdc_utils.faces.detections import Detection, DetectionFailed
from dfdc_utils.faces.frames import Frames, TimeIsUp, UnreadableVideo, sample
from dfdc_utils.faces.guard import Guard
from dfdc_utils.faces.ready_made import take_over
from dfdc_utils.faces.store import BOX, FACES, FaceStore, no_account
from dfdc_utils.faces.tracking import Track, link
from dfdc_utils.profiles import Profile

# The numbers of a profile on which the faces depend, and no others.
_SETTINGS = (
    "min_frames", "frames_per_video", "detection_width", "face_margin", "face_side", "max_people", "boxes",
    "videos_per_shard",
)
_METHOD = 3
"""Counts up when the code below, or what it calls, begins to find other faces with the same numbers."""
_SEARCHED = 3
"""Frames of a video that are searched as a whole; see `FaceDetector.detect`."""
_MAY_BE_MISSING = 0.25
"""Fraction of frames without the main person from which on the detector looks again."""

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
    force: bool = False,
) -> pd.DataFrame:
    """Fills the face store in `folder` with the faces of all videos of `table`.

    Shards that are already there are not made again, so that a run that was interrupted goes on where it was.
    The result does not depend on the number of workers or the order in which they finish.

    Args:
        table: columns video, path, part and, where `profile.boxes` is "original", original. The order of
            its rows is the store's, unless originals have to come first.
        folder: of the store; with `scheduler`, one that all its workers see, as they must see the videos.
        profile: how many frames, which sizes.
        workers, scheduler: as in `parallel.run`.
        time_limit: seconds that reading one video may take, and looking for faces in it; a process that is
            busy with one for longer than both together is ended, and another takes over.
        force: makes a store anew that has other settings or videos, instead of refusing it.

    Returns:
        The video account: one row for each row of `table`, in its order (`store.ACCOUNT`).

    Raises:
        StoreMismatch: the store there has other settings or other videos.
        StoreBusy: another process is filling it.
        OSError: the store cannot be written, for want of space or of permission; what is finished is kept.
    """
    if not len(table):
        raise ValueError("There are no videos in the table: nothing to extract.")
    store = FaceStore(folder)
    stages = _stages(table, store.folder, profile, time_limit)
    with store.held():
        settings = {"method": _METHOD} | {name: getattr(profile, name) for name in _SETTINGS}
        count = sum(len(shards) for shards in stages)
        store.begin(settings, _fingerprint(table), count, force=force)
        finished = store.finished()
        if finished:
            print(f"{len(finished)} of {count} shards of faces are there already.")
        failures = collections.Counter()

        def so_far(outcomes: collections.Counter) -> str:
            failures.update({outcome: number for outcome, number in outcomes.items() if outcome != "ok"})
            return ", ".join(f"{number} {outcome}" for outcome, number in failures.most_common())

        for shards in stages:
            results = parallel.run(
                _extract_shard, [shard for shard in shards if shard.number not in finished],
                description="Extracting faces", unit="video", amount=lambda shard: len(shard.videos),
                workers=workers, scheduler=scheduler, note=so_far,
            )
            collections.deque(results, maxlen=0)
    return store.account().set_index("video").loc[table["video"]].reset_index()


def extract_video(
    path: str | Path,
    video: str,
    detector,
    profile: Profile,
    *,
    boxes: pd.DataFrame | None = None,
    threads: int = 0,
    time_limit: float = math.inf,
) -> tuple[pd.DataFrame, dict]:
    """The faces of one video, and its row of the account.

    Args:
        path: the file.
        video: what it is called in the store.
        detector: a `FaceDetector`.
        profile: how many frames, which sizes.
        boxes: the faces of another video that shows the same people in the same places, from
            `FaceStore.boxes`: they are cut out here, and none are looked for, if the frames are as large.
        threads: that decode frames and encode crops; 0 is one a core.
        time_limit: seconds for reading the file.

    Returns:
        Faces (columns `store.FACES`, pictures among them; empty unless the outcome is ok) and the account's
        row (keys `store.ACCOUNT`). A file that cannot be read is an outcome, not an exception.
    """
    began = time.perf_counter()
    account = no_account(video) | {"size_bytes": _size(path)}
    faces = pd.DataFrame(columns=FACES.names)
    try:
        frames = sample(path, profile.frames_per_video, exact=False, threads=threads, time_limit=time_limit)
    except UnreadableVideo as error:
        outcome = "timed_out" if isinstance(error, TimeIsUp) else "unreadable"
        account |= {"outcome": outcome, "reason": error.cause}
    except MemoryError:
        account |= {"outcome": "unreadable", "reason": "its frames take more memory than there is"}
    else:
        account |= {key: value for key, value in vars(frames.info).items() if key in account}
        account["frames_read"] = len(frames.images)
        if frames.info.frames < profile.min_frames:
            count = f"{frames.info.frames} frame{'s' * (frames.info.frames != 1)}"
            reason = f"{count}; at least {profile.min_frames} are wanted"
            account |= {"outcome": "too_short", "reason": reason}
        else:
            looking = time.perf_counter()
            try:
                if boxes is None or (frames.info.width, frames.info.height) != _size_of_frames(boxes):
                    tracks, helped = _people(frames.images, detector, profile.max_people)
                else:
                    tracks, helped = _borrowed(boxes, frames.indices), None
                    account["boxes_of"] = boxes["video"].iloc[0]
            except DetectionFailed as error:
                account |= {"outcome": "failed", "reason": str(error)}
            else:
                account["detection"] = time.perf_counter() - looking
                faces = _faces(video, frames, tracks, profile, threads)
                account |= {"faces": len(faces), "tracks": len(tracks), "second_look": helped}
                if not tracks:
                    reason = f"no face was found reliably in {len(frames.images)} frames"
                    account |= {"outcome": "no_face", "reason": reason}
    account["elapsed"] = time.perf_counter() - began
    return faces, account


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
    source: str | None = None
    """The video whose boxes are to be used, ..."""
    source_shard: int | None = None
    """... and the finished shard in which it is."""


@dataclass(frozen=True)
class _Shard:
    number: int
    videos: tuple[_Video, ...]
    folder: Path
    profile: Profile
    time_limit: float


def _stages(table: pd.DataFrame, folder: Path, profile: Profile, time_limit: float) -> list[list[_Shard]]:
    """The shards, those of each stage in need of all before them.

    There is one stage, unless fakes are cut out by the boxes of their originals: then originals, and fakes
    whose original is not there, come first.
    """
    if profile.boxes == "original":
        borrows = table["original"].isin(table["video"])
        stages = [table[~borrows], table[borrows]]
    else:
        stages = [table]
    numbers, shard_of, shards = itertools.count(), {}, []
    for rows in stages:
        of_stage = []
        for start in range(0, len(rows), profile.videos_per_shard):
            number, videos = next(numbers), []
            for row in rows.iloc[start:start + profile.videos_per_shard].itertuples():
                source = row.original if len(shards) else None
                videos.append(_Video(row.video, str(row.path), source, shard_of.get(source)))
                shard_of[row.video] = number
            of_stage.append(_Shard(number, tuple(videos), folder, profile, time_limit))
        shards.append(of_stage)
    return shards


def _extract_shard(shard: _Shard) -> collections.Counter:
    """Makes one shard, in a worker process. Returns how many videos had which outcome."""
    store = FaceStore(shard.folder)
    ready_made = shard.profile.source == "crops"
    detector = None if ready_made else _detector(shard.profile.detection_width)
    guard = Guard(store.notes(shard.number), time_limit=2 * shard.time_limit)
    rows, faces = [], [pd.DataFrame(columns=FACES.names)]
    for video in shard.videos:
        if guard.gives_up(video.video):
            rows.append(no_account(video.video) | {"outcome": "crashed", "reason": guard.reason})
            continue
        with guard.over(video.video):
            if ready_made:
                found, account = take_over(video.path, video.video, shard.profile.face_side)
            else:
                found, account = extract_video(
                    video.path, video.video, detector, shard.profile, boxes=_boxes_for(video, store),
                    # There is a worker on every core.
                    threads=1, time_limit=shard.time_limit,
                )
        rows.append(account)
        if len(found):
            faces.append(found)
    store.write(shard.number, pd.concat(faces[1:] or faces, ignore_index=True), pd.DataFrame(rows))
    guard.close()
    return collections.Counter(row["outcome"] for row in rows)


def _boxes_for(video: _Video, store: FaceStore) -> pd.DataFrame | None:
    """The faces of the original of `video`; None where none were found, or it is to look for its own."""
    if video.source is None:
        return None
    boxes = store.boxes(video.source_shard, video.source)
    return boxes if len(boxes) else None


def _size_of_frames(boxes: pd.DataFrame) -> tuple[int, int]:
    """Width and height of the video in which `boxes` were found."""
    return tuple(boxes[["width", "height"]].iloc[0])


@functools.lru_cache(maxsize=1)
def _detector(width: int):
    """The detector of this worker process: its networks are loaded and traced once."""
    # Imported here, so that the process that hands out the shards does without TensorFlow.
    from dfdc_utils.faces.detector import FaceDetector

    return FaceDetector(width=width)


def _people(images: list, detector, max_people: int) -> tuple[list[Track], str | None]:
    """The people in `images`, and the name of the last second look that found the main one in more frames."""
    found = detector.detect(images, every=math.ceil(len(images) / (_SEARCHED - 1)))
    tracks = link(found, max_people=max_people)
    helped = None
    for look in detector.second_looks:
        seen = set(tracks[0].frames) if tracks else set()
        missing = [index for index in range(len(images)) if index not in seen]
        if len(missing) <= _MAY_BE_MISSING * len(images):
            break
        for index, faces in zip(missing, detector.detect([images[index] for index in missing], look=look)):
            found[index] = max(faces, found[index], key=len)
        tracks = link(found, max_people=max_people)
        if tracks and len(tracks[0].frames) > len(seen):
            helped = look.name
    return tracks, helped


def _borrowed(boxes: pd.DataFrame, indices: list[int]) -> list[Track]:
    """The people in `boxes`, of another video, at the frames `indices` of this one.

    The frames that were looked at there can be a few away from these: boxes move evenly from one to the next.
    """
    # Where the face was not found in the frames on either side, it is not here.
    reach = 0.75 * (indices[-1] - indices[0]) / max(len(indices) - 1, 1)
    tracks = []
    for _, rows in boxes.groupby("track"):
        known = rows["frame"].to_numpy()
        numbers = np.column_stack([rows[[*BOX, "confidence"]], np.stack(rows["landmarks"])])
        places = [place for place, index in enumerate(indices) if np.abs(known - index).min() <= reach]
        between = [[np.interp(indices[place], known, column) for column in numbers.T] for place in places]
        faces = [
            Detection(box=tuple(row[:4]), confidence=row[4], landmarks=np.float32(row[5:]).reshape(5, 2))
            for row in between
        ]
        if faces:
            tracks.append(Track(places, faces))
    return tracks


def _faces(video: str, frames: Frames, tracks: list[Track], profile: Profile, threads: int) -> pd.DataFrame:
    seen = [
        (number, place, face)
        for number, track in enumerate(tracks)
        for place, face in zip(track.frames, track.detections)
    ]

    def row(number: int, place: int, face: Detection) -> dict:
        square = crops.square(face.box, profile.face_margin)
        crop = crops.cut(frames.images[place], square, profile.face_side)
        x0, y0, x1, y1 = face.box
        return dict(
            video=video, track=number, frame=frames.indices[place], seconds=frames.seconds[place],
            x0=x0, y0=y0, x1=x1, y1=y1, confidence=face.confidence, landmarks=face.landmarks.ravel(),
            jpeg=crops.encode(crop),
        )

    # OpenCV lets go of Python's lock while it works.
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        rows = list(pool.map(lambda face: row(*face), seen))
    return pd.DataFrame(rows, columns=FACES.names)


def _fingerprint(table: pd.DataFrame) -> str:
    """Changes when videos are added, removed, replaced or reordered; not when the whole set moves."""
    digest = hashlib.sha256()
    for part, video, path in table[["part", "video", "path"]].itertuples(index=False):
        digest.update(f"{part}/{video} {_size(path)}\n".encode())
    return digest.hexdigest()


def _size(path: str | Path) -> int:
    """Bytes in the file, 0 where there is none to be seen."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
