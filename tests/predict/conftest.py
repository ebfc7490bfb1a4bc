"""Files of every kind, made of drawn clips, and two models to judge them."""

import os

import cv2
import numpy as np
import pytest
from judged_files import MARKUP, save_model, write_clip

from dfdc_utils.faces.frames import iterate
from dfdc_utils.models import record
from dfdc_utils.workspace import Workspace


@pytest.fixture(scope="package")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def studies(home, monkeypatch):
    """The study tiny with an untrained Meso4, calibrated, and an untrained Custom CNN, which is not."""
    monkeypatch.setenv("DFDC_HOME", str(home))
    for variable in ("DFDC_DATA", "DFDC_RUNS"):
        monkeypatch.delenv(variable, raising=False)
    workspace = Workspace.open("tiny")
    if not workspace.model("custom_cnn").is_file():
        for name in ("meso4", "custom_cnn"):
            save_model(workspace, name)
        calibration = {"temperature": 2.0, "prior": 0.5, "uncertain": [0.05, 0.95], "fitted_on": "nothing: a test"}
        record.write_calibration("meso4", workspace, calibration)
    return workspace


@pytest.fixture(scope="package")
def people(tiny_dfdc):
    """The frames of three drawn clips, of a person each: RGB uint8, 240 x 320."""
    clips = [next(part.glob("*.mp4")) for part in sorted(tiny_dfdc.glob("dfdc_train_part_*"))]
    found = [[image for _, _, image in iterate(clip)] for clip in clips]
    return [images for images in found if images[0].shape == (240, 320, 3)][:3]


@pytest.fixture(scope="package")
def folder(tmp_path_factory, people):
    """Videos and photographs of these people, and what is neither."""
    root = tmp_path_factory.mktemp("files")
    one, two, three = people
    write_clip(root / "cuts.mp4", one[:20] + two[:20] + one[:20])
    write_clip(root / "three_people.mp4", [np.hstack([a, b, c]) for a, b, c in zip(one, two, three, strict=False)])
    write_clip(root / "short.mov", one[:4])
    write_clip(root / MARKUP, two[:12])
    # No text in any encoding that is used today.
    os.rename(write_clip(root / "cafe.mp4", one[:6]), os.fsencode(root) + b"/caf\xe9.mp4")
    write_clip(root / "empty_room.mp4", [np.full((240, 320, 3), 120, np.uint8)] * 20)
    for number, suffix in enumerate(("jpg", "png", "webp")):
        cv2.imwrite(str(root / f"photo.{suffix}"), cv2.cvtColor(people[number][3], cv2.COLOR_RGB2BGR))
    (root / "broken.mp4").write_bytes(b"no video")
    (root / "notes.txt").write_text("not to be judged")
    return root
