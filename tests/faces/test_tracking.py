import numpy as np
import pytest

from dfdc_utils.faces.detections import Detection
from dfdc_utils.faces.tracking import link


def face(x, y=200.0, side=100.0, confidence=0.99) -> Detection:
    """A face whose centre is (x, y)."""
    box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
    return Detection(box=box, confidence=confidence, landmarks=np.zeros((5, 2), np.float32))


def centres(track) -> list[float]:
    return [(found.box[0] + found.box[2]) / 2 for found in track.detections]


def test_one_person_who_walks():
    frames = [[face(100 + 60 * t)] for t in range(10)]
    track, = link(frames, max_people=2)
    assert track.frames == list(range(10))
    assert centres(track) == [100 + 60 * t for t in range(10)]


def test_a_step_of_most_of_a_face_is_followed_where_boxes_no_longer_overlap_much():
    track, = link([[face(100 + 90 * (t % 2))] for t in range(8)], max_people=2)
    assert len(track.frames) == 8


def test_gaps_are_bridged():
    frames = [[face(100 + 20 * t)] if t not in (3, 4, 5) else [] for t in range(10)]
    track, = link(frames, max_people=2)
    assert track.frames == [0, 1, 2, 6, 7, 8, 9]


def test_single_false_detections_are_dropped():
    frames = [[face(100)] for _ in range(10)]
    frames[4] = [face(100), face(500, side=180)]
    track, = link(frames, max_people=2)
    assert centres(track) == [100] * 10
    assert link([[], [face(100)], [], []], max_people=2) == []
    assert len(link([[face(100)]], max_people=2)) == 1


def test_a_pattern_that_now_and_then_looks_like_a_face_is_no_person():
    frames = [[face(100)] + ([face(400, side=40)] if t in (2, 9) else []) for t in range(20)]
    assert len(link(frames, max_people=2)) == 1


@pytest.mark.parametrize("confidence, people", [(0.86, 0), (0.99, 1)])
def test_a_face_seen_rarely_is_only_believed_where_the_detector_is_certain(confidence, people):
    frames = [[face(100, confidence=confidence)] if t in (5, 6) else [] for t in range(16)]
    assert len(link(frames, max_people=2)) == people


@pytest.mark.parametrize("seed", range(5))
def test_two_people_keep_apart_in_whatever_order_they_are_found(seed):
    random = np.random.default_rng(seed)
    frames = []
    for t in range(30):
        people = [face(200 + 30 * np.sin(t)), face(330 + 30 * np.cos(t), side=90)]
        random.shuffle(people)
        frames.append(people)
    left, right = link(frames, max_people=2)
    assert left.frames == right.frames == list(range(30))
    assert centres(left) == pytest.approx([200 + 30 * np.sin(t) for t in range(30)])


def test_two_people_pass_each_other_at_different_distances():
    # Boxes of very different size are different people even at one place.
    frames = [[face(100 + 20 * t, side=200), face(500 - 20 * t, side=70)] for t in range(20)]
    near, far = link(frames, max_people=2)
    assert centres(near) == [100 + 20 * t for t in range(20)]
    assert centres(far) == [500 - 20 * t for t in range(20)]


def test_people_are_ranked_by_size_length_and_confidence():
    frames = [[face(100, side=50), face(400, side=120), face(700, side=80)] for _ in range(10)]
    sizes = [track.detections[0].box[2] - track.detections[0].box[0] for track in link(frames, max_people=3)]
    assert sizes == [120, 80, 50]
    assert len(link(frames, max_people=2)) == 2
    frames = [[face(100), face(400, confidence=0.85)] for _ in range(10)]
    assert [centres(track)[0] for track in link(frames, max_people=2)] == [100, 400]
    frames = [[face(100)] + ([face(400, side=120)] if t < 5 else []) for t in range(10)]
    assert [centres(track)[0] for track in link(frames, max_people=2)] == [100, 400]


def test_a_face_found_twice_is_one_person():
    track, = link([[face(200), face(205, side=60)] for _ in range(10)], max_people=2)
    assert track.detections[0].box[2] - track.detections[0].box[0] == 100


def test_no_faces_no_people():
    assert link([], max_people=2) == link([[], []], max_people=2) == []


def test_nobody_is_followed_over_a_cut():
    """Two people take turns in the same place: one track without the cuts, three with them."""
    first, second = face(300, 200, 200), face(310, 205, 200)
    frames = [[first]] * 10 + [[second]] * 10 + [[first]] * 10
    assert len(link(frames, max_people=5)) == 1
    people = link(frames, max_people=5, shots=[0] * 10 + [1] * 10 + [2] * 10)
    # So many are kept in each shot, not in all.
    assert len(link(frames, max_people=1, shots=[0] * 10 + [1] * 10 + [2] * 10)) == 3
    assert sorted((person.shot, person.frames[0], person.frames[-1]) for person in people) == [
        (0, 0, 9), (1, 10, 19), (2, 20, 29),
    ]


def test_a_person_of_a_short_shot_is_no_passer_by():
    frames = [[face(100)]] * 27 + [[face(400, side=60)]] * 3
    assert len(link(frames, max_people=5)) == 1
    assert len(link(frames, max_people=5, shots=[0] * 27 + [1] * 3)) == 2
