"""The faces of one video, and its row of the account.

A video goes through the report's pre-processing (its section of that name): unreadable ones and those with
too few frames are dropped, evenly spaced frames are read, faces found, and the crops of a person, in order,
form the face-only sequence. What is dropped stays in the account, with the reason.
"""

import functools
import itertools
import math
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd

from dfdc_utils.faces import crops, files, masks
from dfdc_utils.faces.detections import Detection, DetectionFailed
from dfdc_utils.faces.frames import Frames, sample
from dfdc_utils.faces.schemas import BOX, FACES, no_account
from dfdc_utils.faces.shots import shots
from dfdc_utils.faces.tracking import Track, link, main_people
from dfdc_utils.faces.video_file import TimeIsUp, UnreadableVideo
from dfdc_utils.profiles import Profile

_SEARCHED = 3
"""Frames of a video that are searched as a whole; see `FaceDetector.detect`."""
_MAY_BE_MISSING = 0.25
"""Fraction of frames without the main person from which on the detector makes a second pass."""


@functools.lru_cache(maxsize=1)
def worker_detector(width: int):
    """The `FaceDetector` of this process: its networks are loaded and traced once."""
    # Imported here, so that the process that hands out the videos does without TensorFlow.
    from dfdc_utils.faces.detector import FaceDetector

    return FaceDetector(width=width)


def extract_video(
    path: str | Path,
    video: str,
    detector,
    profile: Profile,
    *,
    boxes: pd.DataFrame | None = None,
    mask: str | None = None,
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
        mask: of a fake, the clip that shows where it was altered: who was comes first (`masks.altered_first`).
        threads: that decode frames and encode crops; 0 is one a core.
        time_limit: seconds for reading the file.

    Returns:
        Faces (columns `store.FACES`, pictures among them; empty unless the outcome is ok) and the account's
        row (keys `store.ACCOUNT`). A file that cannot be read is an outcome, not an exception.
    """
    began = time.perf_counter()
    account = no_account(video) | files.identity(path, mask)
    faces = pd.DataFrame(columns=FACES.names)
    try:
        frames = sample(path, profile.frames_per_video, exact=False, threads=threads, time_limit=time_limit)
    except UnreadableVideo as error:
        outcome = "timed_out" if isinstance(error, TimeIsUp) else "unreadable"
        account |= {"outcome": outcome, "reason": error.cause}
    except MemoryError:
        account |= {"outcome": "failed", "reason": "its frames take more memory than there is"}
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
                    of_shot = shots(frames.images)
                    everyone, helped, _ = people(frames.images, detector, of_shot)
                    everyone, told = masks.altered_first(everyone, mask, frames, time_limit=time_limit)
                    tracks = main_people(everyone, profile.max_people)
                    account["reason"] = _remark(of_shot, everyone, tracks, told)
                else:
                    borrowed, helped = _borrowed(boxes, frames.indices), None
                    tracks, account["reason"] = masks.altered_first(borrowed, mask, frames, time_limit=time_limit)
                    account["boxes_of"] = boxes["video"].iloc[0]
            except DetectionFailed as error:
                account |= {"outcome": "failed", "reason": str(error)}
            else:
                account["detection"] = time.perf_counter() - looking
                faces = cut_out(video, frames, tracks, profile, threads=threads)
                account |= {"faces": len(faces), "tracks": len(tracks), "second_pass": helped}
                if not tracks:
                    reason = f"no face was found reliably in {len(frames.images)} frames"
                    account |= {"outcome": "no_face", "reason": reason}
    account["elapsed"] = time.perf_counter() - began
    return faces, account


def _size_of_frames(boxes: pd.DataFrame) -> tuple[int, int]:
    """Width and height of the video in which `boxes` were found."""
    return tuple(boxes[["width", "height"]].iloc[0])


def _remark(
    of_shot: Sequence[int], everyone: Sequence[Track], kept: Sequence[Track], told: str | None
) -> str | None:
    """What people should know of a video that can be used."""
    cuts = max(of_shot, default=0)
    remarks = []
    if cuts:
        remarks.append(f"the picture cuts {cuts} time{'s' * (cuts != 1)}, and whoever is in two shots counts twice")
    if len(everyone) > len(kept):
        remarks.append(f"{len(everyone)} people were seen, {len(kept)} of them are kept")
    return "; ".join([*remarks, *filter(None, [told])]) or None


def people(
    images: Sequence[np.ndarray], detector, shots: Sequence[int]
) -> tuple[list[Track], str | None, list[list[Detection]]]:
    """The people in the frames of a video, and how they were found.

    Args:
        images: RGB uint8, in order.
        detector: a `FaceDetector`.
        shots: the number of the shot of each, as in `tracking.link`.

    Returns:
        Their tracks, the main one first; the name of the last second pass that found main people in more frames; and
        all faces that were found in each frame, also those that are nobody's. Raises DetectionFailed.
    """
    found: list[list[Detection]] = []
    # Where faces are in one shot says nothing of the next.
    for _, shot in itertools.groupby(range(len(images)), key=lambda index: shots[index]):
        of_shot = [images[index] for index in shot]
        found += detector.detect(of_shot, every=math.ceil(len(of_shot) / (_SEARCHED - 1)))
    tracks = link(found, max_people=None, shots=shots)
    helped = None
    for again in detector.second_passes:
        seen = _with_main_person(tracks)
        missing = [index for index in range(len(images)) if index not in seen]
        if len(missing) <= _MAY_BE_MISSING * len(images):
            break
        seen_again = detector.detect([images[index] for index in missing], detection_pass=again)
        for index, faces in zip(missing, seen_again, strict=True):
            found[index] = max(faces, found[index], key=len)
        tracks = link(found, max_people=None, shots=shots)
        if len(_with_main_person(tracks)) > len(seen):
            helped = again.name
    return tracks, helped, found


def _with_main_person(tracks: list[Track]) -> set[int]:
    """The frames in which the main person of their shot was found."""
    main: dict[int, Track] = {}
    for track in tracks:
        main.setdefault(track.shot, track)
    return {frame for track in main.values() for frame in track.frames}


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
            Detection(box=tuple(row[:4]), confidence=row[4], landmarks=np.array(row[5:], np.float32).reshape(5, 2))
            for row in between
        ]
        if faces:
            tracks.append(Track(places, faces))
    return tracks


def cut_out(
    video: str, frames: Frames, tracks: Sequence[Track], profile: Profile, *, threads: int = 0
) -> pd.DataFrame:
    """The faces of `tracks`, cut out of the frames that they were found in as `profile` says (`schemas.FACES`)."""
    seen = [
        (number, place, face)
        for number, track in enumerate(tracks)
        for place, face in zip(track.frames, track.detections, strict=True)
    ]

    def row(number: int, place: int, face: Detection) -> dict:
        square = crops.square(face.box, profile.face_margin, profile.face_shift)
        crop = crops.cut(frames.images[place], square, profile.face_side)
        return dict(zip(BOX, face.box, strict=True)) | {
            "video": video, "track": number, "frame": frames.indices[place], "seconds": frames.seconds[place],
            "confidence": face.confidence, "landmarks": face.landmarks.ravel(), "jpeg": crops.encode(crop),
        }

    # OpenCV lets go of Python's lock while it works.
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        rows = list(pool.map(lambda face: row(*face), seen))
    return pd.DataFrame(rows, columns=FACES.names)
