"""A study without videos: made-up faces in a real face store, with a real table."""

import cv2
import numpy as np
import pandas as pd

from dfdc_utils.data.study_table import save_study_table
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting
from dfdc_utils.faces.schemas import ACCOUNT
from dfdc_utils.faces.store import open_store
from dfdc_utils.workspace import Workspace

SIDE = 32
FACES = 8
FAKES_PER_ORIGINAL = 2


def draw_face(person: int, frame: int, fake: bool) -> np.ndarray:
    """A coarse pattern, the person's own, under fine texture; a fake has lost the texture in its middle."""
    coarse = np.random.default_rng(person).uniform(60, 200, (4, 4, 3)).astype(np.float32)
    face = cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    texture = np.random.default_rng((person, frame, fake)).normal(0, 25, (SIDE, SIDE, 1))
    if fake:
        texture[6:-6, 6:-6] = cv2.GaussianBlur(texture[6:-6, 6:-6], (0, 0), 2.0)[:, :, None]
    return (face + texture).clip(0, 255).astype(np.uint8)


def make_study(folder, monkeypatch, *, originals=(12, 8, 4), **overrides) -> Workspace:
    """`originals` real videos in train, validation and test, each with two fakes made from it."""
    monkeypatch.setenv("DFDC_HOME", str(folder))
    workspace = Workspace.open("tiny", face_side=SIDE, sequence_frames=4, **overrides)
    videos, faces = [], []
    person = 0
    for split, count in zip(("train", "validation", "test"), originals, strict=True):
        for _ in range(count):
            person += 1
            original = f"real{person:03d}.mp4"
            names = [original] + [f"fake{person:03d}{letter}.mp4" for letter in "ab"[:FAKES_PER_ORIGINAL]]
            for number, name in enumerate(names):
                fake = number > 0
                videos.append({
                    "video": name, "path": f"/nowhere/{name}", "part": f"dfdc_train_part_{person}", "split": split,
                    "label": "FAKE" if fake else "REAL", "original": original if fake else None,
                })
                for frame in range(FACES):
                    picture = draw_face(person, frame + 100 * number, fake)
                    faces.append({
                        "video": name, "track": 0, "frame": frame * 3, "seconds": frame / 10, "x0": 0.0, "y0": 0.0,
                        "x1": 32.0, "y1": 32.0, "confidence": 0.99, "landmarks": [0.0] * 10,
                        "jpeg": crops.encode(picture),
                    })
    # A video without a face, and a second person who must not be learnt from.
    videos.append({**videos[0], "video": "faceless.mp4"})
    faces += [{**face, "track": 1} for face in faces[:FACES]]
    table = pd.DataFrame(videos).sort_values("video", ignore_index=True)
    faces = pd.DataFrame(faces).sort_values(["video", "track", "frame"])
    save_study_table(workspace, table)
    account = pd.DataFrame({"video": table["video"]}).reindex(columns=ACCOUNT.names)
    store = open_store(workspace)
    with store.held():
        store.begin(cutting(workspace.profile))
    store.write(0, faces, account)
    return workspace
