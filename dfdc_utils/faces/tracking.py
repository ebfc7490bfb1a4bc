"""Links the faces of a video's frames into tracks, one a person.

Frames can be a third of a second apart, in which a head may move by its own width and two boxes of one face
no longer overlap. So the likeness of two boxes is how far the face moved in face widths and how much it grew,
which goes on where overlap is zero.
"""

import collections
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from dfdc_utils.faces.detections import Detection

_FARTHEST = 1.0
"""Face widths between neighbouring frames, and half of it more for each frame the face was out of sight."""
_FARTHEST_EVER = 3.0
_SHORTEST_OF_BEST = 0.2
"""A further person must be in sight at least this fraction of the main person's frames: else it is a pattern
on a wall that now and then looks like a face, and would be judged like a person."""
_SHORTEST = 0.2
_CERTAIN = 0.95
"""A main person must be in sight in at least this fraction of the frames, or found with this mean confidence:
else an empty room, looked at a second time with lower thresholds, would have people in it."""
_SAME_PLACE = 0.5
"""Overlap, of the smaller box, from which two tracks are one face found twice."""


@dataclass
class Track:
    """One person's faces."""

    frames: list[int] = field(default_factory=list)
    """Places in the list that was given to `link`, rising."""
    detections: list[Detection] = field(default_factory=list)
    """One for each of `frames`."""
    shot: int = 0
    """In which shot of the video the person is; whoever is in two of them has two tracks."""

    @property
    def score(self) -> float:
        """Size times length times confidence: the main person's is the largest."""
        return sum(_side(face.box) * face.confidence for face in self.detections)

    @property
    def confidence(self) -> float:
        """The mean over its detections."""
        return sum(face.confidence for face in self.detections) / len(self.detections)


def link(
    detections_per_frame: Sequence[Sequence[Detection]], *, max_people: int | None, shots: Sequence[int] | None = None
) -> list[Track]:
    """The people of a video, the main one first.

    Args:
        detections_per_frame: the faces of each frame, frames in order; an empty list for a frame without.
        max_people: tracks kept in each shot; None keeps all.
        shots: the number of the shot of each frame, rising (`shots.shots`): nobody is followed over a cut, where
            another may take the same place. By default all are of one.

    Returns:
        Tracks without the frames in which the person was not found. A face found only once, or now and then
        and without confidence, is taken for a mistake of the detector's, unless there is but one frame.
    """
    of_shot: dict[int, list[int]] = {}
    for frame, shot in enumerate(shots if shots is not None else [0] * len(detections_per_frame)):
        of_shot.setdefault(shot, []).append(frame)
    people = []
    for shot, frames in of_shot.items():
        for track in _link([detections_per_frame[frame] for frame in frames]):
            track.frames, track.shot = [frames[place] for place in track.frames], shot
            people.append(track)
    return main_people(sorted(people, key=lambda track: -track.score), max_people)


def main_people(people: Sequence[Track], most: int | None) -> list[Track]:
    """Of tracks, the main one first, `most` at most in each shot, in the same order; all where it is None."""
    in_shot: collections.Counter[int] = collections.Counter()
    kept = []
    for track in people:
        in_shot[track.shot] += 1
        if most is None or in_shot[track.shot] <= most:
            kept.append(track)
    return kept


def _link(detections_per_frame: Sequence[Sequence[Detection]]) -> list[Track]:
    """The people of one shot, the main one first."""
    tracks: list[Track] = []
    for frame, faces in enumerate(detections_per_frame):
        _extend(tracks, frame, faces)
    needed: float = min(2, len(detections_per_frame))
    people: list[Track] = []
    for track in sorted(tracks, key=lambda track: -track.score):
        likely = len(track.frames) >= _SHORTEST * len(detections_per_frame) or track.confidence >= _CERTAIN
        if likely and len(track.frames) >= needed and not any(_same(track, person) for person in people):
            people.append(track)
            needed = max(needed, _SHORTEST_OF_BEST * len(people[0].frames))
    return people


def _extend(tracks: list[Track], frame: int, faces: Sequence[Detection]) -> None:
    """Gives each face to the track it continues, or begins one with it."""
    taken = set()
    if tracks and faces:
        lasts = [track.detections[-1].box for track in tracks]
        costs = np.array([[_distance(last, face.box) for face in faces] for last in lasts])
        missed = frame - 1 - np.array([track.frames[-1] for track in tracks])
        limits = np.minimum(_FARTHEST * (1 + missed / 2), _FARTHEST_EVER)[:, None]
        # All at once, not nearest first: two people side by side are not swapped by the one who moved more.
        # What is too far costs the same, and more than any link, so that as many links as possible are made.
        costs = np.where(costs < limits, costs, 100.0)
        for row, column in zip(*linear_sum_assignment(costs), strict=True):
            if costs[row, column] < 100.0:
                tracks[row].frames.append(frame)
                tracks[row].detections.append(faces[column])
                taken.add(column)
    for column, face in enumerate(faces):
        if column not in taken:
            tracks.append(Track([frame], [face]))


def _distance(one: tuple, other: tuple) -> float:
    """How far apart two boxes are in mean sides, plus the logarithm of the ratio of their sides."""
    sides = _side(one), _side(other)
    moved = np.hypot(one[0] + one[2] - other[0] - other[2], one[1] + one[3] - other[1] - other[3]) / 2
    return float(moved / np.mean(sides) + abs(np.log(sides[0] / sides[1])))


def _side(box: tuple) -> float:
    return max(box[2] - box[0], box[3] - box[1])


def _same(one: Track, other: Track) -> bool:
    """Whether two tracks lie on one another in most of the frames they share."""
    boxes, others = ({n: face.box for n, face in zip(t.frames, t.detections, strict=True)} for t in (one, other))
    shared = [_overlap(box, others[frame]) for frame, box in boxes.items() if frame in others]
    return bool(shared) and float(np.mean(shared)) > _SAME_PLACE


def _overlap(one: tuple, other: tuple) -> float:
    """Common area over the area of the smaller box."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return max(width, 0) * max(height, 0) / smaller
