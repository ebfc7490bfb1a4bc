"""Faces out of a whole set of videos: in parallel, resumable, with an account of every video.

A video goes through the report's pre-processing (its section of that name): unreadable ones and those with
too few frames are dropped, evenly spaced frames are read, faces found, and the crops of a person, in order,
form the face-only sequence. What is dropped stays in the account, with the reason.
"""

import collections
import functools
import hashlib
import time
from pathlib import Path

import pandas as pd

from dfdc_utils import parallel
from dfdc_utils.faces import crops
from dfdc_utils.faces.frames import Frames, UnreadableVideo, sample
from dfdc_utils.faces.store import ACCOUNT, FACES, FaceStore
from dfdc_utils.faces.tracking import Track, link
from dfdc_utils.profiles import Profile

# The numbers of a profile on which the faces depend, and no others.
_SETTINGS = (
    "min_frames", "frames_per_video", "detection_width", "face_margin", "face_side", "max_people",
    "videos_per_shard",
)
_METHOD = 1
"""Counts up when the code below, or what it calls, begins to find other faces with the same numbers."""
_SEARCH_EVERY = 8
"""Frames out of which one is searched as a whole; see `FaceDetector.detect`."""
_MAY_BE_MISSING = 0.25
"""Fraction of frames without the main person from which on the detector looks again."""


def extract(
    table: pd.DataFrame,
    folder: str | Path,
    profile: Profile,
    *,
    workers: int | None = None,
    scheduler: str | None = None,
    force: bool = False,
) -> pd.DataFrame:
    """Fills the face store in `folder` with the faces of all videos of `table`.

    Shards that are already there are not made again, so that a run that was interrupted goes on where it was.
    The result does not depend on the number of workers or the order in which they finish.

    Args:
        table: columns video, path and part; the order of its rows is the store's.
        folder: of the store; with `scheduler`, one that all its workers see, as they must see the videos.
        profile: how many frames, which sizes.
        workers, scheduler: as in `parallel.run`.
        force: makes a store anew that has other settings or videos, instead of refusing it.

    Returns:
        The video account: one row for each row of `table`, in its order (`store.ACCOUNT`).

    Raises:
        StoreMismatch: the store there has other settings or other videos.
        StoreBusy: another process is filling it.
    """
    if not len(table):
        raise ValueError("There are no videos in the table: nothing to extract.")
    size = profile.videos_per_shard
    shards = [table.iloc[k:k + size] for k in range(0, len(table), size)]
    store = FaceStore(folder)
    with store.held():
        settings = {"method": _METHOD} | {name: getattr(profile, name) for name in _SETTINGS}
        store.begin(settings, _fingerprint(table), len(shards), force=force)
        finished = store.finished()
        if finished:
            print(f"{len(finished)} of {len(shards)} shards of faces are there already.")
        tasks = [
            (number, rows[["video", "path"]].values.tolist(), str(store.folder), profile)
            for number, rows in enumerate(shards)
            if number not in finished
        ]
        outcomes = collections.Counter()

        def so_far(result: collections.Counter) -> str:
            outcomes.update(result)
            return ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())

        results = parallel.run(
            _extract_shard, tasks, description="Extracting faces", unit="shard", workers=workers,
            scheduler=scheduler, note=so_far,
        )
        collections.deque(results, maxlen=0)
    return store.account()


def extract_video(
    path: str | Path, video: str, detector, profile: Profile, *, threads: int = 0
) -> tuple[pd.DataFrame, dict]:
    """The faces of one video, and its row of the account.

    Args:
        path: the file.
        video: what it is called in the store.
        detector: a `FaceDetector`.
        profile: how many frames, which sizes.
        threads: of the decoder; 0 is one a core.

    Returns:
        Faces (columns `store.FACES`, pictures among them; empty unless the outcome is ok) and the account's
        row (keys `store.ACCOUNT`). A file that cannot be read is an outcome, not an exception.
    """
    began = time.perf_counter()
    account = dict.fromkeys(ACCOUNT.names) | {
        "video": video, "outcome": "ok", "frames": 0, "rate": float("nan"), "seconds": 0.0, "width": 0,
        "height": 0, "rotation": 0, "size_bytes": 0, "frames_read": 0, "faces": 0, "tracks": 0,
    }
    faces = pd.DataFrame(columns=FACES.names)
    try:
        frames = sample(path, profile.frames_per_video, threads=threads)
    except UnreadableVideo as error:
        account |= {"outcome": "unreadable", "reason": error.cause, "size_bytes": _size(path)}
    else:
        account |= {key: value for key, value in vars(frames.info).items() if key in account}
        account["frames_read"] = len(frames.images)
        if frames.info.frames < profile.min_frames:
            reason = f"{frames.info.frames} frames; at least {profile.min_frames} are wanted"
            account |= {"outcome": "too_short", "reason": reason}
        else:
            tracks, helped = _people(frames.images, detector, profile.max_people)
            faces = _faces(video, frames, tracks, profile)
            account |= {"faces": len(faces), "tracks": len(tracks), "second_look": helped}
            if not tracks:
                reason = f"no face was found reliably in {len(frames.images)} frames"
                account |= {"outcome": "no_face", "reason": reason}
    account["elapsed"] = time.perf_counter() - began
    return faces, account


def frame_statistics(account: pd.DataFrame, min_frames: int) -> pd.Series:
    """The report's statistics of frames over the videos that can be read.

    Returns:
        videos, mean, median, min and max of their frame counts, and how many are below `min_frames`.
    """
    frames = account.loc[account["outcome"] != "unreadable", "frames"]
    return pd.Series({
        "videos": len(frames),
        "mean": frames.mean(),
        "median": frames.median(),
        "min": frames.min(),
        "max": frames.max(),
        "below_minimum": int((frames < min_frames).sum()),
    })


def _extract_shard(task: tuple) -> collections.Counter:
    """Makes one shard, in a worker process. Returns how many videos had which outcome."""
    number, videos, folder, profile = task
    detector = _detector(profile.detection_width)
    # One thread each: there is a worker on every core.
    results = [extract_video(path, video, detector, profile, threads=1) for video, path in videos]
    account = pd.DataFrame([row for _, row in results], columns=ACCOUNT.names)
    with_faces = [faces for faces, _ in results if len(faces)] or [pd.DataFrame(columns=FACES.names)]
    FaceStore(folder).write(number, pd.concat(with_faces, ignore_index=True), account)
    return collections.Counter(account["outcome"])


@functools.lru_cache(maxsize=1)
def _detector(width: int):
    """The detector of this worker process: its networks are loaded and traced once."""
    # Imported here, so that the process that hands out the shards does without TensorFlow.
    from dfdc_utils.faces.detector import FaceDetector

    return FaceDetector(width=width)


def _people(images: list, detector, max_people: int) -> tuple[list[Track], str | None]:
    """The people in `images`, and the name of the last second look that found the main one in more frames."""
    found = detector.detect(images, every=_SEARCH_EVERY)
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


def _faces(video: str, frames: Frames, tracks: list[Track], profile: Profile) -> pd.DataFrame:
    rows = []
    for number, track in enumerate(tracks):
        for place, face in zip(track.frames, track.detections):
            square = crops.square(face.box, profile.face_margin)
            crop = crops.cut(frames.images[place], square, profile.face_side)
            x0, y0, x1, y1 = face.box
            rows.append(dict(
                video=video, track=number, frame=frames.indices[place], seconds=frames.seconds[place],
                x0=x0, y0=y0, x1=x1, y1=y1, confidence=face.confidence, landmarks=face.landmarks.ravel(),
                jpeg=crops.encode(crop),
            ))
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
