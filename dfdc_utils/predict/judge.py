"""One file: its frames, the people in it, and what each model says of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from dfdc_utils.evaluation import tta as augmentation
from dfdc_utils.evaluation.aggregation import frame_scores
from dfdc_utils.evaluation.predict import in_memory, score_faces
from dfdc_utils.faces import crops, files, photographs
from dfdc_utils.faces.detections import DetectionFailed
from dfdc_utils.faces.frames import LONG, Frames, length, sample, sample_stretches
from dfdc_utils.faces.one_video import cut_out, people, worker_detector
from dfdc_utils.faces.shots import shots
from dfdc_utils.faces.tracking import Track
from dfdc_utils.faces.video_file import UnreadableVideo
from dfdc_utils.models.sequences import PADDING, spread
from dfdc_utils.predict.asked import Asked, network
from dfdc_utils.predict.files import Named

MOST_PEOPLE = 24
"""Tracks of a file that are judged; crowds are not."""
_STRETCHES, _EACH = 12, 5
"""Of a long video: stretches that are looked at, and frames of each."""
_FEW = 5
"""Frames of a person: with fewer, one bad picture decides."""
_ENLARGED = 2.0
"""A face that was enlarged more than this has little in it that a model could see."""


@dataclass
class Look:
    """The people in one file, found once for all models that look at it in the same way."""

    frames: Frames
    shots: list[int]
    people: list[Track]
    whole: bool
    """Whether all of a video was looked through for evenly spaced frames, not some stretches of it only."""
    left_out: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Faces:
    """The faces that one model was given, by person: rows of `faces.schemas.FACES`, and one score each."""

    asked: Asked
    rows: pd.DataFrame
    pixels: np.ndarray
    """RGB uint8 (rows, side, side, 3)."""


@dataclass
class Judgement:
    """What is said of one file."""

    row: dict[str, Any]
    """As `schema.json` describes it."""
    look: Look | None = None
    faces: list[Faces] = field(default_factory=list)


def judge(
    file: Named, asked: Sequence[Asked], *, tta: int = 0, threads: int = 0, time_limit: float = math.inf
) -> Judgement:
    """What each of some models says of a file. One that cannot be judged is an answer too, not an exception.

    Args:
        file: a video or a photograph.
        asked: models.
        tta: test-time augmentations of each face, beside the face itself.
        threads: that decode; 0 is one a core.
        time_limit: seconds for reading the file.
    """
    row = nothing_known(file)
    if file.missing:
        return Judgement(row | {"status": "missing", "reason": file.missing})
    looks: dict[tuple, Look] = {}
    result = Judgement(row)
    try:
        for model in asked:
            kind = model.profile.frames_per_video, model.profile.detection_width
            if kind not in looks:
                looks[kind] = _look(file.path, *kind, threads, time_limit)
                if result.look is None:
                    result.look = looks[kind]
                    _tell(row, looks[kind])
            if looks[kind].people:
                result.faces.append(_score(row, model, looks[kind], tta, threads))
    except UnreadableVideo as error:
        row |= {"reason": error.cause, "hint": error.way_out}
    except MemoryError:
        row |= {"reason": "its frames take more memory than there is", "hint": "Shrink it, or cut it shorter."}
    except DetectionFailed as error:
        row |= {"reason": str(error), "hint": "Close other programs and try again."}
    else:
        if row["scores"]:
            row["status"] = "ok"
        else:
            row["reason"] = f"no face was found reliably in {row['frames_seen']} frames"
            row["hint"] = "Give it a file in which a face is larger, lighter or seen from the front."
    return result


def nothing_known(file: Named) -> dict[str, Any]:
    """The row of a file that nothing is known of yet."""
    return {
        "file": file.shown, "status": "error", "reason": None, "hint": None, "kind": None, "width": None,
        "height": None, "seconds": None, "frames": None, "frames_seen": 0, "shots": [], "people": [], "scores": {},
        "left_out": [], "notes": [], "digest": files.digest(file.path),
    }


def _look(path: Path, count: int, width: int, threads: int, time_limit: float) -> Look:
    whole, of_stretch = True, None
    if photographs.is_photograph(path):
        frames = photographs.read_photograph(path)
    else:
        found = None
        if (length(path) or 0) > LONG:
            found = sample_stretches(path, _STRETCHES, _EACH, threads=threads, time_limit=time_limit)
        if found:
            (frames, of_stretch), whole = found, False
        else:
            frames = sample(path, count, exact=False, threads=threads, time_limit=time_limit)
    of_shot = _shots(frames, of_stretch)
    tracks, _, detections = people(frames.images, worker_detector(width), of_shot)
    look = Look(frames, of_shot, tracks[:MOST_PEOPLE], whole)
    if not whole:
        look.left_out.append({
            "what": f"all but {len(set(of_stretch or ()))} stretches of a second each",
            "why": f"the video is {frames.info.seconds:.0f} seconds long, and was not read as a whole",
        })
    if len(tracks) > MOST_PEOPLE:
        count = len(tracks) - MOST_PEOPLE
        why = f"{MOST_PEOPLE} are judged, those seen largest and longest"
        look.left_out.append({"what": f"{count} more people", "why": why})
    nobodys = sum(map(len, detections)) - sum(len(track.frames) for track in tracks)
    if nobodys:
        why = "seen too rarely or unclearly to follow anyone: poor faces, or mistakes of the detector"
        look.left_out.append({"what": f"{nobodys} of {sum(map(len, detections))} faces found", "why": why})
    with_people = {frame for track in look.people for frame in track.frames}
    if tracks and len(with_people) < len(frames.images):
        without = len(frames.images) - len(with_people)
        look.left_out.append({
            "what": f"{without} of {len(frames.images)} frames", "why": "nobody to be judged was found in them",
        })
    return look


def _shots(frames: Frames, of_stretch: Sequence[int] | None) -> list[int]:
    """The shot of each frame; what was not seen lies between two stretches, so each begins one."""
    found = shots(frames.images)
    if of_stretch is None:
        return found
    pairs = list(zip(of_stretch, found, strict=True))
    return [0, *np.cumsum([one != other for one, other in zip(pairs, pairs[1:], strict=False)]).tolist()]


def _tell(row: dict[str, Any], look: Look) -> None:
    """Fills in all that does not depend on a model."""
    frames, info = look.frames, look.frames.info
    still = info.frames == 1
    row |= {
        "kind": "photograph" if still else "video" if look.whole else "long video", "width": info.width,
        "height": info.height, "seconds": round(info.seconds, 3), "frames": info.frames,
        "frames_seen": len(frames.images), "left_out": look.left_out,
    }
    times = np.round(frames.seconds, 3)
    of_shot = np.array(look.shots)
    row["shots"] = [
        {"shot": int(shot) + 1, "from": float(times[of_shot == shot].min()), "to": float(times[of_shot == shot].max())}
        for shot in np.unique(of_shot)
    ]
    if look.whole and len(row["shots"]) > 1:
        row["notes"].append(
            f"The picture cuts {len(row['shots']) - 1} times: people are judged in each shot by themselves."
        )
    for number, track in enumerate(look.people, start=1):
        boxes = np.array([face.box for face in track.detections])
        seconds = times[track.frames]
        row["people"].append({
            "person": number, "shot": track.shot + 1, "from": float(seconds.min()), "to": float(seconds.max()),
            "frames": len(track.frames), "box": np.median(boxes, axis=0).round(1).tolist(),
            "confidence": round(track.confidence, 4), "scores": {},
        })
    if look.people and not still and all(len(track.frames) < _FEW for track in look.people):
        row["notes"].append(f"Nobody is seen in more than {_FEW - 1} of the frames: one bad picture decides.")


def _score(row: dict[str, Any], asked: Asked, look: Look, tta: int, threads: int) -> Faces:
    """Fills in what one model says of the people."""
    chosen = [_chosen(track, asked.looks) for track in look.people]
    # The model has only ever seen faces that were compressed like this.
    faces = cut_out(row["file"], look.frames, chosen, asked.profile, threads=threads)
    pixels = np.stack([crops.decode(jpeg) for jpeg in faces["jpeg"]])
    rows = score_faces(
        asked.architecture, network(asked), faces, in_memory(pixels), asked.profile, augmentation.variants(tta)
    )
    of_person = frame_scores(rows, tta=tta > 0).groupby("track")["p_fake"].mean()
    counts = faces.groupby("track").size()
    for person in row["people"]:
        raw = float(of_person[person["person"] - 1])
        probability = float(asked.probability(raw))
        person["scores"][asked.name] = {
            "p_fake": round(probability, 6), "raw": round(raw, 6), "verdict": asked.verdict(probability),
            "faces": int(counts[person["person"] - 1]),
        }
        side = _side(person["box"]) * (1 + asked.profile.face_margin)
        if side * _ENLARGED < asked.profile.face_side:
            row["notes"].append(
                f"Person {person['person']}: the face is {side:.0f} pixels wide and was enlarged to "
                f"{asked.profile.face_side} for {asked.name}, which sees little in it."
            )
    most = max(row["people"], key=lambda person: person["scores"][asked.name]["p_fake"])
    row["scores"][asked.name] = {
        "person": most["person"], **most["scores"][asked.name],
        "faces": sum(person["scores"][asked.name]["faces"] for person in row["people"]),
    }
    return Faces(asked, faces, pixels)


def _chosen(track: Track, most: int) -> Track:
    """Of a track the faces that a model is given (`models.inputs`)."""
    places = spread(np.array([len(track.frames)]), most)[0]
    places = places[places != PADDING]
    return Track([track.frames[place] for place in places], [track.detections[place] for place in places], track.shot)


def _side(box: Sequence[float]) -> float:
    return max(box[2] - box[0], box[3] - box[1])
