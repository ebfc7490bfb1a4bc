"""What trained models say of video files: faces are found, cut and chosen as each model is used to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dfdc_utils import models
from dfdc_utils.evaluation.aggregation import THRESHOLD, video_scores
from dfdc_utils.evaluation.predict import in_memory, score_faces
from dfdc_utils.faces import crops
from dfdc_utils.faces.cutting import cutting, folder_name
from dfdc_utils.faces.one_video import extract_video, worker_detector
from dfdc_utils.models import record
from dfdc_utils.models.inputs import positions
from dfdc_utils.models.published import load_published, published_profile
from dfdc_utils.models.sequences import PADDING
from dfdc_utils.workspace import Workspace


@dataclass(frozen=True)
class Verdict:
    """What a model says of one video file."""

    path: Path
    model: str
    p_fake: float | None
    """None where the video could not be judged."""
    faces: int
    """Faces that were scored."""
    reason: str | None
    """Why the video could not be judged; None where it was."""

    @property
    def label(self) -> str | None:
        """"FAKE" from a score of 0.5 on, else "REAL"; None where the video could not be judged."""
        if self.p_fake is None:
            return None
        return "FAKE" if self.p_fake >= THRESHOLD else "REAL"


def score_videos(
    paths: Sequence[str | Path], names: Sequence[str], workspace: Workspace, *, published: str | None = None
) -> list[Verdict]:
    """Finds the faces in video files and scores them with each of the models `names`.

    Margin, side and place of the crops, and how many are looked at, are those with which a model was trained
    (`models.record.as_trained`), whatever the workspace's profile says now; or, with `published` weights ("DF", "F2F"),
    those of the profile.

    Returns:
        The verdicts of the first model, one a file, in order; then those of the next.
    """
    found: dict = {}
    verdicts = []
    for name in names:
        if published:
            profile, model = published_profile(workspace.profile), load_published(name, published)
        else:
            profile, model = record.as_trained(name, workspace), models.load(workspace.model(name))
        for path in map(Path, paths):
            # Models that were trained on faces of one kind share them.
            key = path, folder_name(cutting(profile))
            if key not in found:
                found[key] = extract_video(path, path.name, worker_detector(profile.detection_width), profile)
            faces, account = found[key]
            if account["outcome"] != "ok":
                verdicts.append(Verdict(path, name, None, 0, account["reason"]))
                continue
            pixels = np.stack([crops.decode(jpeg) for jpeg in faces["jpeg"]])
            rows = score_faces(name, model, faces, in_memory(pixels), profile, {})
            scored = int((positions(faces, name, profile) != PADDING).sum())
            verdicts.append(Verdict(path, name, float(video_scores(rows).iloc[0]), scored, None))
    return verdicts
