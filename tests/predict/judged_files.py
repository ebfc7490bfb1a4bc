"""Files to be judged, and models that judge them, as tests make them."""

import json
import os

import av
import numpy as np

from dfdc_utils import models
from dfdc_utils.models import record
from dfdc_utils.predict import asked
from dfdc_utils.profiles import get

MARKUP = "<img src=x onerror=document.title='hacked'>&\"'.mp4"


def write_clip(path, images, rate=30):
    with av.open(os.fspath(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "18"})
        stream.height, stream.width, stream.pix_fmt = *images[0].shape[:2], "yuv420p"
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")))
        container.mux(stream.encode())
    return path


def save_model(workspace, name):
    """A network as it lies in a study, with what its record says of faces."""
    workspace.model(name).parent.mkdir(parents=True, exist_ok=True)
    models.build(name, workspace.profile).save(workspace.model(name))
    history = [{"epoch": 1, "val_accuracy": 0.5}]
    faces = {"faces": record.faces_of(workspace.profile), "history": history}
    workspace.training(name).write_text(json.dumps(faces))


def calibrated(uncertain):
    return asked.Asked(
        name="m", architecture="meso4", title="Meso4", origin="trained by nobody", sha256="", profile=get("tiny"),
        weights=None,
        calibration=asked.Calibration(temperature=1.0, prior=0.5, uncertain=uncertain, fitted_on="nothing"),
    )
